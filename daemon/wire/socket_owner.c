/* socket_owner.c - the user that owns the socket at the other end. */

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

#include "base/prefix.h"

#define ANSWERS_MAX 16 /* maximum stale responses to skip */

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 diag;
};

/* With room for attributes, which are ignored. */
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

	/* A connected socket receives messages of the kernel only. */
	if (fd == -1 ||
	    connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* ---- request ---- */

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

static bool
set_request(struct request *request, int protocol,
    const struct sockaddr_storage *source,
    const struct sockaddr_storage *destination)
{
	struct inet_diag_sockid *id = &request->diag.id;

	request->header.nlmsg_len = sizeof(*request);
	request->header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->header.nlmsg_flags = NLM_F_REQUEST;
	request->diag.sdiag_family = (uint8_t)source->ss_family;
	request->diag.sdiag_protocol = (uint8_t)protocol;
	request->diag.idiag_states = UINT32_MAX;
	id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	return set_end(source, id->idiag_src, &id->idiag_sport) &&
	       set_end(destination, id->idiag_dst, &id->idiag_dport);
}

/* ---- response ---- */

/* A socket that is no longer open has no inode, and its owner is reported as
 * root.  If no socket has both addresses, as with a client on another machine,
 * the kernel returns a socket that listens at that port on all addresses. */
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

/* The response is there when send(2) returns. */
static bool
ask(int diag, struct request *request, uid_t *uid)
{
	static uint32_t sequence;
	struct answer answer;

	request->header.nlmsg_seq = ++sequence;
	if (send(diag, request, sizeof(*request), MSG_DONTWAIT) == -1)
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

/* The socket at the other end has the two addresses swapped. */
bool
socket_owner_find(int diag, int fd, uid_t *uid)
{
	struct sockaddr_storage theirs = { 0 }, ours = { 0 };
	socklen_t theirs_length = sizeof(theirs), ours_length = sizeof(ours);
	struct request request = { 0 };

	return diag != -1 &&
	       getpeername(fd, (struct sockaddr *)&theirs, &theirs_length) ==
		   0 &&
	       getsockname(fd, (struct sockaddr *)&ours, &ours_length) == 0 &&
	       set_request(&request, IPPROTO_TCP, &theirs, &ours) &&
	       ask(diag, &request, uid);
}

static bool
is_same_host(
    const struct sockaddr_storage *one, const struct sockaddr_storage *other)
{
	struct prefix a, b;

	return prefix_of(one, &a) && prefix_of(other, &b) &&
	       prefix_is_within(&a, &b);
}

/*
 * For UDP the kernel looks for the socket that would receive a datagram from
 * the first address to the second.  So the request is from ours to theirs,
 * unlike above.  The kernel would also return a socket that is bound to that
 * port alone, wherever the client is.
 */
bool
socket_owner_find_sender(
    int diag, int fd, const struct sockaddr_storage *client, uid_t *uid)
{
	struct sockaddr_storage ours = { 0 };
	socklen_t length = sizeof(ours);
	struct request request = { 0 };

	return diag != -1 &&
	       getsockname(fd, (struct sockaddr *)&ours, &length) == 0 &&
	       (prefix_is_loopback(client) || is_same_host(client, &ours)) &&
	       set_request(&request, IPPROTO_UDP, &ours, client) &&
	       ask(diag, &request, uid);
}

/* ---- self-test ---- */

/* The time limit is for a firewall that drops packets: one second. */
static int
loopback_socket(int type, struct sockaddr_storage *address)
{
	static const struct timeval limit = { 1, 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	socklen_t length = sizeof(*in);
	const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	memset(address, 0, sizeof(*address));
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ==
		0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ==
		0 &&
	    bind(fd, (struct sockaddr *)in, length) == 0 &&
	    getsockname(fd, (struct sockaddr *)in, &length) == 0)
		return fd;
	close(fd);
	return -1;
}

/* If no connection can be made, the test passes. */
static bool
knows_connection(int diag, int ours, int theirs, const struct sockaddr *at)
{
	int server = -1;
	bool known;
	uid_t uid;

	if (listen(ours, 1) == 0 &&
	    connect(theirs, at, sizeof(struct sockaddr_in)) == 0)
		server = accept4(ours, NULL, NULL, SOCK_CLOEXEC);
	if (server == -1)
		return true;
	known = socket_owner_find(diag, server, &uid);
	close(server);
	return known;
}

static bool
answers(int diag, int type)
{
	struct sockaddr_storage here, there;
	const int ours = loopback_socket(type, &here);
	const int theirs = loopback_socket(type, &there);
	bool known = true;
	uid_t uid;

	if (ours != -1 && theirs != -1)
		known = type == SOCK_DGRAM
			    ? socket_owner_find_sender(diag, ours, &there, &uid)
			    : knows_connection(diag, ours, theirs,
				  (const struct sockaddr *)&here);
	if (theirs != -1)
		close(theirs);
	if (ours != -1)
		close(ours);
	return known;
}

int
socket_owner_open(int type)
{
	const int diag = open_diag();

	if (diag == -1 || answers(diag, type))
		return diag;
	close(diag);
	errno = EPROTONOSUPPORT;
	return -1;
}
