/*
 * key_limits.h - no RSA key is so long that its signatures take seconds.
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
 * A libunbound that was built with OpenSSL, as Debian 13's, never asks us.  It
 * has limits of its own, which leave keys of up to 3,072 bits any exponent.
 */
#ifndef DNS_KEY_LIMITS_H
#define DNS_KEY_LIMITS_H

#include <stdbool.h>

#define KEY_MODULUS_BITS_MAX 4096
#define KEY_EXPONENT_BITS_MAX 64

/* Whether libunbound's questions about RSA signatures come to us. */
bool key_limits_hold(void);

#endif /* DNS_KEY_LIMITS_H */
