/* Questions at the DNS listener: whatever comes in, what goes out is a message
 * of the size that the client takes, with its question as it was. */

#include "wire/dns/dns_message.h"

#include "fuzz.h"

#define HEADER_LEN 12
#define FLAG_QR 0x80U
#define FLAG_AD 0x20U

static void
check_reply(
    const struct dns_request *request, const uint8_t *out, size_t len, bool tcp)
{
	PROMISE(len >= HEADER_LEN && len <= dns_message_limit(request, tcp));
	PROMISE(memcmp(out, request->id, 2) == 0);
	PROMISE((out[2] & FLAG_QR) != 0);
	/* Nothing was validated here. */
	PROMISE((out[3] & FLAG_AD) == 0);
	PROMISE(!dns_message_is_authentic(out));
	if (request->question_len > 0)
		PROMISE(len >= HEADER_LEN + request->question_len &&
			memcmp(out + HEADER_LEN, request->question,
			    request->question_len) == 0);
}

static void
answer(const struct dns_request *request, enum dns_action action, bool tcp)
{
	static uint8_t out[DNS_MESSAGE_MAX];
	const size_t size = dns_message_limit(request, tcp);
	size_t len;

	PROMISE(size >= 512 && size <= sizeof(out));
	len = dns_message_error(request,
	    action == DNS_ACTION_REFUSE ? request->rcode : DNS_RCODE_SERVFAIL,
	    DNS_ERROR_BOGUS, "a reason", out, size);
	check_reply(request, out, len, tcp);
	if (action == DNS_ACTION_ANY) {
		len = dns_message_any(request, out, size);
		check_reply(request, out, len, tcp);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *wire = fuzz_copy(data, size);
	char name[DOMAIN_TEXT_MAX] = "";
	struct dns_request request;
	enum dns_action action;

	memset(&request, 0, sizeof(request));
	action = dns_message_parse(wire, size, &request, name);
	free(wire);
	if (action == DNS_ACTION_DROP)
		return 0;
	PROMISE(size >= HEADER_LEN && (data[2] & FLAG_QR) == 0);
	PROMISE(request.question_len <= DNS_QUESTION_MAX);
	if (action == DNS_ACTION_LOOK_UP) {
		char again[DOMAIN_TEXT_MAX];

		PROMISE(domain_normalize(name, again) == 0);
		PROMISE(strcmp(name, again) == 0);
	}
	answer(&request, action, false);
	answer(&request, action, true);
	return 0;
}
