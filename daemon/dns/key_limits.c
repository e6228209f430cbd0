/* key_limits.c - limits on the time that signature checks may take. */

#include "dns/key_limits.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/loop_time.h"

/* The first members of Nettle's struct rsa_public_key and of GMP's mpz_t, which
 * belong to their ABIs.  Their headers would become a build dependency, for
 * functions that a libunbound without Nettle never calls. */
struct integer {
	int allocated;
	int size; /* in limbs; negative for a negative number */
	unsigned long *limbs;
};

struct rsa_key {
	size_t octets;
	struct integer modulus, exponent;
};

struct ecc_point;
struct dsa_signature;

#define LIMB_BITS (8 * (int)sizeof(unsigned long))

typedef int rsa_function(const struct rsa_key *key, const uint8_t *digest,
    const struct integer *signature);
typedef int ecdsa_function(const struct ecc_point *key, size_t len,
    const uint8_t *digest, const struct dsa_signature *signature);
typedef int ed25519_function(const uint8_t *key, size_t len,
    const uint8_t *message, const uint8_t *signature);

/* Nettle's function names. */
rsa_function nettle_rsa_sha1_verify_digest;
rsa_function nettle_rsa_sha256_verify_digest;
rsa_function nettle_rsa_sha512_verify_digest;
ecdsa_function nettle_ecdsa_verify;
ed25519_function nettle_ed25519_sha512_verify;

/* Global, as the replaced functions are. */
static struct {
	uint64_t turn;
	uint64_t spent; /* nanoseconds, in that loop iteration */
	void (*look)(void *arg);
	void *arg;
} failures;

#define FAILURES_NS_MAX (KEY_FAILURES_US_MAX * UINT64_C(1000))

void
key_limits_end_turns(void (*look)(void *arg), void *arg)
{
	failures.look = look;
	failures.arg = arg;
}

/* Nettle's function, as a pointer to void; NULL where it can't be found. */
static void *
find(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

/* Whether another signature may be checked in this loop iteration.  Then
 * @function, the address of a pointer to a function (ISO C does not convert a
 * void pointer to one), is set to Nettle's of that @name, and @began to now. */
static bool
begin(const char *name, void *function, uint64_t *began)
{
	void *symbol;

	if (failures.turn != loop_time_turn()) {
		failures.turn = loop_time_turn();
		failures.spent = 0;
	}
	if (failures.spent >= FAILURES_NS_MAX || (symbol = find(name)) == NULL)
		return false;
	*(void **)function = symbol;
	*began = loop_time_now();
	return true;
}

/* @began: when Nettle was called.  Returns 1 where @is_valid, else 0. */
static int
note(int is_valid, uint64_t began)
{
	if (is_valid)
		return 1;
	failures.spent += loop_time_now() - began;
	if (failures.spent >= FAILURES_NS_MAX && failures.look != NULL)
		failures.look(failures.arg);
	return 0;
}

static bool
has_bits(const struct integer *integer, int most)
{
	return abs(integer->size) <= most / LIMB_BITS;
}

/* What can't be checked is not valid. */
static int
verify_rsa(const char *name, const struct rsa_key *key, const uint8_t *digest,
    const struct integer *signature)
{
	rsa_function *nettle;
	uint64_t began;

	if (!has_bits(&key->modulus, KEY_MODULUS_BITS_MAX) ||
	    !has_bits(&key->exponent, KEY_EXPONENT_BITS_MAX) ||
	    !begin(name, &nettle, &began))
		return 0;
	return note(nettle(key, digest, signature), began);
}

int
nettle_rsa_sha1_verify_digest(const struct rsa_key *key, const uint8_t *digest,
    const struct integer *signature)
{
	return verify_rsa(
	    "nettle_rsa_sha1_verify_digest", key, digest, signature);
}

int
nettle_rsa_sha256_verify_digest(const struct rsa_key *key,
    const uint8_t *digest, const struct integer *signature)
{
	return verify_rsa(
	    "nettle_rsa_sha256_verify_digest", key, digest, signature);
}

int
nettle_rsa_sha512_verify_digest(const struct rsa_key *key,
    const uint8_t *digest, const struct integer *signature)
{
	return verify_rsa(
	    "nettle_rsa_sha512_verify_digest", key, digest, signature);
}

int
nettle_ecdsa_verify(const struct ecc_point *key, size_t len,
    const uint8_t *digest, const struct dsa_signature *signature)
{
	ecdsa_function *nettle;
	uint64_t began;

	if (!begin("nettle_ecdsa_verify", &nettle, &began))
		return 0;
	return note(nettle(key, len, digest, signature), began);
}

int
nettle_ed25519_sha512_verify(const uint8_t *key, size_t len,
    const uint8_t *message, const uint8_t *signature)
{
	ed25519_function *nettle;
	uint64_t began;

	if (!begin("nettle_ed25519_sha512_verify", &nettle, &began))
		return 0;
	return note(nettle(key, len, message, signature), began);
}

/* The functions of this program must be found first, which requires that it
 * exports them; after them Nettle's, which they call. */
bool
key_limits_hold(void)
{
	static const char *const names[] = { "nettle_rsa_sha256_verify_digest",
		"nettle_ecdsa_verify", "nettle_ed25519_sha512_verify" };
	void *ours[3];

	*(rsa_function **)(void *)&ours[0] = nettle_rsa_sha256_verify_digest;
	*(ecdsa_function **)(void *)&ours[1] = nettle_ecdsa_verify;
	*(ed25519_function **)(void *)&ours[2] = nettle_ed25519_sha512_verify;
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (dlsym(RTLD_DEFAULT, names[i]) != ours[i] ||
		    find(names[i]) == NULL)
			return false;
	return true;
}
