/* tls_policy.c - the vocabulary of Postfix's TLS policy tables. */

#include "policy/tls_policy.h"

const char *
tls_policy_text(enum tls_policy policy)
{
	static const char *const texts[] = {
		[TLS_POLICY_TEMP] = "TEMP",
		[TLS_POLICY_NOTFOUND] = "NOTFOUND",
		[TLS_POLICY_MAY] = "may",
		[TLS_POLICY_ENCRYPT] = "encrypt",
		[TLS_POLICY_DANE] = "dane",
		[TLS_POLICY_DANE_ONLY] = "dane-only",
		[TLS_POLICY_FINGERPRINT] = "fingerprint",
	};

	return texts[policy];
}
