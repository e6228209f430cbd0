/*
 * diagnose_network.h - faults of this machine's access to the DNS, which must
 * not be blamed on name servers.  Pure.
 */
#ifndef COMMAND_DIAGNOSE_DIAGNOSE_NETWORK_H
#define COMMAND_DIAGNOSE_DIAGNOSE_NETWORK_H

#include "command/diagnose/diagnose_facts.h"

/* Behaviours of findings that explain others, which are then not reported: no
 * root server is reachable; another server answers in their place; a forwarder
 * of zone "." does not support DNSSEC. */
#define DIAGNOSIS_NO_INTERNET "no-internet"
#define DIAGNOSIS_INTERCEPTED "intercepted"
#define DIAGNOSIS_FORWARDER_UNSIGNED "forwarder-unsigned"

/* The source of answers to the queries sent to the root servers. */
enum diagnosis_root {
	DIAGNOSIS_ROOT_UNKNOWN, /* they were not queried */
	DIAGNOSIS_ROOT_SILENT,
	DIAGNOSIS_ROOT_FOREIGN, /* another server, or no DNSSEC */
	DIAGNOSIS_ROOT_ITSELF
};

enum diagnosis_root diagnosis_root(const struct diagnosis *to);

/* Whether all facts about the zone depend on the root servers. */
bool diagnose_depends_on_root(const struct diagnosis *to, size_t zone);

/* Add the finding for @root, if there is one. */
void diagnose_note_root(struct diagnosis *to, enum diagnosis_root root);

/* Whether the recursor is a forwarder of zone "." without DNSSEC; if so, add
 * the finding. */
bool diagnose_note_forwarder(struct diagnosis *to, size_t recursor);

/* Merge all findings about servers that are reachable only over IPv6 into one
 * note. */
void diagnose_fold_ipv6(struct diagnosis *to);

#endif /* COMMAND_DIAGNOSE_DIAGNOSE_NETWORK_H */
