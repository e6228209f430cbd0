/* doctor_resolver.c - the resolvers of Postfix's processes, judged. */

#include "command/doctor_resolver.h"

#include <stdio.h>
#include <string.h>

#include "base/reason.h"
#include "command/doctor_judge.h"

/* ---- name servers ---- */

static const char a_good_nameserver[] =
    "nameserver ADDRESS of a resolver on this machine that validates";

static const char *
rcode_text(const struct resolver_reply *reply)
{
	static const char *const names[] = { "no record", "FORMERR", "SERVFAIL",
		"NXDOMAIN", "NOTIMP", "REFUSED" };

	if (!reply->answered)
		return "no answer";
	return reply->rcode < sizeof(names) / sizeof(names[0])
		   ? names[reply->rcode]
		   : "an error";
}

/* A resolver that fails because the daemon, or the network, is down. */
static bool
is_consequence(
    const struct doctor_facts *facts, const struct doctor_server *server)
{
	if (server->probe.plain.has_data)
		return false;
	if (facts->daemon_why != NULL)
		return server->is_loopback; /* it may be ours */
	return reason_of_network(facts->trust_why) != NULL ||
	       (server->is_ours && strcmp(facts->trust, "alive") != 0);
}

static void
judge_server(
    struct doctor_judge *judge, const struct doctor_view *view, size_t i)
{
	const struct doctor_server *server = &view->server[i];
	const struct resolver_probe *probe = &server->probe;
	const char *address = view->conf.server[i];
	json_t *finding = NULL;

	if (!server->understood || is_consequence(judge->facts, server))
		return;
	if (!probe->plain.has_data)
		finding = doctor_find(judge, DOCTOR_CRITICAL, "resolver-down",
		    "nameserver %s of %s does not resolve (%s for the root's "
		    "SOA): Postfix defers all mail before it asks for a "
		    "verdict",
		    address, view->path, rcode_text(&probe->plain));
	else if (!probe->edns.has_data)
		finding = doctor_find(judge, DOCTOR_CRITICAL, "resolver-edns",
		    "nameserver %s of %s fails as soon as it is asked with "
		    "EDNS (%s): Postfix, which always asks so, %s",
		    address, view->path, rcode_text(&probe->edns),
		    probe->edns.answered && probe->edns.rcode == 1
			? "returns all mail to its senders"
			: "defers all mail");
	else if (!probe->edns.ad)
		finding = doctor_find(judge, DOCTOR_CRITICAL,
		    "resolver-not-validating",
		    "nameserver %s of %s does not validate (no AD bit for the "
		    "root's SOA): " DOCTOR_MEANS_MAY ", silently",
		    address, view->path);
	else if (!probe->tcp.has_data)
		finding = doctor_find(judge, DOCTOR_WARNING, "resolver-tcp",
		    "nameserver %s of %s does not answer over TCP (%s): what "
		    "is too long for a datagram cannot be looked up",
		    address, view->path, rcode_text(&probe->tcp));
	if (finding != NULL)
		doctor_change(finding, view->path, "%s", a_good_nameserver);
	if (probe->edns.ad && !server->is_loopback)
		doctor_find(judge, DOCTOR_WARNING, "resolver-remote",
		    "nameserver %s of %s is on another machine: that an answer "
		    "was validated is believed from whoever is on the way",
		    address, view->path);
}

/* No nameserver is named; the only one is the default. */
static void
judge_default(struct doctor_judge *judge, const struct doctor_view *view)
{
	const struct resolver_probe *probe = &view->server[0].probe;
	const bool is_good =
	    probe->plain.has_data && probe->edns.has_data && probe->edns.ad;
	const struct doctor_view *outside = &judge->facts->outside;
	const bool forgotten = view != outside && !view->exists &&
			       outside->exists && !outside->is_default;
	json_t *finding;

	finding = doctor_find(judge, is_good ? DOCTOR_WARNING : DOCTOR_CRITICAL,
	    "resolver-default", "%s %s: Postfix asks 127.0.0.1, %s", view->path,
	    view->exists ? "names no nameserver" : "does not exist",
	    is_good                  ? "whatever answers there"
	    : !probe->plain.has_data ? "which does not resolve"
				     : "which does not validate");
	if (is_good)
		doctor_change(finding, view->path, "nameserver 127.0.0.1");
	else if (forgotten)
		doctor_change(finding, "shell", "cp %s %s && postfix reload",
		    outside->path, view->path);
	else
		doctor_change(finding, view->path, "%s", a_good_nameserver);
}

void
doctor_judge_view(struct doctor_judge *judge)
{
	const struct doctor_view *view = doctor_view_of(judge);
	json_t *finding;

	if (view->unreadable != NULL)
		doctor_find(judge, DOCTOR_WARNING, "resolver-unreadable",
		    "%s, as Postfix has it, can't be read (%s): which "
		    "nameservers it asks is not known",
		    view->path, view->unreadable);
	if (view->is_default)
		judge_default(judge, view);
	if (view->conf.server_count > 1) {
		finding = doctor_find(judge, DOCTOR_WARNING,
		    "second-nameserver",
		    "%s has %zu nameservers: where the first says SERVFAIL, "
		    "for a forged answer, say, Postfix asks the next and "
		    "believes that one",
		    view->path, view->conf.server_count);
		doctor_change(finding, view->path,
		    "nameserver %s (and no other)", view->conf.server[0]);
	}
	for (size_t i = 0; !view->is_default && i < view->conf.server_count;
	     i++)
		judge_server(judge, view, i);
	if (view->stale > 0) {
		finding = doctor_find(judge, DOCTOR_WARNING, "stale-resolver",
		    "%zu smtp processes run since before %s was changed, and "
		    "go on with what it said then",
		    view->stale, view->path);
		doctor_change(finding, "shell", "postfix reload");
	}
}

static bool
same_servers(const struct doctor_view *one, const struct doctor_view *other)
{
	if (one->conf.server_count != other->conf.server_count)
		return false;
	for (size_t i = 0; i < one->conf.server_count; i++)
		if (strcmp(one->conf.server[i], other->conf.server[i]) != 0)
			return false;
	return true;
}

/* A copy that was forgotten; not where Postfix was given postdane's resolver
 * on purpose. */
void
doctor_judge_copy(struct doctor_judge *judge)
{
	const struct doctor_view *inside = &judge->facts->inside;
	const struct doctor_view *outside = &judge->facts->outside;

	/* Whether it is postdane's, only the daemon could say. */
	if (judge->facts->daemon_why != NULL)
		return;
	if (!judge->service->config->chroot || inside->path == NULL ||
	    inside->is_default || doctor_view_is_shared(inside) ||
	    inside->unreadable != NULL || outside->unreadable != NULL ||
	    same_servers(inside, outside))
		return;
	doctor_change(
	    doctor_find(judge, DOCTOR_WARNING, "chroot-differs",
		"%s, which Postfix's chrooted processes read, names other "
		"nameservers (%s) than %s (%s)",
		inside->path, inside->conf.server[0], outside->path,
		outside->conf.server[0]),
	    "shell", "cp %s %s && postfix reload", outside->path, inside->path);
}

/* ---- names ---- */

static bool
is_used(const struct doctor_facts *facts)
{
	return (facts->outside.path != NULL &&
		   doctor_view_is_shared(&facts->outside)) ||
	       (facts->inside.path != NULL &&
		   doctor_view_is_shared(&facts->inside));
}

/* Only what a zone block would mend. */
static void
judge_name(struct doctor_judge *judge, const struct doctor_name *name)
{
	const struct name_difference *difference = &name->difference;
	const bool used = is_used(judge->facts);
	char words[DOCTOR_TEXT_MAX];
	json_t *finding = NULL;

	snprintf(words, sizeof(words),
	    "%s %s (%s): the system's resolver says \"%s\", postdane's \"%s\"",
	    difference->name, difference->type, name->from, difference->system,
	    difference->ours);
	if (difference->verdict == NAME_LOST ||
	    (difference->verdict == NAME_UNKNOWN && difference->any_answer))
		finding = doctor_find(judge,
		    used ? DOCTOR_CRITICAL : DOCTOR_WARNING, "name-lost",
		    "%s: %s", words,
		    used ? "Postfix, which asks postdane, does not find it"
			 : "neither a verdict nor, if Postfix asked postdane, "
			   "a delivery would find it");
	else if (difference->verdict == NAME_DIFFERS)
		finding = doctor_find(
		    judge, DOCTOR_WARNING, "name-differs", "%s", words);
	else if (difference->verdict == NAME_VARIES)
		finding = doctor_find(judge, DOCTOR_OK, "name-varies",
		    "%s: large services answer so, and then there is nothing "
		    "to mend",
		    words);
	if (finding != NULL && difference->remedy[0] != '\0')
		doctor_change(
		    finding, "postdane.conf", "%s", difference->remedy);
}

void
doctor_judge_names(struct doctor_judge *judge)
{
	const struct doctor_facts *facts = judge->facts;

	for (size_t i = 0; i < facts->name_count; i++)
		judge_name(judge, &facts->name[i]);
	if (facts->names_left > 0)
		doctor_change(
		    doctor_find(judge, DOCTOR_OK, "names-left",
			"there was no time to compare %zu of the names in "
			"Postfix's configuration",
			facts->names_left),
		    "shell", "postdane names --postfix");
}
