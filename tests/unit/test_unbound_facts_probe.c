/*
 * What is made of a libunbound that does not say everything: it is ours.  Of
 * each algorithm and digest it says that it validates it, that it does not, or
 * nothing.
 */

#include "dns/unbound_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unbound.h>

#include <unbound-event.h>

#include "test_main.h"

#define VALUES 256
#define GOOD 8     /* the algorithm that it validates */
#define GOOD_DS 2  /* the digest */
#define SILENT 99  /* an algorithm or digest of which it says nothing */
#define FAILING 98 /* it answers, but with a failure */
#define HIDDEN 97  /* the same, inside the packet */

enum broken {
	NOTHING = 0,
	FIRST_CONTEXT,
	SECOND_CONTEXT,
	CONFIGURATION,
	ANCHORS,
	ALGORITHMS, /* it validates none */
	DIGESTS
};

static enum broken broken;
static unsigned contexts, alive;

struct ub_ctx {
	unsigned algorithm[VALUES], digest[VALUES];
};

struct ub_ctx *
ub_ctx_create_event(struct event_base *base)
{
	(void)base;
	contexts++;
	if ((contexts == 1 && broken == FIRST_CONTEXT) ||
	    (contexts == 2 && broken == SECOND_CONTEXT))
		return NULL;
	alive++;
	return calloc(1, sizeof(struct ub_ctx));
}

void
ub_ctx_delete(struct ub_ctx *ub)
{
	alive--;
	free(ub);
}

int
ub_ctx_debugout(struct ub_ctx *ub, void *out)
{
	(void)ub;
	(void)out;
	return 0;
}

int
ub_ctx_config(struct ub_ctx *ub, const char *name)
{
	(void)ub;
	(void)name;
	return broken == CONFIGURATION ? -1 : 0;
}

int
ub_ctx_add_ta(struct ub_ctx *ub, const char *line)
{
	unsigned number, algorithm, digest;

	ck_assert_int_eq(
	    sscanf(line, "n%u. IN DS 4711 %u %u", &number, &algorithm, &digest),
	    3);
	ck_assert_uint_lt(number, VALUES);
	ub->algorithm[number] = algorithm;
	ub->digest[number] = digest;
	return broken == ANCHORS ? -1 : 0;
}

int
ub_resolve_event(struct ub_ctx *ub, const char *name, int type, int class,
    void *arg, ub_event_callback_type callback, int *id)
{
	uint8_t packet[12] = { 0, 0, 0x80, 0 };
	unsigned number, value;

	(void)type;
	(void)class;
	(void)id;
	ck_assert_int_eq(sscanf(name, "n%u.", &number), 1);
	value = ub->digest[number] == GOOD_DS ? ub->algorithm[number]
					      : ub->digest[number];
	if (value == SILENT)
		return 0;
	if (value == HIDDEN)
		packet[3] = 2;
	if (value == FAILING)
		callback(arg, 2, packet, sizeof(packet), 0, NULL, 0);
	else if (ub->algorithm[number] == GOOD &&
		 ub->digest[number] == GOOD_DS && broken != ALGORITHMS &&
		 !(broken == DIGESTS && contexts == 2))
		callback(arg, 0, packet, sizeof(packet), 1, NULL, 0);
	else
		callback(arg, 0, packet, sizeof(packet), 0, NULL, 0);
	return 0;
}

START_TEST(what_it_does_not_say_counts_as_validated)
{
	struct unbound_facts facts;

	memset(&facts, 0xff, sizeof(facts));
	ck_assert_int_eq(unbound_facts_probe(NULL, &facts), 0);
	for (unsigned i = 0; i < VALUES; i++) {
		const bool unsaid = i == SILENT || i == FAILING || i == HIDDEN;

		ck_assert_msg(facts.no_algorithm[i] == (i != GOOD && !unsaid),
		    "algorithm %u", i);
		ck_assert_msg(facts.no_digest[i] == (i != GOOD_DS && !unsaid),
		    "digest %u", i);
	}
	ck_assert_uint_eq(alive, 0);
}
END_TEST

START_TEST(probe_that_fails_knows_nothing)
{
	struct unbound_facts facts;

	broken = (enum broken)_i;
	memset(&facts, 0xff, sizeof(facts));
	ck_assert_int_eq(unbound_facts_probe(NULL, &facts), -1);
	for (unsigned i = 0; i < VALUES; i++)
		ck_assert(unbound_facts_validates(
		    &facts, (uint8_t)i, (uint8_t)(VALUES - 1 - i)));
	ck_assert_uint_eq(alive, 0);
}
END_TEST

TEST_MAIN("library_probe")
{
	TCase *tc = add_case(suite, "library_probe");

	tcase_add_test(tc, what_it_does_not_say_counts_as_validated);
	tcase_add_loop_test(
	    tc, probe_that_fails_knows_nothing, FIRST_CONTEXT, DIGESTS + 1);
}
