/*
 * rollover.h - follows the root's keys as they change (RFC 5011).
 *
 * Once an hour the root's DNSKEY is looked at, by libunbound, in a context that
 * trusts the state and nothing else.  A new key that has been there for thirty
 * days is trusted then, and one that revokes itself is not any more.  Without
 * a directory to write to all stays as trust-anchor has it.
 */
#ifndef DNS_ROLLOVER_H
#define DNS_ROLLOVER_H

struct anchors;
struct conf;
struct event_base;
struct rollover;
struct validated;

/* Pointers are borrowed and must outlive it.  Does nothing yet.  NULL when out
 * of memory.
 * @changed: called when other keys are trusted than before. */
struct rollover *rollover_new(struct event_base *base, const struct conf *conf,
    struct validated *validator, void (*changed)(void *arg), void *arg);

/* NULL does nothing. */
void rollover_free(struct rollover *rollover);

/* Follow them from now on, where there is a directory for it: only one at a
 * time may, and it is started only once. */
void rollover_start(struct rollover *rollover);
void rollover_stop(struct rollover *rollover);

/* What is known of them; NULL before the start; valid until the loop runs
 * again. */
const struct anchors *rollover_anchors(const struct rollover *rollover);

/* NULL while they are followed, otherwise one line that says why not. */
const char *rollover_trouble(const struct rollover *rollover);

#endif /* DNS_ROLLOVER_H */
