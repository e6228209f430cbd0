/*
 * name_compare.h - compares how the system's resolver and postdane's listener
 * resolve a name, and suggests a zone block that would remove the difference.
 * Blocks; bounded in time.
 */
#ifndef COMMAND_DNS_NAME_COMPARE_H
#define COMMAND_DNS_NAME_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name_resolvers;

/*
 * @resolv_conf: the system's.  @listener: an address; its port is 53.  Returns
 * NULL with constant text in *why.
 */
struct name_resolvers *name_compare_new(
    const char *resolv_conf, const char *listener, const char **why);
/* NULL does nothing. */
void name_compare_free(struct name_resolvers *resolvers);

/*
 * Whether the two resolvers answer at all, with any answer; and whether ours
 * can resolve, tested with the root's NS records.  Takes a few seconds at most.
 */
struct name_presence {
	bool system, ours;
	bool ours_fails;
	char why[256]; /* if ours_fails: printable, "" if no reason is given */
};
struct name_presence name_compare_presence(struct name_resolvers *resolvers);

enum name_verdict {
	NAME_ALIKE,
	/* The system's resolver fails, ours has an answer.  A zone block would
	 * not help: it would forward to the failing resolver. */
	NAME_SYSTEM_FAILS,
	/* Different addresses, all public: large services answer differently by
	 * client and time. */
	NAME_VARIES,
	/* Ours fails, or both are silent: no conclusion. */
	NAME_UNKNOWN,
	NAME_DIFFERS, /* other records, or another kind of negative answer */
	NAME_LOST     /* the system's has records, ours has none */
};

/* For the first type, MX, A or AAAA, with the worst verdict. */
struct name_difference {
	enum name_verdict verdict;
	char type[8];
	char name[256]; /* the name itself, or one of its mail servers */
	char system[256], ours[256]; /* one record, or what came instead */
	char why[256]; /* if ours fails: printable, "" if no reason is given */
	bool ours_signed; /* the answer or denial was validated */
	/*
	 * "zone … { … }" if one would help, provided that the zone is the
	 * user's own; else "".  It has "insecure = yes" only if the zone, or
	 * the single name, is proven not to exist in the public tree.
	 */
	char remedy[1024];
	bool any_answer; /* some resolver has answered */
};

/*
 * @name: text form of base/domain.h.  Its mail servers are compared, too.
 * @deadline: clock_ms(); a query without an answer by then has failed.
 */
void name_compare(struct name_resolvers *resolvers, const char *name,
    uint64_t deadline, struct name_difference *difference);

#endif /* COMMAND_DNS_NAME_COMPARE_H */
