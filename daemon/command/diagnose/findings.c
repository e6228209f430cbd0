/* findings.c - the list of findings. */

#include "command/diagnose/findings.h"

#include <stdlib.h>
#include <string.h>

void
findings_add(struct findings *findings, const struct finding *fill)
{
	/* Only the first finding of a kind is kept. */
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *other = &findings->item[i];

		if (strcmp(other->behaviour, fill->behaviour) == 0 &&
		    strcmp(other->zone, fill->zone) == 0 &&
		    strcmp(other->server, fill->server) == 0 &&
		    strcmp(other->address, fill->address) == 0)
			return;
	}
	if (findings->count == findings->size) {
		const size_t size = findings->size > 0 ? 2 * findings->size : 8;
		struct finding *item =
		    realloc(findings->item, size * sizeof(*item));

		if (item == NULL) {
			findings->lost = true;
			return;
		}
		findings->item = item;
		findings->size = size;
	}
	findings->item[findings->count++] = *fill;
}

size_t
findings_remove(struct findings *findings, const char *behaviour)
{
	size_t kept = 0;
	const size_t before = findings->count;

	for (size_t i = 0; i < before; i++) {
		const struct finding *item = &findings->item[i];

		if (strcmp(item->behaviour, behaviour) == 0)
			continue;
		if (kept != i)
			findings->item[kept] = *item;
		kept++;
	}
	findings->count = kept;
	return before - kept;
}

bool
findings_have_leader(const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		if (findings->item[i].leads)
			return true;
	return false;
}

bool
findings_has(const struct findings *findings, const char *behaviour)
{
	for (size_t i = 0; i < findings->count; i++)
		if (strcmp(findings->item[i].behaviour, behaviour) == 0)
			return true;
	return false;
}

void
findings_weigh(struct findings *findings, const char *zone, size_t servers)
{
	size_t guilty = 0;

	for (size_t i = 0; i < findings->count; i++) {
		bool first = findings->item[i].fatal &&
			     strcmp(findings->item[i].zone, zone) == 0;

		for (size_t j = 0; first && j < i; j++)
			if (findings->item[j].fatal &&
			    strcmp(findings->item[j].zone, zone) == 0 &&
			    strcmp(findings->item[j].address,
				findings->item[i].address) == 0)
				first = false;
		guilty += first;
	}
	if (guilty == 0 || guilty < servers)
		return;
	for (size_t i = 0; i < findings->count; i++)
		if (findings->item[i].fatal &&
		    strcmp(findings->item[i].zone, zone) == 0)
			findings->item[i].severity = REPORT_CRITICAL;
}

bool
findings_blame_a_zone(const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		if (findings->item[i].severity > REPORT_NOTE &&
		    findings->item[i].zone[0] != '\0')
			return true;
	return false;
}

enum report_severity
findings_worst(const struct findings *findings)
{
	enum report_severity worst = REPORT_NOTE;

	for (size_t i = 0; i < findings->count; i++)
		if (findings->item[i].severity > worst)
			worst = findings->item[i].severity;
	return worst;
}

void
findings_clear(struct findings *findings)
{
	free(findings->item);
	memset(findings, 0, sizeof(*findings));
}
