/* chain.c - the aliases of one lookup, and the answer made of them. */

#include "dns/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/plain_cache.h"
#include "dns/unbound_answer.h"

int
chain_init(struct chain *chain, const char *qname, uint16_t type,
    enum lookup_need need)
{
	*chain = (struct chain){ .type = type,
		.security = DNS_SECURE,
		.ttl = UINT32_MAX,
		.parts = need == LOOKUP_NEED_MESSAGE ? CHAIN_PARTS_WHOLE
						     : CHAIN_PARTS_UNWANTED };
	snprintf(chain->name, sizeof(chain->name), "%s", qname);
	chain->qname = strdup(qname);
	chain->failure = answer_new(qname, type);
	return chain->qname == NULL || chain->failure == NULL ? -1 : 0;
}

void
chain_clear(struct chain *chain)
{
	chain_drop_held(chain);
	for (size_t i = 0; i < chain->part_count; i++)
		free(chain->part[i].wire);
	answer_unref(chain->failure);
	free(chain->qname);
	*chain = (struct chain){ 0 };
}

/* ---- messages ---- */

/* Which of the two is the reason does not depend on the order. */
static void
lose_parts(struct chain *chain, enum chain_parts how)
{
	if (chain->parts != CHAIN_PARTS_TOO_LARGE)
		chain->parts = how;
}

static bool
wants_parts(const struct chain *chain)
{
	return chain->parts != CHAIN_PARTS_UNWANTED;
}

void
chain_drop_held(struct chain *chain)
{
	free(chain->held.wire);
	chain->held = (struct dns_part){ 0 };
}

void
chain_hold(struct chain *chain, const uint8_t *wire, size_t len, uint32_t ttl)
{
	if (!wants_parts(chain))
		return;
	chain_drop_held(chain);
	if ((chain->held.wire = malloc(len)) == NULL) {
		lose_parts(chain, CHAIN_PARTS_LOST);
		return;
	}
	memcpy(chain->held.wire, wire, len);
	chain->held.len = len;
	unbound_answer_cut_ttls(chain->held.wire, len, ttl);
}

void
chain_hold_plain(struct chain *chain, const ldns_pkt *packet, uint32_t ttl)
{
	if (!wants_parts(chain))
		return;
	chain_drop_held(chain);
	if (packet_extract(packet, chain->name, chain->type, ttl,
		&chain->held.wire, &chain->held.len) == -1)
		lose_parts(chain, CHAIN_PARTS_LOST);
}

/* The message that is held becomes part of the answer. */
static void
keep_held(struct chain *chain)
{
	if (chain->held.wire == NULL)
		return;
	if (chain->part_count == CHAIN_PARTS_MAX ||
	    chain->held.len > CHAIN_OCTETS_MAX - chain->part_octets) {
		lose_parts(chain, CHAIN_PARTS_TOO_LARGE);
		chain_drop_held(chain);
		return;
	}
	chain->part_octets += chain->held.len;
	chain->part[chain->part_count++] = chain->held;
	chain->held = (struct dns_part){ 0 };
}

void
chain_hold_synthesized(struct chain *chain, const char *target, uint32_t ttl)
{
	if (!wants_parts(chain))
		return;
	keep_held(chain);
	if (packet_alias(chain->name, target, ttl, &chain->held.wire,
		&chain->held.len) == -1)
		lose_parts(chain, CHAIN_PARTS_LOST);
}

void
chain_hold_too_long(
    struct chain *chain, const uint8_t *wire, size_t len, uint32_t ttl)
{
	chain_hold(chain, wire, len, ttl);
	if (chain->held.wire != NULL)
		chain->held.wire[3] = (uint8_t)((chain->held.wire[3] & 0xf0U) |
						LDNS_RCODE_YXDOMAIN);
}

/* Returns 0, or -1 when the parts are incomplete. */
static int
hand_over_parts(struct chain *chain, struct dns_answer *answer)
{
	if (!wants_parts(chain))
		return 0;
	keep_held(chain);
	if (chain->parts != CHAIN_PARTS_WHOLE || chain->part_count == 0)
		return -1;
	answer->parts = calloc(chain->part_count, sizeof(*answer->parts));
	if (answer->parts == NULL)
		return -1;
	memcpy(answer->parts, chain->part,
	    chain->part_count * sizeof(*answer->parts));
	answer->part_count = chain->part_count;
	chain->part_count = 0;
	return 0;
}

/* ---- links ---- */

static enum dns_rung
highest(enum dns_rung a, enum dns_rung b)
{
	return a > b ? a : b;
}

static enum dns_security
lowest(enum dns_security a, enum dns_security b)
{
	return a < b ? a : b;
}

static uint32_t
shortest(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

void
chain_note_proof(
    struct chain *chain, enum proof_judge_reason reason, const char *cut)
{
	if (chain->proof[0] == '\0')
		proof_judge_text(
		    reason, cut, chain->proof, sizeof(chain->proof));
}

bool
chain_follow(struct chain *chain, const char *target,
    enum dns_security security, enum dns_rung rung, uint32_t ttl)
{
	const bool is_loop = strcmp(target, chain->name) == 0;

	keep_held(chain);
	if (chain->links == 0)
		chain->first_link = security;
	chain->security = lowest(chain->security, security);
	chain->rung = highest(chain->rung, rung);
	chain->ttl = shortest(chain->ttl, ttl);
	if (++chain->links > CHAIN_LINKS_MAX || is_loop)
		return false;
	snprintf(chain->name, sizeof(chain->name), "%s", target);
	return true;
}

uint32_t
chain_ttl(const struct chain *chain, uint32_t ttl)
{
	return shortest(shortest(ttl, chain->ttl), CHAIN_TTL_MAX);
}

/* ---- the end ---- */

/* The answer that was allocated at the start: FAILED, without a reason unless
 * the parts were too large. */
static struct dns_answer *
take_failure(struct chain *chain)
{
	struct dns_answer *answer = chain->failure;

	chain->failure = NULL;
	if (chain->parts == CHAIN_PARTS_TOO_LARGE && answer->why == NULL)
		answer->why = strdup(DNS_WHY_TOO_LARGE);
	return answer;
}

/* NULL when out of memory. */
static struct dns_answer *
answer_start(const struct chain *chain, const char *rname)
{
	struct dns_answer *answer = answer_new(chain->qname, chain->type);

	if (answer == NULL)
		return NULL;
	answer->first_link = chain->first_link;
	if (strcmp(rname, chain->qname) != 0) {
		free(answer->rname);
		answer->rname = strdup(rname);
	}
	if (chain->proof[0] != '\0')
		answer->proof = strdup(chain->proof);
	if (answer->rname == NULL ||
	    (chain->proof[0] != '\0' && answer->proof == NULL)) {
		answer_unref(answer);
		return NULL;
	}
	return answer;
}

/* How long the facts may be kept. */
static uint32_t
ttl_of(const struct packet_facts *facts, enum dns_security security)
{
	if (facts->status != DNS_OK && !facts->soa && security != DNS_SECURE &&
	    (facts->ttl == 0 || facts->ttl > PLAIN_CACHE_DENIAL_SECONDS))
		return PLAIN_CACHE_DENIAL_SECONDS;
	return facts->ttl;
}

struct dns_answer *
chain_answer(struct chain *chain, struct packet_facts *facts,
    const struct chain_end *end)
{
	struct dns_answer *answer;

	if (chain->links == 0 && facts->aliases > 0)
		chain->first_link = end->alias;
	if ((answer = answer_start(chain, facts->rname)) == NULL)
		return take_failure(chain);
	answer->status = facts->status;
	answer->security = lowest(chain->security, end->security);
	answer->rung = highest(chain->rung, end->rung);
	answer->ttl = chain_ttl(
	    chain, shortest(ttl_of(facts, end->security), end->ttl_max));
	if (hand_over_parts(chain, answer) == -1) {
		answer_unref(answer);
		return take_failure(chain);
	}
	if (facts->status == DNS_OK) {
		answer->rdata = facts->rdata;
		answer->rdata_count = facts->rdata_count;
		facts->rdata = NULL;
		facts->rdata_count = 0;
	}
	return answer;
}

struct dns_answer *
chain_answer_without_data(struct chain *chain, uint32_t ttl, const char *why)
{
	struct dns_answer *answer = answer_start(chain, chain->name);

	if (answer == NULL)
		return take_failure(chain);
	answer->security = DNS_INSECURE;
	answer->rung = highest(chain->rung, DNS_RUNG_PROOF);
	answer->ttl = chain_ttl(chain, ttl);
	if (why != NULL)
		answer->why = strdup(why);
	return answer;
}

struct dns_answer *
chain_answer_failed(
    struct chain *chain, enum dns_security security, const char *why)
{
	struct dns_answer *answer = chain->failure;

	answer->why = strdup(why);
	/* After an insecure alias there is nothing left to protect. */
	answer->security =
	    chain->security == DNS_INSECURE ? DNS_INSECURE : security;
	answer->first_link = chain->first_link;
	if (security == DNS_BOGUS)
		hand_over_parts(chain, answer);
	return take_failure(chain);
}
