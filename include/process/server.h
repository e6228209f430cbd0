/*
 * server.h - the daemon as a whole: everything is made, runs until SIGTERM or
 * SIGINT, and is taken apart again.
 *
 * SIGHUP reloads: the new configuration is tried in a process of its own, and
 * replaces the old one as a whole or not at all.  No connection is closed by
 * it; what is being evaluated is answered by the old resolver.
 */
#ifndef PROCESS_SERVER_H
#define PROCESS_SERVER_H

struct conf;

/* @path: the file that @conf was read from and a reload reads again; NULL for
 * the built-in defaults.  Takes over @conf.  Returns the exit status. */
int server_run(const char *path, struct conf *conf);

#endif /* PROCESS_SERVER_H */
