/*
 * trust.h - whether the trust anchor is alive.
 *
 * With an empty or revoked anchor libunbound calls everything insecure.  So the
 * root's DNSKEY is queried at the start and every hour: it must be secure.
 */
#ifndef DNS_TRUST_H
#define DNS_TRUST_H

/* Whether the root's keys still validate: if not, no answer is trusted. */
enum trust_state {
	TRUST_UNKNOWN = 0, /* no conclusive answer yet */
	TRUST_ALIVE,
	TRUST_WITHDRAWN /* the root answers as if it were unsigned */
};

struct event_base;
struct trust;
struct validated;

/*
 * Pointers are borrowed and must outlive the module.  Queries at once.  Copied
 * texts of base/reason.h: @silence, for the case that there is no answer;
 * @unsigned_keys, for answers without DNSSEC.  NULL on failure.
 */
struct trust *trust_new(struct event_base *base, struct validated *validator,
    const char *silence, const char *unsigned_keys);

/* Query once more: other anchors are in use now. */
void trust_again(struct trust *trust);

/* NULL does nothing. */
void trust_free(struct trust *trust);

/* @why: set to one line of text, or NULL while the anchor is alive; valid until
 * the loop runs again. */
enum trust_state trust_state(const struct trust *trust, const char **why);

#endif /* DNS_TRUST_H */
