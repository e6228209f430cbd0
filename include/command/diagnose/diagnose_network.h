/*
 * diagnose_network.h - what is wrong with this machine's way to the DNS,
 * before anybody's name servers are judged by what came along it.  Pure.
 */
#ifndef COMMAND_DIAGNOSE_DIAGNOSE_NETWORK_H
#define COMMAND_DIAGNOSE_DIAGNOSE_NETWORK_H

#include "command/diagnose/diagnose_facts.h"

/* Behaviours of findings that explain others, which are none then: none of the
 * root's servers is reached; somebody else answers for them; a forwarder of
 * zone "." does no DNSSEC. */
#define DIAGNOSIS_NO_INTERNET "no-internet"
#define DIAGNOSIS_INTERCEPTED "intercepted"
#define DIAGNOSIS_FORWARDER_UNSIGNED "forwarder-unsigned"

/* Who has answered the questions that were sent to the root's servers. */
enum diagnosis_root {
	DIAGNOSIS_ROOT_UNKNOWN, /* they were not asked */
	DIAGNOSIS_ROOT_SILENT,
	DIAGNOSIS_ROOT_FOREIGN, /* somebody else, or without DNSSEC */
	DIAGNOSIS_ROOT_ITSELF
};

enum diagnosis_root diagnosis_root(const struct diagnosis *to);

/* Whether what is known of that zone came from there. */
bool diagnose_depends_on_root(const struct diagnosis *to, size_t zone);

/* The finding for @root, where there is one. */
void diagnose_note_root(struct diagnosis *to, enum diagnosis_root root);

/* Whether that recursor is a forwarder of zone "." that does no DNSSEC; with
 * its finding then. */
bool diagnose_note_forwarder(struct diagnosis *to, size_t recursor);

/* All findings of servers that only IPv6 leads to become one note. */
void diagnose_fold_ipv6(struct diagnosis *to);

#endif /* COMMAND_DIAGNOSE_DIAGNOSE_NETWORK_H */
