/* endpoint.c - where to listen or connect. */

#include "base/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define HOST_MAX 64

static const char *
parse_port(const char *text, unsigned *port)
{
	char *end;
	unsigned long value;

	if (*text < '0' || *text > '9')
		return "has a port that is not a number";
	value = strtoul(text, &end, 10);
	if (*end != '\0' || value < 1 || value > 65535)
		return "has a port that is not a number from 1 to 65535";
	*port = (unsigned)value;
	return NULL;
}

/* Allocates no memory: libconfuse does not survive a failure while it reads a
 * default. */
static bool
parse_plain_host(const char *host, unsigned port, struct endpoint *endpoint)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&endpoint->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&endpoint->address;

	memset(endpoint, 0, sizeof(*endpoint));
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		endpoint->length = sizeof(*v4);
		return true;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		endpoint->length = sizeof(*v6);
		return true;
	}
	return false;
}

/* This leaves addresses with a zone: fe80::1%eth0. getaddrinfo() would accept
 * more: "*" as loopback, 010.0.0.1 as 8.0.0.1. */
static const char *
parse_host(const char *host, unsigned port, struct endpoint *endpoint)
{
	const struct addrinfo hints = { .ai_family = AF_INET6,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	char service[8];

	if (parse_plain_host(host, port, endpoint))
		return NULL;
	snprintf(service, sizeof(service), "%u", port);
	if (strchr(host, '%') == NULL ||
	    getaddrinfo(host, service, &hints, &found) != 0)
		return "is not a numeric IPv4 or IPv6 address";
	memset(endpoint, 0, sizeof(*endpoint));
	memcpy(&endpoint->address, found->ai_addr, found->ai_addrlen);
	endpoint->length = found->ai_addrlen;
	freeaddrinfo(found);
	return NULL;
}

const char *
endpoint_parse_address(
    const char *text, unsigned default_port, struct endpoint *endpoint)
{
	const char *colon = strrchr(text, ':');
	char host[HOST_MAX];
	unsigned port = default_port;
	const char *error;
	size_t len = strlen(text);

	if (text[0] == '[') {
		const char *close = strchr(text, ']');

		if (close == NULL || (close[1] != '\0' && close[1] != ':'))
			return "has no closing bracket before the port";
		if (close[1] == ':' &&
		    (error = parse_port(close + 2, &port)) != NULL)
			return error;
		text++;
		len = (size_t)(close - text);
	} else if (colon != NULL && strchr(text, ':') == colon) {
		if ((error = parse_port(colon + 1, &port)) != NULL)
			return error;
		len = (size_t)(colon - text);
	}
	if (len == 0 || len >= sizeof(host))
		return "is not a numeric IPv4 or IPv6 address";
	snprintf(host, sizeof(host), "%.*s", (int)len, text);
	return parse_host(host, port, endpoint);
}

static const char *
parse_unix(const char *path, struct endpoint *endpoint)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&endpoint->address;

	if (path[0] != '/')
		return "must have a path that begins with /";
	if (strlen(path) >= sizeof(un->sun_path))
		return "must have a path of at most 107 octets";
	memset(endpoint, 0, sizeof(*endpoint));
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, strlen(path) + 1);
	endpoint->length = sizeof(*un);
	return NULL;
}

const char *
endpoint_parse(const char *text, struct endpoint *endpoint)
{
	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(text + 5, endpoint);
	if (strncmp(text, "inet:", 5) != 0)
		return "must begin with inet: or unix:";
	text += 5;
	if (text[0] == '[' ? strstr(text, "]:") == NULL
			   : strchr(text, ':') == NULL ||
				 strchr(text, ':') != strrchr(text, ':'))
		return "must have the form inet:ADDRESS:PORT, an IPv6 address "
		       "in brackets";
	return endpoint_parse_address(text, 0, endpoint);
}

bool
endpoint_from_octets(
    const uint8_t *data, size_t len, unsigned port, struct endpoint *endpoint)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&endpoint->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&endpoint->address;

	memset(endpoint, 0, sizeof(*endpoint));
	if (len == 4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		memcpy(&v4->sin_addr, data, 4);
		endpoint->length = sizeof(*v4);
	} else if (len == 16) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		memcpy(&v6->sin6_addr, data, 16);
		endpoint->length = sizeof(*v6);
	}
	return endpoint->length > 0;
}

bool
endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->length == b->length &&
	       memcmp(&a->address, &b->address, a->length) == 0;
}

unsigned
endpoint_port(const struct sockaddr_storage *address)
{
	return ntohs(address->ss_family == AF_INET
			 ? ((const struct sockaddr_in *)address)->sin_port
			 : ((const struct sockaddr_in6 *)address)->sin6_port);
}

const char *
endpoint_text(const struct endpoint *endpoint, char text[ENDPOINT_TEXT_MAX])
{
	const struct sockaddr_storage *address = &endpoint->address;
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (address->ss_family == AF_UNIX) {
		snprintf(text, ENDPOINT_TEXT_MAX, "unix:%s",
		    ((const struct sockaddr_un *)address)->sun_path);
		return text;
	}
	if (getnameinfo((const struct sockaddr *)address, endpoint->length,
		host, sizeof(host), port, sizeof(port),
		NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(text, ENDPOINT_TEXT_MAX, "inet:?");
	else
		snprintf(text, ENDPOINT_TEXT_MAX,
		    strchr(host, ':') != NULL ? "inet:[%.64s]:%.8s"
					      : "inet:%.64s:%.8s",
		    host, port);
	return text;
}

const char *
endpoint_bind_error(const struct endpoint *endpoint, int error)
{
	if (endpoint->address.ss_family == AF_UNIX)
		return error == ENOENT ? "the directory does not exist"
				       : strerror(error);
	/* For an internet address there is no other reason. */
	if (error == EACCES)
		return "ports below 1024 take a privilege, which the daemon "
		       "has at its start at most, from root or from systemd: "
		       "this takes a restart by them";
	if (error == EADDRINUSE)
		return "Address already in use: ss -lntup shows by whom";
	return strerror(error);
}
