/*
 * findings_trial.h - one server while it is judged: how it was asked, what it
 * has answered, and words for that.  Pure.
 */
#ifndef COMMAND_FINDINGS_TRIAL_H
#define COMMAND_FINDINGS_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "command/findings.h"
#include "command/probe_batch.h"

#define FINDINGS_RECURSOR_MS 10000 /* as long as the C library waits */

/* How a question can be put; probe_job's kind. */
enum findings_manner {
	FINDINGS_PLAIN,
	FINDINGS_EDNS,
	FINDINGS_DO,     /* 1232 octets */
	FINDINGS_SMALL,  /* DO, 512 octets */
	FINDINGS_LARGE,  /* DO, 4096 octets */
	FINDINGS_COOKIE, /* an EDNS option, which may be ignored */
	FINDINGS_TCP,    /* without EDNS */
	FINDINGS_MANNERS,
	/* of recursors */
	FINDINGS_RECURSE = FINDINGS_MANNERS,
	FINDINGS_RECURSE_DO,
	FINDINGS_RECURSE_CD,
	FINDINGS_KINDS
};

const struct dns_manner *findings_manner(enum findings_manner kind);

/* Who is judged. */
struct findings_subject {
	const char *zone;   /* of a recursor: NULL */
	const char *server; /* a name, or where it was found: a path */
	struct endpoint endpoint;
	bool is_signed; /* the zone has a DS record above it */
};

/* "192.0.2.1" or "192.0.2.1 -p 5353": as dig has it behind "@". */
void findings_address(const struct endpoint *endpoint, char text[64]);

/* "MX": of the types that are asked for. */
const char *findings_type(uint16_t type);

/* Texts and jobs are borrowed. */
struct findings_trial {
	struct findings *findings;
	const struct findings_subject *subject;
	const struct probe_job *const *job;
	size_t count;
	char address[64]; /* findings_address() of the subject */
};

#define FINDINGS_REMEDY_EDNS                                                   \
	"update the name server, or let the firewall before it pass EDNS "     \
	"(RFC 6891); until then only a resolver that falls back to plain DNS " \
	"gets answers: postdane"
#define FINDINGS_REMEDY_TCP                                                    \
	"let the server listen on TCP and the firewall pass port 53/tcp (RFC " \
	"7766)"

/* A finding of this server.  @job: that shows it, NULL for none; @remedy:
 * constant. */
void findings_put(const struct findings_trial *trial,
    enum findings_severity severity, bool fatal, const char *behaviour,
    const struct probe_job *job, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

/* The same of a job that went wrong, named "@prefix-refused" and so on.
 * @questions: what it did that to. */
void findings_put_outcome(const struct findings_trial *trial, bool fatal,
    const char *prefix, const struct probe_job *job, const char *questions,
    const char *remedy);

/* NULL where that was not asked. */
const struct probe_job *findings_get(const struct findings_trial *trial,
    const char *name, uint16_t type, enum findings_manner kind);

/* All take NULL, too, and say no. */
bool findings_is_answered(const struct probe_job *job);
/* An answer or a denial: something to work with. */
bool findings_is_fine(const struct probe_job *job);
bool findings_is_bad(const struct probe_job *job);

/* "dropped", "refused": the second half of a behaviour's name. */
const char *findings_outcome_key(const struct probe_job *job, char text[16]);
/* "drops", "answers REFUSED to": a verb for the questions that follow. */
const char *findings_outcome_verb(const struct probe_job *job, char text[48]);

#endif /* COMMAND_FINDINGS_TRIAL_H */
