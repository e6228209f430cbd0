/* root_keys.h - keys of the root as files of trust anchors have them. */
#ifndef TESTS_UNIT_ROOT_KEYS_H
#define TESTS_UNIT_ROOT_KEYS_H

#include <ldns/ldns.h>
#include <stdint.h>
#include <stdio.h>

#define VALID ";;state=2 [  VALID  ] ;;count=0 ;;lastchange=1700000000"
#define PENDING ";;state=1 [ ADDPEND ] ;;count=7 ;;lastchange=1700000000"
#define REVOKED ";;state=4 [ REVOKED ] ;;count=0 ;;lastchange=1700000000"
#define MISSING ";;state=3 [ MISSING ] ;;count=0 ;;lastchange=1700000000"

/* A key that differs from others by its first octets. */
static inline const char *
key(char which, unsigned flags, const char *comment)
{
	static char lines[16][512];
	static unsigned used;
	char *line = lines[used++ % 16];

	snprintf(line, sizeof(lines[0]),
	    ".\t86400\tIN\tDNSKEY\t%u 3 13 %c%c%c%c"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAA== %s\n",
	    flags, which, which, which, which, comment);
	return line;
}

static inline uint16_t
tag(char which)
{
	ldns_rr *rr = NULL;
	uint16_t found;

	ldns_rr_new_frm_str(&rr, key(which, 257, ""), 0, NULL, NULL);
	found = ldns_calc_keytag(rr);
	ldns_rr_free(rr);
	return found;
}

#endif /* TESTS_UNIT_ROOT_KEYS_H */
