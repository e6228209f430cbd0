/* policy_map.c - the tables of smtp_tls_policy_maps. */

#include "command/postfix/policy_map.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/child.h"
#include "command/control_access.h"

#define SEPARATORS ", \t\r\n"
#define GRACE_MS 1000 /* for the child to report its timeout */

/* ---- table names ---- */

/* "inet:127.0.0.1:8642"; Postfix also accepts inet:[::1]:8642. */
static const char *
parse_inet(const char *text, struct policy_map *map)
{
	const char *colon = strrchr(text, ':');
	struct endpoint endpoint;

	if (colon == NULL || colon == text || colon[1] == '\0')
		return "the host or the port is missing";
	snprintf(map->place, sizeof(map->place), "inet:%s", text);
	map->is_numeric = endpoint_parse(map->place, &endpoint) == NULL;
	if (map->is_numeric) /* the form used elsewhere */
		endpoint_text(&endpoint, map->place);
	return NULL;
}

static const char *
parse_socketmap(const char *text, struct policy_map *map)
{
	const char *colon = strrchr(text, ':');
	char place[POLICY_MAP_TEXT_MAX];

	if (colon == NULL || colon[1] == '\0')
		return "the name of the map is missing at its end";
	snprintf(map->name, sizeof(map->name), "%s", colon + 1);
	snprintf(place, sizeof(place), "%.*s", (int)(colon - text), text);
	if (strncmp(place, "inet:", 5) == 0)
		return parse_inet(place + 5, map);
	if (strncmp(place, "unix:", 5) != 0)
		return "after socketmap: stands neither inet: nor unix:, or "
		       "the "
		       "name of the map is missing at its end";
	map->is_unix = true;
	snprintf(map->place, sizeof(map->place), "%s", place + 5);
	return map->place[0] != '\0' ? NULL : "the path is missing";
}

static void
parse(struct policy_map *map)
{
	const char *text = map->text;

	if (strncmp(text, POLICY_MAP_PROXY, strlen(POLICY_MAP_PROXY)) == 0) {
		map->is_proxied = true;
		text += strlen(POLICY_MAP_PROXY);
	}
	if (strncmp(text, "socketmap:", 10) == 0) {
		map->kind = POLICY_MAP_SOCKETMAP;
		map->error = parse_socketmap(text + 10, map);
	} else if (strncmp(text, "tcp:", 4) == 0) {
		map->kind = POLICY_MAP_TCP;
		map->error = parse_inet(text + 4, map);
	}
}

bool
policy_map_next(const char **list, struct policy_map *map)
{
	const char *start = *list + strspn(*list, SEPARATORS);
	size_t depth = 0, len = 0;

	memset(map, 0, sizeof(*map));
	/* A table in braces may contain blanks: { inline:{…} } */
	for (; start[len] != '\0'; len++) {
		if (start[len] == '{')
			depth++;
		else if (start[len] == '}' && depth > 0)
			depth--;
		else if (depth == 0 && strchr(SEPARATORS, start[len]) != NULL)
			break;
	}
	*list = start + len;
	if (len == 0)
		return false;
	map->is_cut = snprintf(map->text, sizeof(map->text), "%.*s", (int)len,
			  start) >= (int)sizeof(map->text);
	parse(map);
	return true;
}

/* ---- the lookup, in the child ---- */

int
policy_map_become(const struct policy_map_viewer *viewer)
{
	if (viewer->root != NULL && chroot(viewer->root) == -1)
		return -1;
	if (chdir(viewer->root != NULL ? "/" : viewer->directory) == -1)
		return -1;
	if (viewer->uid == (uid_t)-1)
		return 0;
	if (setgroups(0, NULL) == -1 || setgid(viewer->gid) == -1 ||
	    setuid(viewer->uid) == -1)
		return -1;
	return 0;
}

static int
connect_to(const struct policy_map *map, uint64_t deadline)
{
	struct sockaddr_un path = { .sun_family = AF_UNIX };
	struct endpoint endpoint;
	int fd;

	if (!map->is_unix) {
		if (endpoint_parse(map->place, &endpoint) != NULL) {
			errno = EINVAL;
			return -1;
		}
	} else if (strlen(map->place) >= sizeof(path.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	} else {
		memcpy(path.sun_path, map->place, strlen(map->place) + 1);
		memcpy(&endpoint.address, &path, sizeof(path));
		endpoint.length = sizeof(path);
	}
	fd = socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (control_access_limit(fd, SO_SNDTIMEO, deadline) == -1 ||
	    connect(fd, (const struct sockaddr *)&endpoint.address,
		endpoint.length) == -1) {
		/* connect(2) reports the end of SO_SNDTIMEO as one of these. */
		const int error =
		    errno == EINPROGRESS || errno == EAGAIN ? ETIMEDOUT : errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static int
send_request(int fd, const struct policy_map *map, const char *key)
{
	char payload[800], request[900];

	if (map->kind == POLICY_MAP_TCP) {
		snprintf(request, sizeof(request), "get %s\n", key);
	} else {
		snprintf(payload, sizeof(payload), "%s %s", map->name, key);
		snprintf(request, sizeof(request), "%zu:%s,", strlen(payload),
		    payload);
	}
	return send(fd, request, strlen(request), MSG_NOSIGNAL) ==
		       (ssize_t)strlen(request)
		   ? 0
		   : -1;
}

/* Extracts "OK may" from "6:OK may,", and "200 may" from "200 may\n".  Returns
 * 0 or an errno value. */
static int
read_answer(
    int fd, const struct policy_map *map, uint64_t deadline, char text[256])
{
	const char end = map->kind == POLICY_MAP_TCP ? '\n' : ',';
	char buffer[1024], *start = buffer;
	size_t len = 0;

	for (;;) {
		ssize_t n;

		if (control_access_limit(fd, SO_RCVTIMEO, deadline) == -1)
			return errno;
		n = recv(fd, buffer + len, sizeof(buffer) - len, 0);
		if (n <= 0)
			return n == 0            ? ECONNRESET
			       : errno == EAGAIN ? ETIMEDOUT
						 : errno;
		len += (size_t)n;
		if (buffer[len - 1] == end)
			break;
		if (len == sizeof(buffer))
			return EMSGSIZE;
	}
	buffer[len - 1] = '\0';
	if (map->kind == POLICY_MAP_SOCKETMAP) {
		start = strchr(buffer, ':');
		if (start++ == NULL)
			return EPROTO;
	}
	snprintf(text, 256, "%.255s", start);
	for (char *c = text; *c != '\0'; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	return 0;
}

static void
ask(const struct policy_map *map, const struct policy_map_viewer *viewer,
    const char *key, uint64_t deadline, struct policy_map_answer *answer)
{
	int fd = -1;

	if (policy_map_become(viewer) == -1 ||
	    (fd = connect_to(map, deadline)) == -1 ||
	    send_request(fd, map, key) == -1)
		answer->error = errno;
	else
		answer->error = read_answer(fd, map, deadline, answer->text);
	if (fd != -1)
		close(fd);
}

/* ---- in the parent ---- */

/* The child runs as another user, who may stop it forever (SIGSTOP). */
static void
take_answer(
    int fd, pid_t child, uint64_t deadline, struct policy_map_answer *answer)
{
	if (!child_says(fd, deadline + GRACE_MS))
		answer->error = ETIMEDOUT;
	else if (read(fd, answer, sizeof(*answer)) != (ssize_t)sizeof(*answer))
		*answer = (struct policy_map_answer){ .error = EIO };
	close(fd);
	child_end(child, deadline + GRACE_MS);
}

void
policy_map_ask(const struct policy_map *map,
    const struct policy_map_viewer *viewer, const char *key, uint64_t deadline,
    struct policy_map_answer *answer)
{
	int end;
	pid_t pid;

	*answer = (struct policy_map_answer){ .error = EIO };
	if ((pid = child_fork(&end)) == -1) {
		answer->error = errno;
		return;
	}
	if (pid == 0) {
		answer->error = 0;
		ask(map, viewer, key, deadline, answer);
		_exit(write(end, answer, sizeof(*answer)) ==
			      (ssize_t)sizeof(*answer)
			  ? 0
			  : 1);
	}
	take_answer(end, pid, deadline, answer);
}
