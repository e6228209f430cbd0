/* mx.c - MX records. */

#include "dane/mx.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/domain.h"
#include "dns/wire.h"

#define PREFERENCE_LEN 2

/* Postfix accepts "192.0.2.1" as an MX name, although it is not a host name. */
static bool
is_address(const char *name)
{
	struct in_addr address;

	return inet_pton(AF_INET, name, &address) == 1;
}

/* Returns 0 and the record's fields, or -1 if Postfix would ignore the
 * record. */
static int
read_record(const struct dns_rdata *rdata, uint16_t *preference,
    char name[DOMAIN_TEXT_MAX])
{
	if (rdata->len <= PREFERENCE_LEN ||
	    domain_from_wire(rdata->data + PREFERENCE_LEN,
		rdata->len - PREFERENCE_LEN, name) == 0)
		return -1;
	*preference = wire_get16(rdata->data);
	return 0;
}

static int
add_host(struct mx_set *set, const char *name, uint16_t preference)
{
	struct mx_host *host = &set->host[set->count];

	host->preference = preference;
	host->is_address = is_address(name);
	if ((host->name = strdup(name)) == NULL)
		return -1;
	set->count++;
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct mx_host *left = a, *right = b;

	if (left->preference != right->preference)
		return left->preference < right->preference ? -1 : 1;
	return strcmp(left->name, right->name);
}

static int
compare_names(const void *a, const void *b)
{
	const struct mx_host *left = a, *right = b;
	const int names = strcmp(left->name, right->name);

	return names != 0 ? names : compare(a, b);
}

/* Keep each name once, with its best preference.  There may be thousands of
 * records, so each is compared only with its neighbour. */
static void
drop_repeated(struct mx_set *set)
{
	size_t kept = 0;

	if (set->count == 0)
		return;
	qsort(set->host, set->count, sizeof(*set->host), compare_names);
	for (size_t i = 1; i < set->count; i++) {
		struct mx_host *last = &set->host[kept];

		if (strcmp(set->host[i].name, last->name) == 0)
			free(set->host[i].name);
		else
			set->host[++kept] = set->host[i];
	}
	set->count = kept + 1;
}

static void
truncate_set(struct mx_set *set)
{
	while (set->count > MX_HOSTS_MAX) {
		free(set->host[--set->count].name);
		set->truncated = true;
	}
}

int
mx_set_parse(const struct dns_rdata *rdata, size_t count, struct mx_set *set)
{
	char name[DOMAIN_TEXT_MAX];
	uint16_t preference;

	memset(set, 0, sizeof(*set));
	if (count == 0)
		return 0;
	if ((set->host = calloc(count, sizeof(*set->host))) == NULL)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (read_record(&rdata[i], &preference, name) == -1)
			continue;
		if (strcmp(name, ".") == 0) {
			set->null_mx = count == 1;
			continue;
		}
		if (!domain_is_hostname(name) && !is_address(name))
			continue;
		if (add_host(set, name, preference) == -1) {
			mx_set_clear(set);
			return -1;
		}
	}
	drop_repeated(set);
	if (set->count > 1)
		qsort(set->host, set->count, sizeof(*set->host), compare);
	truncate_set(set);
	return 0;
}

void
mx_set_clear(struct mx_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->host[i].name);
	free(set->host);
	memset(set, 0, sizeof(*set));
}
