/*
 * lookup.h - what a caller wants of a lookup, and for whom.
 */
#ifndef DNS_LOOKUP_H
#define DNS_LOOKUP_H

/* What the caller wants to know. */
enum lookup_need {
	LOOKUP_NEED_DATA,     /* the records: MX names, addresses to serve */
	LOOKUP_NEED_SECURITY, /* a proof of insecurity is answer enough */
	LOOKUP_NEED_MESSAGE   /* the records as they came, aliases, signatures
			       * and denials included: dns_answer.parts */
};

/* Who asks: each class has slots of its own, so that none starves another. */
enum lookup_class {
	LOOKUP_CLASS_POLICY,      /* the first policies of each who asks */
	LOOKUP_CLASS_POLICY_MANY, /* and those of who has many under way */
	LOOKUP_CLASS_REFRESH,     /* policies that nobody waits for yet */
	LOOKUP_CLASS_FEW, /* the first questions of each who asks for DNS */
	LOOKUP_CLASS_OTHER,
	LOOKUP_CLASSES
};

#endif /* DNS_LOOKUP_H */
