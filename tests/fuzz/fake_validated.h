/*
 * fake_validated.h - what is the same in all that stand in for validated.h:
 * everything but the questions.
 */
#ifndef TESTS_FUZZ_FAKE_VALIDATED_H
#define TESTS_FUZZ_FAKE_VALIDATED_H

#include <stdlib.h>

#include "dns/library.h"
#include "dns/validated.h"

/* On the heap, so that one that is not freed is a leak. */
struct validated *
validated_new(struct event_base *event_base, const struct conf *conf,
    const struct library_facts *library)
{
	(void)event_base;
	(void)conf;
	(void)library;
	return malloc(1);
}

void
validated_free(struct validated *validated)
{
	free(validated);
}

struct validated_counts
validated_counts(const struct validated *validated)
{
	(void)validated;
	return (struct validated_counts){ 0 };
}

/* What is not assigned lacks, and ED448. */
const struct library_facts *
validated_library(const struct validated *validated)
{
	static struct library_facts facts;

	(void)validated;
	for (unsigned i = 16; i < 256; i++)
		facts.no_algorithm[i] = facts.no_digest[i] = true;
	return &facts;
}

struct validated_query *
validated_ask_doubted(struct validated *validated, const char *name,
    uint16_t type, const char *fresh_for, validated_cb cb, void *arg)
{
	return validated_ask(validated, name, type, fresh_for, NULL, cb, arg);
}

/* The caches of all are renewed at once, or stay bad for a while. */
bool
validated_doubt(struct validated *validated)
{
	static bool at_once;

	(void)validated;
	at_once = !at_once;
	return at_once;
}

struct validated_query *
validated_watch_root(
    struct validated *validated, const char *state, validated_cb cb, void *arg)
{
	(void)validated;
	(void)state;
	(void)cb;
	(void)arg;
	return NULL;
}

void
validated_use_anchors(struct validated *validated, struct anchors *anchors)
{
	(void)validated;
	(void)anchors;
}

#endif /* TESTS_FUZZ_FAKE_VALIDATED_H */
