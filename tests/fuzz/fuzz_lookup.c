/*
 * Whole lookups, with the input in the place of libunbound and of all name
 * servers: how each question is judged, when its answer comes, and what it
 * says.  The ladder, the walk, plain DNS and what is remembered run as in the
 * daemon.
 *
 * The input: the type asked for, the name (a piece, wire format), then for
 * each question to libunbound an octet and a piece.
 */

#include "dns/resolver.h"

#include "dns/budget.h"

#include "base/conf.h"
#include "base/domain.h"
#include "base/log.h"
#include "base/stats.h"
#include "dns/validator.h"
#include "servers.h"

#include "../fakes/time.h"
#include "../fakes/validator.h"

#define DEADLINE_MS 15000

/* ---- libunbound ---- */

/* The octet before an answer of libunbound. */
#define SAYS_SECURITY 0x03U /* enum dns_security */
#define SAYS_ANSWERED 0x04U
#define SAYS_NEVER 0x08U /* hangs until it is cancelled */
#define SAYS_DELAY 0x30U

/* The question of the lookup, and its alias. */
enum { OTHER, OWN, CNAME };

static struct {
	struct event_base *base;
	bool said_secure, said_insecure; /* to any question so far */
	/* The lookup that runs, and what was said of its own question. */
	char name[DOMAIN_TEXT_MAX];
	uint16_t type;
	bool own_bogus, own_good, alias;
} fake;

static void
note_said(const struct validator_query *query)
{
	const enum dns_security security =
	    query->result.answered ? query->result.security : DNS_INDETERMINATE;

	if (security == DNS_SECURE)
		fake.said_secure = true;
	if (security == DNS_INSECURE)
		fake.said_insecure = true;
	if (query->kind == OWN && security == DNS_BOGUS)
		fake.own_bogus = true;
	if (query->kind == OWN && security >= DNS_INSECURE)
		fake.own_good = true;
	if (query->kind == CNAME && security == DNS_SECURE)
		fake.alias = true;
}

static unsigned
fake_answer(struct validator_query *query)
{
	static const unsigned delays[] = { 0, 0, 500, 6000 };
	struct validator_result *result = &query->result;
	uint8_t says;

	if (query->type == fake.type && strcmp(query->name, fake.name) == 0)
		query->kind = OWN;
	else if (query->type == DNS_TYPE_CNAME)
		query->kind = CNAME;
	query->told = note_said;
	if (query->type == DNS_TYPE_DNSKEY) {
		*result = (struct validator_result){ .answered = true,
			.security = DNS_SECURE };
		return 0;
	}
	says = fuzz_octet(&fake_input);
	if ((says & SAYS_NEVER) != 0)
		return 3600000;
	result->answered = (says & SAYS_ANSWERED) != 0;
	if (result->answered) {
		const uint8_t *piece;

		result->security = (enum dns_security)(says & SAYS_SECURITY);
		result->len = fuzz_piece(&fake_input, &piece);
		result->packet = query->packet = fuzz_copy(piece, result->len);
	}
	if (!result->answered || result->security == DNS_BOGUS)
		result->why = "validation failure \"<\x80\n>\"";
	return delays[(says & SAYS_DELAY) >> 4];
}

/* ---- one lookup ---- */

static void
on_answer(void *arg, struct dns_answer *answer)
{
	bool *done = arg;

	*done = true;
	PROMISE((answer->status == DNS_OK) == (answer->rdata_count > 0));
	PROMISE(answer->status == DNS_FAILED ||
		answer->security == DNS_SECURE ||
		answer->security == DNS_INSECURE);
	/* Nothing is trusted, and nothing given up, that libunbound has not
	 * vouched for. */
	if (answer->security == DNS_SECURE)
		PROMISE(fake.said_secure);
	if (answer->security == DNS_INSECURE) {
		PROMISE(fake.said_secure || fake.said_insecure);
		PROMISE(
		    answer->proof != NULL || answer->qtype != DNS_TYPE_TLSA);
	}
	/* Bogus data are nothing to fall back from. */
	if (fake.own_bogus && !fake.own_good && !fake.alias)
		PROMISE(answer->status == DNS_FAILED &&
			answer->security <= DNS_BOGUS);
	if (answer->why != NULL)
		for (const char *c = answer->why; *c != '\0'; c++)
			PROMISE(*c >= ' ' && *c <= '~');
}

static void
look_up(struct resolver *resolver, const char *name, uint8_t choice)
{
	static const uint16_t types[] = { DNS_TYPE_MX, DNS_TYPE_A,
		DNS_TYPE_AAAA, DNS_TYPE_TLSA };
	const uint64_t start = fake_ms;
	struct budget budget;
	bool done = false;

	budget_init(&budget);
	snprintf(fake.name, sizeof(fake.name), "%s", name);
	fake.type = types[choice % 4];
	fake.own_bogus = fake.own_good = fake.alias = false;
	PROMISE(resolver_lookup(resolver, name, fake.type,
		    (choice & 4) != 0 ? LOOKUP_NEED_SECURITY : LOOKUP_NEED_DATA,
		    LOOKUP_CLASS_POLICY, &budget, on_answer, &done) != NULL);
	while (!done) {
		PROMISE(event_base_loop(fake.base, EVLOOP_ONCE) == 0);
		PROMISE(fake_ms - start <= DEADLINE_MS + 100);
	}
}

static struct conf *
configuration(void)
{
	static struct conf *conf;
	char error[256];

	if (conf == NULL) {
		log_setup(LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
		conf = conf_load(NULL, error, sizeof(error));
		PROMISE(conf != NULL);
		conf->lookup_deadline = DEADLINE_MS / 1000;
	}
	return conf;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stats stats = { 0 };
	struct resolver *resolver;
	char name[DOMAIN_TEXT_MAX];
	const uint8_t *piece;
	uint8_t choice;
	size_t len;

	fake_input = (struct fuzz_input){ data, size };
	fake.said_secure = fake.said_insecure = false;
	choice = fuzz_octet(&fake_input);
	len = fuzz_piece(&fake_input, &piece);
	if (fake.base == NULL)
		PROMISE((fake.base = event_base_new()) != NULL);
	resolver = resolver_new(fake.base, configuration(), NULL, &stats);
	PROMISE(resolver != NULL);
	if (domain_from_wire(piece, len, name) > 0) {
		look_up(resolver, name, choice);
		/* Once more, with what is remembered. */
		if ((choice & 8) != 0)
			look_up(resolver, name, choice);
	}
	resolver_free(resolver);
	/* Nothing is left behind. */
	PROMISE(event_base_get_num_events(fake.base,
		    EVENT_BASE_COUNT_ADDED | EVENT_BASE_COUNT_ACTIVE) == 0);
	return 0;
}
