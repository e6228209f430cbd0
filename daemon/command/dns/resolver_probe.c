/* resolver_probe.c - tests a resolver with Postfix's queries. */

#include "command/dns/resolver_probe.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "command/dns/dns_probe.h"
#include "dns/answer.h"

#define ANSWER_MS 5000
#define EDNS_SIZE 1200 /* as glibc announces for Postfix */
#define BLANKS " \t\r"

/* ---- resolv.conf ---- */

static void
parse_line(char *line, struct resolv_conf *conf)
{
	char *save, *word = strtok_r(line, BLANKS, &save);
	const char *value;

	if (word == NULL)
		return;
	if (strcmp(word, "nameserver") == 0 &&
	    conf->server_count < RESOLV_CONF_SERVERS_MAX &&
	    (value = strtok_r(NULL, BLANKS, &save)) != NULL &&
	    strlen(value) < sizeof(conf->server[0]))
		memcpy(conf->server[conf->server_count++], value,
		    strlen(value) + 1);
	if (strcmp(word, "options") == 0)
		while ((value = strtok_r(NULL, BLANKS, &save)) != NULL)
			if (strcmp(value, "trust-ad") == 0)
				conf->trust_ad = true;
}

void
resolv_conf_parse(const char *text, struct resolv_conf *conf)
{
	char *copy = strdup(text), *save;

	memset(conf, 0, sizeof(*conf));
	if (copy == NULL)
		return;
	for (char *line = strtok_r(copy, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		parse_line(line, conf);
	free(copy);
}

/* ---- queries ---- */

struct asking {
	struct event_base *base;
	struct resolver_reply *reply;
};

static void
on_result(
    void *arg, const struct dns_probe_result *result, const ldns_pkt *packet)
{
	struct asking *asking = arg;

	(void)packet;
	*asking->reply = (struct resolver_reply){
		.answered = result->status == DNS_PROBE_ANSWERED,
		.rcode = result->rcode,
		.has_data = result->answers > 0,
		.ad = result->ad,
	};
	event_base_loopbreak(asking->base);
}

static void
ask(struct event_base *base, const struct endpoint *server,
    const struct dns_manner *manner, struct resolver_reply *reply)
{
	struct asking asking = { base, reply };

	if (dns_probe_start(base, server, ".", DNS_TYPE_SOA, manner, on_result,
		&asking) != NULL)
		event_base_dispatch(base);
}

void
resolver_probe(const struct endpoint *server, struct resolver_probe *probe)
{
	const struct dns_manner plain = { .recurse = true, .ms = ANSWER_MS };
	const struct dns_manner edns = { .recurse = true,
		.authentic_data = true,
		.edns = true,
		.dnssec = true,
		.size = EDNS_SIZE,
		.ms = ANSWER_MS };
	struct event_base *base = event_base_new();
	struct dns_manner tcp = edns;

	memset(probe, 0, sizeof(*probe));
	if (base == NULL)
		return;
	tcp.tcp = true;
	ask(base, server, &plain, &probe->plain);
	if (probe->plain.has_data)
		ask(base, server, &edns, &probe->edns);
	if (probe->edns.has_data)
		ask(base, server, &tcp, &probe->tcp);
	event_base_free(base);
}
