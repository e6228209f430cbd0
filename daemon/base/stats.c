/* stats.c - the names of the counters. */

#include "base/stats.h"

#define QUERIES "postdane_queries_total", "protocol=\""
#define QUERIES_HELP "\"", "Policy queries, by protocol."
#define REPLIES "postdane_replies_total", "reply=\""
#define REPLIES_HELP "\"", "Replies to policy queries, by verdict."
#define CACHE "postdane_cache_lookups_total", "result=\""
#define CACHE_HELP                                                             \
	"\"", "Next hops asked for: in the cache, being evaluated, or "        \
	      "neither."
#define LOOKUPS "postdane_lookups_total", "rung=\""
#define LOOKUPS_HELP                                                           \
	"\"", "DNS lookups, by how far the daemon had to go for an answer."
#define FAILURES "postdane_lookup_failures_total", "reason=\""
#define FAILURES_HELP "\"", "DNS lookups without a conclusion, by reason."
#define QUESTIONS "postdane_dns_queries_total", "transport=\""
#define QUESTIONS_HELP "\"", "Messages to the DNS listener, by transport."
#define ANSWERS "postdane_dns_replies_total", "rcode=\""
#define ANSWERS_HELP "\"", "Answers of the DNS listener, by rcode."

/* Writes one row: the label name, its value, and the closing quote. */
#define ROW(family, value)                                                     \
	{                                                                      \
		family value family##_HELP                                     \
	}

static const struct stats_name names[STATS_COUNTERS] = {
	[STATS_QUERY_SOCKETMAP] = ROW(QUERIES, "socketmap"),
	[STATS_QUERY_TCP_TABLE] = ROW(QUERIES, "tcp_table"),
	[STATS_QUERY_CONTROL] = ROW(QUERIES, "control"),
	[STATS_REPLY_TEMP] = ROW(REPLIES, "temp"),
	[STATS_REPLY_NOTFOUND] = ROW(REPLIES, "notfound"),
	[STATS_REPLY_MAY] = ROW(REPLIES, "may"),
	[STATS_REPLY_ENCRYPT] = ROW(REPLIES, "encrypt"),
	[STATS_REPLY_DANE] = ROW(REPLIES, "dane"),
	[STATS_REPLY_DANE_ONLY] = ROW(REPLIES, "dane-only"),
	[STATS_REPLY_FINGERPRINT] = ROW(REPLIES, "fingerprint"),
	[STATS_REPLY_BAD] = ROW(REPLIES, "bad"),
	[STATS_EVALUATION] = { "postdane_evaluations_total", NULL,
	    "Evaluations of a next hop." },
	[STATS_CACHE_HIT] = ROW(CACHE, "hit"),
	[STATS_CACHE_JOINED] = ROW(CACHE, "joined"),
	[STATS_CACHE_MISS] = ROW(CACHE, "miss"),
	[STATS_CACHE_EVICTION] = { "postdane_cache_evictions_total", NULL,
	    "Next hops that made room for others in the cache." },
	[STATS_REFRESH] = { "postdane_refreshes_total", NULL,
	    "Evaluations because a verdict asked for often had expired." },
	[STATS_WEAKENED] = { "postdane_verdicts_weakened_total", NULL,
	    "Next hops that got a weaker verdict than they had before." },
	[STATS_CONNECTION] = { "postdane_connections_total", NULL,
	    "Connections accepted." },
	[STATS_CONNECTION_PROTOCOL_ERROR] = { "postdane_protocol_errors_total",
	    NULL, "Connections ended because of a protocol error." },
	[STATS_CONNECTION_TIMEOUT] = { "postdane_request_timeouts_total", NULL,
	    "Connections ended because the rest of a request did not come." },
	[STATS_CONNECTION_MADE_ROOM] = { "postdane_connections_made_room_total",
	    NULL, "Idle connections ended to make room for others." },
	[STATS_RUNG_NONE] = ROW(LOOKUPS, "none"),
	[STATS_RUNG_VALIDATED] = ROW(LOOKUPS, "validated"),
	[STATS_RUNG_FRESH] = ROW(LOOKUPS, "fresh"),
	[STATS_RUNG_PROOF] = ROW(LOOKUPS, "proof"),
	[STATS_RUNG_PLAIN] = ROW(LOOKUPS, "plain"),
	[STATS_FAILED_BOGUS] = ROW(FAILURES, "bogus"),
	[STATS_FAILED_UNPROVEN] = ROW(FAILURES, "unproven"),
	[STATS_FAILED_SLOTS] = ROW(FAILURES, "slots"),
	[STATS_DNS_UDP] = ROW(QUESTIONS, "udp"),
	[STATS_DNS_TCP] = ROW(QUESTIONS, "tcp"),
	[STATS_DNS_NOERROR] = ROW(ANSWERS, "noerror"),
	[STATS_DNS_NXDOMAIN] = ROW(ANSWERS, "nxdomain"),
	[STATS_DNS_SERVFAIL] = ROW(ANSWERS, "servfail"),
	[STATS_DNS_REFUSED] = ROW(ANSWERS, "refused"),
	[STATS_DNS_FORMERR] = ROW(ANSWERS, "formerr"),
	[STATS_DNS_NOTIMP] = ROW(ANSWERS, "notimp"),
	[STATS_DNS_AUTHENTIC] = { "postdane_dns_authentic_total", NULL,
	    "Answers of the DNS listener with AD." },
	[STATS_DNS_TRUNCATED] = { "postdane_dns_truncated_total", NULL,
	    "Answers of the DNS listener with TC." },
	[STATS_DNS_REPEATED] = { "postdane_dns_repeated_total", NULL,
	    "Questions that were being looked up already." },
	[STATS_DNS_DROPPED] = { "postdane_dns_dropped_total", NULL,
	    "Messages to the DNS listener that were no questions." },
};

static const unsigned bounds_ms[STATS_BUCKETS] = { 1, 5, 20, 50, 100, 250, 500,
	1000, 4000, 15000 };

const struct stats_name *
stats_name(enum stats_counter counter)
{
	return &names[counter];
}

unsigned
stats_bucket_ms(size_t bucket)
{
	return bounds_ms[bucket];
}

void
stats_observe(struct stats_histogram *histogram, uint64_t ms)
{
	size_t bucket = 0;

	while (bucket < STATS_BUCKETS && ms > bounds_ms[bucket])
		bucket++;
	histogram->bucket[bucket]++;
	histogram->sum_ms += ms;
}
