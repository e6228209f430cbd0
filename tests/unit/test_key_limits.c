/* Which RSA keys libunbound may check signatures of. */

#include "dns/key_limits.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unbound.h>

#include "test_main.h"

/* As Nettle and GMP have them. */
struct integer {
	int allocated, size;
	unsigned long *limbs;
};

struct rsa_key {
	size_t octets;
	struct integer modulus, exponent;
};

int nettle_rsa_sha256_verify_digest(const struct rsa_key *key,
    const uint8_t *digest, const struct integer *signature);

#define LIMBS_MAX 80
#define MERSENNE_BITS 2203 /* 2 to the power of that, less 1, is prime */
#define LIMB_BITS (8 * (int)sizeof(unsigned long))

/* The octets of a number, the highest first. */
static void
set_octets(unsigned long *limbs, const uint8_t *octets, size_t count)
{
	memset(limbs, 0, LIMBS_MAX * sizeof(*limbs));
	for (size_t i = 0; i < count; i++)
		limbs[i / sizeof(*limbs)] |=
		    (unsigned long)octets[count - 1 - i]
		    << 8 * (i % sizeof(*limbs));
}

/* All ones.  Returns how many limbs it has. */
static int
set_ones(unsigned long *limbs, int bits)
{
	const int count = (bits + LIMB_BITS - 1) / LIMB_BITS;

	memset(limbs, 0xff, (size_t)count * sizeof(*limbs));
	limbs[count - 1] >>= count * LIMB_BITS - bits;
	return count;
}

/*
 * What is signed, padded (RFC 8017 section 9.2), is its own signature: to the
 * power of 1; and to the power of the modulus, where that is a prime.
 */
static int
check_signature(int modulus_bits, bool is_long_exponent)
{
	static const uint8_t head[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09,
		0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
		0x00, 0x04, 0x20 };
	static const uint8_t digest[32] = { 1, 2, 3 };
	unsigned long n[LIMBS_MAX], s[LIMBS_MAX], one = 1;
	uint8_t padded[LIMBS_MAX * sizeof(unsigned long)];
	const size_t octets = ((size_t)modulus_bits + 7) / 8;
	const int limbs = set_ones(n, modulus_bits);
	struct rsa_key key = { octets, { limbs, limbs, n }, { 1, 1, &one } };
	struct integer signature = { limbs, limbs, s };

	if (is_long_exponent)
		key.exponent = key.modulus;
	memset(padded, 0xff, octets);
	padded[0] = 0;
	padded[1] = 1;
	padded[octets - sizeof(digest) - sizeof(head) - 1] = 0;
	memcpy(padded + octets - sizeof(digest) - sizeof(head), head,
	    sizeof(head));
	memcpy(padded + octets - sizeof(digest), digest, sizeof(digest));
	set_octets(s, padded, octets);
	while (s[signature.size - 1] == 0)
		signature.size--;
	return nettle_rsa_sha256_verify_digest(&key, digest, &signature);
}

/* Debian 12's libunbound brings Nettle, Debian 13's OpenSSL. */
static bool
has_nettle(void)
{
	void *library = dlopen("libhogweed.so.6", RTLD_LAZY | RTLD_NOLOAD);

	if (library != NULL)
		dlclose(library);
	return library != NULL;
}

START_TEST(libunbound_asks_us_where_it_has_nettle)
{
	struct ub_ctx *ub = ub_ctx_create();

	ck_assert_ptr_nonnull(ub);
	ub_ctx_delete(ub);
	ck_assert(key_limits_hold() == has_nettle());
}
END_TEST

/* Without Nettle nobody is there to check them, and nobody asks. */
START_TEST(keys_up_to_the_limit_are_used)
{
	const int valid = has_nettle();

	ck_assert_int_eq(check_signature(2048, false), valid);
	ck_assert_int_eq(check_signature(KEY_MODULUS_BITS_MAX, false), valid);
}
END_TEST

START_TEST(long_moduli_are_not)
{
	ck_assert_int_eq(
	    check_signature(KEY_MODULUS_BITS_MAX + LIMB_BITS, false), 0);
}
END_TEST

START_TEST(long_exponents_are_not)
{
	ck_assert_int_eq(check_signature(MERSENNE_BITS, true), 0);
}
END_TEST

TEST_MAIN("key_limits")
{
	TCase *tc = add_case(suite, "key_limits");

	tcase_add_test(tc, libunbound_asks_us_where_it_has_nettle);
	tcase_add_test(tc, keys_up_to_the_limit_are_used);
	tcase_add_test(tc, long_moduli_are_not);
	tcase_add_test(tc, long_exponents_are_not);
}
