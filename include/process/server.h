/*
 * server.h - the daemon as a whole: creates everything, runs until SIGTERM or
 * SIGINT, and frees everything.
 *
 * SIGHUP reloads: the new configuration is tried in a child process first, and
 * replaces the old one as a whole or not at all.  A reload closes no
 * connection; evaluations in progress are finished by the old resolver.
 */
#ifndef PROCESS_SERVER_H
#define PROCESS_SERVER_H

struct conf;

/* @path: the file that @conf was read from, and that a reload reads again; NULL
 * for the built-in defaults.  Takes ownership of @conf.  Returns the exit
 * status. */
int server_run(const char *path, struct conf *conf);

#endif /* PROCESS_SERVER_H */
