/*
 * calls.c - calls of ours into libraries that do not survive lack of memory at
 * every allocation inside: here they fail as a whole.
 * calls.syms puts these in the place of theirs, for our code only.
 */

#include <confuse.h>
#include <errno.h>
#include <event2/bufferevent.h>
#include <grp.h>
#include <ldns/ldns.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <pwd.h>
#include <unbound.h>

#include <unbound-event.h>

#include "allocs.h"

/* Who calls the library is ours. */
#define OURS __attribute__((section("postdane_text")))
#define FAILS() allocs_call_fails(__builtin_return_address(0))

/* A call that returns memory, or NULL. */
#define POINTER_CALL(type, name, parameters, arguments)                        \
	OURS type allocs_##name parameters;                                    \
	type allocs_##name parameters                                          \
	{                                                                      \
		return FAILS() ? NULL : name arguments;                        \
	}

/* A call that returns @lack when there is none. */
#define STATUS_CALL(type, lack, name, parameters, arguments)                   \
	OURS type allocs_##name parameters;                                    \
	type allocs_##name parameters                                          \
	{                                                                      \
		return FAILS() ? (lack) : name arguments;                      \
	}

POINTER_CALL(ldns_rdf *, ldns_dname_new_frm_str, (const char *text), (text))
POINTER_CALL(ldns_rdf *, ldns_nsec3_hash_name,
    (const ldns_rdf *name, uint8_t algorithm, uint16_t iterations, uint8_t len,
	const uint8_t *salt),
    (name, algorithm, iterations, len, salt))
POINTER_CALL(ldns_pkt *, ldns_pkt_clone, (const ldns_pkt *packet), (packet))
POINTER_CALL(ldns_pkt *, ldns_pkt_new, (void), ())
POINTER_CALL(ldns_pkt *, ldns_pkt_query_new,
    (ldns_rdf * name, ldns_rr_type type, ldns_rr_class class, uint16_t flags),
    (name, type, class, flags))
POINTER_CALL(ldns_rr_list *, ldns_pkt_rr_list_by_type,
    (const ldns_pkt *packet, ldns_rr_type type, ldns_pkt_section section),
    (packet, type, section))
POINTER_CALL(char *, ldns_rdf2str, (const ldns_rdf *rdf), (rdf))
POINTER_CALL(ldns_rdf *, ldns_rdf_new_frm_data,
    (ldns_rdf_type type, size_t size, const void *data), (type, size, data))
POINTER_CALL(ldns_rdf *, ldns_rdf_new_frm_str,
    (ldns_rdf_type type, const char *text), (type, text))
POINTER_CALL(ldns_rr *, ldns_rr_clone, (const ldns_rr *rr), (rr))
POINTER_CALL(ldns_rr_list *, ldns_rr_list_new, (void), ())
STATUS_CALL(ldns_status, LDNS_STATUS_MEM_ERR, ldns_pkt2wire,
    (uint8_t * *to, const ldns_pkt *packet, size_t *size), (to, packet, size))
STATUS_CALL(bool, false, ldns_pkt_push_rr,
    (ldns_pkt * packet, ldns_pkt_section section, ldns_rr *rr),
    (packet, section, rr))
STATUS_CALL(bool, false, ldns_rr_list_push_rr,
    (ldns_rr_list * list, const ldns_rr *rr), (list, rr))
STATUS_CALL(ldns_status, LDNS_STATUS_MEM_ERR, ldns_wire2pkt,
    (ldns_pkt * *packet, const uint8_t *wire, size_t len), (packet, wire, len))
STATUS_CALL(ldns_status, LDNS_STATUS_MEM_ERR, ldns_wire2rr,
    (ldns_rr * *rr, const uint8_t *wire, size_t len, size_t *at,
	ldns_pkt_section section),
    (rr, wire, len, at, section))

POINTER_CALL(
    struct ub_ctx *, ub_ctx_create_event, (struct event_base * base), (base))
STATUS_CALL(int, UB_NOMEM, ub_ctx_set_option,
    (struct ub_ctx * ctx, const char *name, const char *value),
    (ctx, name, value))
STATUS_CALL(int, UB_NOMEM, ub_ctx_add_ta_file,
    (struct ub_ctx * ctx, const char *path), (ctx, path))
STATUS_CALL(int, UB_NOMEM, ub_ctx_config,
    (struct ub_ctx * ctx, const char *path), (ctx, path))
STATUS_CALL(int, UB_NOMEM, ub_resolve_event,
    (struct ub_ctx * ctx, const char *name, int type, int class, void *arg,
	ub_event_callback_type callback, int *id),
    (ctx, name, type, class, arg, callback, id))

POINTER_CALL(cfg_t *, cfg_init, (cfg_opt_t * options, cfg_flag_t flags),
    (options, flags))
POINTER_CALL(SSL_CTX *, SSL_CTX_new, (const SSL_METHOD *method), (method))
POINTER_CALL(SSL *, SSL_new, (SSL_CTX * ctx), (ctx))
STATUS_CALL(int, 0, SSL_CTX_dane_enable, (SSL_CTX * ctx), (ctx))
STATUS_CALL(int, 0, SSL_dane_enable, (SSL * ssl, const char *name), (ssl, name))
STATUS_CALL(int, 0, EVP_Digest,
    (const void *data, size_t len, unsigned char *sum, unsigned *sum_len,
	const EVP_MD *type, ENGINE *engine),
    (data, len, sum, sum_len, type, engine))

/* With 0, as for a useless record: so it is where memory ran out. */
OURS int allocs_SSL_dane_tlsa_add(SSL *ssl, uint8_t usage, uint8_t selector,
    uint8_t mtype, const unsigned char *data, size_t len);
int
allocs_SSL_dane_tlsa_add(SSL *ssl, uint8_t usage, uint8_t selector,
    uint8_t mtype, const unsigned char *data, size_t len)
{
	if (!FAILS())
		return SSL_dane_tlsa_add(
		    ssl, usage, selector, mtype, data, len);
	ERR_raise(ERR_LIB_SSL, ERR_R_MALLOC_FAILURE);
	return 0;
}

/* ---- the databases of libc: not ours, so that nothing inside fails ---- */

/* libc ends the program where it cannot load what nsswitch.conf names.  This
 * has a frame of its own: a jump in the place of the call would leave none. */
#define DATABASE_CALL(type, name, parameters, arguments)                       \
	type allocs_##name parameters;                                         \
	type allocs_##name parameters                                          \
	{                                                                      \
		type found = NULL;                                             \
                                                                               \
		if (!FAILS())                                                  \
			found = name arguments;                                \
		__asm__ volatile("");                                          \
		return found;                                                  \
	}

DATABASE_CALL(struct passwd *, getpwnam, (const char *name), (name))
DATABASE_CALL(struct group *, getgrnam, (const char *name), (name))
DATABASE_CALL(struct servent *, getservbyname,
    (const char *name, const char *protocol), (name, protocol))

int allocs_getpwnam_r(const char *name, struct passwd *entry, char *buffer,
    size_t size, struct passwd **found);
int
allocs_getpwnam_r(const char *name, struct passwd *entry, char *buffer,
    size_t size, struct passwd **found)
{
	int error = ENOMEM;

	*found = NULL;
	if (!FAILS())
		error = getpwnam_r(name, entry, buffer, size, found);
	__asm__ volatile("");
	return error;
}

/* ---- libevent ---- */

/* It cannot say that memory ran out, and dies of it: not ours, so that it never
 * does. */
void allocs_bufferevent_setwatermark(
    struct bufferevent *stream, short what, size_t low, size_t high);
void
allocs_bufferevent_setwatermark(
    struct bufferevent *stream, short what, size_t low, size_t high)
{
	bufferevent_setwatermark(stream, what, low, high);
	/* A jump in the place of the call would leave no frame. */
	__asm__ volatile("");
}
