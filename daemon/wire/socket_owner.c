/* socket_owner.c - whose a TCP connection from this machine is. */

#include "wire/socket_owner.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWERS_MAX 16 /* that were left from before */

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 diag;
};

/* With room for what is told beside it, which nobody reads. */
struct answer {
	struct nlmsghdr header;
	struct inet_diag_msg diag;
	uint8_t rest[1024];
};

static int
open_diag(void)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	const int fd =
	    socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int error;

	/* Connected, nobody else's messages come. */
	if (fd == -1 ||
	    connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* ---- the question ---- */

static bool
set_end(const struct sockaddr_storage *address, __be32 octets[4], __be16 *port)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET) {
		octets[0] = v4->sin_addr.s_addr;
		*port = v4->sin_port;
		return true;
	}
	if (address->ss_family != AF_INET6)
		return false;
	memcpy(octets, &v6->sin6_addr, sizeof(v6->sin6_addr));
	*port = v6->sin6_port;
	return true;
}

/* Of the socket at the other end, which has the two addresses the other way
 * round. */
static bool
set_request(struct request *request, int fd)
{
	struct sockaddr_storage theirs = { 0 }, ours = { 0 };
	socklen_t theirs_length = sizeof(theirs), ours_length = sizeof(ours);
	struct inet_diag_sockid *id = &request->diag.id;

	if (getpeername(fd, (struct sockaddr *)&theirs, &theirs_length) == -1 ||
	    getsockname(fd, (struct sockaddr *)&ours, &ours_length) == -1)
		return false;
	request->header.nlmsg_len = sizeof(*request);
	request->header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->header.nlmsg_flags = NLM_F_REQUEST;
	request->diag.sdiag_family = (uint8_t)ours.ss_family;
	request->diag.sdiag_protocol = IPPROTO_TCP;
	request->diag.idiag_states = UINT32_MAX;
	id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	return set_end(&theirs, id->idiag_src, &id->idiag_sport) &&
	       set_end(&ours, id->idiag_dst, &id->idiag_dport);
}

/* ---- the answer ---- */

/* What nobody has open any more has no inode, and is said to be root's.  And
 * where there is no socket with both ends, as for who comes from another
 * machine, the kernel takes one that listens at that port for all addresses. */
static bool
read_answer(const struct answer *answer, size_t len, uid_t *uid)
{
	if (len < NLMSG_LENGTH(sizeof(answer->diag)) ||
	    answer->header.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    answer->diag.idiag_inode == 0 ||
	    answer->diag.idiag_state == TCP_LISTEN)
		return false;
	*uid = answer->diag.idiag_uid;
	return true;
}

/* The kernel answers before send(2) returns. */
bool
socket_owner_find(int diag, int fd, uid_t *uid)
{
	static uint32_t sequence;
	struct request request = { 0 };
	struct answer answer;

	if (diag == -1 || !set_request(&request, fd))
		return false;
	request.header.nlmsg_seq = ++sequence;
	if (send(diag, &request, sizeof(request), MSG_DONTWAIT) == -1)
		return false;
	for (int i = 0; i < ANSWERS_MAX; i++) {
		const ssize_t len =
		    recv(diag, &answer, sizeof(answer), MSG_DONTWAIT);

		if (len < (ssize_t)sizeof(answer.header))
			return false;
		if (answer.header.nlmsg_seq == sequence)
			return read_answer(&answer, (size_t)len, uid);
	}
	return false;
}

/* ---- is there an answer? ---- */

/* Both ends of a connection over loopback. */
struct pair {
	int listener, client, server; /* -1: not there */
};

/* A firewall may be in the way: then it ends after a second. */
static void
open_pair(struct pair *pair)
{
	static const struct timeval limit = { 1, 0 };
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr *const at = (struct sockaddr *)&address;
	socklen_t length = sizeof(address);

	*pair = (struct pair){ socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
		socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), -1 };
	if (pair->listener != -1 && pair->client != -1 &&
	    setsockopt(pair->listener, SOL_SOCKET, SO_RCVTIMEO, &limit,
		sizeof(limit)) == 0 &&
	    setsockopt(pair->client, SOL_SOCKET, SO_SNDTIMEO, &limit,
		sizeof(limit)) == 0 &&
	    bind(pair->listener, at, length) == 0 &&
	    listen(pair->listener, 1) == 0 &&
	    getsockname(pair->listener, at, &length) == 0 &&
	    connect(pair->client, at, length) == 0)
		pair->server =
		    accept4(pair->listener, NULL, NULL, SOCK_CLOEXEC);
}

static void
close_pair(const struct pair *pair)
{
	if (pair->server != -1)
		close(pair->server);
	if (pair->client != -1)
		close(pair->client);
	if (pair->listener != -1)
		close(pair->listener);
}

/* Where there is no connection to ask about, nothing speaks against it. */
static bool
answers(int diag)
{
	struct pair pair;
	bool known;
	uid_t uid;

	open_pair(&pair);
	known = pair.server == -1 || socket_owner_find(diag, pair.server, &uid);
	close_pair(&pair);
	return known;
}

int
socket_owner_open(void)
{
	const int diag = open_diag();

	if (diag == -1 || answers(diag))
		return diag;
	close(diag);
	errno = EPROTONOSUPPORT;
	return -1;
}
