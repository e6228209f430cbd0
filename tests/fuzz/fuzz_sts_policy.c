/*
 * Policy files of MTA-STS; and what becomes of them in an answer, as Postfix
 * takes it apart.
 */

#include "sts/sts_policy.h"

#include "../unit/policy_reader.h"
#include "base/domain.h"
#include "base/utf8.h"
#include "fuzz.h"
#include "sts/sts_reply.h"

#define TCP_TABLE_ROOM 4088
#define LITTLE_ROOM 900
#define DOMAIN "example.org"

static const char *const hosts[] = { "mx.example.org", "a.b.example.org",
	"a.example.net" };

/* The same policy, written as the RFC has it, is the same policy. */
static void
check_again(const struct sts_policy *policy)
{
	const size_t room = 100 + policy->mx_count * 264;
	char *file = malloc(room);
	struct sts_policy *again;
	struct sts_notes notes;
	size_t len;

	PROMISE(file != NULL);
	len = (size_t)snprintf(file, room,
	    "version: STSv1\nmode: %s\nmax_age: %u\n",
	    sts_mode_text(policy->mode), policy->max_age);
	for (size_t i = 0; i < policy->mx_count; i++)
		len += (size_t)snprintf(
		    file + len, room - len, "mx: %s\n", policy->mx[i]);
	if (len <= STS_POLICY_MAX) {
		PROMISE(sts_policy_parse(file, len, &again, &notes) ==
			STS_POLICY_VALID);
		PROMISE(again->mode == policy->mode);
		PROMISE(again->max_age == policy->max_age);
		PROMISE(again->mx_count == policy->mx_count);
		for (size_t i = 0; i < policy->mx_count; i++)
			PROMISE(strcmp(again->mx[i], policy->mx[i]) == 0);
		for (int i = 0; i < STS_NOTES; i++)
			PROMISE(notes.of[i].times == 0 ||
				i == STS_NOTE_MX_UNDERSCORE);
		sts_policy_free(again);
	}
	free(file);
}

static void
check_policy(const struct sts_policy *policy, size_t size)
{
	PROMISE(policy->mode != STS_MODE_UNKNOWN);
	PROMISE(policy->max_age <= STS_POLICY_MAX_AGE);
	PROMISE(policy->mx_count > 0 || policy->mode == STS_MODE_NONE);
	PROMISE(policy->mx_count <= size);
	for (size_t i = 0; i < policy->mx_count; i++) {
		const char *name = policy->mx[i];

		PROMISE(domain_is_hostname(name[0] == '*' ? name + 2 : name));
		/* They stand in the order of the file. */
		PROMISE(i == 0 || policy->mx[i - 1] < name);
	}
}

/* ---- the answer ---- */

static size_t
names_in_match(const char *value)
{
	size_t count = 0;

	for (;;) {
		const size_t len = strcspn(value, ":");
		char name[300];

		PROMISE(len > 0 && len < sizeof(name));
		memcpy(name, value, len);
		name[len] = '\0';
		PROMISE(domain_is_hostname(name[0] == '.' ? name + 1 : name));
		PROMISE(strcmp(name, "hostname") != 0);
		PROMISE(strcmp(name, "nexthop") != 0);
		PROMISE(strcmp(name, "dot-nexthop") != 0);
		count++;
		if (value[len] == '\0')
			return count;
		value += len + 1;
	}
}

/* Nothing of the file has become an attribute or ended one. */
static void
check_text(char *text, bool attributes)
{
	size_t match = 0, strings = 0, patterns = 0, single = 0;
	char *word = policy_word(&text), *name, *value;

	PROMISE(word != NULL && strcmp(word, "secure") == 0);
	while ((word = policy_word(&text)) != NULL) {
		PROMISE((value = policy_pair(word, &name)) != NULL);
		if (strcmp(name, "match") == 0) {
			PROMISE(match == 0);
			match = names_in_match(value);
		} else if (strcmp(name, "servername") == 0) {
			PROMISE(strcmp(value, "hostname") == 0);
			single++;
		} else if (strcmp(name, "policy_type") == 0) {
			PROMISE(attributes && strcmp(value, "sts") == 0);
			single++;
		} else if (strcmp(name, "policy_domain") == 0) {
			PROMISE(attributes && strcmp(value, DOMAIN) == 0);
			single++;
		} else if (strcmp(name, "policy_string") == 0) {
			PROMISE(utf8_is_text(value, strlen(value)));
			PROMISE(*value != '\0');
			strings++;
		} else {
			PROMISE(strcmp(name, "mx_host_pattern") == 0);
			patterns++;
		}
	}
	PROMISE(match > 0);
	PROMISE(single == (attributes ? 3 : 1));
	PROMISE((strings > 0) == attributes);
	PROMISE(patterns == (attributes ? match : 0));
}

static void
check_reply(const struct sts_policy *policy, bool attributes, bool quoted)
{
	struct sts_reply reply = { .policy = policy,
		.domain = DOMAIN,
		.attributes = attributes,
		.host = hosts,
		.host_count = sizeof(hosts) / sizeof(hosts[0]),
		.room = quoted ? TCP_TABLE_ROOM : LITTLE_ROOM,
		.quoted = quoted };
	char *text = fuzz_place(NULL, reply.room + 1);
	enum sts_reply_form form;

	form = sts_reply_write(&reply, text);
	PROMISE((form == STS_REPLY_NONE) == (text[0] == '\0'));
	PROMISE(policy->mode == STS_MODE_ENFORCE || form == STS_REPLY_NONE);
	PROMISE(utf8_is_text(text, strlen(text)));
	if (form != STS_REPLY_NONE)
		check_text(text, attributes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *file = fuzz_copy(data, size);
	struct sts_policy *policy;
	struct sts_notes notes;

	if (sts_policy_parse(file, size, &policy, &notes) == STS_POLICY_VALID) {
		check_policy(policy, size);
		PROMISE(policy->len == size);
		PROMISE(memcmp(policy->file, data, size) == 0);
		check_again(policy);
		/* One of four answers: each takes as long as the file. */
		check_reply(policy, (size & 1) != 0, (size & 2) != 0);
	} else {
		PROMISE(policy == NULL);
	}
	sts_policy_free(policy);
	free(file);
	return 0;
}
