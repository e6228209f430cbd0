/*
 * postfix_config.h - what Postfix's configuration comes to for each of its
 * SMTP clients, as postconf(1) reads it: defaults, main.cf, and the -o options
 * of master.cf.
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

/* Its name in main.cf: constant. */
const char *postfix_config_parameter_name(enum postfix_parameter parameter);

/* A line of master.cf that runs smtp(8). */
struct postfix_service {
	char *name; /* "smtp/unix", as postconf -P takes it */
	bool chroot;
	char *value[POSTFIX_PARAMETERS]; /* "" where this Postfix does not know
					  * the parameter */
	bool overridden[POSTFIX_PARAMETERS]; /* by -o */
};

struct postfix_config {
	struct postfix_service *service;
	size_t service_count; /* 0: nothing sends by SMTP */
};

/* For all runs of postconf(1) together that one thing needs. */
#define POSTFIX_CONFIG_MS 30000U
#define POSTFIX_CONFIG_WHY_MAX 512

/*
 * What @postconf writes when it is run with these @arguments, up to a NULL, as
 * postfix_config_read() runs it.  If it has not ended at @deadline
 * (clock_ms()), it is killed.  Returns text, the caller's to free, or NULL with
 * the reason in
 * @why.
 */
char *postfix_config_run(const char *postconf, const char *directory,
    const char *const *arguments, uint64_t deadline,
    char why[POSTFIX_CONFIG_WHY_MAX]);

/*
 * Run @postconf (searched for in PATH if it has no slash), with -c @directory
 * unless that is NULL, until @deadline at most.
 * Returns NULL with the reason in @why.
 */
struct postfix_config *postfix_config_read(const char *postconf,
    const char *directory, uint64_t deadline, char why[POSTFIX_CONFIG_WHY_MAX]);

/* NULL does nothing. */
void postfix_config_free(struct postfix_config *config);

#endif /* COMMAND_POSTFIX_POSTFIX_CONFIG_H */
