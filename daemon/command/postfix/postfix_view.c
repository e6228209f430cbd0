/* postfix_view.c - Postfix's view of files, through proc(5). */

#include "command/postfix/postfix_view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "base/file.h"

/* proc(5) counts hundredths of a second, file systems count ticks of the
 * kernel. */
#define ROUNDED_MS 50
#define PID_FILE_MAX 64 /* octets */
#define STATUS_MAX 65536

/* ---- processes ---- */

struct process {
	char name[32];
	pid_t parent;
	int64_t start; /* ms since 1970 */
};

static int64_t
ms_of(struct timespec time)
{
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* proc_pid_stat(5): "PID (NAME) STATE PPID …", the start in field 22. */
static bool
read_process(pid_t pid, struct process *process)
{
	char path[64], text[1024], *field, *open, *save;
	struct timespec now = { 0 }, boot = { 0 };
	unsigned long long ticks;
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	if ((file = fopen(path, "re")) == NULL)
		return false;
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	open = strchr(text, '(');
	if (open == NULL || (field = strrchr(text, ')')) == NULL)
		return false;
	*field++ = '\0';
	snprintf(process->name, sizeof(process->name), "%s", open + 1);
	field = strtok_r(field, " ", &save);
	for (int i = 3; field != NULL && i < 22; i++) {
		if (i == 4)
			process->parent = (pid_t)atol(field);
		field = strtok_r(NULL, " ", &save);
	}
	if (field == NULL)
		return false;
	ticks = strtoull(field, NULL, 10);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &now);
	process->start =
	    ms_of(now) - ms_of(boot) +
	    (int64_t)(ticks * 1000 / (unsigned long)sysconf(_SC_CLK_TCK));
	return true;
}

/* ---- master ---- */

/* All four UIDs (real, effective, saved set, file system) are root's. */
static bool
is_roots(int process)
{
	char path[64], *text;
	const char *why;
	bool result;
	size_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/status", process);
	if ((text = file_read(path, STATUS_MAX, &len, &why)) == NULL)
		return false;
	result = strstr(text, "\nUid:\t0\t0\t0\t0\n") != NULL;
	free(text);
	return result;
}

/* The program may have been replaced by an upgrade ("(deleted)"). */
static bool
runs_master(int process, const char *daemon_directory)
{
	char program[PATH_MAX], runs[PATH_MAX];
	struct stat one, other;
	ssize_t len;

	snprintf(program, sizeof(program), "%s/master", daemon_directory);
	if (program[0] != '/')
		return false;
	if (stat(program, &one) == 0 &&
	    fstatat(process, "exe", &other, 0) == 0 &&
	    one.st_dev == other.st_dev && one.st_ino == other.st_ino)
		return true;
	len = readlinkat(process, "exe", runs, sizeof(runs) - 1);
	if (len <= 0)
		return false;
	runs[len] = '\0';
	len = (ssize_t)strlen(program);
	return strncmp(runs, program, (size_t)len) == 0 &&
	       strcmp(runs + len, " (deleted)") == 0;
}

static bool
is_denied(int error)
{
	return error == EACCES || error == EPERM;
}

/* Returns 0 with errno if there is no pid. */
static pid_t
read_number(const char *queue_directory)
{
	char path[POSTFIX_VIEW_PATH_MAX], *text, *end;
	const char *why;
	size_t len;
	long pid;

	snprintf(path, sizeof(path), "%s/pid/master.pid", queue_directory);
	errno = 0;
	if ((text = file_read(path, PID_FILE_MAX, &len, &why)) == NULL)
		return 0;
	errno = 0;
	pid = strtol(text, &end, 10);
	if (errno != 0 || pid <= 0 || pid > INT_MAX ||
	    (*end != '\n' && *end != '\0'))
		pid = 0;
	free(text);
	return (pid_t)pid;
}

/* @process: an open directory of proc(5).  It stays bound to this process, even
 * if its pid is reused. */
static void
open_master(struct postfix_view *view, int process, pid_t pid,
    const char *daemon_directory)
{
	if (!is_roots(process))
		return;
	errno = 0;
	if (runs_master(process, daemon_directory))
		view->root =
		    openat(process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (view->root != -1)
		view->master = pid;
	else
		view->is_hidden = is_denied(errno);
}

void
postfix_view_open(struct postfix_view *view, const char *queue_directory,
    const char *daemon_directory)
{
	const pid_t pid = read_number(queue_directory);
	char path[64];
	int process = -1;

	*view = (struct postfix_view){ .root = -1,
		.is_hidden = pid == 0 && is_denied(errno) };
	if (pid != 0) {
		snprintf(path, sizeof(path), "/proc/%ld", (long)pid);
		process = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (process != -1) {
		open_master(view, process, pid, daemon_directory);
		close(process);
	}
	if (view->root == -1)
		view->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void
postfix_view_close(struct postfix_view *view)
{
	if (view->root != -1)
		close(view->root);
	view->root = -1;
}

/* ---- files ---- */

/* Resolves all links and ".." inside @root; "/" is @root itself. */
static int
open_in(int root, const char *path, uint64_t flags)
{
	const struct open_how how = { .flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT };

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* Opens with O_PATH first: really opening a device may have side effects. */
static int
find_file(const struct postfix_view *view, const char *chroot, const char *path)
{
	int root, fd, error;

	if (chroot == NULL)
		return open_in(view->root, path, O_PATH);
	root = open_in(view->root, chroot, O_PATH | O_DIRECTORY);
	if (root == -1)
		return -1;
	fd = open_in(root, path, O_PATH);
	error = errno;
	close(root);
	errno = error;
	return fd;
}

static size_t
count_stale(pid_t master, int64_t changed)
{
	struct process process;
	struct dirent *entry;
	size_t count = 0;
	DIR *proc;

	if (master == 0 || (proc = opendir("/proc")) == NULL)
		return 0;
	while ((entry = readdir(proc)) != NULL) {
		const pid_t pid = (pid_t)atol(entry->d_name);

		if (pid > 0 && read_process(pid, &process) &&
		    process.parent == master &&
		    strcmp(process.name, "smtp") == 0 &&
		    process.start + ROUNDED_MS < changed)
			count++;
	}
	closedir(proc);
	return count;
}

char *
postfix_view_read(const struct postfix_view *view, const char *chroot,
    const char *path, size_t max, size_t *stale)
{
	const int fd = find_file(view, chroot, path);
	char ours[64], *text = NULL;
	const char *why;
	struct stat st;
	size_t len;

	*stale = 0;
	if (fd == -1)
		return NULL;
	snprintf(ours, sizeof(ours), "/proc/self/fd/%d", fd);
	errno = EINVAL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*stale = count_stale(view->master, ms_of(st.st_ctim));
		errno = EFBIG;
		text = file_read(ours, max, &len, &why);
	}
	if (errno == ENOENT)
		errno = EIO;
	close(fd);
	return text;
}
