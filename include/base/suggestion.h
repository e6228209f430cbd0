/*
 * suggestion.h - "did you mean …?": the known word closest to a mistyped one.
 * Pure.
 */
#ifndef BASE_SUGGESTION_H
#define BASE_SUGGESTION_H

#include <stddef.h>

/* Initialize with { .typed = … }. */
struct suggestion {
	const char *typed; /* borrowed */
	const char *word;  /* the best so far, borrowed; NULL if none */
	size_t distance;   /* of @word: letters to add, drop or change */
};

/* Offer a known word.  Words too different from @typed are ignored. */
void suggestion_offer(struct suggestion *suggestion, const char *word);

/* "; did you mean WORD?", or "" where there is none.  Returns @text. */
#define SUGGESTION_TEXT_MAX 96
const char *suggestion_text(
    const struct suggestion *suggestion, char text[SUGGESTION_TEXT_MAX]);

#endif /* BASE_SUGGESTION_H */
