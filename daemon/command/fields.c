/* fields.c - the members of a JSON object. */

#include "command/fields.h"

#include <stdio.h>

#define TIME_MAX 32

const char *
fields_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

json_int_t
fields_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

void
fields_set_text(json_t *object, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		json_object_set_new(object, key, json_string(text));
}

void
fields_set_time(json_t *object, const char *key, time_t when)
{
	char text[TIME_MAX];
	struct tm tm;

	if (gmtime_r(&when, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		fields_set_text(object, key, text);
}

void
fields_print(const json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2));
	putchar('\n');
}
