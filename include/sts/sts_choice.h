/*
 * sts_choice.h - which decides, DANE or MTA-STS (RFC 8461 section 2, RFC 7672
 * section 2.2).  Pure: no I/O.
 *
 * The rules, in the order in which they are tried:
 *
 *   no policy known, or not in mode enforce   DANE alone
 *   the MX lookup failed                      TEMP
 *   MX is proven insecure                     secure: a forged MX may name an
 *                                             attacker's host with its own
 *                                             TLSA records
 *   nothing to deliver to                     secure: Postfix asks only if it
 *                                             has an address, and a denial
 *                                             may be outdated
 *   every host is usable                      dane-only: Postfix would treat
 *                                             "dane" as "may" if its own DNS
 *                                             lookups give no AD or no TLSA
 *   some are usable, the others have failed   dane-only: Postfix skips hosts
 *   or were left out                          that TLSA does not authenticate
 *   all have failed                           TEMP; dane-only if others were
 *                                             left out
 *   a host has no usable TLSA, and another    mta-sts-mixed: secure or
 *   is usable or has failed                   dane-only
 *   a host has no usable TLSA, and no other   secure
 *   is usable or has failed
 *
 * With pins (policy/carry.h), dane-only takes another form: the pins of the
 * usable hosts, and only these hosts are accepted.  If the pins cannot be
 * carried, the result is TEMP if a host has failed or was left out; otherwise
 * carry-else, with secure instead of encrypt.
 *
 * So no failure weakens a reply, and MTA-STS does not weaken it for the least
 * protected host.
 */
#ifndef STS_STS_CHOICE_H
#define STS_STS_CHOICE_H

#include <stdbool.h>

#include "sts/sts_policy.h"

struct dane_evidence;

/* The DANE evidence in terms of the rules above. */
enum sts_dane {
	STS_DANE_UNKNOWN = 0, /* the MX lookup failed */
	STS_DANE_INSECURE_MX,
	STS_DANE_UNDELIVERABLE,
	STS_DANE_COMPLETE,
	STS_DANE_INCOMPLETE,
	STS_DANE_ALL_FAILED,
	STS_DANE_LEFT_OUT, /* hosts were left out; of the others none is usable
			    * or known to be without TLSA */
	STS_DANE_MIXED,    /* some without, some usable, all known */
	STS_DANE_MIXED_FAILED, /* some without; another has failed, or is usable
				* while hosts were left out */
	STS_DANE_NONE
};

/* NULL gives STS_DANE_UNKNOWN. */
enum sts_dane sts_dane_state(const struct dane_evidence *evidence);

enum sts_mixed { STS_MIXED_SECURE = 0, STS_MIXED_DANE_ONLY };

/* Whether pins are carried, and what replaces them otherwise. */
enum sts_carry {
	STS_CARRY_NO = 0, /* carry = no */
	STS_CARRY_PINS,   /* there is a usable host, and the pins of all usable
			   * hosts can be carried */
	STS_CARRY_ELSE_DANE_ONLY,
	STS_CARRY_ELSE_ENCRYPT
};

struct sts_options {
	bool wanted;          /* mta-sts = yes */
	enum sts_mixed mixed; /* mta-sts-mixed */
	enum sts_carry carry;
};

enum sts_choice {
	STS_CHOICE_TEMP = 0,
	STS_CHOICE_DANE, /* the result of DANE alone, unchanged */
	STS_CHOICE_DANE_ONLY,
	STS_CHOICE_PINS, /* of the usable hosts */
	STS_CHOICE_SECURE
};

/*
 * @known: the mode of the policy known for the domain.  UNKNOWN if there is
 * none, if it has expired, or if the next hop cannot have one.
 */
enum sts_choice sts_choose(
    enum sts_dane dane, enum sts_mode known, const struct sts_options *options);

/* For display: "every host has usable TLSA". */
const char *sts_dane_text(enum sts_dane dane);

#endif /* STS_STS_CHOICE_H */
