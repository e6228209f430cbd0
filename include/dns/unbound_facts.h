/*
 * unbound_facts.h - the capabilities of the loaded libunbound, found by testing
 * it.
 *
 * Which algorithms and digests it validates depends on its version and its
 * build options, and the proof of insecurity depends on it: a zone signed only
 * with algorithms that it can't check counts as not signed (RFC 4035 section
 * 5.2).  So libunbound itself is tested.
 *
 * Our other assumptions, and the tests that check them.  In
 * tests/unit/test_unbound_facts.c, against libunbound itself:
 *
 *   a failure from its cache comes with rcode 0, and SERVFAIL in the packet:
 * 	failure_from_the_cache_hides_in_the_packet
 *   bogus data come with rcode 0, in the packet, with a reason:
 * 	bogus_comes_with_data_and_reason
 *   queries for its local zones are answered at once:
 * 	probe_finds_what_is_validated
 *   it calls back inside ub_resolve_event() where its cache has the answer:
 * 	cached_answer_comes_inside_the_question
 *   ub_ctx_delete() calls back for all unfinished queries:
 * 	delete_calls_back_for_all
 *   two identical queries are sent once, and both wait for the answer:
 * 	twins_are_one_question
 *   a file without anchors is accepted, and makes everything insecure:
 * 	no_anchor_makes_everything_insecure
 *   what does not fit into a message comes empty, with TC, and is called
 *   insecure or secure all the same:
 * 	answer_that_is_too_large_is_empty
 *   domain-insecure applies to all names below it:
 * 	insecure_zone_is_insecure_below
 *   it answers for the zones in daemon/dns/zones.c locally, and for no zones
 *   near them:
 * 	built_in_zones_are_answered
 *   it takes a configuration from a file in memory, and reads it at once:
 * 	configuration_may_be_in_memory
 *   it remembers for a minute that it could not get a key:
 * 	missing_key_is_kept_for_a_minute
 *   it caches YXDOMAIN without validating it, or calls it a failure:
 * 	false_yxdomain_is_kept_unvalidated
 *   it tries at most nine signatures of an RRset:
 * 	few_signatures_are_tried
 *   it checks only once whether a signature has expired:
 * 	end_is_looked_at_once
 *   it writes the signatures of an RRset one after another, and their owner
 *   always in the same way:
 * 	signatures_of_a_set_stand_together
 *   the options that we set exist, with these defaults:
 * 	options_exist, localhost_is_asked_by_default
 *
 * In tests/unit/test_validator.c, with a signing name server, through
 * validator.h: secure, insecure and bogus answers, failures, NODATA without
 * SOA, NXDOMAIN inside the packet, missing keys, twins that hang.  In
 * tests/unit/test_unbound_option.c: the options that may be set.  In the lab:
 * which denials are insecure above the iteration limit (h151-hide.nsec of
 * tests/lab/matrix.py), opt-out, RFC 5011 (test_rollover.py), and at most 136
 * hashes for one answer, judged by their cost (deepsalts.nsec of
 * test_costly.py).
 */
#ifndef DNS_UNBOUND_FACTS_H
#define DNS_UNBOUND_FACTS_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;

/* All zero: it validates everything.  That is the cautious value: it gives TEMP
 * instead of "not signed". */
struct unbound_facts {
	bool no_algorithm[256]; /* of DNSKEY, IANA numbers */
	bool no_digest[256];    /* of DS */
};

/*
 * Test libunbound.  Nothing is sent, and the loop of @base does not run.  Takes
 * some 12 milliseconds; the result stays valid for the life of the process.
 * Facts that can't be found stay zero.  Returns -1 where none can be found,
 * with an error logged.
 */
int unbound_facts_probe(struct event_base *base, struct unbound_facts *facts);

/* Whether it validates a zone by a DS with these numbers. */
bool unbound_facts_validates(
    const struct unbound_facts *facts, uint8_t algorithm, uint8_t digest);

#endif /* DNS_UNBOUND_FACTS_H */
