/*
 * proof_judge.h - what one answer to a DS query proves (RFC 4035 section 5.2,
 * RFC 5155 sections 6 and 8).  This module is critical for security: only what
 * it calls proven may ever be answered without DNSSEC.
 *
 * Pure: no I/O.  The answers come from libunbound, which has checked the
 * signatures; this module decides whether they prove what we need.  Valid
 * records of other names or zones may be in the same message, added by an
 * attacker.
 */
#ifndef DNS_PROOF_JUDGE_H
#define DNS_PROOF_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include <ldns/ldns.h>

#include "base/domain.h"
#include "dns/answer.h"

struct budget;
struct unbound_facts;

enum proof_judge_verdict {
	PROOF_JUDGE_FAILED = 0, /* bogus or no answer: the proof has failed */
	PROOF_JUDGE_SIGNED,     /* a secure DS: a signed delegation */
	PROOF_JUDGE_NO_CUT,     /* nothing proven at this name: continue below
				 * it */
	PROOF_JUDGE_NO_NAME,    /* the name securely does not exist */
	PROOF_JUDGE_PROVEN,     /* insecure, for the reason given */
	PROOF_JUDGE_PROVEN_NXDOMAIN, /* a denial of this name is insecure, by
				      * opt-out; data at it would not be */
	PROOF_JUDGE_UNEXPLAINED /* libunbound calls it insecure, for no reason
				 * that is accepted */
};

enum proof_judge_reason {
	PROOF_JUDGE_REASON_NONE = 0,
	PROOF_JUDGE_REASON_NSEC,        /* delegation without DS, by NSEC */
	PROOF_JUDGE_REASON_NSEC3,       /* the same by NSEC3 */
	PROOF_JUDGE_REASON_OPT_OUT,     /* in an opt-out span of NSEC3 */
	PROOF_JUDGE_REASON_UNSUPPORTED, /* no DS that libunbound can validate */
	PROOF_JUDGE_REASON_CONFIGURED,  /* a zone block says so */
	PROOF_JUDGE_REASON_LOCAL        /* libunbound answers by itself */
};

struct proof_judge_question {
	const char *name; /* the name of the DS query; text form, not the
			   * root */
	const char
	    *signed_zone;       /* the last signed cut above it; "." at first */
	const ldns_pkt *packet; /* NULL where there was no answer */
	enum dns_security security; /* as libunbound judged the packet */
	struct budget *budget;      /* never NULL: hashing is taken from it */
	const struct unbound_facts *library; /* never NULL */
};

struct proof_judge_finding {
	enum proof_judge_verdict verdict;
	enum proof_judge_reason reason;
	bool dname; /* NO_CUT, and the name's own NSEC or NSEC3 says that it
		     * has a DNAME */
	bool dname_at_apex; /* NO_CUT, because the answer is an alias, and it
			     * shows a DNAME at the apex of the signed zone;
			     * whether it is secure was not looked at */
	uint32_t ttl;       /* seconds that the result may be kept */
	const char *why; /* FAILED or UNEXPLAINED: what is wrong, where known;
			  * static.  Otherwise NULL */
};

void proof_judge(const struct proof_judge_question *question,
    struct proof_judge_finding *finding);

/* "DS of example.nl denied by NSEC3: delegation without DS"; at most @size
 * octets.  Returns @text. */
const char *proof_judge_text(
    enum proof_judge_reason reason, const char *name, char *text, size_t size);

/*
 * The value of val-nsec3-keysize-iterations: up to how many NSEC3 iterations
 * libunbound accepts denials.
 *
 * Above the limit libunbound checks the signatures of a denial and then calls
 * it insecure, whatever it denies; so nothing there is a proof for us, and
 * nothing is hashed.  A zone above the limit keeps its secure answers, but no
 * denial in it can be proven (TEMP): so the limit must not be too low.  Below
 * the limit each name in a denial costs the iterations: so it must not be too
 * high.
 *
 * 150 is libunbound's own default, and BIND's since 2021.  Hardly any resolver
 * accepts a zone that uses more, and proving such denials is not worth the cost
 * that strangers could cause.  RFC 9276 recommends 0, and signers have known
 * that for years.
 */
#define PROOF_JUDGE_NSEC3_ITERATIONS "1024 150 2048 150 4096 150"
#define PROOF_JUDGE_NSEC3_LIMIT 150

#endif /* DNS_PROOF_JUDGE_H */
