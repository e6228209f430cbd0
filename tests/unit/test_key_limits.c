/* Which signatures libunbound may check, and how many that are none. */

#include "dns/key_limits.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unbound.h>

#include "base/loop_time.h"

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

struct ecc_point {
	const void *curve;
	unsigned long *limbs;
};

struct dsa_signature {
	struct integer r, s;
};

int nettle_rsa_sha1_verify_digest(const struct rsa_key *key,
    const uint8_t *digest, const struct integer *signature);
int nettle_rsa_sha256_verify_digest(const struct rsa_key *key,
    const uint8_t *digest, const struct integer *signature);
int nettle_rsa_sha512_verify_digest(const struct rsa_key *key,
    const uint8_t *digest, const struct integer *signature);
int nettle_ecdsa_verify(const struct ecc_point *key, size_t len,
    const uint8_t *digest, const struct dsa_signature *signature);
int nettle_ed25519_sha512_verify(const uint8_t *key, size_t len,
    const uint8_t *message, const uint8_t *signature);

/* ---- the loop, and the processor's time ---- */

static uint64_t turn, now, step;

uint64_t
loop_time_turn(void)
{
	return turn;
}

/* Each call of it takes a step. */
uint64_t
loop_time_now(void)
{
	return now += step;
}

/* ---- signatures ---- */

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
check_signature_as(int modulus_bits, bool is_long_exponent, bool is_true)
{
	static const uint8_t head[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09,
		0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
		0x00, 0x04, 0x20 };
	static const uint8_t digest[32] = { 1, 2, 3 }, other[32] = { 1, 2, 4 };
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
	return nettle_rsa_sha256_verify_digest(
	    &key, is_true ? digest : other, &signature);
}

static int
check_signature(int modulus_bits, bool is_long_exponent)
{
	return check_signature_as(modulus_bits, is_long_exponent, true);
}

static int
check_rsa(bool is_true)
{
	return check_signature_as(2048, false, is_true);
}

/* Of RFC 8032 section 7.1, the first. */
static int
check_ed25519(bool is_true)
{
	static const uint8_t key[] = { 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a,
		0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e,
		0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a,
		0x68, 0xf7, 0x07, 0x51, 0x1a };
	static const uint8_t signature[] = { 0xe5, 0x56, 0x43, 0x00, 0xc3, 0x60,
		0xac, 0x72, 0x90, 0x86, 0xe2, 0xcc, 0x80, 0x6e, 0x82, 0x8a,
		0x84, 0x87, 0x7f, 0x1e, 0xb8, 0xe5, 0xd9, 0x74, 0xd8, 0x73,
		0xe0, 0x65, 0x22, 0x49, 0x01, 0x55, 0x5f, 0xb8, 0x82, 0x15,
		0x90, 0xa3, 0x3b, 0xac, 0xc6, 0x1e, 0x39, 0x70, 0x1c, 0xf9,
		0xb4, 0x6b, 0xd2, 0x5b, 0xf5, 0xf0, 0x59, 0x5b, 0xbe, 0x24,
		0x65, 0x51, 0x41, 0x43, 0x8e, 0x7a, 0x10, 0x0b };

	return nettle_ed25519_sha512_verify(
	    key, is_true ? 0 : 1, (const uint8_t *)"", signature);
}

/* A number of 32 octets. */
static struct integer
number(unsigned long limbs[LIMBS_MAX], const uint8_t octets[32])
{
	const int size = 32 / (int)sizeof(*limbs);

	set_octets(limbs, octets, 32);
	return (struct integer){ size, size, limbs };
}

/* Of RFC 6979 section A.2.5, with P-256 and SHA-256. */
static int
check_ecdsa(bool is_true)
{
	static const uint8_t octets[4][32] = {
		{ 0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61,
		    0xeb, 0x74, 0xc6, 0x35, 0x6d, 0x68, 0xc0, 0x49, 0xb8, 0x92,
		    0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2,
		    0x9f, 0xb6 },
		{ 0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc, 0x99, 0xa4, 0x1a,
		    0xe9, 0xe9, 0x56, 0x28, 0xbc, 0x64, 0xf2, 0xf1, 0xb2, 0x0c,
		    0x2d, 0x7e, 0x9f, 0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46,
		    0x22, 0x99 },
		{ 0xef, 0xd4, 0x8b, 0x2a, 0xac, 0xb6, 0xa8, 0xfd, 0x11, 0x40,
		    0xdd, 0x9c, 0xd4, 0x5e, 0x81, 0xd6, 0x9d, 0x2c, 0x87, 0x7b,
		    0x56, 0xaa, 0xf9, 0x91, 0xc3, 0x4d, 0x0e, 0xa8, 0x4e, 0xaf,
		    0x37, 0x16 },
		{ 0xf7, 0xcb, 0x1c, 0x94, 0x2d, 0x65, 0x7c, 0x41, 0xd4, 0x36,
		    0xc7, 0xa1, 0xb6, 0xe2, 0x9f, 0x65, 0xf3, 0xe9, 0x00, 0xdb,
		    0xb9, 0xaf, 0xf4, 0x06, 0x4d, 0xc4, 0xab, 0x2f, 0x84, 0x3a,
		    0xcd, 0xa8 },
	};
	uint8_t digest[32] = { 0xaf, 0x2b, 0xdb, 0xe1, 0xaa, 0x9b, 0x6e, 0xc1,
		0xe2, 0xad, 0xe1, 0xd6, 0x94, 0xf4, 0x1f, 0xc7, 0x1a, 0x83,
		0x1d, 0x02, 0x68, 0xe9, 0x89, 0x15, 0x62, 0x11, 0x3d, 0x8a,
		0x62, 0xad, 0xd1, 0xbf };
	unsigned long limbs[4][LIMBS_MAX];
	const void *(*get_curve)(void);
	void (*init)(struct ecc_point *, const void *);
	void (*clear)(struct ecc_point *);
	int (*set)(
	    struct ecc_point *, const struct integer *, const struct integer *);
	const struct integer x = number(limbs[0], octets[0]),
			     y = number(limbs[1], octets[1]);
	const struct dsa_signature signature = { number(limbs[2], octets[2]),
		number(limbs[3], octets[3]) };
	struct ecc_point key;
	int valid;

	/* Where there is no Nettle nobody looks at a key. */
	*(void **)(void *)&get_curve =
	    dlsym(RTLD_DEFAULT, "nettle_get_secp_256r1");
	*(void **)(void *)&init = dlsym(RTLD_DEFAULT, "nettle_ecc_point_init");
	*(void **)(void *)&set = dlsym(RTLD_DEFAULT, "nettle_ecc_point_set");
	*(void **)(void *)&clear =
	    dlsym(RTLD_DEFAULT, "nettle_ecc_point_clear");
	if (get_curve == NULL)
		return nettle_ecdsa_verify(
		    &key, sizeof(digest), digest, &signature);
	if (!is_true)
		digest[0] ^= 1;
	init(&key, get_curve());
	ck_assert_int_eq(set(&key, &x, &y), 1);
	valid = nettle_ecdsa_verify(&key, sizeof(digest), digest, &signature);
	clear(&key);
	return valid;
}

static int (*const checks[])(
    bool is_true) = { check_rsa, check_ecdsa, check_ed25519 };
#define KINDS ((int)(sizeof(checks) / sizeof(checks[0])))

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

static void
count_look(void *arg)
{
	(*(unsigned *)arg)++;
}

/* Those that are not valid take their time, of whatever kind they are; and the
 * turn is to end when they have. */
START_TEST(junk_of_one_turn_has_a_bound)
{
	const int valid = has_nettle();
	unsigned looks = 0;

	key_limits_end_turns(count_look, &looks);
	step = KEY_FAILURES_US_MAX * UINT64_C(1000) / 3;
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(checks[_i](false), 0);
	ck_assert_int_eq(checks[_i](true), valid);
	ck_assert_int_eq(checks[(_i + 1) % KINDS](false), 0);
	ck_assert_uint_eq(looks, 0);
	step++;
	ck_assert_int_eq(checks[(_i + 2) % KINDS](false), 0);
	ck_assert_uint_eq(looks, valid ? 1 : 0);
	/* Now it is reached, for all of them. */
	for (int i = 0; i < KINDS; i++)
		ck_assert_int_eq(checks[i](true), 0);
	turn++;
	for (int i = 0; i < KINDS; i++)
		ck_assert_int_eq(checks[i](true), valid);
	key_limits_end_turns(NULL, NULL);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(checks[_i](false), 0);
	ck_assert_uint_eq(looks, valid ? 1 : 0);
}
END_TEST

START_TEST(what_is_valid_is_not_counted)
{
	step = KEY_FAILURES_US_MAX * UINT64_C(1000);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(checks[_i](true), has_nettle());
}
END_TEST

TEST_MAIN("key_limits")
{
	TCase *tc = add_case(suite, "key_limits");

	tcase_add_test(tc, libunbound_asks_us_where_it_has_nettle);
	tcase_add_test(tc, keys_up_to_the_limit_are_used);
	tcase_add_test(tc, long_moduli_are_not);
	tcase_add_test(tc, long_exponents_are_not);
	tcase_add_loop_test(tc, junk_of_one_turn_has_a_bound, 0, KINDS);
	tcase_add_loop_test(tc, what_is_valid_is_not_counted, 0, KINDS);
}
