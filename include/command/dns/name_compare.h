/*
 * name_compare.h - whether a name is resolved alike by the system's resolver
 * and by postdane's listener, and the zone block that would make it so.
 * Blocks; bounded in time.
 */
#ifndef COMMAND_DNS_NAME_COMPARE_H
#define COMMAND_DNS_NAME_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name_resolvers;

/*
 * @resolv_conf: the system's.  @listener: an address; its port is 53.
 * Returns NULL and text in *why, constant.
 */
struct name_resolvers *name_compare_new(
    const char *resolv_conf, const char *listener, const char **why);
/* NULL does nothing. */
void name_compare_free(struct name_resolvers *resolvers);

/*
 * Whether anybody is there: to one question, of whatever is certain, any answer
 * will do.  And whether ours can resolve at all, by the root's name servers.
 * Takes seconds at most.
 */
struct name_presence {
	bool system, ours;
	bool ours_fails;
	char why[256]; /* where it does: printable, "" where it does not say */
};
struct name_presence name_compare_presence(struct name_resolvers *resolvers);

enum name_verdict {
	NAME_ALIKE,
	/* The system's resolver fails where ours has an answer; nothing that a
	 * zone block, which would ask that resolver, could mend. */
	NAME_SYSTEM_FAILS,
	/* Other addresses, all of them public: what large services answer
	 * depends on who asks, and when. */
	NAME_VARIES,
	/* Ours fails, or both are silent: nothing is known. */
	NAME_UNKNOWN,
	NAME_DIFFERS, /* other records, or of another kind of "none" */
	NAME_LOST     /* the system's has records, ours knows of none */
};

/* Of the first type, MX, A or AAAA, with the worst verdict. */
struct name_difference {
	enum name_verdict verdict;
	char type[8];
	char name[256]; /* the one asked for, or a mail server of its */
	char system[256], ours[256]; /* one record, or what there was instead */
	char why[256];    /* ours fails: printable, "" where it does not say */
	bool ours_signed; /* it was validated, a denial too */
	/*
	 * "zone … { … }", where one would help, if the zone is one's own; else
	 * "".  It says "insecure = yes" only for a zone that is proven not to
	 * be in the public tree, or for a single name that is.
	 */
	char remedy[1024];
	bool any_answer; /* somebody has answered something */
};

/*
 * @name: text form of base/domain.h.  Its mail servers are compared, too.
 * @deadline: clock_ms(); what has not been answered then, has failed.
 */
void name_compare(struct name_resolvers *resolvers, const char *name,
    uint64_t deadline, struct name_difference *difference);

#endif /* COMMAND_DNS_NAME_COMPARE_H */
