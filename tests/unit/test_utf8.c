/* UTF-8 of strangers: valid, and without control characters (RFC 3629). */

#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "test_main.h"

static const struct {
	const char *mistake;
	const char *text;
	bool is_text;
} rows[] = {
	{ "an empty text is refused", "", true },
	{ "ASCII is refused", "mode: enforce ~", true },
	{ "two octets are refused", "b\303\274cher", true },
	{ "the least of two", "\302\240", true },
	{ "the most of two", "\337\277", true },
	{ "the least of three", "\340\240\200", true },
	{ "the most of three", "\357\277\277", true },
	{ "the least of four", "\360\220\200\200", true },
	{ "the most of all", "\364\217\277\277", true },
	{ "the last before surrogates", "\355\237\277", true },
	{ "the first behind surrogates", "\356\200\200", true },

	{ "a tab passes", "a\tb", false },
	{ "a line end passes", "a\nb", false },
	{ "the last control passes", "\037", false },
	{ "DEL passes", "\177", false },
	{ "U+0080 passes", "\302\200", false },
	{ "U+009F passes", "\302\237", false },
	{ "an octet that only follows passes", "\200", false },
	{ "two octets that only follow pass", "a\277\277", false },
	{ "longer than it must be: two", "\300\257", false },
	{ "longer than it must be: two, the most", "\301\277", false },
	{ "longer than it must be: three", "\340\237\277", false },
	{ "longer than it must be: four", "\360\217\277\277", false },
	{ "the first surrogate passes", "\355\240\200", false },
	{ "the last surrogate passes", "\355\277\277", false },
	{ "beyond Unicode passes", "\364\220\200\200", false },
	{ "five octets pass", "\370\210\200\200\200", false },
	{ "0xff passes", "\377", false },
	{ "cut: one of two", "a\303", false },
	{ "cut: two of three", "\342\202", false },
	{ "cut: three of four", "\360\237\222", false },
	{ "a letter stands in for what must follow", "\342\202a", false },
};

/* In memory of exactly that size, so that a sanitizer sees a read beyond. */
static bool
is_text(const char *text, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);
	bool result;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, len);
	result = utf8_is_text(copy, len);
	free(copy);
	return result;
}

START_TEST(valid_and_without_controls)
{
	ck_assert_msg(
	    is_text(rows[_i].text, strlen(rows[_i].text)) == rows[_i].is_text,
	    "%s", rows[_i].mistake);
}
END_TEST

START_TEST(a_nul_is_a_control)
{
	ck_assert(!is_text("a\0b", 3));
	ck_assert(!is_text("", 1));
}
END_TEST

START_TEST(what_is_behind_the_length_does_not_count)
{
	ck_assert(utf8_is_text("ab\377", 2));
	ck_assert(!utf8_is_text("\303\274", 1));
}
END_TEST

/* Each code point, written by its definition. */
START_TEST(every_code_point)
{
	for (uint32_t code = 0x80; code <= 0x1fffff; code++) {
		const bool expected = code >= 0xa0 && code <= 0x10ffff &&
				      !(code >= 0xd800 && code <= 0xdfff);
		const unsigned more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
		static const uint8_t leads[] = { 0, 0xc0, 0xe0, 0xf0 };
		char text[4];

		for (unsigned i = more; i > 0; i--)
			text[i] =
			    (char)(0x80 | (code >> (6 * (more - i)) & 0x3f));
		text[0] = (char)(leads[more] | code >> (6 * more));
		if (utf8_is_text(text, more + 1) != expected)
			ck_abort_msg("U+%04X", (unsigned)code);
	}
}
END_TEST

TEST_MAIN("utf8")
{
	TCase *tc = add_case(suite, "utf8");

	add_rows(tc, valid_and_without_controls, rows);
	tcase_add_test(tc, a_nul_is_a_control);
	tcase_add_test(tc, what_is_behind_the_length_does_not_count);
	tcase_add_test(tc, every_code_point);
}
