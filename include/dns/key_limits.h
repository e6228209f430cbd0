/*
 * key_limits.h - no key makes the loop wait for seconds.
 *
 * libunbound checks the signatures of an RRset in one go, and everybody waits.
 * With Nettle, as Debian 12 builds it, it takes keys of any length: eight
 * signatures of one with 16,384 bits, and an exponent as long as that, held the
 * loop for tens of seconds.  So Nettle's functions are replaced in this
 * program, as epoll_wait(2) is in loop_time.h: above the limits no signature is
 * valid, and the zone is bogus.  No other validator takes such keys: the
 * modulus has 4,096 bits at most (RFC 3110 section 2), and above 64 bits of
 * exponent OpenSSL refuses long keys, BIND all.
 *
 * Nor do signatures that are none: libunbound tries nine for each RRset, and
 * whoever has a zone for each label of his names can have it do so sixteen
 * times for each of them, in turns of the loop for which nobody is charged.
 * Where those of one turn have taken a millisecond, which is seven of P-256 and
 * three of P-384, none that comes later in that turn is valid; and the turn
 * ends with the callback that is under way, so that nobody's is lost behind
 * others' junk.
 *
 * A libunbound that was built with OpenSSL, as Debian 13's, never asks us.  It
 * has limits of its own, which leave keys of up to 3,072 bits any exponent.
 */
#ifndef DNS_KEY_LIMITS_H
#define DNS_KEY_LIMITS_H

#include <stdbool.h>

#define KEY_MODULUS_BITS_MAX 4096
#define KEY_EXPONENT_BITS_MAX 64

/* Microseconds of processor time, in one turn of the loop. */
#define KEY_FAILURES_US_MAX 1000

/*
 * @look: told in the midst of a callback that the loop shall look at its
 * sockets after that one, for with the next look (loop_time_turn()) there is
 * another turn; called with @arg.  NULL: nobody is told.
 */
void key_limits_end_turns(void (*look)(void *arg), void *arg);

/* Whether libunbound's questions about signatures come to us. */
bool key_limits_hold(void);

#endif /* DNS_KEY_LIMITS_H */
