/*
 * reason.h - texts that say why something failed: the cause first, cut only
 * between words.  Pure.
 */
#ifndef BASE_REASON_H
#define BASE_REASON_H

#include <stddef.h>

/* libunbound failed without a reason of its own. */
#define REASON_NO_SERVER "no server gave a usable answer"

/*
 * What prevents this machine from using the DNS, as opposed to faults of a
 * domain: one sentence that says what to do. log_printable() does not change
 * these texts.
 */
#define REASON_NO_ROOT                                                         \
	"this machine reaches no root server: open port 53, UDP and TCP, or "  \
	"set zone '.' { forward = ... }"
#define REASON_NO_FORWARDER                                                    \
	"no forwarder of zone '.' gives a usable answer: are they up, and do " \
	"they pass signatures on?"
/* The root servers answer, but without signatures. */
#define REASON_UNSIGNED_ROOT                                                   \
	"something answers in place of the root servers, without DNSSEC: let " \
	"port 53, UDP and TCP, through, or set zone '.' { forward = ... }"
/* The addresses of the forwarders follow. */
#define REASON_UNSIGNED_FORWARDER                                              \
	"no forwarder of zone '.' does DNSSEC, which it must (pass on DO and " \
	"RRSIG): "

/* The first of the sentences above that occurs in @why.
 * Returns a pointer into @why, to the text from there on; NULL where there is
 * none; NULL for NULL. */
const char *reason_of_network(const char *why);

/*
 * The cause in an error text of libunbound, which begins with the effects:
 * "validation failure <mx.example. A IN>: key for validation example. is marked
 * as invalid because of a previous validation failure <example. A IN>:
 * signature expired" gives "signature expired".
 * Returns a pointer into @why; NULL for NULL.
 */
const char *reason_innermost(const char *why);

/* Cut @text to at most @room octets, at the end of a word; within a word only
 * where a single word is most of the text. */
void reason_fit(char *text, size_t room);

#endif /* BASE_REASON_H */
