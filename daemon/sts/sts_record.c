/* sts_record.c - the TXT record at _mta-sts.DOMAIN. */

#include "sts/sts_record.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define NAME_MAX_OCTETS 32 /* octets of a field name */
#define END (-1)

/* The strings of one record, read as one concatenated text. */
struct text {
	const uint8_t *at, *end;
	size_t left; /* octets left in the current string */
};

/* Returns whether the strings end exactly where the RDATA ends. */
static bool
begin(struct text *text, const struct dns_rdata *rdata)
{
	size_t at = 0;

	text->at = rdata->data;
	text->end = rdata->data + rdata->len;
	text->left = 0;
	while (at < rdata->len)
		at += 1 + (size_t)rdata->data[at];
	return rdata->len > 0 && at == rdata->len;
}

/* The next octet, without consuming it; or END. */
static int
peek(struct text *text)
{
	while (text->left == 0) {
		if (text->at == text->end)
			return END;
		text->left = *text->at++;
	}
	return *text->at;
}

static int
next(struct text *text)
{
	const int c = peek(text);

	if (c != END) {
		text->at++;
		text->left--;
	}
	return c;
}

static void
skip_blanks(struct text *text)
{
	while (peek(text) == ' ' || peek(text) == '\t')
		(void)next(text);
}

/* Skip a semicolon with whitespace around it.  Returns whether there is one; if
 * not, @text is unchanged. */
static bool
skip_delimiter(struct text *text)
{
	const struct text before = *text;

	skip_blanks(text);
	if (peek(text) != ';') {
		*text = before;
		return false;
	}
	(void)next(text);
	skip_blanks(text);
	return true;
}

/* Consumes the version; @text is then at the semicolon. */
static bool
begins_with_version(struct text *text)
{
	static const char version[] = "v=STSv1";

	for (size_t i = 0; version[i] != '\0'; i++)
		if (next(text) != version[i])
			return false;
	skip_blanks(text);
	return peek(text) == ';';
}

static bool
is_alphanumeric(int c)
{
	return c >= 0 && c < 0x80 && isalnum(c) != 0;
}

static bool
is_name_octet(int c, size_t at)
{
	return is_alphanumeric(c) ||
	       (at > 0 && (c == '_' || c == '-' || c == '.'));
}

/* Printable, and neither of the two field separators. */
static bool
is_value_octet(int c)
{
	return c > 0x20 && c < 0x7f && c != '=' && c != ';';
}

static bool
read_name(struct text *text, char name[NAME_MAX_OCTETS + 1])
{
	size_t len = 0;

	while (len < NAME_MAX_OCTETS && is_name_octet(peek(text), len))
		name[len++] = (char)next(text);
	name[len] = '\0';
	return len > 0 && next(text) == '=';
}

/* Read a value.  If it can be an id, it is copied to @id; otherwise @id is "".
 * Returns the length of the value. */
static size_t
read_value(struct text *text, char id[STS_ID_MAX], bool *is_id)
{
	size_t len = 0;

	*is_id = true;
	for (; is_value_octet(peek(text)); len++) {
		const int c = next(text);

		if (len >= STS_ID_MAX - 1 || !is_alphanumeric(c))
			*is_id = false;
		else
			id[len] = (char)c;
	}
	id[*is_id ? len : 0] = '\0';
	return len;
}

/* The fields after the version.  Of duplicate fields the first counts. */
static enum sts_record_status
read_fields(struct text *text, char id[STS_ID_MAX])
{
	enum sts_record_status status = STS_RECORD_NO_ID;
	size_t fields = 0;

	while (skip_delimiter(text)) {
		char name[NAME_MAX_OCTETS + 1], value[STS_ID_MAX];
		bool is_id;

		if (peek(text) == END && fields > 0)
			break;
		if (!read_name(text, name) ||
		    read_value(text, value, &is_id) == 0)
			return STS_RECORD_SYNTAX;
		fields++;
		if (strcmp(name, "id") != 0 || status != STS_RECORD_NO_ID)
			continue;
		status = is_id ? STS_RECORD_FOUND : STS_RECORD_BAD_ID;
		memcpy(id, value, sizeof(value));
	}
	return peek(text) == END ? status : STS_RECORD_SYNTAX;
}

enum sts_record_status
sts_record_parse(
    const struct dns_rdata *rdata, size_t count, char id[STS_ID_MAX])
{
	enum sts_record_status status;
	struct text text, found;
	size_t records = 0;

	id[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		if (!begin(&text, &rdata[i]) || !begins_with_version(&text))
			continue;
		found = text;
		records++;
	}
	if (records != 1)
		return records == 0 ? STS_RECORD_NONE : STS_RECORD_SEVERAL;
	status = read_fields(&found, id);
	if (status != STS_RECORD_FOUND)
		id[0] = '\0';
	return status;
}

const char *
sts_record_status_text(enum sts_record_status status)
{
	static const char *const texts[] = {
		[STS_RECORD_NONE] = "no record begins with v=STSv1;",
		[STS_RECORD_SEVERAL] =
		    "more than one record begins with v=STSv1;",
		[STS_RECORD_SYNTAX] =
		    "the record is not made of NAME=VALUE; fields",
		[STS_RECORD_NO_ID] = "the record has no id",
		[STS_RECORD_BAD_ID] =
		    "the record's id is not 1 to 32 letters and digits",
		[STS_RECORD_FOUND] = "a record with an id",
	};

	return texts[status];
}
