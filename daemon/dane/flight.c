/* flight.c - one lookup in flight for an evaluation. */

#include "dane/flight.h"

#include "base/clock.h"
#include "dane/evidence.h"
#include "dns/budget.h"

static void
expire(struct dane_evidence *evidence, uint64_t at)
{
	if (at < evidence->expires)
		evidence->expires = at;
}

static void
keep_answer(const struct flight *flight, struct dns_answer *answer)
{
	struct dane_evidence *evidence = flight->work->evidence;

	flight->list.lookup[*flight->list.count] =
	    (struct dane_lookup){ .answer = answer_ref(answer),
		    .step = flight->step,
		    .ms = (unsigned)(clock_ms() - flight->started) };
	(*flight->list.count)++;
	if (flight->step > evidence->steps)
		evidence->steps = flight->step;
	if (answer->status != DNS_FAILED || answer->security == DNS_INSECURE)
		expire(evidence, clock_ms() + answer->ttl * UINT64_C(1000));
}

static void
on_answer(void *arg, struct dns_answer *answer)
{
	struct flight *flight = arg;

	flight->lookup = NULL;
	keep_answer(flight, answer);
	flight->cb(flight->arg, answer);
}

bool
flight_start(struct flight *flight, const struct dane_work *work,
    const struct flight_question *question, struct flight_list list,
    resolver_cb cb, void *arg)
{
	*flight = (struct flight){ .work = work,
		.list = list,
		.cb = cb,
		.arg = arg,
		.step = question->step,
		.started = clock_ms() };
	flight->lookup = resolver_lookup(work->resolver, question->name,
	    question->type, question->need, work->budget->class, work->budget,
	    on_answer, flight);
	if (flight->lookup == NULL)
		return false;
	work->evidence->questions++;
	return true;
}

void
flight_cancel(struct flight *flight)
{
	resolver_cancel(flight->lookup);
	flight->lookup = NULL;
}
