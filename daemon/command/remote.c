/* remote.c - postdane query, explain, flush and export: one question to the
 * daemon, and its answer. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/client.h"
#include "command/command.h"
#include "command/explain_text.h"
#include "command/fields.h"
#include "policy/carry.h"
#include "policy/nexthop.h"
#include "policy/tls_policy.h"

#define SMTP_PORT 25 /* for keys without one; any value works */

static int
exit_code(const json_t *reply)
{
	const char *policy = fields_text(reply, "reply");

	if (policy[0] == '\0')
		return COMMAND_ERROR;
	if (strcmp(policy, "TEMP") == 0)
		return COMMAND_TEMP;
	return strcmp(policy, "NOTFOUND") == 0 ? COMMAND_NOTFOUND : COMMAND_OK;
}

/* ---- query: the answer that Postfix would get ---- */

static int
query_one(const struct command_line *line, const char *key)
{
	json_t *reply = client_call(line->control, "query", key, line->map);
	const char *text = json_string_value(json_object_get(reply, "text"));
	const int code = text != NULL ? exit_code(reply) : COMMAND_ERROR;

	if (code == COMMAND_TEMP)
		printf("%s\tTEMP %s\n", key, text);
	else if (code != COMMAND_ERROR)
		printf("%s\t%s\n", key, fields_text(reply, "reply"));
	else if (reply != NULL)
		fprintf(stderr,
		    "postdane: postdaned's answer for %s has no reply: is it "
		    "of another version?\n",
		    key);
	json_decref(reply);
	return code;
}

int
command_query(const struct command_line *line)
{
	int worst = COMMAND_OK;

	for (size_t i = 0; i < line->count; i++) {
		const int code = query_one(line, line->argument[i]);

		if (code > worst)
			worst = code;
	}
	return worst;
}

/* ---- explain: why Postfix gets this answer ---- */

int
command_explain(const struct command_line *line)
{
	json_t *reply =
	    client_call(line->control, "explain", line->argument[0], line->map);
	const int code = exit_code(reply);

	if (reply != NULL && line->json)
		fields_print(reply);
	else if (reply != NULL)
		explain_text(reply,
		    isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL,
		    stdout);
	json_decref(reply);
	return code;
}

/* ---- flush: makes the daemon forget ---- */

int
command_flush(const struct command_line *line)
{
	const char *key = line->count > 0 ? line->argument[0] : NULL;
	json_t *reply = client_call(line->control, "flush", key, NULL);
	const json_t *flushed = json_object_get(reply, "flushed");
	int code = COMMAND_ERROR;

	if (json_is_boolean(flushed)) {
		code = json_is_true(flushed) ? COMMAND_OK : COMMAND_NOTFOUND;
		if (code == COMMAND_NOTFOUND)
			fprintf(stderr,
			    "postdane: nothing was remembered of %s\n",
			    key != NULL ? key : "any key");
	}
	json_decref(reply);
	return code;
}

/* ---- export: a table for postmap(1), for times without the daemon ---- */

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
