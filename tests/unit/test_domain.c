/* Domain names: wire, text, relations, and what people type. */

#include "base/domain.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test_main.h"

#define LABEL_63                                                               \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LABEL_61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NAME_253 LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61

/* Wire format with its length: an octet string, its last zero the root. */
#define WIRE(text) text, sizeof(text)

/* ---- wire and text ---- */

static const struct {
	const char *wire;
	size_t len;
	const char *text;
} names[] = {
	{ WIRE(""), "." },
	{ WIRE("\3org"), "org" },
	{ WIRE("\7example\3org"), "example.org" },
	{ WIRE("\4_587\4_tcp\2mx\7example"), "_587._tcp.mx.example" },
	{ WIRE("\1*\1a"), "*.a" },
	{ WIRE("\4"
	       "0/25\1"
	       "2\1"
	       "0\3"
	       "192"),
	    "0/25.2.0.192" },
	{ WIRE("\3a.b\1c"), "a\\.b.c" },
	{ WIRE("\3a\\b\1c"), "a\\\\b.c" },
	{ WIRE("\3a b\1c"), "a\\032b.c" },
	{ WIRE("\3a\0b\1c"), "a\\000b.c" },
	{ WIRE("\2\303\274\1c"), "\\195\\188.c" },
	{ WIRE("\4@\"$;"), "\\064\\034\\036\\059" },
	{ WIRE("\1\\\1."), "\\\\.\\." },
};

START_TEST(wire_becomes_text_and_back)
{
	char text[DOMAIN_TEXT_MAX], again[DOMAIN_TEXT_MAX];
	uint8_t wire[DOMAIN_WIRE_MAX];
	size_t len;

	len = domain_from_wire(
	    (const uint8_t *)names[_i].wire, names[_i].len, text);
	ck_assert_uint_eq(len, names[_i].len);
	ck_assert_str_eq(text, names[_i].text);
	ck_assert_uint_eq(domain_to_wire(text, wire), len);
	ck_assert_mem_eq(wire, names[_i].wire, len);
	ck_assert_int_eq(domain_normalize(text, again), 0);
	ck_assert_str_eq(again, text);
}
END_TEST

/* Every octet, as the first and as the only one of a label. */
START_TEST(every_octet_survives_the_round_trip)
{
	char text[DOMAIN_TEXT_MAX];
	uint8_t wire[] = { 2, 0, '0', 1, 0, 0 }, back[DOMAIN_WIRE_MAX];

	for (unsigned octet = 0; octet < 256; octet++) {
		const uint8_t lower =
		    (uint8_t)(octet >= 'A' && octet <= 'Z' ? octet + 32
							   : octet);

		wire[1] = wire[4] = (uint8_t)octet;
		ck_assert_uint_eq(
		    domain_from_wire(wire, sizeof(wire), text), sizeof(wire));
		ck_assert_uint_eq(domain_labels(text), 2);
		ck_assert_uint_eq(domain_to_wire(text, back), sizeof(wire));
		ck_assert_uint_eq(back[1], lower);
		ck_assert_uint_eq(back[2], '0');
		ck_assert_uint_eq(back[4], lower);
		for (const char *at = text; *at != '\0'; at++)
			ck_assert_msg(
			    *at > ' ' && *at < 0x7f, "octet %u", octet);
	}
}
END_TEST

START_TEST(largest_name_fits_the_text)
{
	uint8_t wire[DOMAIN_WIRE_MAX], back[DOMAIN_WIRE_MAX];
	char text[DOMAIN_TEXT_MAX];

	/* 63, 63, 63 and 61 octets that all need an escape: 255 in all. */
	memset(wire, 0xff, sizeof(wire));
	wire[0] = wire[64] = wire[128] = 63;
	wire[192] = 61;
	wire[254] = 0;
	ck_assert_uint_eq(domain_from_wire(wire, sizeof(wire), text), 255);
	ck_assert_uint_eq(strlen(text), 4 * 250 + 3);
	ck_assert_uint_eq(domain_to_wire(text, back), 255);
	ck_assert_mem_eq(wire, back, 255);
}
END_TEST

static const struct {
	const char *mistake;
	const char *wire;
	size_t len;
} bad_wires[] = {
	{ "read past nothing", "", 0 },
	{ "a label without an end", "\3org", 4 },
	{ "a label longer than what is left", "\4org", 4 },
	{ "only a length", "\1", 1 },
	{ "a pointer followed", "\300\0\0", 3 },
	{ "a pointer followed after a label", "\3org\300\0", 6 },
	{ "a label type that does not exist", "\100a\0", 3 },
	{ "another one", "\200a\0", 3 },
};

/* At the end of a page, so that whoever reads on dies of it. */
START_TEST(bad_wire_is_refused)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char text[DOMAIN_TEXT_MAX] = "untouched";
	uint8_t *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *wire = pages + page - bad_wires[_i].len;

	ck_assert(pages != MAP_FAILED);
	ck_assert_int_eq(mprotect(pages + page, page, PROT_NONE), 0);
	memcpy(wire, bad_wires[_i].wire, bad_wires[_i].len);
	ck_assert_msg(domain_from_wire(wire, bad_wires[_i].len, text) == 0,
	    "%s", bad_wires[_i].mistake);
	ck_assert_str_eq(text, "");
	munmap(pages, 2 * page);
}
END_TEST

/* Pointers among them, with all the octets that they would be as labels. */
START_TEST(label_of_64_octets_is_refused)
{
	uint8_t wire[DOMAIN_WIRE_MAX] = { 0 };
	char text[DOMAIN_TEXT_MAX];

	for (unsigned label = 60; label < 254; label++) {
		memset(wire, 'a', sizeof(wire));
		wire[0] = (uint8_t)label;
		wire[label + 1] = 0;
		ck_assert_uint_eq(domain_from_wire(wire, sizeof(wire), text),
		    label <= 63 ? label + 2 : 0);
	}
}
END_TEST

START_TEST(wire_of_256_octets_is_refused)
{
	uint8_t wire[300];
	char text[DOMAIN_TEXT_MAX];

	memset(wire, 'a', sizeof(wire));
	wire[0] = wire[64] = wire[128] = 63;
	wire[192] = 62;
	wire[255] = 0;
	ck_assert_uint_eq(domain_from_wire(wire, sizeof(wire), text), 0);
	ck_assert_str_eq(text, "");
	wire[192] = 61;
	wire[254] = 0;
	ck_assert_uint_eq(domain_from_wire(wire, sizeof(wire), text), 255);
}
END_TEST

START_TEST(what_follows_the_name_is_left_alone)
{
	static const uint8_t wire[] = { 1, 'A', 0, 1, 'b', 0 };
	char text[DOMAIN_TEXT_MAX];

	ck_assert_uint_eq(domain_from_wire(wire, sizeof(wire), text), 3);
	ck_assert_str_eq(text, "a");
}
END_TEST

/* ---- text that people write ---- */

static const struct {
	const char *text;
	const char *normal; /* NULL: malformed */
} texts[] = {
	{ "Example.ORG", "example.org" },
	{ "example.org.", "example.org" },
	{ ".", "." },
	{ "\\069xample.org", "example.org" },
	{ "ex\\097mple.org", "example.org" },
	{ "a\\.b.org", "a\\.b.org" },
	{ "a\\046b.org", "a\\.b.org" },
	{ "a\\255.org", "a\\255.org" },
	{ "a\\\\.org", "a\\\\.org" },
	{ "\\x.org", "x.org" },
	{ "a b.org", "a\\032b.org" },
	{ NAME_253, NAME_253 },
	{ NAME_253 ".", NAME_253 },

	{ "", NULL },
	{ "..", NULL },
	{ ".org", NULL },
	{ "example..org", NULL },
	{ "example.org..", NULL },
	{ "a\\", NULL },
	{ "a\\2", NULL },
	{ "a\\25", NULL },
	{ "a\\25x", NULL },
	{ "a\\256.org", NULL },
	{ "a\\999.org", NULL },
	{ LABEL_63 "a.org", NULL },
	{ NAME_253 "a", NULL },
	{ NAME_253 "a.", NULL },
	{ NAME_253 ".a", NULL },
	{ NAME_253 ".a.", NULL },
	{ NAME_253 "." NAME_253, NULL },
};

START_TEST(text_is_normalized)
{
	char out[DOMAIN_TEXT_MAX] = "untouched";
	uint8_t wire[DOMAIN_WIRE_MAX];
	const int result = domain_normalize(texts[_i].text, out);

	if (texts[_i].normal == NULL) {
		ck_assert_msg(result == -1, "%s: %s", texts[_i].text, out);
		ck_assert_uint_eq(domain_to_wire(texts[_i].text, wire), 0);
		return;
	}
	ck_assert_msg(result == 0, "%s", texts[_i].text);
	ck_assert_str_eq(out, texts[_i].normal);
}
END_TEST

/* ---- relations ---- */

static const struct {
	const char *name;
	unsigned labels;
	const char *parent;
} parents[] = {
	{ ".", 0, NULL },
	{ "org", 1, "." },
	{ "example.org", 2, "org" },
	{ "_25._tcp.mx.example.org", 5, "_tcp.mx.example.org" },
	{ "a\\.b.org", 2, "org" },
	{ "a\\\\.b.org", 3, "b.org" },
	{ "a\\\\\\.b.org", 2, "org" },
	{ "a\\046b.org", 2, "org" },
	{ "\\.", 1, "." },
};

START_TEST(labels_and_parents)
{
	const char *name = parents[_i].name;
	const char *parent = domain_parent(name);

	ck_assert_msg(domain_labels(name) == parents[_i].labels, "%s", name);
	if (parents[_i].parent == NULL)
		ck_assert_ptr_null(parent);
	else
		ck_assert_str_eq(parent, parents[_i].parent);
}
END_TEST

START_TEST(host_of_a_service)
{
	ck_assert_str_eq(domain_host("_25._tcp.mx.example"), "mx.example");
	ck_assert_str_eq(domain_host("mx._tcp.example"), "mx._tcp.example");
	ck_assert_str_eq(domain_host("_25"), ".");
	ck_assert_str_eq(domain_host("."), ".");
}
END_TEST

START_TEST(ancestors)
{
	static const char name[] = "mx.a\\.b.example.org";

	ck_assert_ptr_eq(domain_ancestor(name, 4), name);
	ck_assert_str_eq(domain_ancestor(name, 3), "a\\.b.example.org");
	ck_assert_str_eq(domain_ancestor(name, 2), "example.org");
	ck_assert_str_eq(domain_ancestor(name, 1), "org");
	ck_assert_str_eq(domain_ancestor(name, 0), ".");
	ck_assert_str_eq(domain_ancestor(".", 0), ".");
}
END_TEST

static const struct {
	const char *name, *ancestor;
	bool within;
} within[] = {
	{ "example.org", "example.org", true },
	{ "mx.example.org", "example.org", true },
	{ "a.b.c.example.org", "org", true },
	{ "example.org", ".", true },
	{ ".", ".", true },
	{ ".", "org", false },
	{ "example.org", "mx.example.org", false },
	{ "badexample.org", "example.org", false }, /* a suffix is no parent */
	{ "a\\.example.org", "example.org", false },
	{ "example.org.evil", "example.org", false },
	{ "example.com", "example.org", false },
	{ "a\\\\.example.org", "example.org", true },
	{ "a\\046b.org", "046b.org", false }, /* inside an escape */
	{ "a\\046b.org", "b.org", false },
	{ "example.org", ".org", false },
	{ "\\.", ".", true },
};

START_TEST(is_within)
{
	ck_assert_msg(domain_is_within(within[_i].name, within[_i].ancestor) ==
			  within[_i].within,
	    "%s in %s", within[_i].name, within[_i].ancestor);
}
END_TEST

START_TEST(equality)
{
	ck_assert(domain_equal("example.org", "example.org"));
	ck_assert(domain_equal(".", "."));
	ck_assert(!domain_equal("example.org", "example.com"));
	ck_assert(!domain_equal("example.org", "example.or"));
	ck_assert(!domain_equal("a.example.org", "example.org"));
}
END_TEST

/* ---- host names, as Postfix's valid_hostname() has it ---- */

static const struct {
	const char *name;
	bool valid;
} hosts[] = {
	{ "example.org", true },
	{ "localhost", true },
	{ "ex_ample.org", true },
	{ "_.org", true },
	{ "a-b.org", true },
	{ "a--b.org", true },
	{ "3com.example", true },
	{ "1.2.3.4.x", true },
	{ "1-2", true }, /* a hyphen is no digit */
	{ "1_2", true },
	{ "EXAMPLE.ORG", true },
	{ NAME_253, true },

	{ "", false },
	{ ".", false },
	{ ".org", false },
	{ "example..org", false },
	{ "example.org.", false },
	{ "-a.org", false },
	{ "a-.org", false },
	{ "a.-", false },
	{ "192.0.2.1", false },
	{ "12345", false },
	{ "1.2", false },
	{ "*.example.org", false },
	{ "a/b.org", false },
	{ "a b.org", false },
	{ "a\\032b.org", false },
	{ "a\\.b.org", false },
	{ "a:b", false },
	{ "::1", false },
	{ "b\303\274cher.example", false },
	{ LABEL_63 "a.org", false },
	{ NAME_253 "a", false },
};

START_TEST(host_name)
{
	ck_assert_msg(domain_is_hostname(hosts[_i].name) == hosts[_i].valid,
	    "%s", hosts[_i].name);
}
END_TEST

/* ---- U-labels ---- */

static const struct {
	const char *text;
	const char *ascii; /* NULL: refused */
} idns[] = {
	{ "example.org", "example.org" }, { "Example.Org.", "example.org" },
	{ "_dmarc.example.org", "_dmarc.example.org" },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
	{ "b\303\274cher.example", "xn--bcher-kva.example" },
	{ "B\303\234CHER.EXAMPLE", "xn--bcher-kva.example" },
	{ "bu\314\210cher.example", "xn--bcher-kva.example" },
	{ "b\303\274cher.example.", "xn--bcher-kva.example" },
	{ "b\303\274cher\343\200\202example",
	    "xn--bcher-kva.example" }, /* an ideographic full stop */
	{ "stra\303\237e.example",
	    "xn--strae-oqa.example" }, /* transitional: strasse */
	{ "\316\273\317\214\316\263\316\277\317\202.example",
	    "xn--oxapnm1c.example" }, /* final sigma kept */
	{ "_x.b\303\274cher.example", "_x.xn--bcher-kva.example" },

	{ "", NULL }, { "b\303\274cher..example", NULL },
	{ "\377.example", NULL }, { "\303.example", NULL },
	{ "\355\240\200.example", NULL },
	{ "a\342\200\256b.example", NULL }, /* right-to-left override */
};

START_TEST(u_labels)
{
	char out[DOMAIN_TEXT_MAX] = "untouched";
	const int result = domain_from_utf8(idns[_i].text, out);

	if (idns[_i].ascii == NULL) {
		ck_assert_msg(result == -1, "row %d: %s", _i, out);
		return;
	}
	ck_assert_msg(result == 0, "row %d", _i);
	ck_assert_str_eq(out, idns[_i].ascii);
}
END_TEST

START_TEST(u_label_of_any_length_is_survived)
{
	char text[4000], out[DOMAIN_TEXT_MAX];

	for (size_t pairs = 1; pairs < 1900; pairs += 13) {
		for (size_t i = 0; i < pairs; i++)
			memcpy(text + 2 * i, "\303\274", 2);
		snprintf(text + 2 * pairs, 16, ".example");
		if (domain_from_utf8(text, out) == 0)
			ck_assert_uint_le(pairs, 63);
		else
			ck_assert_uint_gt(pairs, 40);
	}
}
END_TEST

TEST_MAIN("domain")
{
	TCase *tc = add_case(suite, "names");

	add_rows(tc, wire_becomes_text_and_back, names);
	tcase_add_test(tc, every_octet_survives_the_round_trip);
	tcase_add_test(tc, largest_name_fits_the_text);
	add_rows(tc, bad_wire_is_refused, bad_wires);
	tcase_add_test(tc, label_of_64_octets_is_refused);
	tcase_add_test(tc, wire_of_256_octets_is_refused);
	tcase_add_test(tc, what_follows_the_name_is_left_alone);
	add_rows(tc, text_is_normalized, texts);
	add_rows(tc, labels_and_parents, parents);
	tcase_add_test(tc, host_of_a_service);
	tcase_add_test(tc, ancestors);
	add_rows(tc, is_within, within);
	tcase_add_test(tc, equality);
	add_rows(tc, host_name, hosts);
	add_rows(tc, u_labels, idns);
	tcase_add_test(tc, u_label_of_any_length_is_survived);
}
