/* suggestion.c - the known word closest to a mistyped one. */

#include "base/suggestion.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 63

static size_t
least(size_t a, size_t b, size_t c)
{
	const size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein distance, one row of the table at a time. */
static size_t
distance(const char *from, size_t from_len, const char *to, size_t to_len)
{
	size_t row[WORD_MAX + 1];

	for (size_t k = 0; k <= to_len; k++)
		row[k] = k;
	for (size_t i = 1; i <= from_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t k = 1; k <= to_len; k++) {
			const size_t above = row[k];

			row[k] = least(above + 1, row[k - 1] + 1,
			    diagonal + (from[i - 1] != to[k - 1]));
			diagonal = above;
		}
	}
	return row[to_len];
}

/* More than two letters, or than a quarter of a long word. */
static bool
is_too_much(size_t changes, size_t len)
{
	return changes > 2 && changes * 4 > len;
}

void
suggestion_offer(struct suggestion *suggestion, const char *word)
{
	const size_t typed_len = strlen(suggestion->typed);
	const size_t len = strlen(word);
	size_t changes;

	if (typed_len > WORD_MAX || len > WORD_MAX)
		return;
	/* The difference in length is a lower bound: most words need no
	 * table. */
	if (is_too_much(
		typed_len > len ? typed_len - len : len - typed_len, len))
		return;
	changes = distance(suggestion->typed, typed_len, word, len);
	if (is_too_much(changes, len))
		return;
	if (changes >= len ||
	    (suggestion->word != NULL && changes >= suggestion->distance))
		return;
	suggestion->word = word;
	suggestion->distance = changes;
}

const char *
suggestion_text(
    const struct suggestion *suggestion, char text[SUGGESTION_TEXT_MAX])
{
	text[0] = '\0';
	if (suggestion->word != NULL)
		snprintf(text, SUGGESTION_TEXT_MAX, "; did you mean %s?",
		    suggestion->word);
	return text;
}
