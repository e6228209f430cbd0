/* key_limits.c - no RSA key is so long that its signatures take seconds. */

#include "dns/key_limits.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* What Nettle's struct rsa_public_key begins with, and GMP's mpz_t: both are
 * part of their binary interfaces.  Their headers would be needed to build, for
 * functions that are not called where libunbound has none of them. */
struct integer {
	int allocated;
	int size; /* in limbs; negative where the number is */
	unsigned long *limbs;
};

struct rsa_key {
	size_t octets;
	struct integer modulus, exponent;
};

#define LIMB_BITS (8 * (int)sizeof(unsigned long))

typedef int verify_function(const struct rsa_key *key, const uint8_t *digest,
    const struct integer *signature);

/* Nettle's names. */
verify_function nettle_rsa_sha1_verify_digest;
verify_function nettle_rsa_sha256_verify_digest;
verify_function nettle_rsa_sha512_verify_digest;

static bool
has_bits(const struct integer *integer, int most)
{
	return abs(integer->size) <= most / LIMB_BITS;
}

/* What cannot be asked is not valid. */
static int
verify(const char *name, const struct rsa_key *key, const uint8_t *digest,
    const struct integer *signature)
{
	verify_function *nettle;
	void *symbol;

	if (!has_bits(&key->modulus, KEY_MODULUS_BITS_MAX) ||
	    !has_bits(&key->exponent, KEY_EXPONENT_BITS_MAX) ||
	    (symbol = dlsym(RTLD_NEXT, name)) == NULL)
		return 0;
	/* C has no conversion from an object's address to a function's. */
	*(void **)(void *)&nettle = symbol;
	return nettle(key, digest, signature);
}

int
nettle_rsa_sha1_verify_digest(const struct rsa_key *key, const uint8_t *digest,
    const struct integer *signature)
{
	return verify("nettle_rsa_sha1_verify_digest", key, digest, signature);
}

int
nettle_rsa_sha256_verify_digest(const struct rsa_key *key,
    const uint8_t *digest, const struct integer *signature)
{
	return verify(
	    "nettle_rsa_sha256_verify_digest", key, digest, signature);
}

int
nettle_rsa_sha512_verify_digest(const struct rsa_key *key,
    const uint8_t *digest, const struct integer *signature)
{
	return verify(
	    "nettle_rsa_sha512_verify_digest", key, digest, signature);
}

/* The program's own come first, where it exports them, and behind them must be
 * some to hand over to. */
bool
key_limits_hold(void)
{
	static const char name[] = "nettle_rsa_sha256_verify_digest";
	verify_function *first;

	*(void **)(void *)&first = dlsym(RTLD_DEFAULT, name);
	return first == nettle_rsa_sha256_verify_digest &&
	       dlsym(RTLD_NEXT, name) != NULL;
}
