/* export.c - postdane export: prints the verdicts that the daemon remembers as
 * a table for postmap(1), for times when the daemon can't run. */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "command/client.h"
#include "command/command.h"
#include "policy/carry.h"
#include "policy/nexthop.h"
#include "policy/tls_policy.h"

#define SMTP_PORT 25 /* for keys without one; any value works */

/* Only the form that the daemon writes: a key must not break the line, or make
 * an entry for another next hop. */
static bool
is_key(const char *key)
{
	char text[NEXTHOP_TEXT_MAX];
	struct nexthop hop;

	nexthop_parse(key, strlen(key), SMTP_PORT, &hop);
	return hop.kind == NEXTHOP_LOOKUP &&
	       strcmp(nexthop_text(&hop, text), key) == 0;
}

static bool
is_policy(const char *policy)
{
	return strcmp(policy, tls_policy_text(TLS_POLICY_MAY)) == 0 ||
	       strcmp(policy, tls_policy_text(TLS_POLICY_ENCRYPT)) == 0 ||
	       strcmp(policy, tls_policy_text(TLS_POLICY_DANE)) == 0 ||
	       strcmp(policy, tls_policy_text(TLS_POLICY_DANE_ONLY)) == 0 ||
	       carry_is_text(policy);
}

/* Prints the whole table, or nothing. */
static int
print_table(json_t *verdicts)
{
	const char *key;
	json_t *policy;

	json_object_foreach (verdicts, key, policy) {
		if (json_is_string(policy) && is_key(key) &&
		    is_policy(json_string_value(policy)))
			continue;
		fprintf(stderr,
		    "postdane: export: postdaned says what is no line of a "
		    "table, of \"%s\"\n",
		    key);
		return COMMAND_ERROR;
	}
	if (json_object_size(verdicts) == 0)
		fprintf(stderr,
		    "postdane: export: nothing is remembered that a table "
		    "could say\n");
	json_object_foreach (verdicts, key, policy) {
		printf("%s\t%s\n", key, json_string_value(policy));
	}
	return COMMAND_OK;
}

int
command_export(const struct command_line *line)
{
	json_t *reply = client_call(line->control, "export", NULL, line->map);
	json_t *verdicts = json_object_get(reply, "verdicts");
	int code = COMMAND_ERROR;

	if (json_is_object(verdicts))
		code = print_table(verdicts);
	json_decref(reply);
	return code;
}
