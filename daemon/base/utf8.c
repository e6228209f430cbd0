/* utf8.c - untrusted text in UTF-8. */

#include "base/utf8.h"

#include <stdint.h>

#define DEL 0x7f

/* By the lead octet: the number of octets that follow, and the smallest code
 * point of that length: overlong forms are invalid. */
static const struct {
	uint32_t least;
	uint8_t mask, lead, follow;
} forms[] = {
	{ 0, 0x80, 0x00, 0 },
	{ 0x80, 0xe0, 0xc0, 1 },
	{ 0x800, 0xf0, 0xe0, 2 },
	{ 0x10000, 0xf8, 0xf0, 3 },
};

static bool
is_allowed(uint32_t code, uint32_t least)
{
	return code >= least && code <= 0x10ffff &&
	       (code < 0xd800 || code > 0xdfff) && /* surrogates */
	       code >= 0x20 && (code < DEL || code > 0x9f);
}

/* Returns the length in octets of the character at @text, or 0. */
static size_t
character(const uint8_t *text, size_t len)
{
	for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
		const size_t follow = forms[f].follow;
		uint32_t code;

		if ((text[0] & forms[f].mask) != forms[f].lead)
			continue;
		if (len <= follow)
			return 0;
		code = text[0] & (uint8_t)~forms[f].mask;
		for (size_t i = 1; i <= follow; i++) {
			if ((text[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (text[i] & 0x3fU);
		}
		return is_allowed(code, forms[f].least) ? follow + 1 : 0;
	}
	return 0;
}

bool
utf8_is_text(const char *text, size_t len)
{
	const uint8_t *at = (const uint8_t *)text;

	while (len > 0) {
		const size_t used = character(at, len);

		if (used == 0)
			return false;
		at += used;
		len -= used;
	}
	return true;
}
