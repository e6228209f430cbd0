/*
 * validator.h - dns/validator.h with the test in the place of libunbound: each
 * question is answered from the loop, as fake_answer() says.
 */
#ifndef TESTS_FAKES_VALIDATOR_H
#define TESTS_FAKES_VALIDATOR_H

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/domain.h"
#include "dns/unbound_facts.h"
#include "dns/validator.h"

struct validated {
	struct event_base *base;
};

struct validator_query {
	struct event *event;
	char name[DOMAIN_TEXT_MAX];
	uint16_t type;
	struct validator_result result;
	uint8_t *packet;                              /* to be freed; NULL */
	int kind;                                     /* the test's own */
	void (*told)(const struct validator_query *); /* likewise; NULL */
	validator_cb cb;
	void *arg;
};

static unsigned renewed; /* so often */
static int renew_result;

/* Puts down result and packet.  Returns after how many milliseconds the answer
 * comes. */
static unsigned fake_answer(struct validator_query *query);

/* On the heap, so that one that is not freed is a leak. */
struct validated *
validator_new(struct event_base *event_base, const struct conf *conf,
    const struct unbound_facts *library)
{
	struct validated *validator = malloc(sizeof(*validator));

	(void)conf;
	(void)library;
	if (validator != NULL)
		validator->base = event_base;
	return validator;
}

void
validator_free(struct validated *validator)
{
	free(validator);
}

struct validator_counts
validator_counts(const struct validated *validator)
{
	(void)validator;
	return (struct validator_counts){ 0 };
}

/* What is not assigned lacks, and ED448. */
const struct unbound_facts *
validator_library(const struct validated *validator)
{
	static struct unbound_facts facts;

	(void)validator;
	for (unsigned i = 16; i < 256; i++)
		facts.no_algorithm[i] = facts.no_digest[i] = true;
	return &facts;
}

int
validator_renew(struct validated *validator)
{
	(void)validator;
	renewed++;
	return renew_result;
}

void
validator_cancel(struct validator_query *query)
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
	struct validator_query *query = arg, was = *query;

	(void)fd;
	(void)what;
	if (query->told != NULL)
		query->told(query);
	query->packet = NULL;
	validator_cancel(query);
	was.cb(was.arg, &was.result);
	free(was.packet);
}

struct validator_query *
validator_ask(struct validated *validator, const char *name, uint16_t type,
    const char *fresh_zone, struct budget *paying, validator_cb cb, void *arg)
{
	struct validator_query *query = calloc(1, sizeof(*query));
	struct timeval delay;
	unsigned ms;

	(void)fresh_zone;
	(void)paying;
	snprintf(query->name, sizeof(query->name), "%s", name);
	query->type = type;
	query->cb = cb;
	query->arg = arg;
	query->event = event_new(validator->base, -1, 0, fake_on_answer, query);
	ms = fake_answer(query);
	delay = (struct timeval){ ms / 1000, ms % 1000 * 1000 };
	event_add(query->event, &delay);
	return query;
}

struct validator_query *
validator_ask_doubted(struct validated *validator, const char *name,
    uint16_t type, const char *fresh_for, validator_cb cb, void *arg)
{
	return validator_ask(validator, name, type, fresh_for, NULL, cb, arg);
}

/* The caches of all are renewed at once, or stay bad for a while. */
bool
validator_doubt(struct validated *validator)
{
	static bool at_once;

	(void)validator;
	at_once = !at_once;
	return at_once;
}

struct validator_query *
validator_watch_root(
    struct validated *validator, const char *state, validator_cb cb, void *arg)
{
	(void)validator;
	(void)state;
	(void)cb;
	(void)arg;
	return NULL;
}

void
validator_use_anchors(struct validated *validator, struct anchors *anchors)
{
	(void)validator;
	(void)anchors;
}

#endif /* TESTS_FAKES_VALIDATOR_H */
