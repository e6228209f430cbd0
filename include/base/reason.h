/*
 * reason.h - texts that say why something failed: the cause first, in whole
 * words.  Pure.
 */
#ifndef BASE_REASON_H
#define BASE_REASON_H

#include <stddef.h>

/* What libunbound has come to without a reason of its own. */
#define REASON_NO_SERVER "no server gave a usable answer"

/*
 * What is wrong with this machine's way to the DNS, and not with anybody's
 * domain: one sentence that says what to do.  Nothing in them is changed by
 * log_printable().
 */
#define REASON_NO_ROOT                                                         \
	"this machine reaches no root server: open port 53, UDP and TCP, or "  \
	"set zone '.' { forward = ... }"
#define REASON_NO_FORWARDER                                                    \
	"no forwarder of zone '.' gives a usable answer: are they up, and do " \
	"they pass signatures on?"
/* They answer, and none with signatures. */
#define REASON_UNSIGNED_ROOT                                                   \
	"something answers in place of the root servers, without DNSSEC: let " \
	"port 53, UDP and TCP, through, or set zone '.' { forward = ... }"
/* Their addresses follow. */
#define REASON_UNSIGNED_FORWARDER                                              \
	"no forwarder of zone '.' does DNSSEC, which it must (pass on DO and " \
	"RRSIG): "

/* The sentence, one of those above, that is in @why, to the end of that.
 * Returns a pointer into @why, or NULL where there is none; NULL for NULL. */
const char *reason_of_network(const char *why);

/*
 * The cause in a text of libunbound's, which begins with what came of it:
 * "validation failure <mx.example. A IN>: key for validation example. is
 * marked as invalid because of a previous validation failure <example. A IN>:
 * signature expired" gives "signature expired".
 * Returns a pointer into @why; NULL for NULL.
 */
const char *reason_innermost(const char *why);

/* Cut @text to at most @room octets, at the end of a word; where a single word
 * is most of it, in its midst. */
void reason_fit(char *text, size_t room);

#endif /* BASE_REASON_H */
