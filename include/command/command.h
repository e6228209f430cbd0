/*
 * command.h - what the subcommands of postdane(1) have in common.
 */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

struct control_access;

#define COMMAND_CONTROL_SOCKET "/run/postdane/control"
#define COMMAND_CONFIG "/etc/postdane/postdane.conf" /* of the daemon */

/* Exit codes: those of postmap -q, and more to tell errors apart. */
#define COMMAND_OK 0
#define COMMAND_NOTFOUND 1 /* query: some key has no policy */
#define COMMAND_TEMP 2     /* some key got TEMP: no conclusion */
#define COMMAND_ERROR 3    /* no daemon, a bad request, bad usage */
/* Wrong arguments: the error has been printed, the usage has not.  Internal to
 * postdane, never an exit code. */
#define COMMAND_USAGE (-1)

/* Options before the subcommand. */
struct command_options {
	struct control_access *control; /* to the control socket */
};

/* A subcommand.  @argv[0] is the prefix of error messages from getopt(3).
 * Returns an exit code, or COMMAND_USAGE. */
typedef int (*command_fn)(
    const struct command_options *options, int argc, char **argv);

int command_query(const struct command_options *options, int argc, char **argv);
int command_explain(
    const struct command_options *options, int argc, char **argv);
int command_status(
    const struct command_options *options, int argc, char **argv);
int command_flush(const struct command_options *options, int argc, char **argv);
int command_export(
    const struct command_options *options, int argc, char **argv);
/* Returns COMMAND_NOTFOUND if some name is resolved differently. */
int command_names(const struct command_options *command, int argc, char **argv);
/* These return the exit codes of monitoring plugins: 0 to 3. */
int command_check(const struct command_options *command, int argc, char **argv);
int command_diagnose(
    const struct command_options *command, int argc, char **argv);
int command_doctor(
    const struct command_options *options, int argc, char **argv);

#endif /* COMMAND_COMMAND_H */
