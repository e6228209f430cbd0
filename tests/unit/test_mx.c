/*
 * MX records into hosts to look at (RFC 5321 section 5.1, RFC 7505), and what
 * Postfix makes of those that break the rules.
 */

#include "dane/mx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/domain.h"

#include "processor.h"
#include "test_main.h"

#define RECORDS_MAX 300

/* Owns the octets of an RRset.  Each RDATA is a block of its own, so that a
 * sanitizer sees what is read past its end. */
struct rrset {
	struct dns_rdata rdata[RECORDS_MAX];
	size_t count;
};

static void
add_raw(struct rrset *set, const void *data, size_t len)
{
	uint8_t *copy = malloc(len != 0 ? len : 1);

	ck_assert_ptr_nonnull(copy);
	ck_assert_uint_lt(set->count, RECORDS_MAX);
	memcpy(copy, data, len);
	set->rdata[set->count++] =
	    (struct dns_rdata){ .data = copy, .len = len };
}

static void
add(struct rrset *set, unsigned preference, const char *name)
{
	uint8_t wire[2 + DOMAIN_WIRE_MAX];
	const size_t len = domain_to_wire(name, wire + 2);

	ck_assert_msg(len != 0, "%s", name);
	wire[0] = (uint8_t)(preference >> 8);
	wire[1] = (uint8_t)preference;
	add_raw(set, wire, len + 2);
}

static void
rrset_clear(struct rrset *set)
{
	for (size_t i = 0; i < set->count; i++)
		free((void *)(uintptr_t)set->rdata[i].data);
	memset(set, 0, sizeof(*set));
}

/* ---- a table: records in, hosts out ---- */

struct record {
	unsigned preference;
	const char *name; /* NULL ends the list */
};

static const struct {
	const char *mistake;
	struct record in[6];
	struct record out[6];
	bool null_mx;
} rows[] = {
	{ "a single host is not kept", { { 10, "mx.example.org" } },
	    { { 10, "mx.example.org" } }, false },
	{ "order of arrival is taken for preference",
	    { { 20, "b.example.org" }, { 10, "z.example.org" },
		{ 20, "a.example.org" } },
	    { { 10, "z.example.org" }, { 20, "a.example.org" },
		{ 20, "b.example.org" } },
	    false },
	{ "preference read in the wrong octet order",
	    { { 256, "b.example.org" }, { 1, "c.example.org" },
		{ 65535, "a.example.org" }, { 0, "d.example.org" } },
	    { { 0, "d.example.org" }, { 1, "c.example.org" },
		{ 256, "b.example.org" }, { 65535, "a.example.org" } },
	    false },
	{ "upper case makes another host",
	    { { 10, "MX.Example.ORG" }, { 10, "mx.example.org" } },
	    { { 10, "mx.example.org" } }, false },
	{ "a duplicate loses the better preference",
	    { { 30, "mx.example.org" }, { 10, "mx.example.org" },
		{ 20, "mx.example.org" }, { 15, "other.example.org" } },
	    { { 10, "mx.example.org" }, { 15, "other.example.org" } }, false },

	{ "null MX is a host", { { 0, "." } }, { { 0, NULL } }, true },
	{ "null MX only with preference 0", { { 10, "." } }, { { 0, NULL } },
	    true },
	{ "a dot beside a host makes a null MX",
	    { { 0, "." }, { 10, "mx.example.org" } },
	    { { 10, "mx.example.org" } }, false },
	{ "the same, the other way round",
	    { { 10, "mx.example.org" }, { 0, "." } },
	    { { 10, "mx.example.org" } }, false },

	{ "a numeric name is left out",
	    { { 10, "192.0.2.1" }, { 20, "mx.example.org" } },
	    { { 10, "192.0.2.1" }, { 20, "mx.example.org" } }, false },
	{ "names that are no hosts are kept",
	    { { 10, "mx_.example.org" }, { 10, "-mx.example.org" },
		{ 10, "mx-.example.org" }, { 10, "m\\032x.example.org" },
		{ 10, "m/x.example.org" } },
	    { { 10, "mx_.example.org" } }, false },
	{ "all digits are a host", { { 10, "12345" }, { 10, "1.2.3" } },
	    { { 0, NULL } }, false },
	{ "a dot inside a label makes another host",
	    { { 10, "mx\\.example.org" } }, { { 0, NULL } }, false },
	{ "a NUL ends the name", { { 10, "mx\\000.example.org" } },
	    { { 0, NULL } }, false },
	{ "no MX is a null MX", { { 0, NULL } }, { { 0, NULL } }, false },
};

START_TEST(records_become_hosts)
{
	struct rrset rrset = { .count = 0 };
	struct mx_set set;
	size_t i;

	for (i = 0; rows[_i].in[i].name != NULL; i++)
		add(&rrset, rows[_i].in[i].preference, rows[_i].in[i].name);
	memset(&set, 0xff, sizeof(set));
	ck_assert_int_eq(mx_set_parse(rrset.rdata, rrset.count, &set), 0);
	for (i = 0; rows[_i].out[i].name != NULL; i++) {
		ck_assert_msg(i < set.count, "%s", rows[_i].mistake);
		ck_assert_str_eq(set.host[i].name, rows[_i].out[i].name);
		ck_assert_uint_eq(
		    set.host[i].preference, rows[_i].out[i].preference);
	}
	ck_assert_msg(
	    set.count == i, "%s: %zu hosts", rows[_i].mistake, set.count);
	ck_assert_msg(set.null_mx == rows[_i].null_mx, "%s", rows[_i].mistake);
	ck_assert(!set.truncated);
	mx_set_clear(&set);
	rrset_clear(&rrset);
}
END_TEST

/* ---- numeric names ---- */

static const struct {
	const char *name;
	bool is_address;
} numeric[] = {
	{ "192.0.2.1", true },
	{ "0.0.0.0", true },
	{ "255.255.255.255", true },
	{ "mx.example.org", false },
	{ "192.0.2.1.example.org", false },
	{ "192.0.2.x", false },
};

START_TEST(numeric_name_is_an_address)
{
	struct rrset rrset = { .count = 0 };
	struct mx_set set;

	add(&rrset, 10, numeric[_i].name);
	ck_assert_int_eq(mx_set_parse(rrset.rdata, rrset.count, &set), 0);
	ck_assert_uint_eq(set.count, 1);
	ck_assert_msg(set.host[0].is_address == numeric[_i].is_address, "%s",
	    numeric[_i].name);
	mx_set_clear(&set);
	rrset_clear(&rrset);
}
END_TEST

/* ---- malformed RDATA ---- */

#define RAW(text)                                                              \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}

static const struct {
	const char *data;
	size_t len;
} malformed[] = {
	RAW(""),
	RAW("\0"),
	RAW("\0\012"),               /* no name at all */
	RAW("\0\012\002mx"),         /* no end */
	RAW("\0\012\003mx"),         /* a label longer than the data */
	RAW("\0\012\077mx\0"),       /* much longer */
	RAW("\0\012\002mx\300\014"), /* a compression pointer */
	RAW("\0\012\300\0"),         /* nothing but one */
	RAW("\0\012\102mx\0"),       /* label types that do not exist */
	RAW("\0\012\202mx\0"),
};

START_TEST(malformed_record_is_left_out)
{
	struct rrset rrset = { .count = 0 };
	struct mx_set set;

	add_raw(&rrset, malformed[_i].data, malformed[_i].len);
	ck_assert_int_eq(mx_set_parse(rrset.rdata, rrset.count, &set), 0);
	ck_assert_uint_eq(set.count, 0);
	ck_assert(!set.null_mx);
	mx_set_clear(&set);

	add(&rrset, 10, "mx.example.org");
	ck_assert_int_eq(mx_set_parse(rrset.rdata, rrset.count, &set), 0);
	ck_assert_uint_eq(set.count, 1);
	ck_assert_str_eq(set.host[0].name, "mx.example.org");
	mx_set_clear(&set);
	rrset_clear(&rrset);
}
END_TEST

/* A name of 255 octets is the longest; four labels of 63 are too much. */
START_TEST(longest_name_is_kept)
{
	char name[254];
	uint8_t wire[300] = { 0, 10 };
	struct rrset rrset = { .count = 0 };
	struct mx_set set;

	memset(name, 'a', sizeof(name) - 1);
	name[63] = name[127] = name[191] = '.';
	name[253] = '\0';
	add(&rrset, 10, name);
	for (size_t i = 0; i < 4; i++) {
		wire[2 + i * 64] = 63;
		memset(wire + 3 + i * 64, 'b', 63);
	}
	add_raw(&rrset, wire, 2 + 4 * 64 + 1);
	ck_assert_int_eq(mx_set_parse(rrset.rdata, rrset.count, &set), 0);
	ck_assert_uint_eq(set.count, 1);
	ck_assert_str_eq(set.host[0].name, name);
	mx_set_clear(&set);
	rrset_clear(&rrset);
}
END_TEST

/* ---- more than we look at ---- */

static void
add_many(struct rrset *rrset, unsigned count)
{
	char name[64];

	/* Worst first, so that the best must be found. */
	for (unsigned i = count; i > 0; i--) {
		snprintf(name, sizeof(name), "mx%u.example.org", i);
		add(rrset, i, name);
	}
}

static const struct {
	unsigned count;
	size_t kept;
	bool truncated;
} many[] = {
	{ MX_HOSTS_MAX - 1, MX_HOSTS_MAX - 1, false },
	{ MX_HOSTS_MAX, MX_HOSTS_MAX, false },
	{ MX_HOSTS_MAX + 1, MX_HOSTS_MAX, true },
	{ 250, MX_HOSTS_MAX, true },
};

START_TEST(best_hosts_are_kept)
{
	struct rrset rrset = { .count = 0 };
	struct mx_set set;

	add_many(&rrset, many[_i].count);
	ck_assert_int_eq(mx_set_parse(rrset.rdata, rrset.count, &set), 0);
	ck_assert_uint_eq(set.count, many[_i].kept);
	ck_assert_int_eq(set.truncated, many[_i].truncated);
	for (size_t i = 0; i < set.count; i++)
		ck_assert_uint_eq(set.host[i].preference, i + 1);
	mx_set_clear(&set);
	rrset_clear(&rrset);
}
END_TEST

/* Neither the same host again nor rubbish counts towards the limit. */
START_TEST(only_hosts_count_towards_the_limit)
{
	struct rrset rrset = { .count = 0 };
	struct mx_set set;

	add_many(&rrset, MX_HOSTS_MAX);
	add_many(&rrset, MX_HOSTS_MAX);
	add(&rrset, 1, "-not-a-host.example.org");
	add(&rrset, 1, ".");
	add_raw(&rrset, "\0", 1);
	ck_assert_int_eq(mx_set_parse(rrset.rdata, rrset.count, &set), 0);
	ck_assert_uint_eq(set.count, MX_HOSTS_MAX);
	ck_assert(!set.truncated);
	ck_assert(!set.null_mx);
	mx_set_clear(&set);
	rrset_clear(&rrset);
}
END_TEST

/* As many records as a message can hold, each with a host of its own: four
 * times as many take no more than some four times as long. */
START_TEST(many_hosts_take_no_longer)
{
	static uint8_t wire[4000][16];
	static struct dns_rdata rdata[4000];
	double least[] = { 1e9, 1e9 };

	for (size_t i = 0; i < COUNT(rdata); i++) {
		memcpy(wire[i], "\0\12\5xxxxx\3org", 13);
		snprintf((char *)wire[i] + 3, 6, "h%04zu", i);
		wire[i][8] = 3;
		rdata[i] = (struct dns_rdata){ wire[i], 13 };
	}
	for (int turn = 0; turn < 10; turn++)
		for (size_t i = 0; i < COUNT(least); i++) {
			const size_t count = i == 0 ? 1000 : 4000;
			const double start = processor_ms();
			struct mx_set set;

			ck_assert_int_eq(mx_set_parse(rdata, count, &set), 0);
			if (processor_ms() - start < least[i])
				least[i] = processor_ms() - start;
			ck_assert_uint_eq(set.count, MX_HOSTS_MAX);
			ck_assert(set.truncated);
			ck_assert_str_eq(set.host[19].name, "h0019.org");
			mx_set_clear(&set);
		}
	printf("test_mx: %.2f ms, %.2f ms\n", least[0], least[1]);
	ck_assert(least[1] < 8 * least[0]);
}
END_TEST

START_TEST(cleared_set_is_empty)
{
	struct rrset rrset = { .count = 0 };
	struct mx_set set;

	ck_assert_int_eq(mx_set_parse(NULL, 0, &set), 0);
	ck_assert_uint_eq(set.count, 0);
	mx_set_clear(&set);
	add_many(&rrset, 30);
	ck_assert_int_eq(mx_set_parse(rrset.rdata, rrset.count, &set), 0);
	mx_set_clear(&set);
	ck_assert_uint_eq(set.count, 0);
	ck_assert_ptr_null(set.host);
	ck_assert(!set.truncated && !set.null_mx);
	mx_set_clear(&set);
	rrset_clear(&rrset);
}
END_TEST

TEST_MAIN("mx")
{
	TCase *tc = add_case(suite, "records");

	add_rows(tc, records_become_hosts, rows);
	add_rows(tc, numeric_name_is_an_address, numeric);
	add_rows(tc, malformed_record_is_left_out, malformed);
	tcase_add_test(tc, longest_name_is_kept);
	add_rows(tc, best_hosts_are_kept, many);
	tcase_add_test(tc, only_hosts_count_towards_the_limit);
	tcase_add_test(tc, many_hosts_take_no_longer);
	tcase_add_test(tc, cleared_set_is_empty);
}
