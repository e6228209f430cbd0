/* RDATA of TLSA records, judged by OpenSSL. */

#include "dane/tlsa.h"

#include "dns/budget.h"

#include "rdata_input.h"

static void
check_one(struct tlsa_checker *checker, const struct dns_rdata *rdata)
{
	char text[TLSA_TEXT_MAX];
	struct tlsa_rr rr;

	PROMISE(tlsa_text(rdata->data, rdata->len, text) == text);
	PROMISE(strlen(text) < sizeof(text));
	if (tlsa_parse(rdata->data, rdata->len, &rr) == -1)
		return;
	PROMISE(rr.data_len > 0 && rr.data_len < rdata->len);
	if (tlsa_check(checker, &rr) == TLSA_USABLE)
		PROMISE(rr.usage == TLSA_DANE_TA || rr.usage == TLSA_DANE_EE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tlsa_checker *checker;
	struct tlsa_summary summary;
	struct rdata_input input;
	struct budget budget;

	if (checker == NULL)
		PROMISE((checker = tlsa_checker_new()) != NULL);
	rdata_read(&input, data, size);
	for (size_t i = 0; i < input.count; i++)
		check_one(checker, &input.rdata[i]);
	budget_init(&budget);
	summary = tlsa_judge(checker, input.rdata, input.count, &budget);
	PROMISE(summary.total == input.count);
	PROMISE(summary.usable + summary.left_out <= summary.total);
	PROMISE(!summary.error || summary.usable == 0);
	rdata_clear(&input);
	return 0;
}
