/*
 * What is trusted, by the file of the administrator and by what has been seen
 * of the root since.
 */

#include "dns/anchors.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "root_keys.h"
#include "test_main.h"

static char lines[16][512];
static unsigned used;

static const char *
ds(char which)
{
	char *line = lines[used++ % 16], *text;
	ldns_rr *rr = NULL, *digest;

	ck_assert_int_eq(
	    ldns_rr_new_frm_str(&rr, key(which, 257, ""), 0, NULL, NULL),
	    LDNS_STATUS_OK);
	digest = ldns_key_rr2ds(rr, LDNS_SHA256);
	text = ldns_rr2str(digest);
	snprintf(line, sizeof(lines[0]), "%s", text);
	free(text);
	ldns_rr_free(digest);
	ldns_rr_free(rr);
	return line;
}

static struct anchors *
parse(bool is_state, const char *one, const char *two)
{
	char text[2048], why[ANCHORS_WHY_MAX];
	struct anchors *anchors;

	snprintf(text, sizeof(text), "; a comment\n%s%s", one, two);
	anchors = anchors_parse(text, is_state, why);
	ck_assert_msg(anchors != NULL, "%s", why);
	ck_assert_str_eq(why, "");
	return anchors;
}

/* Whether it is trusted: "A" for key A; all others must not be. */
static void
expect_trusted(const struct anchors *anchors, const char *keys)
{
	size_t count = 0;

	for (size_t i = 0; i < anchors_count(anchors); i++) {
		const struct anchor anchor = anchors_get(anchors, i);

		count += anchor_is_trusted(&anchor);
	}
	ck_assert_uint_eq(count, strlen(keys));
	for (; *keys != '\0'; keys++) {
		struct anchor anchor;

		ck_assert(anchors_find(anchors, tag(*keys), &anchor));
		ck_assert(anchor_is_trusted(&anchor));
	}
}

/* ---- merging: state, trust-anchor now, trust-anchor before, trusted ---- */

#define BEFORE_NONE ""

static void
expect_merged(const char *state_one, const char *state_two, const char *start,
    const char *before, const char *trusted)
{
	struct anchors *kept = parse(true, state_one, state_two);
	struct anchors *now = parse(false, start, "");
	struct anchors *then =
	    before[0] != '\0' ? parse(false, before, "") : NULL;

	ck_assert_int_eq(anchors_merge(kept, now, then), 0);
	expect_trusted(kept, trusted);
	anchors_free(then);
	anchors_free(now);
	anchors_free(kept);
}

START_TEST(states_are_trusted_or_not)
{
	expect_merged(key('A', 257, VALID), key('B', 257, PENDING),
	    key('A', 257, ""), key('A', 257, ""), "A");
	expect_merged(key('A', 257, VALID), key('B', 257, VALID),
	    key('A', 257, ""), key('A', 257, ""), "AB");
	expect_merged(key('A', 257, MISSING), key('B', 257, VALID),
	    key('A', 257, ""), key('A', 257, ""), "AB");
	/* a state that we do not know */
	expect_merged(key('A', 257, VALID), key('B', 257, " ;;state=9"),
	    key('A', 257, ""), key('A', 257, ""), "A");
}
END_TEST

START_TEST(what_was_revoked_is_never_trusted)
{
	/* the bit changes the flags, and the tag */
	expect_merged(key('A', 257 | 128, REVOKED), key('B', 257, VALID),
	    key('A', 257, ""), key('A', 257, ""), "B");
	expect_merged(key('A', 257 | 128, REVOKED), key('B', 257, VALID),
	    ds('A'), ds('A'), "B");
	/* with nothing left */
	expect_merged(
	    key('A', 257 | 128, REVOKED), "", ds('A'), BEFORE_NONE, "");
}
END_TEST

START_TEST(what_trust_anchor_gains_is_trusted)
{
	struct anchors *kept =
	    parse(true, key('A', 257, VALID), key('B', 257, PENDING));
	struct anchors *start = parse(false, ds('A'), ds('B'));
	struct anchor anchor;

	ck_assert_int_eq(anchors_merge(kept, start, NULL), 0);
	expect_trusted(kept, "AB");
	ck_assert(anchors_find(kept, tag('B'), &anchor));
	ck_assert(anchor.configured);
	anchors_free(start);
	anchors_free(kept);
	expect_merged(key('A', 257, VALID), "", ds('A'), ds('A'), "A");
}
END_TEST

START_TEST(what_trust_anchor_loses_is_not)
{
	expect_merged(key('A', 257, VALID), key('B', 257, VALID),
	    key('B', 257, ""), key('A', 257, ""), "B");
	/* it was learned, and never stood there */
	expect_merged(key('A', 257, VALID), key('B', 257, VALID),
	    key('A', 257, ""), key('A', 257, ""), "AB");
}
END_TEST

/* The will of the administrator ends a key's trust, and gives it; but what the
 * root has revoked stays known, though trust-anchor lose it meanwhile. */
START_TEST(revocation_outlives_trust_anchor)
{
	struct anchors *kept =
	    parse(true, key('A', 257 | 128, REVOKED), key('B', 257, VALID));
	struct anchors *both = parse(false, key('A', 257, ""), ds('B'));
	struct anchors *less = parse(false, ds('B'), "");

	ck_assert_int_eq(anchors_merge(kept, less, both), 0);
	expect_trusted(kept, "B");
	ck_assert_int_eq(anchors_merge(kept, both, less), 0);
	expect_trusted(kept, "B");
	anchors_free(less);
	anchors_free(both);
	anchors_free(kept);
}
END_TEST

static const struct {
	const char *one, *other; /* comments of key B, beside A; NULL: no B */
	bool same;
} trusts[] = {
	{ VALID, VALID, true },
	{ VALID, MISSING, true },
	{ PENDING, PENDING, true },
	{ PENDING, NULL, true },
	{ REVOKED, NULL, true },
	/* it has passed its thirty days */
	{ PENDING, VALID, false },
	{ NULL, VALID, false },
	{ VALID, REVOKED, false },
	{ MISSING, NULL, false },
};

static struct anchors *
with_b(const char *comment)
{
	return parse(true, key('A', 257, VALID),
	    comment != NULL ? key('B', 257, comment) : "");
}

/* What libunbound has to be told of, and nothing else: it costs its cache. */
START_TEST(other_trust_is_noticed)
{
	struct anchors *one = with_b(trusts[_i].one);
	struct anchors *other = with_b(trusts[_i].other);

	ck_assert(anchors_trust_the_same(one, other) == trusts[_i].same);
	ck_assert(anchors_trust_the_same(other, one) == trusts[_i].same);
	anchors_free(other);
	anchors_free(one);
}
END_TEST

START_TEST(another_root_takes_all)
{
	expect_merged(key('A', 257, VALID), key('B', 257, VALID),
	    key('C', 257, ""), key('A', 257, ""), "C");
	expect_merged(key('A', 257, VALID), key('B', 257, VALID), ds('C'),
	    BEFORE_NONE, "C");
}
END_TEST

/* ---- texts ---- */

START_TEST(state_is_written_as_it_was_read)
{
	struct anchors *kept =
	    parse(true, key('A', 257 | 128, REVOKED), key('B', 257, PENDING));
	char *text = anchors_state_text(kept), *again;
	struct anchors *other = parse(true, text, "");
	struct anchor anchor;

	again = anchors_state_text(other);
	ck_assert_str_eq(text, again);
	ck_assert_ptr_nonnull(strstr(text, PENDING "\n"));
	ck_assert_ptr_nonnull(strstr(text, REVOKED "\n"));
	ck_assert(anchors_find(other, tag('A'), &anchor));
	ck_assert_int_eq(anchor.since, 1700000000);
	ck_assert(anchors_trust_the_same(kept, other));
	anchors_free(other);
	anchors_free(kept);
	free(again);
	free(text);
}
END_TEST

START_TEST(only_the_roots_keys_go_into_the_state)
{
	struct anchors *start = parse(false, key('A', 257, ""),
	    "corp.internal. IN DS 1 13 2 "
	    "00000000000000000000000000000000000000000000000000000000000000"
	    "00\n. IN NS ns.example.\n");
	char *text = anchors_state_text(start);

	ck_assert_uint_eq(anchors_count(start), 2);
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_null(strstr(text, "corp"));
	free(text);
	anchors_free(start);
}
END_TEST

START_TEST(what_is_no_master_file_is_refused)
{
	static const char *const texts[] = { "what is this\n",
		". IN DNSKEY 257 3 13 !!!\n", ". IN DS 1 13 2\n" };
	char why[ANCHORS_WHY_MAX];

	for (size_t i = 0; i < COUNT(texts); i++)
		for (int is_state = 0; is_state < 2; is_state++) {
			ck_assert_ptr_null(
			    anchors_parse(texts[i], is_state != 0, why));
			ck_assert_str_ne(why, "");
		}
}
END_TEST

START_TEST(more_keys_than_there_is_room_for)
{
	char *text = NULL, why[ANCHORS_WHY_MAX];
	size_t size;
	FILE *file = open_memstream(&text, &size);

	for (char which = 'A'; which <= 'Z'; which++)
		for (unsigned flags = 256; flags < 259; flags++)
			fputs(key(which, flags, ""), file);
	fclose(file);
	ck_assert_ptr_null(anchors_parse(text, true, why));
	ck_assert_str_ne(why, "");
	free(text);
}
END_TEST

START_TEST(a_directory_without_a_state_is_no_trouble)
{
	char path[] = "/tmp/postdane-anchors-XXXXXX", file[64];
	char why[ANCHORS_WHY_MAX];
	struct anchors *anchors;

	ck_assert_ptr_nonnull(mkdtemp(path));
	snprintf(file, sizeof(file), "%s/anchor", path);
	write_file(file, ds('A'));
	anchors = anchors_load(file, path, why);
	ck_assert_ptr_nonnull(anchors);
	ck_assert_str_eq(why, "");
	expect_trusted(anchors, "A");
	anchors_free(anchors);
	unlink(file);
	ck_assert_ptr_null(anchors_load(file, path, why));
	ck_assert_ptr_nonnull(strstr(why, "No such file"));
	rmdir(path);
}
END_TEST

static void
write_below(
    const char *directory, const char *name, const char *text, char path[128])
{
	snprintf(path, 128, "%s/%s", directory, name);
	write_file(path, text);
}

/* A state that is no state: trust-anchor holds, and somebody is told. */
START_TEST(state_that_cannot_be_read_is_told)
{
	char directory[] = "/tmp/postdane-anchors-XXXXXX";
	char file[128], state[128], why[ANCHORS_WHY_MAX];
	struct anchors *anchors;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	write_below(directory, "anchor", ds('A'), file);
	write_below(directory, "root.key", "what is this\n", state);
	anchors = anchors_load(file, directory, why);
	ck_assert_ptr_nonnull(anchors);
	ck_assert_ptr_nonnull(strstr(why, "root.key"));
	expect_trusted(anchors, "A");
	anchors_free(anchors);
	unlink(file);
	unlink(state);
	rmdir(directory);
}
END_TEST

TEST_MAIN("anchors")
{
	TCase *all = add_case(suite, "all");

	tcase_add_test(all, states_are_trusted_or_not);
	tcase_add_test(all, what_was_revoked_is_never_trusted);
	tcase_add_test(all, what_trust_anchor_gains_is_trusted);
	tcase_add_test(all, what_trust_anchor_loses_is_not);
	tcase_add_test(all, revocation_outlives_trust_anchor);
	add_rows(all, other_trust_is_noticed, trusts);
	tcase_add_test(all, another_root_takes_all);
	tcase_add_test(all, state_is_written_as_it_was_read);
	tcase_add_test(all, only_the_roots_keys_go_into_the_state);
	tcase_add_test(all, what_is_no_master_file_is_refused);
	tcase_add_test(all, more_keys_than_there_is_room_for);
	tcase_add_test(all, a_directory_without_a_state_is_no_trouble);
	tcase_add_test(all, state_that_cannot_be_read_is_told);
}
