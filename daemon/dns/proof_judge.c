/* proof_judge.c - what one answer to a DS query proves. */

#include "dns/proof_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/budget.h"
#include "dns/nsec3.h"
#include "dns/packet.h"
#include "dns/unbound_facts.h"

const char *
proof_judge_text(
    enum proof_judge_reason reason, const char *name, char *text, size_t size)
{
	static const char *const says[] = {
		[PROOF_JUDGE_REASON_NONE] = ": no reason",
		[PROOF_JUDGE_REASON_NSEC] =
		    " denied by NSEC: delegation without DS",
		[PROOF_JUDGE_REASON_NSEC3] =
		    " denied by NSEC3: delegation without DS",
		[PROOF_JUDGE_REASON_OPT_OUT] = " in an opt-out span of NSEC3",
		[PROOF_JUDGE_REASON_UNSUPPORTED] =
		    ": no algorithm or digest that can be validated",
		[PROOF_JUDGE_REASON_CONFIGURED] =
		    " not asked: a zone block says insecure",
		[PROOF_JUDGE_REASON_LOCAL] =
		    " not asked: no name of the internet (RFC 6761, 6303)",
	};

	snprintf(text, size, "DS of %s%s", name, says[reason]);
	return text;
}

/* ---- the authority section ---- */

static uint8_t
rdf_octet(const ldns_rdf *rdf)
{
	return rdf != NULL && ldns_rdf_size(rdf) == 1 ? ldns_rdf_data(rdf)[0]
						      : 0;
}

/* An RRSIG's type covered, labels and signer: RFC 4034 section 3.1. */
static bool
signature_covers(const ldns_rr *rrsig, ldns_rr_type type)
{
	const ldns_rdf *covered = ldns_rr_rdf(rrsig, 0);

	return covered != NULL && ldns_rdf_size(covered) == 2 &&
	       ldns_read_uint16(ldns_rdf_data(covered)) == type;
}

/*
 * Whether the RRset (@owner, @type) in @list has signatures, all of them by
 * @zone and none from a wildcard.
 */
static bool
signed_by(const ldns_rr_list *list, const char *owner, ldns_rr_type type,
    const char *zone)
{
	char text[DOMAIN_TEXT_MAX];
	bool found = false;

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_RRSIG ||
		    packet_owner(rr, text) == -1 ||
		    !domain_equal(text, owner) || !signature_covers(rr, type))
			continue;
		if (rdf_octet(ldns_rr_rdf(rr, 2)) != domain_labels(owner) ||
		    packet_name(ldns_rr_rdf(rr, 7), text) == -1 ||
		    !domain_equal(text, zone))
			return false;
		found = true;
	}
	return found;
}

/* The only signer of (@owner, NSEC): the zone that the record belongs to. */
static int
nsec_zone(
    const ldns_rr_list *list, const char *owner, char zone[DOMAIN_TEXT_MAX])
{
	char text[DOMAIN_TEXT_MAX];

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_RRSIG &&
		    signature_covers(rr, LDNS_RR_TYPE_NSEC) &&
		    packet_owner(rr, text) == 0 && domain_equal(text, owner))
			return packet_name(ldns_rr_rdf(rr, 7), zone);
	}
	return -1;
}

/* Type bit maps of NSEC and NSEC3: RFC 4034 section 4.1.2.  NULL: no types. */
static bool
bitmap_has(const ldns_rdf *bitmap, unsigned type)
{
	const uint8_t *data = bitmap != NULL ? ldns_rdf_data(bitmap) : NULL;
	size_t left = bitmap != NULL ? ldns_rdf_size(bitmap) : 0;

	while (left >= 2) {
		const size_t window = data[0], len = data[1];

		if (len > 32 || len > left - 2)
			return false;
		if (window == type / 256) {
			const size_t octet = type % 256 / 8;

			return octet < len &&
			       (data[2 + octet] & (0x80U >> type % 8)) != 0;
		}
		data += 2 + len;
		left -= 2 + len;
	}
	return false;
}

/* ---- the rules ---- */

/* A delegation without DS, and not the child's apex. */
static bool
bitmap_is_cut(const ldns_rdf *bitmap)
{
	return bitmap_has(bitmap, DNS_TYPE_NS) &&
	       !bitmap_has(bitmap, DNS_TYPE_DS) &&
	       !bitmap_has(bitmap, DNS_TYPE_SOA);
}

/* The query, and what was read from its packet. */
struct judgement {
	const struct proof_judge_question *question;
	struct proof_judge_finding *finding;
	const ldns_rr_list *authority;
	bool soa, soas_differ; /* all SOA records are of the same zone: */
	char soa_zone[DOMAIN_TEXT_MAX];
	struct nsec3_set nsec3;
};

static void
read_soas(struct judgement *judgement)
{
	char owner[DOMAIN_TEXT_MAX];

	for (size_t i = 0; i < ldns_rr_list_rr_count(judgement->authority);
	     i++) {
		const ldns_rr *rr = ldns_rr_list_rr(judgement->authority, i);

		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_SOA)
			continue;
		if (packet_owner(rr, owner) == -1 ||
		    (judgement->soa &&
			!domain_equal(owner, judgement->soa_zone))) {
			judgement->soas_differ = true;
			return;
		}
		judgement->soa = true;
		memcpy(judgement->soa_zone, owner, strlen(owner) + 1);
	}
}

/* Agreement includes that there is no SOA. */
static bool
soa_agrees(const struct judgement *judgement, const char *zone)
{
	return !judgement->soas_differ &&
	       (!judgement->soa || domain_equal(judgement->soa_zone, zone));
}

static bool
zone_may_speak(const struct judgement *judgement, const char *zone)
{
	const struct proof_judge_question *question = judgement->question;

	return domain_is_within(question->name, zone) &&
	       !domain_equal(question->name, zone) &&
	       domain_is_within(zone, question->signed_zone) &&
	       soa_agrees(judgement, zone);
}

static void
keep_ttl(struct proof_judge_finding *finding, const ldns_rr *rr)
{
	if (ldns_rr_ttl(rr) < finding->ttl)
		finding->ttl = ldns_rr_ttl(rr);
}

/* What the bit map at the name itself proves; true when that decides. */
static bool
read_own_bitmap(const ldns_rdf *bitmap, const ldns_rr *rr,
    enum proof_judge_reason reason, struct proof_judge_finding *finding)
{
	if (bitmap_is_cut(bitmap)) {
		finding->verdict = PROOF_JUDGE_PROVEN;
		finding->reason = reason;
		keep_ttl(finding, rr);
		return true;
	}
	if (bitmap_has(bitmap, DNS_TYPE_DNAME))
		finding->dname = true;
	return false;
}

static bool
cut_by_nsec(struct judgement *judgement)
{
	const char *name = judgement->question->name;
	const ldns_rr_list *authority = judgement->authority;
	char owner[DOMAIN_TEXT_MAX], zone[DOMAIN_TEXT_MAX];

	if (nsec_zone(authority, name, zone) == -1 ||
	    !signed_by(authority, name, LDNS_RR_TYPE_NSEC, zone) ||
	    !zone_may_speak(judgement, zone))
		return false;
	for (size_t i = 0; i < ldns_rr_list_rr_count(authority); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(authority, i);

		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_NSEC &&
		    ldns_rr_rd_count(rr) >= 2 && packet_owner(rr, owner) == 0 &&
		    domain_equal(owner, name) &&
		    read_own_bitmap(ldns_rr_rdf(rr, 1), rr,
			PROOF_JUDGE_REASON_NSEC, judgement->finding))
			return true;
	}
	return false;
}

/* Checked before anything is hashed. */
static bool
is_ours(const struct judgement *judgement, const struct nsec3_record *record)
{
	const char *zone = judgement->nsec3.zone;
	char owner[DOMAIN_TEXT_MAX];

	return packet_owner(record->rr, owner) == 0 &&
	       signed_by(judgement->authority, owner, LDNS_RR_TYPE_NSEC3, zone);
}

/* Returns false where the judgement has ended. */
static bool
hash(struct judgement *judgement, const char *name,
    uint8_t hashed[NSEC3_HASH_LEN])
{
	struct budget *budget = judgement->question->budget;
	struct proof_judge_finding *finding = judgement->finding;

	if (nsec3_hash(&judgement->nsec3, budget, name, hashed) == 0)
		return true;
	finding->why = budget_text(budget);
	finding->verdict = PROOF_JUDGE_FAILED;
	if (finding->why == NULL) {
		finding->why = "its NSEC3 records take too much hashing";
		finding->verdict = PROOF_JUDGE_UNEXPLAINED;
	}
	return false;
}

/* Returns true when that decides. */
static bool
cut_by_nsec3(struct judgement *judgement)
{
	const struct nsec3_set *set = &judgement->nsec3;
	uint8_t hashed[NSEC3_HASH_LEN];

	if (set->count == 0 || !zone_may_speak(judgement, set->zone))
		return false;
	if (!hash(judgement, judgement->question->name, hashed))
		return true;
	for (size_t i = 0; i < set->count; i++) {
		const struct nsec3_record *record = &set->records[i];

		if (nsec3_matches(record, hashed) &&
		    is_ours(judgement, record) &&
		    read_own_bitmap(record->bitmap, record->rr,
			PROOF_JUDGE_REASON_NSEC3, judgement->finding))
			return true;
	}
	return false;
}

static const struct nsec3_record *
find_record(const struct judgement *judgement,
    const uint8_t hashed[NSEC3_HASH_LEN], bool opt_out_span)
{
	for (size_t i = 0; i < judgement->nsec3.count; i++) {
		const struct nsec3_record *record =
		    &judgement->nsec3.records[i];

		if ((opt_out_span
			    ? record->opt_out && nsec3_covers(record, hashed)
			    : nsec3_matches(record, hashed)) &&
		    is_ours(judgement, record))
			return record;
	}
	return NULL;
}

static bool
has_opt_out(const struct nsec3_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->records[i].opt_out)
			return true;
	return false;
}

/* What is below a delegation or a DNAME its zone can't deny (RFC 5155
 * section 8.3). */
static bool
may_enclose(const struct nsec3_record *record)
{
	return !bitmap_has(record->bitmap, DNS_TYPE_DNAME) &&
	       (!bitmap_has(record->bitmap, DNS_TYPE_NS) ||
		   bitmap_has(record->bitmap, DNS_TYPE_SOA));
}

/*
 * Whether the name is in an opt-out span of the last signed zone: the closest
 * encloser is shown to exist, and an opt-out record covers the next closer name
 * (RFC 5155 section 8.9).  @verdict: the verdict in that case.
 */
static void
find_opt_out(struct judgement *judgement, enum proof_judge_verdict verdict)
{
	const char *zone = judgement->question->signed_zone;
	const struct nsec3_record *matching, *span;
	uint8_t hashed[NSEC3_HASH_LEN], next_closer[NSEC3_HASH_LEN];

	if (!has_opt_out(&judgement->nsec3) ||
	    !domain_equal(judgement->nsec3.zone, zone) ||
	    !zone_may_speak(judgement, zone) ||
	    !hash(judgement, judgement->question->name, next_closer))
		return;
	for (const char *encloser = domain_parent(judgement->question->name);
	     encloser != NULL && domain_is_within(encloser, zone);
	     encloser = domain_parent(encloser)) {
		if (!hash(judgement, encloser, hashed))
			return;
		matching = find_record(judgement, hashed, false);
		if (matching == NULL) {
			memcpy(next_closer, hashed, sizeof(hashed));
			continue;
		}
		span = find_record(judgement, next_closer, true);
		if (span == NULL || !may_enclose(matching))
			return;
		judgement->finding->verdict = verdict;
		judgement->finding->reason = PROOF_JUDGE_REASON_OPT_OUT;
		keep_ttl(judgement->finding, span->rr);
		return;
	}
}

static void
judge_ds(const struct proof_judge_question *question,
    const struct packet_facts *facts, struct proof_judge_finding *finding)
{
	finding->ttl = facts->ttl;
	if (question->security != DNS_SECURE) {
		finding->verdict = PROOF_JUDGE_UNEXPLAINED;
		return;
	}
	for (size_t i = 0; i < facts->rdata_count; i++) {
		const struct dns_rdata *ds = &facts->rdata[i];

		/* key tag, algorithm, digest type, digest */
		if (ds->len > 4 && unbound_facts_validates(question->library,
				       ds->data[2], ds->data[3])) {
			finding->verdict = PROOF_JUDGE_SIGNED;
			return;
		}
	}
	finding->verdict = PROOF_JUDGE_PROVEN;
	finding->reason = PROOF_JUDGE_REASON_UNSUPPORTED;
}

/* Returns true where the records are unusable, with the reason set. */
static bool
is_beyond_use(struct judgement *judgement)
{
	static const char *const says[] = {
		[NSEC3_NONE] = NULL,
		[NSEC3_USABLE] = NULL,
		[NSEC3_MIXED] = "its NSEC3 records have different parameters",
		[NSEC3_TOO_MANY] = "it has too many NSEC3 records",
		[NSEC3_ABOVE_LIMIT] = "its NSEC3 records have more iterations "
				      "than are believed",
	};

	judgement->finding->why = says[judgement->nsec3.state];
	return judgement->finding->why != NULL;
}

static void
judge_nodata(struct judgement *judgement)
{
	struct proof_judge_finding *finding = judgement->finding;

	finding->verdict = PROOF_JUDGE_UNEXPLAINED;
	if (judgement->question->security != DNS_SECURE) {
		if (!is_beyond_use(judgement))
			find_opt_out(judgement, PROOF_JUDGE_PROVEN);
		return;
	}
	if (cut_by_nsec(judgement) || is_beyond_use(judgement))
		return;
	finding->verdict = PROOF_JUDGE_NO_CUT;
	cut_by_nsec3(judgement);
}

static void
judge_nxdomain(struct judgement *judgement)
{
	if (judgement->question->security == DNS_SECURE) {
		judgement->finding->verdict = PROOF_JUDGE_NO_NAME;
		return;
	}
	judgement->finding->verdict = PROOF_JUDGE_UNEXPLAINED;
	if (!is_beyond_use(judgement))
		find_opt_out(judgement, PROOF_JUDGE_PROVEN_NXDOMAIN);
}

static void
judge_denial(const struct proof_judge_question *question,
    enum dns_status status, struct proof_judge_finding *finding)
{
	struct judgement judgement = { .question = question,
		.finding = finding,
		.authority = ldns_pkt_authority(question->packet) };

	read_soas(&judgement);
	nsec3_collect(judgement.authority, question->name,
	    question->signed_zone, PROOF_JUDGE_NSEC3_LIMIT, &judgement.nsec3);
	if (status == DNS_NODATA)
		judge_nodata(&judgement);
	else
		judge_nxdomain(&judgement);
}

static bool
has_dname(const ldns_rr_list *answer, const char *zone)
{
	char owner[DOMAIN_TEXT_MAX];

	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);

		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_DNAME &&
		    packet_owner(rr, owner) == 0 && domain_equal(owner, zone))
			return true;
	}
	return false;
}

static bool
has_alias(const ldns_rr_list *answer)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		switch (ldns_rr_get_type(ldns_rr_list_rr(answer, i))) {
		case LDNS_RR_TYPE_CNAME:
		case LDNS_RR_TYPE_DNAME:
			return true;
		default:
			break;
		}
	}
	return false;
}

/* libunbound does not validate other rcodes. */
static bool
is_validated_rcode(ldns_pkt_rcode rcode)
{
	return rcode == LDNS_RCODE_NOERROR || rcode == LDNS_RCODE_NXDOMAIN;
}

void
proof_judge(const struct proof_judge_question *question,
    struct proof_judge_finding *finding)
{
	const ldns_rr_list *answer;
	struct packet_facts facts;

	memset(finding, 0, sizeof(*finding));
	finding->ttl = UINT32_MAX;
	if (question->packet == NULL)
		return;

	/* The query was answered with an alias to another name, possibly an
	 * unsigned one: the answer says nothing about this name. */
	answer = ldns_pkt_answer(question->packet);
	if (has_alias(answer)) {
		finding->verdict = PROOF_JUDGE_NO_CUT;
		finding->dname_at_apex =
		    has_dname(answer, question->signed_zone);
		return;
	}
	if ((question->security != DNS_SECURE &&
		question->security != DNS_INSECURE) ||
	    !is_validated_rcode(ldns_pkt_get_rcode(question->packet)) ||
	    packet_facts(
		question->packet, question->name, DNS_TYPE_DS, &facts) == -1)
		return;

	finding->ttl = facts.ttl;
	if (facts.status == DNS_OK)
		judge_ds(question, &facts, finding);
	else if (ldns_rr_list_rr_count(answer) != 0)
		finding->verdict = PROOF_JUDGE_NO_CUT;
	else if (facts.status == DNS_NODATA || facts.status == DNS_NXDOMAIN)
		judge_denial(question, facts.status, finding);
	packet_facts_clear(&facts);
}
