/* dane_host.c - evaluates one host. */

#include "dane/dane_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/domain.h"
#include "dane/flight.h"
#include "dane/tlsa.h"

/* The lookups that can be in flight at a time. */
enum slot { SLOT_A, SLOT_AAAA, SLOT_TLSA, SLOTS };

/*
 * WAITING    nothing has been asked
 *            -> ADDRESSES: started
 * ADDRESSES  A and AAAA are asked for, neither is secure so far
 *            -> TLSA: one is secure; or both are known, and an alias at the
 *               host's name is or may be secure
 *            -> DONE: both denied; insecure; else failed
 * TLSA       asked for at one name
 *            -> TLSA: it has none, and there is a second name
 *            -> DONE: usable, unusable, absent, failed
 * DONE       nothing is in flight.  dane_host_end() leads here from everywhere
 */
enum host_state { HOST_WAITING = 0, HOST_ADDRESSES, HOST_TLSA, HOST_DONE };

struct dane_host_run {
	const struct dane_work *work;
	struct dane_host *host;
	dane_host_cb cb;
	void *arg;
	enum host_state state; /* set by change_state() only */
	struct flight flight[SLOTS];
	/* Index: SLOT_A, SLOT_AAAA.  Borrowed from the evidence. */
	const struct dns_answer *address[2];
	char base[2][DOMAIN_TEXT_MAX]; /* TLSA base domains, in order */
	unsigned bases, base_at;
};

/* ---- states and lookups ---- */

static void
cancel_lookups(struct dane_host_run *run)
{
	for (int k = 0; k < SLOTS; k++)
		flight_cancel(&run->flight[k]);
}

static void
change_state(struct dane_host_run *run, enum host_state state)
{
	run->state = state;
	if (state != HOST_DONE)
		return;
	cancel_lookups(run);
	run->cb(run->arg);
}

/* @why: taken over; NULL when out of memory. */
static void
end(struct dane_host_run *run, enum dane_host_status status, char *why)
{
	run->host->status = status;
	if (why != NULL) {
		free(run->host->why);
		run->host->why = why;
	}
	change_state(run, HOST_DONE);
}

void
dane_host_end(
    struct dane_host_run *run, enum dane_host_status status, const char *why)
{
	if (run->state != HOST_DONE)
		end(run, status, strdup(why));
}

static void
end_by_fault(struct dane_host_run *run, const struct dns_answer *answer)
{
	end(run, DANE_HOST_FAILED, dane_evidence_fault(answer));
}

/* Addresses are asked for after MX, if that was looked up. */
static unsigned
address_step(const struct dane_host_run *run)
{
	return (unsigned)run->work->evidence->mx_lookup_count + 1;
}

/* Returns false if it cannot be asked. */
static bool
look_up(struct dane_host_run *run, enum slot slot, const char *name,
    unsigned step, resolver_cb cb)
{
	static const uint16_t types[] = { [SLOT_A] = DNS_TYPE_A,
		[SLOT_AAAA] = DNS_TYPE_AAAA,
		[SLOT_TLSA] = DNS_TYPE_TLSA };
	const struct flight_question question = { .name = name,
		.type = types[slot],
		.need = LOOKUP_NEED_SECURITY,
		.step = step };
	const struct flight_list list = { run->host->lookup,
		&run->host->lookup_count };

	return flight_start(
	    &run->flight[slot], run->work, &question, list, cb, run);
}

/* ---- TLSA ---- */

static void ask_tlsa(struct dane_host_run *run);

/* This base domain has no TLSA: try the next. */
static void
next_base(struct dane_host_run *run, const char *why)
{
	if (++run->base_at < run->bases)
		ask_tlsa(run);
	else
		dane_host_end(run, DANE_HOST_ABSENT, why);
}

static void
use_denial(struct dane_host_run *run, const struct dns_answer *answer)
{
	char text[DANE_WHY_MAX];

	snprintf(text, sizeof(text), "no TLSA: %s, %s",
	    answer->status == DNS_FAILED ? "its zone is insecure"
					 : answer_status_text(answer->status),
	    answer->proof != NULL ? answer->proof
				  : answer_security_text(answer->security));
	next_base(run, text);
}

/* Nothing usable was found, but not every record was checked: no conclusion. */
static void
judge_nothing(struct dane_host_run *run, const char *why)
{
	char text[DANE_WHY_MAX];

	snprintf(text, sizeof(text), "DNS of %.80s: TLSA: %s",
	    run->base[run->base_at], why);
	dane_host_end(run, DANE_HOST_FAILED, text);
}

static void
judge_tlsa(struct dane_host_run *run, const struct dns_answer *answer)
{
	const struct dane_work *work = run->work;
	const struct tlsa_summary summary = tlsa_judge(
	    work->checker, answer->rdata, answer->rdata_count, work->budget);
	char text[DANE_WHY_MAX];

	free(run->host->tlsa_base);
	run->host->tlsa_base = strdup(run->base[run->base_at]);
	snprintf(text, sizeof(text), "%s%zu of %zu TLSA records usable",
	    summary.left_out > 0 ? "at least " : "", summary.usable,
	    summary.total);
	if (summary.usable > 0)
		dane_host_end(run, DANE_HOST_USABLE, text);
	else if (summary.error)
		judge_nothing(run, "OpenSSL could not judge the records");
	else if (summary.left_out > 0)
		judge_nothing(run, "no usable record among those looked at");
	else
		dane_host_end(run, DANE_HOST_UNUSABLE, text);
}

static void
on_tlsa(void *arg, struct dns_answer *answer)
{
	struct dane_host_run *run = arg;

	if (answer->status == DNS_OK && answer->security == DNS_SECURE)
		judge_tlsa(run, answer);
	else if (answer->security == DNS_INSECURE ||
		 (answer->security == DNS_SECURE &&
		     answer->status != DNS_FAILED))
		use_denial(run, answer);
	else
		end_by_fault(run, answer);
}

static void
ask_tlsa(struct dane_host_run *run)
{
	const char *base = run->base[run->base_at];
	char owner[DOMAIN_TEXT_MAX + 16];
	uint8_t wire[DOMAIN_WIRE_MAX];

	change_state(run, HOST_TLSA);
	snprintf(owner, sizeof(owner), "_%u._tcp%s%s",
	    run->work->evidence->port, strcmp(base, ".") == 0 ? "" : ".",
	    strcmp(base, ".") == 0 ? "" : base);
	/* Too long for DNS, so the record cannot exist, whatever an answer
	 * says. */
	if (domain_to_wire(owner, wire) == 0) {
		next_base(run, "no TLSA: its name would be too long for DNS");
		return;
	}
	if (!look_up(run, SLOT_TLSA, owner,
		address_step(run) + 1 + run->base_at, on_tlsa))
		dane_host_end(run, DANE_HOST_FAILED, "TLSA can't be asked");
}

/* RFC 7672 section 2.2.2 and 2.2.3: the expanded name, then the original. */
static void
start_tlsa(struct dane_host_run *run, const char *first, const char *second)
{
	snprintf(run->base[0], sizeof(run->base[0]), "%s", first);
	run->bases = 1;
	if (second != NULL && !domain_equal(first, second)) {
		snprintf(run->base[1], sizeof(run->base[1]), "%s", second);
		run->bases = 2;
	}
	run->base_at = 0;
	ask_tlsa(run);
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
judge_addresses(struct dane_host_run *run)
{
	const struct dns_answer *a = run->address[SLOT_A];
	const struct dns_answer *aaaa = run->address[SLOT_AAAA];
	const bool denied = is_denied(a) && is_denied(aaaa);
	char text[DANE_WHY_MAX];

	if (!denied && !is_insecure(a) && !is_insecure(aaaa)) {
		end_by_fault(run, is_denied(a) ? aaaa : a);
	} else if (may_have_secure_alias(a) || may_have_secure_alias(aaaa)) {
		/* Also if the addresses are denied: an attacker can deny the
		 * addresses of an unsigned target to us but not to Postfix. */
		start_tlsa(run, run->host->name, NULL);
	} else if (denied) {
		dane_host_end(
		    run, DANE_HOST_NO_ADDRESS, "neither A nor AAAA exists");
	} else {
		snprintf(text, sizeof(text), "insecure address: %s",
		    is_insecure(a) && a->proof != NULL         ? a->proof
		    : is_insecure(aaaa) && aaaa->proof != NULL ? aaaa->proof
							       : "not proven");
		dane_host_end(run, DANE_HOST_INSECURE, text);
	}
}

static void
on_address(void *arg, struct dns_answer *answer)
{
	struct dane_host_run *run = arg;
	const enum slot slot = answer->qtype == DNS_TYPE_A ? SLOT_A : SLOT_AAAA;

	if (run->state != HOST_ADDRESSES)
		return;
	run->address[slot] = answer;
	if (answer->status == DNS_OK && answer->security == DNS_SECURE)
		start_tlsa(run, answer->rname, run->host->name);
	else if (run->address[SLOT_A] != NULL &&
		 run->address[SLOT_AAAA] != NULL)
		judge_addresses(run);
}

void
dane_host_start(struct dane_host_run *run)
{
	const char *name = run->host->name;
	const unsigned step = address_step(run);
	bool asked;

	change_state(run, HOST_ADDRESSES);
	asked = look_up(run, SLOT_A, name, step, on_address);
	asked &= look_up(run, SLOT_AAAA, name, step, on_address);
	if (!asked)
		dane_host_end(
		    run, DANE_HOST_FAILED, "addresses can't be asked");
}

bool
dane_host_is_waiting(const struct dane_host_run *run)
{
	return run->state == HOST_WAITING;
}

bool
dane_host_is_running(const struct dane_host_run *run)
{
	return run->state == HOST_ADDRESSES || run->state == HOST_TLSA;
}

/* ---- create and free ---- */

struct dane_host_run *
dane_host_new(const struct dane_work *work, struct dane_host *host,
    dane_host_cb cb, void *arg)
{
	struct dane_host_run *run = calloc(1, sizeof(*run));

	if (run == NULL)
		return NULL;
	run->work = work;
	run->host = host;
	run->cb = cb;
	run->arg = arg;
	return run;
}

void
dane_host_free(struct dane_host_run *run)
{
	if (run == NULL)
		return;
	cancel_lookups(run);
	free(run);
}
