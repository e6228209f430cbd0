/*
 * postfix_config.h - the effective configuration of each of Postfix's SMTP
 * clients, from postconf(1): defaults, main.cf, and the -o options of
 * master.cf.
 */
#ifndef COMMAND_POSTFIX_POSTFIX_CONFIG_H
#define COMMAND_POSTFIX_POSTFIX_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum postfix_parameter {
	POSTFIX_MAIL_VERSION,
	POSTFIX_QUEUE_DIRECTORY,
	POSTFIX_DAEMON_DIRECTORY,
	POSTFIX_COMMAND_DIRECTORY,
	POSTFIX_MAIL_OWNER,
	POSTFIX_COMPATIBILITY_LEVEL,
	POSTFIX_POLICY_MAPS,
	POSTFIX_SECURITY_LEVEL,
	POSTFIX_DNS_SUPPORT_LEVEL,
	POSTFIX_HOST_LOOKUP,
	POSTFIX_INSECURE_MX,
	POSTFIX_RESOLVER_OPTIONS,
	POSTFIX_IGNORE_MX_ERROR,
	POSTFIX_FINGERPRINT_DIGEST,
	POSTFIX_RELAYHOST,
	POSTFIX_SASL_AUTH,
	POSTFIX_SASL_PASSWORDS,
	POSTFIX_SASL_OPTIONS,
	POSTFIX_PARAMETERS
};

/* The parameter's name in main.cf: constant text. */
const char *postfix_config_parameter_name(enum postfix_parameter parameter);

/* A line of master.cf that runs smtp(8). */
struct postfix_service {
	char *name; /* "smtp/unix", as postconf -P takes it */
	bool chroot;
	char *value[POSTFIX_PARAMETERS]; /* "" if this Postfix does not know the
					    parameter */
	bool overridden[POSTFIX_PARAMETERS]; /* by -o */
};

struct postfix_config {
	struct postfix_service *service;
	size_t service_count; /* 0: nothing sends by SMTP */
};

/* Milliseconds for all runs of postconf(1) for one purpose. */
#define POSTFIX_CONFIG_MS 30000U
#define POSTFIX_CONFIG_WHY_MAX 512

/*
 * Run @postconf with these @arguments, which end with NULL, as
 * postfix_config_read() does.  It is killed if it has not ended by @deadline
 * (clock_ms()).  Returns its output, to be freed by the caller, or NULL with
 * the reason in @why.
 */
char *postfix_config_run(const char *postconf, const char *directory,
    const char *const *arguments, uint64_t deadline,
    char why[POSTFIX_CONFIG_WHY_MAX]);

/*
 * Run @postconf (looked up in PATH if it has no slash), with -c @directory
 * unless that is NULL, until @deadline at most.
 * Returns NULL with the reason in @why.
 */
struct postfix_config *postfix_config_read(const char *postconf,
    const char *directory, uint64_t deadline, char why[POSTFIX_CONFIG_WHY_MAX]);

/* NULL does nothing. */
void postfix_config_free(struct postfix_config *config);

#endif /* COMMAND_POSTFIX_POSTFIX_CONFIG_H */
