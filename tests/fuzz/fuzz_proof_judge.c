/*
 * The proof of insecurity over any packet.  The first octet: at which ancestor
 * of the question the signed zone ends; the rest is the packet, whose own
 * question is asked, as if libunbound had judged it in each way.
 */

#include "dns/proof_judge.h"

#include "dns/budget.h"
#include "dns/nsec3.h"
#include "dns/packet.h"
#include "dns/unbound_facts.h"
#include "fuzz.h"

static void
check_facts(const ldns_pkt *packet, const char *name, uint16_t type)
{
	struct packet_facts facts;
	char text[DOMAIN_TEXT_MAX];

	if (packet_facts(packet, name, type, &facts) == -1)
		return;
	PROMISE(facts.aliases <= PACKET_ALIASES_MAX);
	PROMISE((facts.aliases > 0) == (facts.first_target[0] != '\0'));
	PROMISE(facts.status != DNS_OK || facts.rdata_count > 0);
	PROMISE(packet_substitute(name, facts.rname, name, text) == -1 ||
		domain_labels(text) > 0);
	packet_facts_clear(&facts);
}

static bool
is_proven(const struct proof_judge_finding *finding)
{
	return finding->verdict == PROOF_JUDGE_PROVEN ||
	       finding->verdict == PROOF_JUDGE_PROVEN_NXDOMAIN;
}

static bool
has_aliases(const ldns_rr_list *list)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr_type type =
		    ldns_rr_get_type(ldns_rr_list_rr(list, i));

		if (type == LDNS_RR_TYPE_CNAME || type == LDNS_RR_TYPE_DNAME)
			return true;
	}
	return false;
}

static void
judge(const ldns_pkt *packet, const char *name, const char *zone,
    enum dns_security security)
{
	static const struct unbound_facts library = {
		.no_algorithm = { [16] = true, [200] = true },
		.no_digest = { [200] = true }
	};
	struct budget budget;
	const struct proof_judge_question question = { .name = name,
		.signed_zone = zone,
		.packet = packet,
		.security = security,
		.budget = &budget,
		.library = &library };
	struct proof_judge_finding finding;
	char text[128];

	budget_init(&budget);
	proof_judge(&question, &finding);
	PROMISE(budget.left[BUDGET_HASHING] >=
		BUDGET_HASHING_MAX - NSEC3_BLOCKS_MAX);
	PROMISE(
	    is_proven(&finding) == (finding.reason != PROOF_JUDGE_REASON_NONE));
	PROMISE(strlen(proof_judge_text(
		    finding.reason, name, text, sizeof(text))) < sizeof(text));
	if (has_aliases(ldns_pkt_answer(packet)))
		PROMISE(finding.verdict == PROOF_JUDGE_NO_CUT);
	else if (security != DNS_SECURE && security != DNS_INSECURE)
		PROMISE(finding.verdict == PROOF_JUDGE_FAILED);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[DOMAIN_TEXT_MAX];
	ldns_pkt *packet;
	uint8_t *wire;

	if (size == 0)
		return 0;
	wire = fuzz_copy(data + 1, size - 1);
	packet = packet_parse(wire, size - 1);
	free(wire);
	if (packet == NULL)
		return 0;
	if (ldns_rr_list_rr_count(ldns_pkt_question(packet)) > 0 &&
	    packet_owner(ldns_rr_list_rr(ldns_pkt_question(packet), 0), name) ==
		0) {
		check_facts(packet, name, DNS_TYPE_DS);
		check_facts(packet, name, DNS_TYPE_MX);
		check_facts(packet, name, DNS_TYPE_CNAME);
		for (int security = DNS_INDETERMINATE;
		     security <= DNS_SECURE && strcmp(name, ".") != 0;
		     security++)
			judge(packet, name,
			    domain_ancestor(
				name, data[0] % domain_labels(name)),
			    (enum dns_security)security);
	}
	ldns_pkt_free(packet);
	return 0;
}
