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
	static const char *const sentences[] = { REASON_NO_ROOT,
		REASON_NO_FORWARDER, REASON_UNSIGNED_ROOT,
		REASON_UNSIGNED_FORWARDER };
	const char *at = NULL;

	if (why == NULL)
		return NULL;
	for (size_t i = 0;
	     at == NULL && i < sizeof(sentences) / sizeof(sentences[0]); i++)
		at = strstr(why, sentences[i]);
	return at;
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
