/*
 * chain.h - what one lookup has found so far: the aliases up to the name that
 * is looked up now, and the answer that is made of them and of what is found
 * there.
 *
 * A chain is as secure as its weakest link, and lives no longer than its
 * shortest TTL.  The ladder says what each link, and the end, is worth.  Pure:
 * no I/O.
 */
#ifndef DNS_CHAIN_H
#define DNS_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ldns/ldns.h>

#include "base/domain.h"
#include "dns/answer.h"
#include "dns/lookup.h"
#include "dns/packet.h"
#include "dns/proof_judge.h"

#define CHAIN_LINKS_MAX 10 /* aliases at which the lookup starts again */
/* Two messages for each alias, where it comes from a DNAME. */
#define CHAIN_PARTS_MAX (2 * (CHAIN_LINKS_MAX + 1) + 1)
/* Limit of their total size: one message is made from them. */
#define CHAIN_OCTETS_MAX ((size_t)3 * 65536)
#define CHAIN_TTL_MAX 86400 /* seconds */
#define CHAIN_PROOF_MAX 256

/* The messages of the links. */
enum chain_parts {
	CHAIN_PARTS_LOST = 0,  /* out of memory: not all are there */
	CHAIN_PARTS_TOO_LARGE, /* likewise: they exceed a limit above */
	CHAIN_PARTS_UNWANTED,  /* without LOOKUP_NEED_MESSAGE */
	CHAIN_PARTS_WHOLE
};

/* Others read it, and change it only by the functions below. */
struct chain {
	char *qname;
	uint16_t type;
	char name[DOMAIN_TEXT_MAX]; /* looked up now; at first qname */
	unsigned links;
	enum dns_security security; /* of the links; SECURE without links */
	enum dns_security first_link;
	enum dns_rung rung;          /* the highest that a link needed */
	uint32_t ttl;                /* seconds: the shortest of the links */
	char proof[CHAIN_PROOF_MAX]; /* for the first insecure link, or for the
				      * last name; "" where there is none */
	struct dns_part held;        /* the message about the current name */
	struct dns_part part[CHAIN_PARTS_MAX];
	size_t part_count, part_octets;
	enum chain_parts parts;
	struct dns_answer *failure; /* allocated at the start, so that every
				     * lookup can end with an answer */
};

/*
 * Begin at @qname, in the text form of base/domain.h; it is copied.  @need:
 * messages are kept only with LOOKUP_NEED_MESSAGE.  Returns 0, or -1 when out
 * of memory.  Free with chain_clear(), in both cases.
 */
int chain_init(struct chain *chain, const char *qname, uint16_t type,
    enum lookup_need need);
/* For a zeroed chain, too. */
void chain_clear(struct chain *chain);

/* ---- the message about the current name ---- */

/*
 * Hold @wire, a complete message, until chain_follow() or the answer makes it
 * one of the parts.  It replaces the one that was held.  @ttl: no TTL in it is
 * longer, in seconds.  Where memory is short, the answer will have failed.
 * These four do nothing where no messages are wanted.
 */
void chain_hold(
    struct chain *chain, const uint8_t *wire, size_t len, uint32_t ttl);

/* Of a plain answer, only the records that were queried. */
void chain_hold_plain(
    struct chain *chain, const ldns_pkt *packet, uint32_t ttl);

/* The message held is of a DNAME: hold the CNAME to @target, too, which it
 * synthesizes for the current name. */
void chain_hold_synthesized(
    struct chain *chain, const char *target, uint32_t ttl);

/* As chain_hold(), for a DNAME that makes the name too long: the rcode becomes
 * YXDOMAIN (RFC 6672 section 2.2). */
void chain_hold_too_long(
    struct chain *chain, const uint8_t *wire, size_t len, uint32_t ttl);

void chain_drop_held(struct chain *chain);

/* ---- links ---- */

/* The proof of the current name says why it is insecure; the first one counts.
 * @cut: the name whose DS decided. */
void chain_note_proof(
    struct chain *chain, enum proof_judge_reason reason, const char *cut);

/*
 * The current name is an alias of @target, which becomes the current name; the
 * message held shows the alias.  @security, @rung, @ttl: of this link.  Returns
 * false where the chain becomes too long, or the target is the name itself.
 */
bool chain_follow(struct chain *chain, const char *target,
    enum dns_security security, enum dns_rung rung, uint32_t ttl);

/* @ttl, or less: that of the links, or CHAIN_TTL_MAX. */
uint32_t chain_ttl(const struct chain *chain, uint32_t ttl);

/* ---- the end ---- */

/* What the facts about the last name are worth. */
struct chain_end {
	enum dns_security security;
	enum dns_security alias; /* of an alias at the name: only part of the
				  * facts may be known to be insecure */
	enum dns_rung rung;
	uint32_t ttl_max; /* seconds */
};

/*
 * The answer.  One of these three is called, once, and it ends the chain.  Each
 * returns a new reference, never NULL: where memory is short, or the messages
 * are not complete, the lookup has failed with INDETERMINATE security.
 */

/* With the records in @facts, which are moved out of them. */
struct dns_answer *chain_answer(struct chain *chain, struct packet_facts *facts,
    const struct chain_end *end);

/* Proven insecure, without data.  @ttl: of the proof.  @why: NULL where no data
 * are needed, otherwise why there are none. */
struct dns_answer *chain_answer_without_data(
    struct chain *chain, uint32_t ttl, const char *why);

/* FAILED: @why is one line of printable text.  After an insecure link it is
 * insecure, otherwise @security: BOGUS, with the bogus messages, or
 * INDETERMINATE. */
struct dns_answer *chain_answer_failed(
    struct chain *chain, enum dns_security security, const char *why);

#endif /* DNS_CHAIN_H */
