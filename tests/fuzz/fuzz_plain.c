/*
 * Plain DNS with the input in the place of all name servers: referrals, glue,
 * aliases, denials.  The input: an octet for each server or address that the
 * ladder is asked for, and what servers.h takes.
 */

#include "dns/budget.h"
#include "dns/plain.h"
#include "dns/zone_limit.h"

#include "base/conf.h"
#include "base/domain.h"
#include "servers.h"

#include "../fakes/time.h"

#define NAME "mx.plain.nsec"

struct errand {
	struct event *event;
	struct dns_answer *answer;
	plain_lookup_cb cb;
	void *arg;
};

static void
cancel(void *handle)
{
	struct errand *errand = handle;

	event_free(errand->event);
	answer_unref(errand->answer);
	free(errand);
}

static void
errand_ends(evutil_socket_t fd, short what, void *arg)
{
	struct errand *errand = arg;
	struct dns_answer *answer = answer_ref(errand->answer);
	const plain_lookup_cb cb = errand->cb;
	void *cb_arg = errand->arg;

	(void)fd;
	(void)what;
	cancel(errand);
	cb(cb_arg, answer);
	answer_unref(answer);
}

/* As many records as the octet says, each a piece of the input. */
static void
fill(struct dns_answer *answer)
{
	const size_t count = fuzz_octet(&fake_input) % 5;

	if (count == 0)
		return;
	answer->status = DNS_OK;
	answer->rdata = calloc(count, sizeof(*answer->rdata));
	PROMISE(answer->rdata != NULL);
	while (answer->rdata_count < count) {
		struct dns_rdata *rdata = &answer->rdata[answer->rdata_count++];
		const uint8_t *piece;

		rdata->len = fuzz_piece(&fake_input, &piece);
		rdata->data = fuzz_copy(piece, rdata->len);
	}
}

static void *
lookup(void *env, const char *name, uint16_t type,
    const struct plain_path *path, plain_lookup_cb cb, void *arg)
{
	static const struct timeval now = { 0, 0 };
	struct errand *errand = calloc(1, sizeof(*errand));

	PROMISE(errand != NULL && path != NULL);
	errand->cb = cb;
	errand->arg = arg;
	errand->answer = answer_new(name, type);
	errand->event = event_new(env, -1, 0, errand_ends, errand);
	PROMISE(errand->answer != NULL && errand->event != NULL);
	fill(errand->answer);
	PROMISE(event_add(errand->event, &now) == 0);
	return errand;
}

static void
on_result(void *arg, const struct plain_result *result)
{
	bool *done = arg;

	PROMISE(!*done);
	*done = true;
	PROMISE(result->zone != NULL);
	PROMISE((result->packet != NULL) == (result->why == NULL));
	PROMISE(result->questions <= PLAIN_QUESTIONS_MAX);
	/* Nobody is believed about a name that is not below his zone. */
	if (result->zone != NULL)
		PROMISE(domain_is_within(NAME, result->zone));
}

static void
on_waits(void *arg, bool waits)
{
	(void)arg;
	PROMISE(!waits);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf *conf;
	static struct event_base *base;
	struct plain_env env = { .lookup = lookup,
		.cancel = cancel,
		.zone_limit = zone_limit_new() };
	struct budget budget;
	char error[256];
	bool done = false;

	if (conf == NULL) {
		conf = conf_load(NULL, error, sizeof(error));
		base = event_base_new();
	}
	PROMISE(conf != NULL && base != NULL);
	env.base = base;
	env.conf = conf;
	env.env = base;
	budget_init(&budget);
	fake_input = (struct fuzz_input){ data, size };
	PROMISE(plain_start(&env, NAME, DNS_TYPE_A, "nsec", NULL, &budget,
		    on_waits, on_result, &done) != NULL);
	PROMISE(event_base_dispatch(base) != -1);
	PROMISE(done);
	zone_limit_free(env.zone_limit);
	/* Nothing is left behind. */
	PROMISE(event_base_get_num_events(base,
		    EVENT_BASE_COUNT_ADDED | EVENT_BASE_COUNT_ACTIVE) == 0);
	return 0;
}
