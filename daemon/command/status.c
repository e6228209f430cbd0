/* status.c - postdane status: the state of the daemon. */

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "command/client.h"
#include "command/command.h"
#include "command/fields.h"

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* "lookups_in_flight": "lookups in flight" */
static void
print_name(const char *name)
{
	for (; *name != '\0'; name++)
		putchar(*name == '_' ? ' ' : *name);
}

static void
print_uptime(int64_t seconds)
{
	printf("up ");
	if (seconds >= DAY)
		printf("%" PRId64 " days ", seconds / DAY);
	printf("%02" PRId64 ":%02" PRId64 ":%02" PRId64 "\n",
	    seconds % DAY / HOUR, seconds % HOUR / MINUTE, seconds % MINUTE);
}

/* A counter, or one with a value for each label: "replies: dane 3, may 2". */
static void
print_counter(const char *name, json_t *counter)
{
	const char *label, *separator = " ";
	json_t *value;

	print_name(name);
	putchar(':');
	if (json_is_integer(counter))
		printf(" %" JSON_INTEGER_FORMAT, json_integer_value(counter));
	json_object_foreach (counter, label, value) {
		printf("%s%s %" JSON_INTEGER_FORMAT, separator, label,
		    json_integer_value(value));
		separator = ", ";
	}
	putchar('\n');
}

static void
print_key(const json_t *key)
{
	const time_t since = (time_t)fields_number(key, "since");
	char date[32] = "";
	struct tm tm;

	if (since > 0 && gmtime_r(&since, &tm) != NULL)
		strftime(date, sizeof(date), " since %Y-%m-%d", &tm);
	printf("root key %" JSON_INTEGER_FORMAT ": %s%s%s\n",
	    fields_number(key, "key_tag"), fields_text(key, "state"), date,
	    json_is_true(json_object_get(key, "configured"))
		? ", in trust-anchor"
		: "");
}

static void
print_keys(const json_t *status)
{
	const char *trouble = fields_text(status, "trust_anchor_trouble");
	json_t *key;
	size_t i;

	json_array_foreach (json_object_get(status, "trust_anchor"), i, key) {
		print_key(key);
	}
	if (trouble[0] != '\0')
		printf("root keys are not followed: %s\n", trouble);
}

static void
print_status(json_t *status)
{
	const char *name, *why = fields_text(status, "trust_why");
	json_t *value;

	printf("postdaned %s, ", fields_text(status, "version"));
	print_uptime(fields_number(status, "uptime"));
	printf("trust: %s%s%s\n", fields_text(status, "trust"),
	    why[0] != '\0' ? ": " : "", why);
	print_keys(status);
	json_object_foreach (status, name, value) {
		if (json_is_integer(value) && strcmp(name, "uptime") != 0 &&
		    strcmp(name, "trust_path") != 0)
			print_counter(name, value);
	}
	printf("longest callback: %.1f ms\n",
	    1000 * json_number_value(
		       json_object_get(status, "loop_longest_seconds")));
	/* Some counters have the same name as a number above. */
	puts("since the start:");
	json_object_foreach (json_object_get(status, "counters"), name, value) {
		print_counter(name, value);
	}
}

int
command_status(const struct command_line *line)
{
	json_t *reply = client_call(line->control, "status", NULL, NULL);
	bool alive;

	if (reply == NULL)
		return COMMAND_ERROR;
	if (line->json)
		fields_print(reply);
	else
		print_status(reply);
	alive = strcmp(fields_text(reply, "trust"), "alive") == 0;
	json_decref(reply);
	return alive ? COMMAND_OK : COMMAND_TEMP;
}
