/*
 * postfix_view.h - files as Postfix's processes see them, such as the
 * resolv.conf of each SMTP client; in the mount namespace of a running Postfix.
 */
#ifndef COMMAND_POSTFIX_POSTFIX_VIEW_H
#define COMMAND_POSTFIX_POSTFIX_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define POSTFIX_VIEW_PATH_MAX 4096

struct postfix_view {
	pid_t master;   /* 0: not running, or not visible to us */
	bool is_hidden; /* only root may know whether it runs, and its root
			   directory */
	int root;       /* root directory of master(8), or ours; -1: none */
};

/*
 * Finds master(8) of one Postfix instance.  The pid in its queue directory may
 * belong to another process by now.  So it counts only if that process runs as
 * root and its program is @daemon_directory/master.
 */
void postfix_view_open(struct postfix_view *view, const char *queue_directory,
    const char *daemon_directory);

void postfix_view_close(struct postfix_view *view);

/*
 * Read the file at the absolute @path as a Postfix process sees it: below
 * @chroot unless that is NULL, with symbolic links resolved inside that root.
 * Only regular files of up to @max octets.
 * Returns text, to be freed by the caller, or NULL with errno: ENOENT if there
 * is no such file.  @stale: how many of master's smtp(8) processes are older
 * than the last change of the file, and still use the old content.
 */
char *postfix_view_read(const struct postfix_view *view, const char *chroot,
    const char *path, size_t max, size_t *stale);

#endif /* COMMAND_POSTFIX_POSTFIX_VIEW_H */
