/*
 * findings.h - what diagnosis has found, as a list: which server fails how, who
 * is to blame, how to see it, how to mend it.  Pure.
 */
#ifndef COMMAND_DIAGNOSE_FINDINGS_H
#define COMMAND_DIAGNOSE_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/domain.h"

enum findings_severity {
	FINDINGS_NOTE, /* no fault */
	FINDINGS_WARNING,
	FINDINGS_UNKNOWN, /* there may be anything that could not be seen */
	FINDINGS_CRITICAL
};

/* Texts are printable. */
struct finding {
	enum findings_severity severity;
	bool leads;                   /* explains others: to be read first */
	bool fatal;                   /* who asks this server alone is lost */
	char behaviour[48];           /* "edns-dropped": for programs */
	char zone[DOMAIN_TEXT_MAX];   /* "" of a recursor and of postdane */
	char server[DOMAIN_TEXT_MAX]; /* its name; "" where it has none */
	char address[64];             /* "" of postdane */
	char text[1600];              /* what is wrong: one sentence */
	char blame[1200];             /* who; "" for nobody */
	char dig[1400];               /* how to see it; "" for no such way */
	const char *remedy;           /* constant */
};

/* Grows; starts zeroed.  Adding fails only without memory, and then @lost. */
struct findings {
	struct finding *item;
	size_t count, size;
	bool lost;
};

/* @fill: severity, behaviour, text and so on. */
void findings_add(struct findings *findings, const struct finding *fill);

/* Take all of that behaviour away.  Returns how many there were. */
size_t findings_remove(struct findings *findings, const char *behaviour);

/* Whether there is one that explains others. */
bool findings_have_leader(const struct findings *findings);

/* Whether there is one of that behaviour. */
bool findings_has(const struct findings *findings, const char *behaviour);

/* Where each of the @servers addresses of a zone has a fatal finding, all of
 * them become critical. */
void findings_weigh(
    struct findings *findings, const char *zone, size_t servers);

/* Whether a server of some zone has one that is more than a note. */
bool findings_blame_a_zone(const struct findings *findings);

/* The worst of all, and NOTE for none. */
enum findings_severity findings_worst(const struct findings *findings);

void findings_clear(struct findings *findings);

#endif /* COMMAND_DIAGNOSE_FINDINGS_H */
