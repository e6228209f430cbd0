/*
 * command.h - what the subcommands of postdane(1) have in common.
 */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct control_access;

#define COMMAND_CONTROL_SOCKET "/run/postdane/control"
#define COMMAND_CONFIG "/etc/postdane/postdane.conf" /* of the daemon */
#define COMMAND_LISTENER "127.0.0.25"                /* names: of dns-listen */

/* Exit codes: those of postmap -q, and more to tell errors apart. */
#define COMMAND_OK 0
#define COMMAND_NOTFOUND 1 /* query: some key has no policy */
#define COMMAND_TEMP 2     /* some key got TEMP: no conclusion */
#define COMMAND_ERROR 3    /* no daemon, a bad request, bad usage */

/* The command line of a subcommand.  Texts are borrowed from argv. */
struct command_line {
	struct control_access *control; /* to the control socket */
	char **argument;                /* what is no option */
	size_t count;                   /* of these: as many as it takes */
	/* The options; NULL or false if not given, but for those with a
	 * default. */
	const char *map, *config, *root_hints;
	const char *chroot, *listener, *postconf, *resolv_conf; /* not NULL */
	bool json, no_daemon, postfix;
	unsigned timeout; /* seconds */
	time_t now, at;
};

/* A subcommand.  Returns an exit code. */
typedef int (*command_fn)(const struct command_line *line);

int command_query(const struct command_line *line);
int command_explain(const struct command_line *line);
int command_status(const struct command_line *line);
int command_flush(const struct command_line *line);
int command_export(const struct command_line *line);
/* Returns COMMAND_NOTFOUND if some name is resolved differently. */
int command_names(const struct command_line *line);
/* These return the exit codes of monitoring plugins: 0 to 3. */
int command_check(const struct command_line *line);
int command_diagnose(const struct command_line *line);
int command_doctor(const struct command_line *line);

#endif /* COMMAND_COMMAND_H */
