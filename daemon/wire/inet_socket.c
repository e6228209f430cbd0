/* inet_socket.c - sockets at internet addresses. */

#include "wire/inet_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/endpoint.h"

int
inet_socket_bind(const struct endpoint *endpoint, int type)
{
	const int family = endpoint->address.ss_family, on = 1;
	const int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd == -1)
		return -1;
	/* With SO_REUSEADDR, two datagram sockets could share an address. */
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&endpoint->address,
		endpoint->length) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}
