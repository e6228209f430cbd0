/*
 * proof_judge.h - what one answer to a DS question proves (RFC 4035 section
 * 5.2, RFC 5155 sections 6 and 8).  The security heart: only what this module
 * calls proven may ever be answered without DNSSEC.
 *
 * Pure: no I/O.  The answers come from libunbound, which has checked the
 * signatures; what is judged here is whether they say what we need.  Any
 * valid record of another name or zone may stand beside them: an attacker
 * can add it.
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
	PROOF_JUDGE_FAILED = 0, /* bogus or no answer: the walk has failed */
	PROOF_JUDGE_SIGNED,     /* a secure DS: a signed delegation */
	PROOF_JUDGE_NO_CUT,     /* nothing proven at this name: go on below */
	PROOF_JUDGE_NO_NAME,    /* the name does not exist, securely */
	PROOF_JUDGE_PROVEN,     /* insecure, for the reason given */
	PROOF_JUDGE_PROVEN_NXDOMAIN, /* a denial of this name is insecure, by
				      * opt-out; data at it would not be */
	PROOF_JUDGE_UNEXPLAINED /* libunbound calls it insecure, for no reason
				 * that we accept */
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
	const char *name; /* the DS asked for; text form, not the root */
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
	bool dname;      /* NO_CUT, and the name's own NSEC or NSEC3 says that a
			  * DNAME   is there */
	bool alias;      /* NO_CUT, because an alias answered */
	uint32_t ttl;    /* seconds that the finding may be kept */
	const char *why; /* FAILED or UNEXPLAINED: what is wrong, where that is
			  * known; static.  Otherwise NULL */
};

void proof_judge(const struct proof_judge_question *question,
    struct proof_judge_finding *finding);

/* "DS of example.nl denied by NSEC3: delegation without DS"; at most @size
 * octets.  Returns @text. */
const char *proof_judge_text(
    enum proof_judge_reason reason, const char *name, char *text, size_t size);

/*
 * The NSEC3 iterations up to which libunbound is told to believe denials; the
 * value of val-nsec3-keysize-iterations.
 *
 * Above it libunbound checks the signatures of a denial and then calls it
 * insecure, whatever it denies: nothing there is a proof for us, and nothing is
 * hashed.  A zone above the limit keeps its secure answers, but what it lacks
 * cannot be shown (TEMP): so the limit must not be too low.  Below it each
 * name in a denial costs the iterations: so it must not be too high.
 *
 * 150 is libunbound's own default, and BIND's since 2021: a zone that uses more
 * is believed by hardly anybody's resolver, and what we would prove there for
 * ourselves alone is not worth what strangers could make it cost.  RFC 9276
 * wants 0, and signers have known that for years.
 */
#define PROOF_JUDGE_NSEC3_ITERATIONS "1024 150 2048 150 4096 150"
#define PROOF_JUDGE_NSEC3_LIMIT 150

#endif /* DNS_PROOF_JUDGE_H */
