/* destination.c - the hosts for a next hop, from an explanation. */

#include "command/check/destination.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/domain.h"
#include "command/fields.h"

static bool
is_text(const json_t *object, const char *key, const char *text)
{
	return strcmp(fields_text(object, key), text) == 0;
}

/* ---- RDATA ---- */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Returns octets, to be freed by the caller, or NULL. */
static uint8_t *
from_hex(const char *hex, size_t *len)
{
	const size_t digits = strlen(hex);
	uint8_t *data = malloc(digits / 2 + 1);

	for (size_t i = 0; data != NULL && i + 1 < digits; i += 2) {
		const int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);

		if (high == -1 || low == -1) {
			free(data);
			return NULL;
		}
		data[i / 2] = (uint8_t)(high << 4 | low);
	}
	*len = digits / 2;
	return data;
}

/* ---- hosts ---- */

static int
add_addresses(
    struct destination_host *host, const json_t *records, unsigned port)
{
	const size_t most = host->address_count + json_array_size(records);
	struct endpoint *grown;
	const json_t *record;
	size_t i;

	if (json_array_size(records) == 0)
		return 0;
	grown = realloc(host->address, most * sizeof(*grown));
	if (grown == NULL)
		return -1;
	host->address = grown;
	json_array_foreach (records, i, record) {
		const char *hex = json_string_value(record);
		size_t len = 0;
		uint8_t *data = hex != NULL ? from_hex(hex, &len) : NULL;

		if (data != NULL && endpoint_from_octets(data, len, port,
					&host->address[host->address_count]))
			host->address_count++;
		free(data);
	}
	return 0;
}

static int
set_records(struct destination_host *host, const json_t *records)
{
	const json_t *record;
	size_t i;

	host->tlsa = calloc(json_array_size(records) + 1, sizeof(*host->tlsa));
	if (host->tlsa == NULL)
		return -1;
	json_array_foreach (records, i, record) {
		struct dns_rdata *rdata = &host->tlsa[host->tlsa_count];
		const char *hex = json_string_value(record);

		if (hex == NULL || host->tlsa_count == DESTINATION_RECORDS_MAX)
			break;
		if ((rdata->data = from_hex(hex, &rdata->len)) == NULL)
			return -1;
		host->tlsa_count++;
	}
	return 0;
}

static int
read_lookup(struct destination_host *host, const json_t *lookup, unsigned port)
{
	const json_t *records = json_object_get(lookup, "rdata");
	const bool known = !is_text(lookup, "status", "failed");

	if (is_text(lookup, "type", "A"))
		host->a_known = known;
	if (is_text(lookup, "type", "AAAA"))
		host->aaaa_known = known;
	if (json_array_size(records) == 0 ||
	    is_text(lookup, "security", "bogus"))
		return 0;
	if (is_text(lookup, "type", "A") || is_text(lookup, "type", "AAAA"))
		return add_addresses(host, records, port);
	if (is_text(lookup, "type", "TLSA") && host->tlsa == NULL &&
	    is_text(lookup, "security", "secure"))
		return set_records(host, records);
	return 0;
}

/* An MX record that names an address violates RFC 5321 section 5.1, but Postfix
 * delivers there. */
static int
add_numeric(struct destination_host *host, unsigned port)
{
	struct endpoint endpoint;

	if (host->address_count > 0 || domain_is_hostname(host->name) ||
	    endpoint_parse_address(host->name, port, &endpoint) != NULL)
		return 0;
	if ((host->address = malloc(sizeof(*host->address))) == NULL)
		return -1;
	host->a_known = host->aaaa_known = true;
	host->address[host->address_count++] = endpoint;
	return 0;
}

static int
read_host(struct destination_host *host, const json_t *object, unsigned port)
{
	const json_t *lookup;
	size_t i;

	host->name = fields_text(object, "name");
	host->status = fields_text(object, "status");
	host->why = fields_text(object, "why");
	host->base = json_string_value(json_object_get(object, "tlsa_base"));
	json_array_foreach (json_object_get(object, "lookups"), i, lookup) {
		if (read_lookup(host, lookup, port) == -1)
			return -1;
	}
	if (host->tlsa_count == 0)
		host->base = NULL;
	return add_numeric(host, port);
}

/* ---- the destination ---- */

static void
add_name(struct destination *destination, const char *name)
{
	if (name[0] != '\0' && destination->name_count < DESTINATION_NAMES_MAX)
		destination->name[destination->name_count++] = name;
}

/* With MX records, Postfix also accepts the next hop, and the target of its
 * alias, as names in a certificate.  Without them, it accepts only the host's
 * own names. */
static void
read_names(struct destination *destination, const json_t *mx)
{
	const json_t *lookup;
	size_t i;

	if (json_is_true(json_object_get(mx, "implicit")))
		return;
	json_array_foreach (json_object_get(mx, "lookups"), i, lookup) {
		if (!is_text(lookup, "type", "MX") ||
		    !is_text(lookup, "status", "ok"))
			continue;
		add_name(destination, fields_text(lookup, "rname"));
		add_name(destination, fields_text(lookup, "name"));
		return;
	}
}

static int
read_hosts(struct destination *destination, const json_t *hosts, unsigned port)
{
	const json_t *host;
	size_t i;

	destination->host =
	    calloc(json_array_size(hosts) + 1, sizeof(*destination->host));
	if (destination->host == NULL)
		return -1;
	json_array_foreach (hosts, i, host) {
		if (read_host(&destination->host[destination->host_count++],
			host, port) == -1)
			return -1;
	}
	return 0;
}

struct destination *
destination_new(const json_t *explanation)
{
	struct destination *destination = calloc(1, sizeof(*destination));
	const json_t *mx = json_object_get(explanation, "mx");
	const json_int_t port =
	    json_integer_value(json_object_get(explanation, "port"));

	if (destination == NULL)
		return NULL;
	destination->domain = fields_text(explanation, "domain");
	destination->reply = fields_text(explanation, "reply");
	destination->rule = fields_text(explanation, "rule");
	destination->why = fields_text(explanation, "why");
	destination->mx_status = fields_text(mx, "status");
	destination->mx_security = fields_text(mx, "security");
	read_names(destination, mx);
	if (read_hosts(destination, json_object_get(explanation, "hosts"),
		(unsigned)port) == -1) {
		destination_free(destination);
		return NULL;
	}
	return destination;
}

static void
host_clear(struct destination_host *host)
{
	for (size_t i = 0; i < host->tlsa_count; i++)
		free((void *)(uintptr_t)host->tlsa[i].data);
	free(host->tlsa);
	free(host->address);
}

void
destination_free(struct destination *destination)
{
	if (destination == NULL)
		return;
	for (size_t i = 0; i < destination->host_count; i++)
		host_clear(&destination->host[i]);
	free(destination->host);
	free(destination);
}
