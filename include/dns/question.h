/*
 * question.h - what a caller wants of a lookup, and for whom.
 */
#ifndef DNS_QUESTION_H
#define DNS_QUESTION_H

/* What the caller wants to know. */
enum resolver_need {
	RESOLVER_NEED_DATA,     /* the records: MX names, addresses to serve */
	RESOLVER_NEED_SECURITY, /* a proof of insecurity is answer enough */
	RESOLVER_NEED_MESSAGE   /* the records as they came, aliases, signatures
				 * and denials included: dns_answer.parts */
};

/* Who asks: each class has slots of its own, so that none starves another. */
enum resolver_class {
	RESOLVER_CLASS_POLICY,      /* the first policies of each who asks */
	RESOLVER_CLASS_POLICY_MANY, /* and those of who has many under way */
	RESOLVER_CLASS_REFRESH,     /* policies that nobody waits for yet */
	RESOLVER_CLASS_FEW, /* the first questions of each who asks for DNS */
	RESOLVER_CLASS_OTHER,
	RESOLVER_CLASSES
};

#endif /* DNS_QUESTION_H */
