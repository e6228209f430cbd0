/* signatures.c - whether a zone's signatures and DS records match its keys. */

#include "command/diagnose/signatures.h"

#include "dns/packet.h"

/* RFC 8624: SHA-1, SHA-256, SHA-384. */
static bool
is_known_digest(const ldns_rr *ds)
{
	const unsigned kind = ldns_rdf2native_int8(ldns_rr_rdf(ds, 2));

	return kind == 1 || kind == 2 || kind == 4;
}

static bool
fits_any(const ldns_rr *ds, const ldns_rr_list *keys)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(keys); i++) {
		const ldns_rr *key = ldns_rr_list_rr(keys, i);

		if (ldns_rr_get_type(key) == LDNS_RR_TYPE_DNSKEY &&
		    ldns_rr_compare_ds(ds, key))
			return true;
	}
	return false;
}

bool
signatures_fit(const ldns_pkt *ds, const ldns_pkt *keys)
{
	const ldns_rr_list *list = ldns_pkt_answer(ds);
	bool known = false;

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_DS ||
		    ldns_rr_rd_count(rr) != 4 || !is_known_digest(rr))
			continue;
		known = true;
		if (fits_any(rr, ldns_pkt_answer(keys)))
			return true;
	}
	return !known;
}

static bool
covers(const ldns_rr *rrsig, const ldns_rr *rr)
{
	return ldns_rdf2rr_type(ldns_rr_rrsig_typecovered(rrsig)) ==
		   ldns_rr_get_type(rr) &&
	       ldns_dname_compare(ldns_rr_owner(rrsig), ldns_rr_owner(rr)) == 0;
}

/* Whether the signature is valid for the records that it covers, or can't be
 * checked. */
static bool
is_valid(const ldns_rr_list *section, ldns_rr *rrsig, const ldns_rr_list *keys)
{
	ldns_rr_list *rrset = ldns_rr_list_new();
	ldns_status status = LDNS_STATUS_MEM_ERR;

	if (rrset == NULL)
		return true;
	for (size_t i = 0; i < ldns_rr_list_rr_count(section); i++) {
		ldns_rr *rr = ldns_rr_list_rr(section, i);

		if (covers(rrsig, rr))
			ldns_rr_list_push_rr(rrset, rr);
	}
	if (ldns_rr_list_rr_count(rrset) > 0)
		status =
		    ldns_verify_rrsig_keylist_notime(rrset, rrsig, keys, NULL);
	ldns_rr_list_free(rrset); /* keeps the records */
	return status != LDNS_STATUS_CRYPTO_BOGUS &&
	       status != LDNS_STATUS_CRYPTO_NO_MATCHING_KEYTAG_DNSKEY;
}

static bool
is_of_zone(const ldns_rr *rr, const char *zone)
{
	char signer[DOMAIN_TEXT_MAX];

	return ldns_rr_get_type(rr) == LDNS_RR_TYPE_RRSIG &&
	       ldns_rr_rd_count(rr) == 9 &&
	       packet_name(ldns_rr_rrsig_signame(rr), signer) == 0 &&
	       domain_equal(signer, zone);
}

/* One valid signature is enough for an RRset with several. */
static bool
has_valid_twin(const ldns_rr_list *section, const ldns_rr *bad,
    const ldns_rr_list *keys, const char *zone)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(section); i++) {
		ldns_rr *rr = ldns_rr_list_rr(section, i);

		if (rr != bad && is_of_zone(rr, zone) &&
		    ldns_dname_compare(ldns_rr_owner(rr), ldns_rr_owner(bad)) ==
			0 &&
		    ldns_rdf_compare(ldns_rr_rrsig_typecovered(rr),
			ldns_rr_rrsig_typecovered(bad)) == 0 &&
		    is_valid(section, rr, keys))
			return true;
	}
	return false;
}

static bool
is_section_bogus(
    const ldns_rr_list *section, const ldns_rr_list *keys, const char *zone)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(section); i++) {
		ldns_rr *rr = ldns_rr_list_rr(section, i);

		if (is_of_zone(rr, zone) && !is_valid(section, rr, keys) &&
		    !has_valid_twin(section, rr, keys, zone))
			return true;
	}
	return false;
}

static ldns_rr_list *
keys_of(const ldns_pkt *packet)
{
	const ldns_rr_list *list = ldns_pkt_answer(packet);
	ldns_rr_list *keys = ldns_rr_list_new();

	for (size_t i = 0; keys != NULL && i < ldns_rr_list_rr_count(list); i++)
		if (ldns_rr_get_type(ldns_rr_list_rr(list, i)) ==
		    LDNS_RR_TYPE_DNSKEY)
			ldns_rr_list_push_rr(keys, ldns_rr_list_rr(list, i));
	return keys;
}

bool
signatures_bogus(const ldns_pkt *packet, const ldns_pkt *keys, const char *zone)
{
	ldns_rr_list *list = keys_of(keys);
	bool bogus = false;

	if (list != NULL && ldns_rr_list_rr_count(list) > 0)
		bogus =
		    is_section_bogus(ldns_pkt_answer(packet), list, zone) ||
		    is_section_bogus(ldns_pkt_authority(packet), list, zone);
	ldns_rr_list_free(list);
	return bogus;
}
