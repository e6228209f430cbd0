/* smtp_client.c - an SMTP session up to STARTTLS. */

#include "command/check/smtp_client.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/domain.h"
#include "base/log.h"

#define LINE_OCTETS_MAX 2048 /* RFC 5321 section 4.5.3.1.5 has 512 */
#define REPLY_LINES_MAX 100
#define QUOTE_MAX 120 /* octets of a reply quoted in a reason */

struct session {
	int fd;
	uint64_t deadline;
	char in[LINE_OCTETS_MAX]; /* received and not yet read as lines */
	size_t in_len;
	struct smtp_result *result;
};

struct reply {
	unsigned code;
	bool starttls;         /* the reply to EHLO offers STARTTLS */
	char quote[QUOTE_MAX]; /* the first line, printable */
};

static int fail(struct session *session, enum smtp_status status,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

static int
fail(struct session *session, enum smtp_status status, const char *format, ...)
{
	va_list ap;

	session->result->status = status;
	va_start(ap, format);
	vsnprintf(session->result->why, SMTP_WHY_MAX, format, ap);
	va_end(ap);
	return -1;
}

int
smtp_client_wait(int fd, short events, uint64_t deadline)
{
	struct pollfd poller = { .fd = fd, .events = events };

	for (;;) {
		const uint64_t now = clock_ms();

		if (now >= deadline)
			return -1;
		if (poll(&poller, 1, (int)(deadline - now)) == 1)
			return 0;
	}
}

/* ---- lines ---- */

/* Returns 0, or -1 with the reason set. */
static int
receive_more(struct session *session)
{
	const size_t room = sizeof(session->in) - session->in_len;
	ssize_t n;

	if (room == 0)
		return fail(session, SMTP_NO_SESSION,
		    "the server sent a line of more than %d octets",
		    LINE_OCTETS_MAX);
	for (;;) {
		n = recv(session->fd, session->in + session->in_len, room, 0);
		if (n > 0)
			break;
		if (n == 0)
			return fail(session, SMTP_NO_SESSION,
			    "the server closed the connection");
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return fail(
			    session, SMTP_NO_SESSION, "%s", strerror(errno));
		if (smtp_client_wait(session->fd, POLLIN, session->deadline) ==
		    -1)
			return fail(session, SMTP_NO_SESSION,
			    "no answer from the server in time");
	}
	session->in_len += (size_t)n;
	return 0;
}

/* Reads one line without its line end.  Returns its length, or -1. */
static ssize_t
read_line(struct session *session, char line[LINE_OCTETS_MAX])
{
	const char *end;
	size_t len, used;

	while ((end = memchr(session->in, '\n', session->in_len)) == NULL)
		if (receive_more(session) == -1)
			return -1;
	len = (size_t)(end - session->in);
	used = len + 1;
	if (len > 0 && session->in[len - 1] == '\r')
		len--;
	memcpy(line, session->in, len);
	line[len] = '\0';
	session->in_len -= used;
	memmove(session->in, session->in + used, session->in_len);
	return (ssize_t)len;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* RFC 5321 section 4.2: three digits, then '-' if more lines follow. */
static bool
is_reply_line(const char *line, ssize_t len)
{
	return len >= 3 && line[0] >= '2' && line[0] <= '5' &&
	       is_digit(line[1]) && is_digit(line[2]) &&
	       (len == 3 || line[3] == ' ' || line[3] == '-');
}

static bool
says_starttls(const char *line, ssize_t len)
{
	return len >= 12 && strncasecmp(line + 4, "STARTTLS", 8) == 0 &&
	       (line[12] == '\0' || line[12] == ' ');
}

/* Reads all lines of a reply.  Returns 0, or -1 with the reason set. */
static int
read_reply(struct session *session, struct reply *reply)
{
	char line[LINE_OCTETS_MAX];
	ssize_t len;

	memset(reply, 0, sizeof(*reply));
	for (unsigned lines = 0; lines < REPLY_LINES_MAX; lines++) {
		if ((len = read_line(session, line)) == -1)
			return -1;
		if (lines == 0)
			log_printable(reply->quote, sizeof(reply->quote), line,
			    (size_t)len);
		if (!is_reply_line(line, len))
			return fail(session, SMTP_NO_SESSION,
			    "this is no SMTP: %s", reply->quote);
		reply->code = (unsigned)(line[0] - '0') * 100 +
			      (unsigned)(line[1] - '0') * 10 +
			      (unsigned)(line[2] - '0');
		if (lines > 0 && says_starttls(line, len))
			reply->starttls = true;
		if (line[3] != '-')
			return 0;
	}
	return fail(session, SMTP_NO_SESSION,
	    "the server sent a reply of more than %d lines", REPLY_LINES_MAX);
}

static int
send_text(struct session *session, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		const ssize_t n = send(session->fd, text, left, MSG_NOSIGNAL);

		if (n > 0) {
			text += n;
			left -= (size_t)n;
		} else if (errno != EAGAIN && errno != EINTR) {
			return fail(
			    session, SMTP_NO_SESSION, "%s", strerror(errno));
		} else if (smtp_client_wait(
			       session->fd, POLLOUT, session->deadline) == -1) {
			return fail(session, SMTP_NO_SESSION,
			    "no answer from the server in time");
		}
	}
	return 0;
}

/* ---- the session ---- */

static int
connect_to(struct session *session, const struct endpoint *server)
{
	const struct sockaddr *address =
	    (const struct sockaddr *)&server->address;
	int error = 0;
	socklen_t size = sizeof(error);

	session->fd = socket(server->address.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (session->fd == -1)
		return fail(session, SMTP_UNREACHABLE, "%s", strerror(errno));
	if (connect(session->fd, address, server->length) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return fail(session, SMTP_UNREACHABLE, "%s", strerror(errno));
	if (smtp_client_wait(session->fd, POLLOUT, session->deadline) == -1)
		return fail(session, SMTP_UNREACHABLE, "no connection in time");
	if (getsockopt(session->fd, SOL_SOCKET, SO_ERROR, &error, &size) ==
		-1 ||
	    error != 0)
		return fail(session, SMTP_UNREACHABLE, "%s", strerror(error));
	return 0;
}

/* Our name in EHLO: RFC 5321 section 4.1.4 requires a name or an address
 * literal. */
static void
send_name(char text[DOMAIN_WIRE_MAX + 16])
{
	char name[DOMAIN_WIRE_MAX] = "";

	if (gethostname(name, sizeof(name) - 1) == -1 ||
	    !domain_is_hostname(name))
		snprintf(name, sizeof(name), "localhost");
	snprintf(text, DOMAIN_WIRE_MAX + 16, "EHLO %s\r\n", name);
}

static int
dialogue(struct session *session)
{
	char ehlo[DOMAIN_WIRE_MAX + 16];
	struct reply reply;

	send_name(ehlo);
	if (read_reply(session, &reply) == -1)
		return -1;
	if (reply.code != 220)
		return fail(session, SMTP_NO_SESSION, "the server says: %s",
		    reply.quote);
	if (send_text(session, ehlo) == -1 || read_reply(session, &reply) == -1)
		return -1;
	if (reply.code != 250)
		return fail(session, SMTP_NO_SESSION,
		    "the server says to EHLO: %s", reply.quote);
	if (!reply.starttls)
		return fail(session, SMTP_NO_STARTTLS,
		    "the server does not offer STARTTLS");
	if (send_text(session, "STARTTLS\r\n") == -1 ||
	    read_reply(session, &reply) == -1)
		return -1;
	if (reply.code != 220)
		return fail(session, SMTP_NO_STARTTLS,
		    "the server says to STARTTLS: %s", reply.quote);
	if (session->in_len > 0)
		return fail(session, SMTP_NO_SESSION,
		    "the server sent more in clear after STARTTLS");
	session->result->status = SMTP_READY;
	session->result->why[0] = '\0';
	return 0;
}

int
smtp_client_starttls(const struct endpoint *server, uint64_t deadline,
    struct smtp_result *result)
{
	struct session session = {
		.fd = -1, .deadline = deadline, .result = result
	};

	memset(result, 0, sizeof(*result));
	if (connect_to(&session, server) == 0 && dialogue(&session) == 0)
		return session.fd;
	if (session.fd != -1)
		close(session.fd);
	return -1;
}
