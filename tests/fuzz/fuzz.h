/*
 * fuzz.h - what the fuzz targets share.  A target is one file fuzz_NAME.c with
 * LLVMFuzzerTestOneInput(); it aborts where a promise of a header is broken,
 * and the sanitizers do the rest.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sanitizer/asan_interface.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise.  Not assert(3), which NDEBUG takes away. */
#define PROMISE(condition)                                                     \
	do {                                                                   \
		if (!(condition)) {                                            \
			fprintf(stderr, "%s:%d: broken promise: %s\n",         \
			    __FILE__, __LINE__, #condition);                   \
			abort();                                               \
		}                                                              \
	} while (0)

/* A copy in memory of exactly that size, so that a read beyond it is seen. */
static inline void *
fuzz_copy(const void *bytes, size_t len)
{
	void *copy = malloc(len > 0 ? len : 1);

	PROMISE(copy != NULL);
	if (len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

static inline char *
fuzz_text(const void *bytes, size_t len)
{
	char *text = malloc(len + 1);

	PROMISE(text != NULL);
	if (len > 0)
		memcpy(text, bytes, len);
	text[len] = '\0';
	return text;
}

/*
 * As fuzz_copy(), without malloc(3), which takes most of the time where it is
 * called a hundred times for an input: always the same memory, up to its end.
 * What stands before the copy is closed to the sanitizer as well, but for up to
 * seven octets.  @bytes NULL: room for @len octets.
 */
#define FUZZ_PLACE_MAX 4096

static inline void *
fuzz_place(const void *bytes, size_t len)
{
	static char place[FUZZ_PLACE_MAX];
	static size_t open = FUZZ_PLACE_MAX;
	char *end = place + FUZZ_PLACE_MAX;

	PROMISE(len <= FUZZ_PLACE_MAX);
	if (len > open)
		ASAN_UNPOISON_MEMORY_REGION(end - len, len);
	else
		ASAN_POISON_MEMORY_REGION(end - open, open - len);
	open = len;
	if (bytes != NULL && len > 0)
		memcpy(end - len, bytes, len);
	return end - len;
}

/* The input as a row of pieces: each has its length, two octets, before it. */
struct fuzz_input {
	const uint8_t *data;
	size_t left;
};

static inline uint8_t
fuzz_octet(struct fuzz_input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->data++;
}

/* The last piece may be cut short.  Returns its length. */
static inline size_t
fuzz_piece(struct fuzz_input *input, const uint8_t **piece)
{
	size_t len = (size_t)fuzz_octet(input) << 8;

	len |= fuzz_octet(input);
	if (len > input->left)
		len = input->left;
	*piece = input->data;
	input->data += len;
	input->left -= len;
	return len;
}

#endif /* TESTS_FUZZ_H */
