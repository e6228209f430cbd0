/*
 * place_check.h - checks before the start whether the unix sockets that a
 * configuration names can be created.  Creates nothing.
 */
#ifndef PROCESS_PLACE_CHECK_H
#define PROCESS_PLACE_CHECK_H

#include <stdbool.h>
#include <stdio.h>

struct conf;

/*
 * Checks the directories of all unix sockets in @conf, which was read from
 * @path (NULL: the built-in defaults), with the rights that postdaned would
 * have.  If the caller is root, its supplementary groups are dropped for that.
 * Each error is a line "postdaned: FILE:LINE: OPTION: …" in @out.
 * A line with "warning: " or "note: " before FILE is about something that may
 * be right when the daemon starts: a missing directory below /run; a missing
 * permission, if the caller is neither root nor the daemon's user; and with
 * @systemd, where our unit starts the daemon as another user than root, a
 * permission that only root has.
 * Returns whether there were no errors.
 */
bool place_check(
    const struct conf *conf, const char *path, bool systemd, FILE *out);

#endif /* PROCESS_PLACE_CHECK_H */
