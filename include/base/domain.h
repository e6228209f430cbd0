/*
 * domain.h - domain names as text and in wire format (RFC 1035, RFC 4343).
 *
 * The text form used everywhere in postdane: lower case, absolute, without
 * the trailing dot; the root is ".".  Octets other than letters, digits,
 * '-', '_', '*' and '/' are escaped as RFC 1035 section 5.1 says ("\." for a
 * dot inside a label, "\ddd" otherwise).  Pure: no I/O.
 */
#ifndef BASE_DOMAIN_H
#define BASE_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOMAIN_WIRE_MAX 255  /* octets, RFC 1035 section 2.3.4 */
#define DOMAIN_TEXT_MAX 1024 /* octets: every octet escaped, and the NUL */

/*
 * From uncompressed wire format.  @len: octets that may be read at @wire.
 * Returns the number of octets of the name, or 0 when it is malformed or
 * extends past @len; @text is then "".
 */
size_t domain_from_wire(
    const uint8_t *wire, size_t len, char text[DOMAIN_TEXT_MAX]);

/* From our text form, or any other presentation form: upper case and a
 * trailing dot are accepted.  Returns the length, or 0 when malformed. */
size_t domain_to_wire(const char *text, uint8_t wire[DOMAIN_WIRE_MAX]);

/* Length octets can be passed, too: they are below all letters. */
uint8_t domain_lower(uint8_t octet);

/* Whether @len octets of uncompressed names are equal, ignoring case. */
bool domain_wire_equal(const uint8_t *a, const uint8_t *b, size_t len);

/* Into our text form: lower case, no trailing dot, canonical escapes.
 * Returns 0, or -1 when malformed. */
int domain_normalize(const char *text, char out[DOMAIN_TEXT_MAX]);

/* These functions take names in our text form. */
unsigned domain_labels(const char *name); /* 0 for the root */
const char *domain_parent(
    const char *name); /* inside @name or "."; the root's is NULL */
/* Without leading labels that begin with '_', as in "_25._tcp": a pointer into
 * @name. */
const char *domain_host(const char *name);
bool domain_equal(const char *a, const char *b);
bool domain_is_within(
    const char *name, const char *ancestor); /* equal or below */
/* The ancestor of @name that has @labels labels: a pointer into @name, or
 * "." for 0.  @labels must not exceed domain_labels(name). */
const char *domain_ancestor(const char *name, unsigned labels);

/*
 * What Postfix's valid_hostname() accepts: letters, digits, '-' and '_'; labels
 * of 1 to 63 octets that neither start nor end with '-'; 255 octets in total;
 * not only digits and dots.  An address literal is not a host name.
 */
bool domain_is_hostname(const char *name);

bool domain_is_ascii(const char *text); /* any text */

/*
 * A name as typed by a person or used in a mail address, U-labels included,
 * converted to our text form with A-labels: libidn2, UTS 46 non-transitional.
 * ASCII names are only normalized, so underscores and the like are kept.
 * Returns 0; or -1 with errno EINVAL when libidn2 refuses the name or the
 * result is not a domain name, ENOMEM when out of memory.
 */
int domain_from_utf8(const char *text, char out[DOMAIN_TEXT_MAX]);

#endif /* BASE_DOMAIN_H */
