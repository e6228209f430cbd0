/*
 * diagnose_answers.h - the answers of one server, and texts about them.  Pure.
 */
#ifndef COMMAND_DIAGNOSE_DIAGNOSE_ANSWERS_H
#define COMMAND_DIAGNOSE_DIAGNOSE_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "command/diagnose/findings.h"
#include "command/dns/dns_probe_batch.h"

#define DIAGNOSE_RECURSOR_MS 10000 /* the C library's timeout */

/* How a query is sent; kind of struct dns_probe_job. */
enum diagnose_manner {
	DIAGNOSE_PLAIN,
	DIAGNOSE_EDNS,
	DIAGNOSE_DO,     /* 1232 octets */
	DIAGNOSE_SMALL,  /* DO, 512 octets */
	DIAGNOSE_LARGE,  /* DO, 4096 octets */
	DIAGNOSE_COOKIE, /* an EDNS option; a server may ignore it */
	DIAGNOSE_TCP,    /* without EDNS */
	DIAGNOSE_MANNERS,
	/* for recursors */
	DIAGNOSE_RECURSE = DIAGNOSE_MANNERS,
	DIAGNOSE_RECURSE_DO,
	DIAGNOSE_RECURSE_CD,
	DIAGNOSE_KINDS
};

const struct dns_manner *diagnose_manner(enum diagnose_manner kind);

/* The server that is judged. */
struct diagnose_subject {
	const char *zone;   /* NULL for a recursor */
	const char *server; /* name; for a recursor: path of its file */
	struct endpoint endpoint;
	bool is_signed; /* the zone has a DS record at its parent */
};

/* "192.0.2.1" or "192.0.2.1 -p 5353": for dig, after "@". */
void diagnose_address(const struct endpoint *endpoint, char text[64]);

/* "MX": the name of a type that is queried. */
const char *diagnose_type(uint16_t type);

/* Texts and jobs are borrowed. */
struct diagnose_answers {
	struct findings *findings;
	const struct diagnose_subject *subject;
	const struct dns_probe_job *const *job;
	size_t count;
	char address[64]; /* diagnose_address() of the subject */
};

#define DIAGNOSE_REMEDY_EDNS                                                   \
	"update the name server, or let the firewall before it pass EDNS "     \
	"(RFC 6891); until then only a resolver that falls back to plain DNS " \
	"gets answers: postdane"
#define DIAGNOSE_REMEDY_TCP                                                    \
	"let the server listen on TCP and the firewall pass port 53/tcp (RFC " \
	"7766)"

/* Add a finding about this server.  @job: the example, or NULL; @remedy:
 * constant. */
void diagnose_put(const struct diagnose_answers *trial,
    enum report_severity severity, bool fatal, const char *behaviour,
    const struct dns_probe_job *job, const char *remedy, const char *format,
    ...) __attribute__((format(printf, 7, 8)));

/* The same for a job that failed; the behaviour is "@prefix-refused" and so on.
 * @questions: the affected queries. */
void diagnose_put_outcome(const struct diagnose_answers *trial, bool fatal,
    const char *prefix, const struct dns_probe_job *job, const char *questions,
    const char *remedy);

/* Returns NULL if that was not queried. */
const struct dns_probe_job *diagnose_get(const struct diagnose_answers *trial,
    const char *name, uint16_t type, enum diagnose_manner kind);

/* These return false for NULL. */
bool diagnose_is_answered(const struct dns_probe_job *job);
/* A usable answer or denial. */
bool diagnose_is_fine(const struct dns_probe_job *job);
bool diagnose_is_bad(const struct dns_probe_job *job);

/* "dropped", "refused": the second half of a behaviour's name. */
const char *diagnose_outcome_key(
    const struct dns_probe_job *job, char text[16]);
/* "drops", "answers REFUSED to": a verb, to be followed by the queries. */
const char *diagnose_outcome_verb(
    const struct dns_probe_job *job, char text[48]);

#endif /* COMMAND_DIAGNOSE_DIAGNOSE_ANSWERS_H */
