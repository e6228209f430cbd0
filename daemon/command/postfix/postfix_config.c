/* postfix_config.c - reads Postfix's configuration with postconf(1). */

#include "command/postfix/postfix_config.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"

#define TEXT_MAX 1000000 /* octets read from postconf */
#define OVERRIDES_MAX 64 /* -o options per service */
#define ARGUMENTS_MAX (8 + 2 * OVERRIDES_MAX + POSTFIX_PARAMETERS)
#define BLANKS " \t\r"

struct reader {
	const char *postconf, *directory;
	uint64_t deadline;
	char *why; /* POSTFIX_CONFIG_WHY_MAX octets */
};

static const char *const names[POSTFIX_PARAMETERS] = {
	[POSTFIX_MAIL_VERSION] = "mail_version",
	[POSTFIX_QUEUE_DIRECTORY] = "queue_directory",
	[POSTFIX_DAEMON_DIRECTORY] = "daemon_directory",
	[POSTFIX_COMMAND_DIRECTORY] = "command_directory",
	[POSTFIX_MAIL_OWNER] = "mail_owner",
	[POSTFIX_COMPATIBILITY_LEVEL] = "compatibility_level",
	[POSTFIX_POLICY_MAPS] = "smtp_tls_policy_maps",
	[POSTFIX_SECURITY_LEVEL] = "smtp_tls_security_level",
	[POSTFIX_DNS_SUPPORT_LEVEL] = "smtp_dns_support_level",
	[POSTFIX_HOST_LOOKUP] = "smtp_host_lookup",
	[POSTFIX_INSECURE_MX] = "smtp_tls_dane_insecure_mx_policy",
	[POSTFIX_RESOLVER_OPTIONS] = "smtp_dns_resolver_options",
	[POSTFIX_IGNORE_MX_ERROR] = "ignore_mx_lookup_error",
	[POSTFIX_FINGERPRINT_DIGEST] = "smtp_tls_fingerprint_digest",
	[POSTFIX_RELAYHOST] = "relayhost",
	[POSTFIX_SASL_AUTH] = "smtp_sasl_auth_enable",
	[POSTFIX_SASL_PASSWORDS] = "smtp_sasl_password_maps",
	[POSTFIX_SASL_OPTIONS] = "smtp_sasl_security_options",
};

const char *
postfix_config_parameter_name(enum postfix_parameter parameter)
{
	return names[parameter];
}

/* ---- running postconf ---- */

/* Warnings of postconf, which are frequent, are discarded unless @loud.
 * Returns a pid, or -1. */
static pid_t
spawn(char *const *argv, int out, bool loud)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return -1;
	if (posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO) !=
		0 ||
	    (!loud && posix_spawn_file_actions_addopen(&actions, STDERR_FILENO,
			  "/dev/null", O_WRONLY, 0) != 0) ||
	    (errno = posix_spawnp(
		 &pid, argv[0], &actions, NULL, argv, environ)) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

static void
set_why(char *why, const char *command, const char *what)
{
	snprintf(why, POSTFIX_CONFIG_WHY_MAX, "%s%s", command, what);
}

/* Returns the output of @argv, or NULL if it failed. */
static char *
output_of(char *const *argv, bool loud, uint64_t deadline, char *why)
{
	int fds[2], status;
	char *text;
	pid_t pid;

	set_why(why, argv[0], " has failed");
	if (pipe2(fds, O_CLOEXEC) == -1)
		return NULL;
	pid = spawn(argv, fds[1], loud);
	if (pid == -1)
		snprintf(why, POSTFIX_CONFIG_WHY_MAX, "%s: %s%s", argv[0],
		    strerror(errno),
		    errno == ENOENT ? ": is Postfix installed?" : "");
	close(fds[1]);
	text = pid == -1 ? NULL : child_read(fds[0], TEXT_MAX, deadline);
	close(fds[0]);
	if (pid == -1)
		return NULL;
	status = child_end(pid, text != NULL ? deadline : 0);
	if (status == 0 && text != NULL)
		return text;
	if (clock_ms() >= deadline)
		set_why(why, argv[0], " has not come to an end in time");
	free(text);
	return NULL;
}

char *
postfix_config_run(const char *postconf, const char *directory,
    const char *const *arguments, uint64_t deadline,
    char why[POSTFIX_CONFIG_WHY_MAX])
{
	char *argv[ARGUMENTS_MAX + 4];
	size_t count = 0;
	char *text;

	argv[count++] = (char *)postconf;
	if (directory != NULL) {
		argv[count++] = "-c";
		argv[count++] = (char *)directory;
	}
	for (size_t i = 0; i < ARGUMENTS_MAX && arguments[i] != NULL; i++)
		argv[count++] = (char *)arguments[i];
	argv[count] = NULL;
	/* After a failure, run it again to show its messages. */
	if ((text = output_of(argv, false, deadline, why)) == NULL &&
	    clock_ms() < deadline)
		text = output_of(argv, true, deadline, why);
	return text;
}

static char *
run_postconf(const struct reader *reader, const char *const *arguments)
{
	return postfix_config_run(reader->postconf, reader->directory,
	    arguments, reader->deadline, reader->why);
}

/* ---- values ---- */

/* Splits "name = value".  Returns the value, or NULL. */
static char *
cut(char *line)
{
	char *equals = strstr(line, " =");

	if (equals == NULL)
		return NULL;
	*equals = '\0';
	return equals + 2 + strspn(equals + 2, BLANKS);
}

static int
set_value(struct postfix_service *service, const char *name, const char *value)
{
	for (size_t i = 0; i < POSTFIX_PARAMETERS; i++)
		if (strcmp(name, names[i]) == 0) {
			free(service->value[i]);
			service->value[i] = strdup(value);
			return service->value[i] != NULL ? 0 : -1;
		}
	return 0;
}

static void
note_override(struct postfix_service *service, const char *option)
{
	for (size_t i = 0; i < POSTFIX_PARAMETERS; i++) {
		const size_t len = strlen(names[i]);

		if (strncmp(option, names[i], len) == 0 && option[len] == ' ')
			service->overridden[i] = true;
	}
}

/* Reads the values that result from @overrides, lines "name = value", and
 * main.cf. */
static int
read_values(const struct reader *reader, struct postfix_service *service,
    const char *const *overrides, size_t count)
{
	const char *arguments[ARGUMENTS_MAX + 1] = { "-x" };
	size_t used = 1;
	char *text, *line, *value, *save;
	int result = 0;

	for (size_t i = 0; i < count; i++) {
		arguments[used++] = "-o";
		arguments[used++] = overrides[i];
		note_override(service, overrides[i]);
	}
	for (size_t i = 0; i < POSTFIX_PARAMETERS; i++)
		arguments[used++] = names[i];
	if ((text = run_postconf(reader, arguments)) == NULL)
		return -1;
	for (line = strtok_r(text, "\n", &save); line != NULL && result == 0;
	     line = strtok_r(NULL, "\n", &save))
		if ((value = cut(line)) != NULL)
			result = set_value(service, line, value);
	free(text);
	for (size_t i = 0; i < POSTFIX_PARAMETERS && result == 0; i++)
		if (service->value[i] == NULL)
			result = set_value(service, names[i], "");
	return result;
}

/* Lines "smtp/unix/name = value" of postconf -P. */
static int
read_service(const struct reader *reader, struct postfix_service *service)
{
	const char *overrides[OVERRIDES_MAX];
	const size_t prefix = strlen(service->name);
	size_t count = 0;
	const char *arguments[] = { "-P", service->name, NULL };
	char *text, *line, *save;
	int result;

	if ((text = run_postconf(reader, arguments)) == NULL)
		return -1;
	for (line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, service->name, prefix) == 0 &&
		    line[prefix] == '/' && count < OVERRIDES_MAX)
			overrides[count++] = line + prefix + 1;
	result = read_values(reader, service, overrides, count);
	free(text);
	return result;
}

/* ---- services ---- */

/* Reads the relevant columns of "smtp unix - - y - - smtp -o …".  Returns false
 * if the line does not run smtp(8). */
static bool
parse_service(char *line, char name[256], char *chroot)
{
	enum { NAME, TYPE, CHROOT = 4, COMMAND = 7, COLUMNS };
	char *column[COLUMNS], *save;
	size_t count = 0;

	for (char *word = strtok_r(line, " \t", &save);
	     word != NULL && count < COLUMNS;
	     word = strtok_r(NULL, " \t", &save))
		column[count++] = word;
	if (count < COLUMNS || strcmp(column[COMMAND], "smtp") != 0)
		return false;
	*chroot = column[CHROOT][0];
	return snprintf(name, 256, "%s/%s", column[NAME], column[TYPE]) < 256;
}

static int
add_service(const struct reader *reader, struct postfix_config *config,
    const char *name, char chroot)
{
	struct postfix_service *grown = reallocarray(config->service,
	    config->service_count + 1, sizeof(*config->service));
	struct postfix_service *service;

	if (grown == NULL)
		return -1;
	config->service = grown;
	service = &grown[config->service_count++];
	*service = (struct postfix_service){ .name = strdup(name) };
	if (service->name == NULL || read_service(reader, service) == -1)
		return -1;
	/* For "-" in master.cf, compatibility_level decides. */
	service->chroot =
	    chroot == 'y' ||
	    (chroot == '-' &&
		atoi(service->value[POSTFIX_COMPATIBILITY_LEVEL]) < 1);
	return 0;
}

static int
read_services(const struct reader *reader, struct postfix_config *config)
{
	static const char *const arguments[] = { "-M", NULL };
	char *text = run_postconf(reader, arguments), *line, *save;
	char name[256], chroot;
	int result = 0;

	if (text == NULL)
		return -1;
	for (line = strtok_r(text, "\n", &save); line != NULL && result == 0;
	     line = strtok_r(NULL, "\n", &save))
		if (parse_service(line, name, &chroot))
			result = add_service(reader, config, name, chroot);
	free(text);
	return result;
}

struct postfix_config *
postfix_config_read(const char *postconf, const char *directory,
    uint64_t deadline, char why[POSTFIX_CONFIG_WHY_MAX])
{
	const struct reader reader = { postconf, directory, deadline, why };
	struct postfix_config *config = calloc(1, sizeof(*config));

	/* The default reason, replaced by a more specific one. */
	set_why(why, "out of memory", "");
	if (config == NULL)
		return NULL;
	if (read_services(&reader, config) == -1) {
		postfix_config_free(config);
		return NULL;
	}
	return config;
}

void
postfix_config_free(struct postfix_config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; i < config->service_count; i++) {
		free(config->service[i].name);
		for (size_t p = 0; p < POSTFIX_PARAMETERS; p++)
			free(config->service[i].value[p]);
	}
	free(config->service);
	free(config);
}
