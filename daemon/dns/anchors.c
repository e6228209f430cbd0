/* anchors.c - the trust anchors of DNSSEC validation. */

#include "dns/anchors.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ldns/ldns.h>

#include "base/file.h"

#define FILE_MAX (1024 * 1024) /* octets */
#define ANCHORS_MAX 64
#define STATE_FILE "root.key"
#define START_FILE "root.key.start"
#define DEFAULT_TTL 86400

struct item {
	ldns_rr *rr;
	char *record;
	enum anchor_state state;
	unsigned seen; /* libunbound's count of observations, while pending */
	int64_t since;
	bool of_root, configured;
};

struct anchors {
	struct item item[ANCHORS_MAX];
	size_t count;
};

/* ---- keys ---- */

static bool
is_key(const ldns_rr *rr)
{
	return ldns_rr_get_type(rr) == LDNS_RR_TYPE_DNSKEY;
}

/* The key without its REVOKE bit, which changes the key tag and the digest.
 * NULL when out of memory. */
static ldns_rr *
unrevoked(const ldns_rr *key)
{
	ldns_rr *copy = ldns_rr_clone(key);

	if (copy != NULL && ldns_rr_dnskey_flags(copy) != NULL)
		ldns_rdf_data(ldns_rr_dnskey_flags(copy))[1] &=
		    (uint8_t)~LDNS_KEY_REVOKE_KEY;
	return copy;
}

static uint16_t
tag_of(const ldns_rr *rr)
{
	ldns_rr *key;
	uint16_t tag;

	if (!is_key(rr))
		return ldns_rdf2native_int16(ldns_rr_rdf(rr, 0));
	if ((key = unrevoked(rr)) == NULL)
		return 0;
	tag = ldns_calc_keytag(key);
	ldns_rr_free(key);
	return tag;
}

static bool
same_rdata(const ldns_rr *one, const ldns_rr *other, size_t from)
{
	const size_t count = ldns_rr_rd_count(one);

	if (count != ldns_rr_rd_count(other))
		return false;
	for (size_t i = from; i < count; i++)
		if (ldns_rdf_compare(
			ldns_rr_rdf(one, i), ldns_rr_rdf(other, i)) != 0)
			return false;
	return true;
}

static bool
ds_is_of_key(const ldns_rr *ds, const ldns_rr *dnskey)
{
	const ldns_hash hash =
	    (ldns_hash)ldns_rdf2native_int8(ldns_rr_rdf(ds, 2));
	ldns_rr *key = unrevoked(dnskey), *made;
	bool same;

	if (key == NULL)
		return false;
	made = ldns_key_rr2ds(key, hash);
	same = made != NULL && same_rdata(ds, made, 0);
	ldns_rr_free(made);
	ldns_rr_free(key);
	return same;
}

static bool
is_same(const ldns_rr *one, const ldns_rr *other)
{
	if (ldns_dname_compare(ldns_rr_owner(one), ldns_rr_owner(other)) != 0)
		return false;
	if (is_key(one) && is_key(other))
		return same_rdata(one, other, 1); /* all but the flags */
	if (is_key(one))
		return ds_is_of_key(other, one);
	return is_key(other) ? ds_is_of_key(one, other)
			     : same_rdata(one, other, 0);
}

static const struct item *
find(const struct anchors *anchors, const ldns_rr *rr)
{
	for (size_t i = 0; anchors != NULL && i < anchors->count; i++)
		if (is_same(anchors->item[i].rr, rr))
			return &anchors->item[i];
	return NULL;
}

/* ---- lists ---- */

/* The record on one line, without the comment that libldns adds. */
static char *
line_of(const ldns_rr *rr)
{
	char *text = ldns_rr2str(rr);

	if (text != NULL)
		text[strcspn(text, ";\n")] = '\0';
	return text;
}

/* Takes over @rr.  Returns NULL when out of memory. */
static struct item *
add(struct anchors *anchors, ldns_rr *rr)
{
	struct item *item = &anchors->item[anchors->count];
	char *record =
	    anchors->count < ANCHORS_MAX && rr != NULL ? line_of(rr) : NULL;

	if (record == NULL) {
		ldns_rr_free(rr);
		return NULL;
	}
	*item = (struct item){ .rr = rr,
		.record = record,
		.state = ANCHOR_VALID,
		.of_root = ldns_dname_label_count(ldns_rr_owner(rr)) == 0 };
	anchors->count++;
	return item;
}

static void
drop(struct anchors *anchors, size_t i)
{
	ldns_rr_free(anchors->item[i].rr);
	free(anchors->item[i].record);
	anchors->item[i] = anchors->item[--anchors->count];
}

void
anchors_free(struct anchors *anchors)
{
	if (anchors == NULL)
		return;
	while (anchors->count > 0)
		drop(anchors, anchors->count - 1);
	free(anchors);
}

/* ---- reading ---- */

static int64_t
number_after(const char *line, const char *word)
{
	const char *at = strstr(line, word);

	return at != NULL ? strtoll(at + strlen(word), NULL, 10) : 0;
}

static enum anchor_state
state_in(const char *comment)
{
	const int64_t state = number_after(comment, ";;state=");

	/* A key without a state, as in trust-anchor. */
	if (strstr(comment, ";;state=") == NULL)
		return ANCHOR_VALID;
	/* Unknown states are not trusted, like pending keys. */
	return state >= ANCHOR_VALID && state <= ANCHOR_REVOKED
		   ? (enum anchor_state)state
		   : ANCHOR_PENDING;
}

/* Each entry of the state file is one line. */
static int
read_state_line(struct anchors *anchors, const char *line, char *why)
{
	const size_t len = strcspn(line, ";");
	const char *comment = line + len;
	ldns_rr *rr = NULL;
	struct item *item;
	char *entry;
	ldns_status status;

	if (line[strspn(line, " \t\r")] == '\0' || strspn(line, " \t\r") == len)
		return 0;
	if ((entry = strndup(line, len)) == NULL)
		return -1;
	status = ldns_rr_new_frm_str(&rr, entry, DEFAULT_TTL, NULL, NULL);
	free(entry);
	if (status != LDNS_STATUS_OK) {
		snprintf(why, ANCHORS_WHY_MAX, "%s",
		    ldns_get_errorstr_by_id(status));
		return -1;
	}
	if ((item = add(anchors, rr)) == NULL)
		return -1;
	item->state = is_key(rr) ? state_in(comment) : ANCHOR_VALID;
	item->seen = (unsigned)number_after(comment, ";;count=");
	item->since = number_after(comment, ";;lastchange=");
	return 0;
}

static int
read_state(struct anchors *anchors, const char *text, char *why)
{
	char *copy = strdup(text), *rest = copy, *line;
	int result = copy != NULL ? 0 : -1;

	while (result == 0 && (line = strsep(&rest, "\n")) != NULL)
		result = read_state_line(anchors, line, why);
	free(copy);
	return result;
}

static bool
is_directive(ldns_status status)
{
	return status == LDNS_STATUS_SYNTAX_EMPTY ||
	       status == LDNS_STATUS_SYNTAX_TTL ||
	       status == LDNS_STATUS_SYNTAX_ORIGIN;
}

/* Takes over @rr; records that are no anchors are freed. */
static int
take_record(struct anchors *anchors, ldns_rr *rr)
{
	struct item *item;

	if (!is_key(rr) && ldns_rr_get_type(rr) != LDNS_RR_TYPE_DS) {
		ldns_rr_free(rr);
		return 0;
	}
	if ((item = add(anchors, rr)) == NULL)
		return -1;
	item->configured = true;
	return 0;
}

static int
read_file(struct anchors *anchors, FILE *file, char *why)
{
	ldns_rdf *origin = NULL, *owner = NULL;
	uint32_t ttl = DEFAULT_TTL;
	int line = 0, result = 0;

	while (result == 0 && !feof(file)) {
		ldns_rr *rr = NULL;
		const ldns_status status = ldns_rr_new_frm_fp_l(
		    &rr, file, &ttl, &origin, &owner, &line);

		if (status == LDNS_STATUS_OK) {
			result = take_record(anchors, rr);
		} else if (!is_directive(status)) {
			snprintf(why, ANCHORS_WHY_MAX, "line %d: %s", line,
			    ldns_get_errorstr_by_id(status));
			result = -1;
		}
	}
	ldns_rdf_deep_free(origin);
	ldns_rdf_deep_free(owner);
	return result;
}

struct anchors *
anchors_parse(const char *text, bool is_state, char why[ANCHORS_WHY_MAX])
{
	struct anchors *anchors = calloc(1, sizeof(*anchors));
	const size_t len = strlen(text);
	FILE *file = NULL;
	int result = -1;

	snprintf(why, ANCHORS_WHY_MAX, "more than %d keys, or no memory",
	    ANCHORS_MAX);
	if (anchors == NULL)
		return NULL;
	/* fmemopen() fails for an empty file. */
	if (is_state || len == 0) {
		result = read_state(anchors, text, why);
	} else if ((file = fmemopen((void *)(uintptr_t)text, len, "r")) !=
		   NULL) {
		result = read_file(anchors, file, why);
		fclose(file);
	}
	if (result == 0) {
		why[0] = '\0';
		return anchors;
	}
	anchors_free(anchors);
	return NULL;
}

/* ---- files ---- */

static int
path_below(const char *directory, const char *name, char *path, size_t size)
{
	const int n = snprintf(path, size, "%s/%s", directory, name);

	return n > 0 && (size_t)n < size ? 0 : -1;
}

int
anchors_state_path(const char *directory, char *path, size_t size)
{
	return path_below(directory, STATE_FILE, path, size);
}

int
anchors_start_path(const char *directory, char *path, size_t size)
{
	return path_below(directory, START_FILE, path, size);
}

static struct anchors *
read_path(const char *path, bool is_state, char why[ANCHORS_WHY_MAX])
{
	char what[ANCHORS_WHY_MAX];
	const char *trouble;
	struct anchors *anchors;
	size_t len;
	char *text = file_read(path, FILE_MAX, &len, &trouble);

	if (text == NULL) {
		snprintf(why, ANCHORS_WHY_MAX, "%s: %s", path, trouble);
		return NULL;
	}
	anchors = anchors_parse(text, is_state, what);
	free(text);
	if (anchors == NULL)
		snprintf(why, ANCHORS_WHY_MAX, "%.200s: %.200s", path, what);
	return anchors;
}

/* Returns NULL where there is none; @why is set if the file is malformed. */
static struct anchors *
read_below(const char *directory,
    int (*path_of)(const char *directory, char *path, size_t size),
    bool is_state, char why[ANCHORS_WHY_MAX])
{
	char path[4096];

	if (directory == NULL || directory[0] == '\0' ||
	    path_of(directory, path, sizeof(path)) == -1 ||
	    (access(path, F_OK) == -1 && errno == ENOENT))
		return NULL;
	return read_path(path, is_state, why);
}

struct anchors *
anchors_load(const char *file, const char *directory, char why[ANCHORS_WHY_MAX])
{
	char ignored[ANCHORS_WHY_MAX];
	struct anchors *start, *kept, *before;

	why[0] = '\0';
	if ((start = read_path(file, false, why)) == NULL)
		return NULL;
	why[0] = '\0';
	kept = read_below(directory, anchors_state_path, true, why);
	if (kept == NULL)
		return start;
	before = read_below(directory, anchors_start_path, false, ignored);
	if (anchors_merge(kept, start, before) == -1) {
		snprintf(why, ANCHORS_WHY_MAX, "too many keys");
		anchors_free(kept);
		kept = start;
		start = NULL;
	}
	anchors_free(before);
	anchors_free(start);
	return kept;
}

/* ---- merging ---- */

bool
anchors_are_related(const struct anchors *one, const struct anchors *other)
{
	for (size_t i = 0; i < one->count; i++)
		if (one->item[i].of_root &&
		    find(other, one->item[i].rr) != NULL)
			return true;
	return false;
}

/* A key that trust-anchor no longer holds is removed, unless it is revoked. */
static void
drop_withdrawn(struct anchors *kept, const struct anchors *start,
    const struct anchors *before)
{
	const bool related = anchors_are_related(kept, start);
	size_t i = 0;

	while (i < kept->count) {
		const struct item *item = &kept->item[i];

		if (!related || (item->state != ANCHOR_REVOKED &&
				    find(before, item->rr) != NULL &&
				    find(start, item->rr) == NULL))
			drop(kept, i);
		else
			i++;
	}
}

/* A DS and its key may both be present: confirms all that match. */
static bool
confirm(struct anchors *kept, const ldns_rr *rr)
{
	bool found = false;

	for (size_t i = 0; i < kept->count; i++) {
		struct item *item = &kept->item[i];

		if (!is_same(item->rr, rr))
			continue;
		found = true;
		item->configured = true;
		if (item->state != ANCHOR_PENDING)
			continue;
		item->state = ANCHOR_VALID;
		item->seen = 0;
	}
	return found;
}

int
anchors_merge(struct anchors *kept, const struct anchors *start,
    const struct anchors *before)
{
	drop_withdrawn(kept, start, before);
	for (size_t i = 0; i < kept->count; i++)
		kept->item[i].configured = false;
	for (size_t i = 0; i < start->count; i++) {
		struct item *item;

		if (confirm(kept, start->item[i].rr))
			continue;
		if ((item = add(kept, ldns_rr_clone(start->item[i].rr))) ==
		    NULL)
			return -1;
		item->configured = true;
	}
	return 0;
}

static bool
item_is_trusted(const struct item *item)
{
	return item->state == ANCHOR_VALID || item->state == ANCHOR_MISSING;
}

static bool
trusts_all_of(const struct anchors *anchors, const struct anchors *other)
{
	for (size_t i = 0; i < other->count; i++) {
		bool found = false;

		if (!item_is_trusted(&other->item[i]))
			continue;
		for (size_t k = 0; k < anchors->count && !found; k++)
			found = item_is_trusted(&anchors->item[k]) &&
				is_same(anchors->item[k].rr, other->item[i].rr);
		if (!found)
			return false;
	}
	return true;
}

bool
anchors_trust_the_same(const struct anchors *one, const struct anchors *other)
{
	return trusts_all_of(one, other) && trusts_all_of(other, one);
}

/* ---- queries ---- */

size_t
anchors_count(const struct anchors *anchors)
{
	return anchors->count;
}

struct anchor
anchors_get(const struct anchors *anchors, size_t i)
{
	const struct item *item = &anchors->item[i];

	return (struct anchor){ .record = item->record,
		.tag = tag_of(item->rr),
		.state = item->state,
		.since = item->since,
		.configured = item->configured };
}

bool
anchors_find(const struct anchors *anchors, uint16_t tag, struct anchor *found)
{
	for (size_t i = 0; i < anchors->count; i++) {
		*found = anchors_get(anchors, i);
		if (found->tag == tag)
			return true;
	}
	return false;
}

/* ---- writing ---- */

static void
write_item(FILE *file, const struct item *item)
{
	static const char *const names[] = { [ANCHOR_PENDING] = " ADDPEND ",
		[ANCHOR_VALID] = "  VALID  ",
		[ANCHOR_MISSING] = " MISSING ",
		[ANCHOR_REVOKED] = " REVOKED " };

	if (!item->of_root)
		return;
	if (!is_key(item->rr)) {
		fprintf(file, "%s\n", item->record);
		return;
	}
	fprintf(file,
	    "%s ;;state=%d [%s] ;;count=%u ;;lastchange=%" PRId64 "\n",
	    item->record, (int)item->state, names[item->state], item->seen,
	    item->since);
}

char *
anchors_state_text(const struct anchors *anchors)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (file == NULL)
		return NULL;
	for (size_t i = 0; i < anchors->count; i++)
		write_item(file, &anchors->item[i]);
	if (fclose(file) == 0)
		return text;
	free(text);
	return NULL;
}
