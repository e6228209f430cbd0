/*
 * resolver.h - a resolver that answers from a table, or not at all, or cannot
 * even ask; and records to fill the table with.
 */
#ifndef TESTS_FAKES_RESOLVER_H
#define TESTS_FAKES_RESOLVER_H

#include <check.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "dns/answer.h"
#include "dns/budget.h"
#include "dns/resolver.h"

#define TABLE_MAX 12

/* ---- a resolver ---- */

enum way {
	ANSWERS = 0,
	SILENT, /* until it is cancelled */
	REFUSES /* no memory to ask */
};

struct line {
	const char *name;
	uint16_t type;
	enum way way;
	enum dns_status status;
	enum dns_security security;
	struct dns_rdata rdata;
	const char *target; /* of an alias; NULL */
	enum dns_security first_link;
	uint32_t ttl;                 /* 0: 300 */
	const struct dns_rdata *many; /* instead of rdata; NULL */
	size_t many_count;
	const struct dns_part *message; /* instead of all these; NULL */
};

struct resolver {
	struct event_base *base;
	const struct line *line; /* up to one without a name */
	unsigned asked, cancelled;
	unsigned in_flight, most; /* at a time */
	/* How it was asked last. */
	enum lookup_need need;
	enum lookup_class class;
	unsigned of_class[LOOKUP_CLASSES]; /* asked */
};

struct resolver_lookup {
	struct resolver *resolver;
	const struct line *line;
	struct event *event;
	char *name;
	uint16_t type;
	resolver_cb cb;
	void *arg;
};

static void
lookup_free(struct resolver_lookup *lookup)
{
	event_free(lookup->event);
	free(lookup->name);
	free(lookup);
}

static struct dns_rdata
copy_rdata(const struct dns_rdata *from)
{
	void *data = malloc(from->len);

	ck_assert_ptr_nonnull(data);
	return (struct dns_rdata){ .data = memcpy(data, from->data, from->len),
		.len = from->len };
}

static void
add_message(struct dns_answer *answer, const struct dns_part *message)
{
	struct dns_part *part = calloc(1, sizeof(*part));

	ck_assert_ptr_nonnull(part);
	part->len = message->len;
	ck_assert_ptr_nonnull(part->wire = malloc(part->len));
	memcpy(part->wire, message->wire, part->len);
	answer->parts = part;
	answer->part_count = 1;
}

/* What the line has, in memory that answer_unref() frees. */
static void
add_rdata(struct dns_answer *answer, const struct line *line)
{
	const struct dns_rdata *from =
	    line->many != NULL ? line->many : &line->rdata;
	const size_t count = line->many != NULL ? line->many_count : 1;

	answer->rdata = calloc(count, sizeof(*answer->rdata));
	ck_assert_ptr_nonnull(answer->rdata);
	for (size_t i = 0; i < count; i++)
		answer->rdata[i] = copy_rdata(&from[i]);
	answer->rdata_count = count;
}

static void
deliver(evutil_socket_t fd, short what, void *arg)
{
	struct resolver_lookup *lookup = arg;
	const struct line *line = lookup->line;
	struct dns_answer *answer = answer_new(lookup->name, lookup->type);

	(void)fd;
	(void)what;
	ck_assert_ptr_nonnull(answer);
	answer->status = line->status;
	answer->security = line->security;
	answer->first_link = line->first_link;
	answer->rung = DNS_RUNG_VALIDATED;
	answer->ttl = line->ttl != 0 ? line->ttl : 300;
	if (line->target != NULL) {
		free(answer->rname);
		answer->rname = strdup(line->target);
	}
	if (line->message != NULL)
		add_message(answer, line->message);
	else if (line->status == DNS_OK)
		add_rdata(answer, line);
	lookup->resolver->in_flight--;
	lookup->cb(lookup->arg, answer);
	answer_unref(answer);
	lookup_free(lookup);
}

/* Microseconds. */
static uint64_t spent_on_each;

struct resolver_lookup *
resolver_lookup(struct resolver *resolver, const char *name, uint16_t type,
    enum lookup_need need, enum lookup_class class, struct budget *budget,
    resolver_cb cb, void *arg)
{
	const struct line *line = resolver->line;
	struct resolver_lookup *lookup;

	resolver->need = need;
	resolver->class = class;
	resolver->of_class[class]++;
	ck_assert_ptr_nonnull(budget);
	budget_charge(budget, BUDGET_VALIDATION, spent_on_each);
	while (line->name != NULL &&
	       (strcmp(line->name, name) != 0 || line->type != type))
		line++;
	ck_assert_msg(line->name != NULL, "asked for %s %u", name, type);
	resolver->asked++;
	if (line->way == REFUSES)
		return NULL;
	if (++resolver->in_flight > resolver->most)
		resolver->most = resolver->in_flight;
	lookup = calloc(1, sizeof(*lookup));
	*lookup = (struct resolver_lookup){ .resolver = resolver,
		.line = line,
		.event = event_new(resolver->base, -1, 0, deliver, lookup),
		.name = strdup(name),
		.type = type,
		.cb = cb,
		.arg = arg };
	if (line->way == ANSWERS)
		event_active(lookup->event, EV_TIMEOUT, 0);
	return lookup;
}

void
resolver_cancel(struct resolver_lookup *lookup)
{
	if (lookup == NULL)
		return;
	lookup->resolver->cancelled++;
	lookup->resolver->in_flight--;
	lookup_free(lookup);
}

static int forget_result; /* of the next resolver_forget() */

int
resolver_forget(struct resolver *resolver)
{
	(void)resolver;
	return forget_result;
}

/* ---- records ---- */

static const uint8_t mx_wire[] = { 0, 10, 2, 'm', 'x', 7, 'e', 'x', 'a', 'm',
	'p', 'l', 'e', 3, 'o', 'r', 'g', 0 };
static const uint8_t a_wire[] = { 192, 0, 2, 1 };
static const uint8_t aaaa_wire[16] = { 0x20, 1, 0xd, 0xb8 };
static const uint8_t ee_wire[35] = { 3, 1, 1, 7 };

#define RDATA(wire) .rdata = { (wire), sizeof(wire) }
#define MX(security_)                                                          \
	{                                                                      \
		"example.org", DNS_TYPE_MX, ANSWERS, DNS_OK, security_,        \
		    RDATA(mx_wire)                                             \
	}
#define A(security_)                                                           \
	{                                                                      \
		"mx.example.org", DNS_TYPE_A, ANSWERS, DNS_OK, security_,      \
		    RDATA(a_wire)                                              \
	}
#define AAAA(security_)                                                        \
	{                                                                      \
		"mx.example.org", DNS_TYPE_AAAA, ANSWERS, DNS_OK, security_,   \
		    RDATA(aaaa_wire)                                           \
	}
#define TLSA(security_)                                                        \
	{                                                                      \
		"_25._tcp.mx.example.org", DNS_TYPE_TLSA, ANSWERS, DNS_OK,     \
		    security_, RDATA(ee_wire)                                  \
	}
#define DENIED(name_, type_, status_, security_)                               \
	{                                                                      \
		.name = (name_), .type = (type_), .status = (status_),         \
		.security = (security_)                                        \
	}
#define FAILS(name_, type_, security_)                                         \
	DENIED(name_, type_, DNS_FAILED, security_)
#define NO(way_, name_, type_)                                                 \
	{                                                                      \
		.name = (name_), .type = (type_), .way = (way_)                \
	}
#define HOST "mx.example.org"
#define OWNER "_25._tcp.mx.example.org"

#endif /* TESTS_FAKES_RESOLVER_H */
