/*
 * smtp_client.h - an SMTP session up to STARTTLS (RFC 5321, RFC 3207).  The
 * server may be hostile: its replies are limited in length and time.
 */
#ifndef COMMAND_CHECK_SMTP_CLIENT_H
#define COMMAND_CHECK_SMTP_CLIENT_H

#include <stdint.h>

#include "base/endpoint.h"

enum smtp_status {
	SMTP_UNREACHABLE = 0, /* no connection */
	SMTP_NO_SESSION,      /* connected, but no SMTP service */
	SMTP_NO_STARTTLS,     /* TLS not offered, or refused */
	SMTP_READY            /* the client may send its ClientHello */
};

#define SMTP_WHY_MAX 200

struct smtp_result {
	enum smtp_status status;
	char why[SMTP_WHY_MAX]; /* printable; "" when READY */
};

/*
 * Connect, send EHLO and STARTTLS.  @deadline: clock_ms().  Returns a
 * non-blocking socket, to be closed by the caller; or -1.
 */
int smtp_client_starttls(const struct endpoint *server, uint64_t deadline,
    struct smtp_result *result);

/*
 * Wait until @fd is ready for @events (poll(2)).
 * Returns 0, or -1 when @deadline has passed.
 */
int smtp_client_wait(int fd, short events, uint64_t deadline);

#endif /* COMMAND_CHECK_SMTP_CLIENT_H */
