/*
 * sts_choice.h - which of the two decides, DANE or MTA-STS (RFC 8461 section
 * 2, RFC 7672 section 2.2).  Pure: no I/O.
 *
 * The rules, in the order in which they are tried:
 *
 *   no policy known, or not one to enforce    DANE alone
 *   the MX lookup failed                      TEMP
 *   MX is proven insecure                     secure: it may lead to a
 *                                             stranger's host, with a
 *                                             stranger's TLSA records
 *   nothing to deliver to                     secure: Postfix asks only where
 *                                             it has an address, and a denial
 *                                             can be an old one
 *   every host is usable                      dane-only: Postfix would take
 *                                             "dane" for "may" where its own
 *                                             DNS has no AD or no TLSA
 *   some are usable, the others have failed   dane-only: Postfix skips what
 *   or were left out                          TLSA does not authenticate
 *   all have failed                           TEMP; dane-only where others
 *                                             were left out
 *   a host has no TLSA, or none of use, and   mta-sts-mixed: secure or
 *   another is usable or has failed           dane-only
 *   the same, and none is or has              secure
 *
 * Where the policy carries pins (policy/carry.h) it says dane-only in another
 * form: the pins of the usable hosts, which is all that is let through then. If
 * they cannot be carried it is TEMP where something has failed or was left out;
 * else carry-else, with secure in the place of encrypt.
 *
 * So no failure weakens an answer, nor does MTA-STS weaken it for the host that
 * is protected least.
 */
#ifndef STS_STS_CHOICE_H
#define STS_STS_CHOICE_H

#include <stdbool.h>

#include "sts/sts_policy.h"

struct dane_evidence;

/* What the evidence of DANE comes to here: one line of the rules each. */
enum sts_dane {
	STS_DANE_UNKNOWN = 0, /* the MX lookup failed */
	STS_DANE_INSECURE_MX,
	STS_DANE_UNDELIVERABLE,
	STS_DANE_COMPLETE,
	STS_DANE_INCOMPLETE,
	STS_DANE_ALL_FAILED,
	STS_DANE_LEFT_OUT, /* of those looked at none is usable, nor known to be
			    * without */
	STS_DANE_MIXED,    /* all are known, one is usable */
	STS_DANE_MIXED_FAILED, /* the same, but one has failed, or was left out
				*/
	STS_DANE_NONE
};

/* NULL gives STS_DANE_UNKNOWN. */
enum sts_dane sts_dane_state(const struct dane_evidence *evidence);

enum sts_mixed { STS_MIXED_SECURE = 0, STS_MIXED_DANE_ONLY };

/* Whether, and how, pins are carried. */
enum sts_carry {
	STS_CARRY_NO = 0, /* carry = no */
	STS_CARRY_PINS, /* there is a usable host, and the pins of all that are
			 * can be carried */
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
	STS_CHOICE_DANE, /* what DANE alone has come to, as it is */
	STS_CHOICE_DANE_ONLY,
	STS_CHOICE_PINS, /* of the usable hosts */
	STS_CHOICE_SECURE
};

/*
 * @known: the mode of the policy that is known for the domain; UNKNOWN for
 * none, one that has expired, and a next hop that can have none.
 */
enum sts_choice sts_choose(
    enum sts_dane dane, enum sts_mode known, const struct sts_options *options);

/* For people: "every host has usable TLSA". */
const char *sts_dane_text(enum sts_dane dane);

#endif /* STS_STS_CHOICE_H */
