/*
 * findings.h - from answers to words: which server fails how, who is to blame,
 * how to see it, how to mend it.  Pure.
 */
#ifndef COMMAND_FINDINGS_H
#define COMMAND_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "command/probe_batch.h"

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

enum findings_severity {
	FINDINGS_NOTE, /* no fault */
	FINDINGS_WARNING,
	FINDINGS_CRITICAL
};

/* Texts are printable. */
struct finding {
	enum findings_severity severity;
	bool fatal;                   /* who asks this server alone is lost */
	char behaviour[48];           /* "edns-dropped": for programs */
	char zone[DOMAIN_TEXT_MAX];   /* "" of a recursor and of postdane */
	char server[DOMAIN_TEXT_MAX]; /* its name; "" where it has none */
	char address[64];             /* "" of postdane */
	char text[1600];              /* what is wrong: one sentence */
	char blame[1200];             /* who */
	char dig[1400];               /* how to see it; "" for no such way */
	const char *remedy;           /* constant */
};

/* Grows; starts zeroed.  Adding fails only without memory, and then @lost. */
struct findings {
	struct finding *item;
	size_t count, size;
	bool lost;
};

/* Who is judged. */
struct findings_subject {
	const char *zone;   /* of a recursor: NULL */
	const char *server; /* a name, or where it was found: a path */
	struct endpoint endpoint;
	bool is_signed; /* the zone has a DS record above it */
};

/*
 * Judge one server by all its answers.  @job: of this server, any order; the
 * first question of the zone's is its SOA record.
 */
void findings_of_server(struct findings *findings,
    const struct findings_subject *subject, const struct probe_job *const *job,
    size_t count);

/*
 * Judge a recursor.  @is_signed tells for a job whether its zone is.
 * @domain_at_fault: the domain's own servers have findings.
 */
void findings_of_recursor(struct findings *findings,
    const struct findings_subject *subject, const struct probe_job *const *job,
    const bool *is_signed, size_t count, bool domain_at_fault);

/* Anything else.  @fill: severity, behaviour, text and so on. */
void findings_add(struct findings *findings, const struct finding *fill);

/* Where each of the @servers addresses of a zone has a fatal finding, all of
 * them become critical. */
void findings_weigh(
    struct findings *findings, const char *zone, size_t servers);

/* Whether a server of some zone has one that is more than a note. */
bool findings_blame_a_zone(const struct findings *findings);

/* The worst of all, and NOTE for none. */
enum findings_severity findings_worst(const struct findings *findings);

void findings_clear(struct findings *findings);

/* "192.0.2.1" or "192.0.2.1 -p 5353": as dig has it behind "@". */
void findings_address(const struct endpoint *endpoint, char text[64]);

/* "MX": of the types that are asked for. */
const char *findings_type(uint16_t type);

#endif /* COMMAND_FINDINGS_H */
