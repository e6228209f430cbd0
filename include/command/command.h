/*
 * command.h - what the subcommands of postdane(1) share.
 */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

struct control_access;

#define COMMAND_CONTROL_SOCKET "/run/postdane/control"
#define COMMAND_CONFIG "/etc/postdane/postdane.conf" /* of the daemon */

/* Exit codes: as postmap -q has them, and more to tell errors apart. */
#define COMMAND_OK 0
#define COMMAND_NOTFOUND 1 /* query: some key has no policy */
#define COMMAND_TEMP 2     /* some key could not be concluded */
#define COMMAND_ERROR 3    /* no daemon, a bad request, bad usage */
/* What is wrong with the arguments has been said; how they should be, is not.
 * To the caller of a subcommand, not to who runs the program. */
#define COMMAND_USAGE (-1)

/* What stands before the subcommand. */
struct command_options {
	struct control_access *control; /* to the control socket */
};

/* A subcommand: @argv[0] stands before what getopt(3) complains of.  Returns an
 * exit code, or COMMAND_USAGE. */
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
/* Returns COMMAND_NOTFOUND where some name is resolved differently. */
int command_names(const struct command_options *command, int argc, char **argv);
/* These return what monitoring plugins do: 0 to 3. */
int command_check(const struct command_options *command, int argc, char **argv);
int command_diagnose(
    const struct command_options *command, int argc, char **argv);
int command_doctor(
    const struct command_options *options, int argc, char **argv);

#endif /* COMMAND_COMMAND_H */
