/* dns_query.c - queries of DNS clients and their answers. */

#include "wire/dns/dns_query.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/stats.h"
#include "dns/budget.h"
#include "dns/resolver.h"
#include "dns/wire.h"
#include "wire/peers.h"

/* Unanswered queries of one peer that may use the slots reserved for peers with
 * few.  There are a thousand of these, so it takes fifteen peers to fill
 * them. */
#define FEW 64

struct dns_queries {
	struct stats *stats;
	struct resolver *resolver;
	const struct conf_prefixes *allow;
	size_t in_flight;
	struct peers *peers; /* one for each query in flight */
	void (*seen)(void *arg, const char *name);
	void *seen_arg;
	uint8_t out[2 + DNS_MESSAGE_MAX]; /* the last answer */
};

struct dns_queries *
dns_queries_new(struct stats *stats)
{
	struct dns_queries *queries = calloc(1, sizeof(*queries));
	const char *why;

	if (queries == NULL)
		return NULL;
	queries->stats = stats;
	if ((queries->peers = peers_new(SOCK_DGRAM)) == NULL) {
		free(queries);
		return NULL;
	}
	if ((why = peers_mixed(queries->peers)) != NULL)
		log_info("dns_service: over loopback the users of this machine "
			 "that ask by UDP can't be told apart: %s",
		    why);
	return queries;
}

void
dns_queries_free(struct dns_queries *queries)
{
	if (queries == NULL)
		return;
	peers_free(queries->peers);
	free(queries);
}

void
dns_queries_use(struct dns_queries *queries, struct resolver *resolver,
    const struct conf_prefixes *allow)
{
	queries->resolver = resolver;
	queries->allow = allow;
}

void
dns_queries_watch(struct dns_queries *queries,
    void (*seen)(void *arg, const char *name), void *arg)
{
	queries->seen = seen;
	queries->seen_arg = arg;
}

bool
dns_queries_may_ask(
    const struct dns_queries *queries, const struct sockaddr_storage *client)
{
	if (prefix_is_loopback(client))
		return true;
	for (size_t i = 0; i < queries->allow->count; i++)
		if (prefix_contains(&queries->allow->item[i], client))
			return true;
	return false;
}

struct stats *
dns_queries_stats(const struct dns_queries *queries)
{
	return queries->stats;
}

/* Asking the kernel costs a fifth of a cached answer.  While few queries are
 * waiting in total, no peer has many. */
struct peer *
dns_queries_sender(
    struct dns_queries *queries, int fd, const struct sockaddr_storage *client)
{
	return queries->in_flight < FEW
		   ? peers_join_unknown(queries->peers)
		   : peers_join_sender(queries->peers, fd, client);
}

struct peer *
dns_queries_peer(struct dns_queries *queries, const struct peer *peer)
{
	return peers_join_as(queries->peers, peer);
}

size_t
dns_queries_in_flight(const struct dns_queries *queries)
{
	return queries->in_flight;
}

/* ---- answers ---- */

static void
count_reply(const struct dns_queries *queries)
{
	static const enum stats_counter rcodes[] = {
		[DNS_RCODE_NOERROR] = STATS_DNS_NOERROR,
		[DNS_RCODE_FORMERR] = STATS_DNS_FORMERR,
		[DNS_RCODE_SERVFAIL] = STATS_DNS_SERVFAIL,
		[DNS_RCODE_NXDOMAIN] = STATS_DNS_NXDOMAIN,
		[DNS_RCODE_NOTIMP] = STATS_DNS_NOTIMP,
		[DNS_RCODE_REFUSED] = STATS_DNS_REFUSED,
	};
	const uint8_t *wire = queries->out + 2;
	const enum dns_rcode rcode = dns_message_rcode(wire);

	if ((size_t)rcode < sizeof(rcodes) / sizeof(rcodes[0]))
		stats_count(queries->stats, rcodes[rcode]);
	if (dns_message_is_authentic(wire))
		stats_count(queries->stats, STATS_DNS_AUTHENTIC);
	if (dns_message_is_truncated(wire))
		stats_count(queries->stats, STATS_DNS_TRUNCATED);
}

/* @len octets are in queries->out, after the room for the length. */
static struct dns_reply
make_reply(struct dns_queries *queries, size_t len)
{
	count_reply(queries);
	wire_put16(queries->out, (unsigned)len);
	return (struct dns_reply){ queries->out, len };
}

static struct dns_reply
make_error(struct dns_queries *queries, const struct dns_request *request,
    enum dns_rcode rcode, enum dns_error error, const char *text)
{
	return make_reply(
	    queries, dns_message_error(request, rcode, error, text,
			 queries->out + 2, DNS_MESSAGE_MAX));
}

struct dns_reply
dns_query_reply_at_once(struct dns_queries *queries, enum dns_action action,
    const struct dns_request *request)
{
	if (action == DNS_ACTION_ANY)
		return make_reply(
		    queries, dns_message_any(
				 request, queries->out + 2, DNS_MESSAGE_MAX));
	return make_error(
	    queries, request, request->rcode, DNS_ERROR_NONE, NULL);
}

struct dns_reply
dns_query_reply_prohibited(
    struct dns_queries *queries, const struct dns_request *request)
{
	return make_error(
	    queries, request, DNS_RCODE_REFUSED, DNS_ERROR_PROHIBITED, NULL);
}

struct dns_reply
dns_query_reply_busy(
    struct dns_queries *queries, const struct dns_request *request)
{
	return make_error(queries, request, DNS_RCODE_SERVFAIL, DNS_ERROR_OTHER,
	    "too many questions at once");
}

/* ---- lookups ---- */

static void
log_reply(const struct dns_query *query, const struct dns_answer *answer)
{
	const uint8_t *wire = query->queries->out + 2;
	char type[16];

	if (!log_wants(LOG_LEVEL_DEBUG))
		return;
	log_debug("dns_service: name=%s type=%s over=%s rcode=%d ad=%d "
		  "security=%s rung=%s ms=%llu",
	    answer->qname, answer_type_text(answer->qtype, type),
	    query->tcp ? "tcp" : "udp", (int)dns_message_rcode(wire),
	    dns_message_is_authentic(wire),
	    answer_security_text(answer->security),
	    answer_rung_text(answer->rung),
	    (unsigned long long)(clock_ms() - query->start));
}

static void
end(struct dns_query *query)
{
	query->lookup = NULL;
	budget_release(query->budget);
	query->queries->in_flight--;
	peers_leave(query->queries->peers, query->peer);
}

static void
on_answer(void *arg, struct dns_answer *answer)
{
	struct dns_query *query = arg;
	struct dns_queries *queries = query->queries;
	const size_t len = dns_message_answer(&query->request, answer,
	    query->tcp, queries->out + 2,
	    dns_message_limit(&query->request, query->tcp));

	end(query);
	log_reply(query, answer);
	query->cb(query->arg, make_reply(queries, len));
}

/* Peers with many unanswered queries must not take the slots of those with
 * few. */
static enum lookup_class
class_of(const struct peer *peer)
{
	return peer_count(peer) <= FEW ? LOOKUP_CLASS_FEW : LOOKUP_CLASS_OTHER;
}

int
dns_query_start(struct dns_query *query, struct dns_queries *queries,
    const struct dns_request *request, const char *name, bool tcp,
    struct peer *peer, dns_query_cb cb, void *arg)
{
	query->lookup = NULL;
	if (peer == NULL)
		return -1;
	if (queries->seen != NULL && request->type == DNS_TYPE_MX &&
	    !request->dnssec_ok)
		queries->seen(queries->seen_arg, name);
	query->queries = queries;
	query->peer = peer;
	query->request = *request;
	query->tcp = tcp;
	query->start = clock_ms();
	query->cb = cb;
	query->arg = arg;
	query->budget = budget_new(class_of(peer));
	if (query->budget != NULL)
		query->lookup = resolver_lookup(queries->resolver, name,
		    request->type, LOOKUP_NEED_MESSAGE, query->budget->class,
		    query->budget, on_answer, query);
	if (query->lookup == NULL) {
		budget_release(query->budget);
		peers_leave(queries->peers, peer);
		return -1;
	}
	queries->in_flight++;
	return 0;
}

void
dns_query_cancel(struct dns_query *query)
{
	if (query->lookup == NULL)
		return;
	resolver_cancel(query->lookup);
	end(query);
}
