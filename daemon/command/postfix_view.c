/* postfix_view.c - Postfix's processes, by way of proc(5). */

#include "command/postfix_view.h"

#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* proc(5) counts hundredths of a second, file systems the kernel's ticks. */
#define ROUNDED_MS 50

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

pid_t
postfix_view_master(const char *queue_directory)
{
	char path[POSTFIX_VIEW_PATH_MAX], text[32] = "";
	struct process process;
	pid_t pid = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/pid/master.pid", queue_directory);
	if ((file = fopen(path, "re")) == NULL)
		return 0;
	if (fgets(text, sizeof(text), file) != NULL)
		pid = (pid_t)atol(text);
	fclose(file);
	/* The file outlives the process, whose number may be another's now. */
	if (pid <= 0 || !read_process(pid, &process) ||
	    strcmp(process.name, "master") != 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%ld/root/.", (long)pid);
	return access(path, R_OK) == 0 ? pid : 0;
}

void
postfix_view_path(pid_t master, const char *queue_directory, bool chroot,
    const char *path, char out[POSTFIX_VIEW_PATH_MAX])
{
	char root[64] = "";

	if (master != 0)
		snprintf(root, sizeof(root), "/proc/%ld/root", (long)master);
	snprintf(out, POSTFIX_VIEW_PATH_MAX, "%s%s%s", root,
	    chroot ? queue_directory : "", path);
}

size_t
postfix_view_stale(pid_t master, const char *path)
{
	struct process process;
	struct dirent *entry;
	size_t count = 0;
	struct stat st;
	DIR *proc;

	if (master == 0 || stat(path, &st) == -1 ||
	    (proc = opendir("/proc")) == NULL)
		return 0;
	while ((entry = readdir(proc)) != NULL) {
		const pid_t pid = (pid_t)atol(entry->d_name);

		if (pid > 0 && read_process(pid, &process) &&
		    process.parent == master &&
		    strcmp(process.name, "smtp") == 0 &&
		    process.start + ROUNDED_MS < ms_of(st.st_ctim))
			count++;
	}
	closedir(proc);
	return count;
}
