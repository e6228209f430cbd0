/*
 * anchors.h - the keys that validation starts from.
 *
 * They come from two files: trust-anchor, which is the administrator's, and
 * the state that libunbound keeps of what it has seen of the root since then
 * (RFC 5011).  A key that is only being watched is not trusted; nor is one
 * that the root has revoked, whatever trust-anchor says.
 */
#ifndef DNS_ANCHORS_H
#define DNS_ANCHORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANCHORS_WHY_MAX 512

struct anchors;

/* As libunbound numbers them in the state. */
enum anchor_state {
	ANCHOR_PENDING = 1, /* seen, signed by a trusted one; not trusted yet */
	ANCHOR_VALID = 2,
	ANCHOR_MISSING = 3, /* trusted, but not published at present */
	ANCHOR_REVOKED = 4
};

struct anchor {
	const char *record; /* one line, without its newline */
	uint16_t tag;       /* before it was revoked */
	enum anchor_state state;
	int64_t since;   /* of the state, Unix time; 0 where not known */
	bool configured; /* trust-anchor has it */
};

/*
 * Read a master file, or with @is_state libunbound's state, which keeps what
 * it knows in comments.
 * Returns what it holds, maybe nothing; NULL with @why set when it is none, or
 * memory is short.
 */
struct anchors *anchors_parse(
    const char *text, bool is_state, char why[ANCHORS_WHY_MAX]);

/*
 * Read what is trusted now.  @directory: where the state is, "" or NULL for
 * none; a state that is not there or can't be read is none, too, and what was
 * wrong with it is then in @why, which is "" otherwise.
 * Returns NULL, and then with @why, only where @file itself can't be read.
 */
struct anchors *anchors_load(
    const char *file, const char *directory, char why[ANCHORS_WHY_MAX]);

/* NULL does nothing. */
void anchors_free(struct anchors *anchors);

/*
 * Bring the state @kept up to the file @start.  @before: what the file held
 * the last time, or NULL: what it no longer holds is no longer trusted.  Where
 * the two have no key in common they are of different roots, and only @start
 * remains.
 * Returns 0, or -1 when there is no room.
 */
int anchors_merge(struct anchors *kept, const struct anchors *start,
    const struct anchors *before);

/* Whether they have a key of the root in common. */
bool anchors_are_related(
    const struct anchors *one, const struct anchors *other);

/* Whether the same keys are trusted. */
bool anchors_trust_the_same(
    const struct anchors *one, const struct anchors *other);

/* The root's keys, and others that trust-anchor holds, one by one. */
size_t anchors_count(const struct anchors *anchors);
struct anchor anchors_get(const struct anchors *anchors, size_t i);

static inline bool
anchor_is_trusted(const struct anchor *anchor)
{
	return anchor->state == ANCHOR_VALID || anchor->state == ANCHOR_MISSING;
}

/* The key of that tag; returns false where there is none. */
bool anchors_find(
    const struct anchors *anchors, uint16_t tag, struct anchor *found);

/* The state as libunbound reads it.  Memory to free(), or NULL. */
char *anchors_state_text(const struct anchors *anchors);

/* The paths below @directory.  Return 0, or -1 where they are too long. */
int anchors_state_path(const char *directory, char *path, size_t size);
int anchors_start_path(const char *directory, char *path, size_t size);

#endif /* DNS_ANCHORS_H */
