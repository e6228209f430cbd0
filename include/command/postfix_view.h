/*
 * postfix_view.h - what Postfix's processes see: the resolv.conf that each of
 * its SMTP clients reads, in their own mount namespace where they run.
 */
#ifndef COMMAND_POSTFIX_VIEW_H
#define COMMAND_POSTFIX_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define POSTFIX_VIEW_PATH_MAX 4096

/* Postfix's master(8) of one instance.  Returns its pid, or 0 where it does
 * not run or we can't see. */
pid_t postfix_view_master(const char *queue_directory);

/*
 * Where a file at @path, absolute, is for a process of Postfix's: below
 * @queue_directory if @chroot, and below the root of @master unless that is
 * 0.
 */
void postfix_view_path(pid_t master, const char *queue_directory, bool chroot,
    const char *path, char out[POSTFIX_VIEW_PATH_MAX]);

/*
 * How many of @master's smtp(8) processes have been running since before the
 * file at @path, made by postfix_view_path(), was changed: they go on with
 * what they have read.
 */
size_t postfix_view_stale(pid_t master, const char *path);

#endif /* COMMAND_POSTFIX_VIEW_H */
