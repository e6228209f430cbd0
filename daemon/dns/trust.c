/* trust.c - whether the trust anchor is alive. */

#include "dns/trust.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/reason.h"
#include "base/timer.h"
#include "dns/answer.h"
#include "dns/unbound_answer.h"
#include "dns/validator.h"

#define CHECK_SECONDS 3600 /* while the anchor is alive */
#define RETRY_SECONDS 3    /* after a failure */
#define WAIT_SECONDS 20    /* for one answer */
#define SOON_SECONDS 3     /* when an answer from elsewhere is expected first */

struct trust {
	struct validated *validator;
	struct validator_query *query;
	struct timer *timer;
	enum trust_state state;
	bool soon; /* the timer is that of SOON_SECONDS */
	char silence[256], unsigned_keys[256]; /* the texts for these two
						* cases */
	char why[256];
};

static void
arm(struct trust *trust, unsigned seconds)
{
	timer_in_ms(trust->timer, seconds * 1000);
}

static void
change(struct trust *trust, enum trust_state state, const char *why)
{
	const bool changed = state != trust->state;
	const bool news = strcmp(trust->why, why) != 0;

	trust->state = state;
	snprintf(trust->why, sizeof(trust->why), "%s", why);
	if (state == TRUST_ALIVE && changed)
		log_info("trust: the root's keys validate");
	else if (state == TRUST_WITHDRAWN && changed)
		log_error(
		    "trust: no trust path: %s; everything is deferred", why);
	else if (state == TRUST_UNKNOWN && news)
		log_warning("trust: %s", why);
}

/* There was no answer, and libunbound has no reason of its own. */
static bool
is_silence(const struct validator_result *result)
{
	return !result->answered &&
	       (result->why == NULL ||
		   strcmp(result->why, REASON_NO_SERVER) == 0);
}

/* With a wrong anchor, or a wrong clock, there are signatures. */
static bool
is_unsigned(const struct validator_result *result)
{
	return result->answered && result->packet != NULL &&
	       !unbound_answer_is_signed(result->packet, result->len);
}

static void
change_unknown(struct trust *trust, const char *why)
{
	if (trust->state == TRUST_UNKNOWN)
		change(trust, TRUST_UNKNOWN, why);
}

/* Only an insecure answer withdraws trust.  A failure says nothing about the
 * anchor, and the lookups that depend on it fail anyway. */
static void
on_dnskey(void *arg, const struct validator_result *result)
{
	struct trust *trust = arg;
	char text[160], why[200];

	trust->query = NULL;
	trust->soon = false;
	if (result->answered && result->security == DNS_SECURE) {
		change(trust, TRUST_ALIVE, "");
		arm(trust, CHECK_SECONDS);
		return;
	}
	if (result->answered && result->security == DNS_INSECURE) {
		change(trust, TRUST_WITHDRAWN,
		    "the root's DNSKEY is insecure: the trust anchor is empty, "
		    "revoked or not the root's");
	} else if (is_silence(result)) {
		change_unknown(trust, trust->silence);
	} else if (is_unsigned(result)) {
		change_unknown(trust, trust->unsigned_keys);
	} else {
		const char *reason =
		    result->why != NULL ? result->why : "no answer";

		snprintf(why, sizeof(why), "the root's DNSKEY: %s",
		    log_printable(text, sizeof(text), reason, strlen(reason)));
		change_unknown(trust, why);
	}
	arm(trust, RETRY_SECONDS);
}

static void
check(void *arg)
{
	struct trust *trust = arg;

	if (trust->query != NULL && trust->soon) {
		trust->soon = false;
		change_unknown(trust, trust->silence);
		arm(trust, WAIT_SECONDS - SOON_SECONDS);
		return;
	}
	validator_cancel(trust->query);
	trust->query = validator_ask(trust->validator, ".", DNS_TYPE_DNSKEY,
	    NULL, NULL, on_dnskey, trust);
	trust->soon = trust->query != NULL;
	arm(trust, trust->soon ? SOON_SECONDS : RETRY_SECONDS);
}

struct trust *
trust_new(struct event_base *base, struct validated *validator,
    const char *silence, const char *unsigned_keys)
{
	struct trust *trust = calloc(1, sizeof(*trust));

	if (trust == NULL)
		return NULL;
	trust->validator = validator;
	snprintf(trust->silence, sizeof(trust->silence), "%s", silence);
	snprintf(trust->unsigned_keys, sizeof(trust->unsigned_keys), "%s",
	    unsigned_keys);
	snprintf(trust->why, sizeof(trust->why),
	    "the root's DNSKEY has not been validated yet");
	if ((trust->timer = timer_new(base, check, trust)) == NULL) {
		free(trust);
		return NULL;
	}
	arm(trust, 0);
	return trust;
}

void
trust_again(struct trust *trust)
{
	trust->soon = false;
	arm(trust, 0);
}

void
trust_free(struct trust *trust)
{
	if (trust == NULL)
		return;
	validator_cancel(trust->query);
	timer_free(trust->timer);
	free(trust);
}

enum trust_state
trust_state(const struct trust *trust, const char **why)
{
	if (why != NULL)
		*why = trust->why[0] != '\0' ? trust->why : NULL;
	return trust->state;
}
