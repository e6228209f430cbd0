/* explain_text.c - prints an explanation as a tree for people. */

#include "command/explain_text.h"

#include <string.h>

#include "base/reason.h"
#include "command/fields.h"

#define INDENT 2 /* columns per level */

enum mark { MARK_GOOD, MARK_OPEN, MARK_BAD };

struct painter {
	FILE *out;
	bool colour;
};

/* How good a status or a reply is. */
static enum mark
mark_of(const char *word)
{
	static const char *const good[] = { "secure", "usable", "dane",
		"dane-only", "fingerprint", NULL };
	static const char *const bad[] = { "failed", "bogus", "indeterminate",
		"TEMP", NULL };

	for (const char *const *at = good; *at != NULL; at++)
		if (strcmp(*at, word) == 0)
			return MARK_GOOD;
	for (const char *const *at = bad; *at != NULL; at++)
		if (strcmp(*at, word) == 0)
			return MARK_BAD;
	return MARK_OPEN;
}

static void
put_mark(const struct painter *painter, unsigned level, enum mark mark)
{
	static const char *const colours[] = { "\033[32m\u2714",
		"\033[33m\u25cb", "\033[31m\u2718" };
	static const char *const plain[] = { "+", "-", "!" };

	fprintf(painter->out, "%*s", (int)(level * INDENT), "");
	if (painter->colour)
		fprintf(painter->out, "%s\033[0m ", colours[mark]);
	else
		fprintf(painter->out, "%s ", plain[mark]);
}

static void
put_note(const struct painter *painter, unsigned level, const char *label,
    const char *text)
{
	if (text[0] != '\0')
		fprintf(painter->out, "%*s%s%s\n", (int)(level * INDENT + 2),
		    "", label, text);
}

/* A reason about the network is omitted: it is printed at the top, and does not
 * belong to a single lookup. */
static void
put_reason(const struct painter *painter, unsigned level, const char *label,
    const char *why)
{
	if (reason_of_network(why) == NULL)
		put_note(painter, level, label, why);
}

/* The lookup failed, but the proof of an unsigned zone is enough. */
static bool
is_proof_alone(const json_t *lookup)
{
	return strcmp(fields_text(lookup, "status"), "failed") == 0 &&
	       strcmp(fields_text(lookup, "security"), "insecure") == 0;
}

static void
put_lookup(const struct painter *painter, unsigned level, const json_t *lookup)
{
	const json_t *record;
	size_t i;

	put_mark(painter, level, mark_of(fields_text(lookup, "security")));
	fprintf(painter->out,
	    "%s %s: %s, %s, rung %s, ttl %lld, step %lld, %lld ms\n",
	    fields_text(lookup, "type"), fields_text(lookup, "name"),
	    is_proof_alone(lookup) ? "no data" : fields_text(lookup, "status"),
	    fields_text(lookup, "security"), fields_text(lookup, "rung"),
	    fields_number(lookup, "ttl"), fields_number(lookup, "step"),
	    fields_number(lookup, "ms"));
	put_note(painter, level + 1, "alias of ", fields_text(lookup, "rname"));
	json_array_foreach (json_object_get(lookup, "records"), i, record)
		put_note(painter, level + 1, "", json_string_value(record));
	put_note(
	    painter, level + 1, "insecure: ", fields_text(lookup, "proof"));
	put_reason(painter, level + 1,
	    is_proof_alone(lookup) ? "no data: " : "failed: ",
	    fields_text(lookup, "why"));
}

static void
put_lookups(const struct painter *painter, unsigned level, const json_t *owner)
{
	const json_t *lookup;
	size_t i;

	json_array_foreach (json_object_get(owner, "lookups"), i, lookup)
		put_lookup(painter, level, lookup);
}

static void
put_mx(const struct painter *painter, const json_t *mx)
{
	if (mx == NULL)
		return;
	put_mark(painter, 1, mark_of(fields_text(mx, "security")));
	fprintf(painter->out, "MX: %s, %s%s%s\n", fields_text(mx, "status"),
	    fields_text(mx, "security"),
	    json_is_true(json_object_get(mx, "implicit"))
		? ", no MX record: the domain is its own host"
		: "",
	    json_is_true(json_object_get(mx, "truncated"))
		? ", more hosts than are looked at"
		: "");
	put_reason(painter, 1, "", fields_text(mx, "why"));
	put_lookups(painter, 2, mx);
}

static void
put_host(const struct painter *painter, const json_t *host)
{
	put_mark(painter, 1, mark_of(fields_text(host, "status")));
	fprintf(painter->out, "host %s (preference %lld): %s\n",
	    fields_text(host, "name"), fields_number(host, "preference"),
	    fields_text(host, "status"));
	put_reason(painter, 1, "", fields_text(host, "why"));
	put_note(
	    painter, 1, "TLSA base domain ", fields_text(host, "tlsa_base"));
	put_lookups(painter, 2, host);
}

/* What Postfix does with it: TLS_README, smtp_tls_policy_maps. */
static const char *
meaning(const char *reply)
{
	static const struct {
		const char *reply, *text;
	} meanings[] = {
		{ "dane", "Postfix authenticates the hosts that have TLSA "
			  "records" },
		{ "dane-only", "Postfix delivers only to authenticated hosts" },
		{ "fingerprint", "Postfix delivers only to hosts with one of "
				 "these certificates or keys" },
		{ "encrypt", "Postfix delivers only encrypted, without "
			     "authentication" },
		{ "may", "Postfix encrypts where the host offers it" },
		{ "NOTFOUND", "Postfix asks the next table, then main.cf" },
		{ "TEMP", "Postfix defers the mail and tries again" },
	};

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strcmp(meanings[i].reply, reply) == 0)
			return meanings[i].text;
	return "";
}

/* The reason, if it says more than the rule.  Its advice to run postdane is cut
 * off: this is the output of that command. */
static void
put_why(const struct painter *painter, const char *rule, const char *why)
{
	const char *run = strstr(why, "; run: postdane ");
	const size_t len = run != NULL ? (size_t)(run - why) : strlen(why);

	if (len > 0 && strcmp(why, rule) != 0)
		fprintf(painter->out, "  %.*s\n", (int)len, why);
}

static void
put_cost(const struct painter *painter, const json_t *explanation)
{
	const json_int_t questions = fields_number(explanation, "questions");
	const json_int_t steps = fields_number(explanation, "steps");

	fprintf(painter->out,
	    "  %lld question%s in %lld step%s, %lld ms, may be kept %lld s\n",
	    questions, questions == 1 ? "" : "s", steps, steps == 1 ? "" : "s",
	    fields_number(explanation, "ms"),
	    fields_number(explanation, "ttl"));
}

/* Whether an exception for the domain would help.  It does not if this machine
 * can't resolve or can't validate. */
static bool
exception_helps(const char *reply, const char *why)
{
	return strcmp(reply, "TEMP") == 0 && reason_of_network(why) == NULL &&
	       strstr(why, "no trust path") == NULL;
}

static void
put_exceptions(const struct painter *painter, const json_t *explanation)
{
	const char *domain = fields_text(explanation, "domain");

	fprintf(painter->out,
	    "\nTo deliver all the same, before the fault is mended:\n"
	    "  a static policy in front of postdane, in a map of its own:\n"
	    "    %s  encrypt\n",
	    fields_text(explanation, "key"));
	if (domain[0] != '\0')
		fprintf(painter->out,
		    "  or, if its DNSSEC is known to be broken, in "
		    "postdane.conf:\n"
		    "    zone \"%s\" { insecure = yes }\n"
		    "Both give up",
		    domain);
	else
		fprintf(painter->out, "This gives up");
	fprintf(
	    painter->out, " the protection that DANE has for this domain.\n");
}

void
explain_text(const json_t *explanation, bool colour, FILE *out)
{
	const struct painter painter = { out, colour };
	const char *reply = fields_text(explanation, "reply");
	const char *rule = fields_text(explanation, "rule");
	const char *why = fields_text(explanation, "why");
	const json_t *host;
	size_t i;

	put_mark(&painter, 0, mark_of(reply));
	fprintf(out, "%s: %s\n", fields_text(explanation, "key"), reply);
	if (reason_of_network(why) != NULL)
		put_why(&painter, rule, why);
	put_note(&painter, 0, "", meaning(reply));
	put_note(&painter, 0, "rule: ", rule);
	if (reason_of_network(why) == NULL)
		put_why(&painter, rule, why);
	put_mx(&painter, json_object_get(explanation, "mx"));
	json_array_foreach (json_object_get(explanation, "hosts"), i, host)
		put_host(&painter, host);
	if (json_object_get(explanation, "questions") != NULL)
		put_cost(&painter, explanation);
	if (exception_helps(reply, why))
		put_exceptions(&painter, explanation);
}
