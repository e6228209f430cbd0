/*
 * unbound_facts.h - what the libunbound that is loaded can do, found out from
 *itself.
 *
 * Which algorithms and digests it validates depends on its version and on what
 * it was built with, and the proof of insecurity rests on it: a zone signed
 * only with what nobody here can check counts as not signed (RFC 4035 section
 * 5.2).  So the library is asked.
 *
 * What else we assume of it, and the test that holds it to that.  In
 * tests/unit/test_unbound_facts.c, against the library itself:
 *
 *   a failure out of its cache comes with rcode 0, and SERVFAIL in the packet:
 *	failure_from_the_cache_hides_in_the_packet
 *   bogus data come with rcode 0, in the packet, with a reason:
 *	bogus_comes_with_data_and_reason
 *   what it serves itself it answers at once:
 *	probe_finds_what_is_validated
 *   it calls back inside ub_resolve_event() where its cache has the answer:
 *	cached_answer_comes_inside_the_question
 *   ub_ctx_delete() calls back for all that it works on:
 *	delete_calls_back_for_all
 *   the same question twice is asked once, and both wait for it:
 *	twins_are_one_question
 *   a file without anchors is taken, and makes everything insecure:
 *	no_anchor_makes_everything_insecure
 *   what does not fit into a message comes empty, with TC, and is called
 *   insecure or secure all the same:
 *	answer_that_is_too_large_is_empty
 *   domain-insecure goes for all names below it:
 *	insecure_zone_is_insecure_below
 *   the zones in daemon/dns/zones.c are answered by itself, and no others near
 *   them:
 *	built_in_zones_are_answered
 *   it takes a configuration from a file in memory, and reads it at once:
 *	configuration_may_be_in_memory
 *   a key that could not be had is missing for a minute:
 *	missing_key_is_kept_for_a_minute
 *   it keeps YXDOMAIN without validating it:
 *	false_yxdomain_is_kept_unvalidated
 *   of the signatures of an RRset it tries nine at most:
 *	few_signatures_are_tried
 *   whether a signature has ended it looks only once:
 *	end_is_looked_at_once
 *   it writes the signatures of an RRset one behind the other, and their owner
 *   always in the same way:
 *	signatures_of_a_set_stand_together
 *   the options by which we change it exist, with these defaults:
 *	options_exist, localhost_is_asked_by_default
 *
 * In tests/unit/test_validator.c, with a name server that signs, as validator.h
 * shows it: secure, insecure and bogus answers, failures, NODATA without SOA,
 * NXDOMAIN inside the packet, missing keys, twins that hang.  In
 * tests/unit/test_unbound_option.c: the options that may be set.  In the lab:
 * which denials are insecure above the limit of iterations
 * (h151-hide.nsec of tests/lab/matrix.py), opt-out, RFC 5011
 * (test_rollover.py), no more than 136 hashes for one answer, by what they cost
 * (deepsalts.nsec of test_costly.py).
 */
#ifndef DNS_UNBOUND_FACTS_H
#define DNS_UNBOUND_FACTS_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;

/* All zero: it validates everything.  That is the cautious value: TEMP in the
 * place of "not signed". */
struct unbound_facts {
	bool no_algorithm[256]; /* of DNSKEY, by IANA's numbers */
	bool no_digest[256];    /* of DS */
};

/*
 * Ask it.  Nothing is sent, and the loop of @base does not run; takes some 12
 * milliseconds, and the answer stays the same for as long as the process lives.
 * What it does not say is as in all zero; returns -1 where that
 * is all, and then it is logged.
 */
int unbound_facts_probe(struct event_base *base, struct unbound_facts *facts);

/* Whether it validates a zone by a DS of these. */
bool unbound_facts_validates(
    const struct unbound_facts *facts, uint8_t algorithm, uint8_t digest);

#endif /* DNS_UNBOUND_FACTS_H */
