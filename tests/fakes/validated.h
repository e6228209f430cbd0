/*
 * validated.h - dns/validated.h with the test in the place of libunbound: each
 * question is answered from the loop, as fake_answer() says.
 */
#ifndef TESTS_FAKES_VALIDATED_H
#define TESTS_FAKES_VALIDATED_H

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/domain.h"
#include "dns/library.h"
#include "dns/validated.h"

struct validated {
	struct event_base *base;
};

struct validated_query {
	struct event *event;
	char name[DOMAIN_TEXT_MAX];
	uint16_t type;
	struct validated_result result;
	uint8_t *packet;                              /* to be freed; NULL */
	int kind;                                     /* the test's own */
	void (*told)(const struct validated_query *); /* likewise; NULL */
	validated_cb cb;
	void *arg;
};

static unsigned renewed; /* so often */
static int renew_result;

/* Puts down result and packet.  Returns after how many milliseconds the answer
 * comes. */
static unsigned fake_answer(struct validated_query *query);

/* On the heap, so that one that is not freed is a leak. */
struct validated *
validated_new(struct event_base *event_base, const struct conf *conf,
    const struct library_facts *library)
{
	struct validated *validated = malloc(sizeof(*validated));

	(void)conf;
	(void)library;
	if (validated != NULL)
		validated->base = event_base;
	return validated;
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

int
validated_renew(struct validated *validated)
{
	(void)validated;
	renewed++;
	return renew_result;
}

void
validated_cancel(struct validated_query *query)
{
	if (query == NULL)
		return;
	event_free(query->event);
	free(query->packet);
	free(query);
}

static void
fake_on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct validated_query *query = arg, was = *query;

	(void)fd;
	(void)what;
	if (query->told != NULL)
		query->told(query);
	query->packet = NULL;
	validated_cancel(query);
	was.cb(was.arg, &was.result);
	free(was.packet);
}

struct validated_query *
validated_ask(struct validated *validated, const char *name, uint16_t type,
    const char *fresh_zone, struct budget *paying, validated_cb cb, void *arg)
{
	struct validated_query *query = calloc(1, sizeof(*query));
	struct timeval delay;
	unsigned ms;

	(void)fresh_zone;
	(void)paying;
	snprintf(query->name, sizeof(query->name), "%s", name);
	query->type = type;
	query->cb = cb;
	query->arg = arg;
	query->event = event_new(validated->base, -1, 0, fake_on_answer, query);
	ms = fake_answer(query);
	delay = (struct timeval){ ms / 1000, ms % 1000 * 1000 };
	event_add(query->event, &delay);
	return query;
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

#endif /* TESTS_FAKES_VALIDATED_H */
