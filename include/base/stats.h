/*
 * stats.h - the counters of the daemon: one structure, passed to all modules
 * that count, and one table with the external names of the counters (postdane
 * status --json, Prometheus).
 *
 * Counters only grow.  Values that rise and fall (connections, lookups in
 * flight) are obtained from the module concerned.
 */
#ifndef BASE_STATS_H
#define BASE_STATS_H

#include <stddef.h>
#include <stdint.h>

enum stats_counter {
	/* queries, by protocol */
	STATS_QUERY_SOCKETMAP,
	STATS_QUERY_TCP_TABLE,
	STATS_QUERY_CONTROL,
	/* replies, by verdict; not in the order of enum tls_policy */
	STATS_REPLY_TEMP,
	STATS_REPLY_NOTFOUND,
	STATS_REPLY_MAY,
	STATS_REPLY_ENCRYPT,
	STATS_REPLY_DANE,
	STATS_REPLY_DANE_ONLY,
	STATS_REPLY_FINGERPRINT,
	STATS_REPLY_BAD,
	STATS_EVALUATION,
	/* the verdict cache: the result for a next hop */
	STATS_CACHE_HIT,
	STATS_CACHE_JOINED,
	STATS_CACHE_MISS,
	STATS_CACHE_EVICTION,
	STATS_REFRESH,
	STATS_WEAKENED,
	/* connections */
	STATS_CONNECTION,
	STATS_CONNECTION_PROTOCOL_ERROR,
	STATS_CONNECTION_TIMEOUT,
	STATS_CONNECTION_MADE_ROOM,
	/* DNS lookups, by the rung that answered */
	STATS_RUNG_NONE,
	STATS_RUNG_VALIDATED,
	STATS_RUNG_FRESH,
	STATS_RUNG_PROOF,
	STATS_RUNG_PLAIN,
	/* lookups without a conclusion, by reason */
	STATS_FAILED_BOGUS,
	STATS_FAILED_UNPROVEN,
	STATS_FAILED_SLOTS,
	/* the DNS listener: queries, and answers by rcode */
	STATS_DNS_UDP,
	STATS_DNS_TCP,
	STATS_DNS_NOERROR,
	STATS_DNS_NXDOMAIN,
	STATS_DNS_SERVFAIL,
	STATS_DNS_REFUSED,
	STATS_DNS_FORMERR,
	STATS_DNS_NOTIMP,
	STATS_DNS_AUTHENTIC,
	STATS_DNS_TRUNCATED,
	STATS_DNS_REPEATED,
	STATS_DNS_DROPPED,
	STATS_COUNTERS
};

/* Duration of lookups in seconds, as a histogram. */
#define STATS_BUCKETS 10

struct stats_histogram {
	uint64_t bucket[STATS_BUCKETS + 1]; /* not cumulative; the last is
					     * +Inf */
	uint64_t sum_ms;
};

struct stats {
	uint64_t counter[STATS_COUNTERS];
	struct stats_histogram lookup;
};

struct stats_name {
	const char *metric; /* postdane_…_total */
	const char *label;  /* name="value", or NULL */
	const char *help;   /* one sentence */
};

/* Adjacent counters with the same metric share its help text. */
const struct stats_name *stats_name(enum stats_counter counter);

/* The upper bound of bucket @bucket, below STATS_BUCKETS, in milliseconds. */
unsigned stats_bucket_ms(size_t bucket);

static inline void
stats_count(struct stats *stats, enum stats_counter counter)
{
	stats->counter[counter]++;
}

void stats_observe(struct stats_histogram *histogram, uint64_t ms);

#endif /* BASE_STATS_H */
