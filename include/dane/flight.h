/*
 * flight.h - one lookup in flight for an evaluation.  Whatever it finds becomes
 * part of the evidence.
 */
#ifndef DANE_FLIGHT_H
#define DANE_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/lookup.h"
#include "dns/resolver.h"

struct budget;
struct dane_evidence;
struct dane_lookup;
struct tlsa_checker;

/* What the parts of one evaluation share.  All is borrowed. */
struct dane_work {
	struct resolver *resolver;
	struct tlsa_checker *checker;
	struct budget *budget;
	struct dane_evidence *evidence;
};

/* Where a lookup is kept: a list in the evidence, which must have room. */
struct flight_list {
	struct dane_lookup *lookup;
	size_t *count;
};

/* Initialise with zeroes: not in flight. */
struct flight {
	const struct dane_work *work;
	struct resolver_lookup *lookup;
	struct flight_list list;
	resolver_cb cb;
	void *arg;
	unsigned step;
	uint64_t started; /* clock_ms() */
};

struct flight_question {
	const char *name; /* text form of base/domain.h */
	uint16_t type;
	enum lookup_need need;
	unsigned step; /* see struct dane_lookup */
};

/*
 * Ask.  @cb: as for resolver_lookup(); called after the answer has been kept,
 * so that the answer lives as long as the evidence.  @flight must not be in
 * flight, must stay where it is, and must be cancelled before it is freed.
 * Returns false if it cannot be asked; then there is no callback.
 */
bool flight_start(struct flight *flight, const struct dane_work *work,
    const struct flight_question *question, struct flight_list list,
    resolver_cb cb, void *arg);

/* There will be no callback.  Does nothing if it is not in flight. */
void flight_cancel(struct flight *flight);

#endif /* DANE_FLIGHT_H */
