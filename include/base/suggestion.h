/*
 * suggestion.h - "did you mean …?": of the words that are known, the one that
 * is nearest to a mistyped one.  Pure.
 */
#ifndef BASE_SUGGESTION_H
#define BASE_SUGGESTION_H

#include <stddef.h>

/* Starts as { .typed = … }. */
struct suggestion {
	const char *typed; /* borrowed */
	const char *word;  /* the best so far, borrowed; NULL for none */
	size_t distance;   /* of @word: letters to add, drop or change */
};

/* Words too different from what was typed are passed over. */
void suggestion_offer(struct suggestion *suggestion, const char *word);

/* "; did you mean WORD?", or "" where there is none.  Returns @text. */
#define SUGGESTION_TEXT_MAX 96
const char *suggestion_text(
    const struct suggestion *suggestion, char text[SUGGESTION_TEXT_MAX]);

#endif /* BASE_SUGGESTION_H */
