/* sts_policy.c - the policy file of MTA-STS. */

#include "sts/sts_policy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "sts/mx_pattern.h"

#define BYTE_ORDER_MARK "\357\273\277"
#define BYTE_ORDER_MARK_LEN 3
#define KEY_MAX 32

/* ---- lines ---- */

static bool
has_byte_order_mark(const char *file, size_t len)
{
	return len >= BYTE_ORDER_MARK_LEN &&
	       memcmp(file, BYTE_ORDER_MARK, BYTE_ORDER_MARK_LEN) == 0;
}

void
sts_lines_begin(struct sts_lines *lines, const char *file, size_t len)
{
	const size_t skip =
	    has_byte_order_mark(file, len) ? BYTE_ORDER_MARK_LEN : 0;

	lines->at = file + skip;
	lines->end = file + len;
	lines->number = 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool
sts_lines_next(struct sts_lines *lines, const char **line, size_t *len)
{
	const size_t left = (size_t)(lines->end - lines->at);
	const char *newline;

	if (left == 0)
		return false;
	newline = memchr(lines->at, '\n', left);
	*line = lines->at;
	*len = newline != NULL ? (size_t)(newline - lines->at) : left;
	lines->at = newline != NULL ? newline + 1 : lines->end;
	lines->number++;
	if (*len > 0 && (*line)[*len - 1] == '\r')
		(*len)--;
	while (*len > 0 && is_blank((*line)[*len - 1]))
		(*len)--;
	return true;
}

/* ---- fields ---- */

struct field {
	const char *key, *value; /* neither is terminated */
	size_t key_len, value_len;
};

static bool
is_key(const char *key, size_t len)
{
	if (len == 0 || len > KEY_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)key[i];

		if (c >= 0x80 ||
		    (!isalnum(c) && (i == 0 || strchr("_-.", c) == NULL)))
			return false;
	}
	return true;
}

/* KEY: VALUE.  Returns whether the line has this form; the value may be
 * empty. */
static bool
split(const char *line, size_t len, struct field *field)
{
	const char *colon = memchr(line, ':', len);

	if (colon == NULL)
		return false;
	field->key = line;
	field->key_len = (size_t)(colon - line);
	field->value = colon + 1;
	field->value_len = len - field->key_len - 1;
	while (field->value_len > 0 && is_blank(field->value[0])) {
		field->value++;
		field->value_len--;
	}
	return is_key(field->key, field->key_len);
}

/* ---- values ---- */

/* Keys that count only once come first. */
enum key {
	KEY_VERSION,
	KEY_MODE,
	KEY_MAX_AGE,
	KEYS_ONCE,
	KEY_MX = KEYS_ONCE,
	KEY_OTHER
};

enum reading { READING_NOTHING = 0, READING_BAD, READING_GOOD };

struct reader {
	enum reading reading[KEYS_ONCE];
	struct sts_policy *policy;
	struct sts_notes *notes;
	unsigned line, unicode;       /* "mx" lines that are not ASCII */
	size_t names_len, names_room; /* of policy->names */
};

static void
note(struct reader *reader, enum sts_note note)
{
	if (reader->notes->of[note].times++ == 0)
		reader->notes->of[note].first = reader->line;
}

static bool
is_word(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(text, word, len) == 0;
}

static enum key
key_of(const struct field *field)
{
	static const char *const keys[] = {
		[KEY_VERSION] = "version",
		[KEY_MODE] = "mode",
		[KEY_MAX_AGE] = "max_age",
		[KEY_MX] = "mx",
	};

	for (int key = KEY_VERSION; key <= KEY_MX; key++)
		if (is_word(field->key, field->key_len, keys[key]))
			return (enum key)key;
	return KEY_OTHER;
}

static bool
read_mode(struct reader *reader, const struct field *field)
{
	for (int i = STS_MODE_NONE; i <= STS_MODE_ENFORCE; i++) {
		const enum sts_mode mode = (enum sts_mode)i;

		if (is_word(
			field->value, field->value_len, sts_mode_text(mode))) {
			reader->policy->mode = mode;
			return true;
		}
	}
	return false;
}

/* Any number of digits is accepted: the value is capped at the maximum. */
static bool
read_max_age(struct reader *reader, const struct field *field)
{
	uint64_t seconds = 0;

	for (size_t i = 0; i < field->value_len; i++) {
		const char c = field->value[i];

		if (c < '0' || c > '9')
			return false;
		seconds = seconds * 10 + (uint64_t)(c - '0');
		if (seconds > STS_POLICY_MAX_AGE)
			seconds = STS_POLICY_MAX_AGE + 1ULL;
	}
	if (seconds > STS_POLICY_MAX_AGE) {
		seconds = STS_POLICY_MAX_AGE;
		note(reader, STS_NOTE_LONG_MAX_AGE);
	}
	reader->policy->max_age = (uint32_t)seconds;
	return field->value_len > 0;
}

static bool
read_once(struct reader *reader, enum key key, const struct field *field)
{
	switch (key) {
	case KEY_VERSION:
		return is_word(field->value, field->value_len, "STSv1");
	case KEY_MODE:
		return read_mode(reader, field);
	case KEY_MAX_AGE:
		return read_max_age(reader, field);
	case KEY_MX:
	case KEY_OTHER:
		break;
	}
	return false;
}

/* Returns 0, or -1 when out of memory. */
static int
add_name(struct reader *reader, const char *name)
{
	struct sts_policy *policy = reader->policy;
	const size_t len = strlen(name) + 1;

	if (reader->names_len + len > reader->names_room) {
		const size_t room = 2 * reader->names_room + MX_PATTERN_MAX;
		char *names = realloc(policy->names, room);

		if (names == NULL)
			return -1;
		policy->names = names;
		reader->names_room = room;
	}
	memcpy(policy->names + reader->names_len, name, len);
	reader->names_len += len;
	policy->mx_count++;
	return 0;
}

static void
note_leniency(struct reader *reader, const struct mx_pattern_leniency *leniency)
{
	if (leniency->dot)
		note(reader, STS_NOTE_MX_DOT);
	if (leniency->unicode)
		note(reader, STS_NOTE_MX_UNICODE);
	if (leniency->underscore)
		note(reader, STS_NOTE_MX_UNDERSCORE);
}

static bool
is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

static int
read_mx(struct reader *reader, const struct field *field)
{
	struct mx_pattern_leniency leniency;
	char pattern[MX_PATTERN_MAX];

	if (!is_ascii(field->value, field->value_len) &&
	    reader->unicode++ >= STS_UNICODE_MAX) {
		note(reader, STS_NOTE_MX_MANY_UNICODE);
		return 0;
	}
	switch (mx_pattern_read(
	    field->value, field->value_len, pattern, &leniency)) {
	case MX_PATTERN_NO_MEMORY:
		break;
	case MX_PATTERN_READ:
		note_leniency(reader, &leniency);
		return add_name(reader, pattern);
	case MX_PATTERN_ADDRESS:
		note(reader, STS_NOTE_MX_ADDRESS);
		return 0;
	case MX_PATTERN_UNUSABLE:
		note(reader, STS_NOTE_MX_UNUSABLE);
		return 0;
	}
	return -1;
}

static void
note_other(struct reader *reader, const struct field *field)
{
	const bool valid = field->value_len > 0 &&
			   utf8_is_text(field->value, field->value_len);

	note(reader, valid ? STS_NOTE_UNKNOWN_KEY : STS_NOTE_BAD_LINE);
}

static int
read_field(struct reader *reader, const struct field *field)
{
	const enum key key = key_of(field);

	if (key == KEY_MX)
		return read_mx(reader, field);
	if (key == KEY_OTHER)
		note_other(reader, field);
	else if (reader->reading[key] != READING_NOTHING)
		note(reader, STS_NOTE_DOUBLED_KEY);
	else
		reader->reading[key] =
		    read_once(reader, key, field) ? READING_GOOD : READING_BAD;
	return 0;
}

static int
read_lines(struct reader *reader)
{
	const struct sts_policy *policy = reader->policy;
	struct sts_lines lines;
	const char *line;
	size_t len;

	sts_lines_begin(&lines, policy->file, policy->len);
	reader->line = 1;
	if (has_byte_order_mark(policy->file, policy->len))
		note(reader, STS_NOTE_BYTE_ORDER_MARK);
	while (sts_lines_next(&lines, &line, &len)) {
		struct field field;

		reader->line = lines.number;
		if (len == 0)
			note(reader, STS_NOTE_BLANK_LINE);
		else if (!split(line, len, &field))
			note(reader, STS_NOTE_BAD_LINE);
		else if (read_field(reader, &field) == -1)
			return -1;
	}
	return 0;
}

/* ---- the patterns ---- */

/* Of equal names the first in the file comes first: memory has them in file
 * order. */
static int
compare_places(const void *a, const void *b)
{
	const char *left = *(char *const *)a, *right = *(char *const *)b;

	return left < right ? -1 : left > right;
}

static int
compare_names(const void *a, const void *b)
{
	const int names = strcmp(*(char *const *)a, *(char *const *)b);

	return names != 0 ? names : compare_places(a, b);
}

/* There may be thousands of names, so each is compared only with its neighbour.
 * Then file order is restored. */
static void
drop_repeated(struct sts_policy *policy)
{
	size_t kept = 1;

	qsort(policy->mx, policy->mx_count, sizeof(*policy->mx), compare_names);
	for (size_t i = 1; i < policy->mx_count; i++)
		if (strcmp(policy->mx[i], policy->mx[kept - 1]) != 0)
			policy->mx[kept++] = policy->mx[i];
	policy->mx_count = kept;
	qsort(policy->mx, kept, sizeof(*policy->mx), compare_places);
}

/* Returns 0, or -1 when out of memory. */
static int
index_names(struct sts_policy *policy)
{
	char *name = policy->names;

	if (policy->mx_count == 0)
		return 0;
	if ((policy->mx = calloc(policy->mx_count, sizeof(*policy->mx))) ==
	    NULL)
		return -1;
	for (size_t i = 0; i < policy->mx_count; i++) {
		policy->mx[i] = name;
		name += strlen(name) + 1;
	}
	drop_repeated(policy);
	return 0;
}

/* ---- the whole policy ---- */

static enum sts_policy_status
judge(const struct reader *reader)
{
	static const struct {
		enum sts_policy_status missing, bad;
	} status[] = {
		[KEY_VERSION] = { STS_POLICY_NO_VERSION,
		    STS_POLICY_BAD_VERSION },
		[KEY_MODE] = { STS_POLICY_NO_MODE, STS_POLICY_BAD_MODE },
		[KEY_MAX_AGE] = { STS_POLICY_NO_MAX_AGE,
		    STS_POLICY_BAD_MAX_AGE },
	};

	for (int key = 0; key < KEYS_ONCE; key++) {
		if (reader->reading[key] == READING_NOTHING)
			return status[key].missing;
		if (reader->reading[key] == READING_BAD)
			return status[key].bad;
	}
	if (reader->policy->mode != STS_MODE_NONE &&
	    reader->policy->mx_count == 0)
		return STS_POLICY_NO_MX;
	return STS_POLICY_VALID;
}

static struct sts_policy *
policy_new(const char *file, size_t len)
{
	struct sts_policy *policy = calloc(1, sizeof(*policy));

	if (policy == NULL)
		return NULL;
	if ((policy->file = malloc(len + 1)) == NULL) {
		free(policy);
		return NULL;
	}
	if (len > 0)
		memcpy(policy->file, file, len);
	policy->file[len] = '\0';
	policy->len = len;
	return policy;
}

enum sts_policy_status
sts_policy_parse(const char *file, size_t len, struct sts_policy **policy,
    struct sts_notes *notes)
{
	enum sts_policy_status status = STS_POLICY_NO_MEMORY;
	struct sts_notes unwanted;
	struct reader reader = { .notes = notes };

	*policy = NULL;
	if (notes == NULL)
		reader.notes = &unwanted;
	memset(reader.notes, 0, sizeof(*reader.notes));
	if (len > STS_POLICY_MAX)
		return STS_POLICY_TOO_LONG;
	if ((reader.policy = policy_new(file, len)) == NULL)
		return STS_POLICY_NO_MEMORY;
	if (read_lines(&reader) == 0 && index_names(reader.policy) == 0)
		status = judge(&reader);
	if (status == STS_POLICY_VALID)
		*policy = reader.policy;
	else
		sts_policy_free(reader.policy);
	return status;
}

void
sts_policy_free(struct sts_policy *policy)
{
	if (policy == NULL)
		return;
	free(policy->mx);
	free(policy->names);
	free(policy->file);
	free(policy);
}

bool
sts_policy_allows(const struct sts_policy *policy, const char *host)
{
	for (size_t i = 0; i < policy->mx_count; i++)
		if (mx_pattern_allows(policy->mx[i], host))
			return true;
	return false;
}

/* ---- texts ---- */

const char *
sts_mode_text(enum sts_mode mode)
{
	static const char *const texts[] = {
		[STS_MODE_UNKNOWN] = "unknown",
		[STS_MODE_NONE] = "none",
		[STS_MODE_TESTING] = "testing",
		[STS_MODE_ENFORCE] = "enforce",
	};

	return texts[mode];
}

const char *
sts_policy_status_text(enum sts_policy_status status)
{
	static const char *const texts[] = {
		[STS_POLICY_NO_MEMORY] = "out of memory",
		[STS_POLICY_VALID] = "valid",
		[STS_POLICY_TOO_LONG] = "longer than 64 KiB",
		[STS_POLICY_NO_VERSION] = "no version",
		[STS_POLICY_BAD_VERSION] = "version is not STSv1",
		[STS_POLICY_NO_MODE] = "no mode",
		[STS_POLICY_BAD_MODE] = "mode is not enforce, testing or none",
		[STS_POLICY_NO_MAX_AGE] = "no max_age",
		[STS_POLICY_BAD_MAX_AGE] = "max_age is not a number of seconds",
		[STS_POLICY_NO_MX] = "no mx that is the name of a host",
	};

	return texts[status];
}

const char *
sts_note_text(enum sts_note note)
{
	static const char *const texts[] = {
		[STS_NOTE_BYTE_ORDER_MARK] = "a byte order mark at the begin",
		[STS_NOTE_BLANK_LINE] = "a blank line",
		[STS_NOTE_BAD_LINE] = "not KEY: VALUE, passed over",
		[STS_NOTE_UNKNOWN_KEY] = "an unknown key, passed over",
		[STS_NOTE_DOUBLED_KEY] = "the same key again, passed over",
		[STS_NOTE_LONG_MAX_AGE] =
		    "max_age of more than a year, taken for a year",
		[STS_NOTE_MX_DOT] = "mx with a dot at the end, left out",
		[STS_NOTE_MX_UNICODE] = "mx that is not ASCII, made A-labels",
		[STS_NOTE_MX_UNDERSCORE] = "mx with an underscore",
		[STS_NOTE_MX_ADDRESS] = "mx that is an address, passed over",
		[STS_NOTE_MX_UNUSABLE] =
		    "mx that is not the name of a host, passed over",
		[STS_NOTE_MX_MANY_UNICODE] =
		    "mx that is not ASCII, behind too many, passed over",
	};

	return texts[note];
}
