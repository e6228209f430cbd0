/*
 * anchors.h - the trust anchors of DNSSEC validation.
 *
 * They come from two files: trust-anchor, which belongs to the administrator,
 * and the state file in which libunbound records what it has seen of the root's
 * keys since then (RFC 5011).  A pending key is not trusted; nor is a key that
 * the root has revoked, whatever trust-anchor says.
 */
#ifndef DNS_ANCHORS_H
#define DNS_ANCHORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANCHORS_WHY_MAX 512

struct anchors;

/* Numbered as in libunbound's state file. */
enum anchor_state {
	ANCHOR_PENDING = 1, /* seen, signed by a trusted key; not trusted yet */
	ANCHOR_VALID = 2,
	ANCHOR_MISSING = 3, /* trusted, but not published at present */
	ANCHOR_REVOKED = 4
};

struct anchor {
	const char *record; /* one line, without its newline */
	uint16_t tag;       /* before the key was revoked */
	enum anchor_state state;
	int64_t since;   /* of this state, Unix time; 0 if unknown */
	bool configured; /* trust-anchor has this key */
};

/*
 * Read a master file; with @is_state, libunbound's state file, which keeps the
 * state of each key in comments.
 * Returns its anchors, possibly none; or NULL with @why set when the text is
 * malformed or memory is short.
 */
struct anchors *anchors_parse(
    const char *text, bool is_state, char why[ANCHORS_WHY_MAX]);

/*
 * Read the keys that are trusted now.  @directory: where the state file is, ""
 * or NULL for none.  A state file that is missing or unreadable counts as none;
 * @why then says what was wrong with it, and is "" otherwise.
 * Returns NULL, with @why set, only where @file itself can't be read.
 */
struct anchors *anchors_load(
    const char *file, const char *directory, char why[ANCHORS_WHY_MAX]);

/* NULL does nothing. */
void anchors_free(struct anchors *anchors);

/*
 * Bring the state @kept up to date with the file @start.  @before: what the
 * file held the last time, or NULL; a key that it no longer holds is no longer
 * trusted.  Where @kept and @start have no key in common, they belong to
 * different roots, and only @start remains.
 * Returns 0, or -1 when out of memory.
 */
int anchors_merge(struct anchors *kept, const struct anchors *start,
    const struct anchors *before);

/* Whether they have a key of the root in common. */
bool anchors_are_related(
    const struct anchors *one, const struct anchors *other);

/* Whether the same keys are trusted. */
bool anchors_trust_the_same(
    const struct anchors *one, const struct anchors *other);

/* The root's keys, and other keys in trust-anchor, by index. */
size_t anchors_count(const struct anchors *anchors);
struct anchor anchors_get(const struct anchors *anchors, size_t i);

static inline bool
anchor_is_trusted(const struct anchor *anchor)
{
	return anchor->state == ANCHOR_VALID || anchor->state == ANCHOR_MISSING;
}

/* Find the key with that tag; returns false where there is none. */
bool anchors_find(
    const struct anchors *anchors, uint16_t tag, struct anchor *found);

/* The state in libunbound's format.  Memory to free(), or NULL. */
char *anchors_state_text(const struct anchors *anchors);

/* The paths below @directory.  Return 0, or -1 where they are too long. */
int anchors_state_path(const char *directory, char *path, size_t size);
int anchors_start_path(const char *directory, char *path, size_t size);

#endif /* DNS_ANCHORS_H */
