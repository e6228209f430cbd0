/* allocs.c - memory that runs out, once, at a chosen allocation. */

#include "allocs.h"

#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

#define OBJECTS_MAX 64
#define FRAMES_MAX 48
#define OUR_FRAMES_MAX 8 /* of a stack that tell one place from another */

/* Where postdane's code lies: the linker makes these for a section. */
extern const char __start_postdane_text[], __stop_postdane_text[];

/* What the sanitizer has in the place of libc's. */
void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t count, size_t size);
void *__interceptor_realloc(void *old, size_t size);
void *__interceptor_reallocarray(void *old, size_t count, size_t size);
char *__interceptor_strdup(const char *text);
char *__interceptor_strndup(const char *text, size_t len);
int __interceptor_posix_memalign(void **to, size_t alignment, size_t size);
void *__interceptor_aligned_alloc(size_t alignment, size_t size);

/* They do not survive a failure inside, see calls.c: most crash, libconfuse
 * exits, and GMP, which Nettle computes with for key_limits, aborts.  Where
 * ALLOCS_DEEP is set the last one is not spared. */
static const char *const spared[] = { "libunbound.so", "libconfuse.so",
	"libgmp.so", "libcrypto.so", "libssl.so", "libldns.so" };
#define SPARED_DEEP 5 /* of them */

struct object {
	uintptr_t start, end;
	bool program, spared;
};

static struct {
	bool armed, inside;
	size_t spared;
	size_t fail;
	struct allocs_count *count;
	struct object object[OBJECTS_MAX];
	size_t objects;
} state;

/* ---- whose is it? ---- */

static int
add_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	const bool program = info->dlpi_name[0] == '\0' && state.objects == 0;

	(void)size;
	(void)arg;
	for (size_t i = 0; i < info->dlpi_phnum && state.objects < OBJECTS_MAX;
	     i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		struct object *object = &state.object[state.objects];

		if (segment->p_type != PT_LOAD ||
		    (segment->p_flags & PF_X) == 0)
			continue;
		*object = (struct object){ .start = info->dlpi_addr +
						    segment->p_vaddr,
			.program = program };
		object->end = object->start + segment->p_memsz;
		for (size_t k = 0; k < state.spared; k++)
			if (strstr(info->dlpi_name, spared[k]) != NULL)
				object->spared = true;
		state.objects++;
	}
	return 0;
}

static const struct object *
object_of(uintptr_t address)
{
	for (size_t i = 0; i < state.objects; i++)
		if (address >= state.object[i].start &&
		    address < state.object[i].end)
			return &state.object[i];
	return NULL;
}

struct proof {
	uintptr_t caller; /* of malloc */
	bool begun, ours;
	unsigned frames, our_frames;
	uint64_t hash;
};

static _Unwind_Reason_Code
on_frame(struct _Unwind_Context *context, void *arg)
{
	struct proof *walk = arg;
	const uintptr_t at = _Unwind_GetIP(context);
	const struct object *object;

	if (at == walk->caller)
		walk->begun = true;
	if (!walk->begun)
		return _URC_NO_REASON;
	if (++walk->frames > FRAMES_MAX)
		return _URC_END_OF_STACK;
	if (state.spared == SPARED_DEEP)
		walk->hash = (walk->hash ^ at) * UINT64_C(0x100000001b3);
	if (at >= (uintptr_t)__start_postdane_text &&
	    at < (uintptr_t)__stop_postdane_text) {
		walk->ours = true;
		walk->hash = (walk->hash ^ at) * UINT64_C(0x100000001b3);
		return ++walk->our_frames < OUR_FRAMES_MAX ? _URC_NO_REASON
							   : _URC_END_OF_STACK;
	}
	object = object_of(at);
	if (object != NULL && object->program)
		return _URC_END_OF_STACK;
	if (!walk->ours && object != NULL && object->spared)
		return _URC_END_OF_STACK;
	return _URC_NO_REASON;
}

static bool
fails(const void *caller)
{
	struct proof walk = { .caller = (uintptr_t)caller,
		.hash = UINT64_C(0xcbf29ce484222325) };
	struct allocs_count *count = state.count;
	const struct object *object;

	if (!state.armed || state.inside)
		return false;
	if (count->count == ALLOCS_MAX ||
	    (state.fail != 0 && count->count == state.fail)) /* no more to do */
		return false;
	object = object_of((uintptr_t)caller);
	if (object != NULL && object->spared) /* what the walk would find */
		return false;
	state.inside = true;
	_Unwind_Backtrace(on_frame, &walk);
	state.inside = false;
	if (!walk.ours)
		return false;
	count->place[count->count] = walk.hash;
	if (++count->count != state.fail)
		return false;
	errno = ENOMEM;
	return true;
}

#define FAILS() fails(__builtin_return_address(0))

void
allocs_arm(size_t fail, struct allocs_count *count)
{
	state.objects = 0;
	state.spared = getenv("ALLOCS_DEEP") != NULL
			   ? SPARED_DEEP
			   : sizeof(spared) / sizeof(*spared);
	dl_iterate_phdr(add_object, NULL);
	state.fail = fail;
	state.count = count;
	count->count = 0;
	state.armed = true;
}

void
allocs_disarm(void)
{
	state.armed = false;
}

bool
allocs_call_fails(const void *caller)
{
	return fails(caller);
}

/* ---- in the place of libc's ---- */

void *
malloc(size_t size)
{
	return FAILS() ? NULL : __interceptor_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return FAILS() ? NULL : __interceptor_calloc(count, size);
}

void *
realloc(void *old, size_t size)
{
	return FAILS() ? NULL : __interceptor_realloc(old, size);
}

void *
reallocarray(void *old, size_t count, size_t size)
{
	return FAILS() ? NULL : __interceptor_reallocarray(old, count, size);
}

char *
strdup(const char *text)
{
	return FAILS() ? NULL : __interceptor_strdup(text);
}

char *
strndup(const char *text, size_t len)
{
	return FAILS() ? NULL : __interceptor_strndup(text, len);
}

int
posix_memalign(void **to, size_t alignment, size_t size)
{
	return FAILS() ? ENOMEM
		       : __interceptor_posix_memalign(to, alignment, size);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	return FAILS() ? NULL : __interceptor_aligned_alloc(alignment, size);
}
