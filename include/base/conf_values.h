/*
 * conf_values.h - option values and defaults that other modules need, too.
 */
#ifndef BASE_CONF_VALUES_H
#define BASE_CONF_VALUES_H

/* Defaults that other modules need. */
#define CONF_CONTROL_SOCKET "/run/postdane/control"
#define CONF_USER "postdane"
#define CONF_STATE_DIRECTORY "/var/lib/postdane"

/* The answer where DANE does not apply. */
enum conf_no_dane {
	CONF_NO_DANE_MAY,
	CONF_NO_DANE_ENCRYPT,
	CONF_NO_DANE_NOTFOUND
};

/* Corresponds to Postfix's smtp_tls_dane_insecure_mx_policy. */
enum conf_insecure_mx {
	CONF_INSECURE_MX_DANE,
	CONF_INSECURE_MX_ENCRYPT,
	CONF_INSECURE_MX_MAY
};

enum conf_dane_only { CONF_DANE_ONLY_NEVER, CONF_DANE_ONLY_WHEN_COMPLETE };

/* Whether the policy itself carries the TLSA data, and the answer where it
 * can't. */
enum conf_carry { CONF_CARRY_NO, CONF_CARRY_FINGERPRINT };
enum conf_carry_else { CONF_CARRY_ELSE_DANE_ONLY, CONF_CARRY_ELSE_ENCRYPT };

#endif /* BASE_CONF_VALUES_H */
