/* root_file.c - checks of root hints and trust anchors. */

#include "base/root_file.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"

#define SIZE_MAX_OCTETS (1024 * 1024)
#define BLANK " \t\r"

static bool
is_one_of(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcasecmp(word, *words) == 0)
			return true;
	return false;
}

/* The type in an entry "[TTL] [CLASS] TYPE RDATA"; NULL without RDATA.
 * Modifies the line. */
static const char *
entry_type(char *line)
{
	char *rest = NULL;
	const char *word = strtok_r(line, BLANK, &rest);

	while (word != NULL && ((word[0] >= '0' && word[0] <= '9') ||
				   strcasecmp(word, "IN") == 0))
		word = strtok_r(NULL, BLANK, &rest);
	return strtok_r(NULL, BLANK, &rest) != NULL ? word : NULL;
}

/* @of_root: whether the owner is the root; updated, as a line that begins with
 * a blank has the owner of the previous line. */
static bool
holds(char *line, bool *of_root, const char *const *types)
{
	const char *type;
	size_t owner;

	line[strcspn(line, ";")] = '\0';
	if (line[strspn(line, BLANK)] == '\0')
		return false;
	owner = strcspn(line, BLANK);
	if (owner > 0)
		*of_root = owner == 1 && line[0] == '.';
	type = entry_type(line + owner);
	return *of_root && type != NULL && is_one_of(type, types);
}

const char *
root_file_check(const char *path, enum root_file what)
{
	static const char *const hints[] = { "NS", NULL };
	static const char *const anchor[] = { "DS", "DNSKEY", NULL };
	const char *const *types = what == ROOT_FILE_HINTS ? hints : anchor;
	const char *why;
	size_t len;
	char *text = file_read(path, SIZE_MAX_OCTETS, &len, &why);
	char *rest = NULL;
	bool of_root = false, found = false;

	if (text == NULL)
		return why;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL && !found;
	     line = strtok_r(NULL, "\n", &rest))
		found = holds(line, &of_root, types);
	free(text);
	if (found)
		return NULL;
	return what == ROOT_FILE_HINTS
		   ? "holds no NS record of the root"
		   : "holds no DS or DNSKEY record of the root";
}
