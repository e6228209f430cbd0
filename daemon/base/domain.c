/* domain.c - domain names as text and in wire format. */

#include "base/domain.h"

#include <ctype.h>
#include <errno.h>
#include <idn2.h>
#include <stdio.h>
#include <string.h>

#define LABEL_MAX 63

static bool
is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_' || c == '*' || c == '/';
}

uint8_t
domain_lower(uint8_t octet)
{
	return octet >= 'A' && octet <= 'Z' ? octet | 0x20U : octet;
}

bool
domain_wire_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (domain_lower(a[i]) != domain_lower(b[i]))
			return false;
	return true;
}

/* Writes one octet of a label.  Each octet takes at most four characters, so
 * DOMAIN_TEXT_MAX is enough for any name. */
static char *
put_octet(char *at, uint8_t c)
{
	c = domain_lower(c);
	if (is_plain(c)) {
		*at++ = (char)c;
	} else if (c == '.' || c == '\\') {
		*at++ = '\\';
		*at++ = (char)c;
	} else {
		*at++ = '\\';
		*at++ = (char)('0' + c / 100);
		*at++ = (char)('0' + c / 10 % 10);
		*at++ = (char)('0' + c % 10);
	}
	return at;
}

size_t
domain_from_wire(const uint8_t *wire, size_t len, char text[DOMAIN_TEXT_MAX])
{
	char *at = text;
	size_t used = 0;

	text[0] = '\0';
	if (len > DOMAIN_WIRE_MAX)
		len = DOMAIN_WIRE_MAX;
	for (;;) {
		size_t label;

		if (used >= len)
			break;
		label = wire[used++];
		if (label == 0) {
			if (at == text)
				*at++ = '.';
			else
				at--; /* the dot after the last label */
			*at = '\0';
			return used;
		}
		if (label > LABEL_MAX || label > len - used)
			break;
		for (; label > 0; label--)
			at = put_octet(at, wire[used++]);
		*at++ = '.';
	}
	text[0] = '\0';
	return 0;
}

/* Reads one octet in presentation form; returns the number of characters, or 0
 * when malformed. */
static size_t
get_octet(const char *text, uint8_t *c)
{
	unsigned value;

	if (text[0] != '\\') {
		*c = (uint8_t)text[0];
		return 1;
	}
	if (text[1] == '\0')
		return 0;
	if (!isdigit((unsigned char)text[1])) {
		*c = (uint8_t)text[1];
		return 2;
	}
	if (!isdigit((unsigned char)text[2]) ||
	    !isdigit((unsigned char)text[3]))
		return 0;
	value = (unsigned)(text[1] - '0') * 100 +
		(unsigned)(text[2] - '0') * 10 + (unsigned)(text[3] - '0');
	if (value > 255)
		return 0;
	*c = (uint8_t)value;
	return 4;
}

size_t
domain_to_wire(const char *text, uint8_t wire[DOMAIN_WIRE_MAX])
{
	size_t label = 0; /* where the length of the current label goes */
	size_t used = 1;

	if (strcmp(text, ".") == 0) {
		wire[0] = 0;
		return 1;
	}
	if (text[0] == '\0')
		return 0;
	while (*text != '\0') {
		uint8_t c;
		size_t n;

		if (*text == '.') {
			if (used == label + 1 || used >= DOMAIN_WIRE_MAX)
				return 0;
			wire[label] = (uint8_t)(used - label - 1);
			label = used++;
			text++;
			continue;
		}
		if ((n = get_octet(text, &c)) == 0 ||
		    used - label > LABEL_MAX || used >= DOMAIN_WIRE_MAX)
			return 0;
		wire[used++] = domain_lower(c);
		text += n;
	}
	wire[label] = (uint8_t)(used - label - 1);
	if (used == label + 1) /* a trailing dot: this is the root label */
		return used;
	if (used >= DOMAIN_WIRE_MAX)
		return 0;
	wire[used++] = 0;
	return used;
}

int
domain_normalize(const char *text, char out[DOMAIN_TEXT_MAX])
{
	uint8_t wire[DOMAIN_WIRE_MAX];
	const size_t len = domain_to_wire(text, wire);

	out[0] = '\0';
	return len != 0 && domain_from_wire(wire, len, out) != 0 ? 0 : -1;
}

/* The dot after the first label of @name, or the end of @name. */
static const char *
label_end(const char *name)
{
	while (*name != '\0' && *name != '.')
		name += name[0] == '\\' && name[1] != '\0' ? 2 : 1;
	return name;
}

const char *
domain_parent(const char *name)
{
	if (strcmp(name, ".") == 0)
		return NULL;
	name = label_end(name);
	return *name == '.' ? name + 1 : ".";
}

const char *
domain_host(const char *name)
{
	while (name[0] == '_' && domain_parent(name) != NULL)
		name = domain_parent(name);
	return name;
}

unsigned
domain_labels(const char *name)
{
	unsigned labels = 0;

	while ((name = domain_parent(name)) != NULL)
		labels++;
	return labels;
}

const char *
domain_ancestor(const char *name, unsigned labels)
{
	unsigned have = domain_labels(name);

	while (have-- > labels && name != NULL)
		name = domain_parent(name);
	return name;
}

bool
domain_equal(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* The end is compared first: it differs for nearly all names of nearly all
 * zones.  Only then is it checked whether @ancestor begins at a label of
 * @name. */
bool
domain_is_within(const char *name, const char *ancestor)
{
	const size_t len = strlen(name), tail = strlen(ancestor);
	const char *at = name, *begin;

	if (domain_equal(ancestor, "."))
		return true;
	if (tail == 0 || tail > len)
		return false;
	begin = name + (len - tail);
	if (memcmp(begin, ancestor, tail) != 0)
		return false;
	while (at < begin) {
		at = label_end(at);
		if (*at == '.')
			at++;
	}
	return at == begin;
}

static bool
is_host_label(const char *label, size_t len, bool *letters)
{
	if (len == 0 || len > LABEL_MAX || label[0] == '-' ||
	    label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)label[i];

		if (!isalnum(c) && c != '-' && c != '_')
			return false;
		if (!isdigit(c))
			*letters = true;
	}
	return true;
}

bool
domain_is_hostname(const char *name)
{
	bool letters = false;

	if (strlen(name) > DOMAIN_WIRE_MAX - 2)
		return false;
	for (;;) {
		const size_t len = strcspn(name, ".");

		if (!is_host_label(name, len, &letters))
			return false;
		if (name[len] == '\0')
			return letters;
		name += len + 1;
	}
}

bool
domain_is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

int
domain_from_utf8(const char *text, char out[DOMAIN_TEXT_MAX])
{
	char *ascii = NULL;
	int result;

	errno = EINVAL;
	if (domain_is_ascii(text))
		return domain_normalize(text, out);
	out[0] = '\0';
	result = idn2_to_ascii_8z(
	    text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	errno = result == IDN2_MALLOC ? ENOMEM : EINVAL;
	if (result != IDN2_OK)
		return -1;
	result = domain_normalize(ascii, out);
	idn2_free(ascii);
	return result;
}
