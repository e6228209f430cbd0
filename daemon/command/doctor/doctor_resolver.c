/* doctor_resolver.c - judges the resolvers of Postfix's processes. */

#include "command/doctor/doctor_resolver.h"

#include <stdio.h>
#include <string.h>

#include "base/reason.h"
#include "command/doctor/doctor_judge.h"
#include "command/doctor/doctor_maps.h"

/* ---- name servers ---- */

#define LISTENER "127.0.0.25" /* suggested for postdane's own resolver */

/* A server that none of the rules below objects to. */
static bool
is_good(const struct doctor_server *server)
{
	const struct resolver_probe *probe = &server->probe;

	return server->understood && server->is_loopback &&
	       probe->plain.has_data && probe->edns.has_data &&
	       probe->edns.ad && probe->tcp.has_data;
}

/* The first good server, or NULL. */
static const char *
good_server(const struct doctor_view *view)
{
	for (size_t i = 0; i < view->conf.server_count; i++)
		if (is_good(&view->server[i]))
			return view->conf.server[i];
	return NULL;
}

/* Exactly one server, and that is good. */
static bool
is_good_view(const struct doctor_view *view)
{
	return view->path != NULL && view->conf.server_count == 1 &&
	       !view->is_default && is_good(&view->server[0]);
}

/* Postdane's own resolver, if it is available or needed; else NULL. */
static const char *
own_resolver(const struct doctor_facts *facts)
{
	if (facts->dns_listen != NULL)
		return facts->dns_listen;
	for (size_t i = 0; i < facts->service_count; i++)
		if (doctor_wants_dane_only(&facts->service[i]))
			return LISTENER;
	return NULL;
}

/* Proposes a change of a resolv.conf.  It depends only on the facts, not on the
 * finding: all findings about one file propose the same. */
static void
change_view(const struct doctor_judge *judge, json_t *finding,
    const struct doctor_view *view)
{
	const struct doctor_facts *facts = judge->facts;
	const struct doctor_view *outside = &facts->outside;
	const char *server = own_resolver(facts);
	const char *alone =
	    view->conf.server_count > 1 ? " (and no other)" : "";

	if (server == NULL)
		server = good_server(view);
	if (server == NULL && view == &facts->inside && is_good_view(outside))
		doctor_change(finding, "shell", "cp %s %s && postfix reload",
		    outside->path, view->path);
	else if (server == NULL && view == outside &&
		 is_good_view(&facts->inside))
		doctor_change(finding, view->path, "nameserver %s%s",
		    facts->inside.conf.server[0], alone);
	else if (server == NULL)
		doctor_change(finding, view->path,
		    "nameserver ADDRESS of a resolver on this machine that "
		    "validates%s",
		    alone);
	else
		doctor_change(
		    finding, view->path, "nameserver %s%s", server, alone);
}

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

/* A failure that results from a daemon or network that is down. */
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
		finding = doctor_find(judge, REPORT_CRITICAL, "resolver-down",
		    "nameserver %s of %s does not resolve (%s for the root's "
		    "SOA): Postfix defers all mail before it asks for a "
		    "verdict",
		    address, view->path, rcode_text(&probe->plain));
	else if (!probe->edns.has_data)
		finding = doctor_find(judge, REPORT_CRITICAL, "resolver-edns",
		    "nameserver %s of %s fails as soon as it is asked with "
		    "EDNS (%s): Postfix, which always asks so, %s",
		    address, view->path, rcode_text(&probe->edns),
		    probe->edns.answered && probe->edns.rcode == 1
			? "returns all mail to its senders"
			: "defers all mail");
	else if (!probe->edns.ad)
		finding = doctor_find(judge, REPORT_CRITICAL,
		    "resolver-not-validating",
		    "nameserver %s of %s does not validate (no AD bit for the "
		    "root's SOA): " DOCTOR_MEANS_MAY ", silently",
		    address, view->path);
	else if (!probe->tcp.has_data)
		finding = doctor_find(judge, REPORT_WARNING, "resolver-tcp",
		    "nameserver %s of %s does not answer over TCP (%s): what "
		    "is too long for a datagram cannot be looked up",
		    address, view->path, rcode_text(&probe->tcp));
	if (finding != NULL)
		change_view(judge, finding, view);
	if (probe->edns.ad && !server->is_loopback)
		change_view(judge,
		    doctor_find(judge, REPORT_WARNING, "resolver-remote",
			"nameserver %s of %s is on another machine: that an "
			"answer was validated is believed from whoever is on "
			"the way",
			address, view->path),
		    view);
}

/* The file names no server, so that the default is used. */
static void
judge_default(struct doctor_judge *judge, const struct doctor_view *view)
{
	const struct resolver_probe *probe = &view->server[0].probe;
	const bool is_good =
	    probe->plain.has_data && probe->edns.has_data && probe->edns.ad;

	change_view(judge,
	    doctor_find(judge, is_good ? REPORT_WARNING : REPORT_CRITICAL,
		"resolver-default", "%s %s: Postfix asks 127.0.0.1, %s",
		view->path,
		view->exists ? "names no nameserver" : "does not exist",
		is_good                  ? "whatever answers there"
		: !probe->plain.has_data ? "which does not resolve"
					 : "which does not validate"),
	    view);
}

void
doctor_judge_view(struct doctor_judge *judge)
{
	const struct doctor_view *view = doctor_view_of(judge);
	json_t *finding;

	if (view->unreadable != NULL) {
		finding =
		    doctor_find(judge, REPORT_UNKNOWN, "resolver-unreadable",
			"%s, as Postfix has it, can't be read (%s): which "
			"nameservers it asks is not known",
			view->path, view->unreadable);
		if (!judge->facts->is_root)
			doctor_change(finding, "shell", DOCTOR_AS_ROOT);
	}
	if (view->is_default)
		judge_default(judge, view);
	if (view->conf.server_count > 1) {
		finding = doctor_find(judge, REPORT_WARNING,
		    "second-nameserver",
		    "%s has %zu nameservers: where the first says SERVFAIL, "
		    "for a forged answer, say, Postfix asks the next and "
		    "believes that one",
		    view->path, view->conf.server_count);
		change_view(judge, finding, view);
	}
	for (size_t i = 0; !view->is_default && i < view->conf.server_count;
	     i++)
		judge_server(judge, view, i);
	if (view->stale > 0) {
		finding = doctor_find(judge, REPORT_WARNING, "stale-resolver",
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

/* Reports an outdated copy, unless Postfix was given postdane's resolver on
 * purpose. */
void
doctor_judge_copy(struct doctor_judge *judge)
{
	const struct doctor_view *inside = &judge->facts->inside;
	const struct doctor_view *outside = &judge->facts->outside;
	json_t *finding;

	/* Only the daemon knows whether the copy names its own listener. */
	if (judge->facts->daemon_why != NULL)
		return;
	if (!judge->service->config->chroot || inside->path == NULL ||
	    inside->is_default || doctor_view_is_shared(inside) ||
	    inside->unreadable != NULL || outside->unreadable != NULL ||
	    same_servers(inside, outside))
		return;
	finding = doctor_find(judge, REPORT_WARNING, "chroot-differs",
	    "%s, which Postfix's chrooted processes read, names other "
	    "nameservers (%s) than %s (%s)",
	    inside->path, inside->conf.server[0], outside->path,
	    outside->conf.server[0]);
	/* Postfix's next start replaces the copy with the outside file, which
	 * must not make it worse. */
	change_view(judge, finding,
	    is_good_view(inside) && !is_good_view(outside) ? outside : inside);
}

void
doctor_judge_sharing(struct doctor_judge *judge)
{
	const struct doctor_facts *facts = judge->facts;
	const struct doctor_view *view = doctor_view_of(judge);
	json_t *finding = NULL;

	if (view->path == NULL || view->unreadable != NULL ||
	    doctor_view_is_shared(view))
		return;
	if (doctor_wants_dane_only(judge->service))
		finding = doctor_find(judge, REPORT_WARNING,
		    "dane-only-resolver",
		    "some mail is sent with dane-only (smtp_tls_security_level "
		    "= %s, postdane's dane-only = %s), but Postfix looks up "
		    "with a resolver of its own (%s): whatever that one cannot "
		    "resolve or validate, is deferred",
		    judge->service->config->value[POSTFIX_SECURITY_LEVEL],
		    doctor_our_map(judge->service)->dane_only,
		    view->conf.server[0]);
	else if (facts->dns_listen != NULL)
		finding = doctor_find(judge, REPORT_WARNING,
		    "resolver-not-shared",
		    "postdane offers a resolver at %s, but Postfix's processes "
		    "ask %s",
		    facts->dns_listen, view->conf.server[0]);
	if (finding == NULL)
		return;
	if (facts->dns_listen == NULL)
		doctor_change(finding, "postdane.conf",
		    "dns-listen = { \"" LISTENER ":53\" }");
	change_view(judge, finding, view);
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

/* Reports only differences that a zone block would remove. */
static void
judge_name(struct doctor_judge *judge, const struct doctor_name *name)
{
	const struct name_difference *difference = &name->difference;
	const bool used = is_used(judge->facts);
	char words[REPORT_TEXT_MAX];
	json_t *finding = NULL;

	snprintf(words, sizeof(words),
	    "%s %s (%s): the system's resolver says \"%s\", postdane's \"%s\"",
	    difference->name, difference->type, name->from, difference->system,
	    difference->ours);
	if (difference->verdict == NAME_LOST ||
	    (difference->verdict == NAME_UNKNOWN && difference->any_answer))
		finding = doctor_find(judge,
		    used ? REPORT_CRITICAL : REPORT_WARNING, "name-lost",
		    "%s: %s", words,
		    used ? "Postfix, which asks postdane, does not find it"
			 : "neither a verdict nor, if Postfix asked postdane, "
			   "a delivery would find it");
	else if (difference->verdict == NAME_DIFFERS)
		finding = doctor_find(
		    judge, REPORT_WARNING, "name-differs", "%s", words);
	else if (difference->verdict == NAME_VARIES)
		finding = doctor_find(judge, REPORT_NOTE, "name-varies",
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
		    doctor_find(judge, REPORT_NOTE, "names-left",
			"there was no time to compare %zu of the names in "
			"Postfix's configuration",
			facts->names_left),
		    "shell", "postdane names --postfix");
}
