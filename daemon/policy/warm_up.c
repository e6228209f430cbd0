/* warm_up.c - the busiest next hops, in a file. */

#include "policy/warm_up.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "policy/nexthop.h"

#define FILE_MAX (2 * 1024 * 1024) /* octets */
#define HEAD "# The busiest next hops.  postdaned evaluates them at start.\n"

void
warm_up_add(struct warm_up *list, const char *key, size_t len)
{
	char *copy;

	if (list->count == WARM_UP_MAX || len == 0 || len >= NEXTHOP_TEXT_MAX ||
	    memchr(key, '\n', len) != NULL ||
	    (copy = strndup(key, len)) == NULL)
		return;
	list->key[list->count++] = copy;
}

const char *
warm_up_take(struct warm_up *list)
{
	return list->next < list->count ? list->key[list->next++] : NULL;
}

void
warm_up_clear(struct warm_up *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->key[i]);
	memset(list, 0, sizeof(*list));
}

void
warm_up_load(struct warm_up *list, const char *path)
{
	const char *why;
	char *text, *line, *rest;
	size_t len;

	if (access(path, F_OK) == -1 && errno == ENOENT)
		return;
	if ((text = file_read(path, FILE_MAX, &len, &why)) == NULL) {
		log_warning("policy: %s: %s", path, why);
		return;
	}
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL)
		if (line[0] != '#')
			warm_up_add(list, line, strlen(line));
	free(text);
}

static char *
text_of(const struct warm_up *list, size_t *len)
{
	char *text = NULL;
	FILE *file = open_memstream(&text, len);

	if (file == NULL)
		return NULL;
	fputs(HEAD, file);
	for (size_t i = 0; i < list->count; i++)
		fprintf(file, "%s\n", list->key[i]);
	if (fclose(file) == 0)
		return text;
	free(text);
	return NULL;
}

void
warm_up_save(const struct warm_up *list, const char *path)
{
	size_t len = 0;
	char *text = text_of(list, &len);

	if (text == NULL ||
	    (file_write(path, text, len) == -1 && errno != ENOENT))
		log_warning("policy: %s: %s", path, strerror(errno));
	free(text);
}
