/*
 * policy_reader.h - a policy as smtp(8) of Postfix 3.10 takes it apart: a
 * level, and attributes NAME=VALUE or { NAME = VALUE }, with blanks, commas and
 * ends of lines between them.  For tests.
 */
#ifndef TESTS_POLICY_READER_H
#define TESTS_POLICY_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define POLICY_SEPARATORS ", \t\r\n"
#define POLICY_SPACES " \t\r\n\v\f"

/* The next word, where braces that are open keep it together; NULL at the end.
 * The text is changed. */
static inline char *
policy_word(char **text)
{
	char *begin = *text + strspn(*text, POLICY_SEPARATORS), *at;
	unsigned open = 0;

	if (*begin == '\0')
		return NULL;
	for (at = begin; *at != '\0'; at++) {
		if (*at == '{')
			open++;
		else if (*at == '}' && open > 0)
			open--;
		else if (open == 0 && strchr(POLICY_SEPARATORS, *at) != NULL)
			break;
	}
	*text = *at != '\0' ? at + 1 : at;
	*at = '\0';
	return begin;
}

static inline void
policy_trim(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && strchr(POLICY_SPACES, text[len - 1]) != NULL)
		text[--len] = '\0';
}

/* Without its braces, which must be balanced and at its ends.  Returns NULL
 * where they are not. */
static inline char *
policy_unbrace(char *word)
{
	const size_t len = strlen(word);
	unsigned open = 0;

	if (word[0] != '{')
		return word;
	for (size_t i = 0; i < len; i++) {
		if (word[i] == '{')
			open++;
		else if (word[i] == '}' && --open == 0 && i + 1 < len)
			return NULL;
	}
	if (open != 0)
		return NULL;
	word[len - 1] = '\0';
	policy_trim(word + 1);
	return word + 1 + strspn(word + 1, POLICY_SPACES);
}

/* Returns the value, and the name in @name; NULL where it is no pair. */
static inline char *
policy_pair(char *word, char **name)
{
	char *equals, *end;

	if ((word = policy_unbrace(word)) == NULL ||
	    (equals = strchr(word, '=')) == NULL)
		return NULL;
	*equals = '\0';
	policy_trim(word);
	end = word + strcspn(word, POLICY_SPACES);
	if (*word == '\0' || *end != '\0')
		return NULL;
	*name = word;
	policy_trim(equals + 1);
	return equals + 1 + strspn(equals + 1, POLICY_SPACES);
}

#endif /* TESTS_POLICY_READER_H */
