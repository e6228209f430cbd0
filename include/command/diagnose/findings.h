/*
 * findings.h - the list of findings: which server fails and how, who is
 * responsible, how to reproduce it, how to fix it.  Pure.
 */
#ifndef COMMAND_DIAGNOSE_FINDINGS_H
#define COMMAND_DIAGNOSE_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/domain.h"
#include "command/report.h"

/* Texts are printable. */
struct finding {
	enum report_severity severity;
	bool leads;                 /* explains others: shown first */
	bool fatal;                 /* a resolver with only this server fails */
	char behaviour[48];         /* "edns-dropped": an identifier */
	char zone[DOMAIN_TEXT_MAX]; /* "" for a recursor and for postdane */
	char server[DOMAIN_TEXT_MAX]; /* its name; "" if it has none */
	char address[64];             /* "" for postdane */
	char text[1600];              /* what is wrong: one sentence */
	char blame[1200];             /* who is responsible; "" for nobody */
	char dig[1400];     /* how to reproduce it; "" if impossible */
	const char *remedy; /* constant */
};

/* A growing list.  Initialise with zeros.  Adding fails only when out of
 * memory, and then sets @lost. */
struct findings {
	struct finding *item;
	size_t count, size;
	bool lost;
};

/* @fill: severity, behaviour, text and so on. */
void findings_add(struct findings *findings, const struct finding *fill);

/* Remove all findings of @behaviour.  Returns how many there were. */
size_t findings_remove(struct findings *findings, const char *behaviour);

/* Whether some finding explains others. */
bool findings_have_leader(const struct findings *findings);

/* Whether there is a finding of @behaviour. */
bool findings_has(const struct findings *findings, const char *behaviour);

/* If each of the @servers addresses of @zone has a fatal finding, all of these
 * become critical. */
void findings_weigh(
    struct findings *findings, const char *zone, size_t servers);

/* Whether a server of a zone has a finding that is more than a note. */
bool findings_blame_a_zone(const struct findings *findings);

/* The worst severity; NOTE if there are no findings. */
enum report_severity findings_worst(const struct findings *findings);

void findings_clear(struct findings *findings);

#endif /* COMMAND_DIAGNOSE_FINDINGS_H */
