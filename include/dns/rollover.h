/*
 * rollover.h - follows key rollovers of the root (RFC 5011).
 *
 * Once an hour libunbound queries the root's DNSKEY in a context whose only
 * trust anchors are those in the state file.  A new key becomes trusted after
 * thirty days; a key that revokes itself is no longer trusted.  Without a
 * writable directory the anchors stay as trust-anchor has them.
 */
#ifndef DNS_ROLLOVER_H
#define DNS_ROLLOVER_H

struct anchors;
struct conf;
struct event_base;
struct rollover;
struct validated;

/* Pointers are borrowed and must outlive the rollover.  Starts nothing yet.
 * NULL when out of memory.
 * @changed: called when the set of trusted keys has changed. */
struct rollover *rollover_new(struct event_base *base, const struct conf *conf,
    struct validated *validator, void (*changed)(void *arg), void *arg);

/* NULL does nothing. */
void rollover_free(struct rollover *rollover);

/* Follow the root's keys from now on, where there is a state directory.  Only
 * one may do so at a time, and each is started only once. */
void rollover_start(struct rollover *rollover);
void rollover_stop(struct rollover *rollover);

/* What is known of the keys; NULL before the start; valid until the loop runs
 * again. */
const struct anchors *rollover_anchors(const struct rollover *rollover);

/* NULL while the keys are followed, otherwise one line that says why not. */
const char *rollover_trouble(const struct rollover *rollover);

#endif /* DNS_ROLLOVER_H */
