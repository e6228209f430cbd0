/* sts_choice.c - which decides, DANE or MTA-STS. */

#include "sts/sts_choice.h"

#include "dane/evidence.h"

/* Hosts without an address do not count: Postfix can't deliver to them. */
struct tally {
	size_t usable, failed;
	size_t without; /* without TLSA, or without usable TLSA */
};

static struct tally
count_hosts(const struct dane_evidence *evidence)
{
	struct tally tally = { 0 };

	for (size_t i = 0; i < evidence->host_count; i++) {
		switch (evidence->host[i].status) {
		case DANE_HOST_FAILED:
			tally.failed++;
			break;
		case DANE_HOST_USABLE:
			tally.usable++;
			break;
		case DANE_HOST_UNUSABLE:
		case DANE_HOST_ABSENT:
		case DANE_HOST_INSECURE:
			tally.without++;
			break;
		case DANE_HOST_NO_ADDRESS:
			break;
		}
	}
	return tally;
}

/* The state with a secure MX. */
static enum sts_dane
state_of_hosts(const struct tally *tally, bool left_out)
{
	const bool unknown = tally->failed > 0 || left_out;

	if (tally->without > 0) {
		if (tally->usable == 0 && tally->failed == 0)
			return STS_DANE_NONE;
		return unknown ? STS_DANE_MIXED_FAILED : STS_DANE_MIXED;
	}
	if (tally->usable > 0)
		return unknown ? STS_DANE_INCOMPLETE : STS_DANE_COMPLETE;
	if (left_out)
		return STS_DANE_LEFT_OUT;
	return tally->failed > 0 ? STS_DANE_ALL_FAILED : STS_DANE_UNDELIVERABLE;
}

enum sts_dane
sts_dane_state(const struct dane_evidence *evidence)
{
	struct tally tally;

	if (evidence == NULL || evidence->mx == DANE_MX_FAILED)
		return STS_DANE_UNKNOWN;
	if (evidence->mx_security == DNS_INSECURE)
		return STS_DANE_INSECURE_MX;
	/* Data count only if their security status is known. */
	if (evidence->mx_security != DNS_SECURE ||
	    evidence->mx == DANE_MX_NO_DATA)
		return STS_DANE_UNKNOWN;
	if (evidence->mx == DANE_MX_NULL || evidence->mx == DANE_MX_NXDOMAIN)
		return STS_DANE_UNDELIVERABLE;
	tally = count_hosts(evidence);
	return state_of_hosts(&tally, evidence->truncated);
}

static bool
is_unknown(enum sts_dane dane)
{
	return dane == STS_DANE_INCOMPLETE || dane == STS_DANE_LEFT_OUT ||
	       dane == STS_DANE_MIXED_FAILED;
}

/* How to say "deliver only to what TLSA authenticates". */
static enum sts_choice
dane_only(enum sts_dane dane, enum sts_carry carry)
{
	switch (carry) {
	case STS_CARRY_NO:
		return STS_CHOICE_DANE_ONLY;
	case STS_CARRY_PINS:
		return STS_CHOICE_PINS;
	case STS_CARRY_ELSE_DANE_ONLY:
		return is_unknown(dane) ? STS_CHOICE_TEMP
					: STS_CHOICE_DANE_ONLY;
	case STS_CARRY_ELSE_ENCRYPT:
		return is_unknown(dane) ? STS_CHOICE_TEMP : STS_CHOICE_SECURE;
	}
	return STS_CHOICE_TEMP;
}

enum sts_choice
sts_choose(
    enum sts_dane dane, enum sts_mode known, const struct sts_options *options)
{
	if (known != STS_MODE_ENFORCE || !options->wanted)
		return STS_CHOICE_DANE;
	switch (dane) {
	case STS_DANE_UNKNOWN:
	case STS_DANE_ALL_FAILED:
		return STS_CHOICE_TEMP;
	case STS_DANE_INSECURE_MX:
	case STS_DANE_UNDELIVERABLE:
	case STS_DANE_NONE:
		return STS_CHOICE_SECURE;
	case STS_DANE_COMPLETE:
	case STS_DANE_INCOMPLETE:
	case STS_DANE_LEFT_OUT:
		return dane_only(dane, options->carry);
	case STS_DANE_MIXED:
	case STS_DANE_MIXED_FAILED:
		return options->mixed == STS_MIXED_SECURE
			   ? STS_CHOICE_SECURE
			   : dane_only(dane, options->carry);
	}
	return STS_CHOICE_TEMP;
}

const char *
sts_dane_text(enum sts_dane dane)
{
	static const char *const texts[] = {
		[STS_DANE_UNKNOWN] = "the MX lookup failed",
		[STS_DANE_INSECURE_MX] = "MX is proven insecure",
		[STS_DANE_UNDELIVERABLE] = "nothing to deliver to",
		[STS_DANE_COMPLETE] = "every host has usable TLSA",
		[STS_DANE_INCOMPLETE] =
		    "every host that could be looked at has usable TLSA",
		[STS_DANE_ALL_FAILED] = "all hosts failed",
		[STS_DANE_LEFT_OUT] =
		    "more MX hosts than are looked at, none of those known",
		[STS_DANE_MIXED] = "some hosts have usable TLSA",
		[STS_DANE_MIXED_FAILED] =
		    "some hosts have no usable TLSA, others are unknown",
		[STS_DANE_NONE] = "no host has usable TLSA",
	};

	return texts[dane];
}
