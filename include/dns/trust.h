/*
 * trust.h - is the trust anchor alive?
 *
 * libunbound with an empty or revoked anchor calls the whole world insecure.
 * So the root's DNSKEY is asked at start and every hour: it must be secure.
 */
#ifndef DNS_TRUST_H
#define DNS_TRUST_H

/* Whether the root's keys still validate: without, nothing is believed. */
enum trust_state {
	TRUST_UNKNOWN = 0, /* no conclusive answer yet */
	TRUST_ALIVE,
	TRUST_WITHDRAWN /* the root answers as if it were unsigned */
};

struct event_base;
struct trust;
struct validated;

/*
 * Pointers are borrowed and must outlive it.  Asks at once.  What it means
 * (base/reason.h), copied: @silence, that nobody answers; @unsigned_keys, that
 * whoever answers does no DNSSEC.  NULL on failure.
 */
struct trust *trust_new(struct event_base *base, struct validated *validator,
    const char *silence, const char *unsigned_keys);

/* Asks once more: other anchors are used now. */
void trust_again(struct trust *trust);

/* NULL does nothing. */
void trust_free(struct trust *trust);

/* @why: set to one line, NULL while it is alive; valid until the loop runs
 * again. */
enum trust_state trust_state(const struct trust *trust, const char **why);

#endif /* DNS_TRUST_H */
