/* dane.c - gather the DANE evidence for one next hop. */

#include "dane/dane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/domain.h"
#include "base/timer.h"
#include "dane/dane_host.h"
#include "dane/evidence.h"
#include "dane/flight.h"
#include "dane/mx.h"
#include "dns/budget.h"

/*
 * Hosts of one next hop that are evaluated at a time.  Each host may be in a
 * different zone with silent servers, so the limit per zone does not help here.
 * This many dead hosts delay the others by one lookup deadline; up to twice as
 * many, less one, leave enough time for the rest.
 */
#define HOSTS_AT_ONCE 4
/* Once validation has taken this many microseconds, hosts are evaluated one at
 * a time.  Answers to parallel queries may be validated back to back, and
 * meanwhile no other client is served. */
#define DEAR_US 20000

/*
 * STARTING  until the event loop runs
 *           -> MX; HOSTS for a next hop in brackets
 * MX        the MX lookup is in flight
 *           -> HOSTS: there are records, or there is no MX and the domain is
 *              the host; DONE: no host, hosts that do not matter, failed
 * HOSTS     each host by itself (dane_host.c), some at a time
 *           -> DONE: the last one is done
 * DONE      nothing is in flight, nothing starts any more; what was found is
 *           handed over from the event loop
 *
 * Where memory ends, and at the deadline, DONE follows: in MX, MX has failed;
 * in HOSTS, all hosts that are not done.
 */
enum dane_state { DANE_STARTING = 0, DANE_MX, DANE_HOSTS, DANE_DONE };

struct dane {
	enum dane_state state; /* set by change_state() only */
	dane_cb cb;
	void *arg;
	struct dane_work work;
	struct dane_question question; /* its domain is that of the evidence */
	struct timer *deadline;
	struct timer *turn; /* of the event loop: to begin, and to hand over */
	struct flight mx;
	struct dane_host_run *host[MX_HOSTS_MAX];
	size_t host_count;
	uint64_t started; /* clock_ms() */
};

/* ---- states ---- */

static void
change_state(struct dane *dane, enum dane_state state)
{
	dane->state = state;
	if (state != DANE_DONE)
		return;
	flight_cancel(&dane->mx);
	timer_stop(dane->deadline);
	timer_now(dane->turn);
}

/* The MX lookup has no result. @why: taken over; NULL when out of memory. */
static void
fail(struct dane *dane, char *why)
{
	dane->work.evidence->mx = DANE_MX_FAILED;
	dane->work.evidence->mx_why = why;
	change_state(dane, DANE_DONE);
}

/* ---- hosts ---- */

static const char *
parent_of(const struct dane *dane, size_t i)
{
	return domain_parent(dane->work.evidence->host[i].name);
}

/* The name has the same parent as a host being evaluated, so both may well be
 * in the same zone. */
static bool
is_beside_running(const struct dane *dane, size_t i)
{
	const char *parent = parent_of(dane, i);

	for (size_t k = 0; k < dane->host_count; k++) {
		const char *other = parent_of(dane, k);

		if (dane_host_is_running(dane->host[k]) && parent != NULL &&
		    other != NULL && domain_equal(parent, other))
			return true;
	}
	return false;
}

/* In list order, but hosts beside a running one come last: if half of the hosts
 * hang in one zone, the others must not wait for them.  NULL if none is
 * left. */
static struct dane_host_run *
next_host(const struct dane *dane)
{
	struct dane_host_run *first = NULL;

	for (size_t i = 0; i < dane->host_count; i++) {
		struct dane_host_run *host = dane->host[i];

		if (!dane_host_is_waiting(host))
			continue;
		if (!is_beside_running(dane, i))
			return host;
		if (first == NULL)
			first = host;
	}
	return first;
}

static size_t
count_running(const struct dane *dane)
{
	size_t count = 0;

	for (size_t i = 0; i < dane->host_count; i++)
		count += dane_host_is_running(dane->host[i]);
	return count;
}

/* How many hosts may be evaluated at a time. */
static size_t
hosts_at_once(const struct dane *dane)
{
	const uint64_t spent =
	    BUDGET_VALIDATION_MAX - dane->work.budget->left[BUDGET_VALIDATION];

	return spent < DEAR_US ? HOSTS_AT_ONCE : 1;
}

/* Starts hosts, as long as there is room; ends when all are done. */
static void
go_on(struct dane *dane)
{
	struct dane_host_run *host;

	while (dane->state == DANE_HOSTS &&
	       count_running(dane) < hosts_at_once(dane) &&
	       (host = next_host(dane)) != NULL)
		dane_host_start(host);
	if (dane->state == DANE_HOSTS && count_running(dane) == 0)
		change_state(dane, DANE_DONE);
}

static void
on_host(void *arg)
{
	go_on(arg);
}

/* @count: at least 1.  Returns 0, or -1 when out of memory. */
static int
make_hosts(struct dane *dane, const struct mx_host *mx, size_t count)
{
	struct dane_evidence *evidence = dane->work.evidence;

	if (dane_evidence_set_hosts(evidence, mx, count) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		dane->host[i] = dane_host_new(
		    &dane->work, &evidence->host[i], on_host, dane);
		if (dane->host[i] == NULL)
			return -1;
		dane->host_count++;
	}
	return 0;
}

static bool
hosts_matter(const struct dane *dane)
{
	return dane->work.evidence->mx_security == DNS_SECURE ||
	       dane->question.insecure_mx_hosts;
}

static void
start_hosts(struct dane *dane, const struct mx_host *mx, size_t count)
{
	if (make_hosts(dane, mx, count) == -1) {
		fail(dane, strdup("out of memory"));
		return;
	}
	if (!hosts_matter(dane)) {
		change_state(dane, DANE_DONE);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (mx[i].is_address)
			dane_host_end(dane->host[i], DANE_HOST_INSECURE,
			    "a numeric name, which can have no TLSA");
	change_state(dane, DANE_HOSTS);
	go_on(dane);
}

/* The next hop itself is the host: no MX record, or brackets. */
static void
start_single_host(struct dane *dane)
{
	const struct mx_host self = { .name = dane->work.evidence->domain };

	dane->work.evidence->mx = DANE_MX_HOSTS;
	start_hosts(dane, &self, 1);
}

/* ---- MX ---- */

static void
use_mx(struct dane *dane, const struct dns_answer *answer)
{
	struct dane_evidence *evidence = dane->work.evidence;
	struct mx_set set;

	if (mx_set_parse(answer->rdata, answer->rdata_count, &set) == -1) {
		fail(dane, strdup("out of memory"));
		return;
	}
	evidence->mx = set.null_mx ? DANE_MX_NULL : DANE_MX_HOSTS;
	evidence->truncated = set.truncated;
	if (set.count == 0)
		change_state(dane, DANE_DONE);
	else
		start_hosts(dane, set.host, set.count);
	mx_set_clear(&set);
}

static void
on_mx(void *arg, struct dns_answer *answer)
{
	struct dane *dane = arg;
	struct dane_evidence *evidence = dane->work.evidence;

	evidence->mx_security = answer->security;
	switch (answer->status) {
	case DNS_OK:
		use_mx(dane, answer);
		break;
	case DNS_NODATA:
		evidence->implicit_mx = true;
		start_single_host(dane);
		break;
	case DNS_NXDOMAIN:
		evidence->mx = DANE_MX_NXDOMAIN;
		change_state(dane, DANE_DONE);
		break;
	case DNS_FAILED:
		evidence->mx = answer->security == DNS_INSECURE
				   ? DANE_MX_NO_DATA
				   : DANE_MX_FAILED;
		evidence->mx_why = dane_evidence_fault(answer);
		change_state(dane, DANE_DONE);
		break;
	}
}

/* Returns false if it cannot be asked. */
static bool
ask_mx(struct dane *dane)
{
	struct dane_evidence *evidence = dane->work.evidence;
	const struct flight_question question = { .name = evidence->domain,
		.type = DNS_TYPE_MX,
		.need = LOOKUP_NEED_DATA,
		.step = 1 };
	const struct flight_list list = { evidence->mx_lookup,
		&evidence->mx_lookup_count };

	return flight_start(
	    &dane->mx, &dane->work, &question, list, on_mx, dane);
}

/* ---- begin, deadline, end ---- */

static void
begin(struct dane *dane)
{
	timer_in_ms(dane->deadline, dane->question.deadline * UINT64_C(1000));
	if (!dane->question.use_mx) {
		dane->work.evidence->mx_security = DNS_SECURE;
		start_single_host(dane);
		return;
	}
	change_state(dane, DANE_MX);
	if (!ask_mx(dane))
		fail(dane, strdup("MX can't be asked"));
}

/* Everything unfinished has failed. */
static void
on_deadline(void *arg)
{
	struct dane *dane = arg;
	char text[DANE_WHY_MAX];

	snprintf(text, sizeof(text),
	    "DNS of %.80s: not concluded within %u seconds",
	    dane->work.evidence->domain, dane->question.deadline);
	if (dane->state == DANE_MX) {
		fail(dane, strdup(text));
		return;
	}
	/* First of all, so that no host starts in the place of another. */
	change_state(dane, DANE_DONE);
	for (size_t i = 0; i < dane->host_count; i++)
		dane_host_end(dane->host[i], DANE_HOST_FAILED, text);
}

static void
dane_free(struct dane *dane)
{
	flight_cancel(&dane->mx);
	for (size_t i = 0; i < dane->host_count; i++)
		dane_host_free(dane->host[i]);
	timer_free(dane->deadline);
	timer_free(dane->turn);
	dane_evidence_free(dane->work.evidence);
	budget_release(dane->work.budget);
	free(dane);
}

/* Computed at the end: the first answers may be much older than the last. */
static uint32_t
seconds_left(const struct dane_evidence *evidence)
{
	const uint64_t now = clock_ms();

	return evidence->expires > now
		   ? (uint32_t)((evidence->expires - now + 999) / 1000)
		   : 0;
}

static void
hand_over(struct dane *dane)
{
	struct dane_evidence *evidence = dane->work.evidence;
	const dane_cb cb = dane->cb;
	void *cb_arg = dane->arg;

	evidence->ms = (unsigned)(clock_ms() - dane->started);
	if (evidence->expires == UINT64_MAX)
		evidence->expires = clock_ms();
	evidence->ttl = seconds_left(evidence);
	dane->work.evidence = NULL;
	dane_free(dane);
	cb(cb_arg, evidence);
}

static void
on_turn(void *arg)
{
	struct dane *dane = arg;

	if (dane->state == DANE_STARTING)
		begin(dane);
	else
		hand_over(dane);
}

/* ---- create and cancel ---- */

struct dane *
dane_evaluate(struct event_base *base, struct resolver *resolver,
    struct tlsa_checker *checker, const struct dane_question *question,
    dane_cb cb, void *arg)
{
	struct dane *dane = calloc(1, sizeof(*dane));

	if (dane == NULL)
		return NULL;
	dane->work.resolver = resolver;
	dane->work.checker = checker;
	dane->cb = cb;
	dane->arg = arg;
	dane->question = *question;
	dane->started = clock_ms();
	dane->work.budget = budget_new(question->class);
	if (dane->work.budget == NULL ||
	    (dane->work.evidence = dane_evidence_new(
		 question->domain, question->port)) == NULL) {
		budget_release(dane->work.budget);
		free(dane);
		return NULL;
	}
	dane->question.domain = dane->work.evidence->domain;
	dane->deadline = timer_new(base, on_deadline, dane);
	dane->turn = timer_new(base, on_turn, dane);
	if (dane->deadline == NULL || dane->turn == NULL) {
		dane_free(dane);
		return NULL;
	}
	timer_now(dane->turn);
	return dane;
}

void
dane_cancel(struct dane *dane)
{
	if (dane != NULL)
		dane_free(dane);
}
