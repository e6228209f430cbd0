/* carry.c - TLSA records carried in the policy itself. */

#include "policy/carry.h"

#include <stdio.h>
#include <string.h>

#include "base/domain.h"
#include "dane/evidence.h"
#include "dane/tlsa.h"

#define HEAD "fingerprint match="
/* At this level Postfix sends SNI only if told to. */
#define TAIL " servername=hostname"

/* The pins of all hosts, separated by '|'. */
struct pins {
	char *text;
	size_t len, count;
	bool full;
};

/* Hosts often share a certificate: add each pin once. */
static void
add_pin(struct pins *pins, const char pin[TLSA_PIN_MAX])
{
	const size_t len = strlen(pin);

	pins->count++;
	if (strstr(pins->text, pin) != NULL)
		return;
	if (pins->len + 1 + len + sizeof(TAIL) > CARRY_TEXT_MAX) {
		pins->full = true;
		return;
	}
	if (pins->text[pins->len - 1] != '=')
		pins->text[pins->len++] = '|';
	memcpy(pins->text + pins->len, pin, len + 1);
	pins->len += len;
}

/* The answer that made the host usable. */
static const struct dns_answer *
tlsa_answer(const struct dane_host *host)
{
	for (size_t i = host->lookup_count; i-- > 0;) {
		const struct dns_answer *answer = host->lookup[i].answer;

		if (answer->qtype == DNS_TYPE_TLSA &&
		    answer->status == DNS_OK && answer->security == DNS_SECURE)
			return answer;
	}
	return NULL;
}

static bool
add_host(struct pins *pins, const struct dane_host *host)
{
	const struct dns_answer *answer = tlsa_answer(host);
	const size_t before = pins->count;
	char pin[TLSA_PIN_MAX];

	if (answer == NULL || host->tlsa_base == NULL ||
	    !domain_equal(host->tlsa_base, host->name))
		return false;
	for (size_t i = 0; i < answer->rdata_count; i++) {
		switch (tlsa_pin(
		    answer->rdata[i].data, answer->rdata[i].len, pin)) {
		case TLSA_PIN_IMPOSSIBLE:
			return false;
		case TLSA_PIN_USELESS:
			break;
		case TLSA_PIN_MADE:
			add_pin(pins, pin);
			break;
		}
	}
	return pins->count > before;
}

bool
carry_text(const struct dane_evidence *evidence, char text[CARRY_TEXT_MAX])
{
	struct pins pins = { .text = text };

	pins.len = (size_t)snprintf(text, CARRY_TEXT_MAX, "%s", HEAD);
	if (evidence->mx != DANE_MX_HOSTS ||
	    evidence->mx_security != DNS_SECURE || evidence->truncated)
		return false;
	for (size_t i = 0; i < evidence->host_count; i++) {
		const struct dane_host *host = &evidence->host[i];

		if (host->status == DANE_HOST_NO_ADDRESS)
			continue;
		if (host->status != DANE_HOST_USABLE || !add_host(&pins, host))
			return false;
	}
	if (pins.count == 0 || pins.full)
		return false;
	memcpy(text + pins.len, TAIL, sizeof(TAIL));
	return true;
}

/* Returns what follows one pin, or NULL. */
static const char *
skip_pin(const char *text)
{
	const size_t len = strspn(text, "0123456789abcdef");

	return len == TLSA_PIN_MAX - 1 ? text + len : NULL;
}

bool
carry_is_text(const char *text)
{
	const size_t head = strlen(HEAD);

	if (strncmp(text, HEAD, head) != 0)
		return false;
	text = skip_pin(text + head);
	while (text != NULL && *text == '|')
		text = skip_pin(text + 1);
	return text != NULL && strcmp(text, TAIL) == 0;
}
