/* reason.c - texts that say why something failed. */

#include "base/reason.h"

#include <string.h>

const char *
reason_innermost(const char *why)
{
	static const char begins[] = "validation failure <", ends[] = ">: ";
	const char *at = why, *end;

	while (at != NULL && (at = strstr(at, begins)) != NULL &&
	       (end = strstr(at, ends)) != NULL &&
	       end[sizeof(ends) - 1] != '\0')
		why = at = end + sizeof(ends) - 1;
	return why;
}

const char *
reason_of_network(const char *why)
{
	const char *at;

	if (why == NULL)
		return NULL;
	at = strstr(why, REASON_NO_ROOT);
	return at != NULL ? at : strstr(why, REASON_NO_FORWARDER);
}

void
reason_fit(char *text, size_t room)
{
	size_t end = room;

	if (strlen(text) <= room)
		return;
	while (end > room / 2 && text[end] != ' ')
		end--;
	if (text[end] != ' ')
		end = room;
	while (end > 0 && strchr(" ,:;(", text[end - 1]) != NULL)
		end--;
	text[end] = '\0';
}
