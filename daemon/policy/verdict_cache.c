/* verdict_cache.c - verdicts by next hop. */

#include "policy/verdict_cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/hash.h"

/* Ticks in one round of the timer wheel: more than an hour and a back-off. */
#define WHEEL_TICKS 32768
#define BACKOFF_MS 5000
#define BACKOFF_MAX_MS 300000
/* Entries that are searched for the busiest. */
#define CANDIDATES_MAX 10000
/* This many uses move an entry to the front of the queue. */
#define USES_TO_FRONT 64
/* How many used entries may be spared in the search for one to evict: this many
 * more for each entry put, and at most CHANCES_MAX at once, which takes no more
 * than a millisecond. */
#define CHANCES_EACH 16
#define CHANCES_MAX 10000
/* malloc(3)'s overhead per block, and its alignment. */
#define MALLOC_EXTRA 8
#define MALLOC_ALIGN 16

/* One profile's verdict. */
struct reply {
	uint64_t expires;
	uint32_t text;  /* offset in the entry; 0 for none */
	uint8_t policy; /* enum tls_policy */
	uint8_t last;   /* the last certain policy, or TEMP */
};

/* The fields that a hit reads and writes are adjacent, from the chain to the
 * key: with a million entries, each further cache line is another cache
 * miss. */
struct entry {
	struct entry *newer, *older; /* in the queue */
	/* In the wheel; due_link is NULL while it is not in the wheel. */
	struct entry *due_next, **due_link;
	uint32_t score;      /* earlier uses, halved with each evaluation */
	uint32_t size;       /* octets of the complete entry */
	uint32_t proof;      /* offset in the entry */
	uint32_t generation; /* see verdict_cache.generation */
	struct entry *chain; /* next in the same bucket */
	uint32_t hash;
	uint32_t uses; /* since its evaluation */
	uint16_t key_len;
	bool used;            /* since the queue last examined it */
	uint8_t failures;     /* evaluations in a row without certainty */
	struct reply reply[]; /* then the key, the proof and the texts */
};

struct verdict_cache {
	struct verdict_cache_limits limits;
	unsigned profiles;
	struct entry **bucket;
	size_t mask; /* buckets - 1 */
	struct entry *newest, *oldest;
	unsigned chances; /* left; see CHANCES_MAX */
	size_t count, bytes;
	uint32_t generation; /* entries of another generation are dropped */
	/* Busy entries, by the tick at which they are due. */
	struct entry **wheel;
	uint64_t tick; /* all earlier ticks are done */
};

/* ---- entries ---- */

static const char *
key_of(const struct verdict_cache *cache, const struct entry *entry)
{
	return (const char *)&entry->reply[cache->profiles];
}

static const char *
text_at(const struct entry *entry, uint32_t at)
{
	return (const char *)entry + at;
}

static size_t
memory_of(const struct entry *entry)
{
	return (entry->size + MALLOC_EXTRA + MALLOC_ALIGN - 1) &
	       ~(size_t)(MALLOC_ALIGN - 1);
}

static uint32_t
hash_of(const char *key, size_t len)
{
	return (uint32_t)XXH3_64bits_withSeed(key, len, hash_seed());
}

/* Where the pointer to the entry is, or would be. */
static struct entry **
place_of(const struct verdict_cache *cache, const char *key, size_t len,
    uint32_t hash)
{
	struct entry **at = &cache->bucket[hash & cache->mask];

	while (*at != NULL && ((*at)->hash != hash || (*at)->key_len != len ||
				  memcmp(key_of(cache, *at), key, len) != 0))
		at = &(*at)->chain;
	return at;
}

/* The entry, unless it is of an old generation. */
static struct entry *
lookup(const struct verdict_cache *cache, const char *key, size_t len)
{
	struct entry *entry;

	if (cache->bucket == NULL)
		return NULL;
	entry = *place_of(cache, key, len, hash_of(key, len));
	return entry != NULL && entry->generation == cache->generation ? entry
								       : NULL;
}

/* ---- the eviction queue ---- */

/*
 * Entries are in insertion order.  True LRU would be slow: moving an entry
 * writes to two neighbours, which may be anywhere in memory.  So a use only
 * marks the entry, and a marked entry is spared once when it would be evicted
 * ("second chance").
 */
static void
queue_unlink(struct verdict_cache *cache, struct entry *entry)
{
	*(entry->newer != NULL ? &entry->newer->older : &cache->newest) =
	    entry->older;
	*(entry->older != NULL ? &entry->older->newer : &cache->oldest) =
	    entry->newer;
}

static void
queue_link(struct verdict_cache *cache, struct entry *entry)
{
	entry->newer = NULL;
	entry->older = cache->newest;
	*(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) =
	    entry;
	cache->newest = entry;
}

static void
queue_to_front(struct verdict_cache *cache, struct entry *entry)
{
	if (entry == cache->newest)
		return;
	queue_unlink(cache, entry);
	queue_link(cache, entry);
}

/* Returns whether the oldest was used; if so, it becomes the newest. */
static bool
queue_spares_oldest(struct verdict_cache *cache)
{
	struct entry *oldest = cache->oldest;

	if (!oldest->used)
		return false;
	oldest->used = false;
	queue_to_front(cache, oldest);
	return true;
}

/* ---- refreshes ---- */

static void
due_unlink(struct entry *entry)
{
	if (entry->due_link == NULL)
		return;
	*entry->due_link = entry->due_next;
	if (entry->due_next != NULL)
		entry->due_next->due_link = entry->due_link;
	entry->due_link = NULL;
}

static uint64_t
backoff(const struct entry *entry)
{
	const unsigned doublings =
	    entry->failures > 1 ? entry->failures - 2U : 0;

	if (entry->failures <= 1)
		return 0;
	return doublings > 8 || BACKOFF_MS << doublings > BACKOFF_MAX_MS
		   ? BACKOFF_MAX_MS
		   : (uint64_t)BACKOFF_MS << doublings;
}

/* Due when the first verdict expires.  Entries that expire together are spread
 * over one tick. */
static void
due_link(struct verdict_cache *cache, struct entry *entry)
{
	uint64_t at = UINT64_MAX, tick;
	struct entry **slot;

	for (unsigned i = 0; i < cache->profiles; i++)
		if (entry->reply[i].expires < at)
			at = entry->reply[i].expires;
	at += VERDICT_CACHE_GRACE_MS + backoff(entry) +
	      entry->hash % VERDICT_CACHE_TICK_MS;
	tick = at / VERDICT_CACHE_TICK_MS + 1;
	if (tick < cache->tick)
		tick = cache->tick;
	if (tick >= cache->tick + WHEEL_TICKS)
		tick = cache->tick + WHEEL_TICKS - 1;
	slot = &cache->wheel[tick % WHEEL_TICKS];
	entry->due_next = *slot;
	if (entry->due_next != NULL)
		entry->due_next->due_link = &entry->due_next;
	entry->due_link = slot;
	*slot = entry;
}

const char *
verdict_cache_due(struct verdict_cache *cache, uint64_t now, size_t *len)
{
	const uint64_t last = now / VERDICT_CACHE_TICK_MS;
	struct entry *entry;

	if (cache->wheel == NULL)
		return NULL;
	while (cache->tick <= last) {
		entry = cache->wheel[cache->tick % WHEEL_TICKS];
		if (entry == NULL) {
			cache->tick++;
			continue;
		}
		due_unlink(entry);
		if (entry->generation != cache->generation)
			continue;
		*len = entry->key_len;
		return key_of(cache, entry);
	}
	return NULL;
}

/* ---- removal ---- */

static void
entry_drop(struct verdict_cache *cache, struct entry *entry)
{
	struct entry **at = &cache->bucket[entry->hash & cache->mask];

	while (*at != entry)
		at = &(*at)->chain;
	*at = entry->chain;
	queue_unlink(cache, entry);
	due_unlink(entry);
	cache->count--;
	cache->bytes -= memory_of(entry);
	free(entry);
}

bool
verdict_cache_remove(struct verdict_cache *cache, const char *key, size_t len)
{
	struct entry *entry = lookup(cache, key, len);

	if (entry == NULL)
		return false;
	entry_drop(cache, entry);
	return true;
}

void
verdict_cache_clear(struct verdict_cache *cache)
{
	cache->generation++;
}

static bool
is_of_no_use(
    const struct verdict_cache *cache, const struct entry *entry, uint64_t now)
{
	if (entry->generation != cache->generation)
		return true;
	if (entry->due_link != NULL)
		return false;
	for (unsigned i = 0; i < cache->profiles; i++)
		if (entry->reply[i].expires + VERDICT_CACHE_LINGER_MS > now)
			return false;
	return true;
}

/* Entries further on in the queue may be unneeded earlier, but not by much: no
 * entry lives for more than an hour. */
void
verdict_cache_sweep(struct verdict_cache *cache, uint64_t now, size_t most)
{
	for (; most > 0 && cache->oldest != NULL; most--) {
		if (is_of_no_use(cache, cache->oldest, now))
			entry_drop(cache, cache->oldest);
		else if (!queue_spares_oldest(cache))
			break;
	}
}

/* For an entry that is not in the queue yet: it is kept, whatever its size. */
static size_t
make_room(struct verdict_cache *cache)
{
	size_t evicted = 0;

	cache->chances += CHANCES_EACH;
	if (cache->chances > CHANCES_MAX)
		cache->chances = CHANCES_MAX;
	while (
	    cache->oldest != NULL && (cache->count > cache->limits.entries ||
					 cache->bytes > cache->limits.bytes)) {
		if (cache->chances > 0 && queue_spares_oldest(cache)) {
			cache->chances--;
			continue;
		}
		evicted += cache->oldest->generation == cache->generation;
		entry_drop(cache, cache->oldest);
	}
	return evicted;
}

/* ---- lookup ---- */

static struct verdict_cache_item
read_reply(const struct entry *entry, unsigned profile, uint64_t now)
{
	const struct reply *reply = &entry->reply[profile];

	return (struct verdict_cache_item){ .policy = reply->policy,
		.text = reply->text != 0 ? text_at(entry, reply->text) : NULL,
		.ttl_ms = reply->expires > now ? reply->expires - now : 0,
		.last = reply->last };
}

/* Whether @entry, which may be NULL, has a verdict that has not expired. */
static bool
read_verdict(const struct entry *entry, unsigned profile, uint64_t now,
    struct verdict_cache_item *verdict)
{
	if (entry == NULL || entry->reply[profile].expires <= now)
		return false;
	*verdict = read_reply(entry, profile, now);
	return true;
}

bool
verdict_cache_peek(const struct verdict_cache *cache, const char *key,
    size_t len, unsigned profile, uint64_t now,
    struct verdict_cache_item *verdict)
{
	return read_verdict(lookup(cache, key, len), profile, now, verdict);
}

static void
mark_used(struct verdict_cache *cache, struct entry *entry)
{
	entry->used = true;
	if (entry->uses < UINT32_MAX / 2)
		entry->uses++;
	if (entry->uses == VERDICT_CACHE_BUSY)
		due_link(cache, entry);
	if (entry->uses % USES_TO_FRONT == 0)
		queue_to_front(cache, entry);
}

bool
verdict_cache_find(struct verdict_cache *cache, const char *key, size_t len,
    unsigned profile, uint64_t now, struct verdict_cache_item *verdict)
{
	struct entry *entry = lookup(cache, key, len);

	if (!read_verdict(entry, profile, now, verdict))
		return false;
	mark_used(cache, entry);
	return true;
}

bool
verdict_cache_before(const struct verdict_cache *cache, const char *key,
    size_t len, unsigned profile, uint64_t now,
    struct verdict_cache_former *before)
{
	const struct entry *entry = lookup(cache, key, len);

	if (entry == NULL)
		return false;
	*before = (struct verdict_cache_former){ .verdict = read_reply(
						     entry, profile, now),
		.proof = text_at(entry, entry->proof) };
	return true;
}

/* ---- insertion ---- */

/* Profiles mostly agree, so identical texts are stored once. */
static size_t
text_size(const struct verdict_cache_item *verdicts, unsigned profile)
{
	const char *text = verdicts[profile].text;

	for (unsigned i = 0; text != NULL && i < profile; i++)
		if (verdicts[i].text != NULL &&
		    strcmp(verdicts[i].text, text) == 0)
			return 0;
	return text != NULL ? strlen(text) + 1 : 0;
}

static uint32_t
find_text(const struct entry *entry, unsigned before, const char *text)
{
	for (unsigned i = 0; i < before; i++)
		if (entry->reply[i].text != 0 &&
		    strcmp(text_at(entry, entry->reply[i].text), text) == 0)
			return entry->reply[i].text;
	return 0;
}

static uint32_t
append(struct entry *entry, uint32_t *at, const char *text, size_t len)
{
	const uint32_t here = *at;

	memcpy((char *)entry + here, text, len);
	*at += (uint32_t)len;
	return here;
}

static void
fill(const struct verdict_cache *cache, struct entry *entry, const char *key,
    const struct verdict_cache_item *verdicts, const char *proof, uint64_t now)
{
	uint32_t at = (uint32_t)((const char *)&entry->reply[cache->profiles] -
				 (const char *)entry);

	append(entry, &at, key, entry->key_len);
	entry->proof = append(entry, &at, proof, strlen(proof) + 1);
	for (unsigned i = 0; i < cache->profiles; i++) {
		const struct verdict_cache_item *verdict = &verdicts[i];
		struct reply *reply = &entry->reply[i];

		*reply = (struct reply){ .expires = now + verdict->ttl_ms,
			.policy = (uint8_t)verdict->policy,
			.last = (uint8_t)verdict->last };
		if (verdict->text == NULL)
			continue;
		reply->text = find_text(entry, i, verdict->text);
		if (reply->text == 0)
			reply->text = append(entry, &at, verdict->text,
			    strlen(verdict->text) + 1);
	}
}

/* What the new entry knows of its predecessor, which may be NULL. */
static void
follow(struct entry *entry, const struct entry *old, bool failed)
{
	if (failed)
		entry->failures = old == NULL ? 1
				  : old->failures < UINT8_MAX
				      ? (uint8_t)(old->failures + 1)
				      : UINT8_MAX;
	if (old != NULL)
		entry->score = old->score / 2 + old->uses;
}

static struct entry *
entry_new(const struct verdict_cache *cache, const char *key, size_t len,
    const struct verdict_cache_item *verdicts, const char *proof, uint64_t now)
{
	size_t size = sizeof(struct entry) +
		      cache->profiles * sizeof(struct reply) + len +
		      strlen(proof) + 1;
	struct entry *entry;

	for (unsigned i = 0; i < cache->profiles; i++)
		size += text_size(verdicts, i);
	if (len > UINT16_MAX || size > UINT32_MAX ||
	    (entry = malloc(size)) == NULL)
		return NULL;
	*entry = (struct entry){ .generation = cache->generation,
		.size = (uint32_t)size,
		.key_len = (uint16_t)len };
	fill(cache, entry, key, verdicts, proof, now);
	return entry;
}

size_t
verdict_cache_put(struct verdict_cache *cache, const char *key, size_t len,
    const struct verdict_cache_item *verdicts, const char *proof, bool failed,
    uint64_t now)
{
	struct entry **at, *old, *entry;
	size_t evicted;
	uint32_t hash;

	if (cache->bucket == NULL)
		return 0;
	entry = entry_new(cache, key, len, verdicts, proof, now);
	if (entry == NULL)
		return 0;
	follow(entry, lookup(cache, key, len), failed);
	hash = hash_of(key, len);
	if ((old = *place_of(cache, key, len, hash)) != NULL)
		entry_drop(cache, old);
	at = &cache->bucket[hash & cache->mask];
	entry->hash = hash;
	entry->chain = *at;
	*at = entry;
	cache->count++;
	cache->bytes += memory_of(entry);
	evicted = make_room(cache);
	queue_link(cache, entry);
	return evicted;
}

/* ---- the busiest ---- */

static uint64_t
business(const struct entry *entry)
{
	return (uint64_t)entry->score + entry->uses;
}

static int
compare(const void *a, const void *b)
{
	const uint64_t one = business(*(const struct entry *const *)a);
	const uint64_t other = business(*(const struct entry *const *)b);

	return one < other ? 1 : one > other ? -1 : 0;
}

void
verdict_cache_busiest(struct verdict_cache *cache, size_t most,
    void (*each)(void *arg, const char *key, size_t len), void *arg)
{
	const size_t max =
	    cache->count < CANDIDATES_MAX ? cache->count : CANDIDATES_MAX;
	struct entry **candidate = calloc(max + 1, sizeof(struct entry *));
	size_t count = 0;

	if (candidate == NULL)
		return;
	for (struct entry *entry = cache->newest; entry != NULL && count < max;
	     entry = entry->older)
		if (entry->generation == cache->generation)
			candidate[count++] = entry;
	qsort(candidate, count, sizeof(struct entry *), compare);
	for (size_t i = 0; i < count && i < most; i++)
		each(arg, key_of(cache, candidate[i]), candidate[i]->key_len);
	free(candidate);
}

size_t
verdict_cache_count(const struct verdict_cache *cache)
{
	return cache->count;
}

size_t
verdict_cache_bytes(const struct verdict_cache *cache)
{
	return cache->bytes;
}

/* ---- create and free ---- */

/* Untouched pages use no memory.  Huge pages if available: a lookup in a large
 * table is dominated by TLB misses. */
static struct entry **
buckets_new(size_t count)
{
	const size_t size = count * sizeof(struct entry *);
	void *buckets = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (buckets == MAP_FAILED)
		return NULL;
	madvise(buckets, size, MADV_HUGEPAGE);
	return buckets;
}

struct verdict_cache *
verdict_cache_new(
    const struct verdict_cache_limits *limits, unsigned profiles, uint64_t now)
{
	struct verdict_cache *cache = calloc(1, sizeof(*cache));
	size_t buckets = 1;

	if (cache == NULL)
		return NULL;
	cache->limits = *limits;
	cache->profiles = profiles;
	cache->tick = now / VERDICT_CACHE_TICK_MS;
	if (limits->entries == 0)
		return cache;
	while (buckets < limits->entries &&
	       buckets * sizeof(struct entry) < limits->bytes)
		buckets *= 2;
	cache->mask = buckets - 1;
	cache->bucket = buckets_new(buckets);
	cache->wheel = calloc(WHEEL_TICKS, sizeof(struct entry *));
	cache->bytes =
	    sizeof(*cache) + (buckets + WHEEL_TICKS) * sizeof(struct entry *);
	if (cache->bucket == NULL || cache->wheel == NULL) {
		verdict_cache_free(cache);
		return NULL;
	}
	return cache;
}

void
verdict_cache_free(struct verdict_cache *cache)
{
	if (cache == NULL)
		return;
	while (cache->oldest != NULL)
		entry_drop(cache, cache->oldest);
	if (cache->bucket != NULL)
		munmap(
		    cache->bucket, (cache->mask + 1) * sizeof(struct entry *));
	free(cache->wheel);
	free(cache);
}
