/*
 * place_check.h - whether the sockets that a configuration names can be made
 * where it wants them, before the daemon tries.  Nothing is made.
 */
#ifndef PROCESS_PLACE_CHECK_H
#define PROCESS_PLACE_CHECK_H

#include <stdbool.h>
#include <stdio.h>

struct conf;

/*
 * Looks at the directories of all unix sockets in @conf, which was read from
 * @path (NULL: the built-in defaults), with the rights that postdaned would
 * have: root's groups are given up for that.  Each that is wrong is a line
 * "postdaned: FILE:LINE: OPTION: …" in @out.  A line with "warning: " or
 * "note: " before FILE is about what may be right at a start: what is below
 * /run, which is made then; or, to a user who is neither root nor the daemon's,
 * and with @systemd, where our unit starts it as another user than root, what
 * these may not.
 * Returns whether there was none that is wrong.
 */
bool place_check(
    const struct conf *conf, const char *path, bool systemd, FILE *out);

#endif /* PROCESS_PLACE_CHECK_H */
