/*
 * postfix_view.h - what Postfix's processes see: the resolv.conf that each of
 * its SMTP clients reads, in their own mount namespace where they run.
 */
#ifndef COMMAND_POSTFIX_POSTFIX_VIEW_H
#define COMMAND_POSTFIX_POSTFIX_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define POSTFIX_VIEW_PATH_MAX 4096

struct postfix_view {
	pid_t master;   /* 0: it does not run, or we can't see */
	bool is_hidden; /* whether it runs, and with which root, only root may
			 * know */
	int root;       /* master(8)'s, or ours; -1: none */
};

/*
 * Finds master(8) of one instance.  The number that it has left in its queue
 * may be anybody's by now: only a process of root's counts that runs the
 * program @daemon_directory/master.
 */
void postfix_view_open(struct postfix_view *view, const char *queue_directory,
    const char *daemon_directory);

void postfix_view_close(struct postfix_view *view);

/*
 * The file at @path, absolute, as a process of Postfix's has it: below @chroot
 * unless that is NULL, and links followed inside its root.  Regular files of
 * up to @max octets only.
 * Returns text, the caller's to free, or NULL with errno: ENOENT where there is
 * none.  @stale: how many of master's smtp(8) processes have been running
 * since before it was changed, and go on with what they have read.
 */
char *postfix_view_read(const struct postfix_view *view, const char *chroot,
    const char *path, size_t max, size_t *stale);

#endif /* COMMAND_POSTFIX_POSTFIX_VIEW_H */
