/*
 * runner.c - the unit tests, as often as there are allocations in them, each
 * time with another one failing.
 *
 * It takes the place of the library Check: a test is a process of its own, as
 * there.  It may fail: it did not get what it asked for.  It may not be killed
 * by a signal, be reported by a sanitizer, leak, exit or hang.
 *
 * ALLOCS=all tries every allocation, up to ZONE_LIMIT_MAX for each test and
 * place on the stack; otherwise one for each place. ALLOCS_DEEP=1: inside
 * libldns too, which may break of it, but no promise of the test must.
 * ALLOCS_TEST=NAME only that test, ALLOCS_AT=N only that allocation.
 */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sanitizer/lsan_interface.h>

#include "allocs.h"

#define TESTS_MAX 1024
#define JOBS_MAX 64
#define PLACES_MAX (1U << 17)
#define ZONE_LIMIT_MAX 40  /* of a place that a test comes to without end */
#define REPORT_MAX 6000    /* octets of what a bad run says */
#define REPORTS_MAX 20     /* bad runs that are shown */
#define COUNT_SECONDS 1200 /* a hang when nothing fails */
#define COUNT_TRIES 3
#define EXIT_ASSERTION 77 /* the test says no: that is allowed */

struct TCase {
	SFun set_up, tear_down;
};

struct test {
	const TTest *ttest;
	TCase *tcase;
	int i;
};

/* Of a test, in seconds, by what it takes when nothing fails.  What waits for
 * what a failure has prevented waits in vain, which is allowed. */
struct patience {
	unsigned hang; /* only a hang takes so long */
	unsigned wait; /* PATIENCE, see tests/unit/patience.h */
};

struct Suite {
	const char *name;
};

struct SRunner {
	Suite *suite;
};

struct job {
	pid_t pid; /* 0: free */
	const struct test *test;
	size_t at;
	int output;
};

static struct test tests[TESTS_MAX];
static size_t test_count;
static struct job jobs[JOBS_MAX];
static size_t job_count;
static struct allocs_count *shared;
static struct place {
	uint64_t hash;
	unsigned turns;          /* that it has had */
	const struct test *test; /* the last to count turns of its own */
	unsigned turns_in_test;
} * places; /* PLACES_MAX; not where leaks are looked for: that takes long */
static unsigned reports;
static size_t runs, bad, refused;
static bool deep;

/* What the sanitizers are told, unless the environment says otherwise. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1:detect_leaks=1:exitcode=86";
}

/* ---- a test ---- */

void
_mark_point(const char *file, int line)
{
	(void)file;
	(void)line;
}

void
tcase_fn_start(const char *name, const char *file, int line)
{
	(void)name;
	(void)file;
	(void)line;
}

void
_ck_assert_failed(
    const char *file, int line, const char *expr, const char *msg, ...)
{
	allocs_disarm();
	(void)msg;
	fprintf(stderr, "%s:%d: %s\n", file, line, expr);
	if (geteuid() != getuid() && seteuid(getuid()) == -1) /* may not look */
		perror("seteuid");
	__lsan_do_leak_check();
	_exit(EXIT_ASSERTION);
}

static void
run_test(const struct test *test, size_t at)
{
	allocs_arm(at, shared);
	if (test->tcase->set_up != NULL)
		test->tcase->set_up();
	test->ttest->fn(test->i);
	if (test->tcase->tear_down != NULL)
		test->tcase->tear_down();
	allocs_disarm();
	if (at == 0)
		_exit(EXIT_SUCCESS);
	exit(EXIT_SUCCESS); /* looks for leaks */
}

/* ---- its process ---- */

static void
set_patience(const struct patience *patience)
{
	char text[16];

	alarm(patience != NULL ? patience->hang : COUNT_SECONDS);
	if (patience == NULL)
		return;
	snprintf(text, sizeof(text), "%u", patience->wait);
	setenv("PATIENCE", text, 1);
}

/* @patience: NULL, not known yet. */
static void
start(struct job *job, const struct test *test, size_t at,
    const struct patience *patience)
{
	struct allocs_count *own = NULL;

	fflush(NULL);
	job->test = test;
	job->at = at;
	job->output = memfd_create("output", MFD_CLOEXEC);
	job->pid = fork();
	if (job->pid > 0)
		return;
	if (job->pid == -1) {
		perror("fork");
		exit(EXIT_FAILURE);
	}
	setpgid(0, 0);
	set_patience(patience);
	dup2(job->output, STDOUT_FILENO);
	dup2(job->output, STDERR_FILENO);
	if (at > 0) { /* others may count at the same time */
		own = mmap(NULL, sizeof(*own), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		shared = own;
	}
	run_test(test, at);
}

static void
report(const struct job *job, int status)
{
	static char text[REPORT_MAX + 1];
	ssize_t n;

	printf("%s:%d: %s, loop %d, allocation %zu: ", job->test->ttest->file,
	    job->test->ttest->line, job->test->ttest->name, job->test->i,
	    job->at);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		printf("hangs\n");
	else if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	else
		printf("exit %d\n", WEXITSTATUS(status));
	if (++reports > REPORTS_MAX)
		return;
	n = pread(job->output, text, REPORT_MAX, 0);
	if (n > 0)
		printf("%.*s\n", (int)n, text);
}

/* Waits for one job.  Returns it, free again; NULL when there is none. */
static struct job *
finish_one(int *how)
{
	int status;
	const pid_t pid = waitpid(-1, &status, 0);

	for (size_t i = 0; i < job_count; i++) {
		struct job *job = &jobs[i];

		if (pid <= 0 || job->pid != pid)
			continue;
		kill(-pid, SIGKILL); /* what it has started */
		job->pid = 0;
		*how = status;
		return job;
	}
	return NULL;
}

/* Whether the test has said that what it promises is broken. */
static bool
broke_promise(const struct job *job)
{
	static char text[REPORT_MAX + 1];
	const ssize_t n = pread(job->output, text, REPORT_MAX, 0);

	text[n > 0 ? n : 0] = '\0';
	return strstr(text, "broken promise") != NULL;
}

static void
settle(const struct job *job, int status)
{
	const bool exited = WIFEXITED(status);

	runs++;
	if (deep && !broke_promise(job)) {
		refused += !exited || WEXITSTATUS(status) != 0;
		close(job->output);
		return;
	}
	if (exited && WEXITSTATUS(status) == EXIT_ASSERTION) {
		refused++;
	} else if (!exited || WEXITSTATUS(status) != 0) {
		bad++;
		report(job, status);
	}
	close(job->output);
}

static struct job *
free_job(void)
{
	int status = 0;
	struct job *job;

	for (size_t i = 0; i < job_count; i++)
		if (jobs[i].pid == 0)
			return &jobs[i];
	if ((job = finish_one(&status)) != NULL)
		settle(job, status);
	return job;
}

static void
finish_all(void)
{
	int status = 0;
	struct job *job;

	while ((job = finish_one(&status)) != NULL)
		settle(job, status);
}

/* ---- all of them ---- */

static struct place *
place_of(uint64_t hash)
{
	for (size_t i = 0; i < PLACES_MAX; i++) {
		struct place *place = &places[(hash + i) % PLACES_MAX];

		if (place->hash == hash || place->hash == 0) {
			place->hash = hash;
			return place;
		}
	}
	return NULL;
}

/* Whether it is this one's turn to fail. */
static bool
has_turn(const struct test *test, uint64_t hash, bool all)
{
	struct place *place = place_of(hash);

	if (place == NULL)
		return all;
	if (place->test != test)
		place->turns_in_test = 0;
	place->test = test;
	if (all ? place->turns_in_test >= ZONE_LIMIT_MAX : place->turns > 0)
		return false;
	place->turns++;
	place->turns_in_test++;
	return true;
}

/* Waits for @job, which counts: it cannot be settled as the others are. */
static int
wait_for(const struct job *job)
{
	int status = 0;
	const struct job *other;

	while ((other = finish_one(&status)) != NULL && other != job)
		settle(other, status);
	return other != NULL ? status : -1; /* no exit */
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct patience
patience_of(uint64_t ms)
{
	return (struct patience){ .hang = 120 + (unsigned)(ms / 50),
		.wait = 2 + (unsigned)(ms / 500) };
}

/* How many allocations there are; -1 where the test fails as it is.  Some look
 * at the clock, and fail where the machine is busy: three times is no chance.
 */
static long
count(const struct test *test, struct patience *patience)
{
	struct job *job = free_job();

	for (int tries = 1; job != NULL; tries++) {
		const uint64_t begin = now_ms();
		int status;

		start(job, test, 0, NULL);
		status = wait_for(job);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
			*patience = patience_of(now_ms() - begin);
			close(job->output);
			return (long)shared->count;
		}
		if (tries == COUNT_TRIES) {
			report(job, status);
			close(job->output);
			break;
		}
		close(job->output);
	}
	runs++;
	bad++;
	return -1;
}

static void
try(const struct test *test)
{
	const char *how = getenv("ALLOCS"), *only = getenv("ALLOCS_AT");
	const bool all = how != NULL && strcmp(how, "all") == 0;
	const size_t one = only != NULL ? strtoul(only, NULL, 10) : 0;
	struct patience patience;
	const long number = count(test, &patience);

	for (long k = 1; k <= number; k++)
		if (one != 0 ? (size_t)k == one
			     : has_turn(test, shared->place[k - 1], all))
			start(free_job(), test, (size_t)k, &patience);
}

void
srunner_run_all(SRunner *runner, enum print_output mode)
{
	const char *only = getenv("ALLOCS_TEST"), *many = getenv("ALLOCS_JOBS");
	const time_t begin = time(NULL);

	(void)mode;
	setvbuf(stdout, NULL, _IOLBF, 0);
	deep = getenv("ALLOCS_DEEP") != NULL;
	job_count = many != NULL ? strtoul(many, NULL, 10) : 4;
	if (job_count == 0 || job_count > JOBS_MAX)
		job_count = JOBS_MAX;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	places = mmap(NULL, PLACES_MAX * sizeof(*places),
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || places == MAP_FAILED) {
		perror("mmap");
		exit(EXIT_FAILURE);
	}
	for (size_t i = 0; i < test_count; i++)
		if (only == NULL || strcmp(only, tests[i].ttest->name) == 0)
			try(&tests[i]);
	finish_all();
	printf("allocation failures: %s: %zu tests, %zu noticed, %ld s\n",
	    runner->suite->name, test_count, refused,
	    (long)(time(NULL) - begin));
	printf("%zu%%: Checks: %zu, Failures: 0, Errors: %zu\n",
	    runs > 0 ? 100 - (100 * bad + runs - 1) / runs : 100, runs, bad);
}

int
srunner_ntests_failed(SRunner *runner)
{
	(void)runner;
	return (int)bad;
}

/* ---- the rest of what the tests call ---- */

/* They are there to the end of the process. */
static void *
take(size_t size)
{
	static max_align_t memory[512];
	static size_t used;

	used += (size + sizeof(*memory) - 1) / sizeof(*memory);
	if (used > sizeof(memory) / sizeof(*memory))
		abort();
	return &memory[used - (size + sizeof(*memory) - 1) / sizeof(*memory)];
}

Suite *
suite_create(const char *name)
{
	Suite *suite = take(sizeof(*suite));

	suite->name = name;
	return suite;
}

void
suite_add_tcase(Suite *suite, TCase *tcase)
{
	(void)suite;
	(void)tcase;
}

TCase *
tcase_create(const char *name)
{
	(void)name;
	return take(sizeof(TCase));
}

void
tcase_set_timeout(TCase *tcase, double seconds)
{
	(void)tcase;
	(void)seconds;
}

void
tcase_add_checked_fixture(TCase *tcase, SFun set_up, SFun tear_down)
{
	tcase->set_up = set_up;
	tcase->tear_down = tear_down;
}

void
_tcase_add_test(TCase *tcase, const TTest *ttest, int signal, int exit_value,
    int first, int end)
{
	(void)signal;
	(void)exit_value;
	for (int i = first; i < end; i++) {
		if (test_count == TESTS_MAX)
			abort();
		tests[test_count++] =
		    (struct test){ .ttest = ttest, .tcase = tcase, .i = i };
	}
}

SRunner *
srunner_create(Suite *suite)
{
	SRunner *runner = take(sizeof(*runner));

	runner->suite = suite;
	return runner;
}

void
srunner_free(SRunner *runner)
{
	(void)runner;
}
