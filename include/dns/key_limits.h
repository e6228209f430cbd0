/*
 * key_limits.h - limits on the time that signature checks may take.
 *
 * libunbound checks the signatures of an RRset in one go, and meanwhile the
 * event loop stands still.  Nettle, as Debian 12 builds it, takes keys of any
 * length: eight signatures by one key with a modulus of 16,384 bits and an
 * exponent of the same length blocked the loop for tens of seconds.  So this
 * program replaces Nettle's functions, as loop_time.h replaces epoll_wait(2):
 * above the limits no signature is valid, and the zone is bogus.  No other
 * validator takes such keys: the modulus has 4,096 bits at most (RFC 3110
 * section 2).  Above 64 bits of exponent, OpenSSL refuses long keys and BIND
 * refuses all.
 *
 * Invalid signatures are limited, too.  libunbound tries nine for each RRset.
 * A domain with a zone at each label of its names can have it do so sixteen
 * times for each zone, in loop iterations that are charged to no budget.  Once
 * the invalid signatures of one iteration have taken a millisecond (seven of
 * P-256 or three of P-384), every later signature in that iteration counts as
 * invalid.  The iteration ends with the current callback, so that no other
 * lookup fails because of them.
 *
 * A libunbound built with OpenSSL, as in Debian 13, never calls these
 * functions.  It has limits of its own, which allow any exponent with keys of
 * up to 3,072 bits.
 */
#ifndef DNS_KEY_LIMITS_H
#define DNS_KEY_LIMITS_H

#include <stdbool.h>

#define KEY_MODULUS_BITS_MAX 4096
#define KEY_EXPONENT_BITS_MAX 64

/* Microseconds of processor time, in one loop iteration. */
#define KEY_FAILURES_US_MAX 1000

/*
 * @look: called with @arg during a callback, to request that the loop polls its
 * sockets right after that callback: the next poll (loop_time_turn()) begins
 * another iteration.  NULL: no such call.
 */
void key_limits_end_turns(void (*look)(void *arg), void *arg);

/* Whether libunbound's signature checks call these functions. */
bool key_limits_hold(void);

#endif /* DNS_KEY_LIMITS_H */
