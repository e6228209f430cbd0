/*
 * lookup.h - what a caller needs from a lookup, and its class.
 */
#ifndef DNS_LOOKUP_H
#define DNS_LOOKUP_H

/* What the caller needs to know. */
enum lookup_need {
	LOOKUP_NEED_DATA,     /* the records: MX names, addresses to serve */
	LOOKUP_NEED_SECURITY, /* a proof of insecurity is enough */
	LOOKUP_NEED_MESSAGE   /* the records as received, with aliases,
			       * signatures and denials: dns_answer.parts */
};

/* Each class has slots of its own, so that none starves another. */
enum lookup_class {
	LOOKUP_CLASS_POLICY,      /* the first policies of each client */
	LOOKUP_CLASS_POLICY_MANY, /* those of a client with many under way */
	LOOKUP_CLASS_REFRESH,     /* policies refreshed in advance */
	LOOKUP_CLASS_FEW,         /* the first DNS queries of each client */
	LOOKUP_CLASS_OTHER,
	LOOKUP_CLASSES
};

#endif /* DNS_LOOKUP_H */
