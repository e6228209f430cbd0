/* dane.c - gather the DANE evidence for one next hop. */

#include "dane/dane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/domain.h"
#include "dane/evidence.h"
#include "dane/flight.h"
#include "dane/mx.h"
#include "dane/tlsa.h"
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

/* The lookups of a host that can be in flight at a time. */
enum slot { SLOT_A, SLOT_AAAA, SLOT_TLSA, SLOTS };

enum host_state {
	HOST_WAITING = 0, /* no lookup started */
	HOST_ADDRESSES,   /* A and AAAA in progress, none secure so far */
	HOST_TLSA,        /* TLSA in progress */
	HOST_DONE
};

struct host;

struct host {
	struct dane *dane;
	struct dane_host *evidence;
	enum host_state state;
	struct flight flight[SLOTS];
	struct dns_answer *address[2]; /* index: SLOT_A, SLOT_AAAA; borrowed
					* from the evidence */
	char base[2][DOMAIN_TEXT_MAX]; /* TLSA base domains, in order */
	unsigned bases, base_at;
};

struct dane {
	struct event_base *event_base;
	dane_cb cb;
	void *arg;
	struct dane_work work;
	struct dane_question question; /* its domain is that of the evidence */
	struct event *deadline;
	struct event *done; /* delivers the evidence from the event loop */
	struct flight mx;
	struct host *host;
	size_t host_count, hosts_left;
	size_t hosts_running;
	bool may_start;   /* start further hosts */
	uint64_t started; /* clock_ms() */
};

/* ---- the end ---- */

static void
cancel_host(struct host *host)
{
	for (int k = 0; k < SLOTS; k++)
		flight_cancel(&host->flight[k]);
}

static void
cancel_lookups(struct dane *dane)
{
	flight_cancel(&dane->mx);
	for (size_t i = 0; i < dane->host_count; i++)
		cancel_host(&dane->host[i]);
}

static void
dane_free(struct dane *dane)
{
	cancel_lookups(dane);
	if (dane->deadline != NULL)
		event_free(dane->deadline);
	if (dane->done != NULL)
		event_free(dane->done);
	dane_evidence_free(dane->work.evidence);
	free(dane->host);
	budget_release(dane->work.budget);
	free(dane);
}

void
dane_cancel(struct dane *dane)
{
	if (dane != NULL)
		dane_free(dane);
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
hand_over(evutil_socket_t fd, short what, void *arg)
{
	struct dane *dane = arg;
	struct dane_evidence *evidence = dane->work.evidence;
	const dane_cb cb = dane->cb;
	void *cb_arg = dane->arg;

	(void)fd;
	(void)what;
	evidence->ms = (unsigned)(clock_ms() - dane->started);
	if (evidence->expires == UINT64_MAX)
		evidence->expires = clock_ms();
	evidence->ttl = seconds_left(evidence);
	dane->work.evidence = NULL;
	/* Lookups still in flight can no longer change the outcome. */
	dane_free(dane);
	cb(cb_arg, evidence);
}

static void
end(struct dane *dane)
{
	event_active(dane->done, EV_TIMEOUT, 0);
}

static void start_waiting_hosts(struct dane *dane);

/* The host's lookups in flight can no longer change its status. */
static void
host_done(struct host *host, enum dane_host_status status, char *why)
{
	struct dane *dane = host->dane;

	cancel_host(host);
	if (host->state != HOST_WAITING)
		dane->hosts_running--;
	host->state = HOST_DONE;
	host->evidence->status = status;
	if (why != NULL) {
		free(host->evidence->why);
		host->evidence->why = why;
	}
	if (--dane->hosts_left == 0)
		end(dane);
	start_waiting_hosts(dane);
}

static void
host_done_text(struct host *host, enum dane_host_status status, const char *why)
{
	host_done(host, status, strdup(why));
}

/* The step number of address lookups. */
static unsigned
address_step(const struct dane *dane)
{
	return dane->question.use_mx ? 2 : 1;
}

/* Returns false if it cannot be asked. */
static bool
look_up(struct host *host, enum slot slot, const char *name, unsigned step,
    resolver_cb cb)
{
	static const uint16_t types[] = { [SLOT_A] = DNS_TYPE_A,
		[SLOT_AAAA] = DNS_TYPE_AAAA,
		[SLOT_TLSA] = DNS_TYPE_TLSA };
	const struct flight_question question = { .name = name,
		.type = types[slot],
		.need = LOOKUP_NEED_SECURITY,
		.step = step };
	const struct flight_list list = { host->evidence->lookup,
		&host->evidence->lookup_count };

	return flight_start(
	    &host->flight[slot], &host->dane->work, &question, list, cb, host);
}

/* ---- TLSA ---- */

static void ask_tlsa(struct host *host);

/* This base domain has no TLSA: try the next. */
static void
next_base(struct host *host, const char *why)
{
	if (++host->base_at < host->bases)
		ask_tlsa(host);
	else
		host_done_text(host, DANE_HOST_ABSENT, why);
}

static void
use_denial(struct host *host, const struct dns_answer *answer)
{
	char text[DANE_WHY_MAX];

	snprintf(text, sizeof(text), "no TLSA: %s, %s",
	    answer->status == DNS_FAILED ? "its zone is insecure"
					 : answer_status_text(answer->status),
	    answer->proof != NULL ? answer->proof
				  : answer_security_text(answer->security));
	next_base(host, text);
}

/* Nothing usable was found, but not every record was checked: no conclusion. */
static void
judge_nothing(struct host *host, const char *why)
{
	char text[DANE_WHY_MAX];

	snprintf(text, sizeof(text), "DNS of %.80s: TLSA: %s",
	    host->base[host->base_at], why);
	host_done_text(host, DANE_HOST_FAILED, text);
}

static void
judge_tlsa(struct host *host, const struct dns_answer *answer)
{
	const struct dane_work *work = &host->dane->work;
	const struct tlsa_summary summary = tlsa_judge(
	    work->checker, answer->rdata, answer->rdata_count, work->budget);
	char text[DANE_WHY_MAX];

	free(host->evidence->tlsa_base);
	host->evidence->tlsa_base = strdup(host->base[host->base_at]);
	snprintf(text, sizeof(text), "%s%zu of %zu TLSA records usable",
	    summary.left_out > 0 ? "at least " : "", summary.usable,
	    summary.total);
	if (summary.usable > 0)
		host_done_text(host, DANE_HOST_USABLE, text);
	else if (summary.error)
		judge_nothing(host, "OpenSSL could not judge the records");
	else if (summary.left_out > 0)
		judge_nothing(host, "no usable record among those looked at");
	else
		host_done_text(host, DANE_HOST_UNUSABLE, text);
}

static void
on_tlsa(void *arg, struct dns_answer *answer)
{
	struct host *host = arg;

	if (answer->status == DNS_OK && answer->security == DNS_SECURE)
		judge_tlsa(host, answer);
	else if (answer->security == DNS_INSECURE ||
		 (answer->security == DNS_SECURE &&
		     answer->status != DNS_FAILED))
		use_denial(host, answer);
	else
		host_done(host, DANE_HOST_FAILED, dane_evidence_fault(answer));
}

static void
ask_tlsa(struct host *host)
{
	const struct dane *dane = host->dane;
	const char *base = host->base[host->base_at];
	char owner[DOMAIN_TEXT_MAX + 16];
	uint8_t wire[DOMAIN_WIRE_MAX];

	host->state = HOST_TLSA;
	snprintf(owner, sizeof(owner), "_%u._tcp%s%s", dane->question.port,
	    strcmp(base, ".") == 0 ? "" : ".",
	    strcmp(base, ".") == 0 ? "" : base);
	/* Too long for DNS, so the record cannot exist, whatever an answer
	 * says. */
	if (domain_to_wire(owner, wire) == 0) {
		next_base(host, "no TLSA: its name would be too long for DNS");
		return;
	}
	if (!look_up(host, SLOT_TLSA, owner,
		address_step(dane) + 1 + host->base_at, on_tlsa))
		host_done_text(host, DANE_HOST_FAILED, "TLSA can't be asked");
}

/* RFC 7672 section 2.2.2 and 2.2.3: the expanded name, then the original. */
static void
start_tlsa(struct host *host, const char *first, const char *second)
{
	snprintf(host->base[0], sizeof(host->base[0]), "%s", first);
	host->bases = 1;
	if (second != NULL && !domain_equal(first, second)) {
		snprintf(host->base[1], sizeof(host->base[1]), "%s", second);
		host->bases = 2;
	}
	host->base_at = 0;
	ask_tlsa(host);
}

/* ---- addresses ---- */

static bool
is_denied(const struct dns_answer *answer)
{
	return answer->status == DNS_NODATA || answer->status == DNS_NXDOMAIN;
}

/* Insecure data, or a proof of insecurity.  An insecure denial alone is not
 * enough. */
static bool
is_insecure(const struct dns_answer *answer)
{
	return answer->security == DNS_INSECURE && !is_denied(answer);
}

/* The chain is insecure, but the alias at the host's own name is secure, or may
 * be: an attacker who drops the proof for an alias must not make it
 * insecure. */
static bool
may_have_secure_alias(const struct dns_answer *answer)
{
	if (answer->security != DNS_INSECURE)
		return false;
	return answer->first_link == DNS_SECURE ||
	       (answer->first_link == DNS_INDETERMINATE &&
		   !domain_equal(answer->rname, answer->qname));
}

/* Both address families have answered, neither with secure data. */
static void
judge_addresses(struct host *host)
{
	struct dns_answer *a = host->address[SLOT_A];
	struct dns_answer *aaaa = host->address[SLOT_AAAA];
	const bool denied = is_denied(a) && is_denied(aaaa);
	char text[DANE_WHY_MAX];

	if (!denied && !is_insecure(a) && !is_insecure(aaaa)) {
		host_done(host, DANE_HOST_FAILED,
		    dane_evidence_fault(is_denied(a) ? aaaa : a));
	} else if (may_have_secure_alias(a) || may_have_secure_alias(aaaa)) {
		/* Also if the addresses are denied: an attacker can deny the
		 * addresses of an unsigned target to us but not to Postfix. */
		start_tlsa(host, host->evidence->name, NULL);
	} else if (denied) {
		host_done_text(
		    host, DANE_HOST_NO_ADDRESS, "neither A nor AAAA exists");
	} else {
		snprintf(text, sizeof(text), "insecure address: %s",
		    is_insecure(a) && a->proof != NULL         ? a->proof
		    : is_insecure(aaaa) && aaaa->proof != NULL ? aaaa->proof
							       : "not proven");
		host_done_text(host, DANE_HOST_INSECURE, text);
	}
}

static void
on_address(void *arg, struct dns_answer *answer)
{
	struct host *host = arg;
	const enum slot slot = answer->qtype == DNS_TYPE_A ? SLOT_A : SLOT_AAAA;

	if (host->state != HOST_ADDRESSES)
		return;
	host->address[slot] = answer;
	if (answer->status == DNS_OK && answer->security == DNS_SECURE)
		start_tlsa(host, answer->rname, host->evidence->name);
	else if (host->address[SLOT_A] != NULL &&
		 host->address[SLOT_AAAA] != NULL)
		judge_addresses(host);
}

static void
start_host(struct dane *dane, struct host *host)
{
	const char *name = host->evidence->name;
	const unsigned step = address_step(dane);
	bool asked;

	host->state = HOST_ADDRESSES;
	dane->hosts_running++;
	asked = look_up(host, SLOT_A, name, step, on_address);
	asked &= look_up(host, SLOT_AAAA, name, step, on_address);
	if (!asked)
		host_done_text(
		    host, DANE_HOST_FAILED, "addresses can't be asked");
}

/* ---- hosts ---- */

static bool
is_running(const struct host *host)
{
	return host->state == HOST_ADDRESSES || host->state == HOST_TLSA;
}

/* The name has the same parent as a host being evaluated, so both may well be
 * in the same zone. */
static bool
is_beside_running(const struct dane *dane, const struct host *host)
{
	const char *parent = domain_parent(host->evidence->name);

	for (size_t i = 0; i < dane->host_count; i++) {
		const char *other = domain_parent(dane->host[i].evidence->name);

		if (is_running(&dane->host[i]) && parent != NULL &&
		    other != NULL && domain_equal(parent, other))
			return true;
	}
	return false;
}

/* In list order, but hosts beside a running one come last: if half of the hosts
 * hang in one zone, the others must not wait for them.  NULL if none is
 * left. */
static struct host *
next_host(const struct dane *dane)
{
	struct host *first = NULL;

	for (size_t i = 0; i < dane->host_count; i++) {
		struct host *host = &dane->host[i];

		if (host->state != HOST_WAITING)
			continue;
		if (!is_beside_running(dane, host))
			return host;
		if (first == NULL)
			first = host;
	}
	return first;
}

/* How many hosts may be evaluated at a time. */
static size_t
hosts_at_once(const struct dane *dane)
{
	const uint64_t spent =
	    BUDGET_VALIDATION_MAX - dane->work.budget->left[BUDGET_VALIDATION];

	return spent < DEAR_US ? HOSTS_AT_ONCE : 1;
}

static void
start_waiting_hosts(struct dane *dane)
{
	struct host *host;

	while (dane->may_start && dane->hosts_running < hosts_at_once(dane) &&
	       (host = next_host(dane)) != NULL)
		start_host(dane, host);
}

static void
host_init(struct dane *dane, struct host *host, struct dane_host *evidence)
{
	host->dane = dane;
	host->evidence = evidence;
}

/* @count: at least 1.  Returns 0, or -1 when out of memory. */
static int
make_hosts(struct dane *dane, const struct mx_host *mx, size_t count)
{
	dane->host = calloc(count, sizeof(*dane->host));
	if (dane->host == NULL ||
	    dane_evidence_set_hosts(dane->work.evidence, mx, count) == -1)
		return -1;
	dane->host_count = count;
	for (size_t i = 0; i < count; i++)
		host_init(dane, &dane->host[i], &dane->work.evidence->host[i]);
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
		dane->work.evidence->mx = DANE_MX_FAILED;
		dane->work.evidence->mx_why = strdup("out of memory");
		end(dane);
		return;
	}
	if (!hosts_matter(dane)) {
		end(dane);
		return;
	}
	/* One extra, so that the evaluation cannot end while hosts are being
	 * started. */
	dane->hosts_left = count + 1;
	for (size_t i = 0; i < count; i++)
		if (mx[i].is_address)
			host_done_text(&dane->host[i], DANE_HOST_INSECURE,
			    "a numeric name, which can have no TLSA");
	dane->may_start = true;
	start_waiting_hosts(dane);
	if (--dane->hosts_left == 0)
		end(dane);
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
		evidence->mx_why = strdup("out of memory");
		end(dane);
		return;
	}
	evidence->mx = set.null_mx ? DANE_MX_NULL : DANE_MX_HOSTS;
	evidence->truncated = set.truncated;
	if (set.count == 0)
		end(dane);
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
		end(dane);
		break;
	case DNS_FAILED:
		evidence->mx = answer->security == DNS_INSECURE
				   ? DANE_MX_NO_DATA
				   : DANE_MX_FAILED;
		evidence->mx_why = dane_evidence_fault(answer);
		end(dane);
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

/* ---- create and cancel ---- */

/* Everything unfinished has failed. */
static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct dane *dane = arg;
	char text[DANE_WHY_MAX];

	(void)fd;
	(void)what;
	snprintf(text, sizeof(text),
	    "DNS of %.80s: not concluded within %u seconds",
	    dane->work.evidence->domain, dane->question.deadline);
	if (dane->host == NULL) {
		if (dane->work.evidence->mx_why == NULL)
			dane->work.evidence->mx_why = strdup(text);
		end(dane);
		return;
	}
	dane->may_start = false;
	for (size_t i = 0; i < dane->host_count; i++)
		if (dane->host[i].state != HOST_DONE && hosts_matter(dane))
			host_done_text(&dane->host[i], DANE_HOST_FAILED, text);
	end(dane);
}

static void
begin(evutil_socket_t fd, short what, void *arg)
{
	struct dane *dane = arg;
	const struct timeval limit = { dane->question.deadline, 0 };

	(void)fd;
	(void)what;
	event_assign(
	    dane->deadline, dane->event_base, -1, 0, on_deadline, dane);
	event_add(dane->deadline, &limit);
	if (!dane->question.use_mx) {
		dane->work.evidence->mx_security = DNS_SECURE;
		start_single_host(dane);
		return;
	}
	if (!ask_mx(dane)) {
		dane->work.evidence->mx_why = strdup("MX can't be asked");
		end(dane);
	}
}

struct dane *
dane_evaluate(struct event_base *base, struct resolver *resolver,
    struct tlsa_checker *checker, const struct dane_question *question,
    dane_cb cb, void *arg)
{
	struct dane *dane = calloc(1, sizeof(*dane));

	if (dane == NULL)
		return NULL;
	dane->event_base = base;
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
	dane->deadline = event_new(base, -1, 0, begin, dane);
	dane->done = event_new(base, -1, 0, hand_over, dane);
	if (dane->deadline == NULL || dane->done == NULL) {
		dane_free(dane);
		return NULL;
	}
	event_active(dane->deadline, EV_TIMEOUT, 0);
	return dane;
}
