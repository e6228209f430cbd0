/* control_access.c - access to the daemon's control socket. */

#include "command/control_access.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/privileges.h"

/* The helper's reply: an errno, or 0 and the connection as ancillary data. */
struct message {
	int error;
	union {
		struct cmsghdr header; /* for its alignment */
		char octets[CMSG_SPACE(sizeof(int))];
	} control;
};

int
control_access_limit(int fd, int option, uint64_t deadline)
{
	const uint64_t now = clock_ms();
	const uint64_t left = deadline > now ? deadline - now : 0;
	const struct timeval time = { (time_t)(left / 1000),
		(suseconds_t)(left % 1000 * 1000) };

	/* A timeout of zero would mean no limit. */
	if (left == 0) {
		errno = ETIMEDOUT;
		return -1;
	}
	return setsockopt(fd, SOL_SOCKET, option, &time, sizeof(time));
}

static int
connect_ourselves(const char *path, uint64_t deadline)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, error;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || (control_access_limit(fd, SO_SNDTIMEO, deadline) == 0 &&
			    connect(fd, (const struct sockaddr *)&address,
				sizeof(address)) == 0))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* ---- in the helper ---- */

static struct msghdr
header_of(struct message *message, struct iovec *io)
{
	*io = (struct iovec){ &message->error, sizeof(message->error) };
	return (struct msghdr){ .msg_iov = io,
		.msg_iovlen = 1,
		.msg_control = message->control.octets,
		.msg_controllen = sizeof(message->control.octets) };
}

/* Returns 0, or -1 if the program has ended. */
static int
hand_over(int helper, int fd, int error)
{
	struct message message = { .error = fd != -1 ? 0 : error };
	struct iovec io;
	struct msghdr header = header_of(&message, &io);
	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);

	if (fd == -1) {
		header.msg_control = NULL;
		header.msg_controllen = 0;
	} else {
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	}
	return sendmsg(helper, &header, MSG_NOSIGNAL) != -1 ? 0 : -1;
}

/* Reads only deadlines.  Ends when the program does. */
static void
be_helper(const char *path, int helper)
{
	uint64_t deadline;

	/* A reader of our output waits until every copy of it is closed. */
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
	while (recv(helper, &deadline, sizeof(deadline), 0) ==
	       (ssize_t)sizeof(deadline)) {
		const int fd = connect_ourselves(path, deadline);
		const int result = hand_over(helper, fd, errno);

		if (fd != -1)
			close(fd);
		if (result == -1)
			break;
	}
	_exit(0);
}

/* ---- in the program ---- */

static int
connect_by_helper(int helper, uint64_t deadline)
{
	struct message message = { .error = ECONNRESET };
	struct iovec io;
	struct msghdr header = header_of(&message, &io);
	const struct cmsghdr *rights;
	int fd;

	if (control_access_limit(helper, SO_RCVTIMEO, deadline) == -1 ||
	    send(helper, &deadline, sizeof(deadline), MSG_NOSIGNAL) == -1 ||
	    recvmsg(helper, &header, MSG_CMSG_CLOEXEC) == -1)
		return -1;
	rights = CMSG_FIRSTHDR(&header);
	if (message.error != 0 || rights == NULL ||
	    rights->cmsg_type != SCM_RIGHTS) {
		errno = message.error != 0 ? message.error : EPROTO;
		return -1;
	}
	memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
	return fd;
}

int
control_access_connect(const struct control_access *access, uint64_t deadline)
{
	return access->helper != -1
		   ? connect_by_helper(access->helper, deadline)
		   : connect_ourselves(access->path, deadline);
}

int
control_access_leave_root(struct control_access *access)
{
	char why[PRIVILEGES_WHY_MAX];
	int ends[2];
	pid_t child;

	if (geteuid() != 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1 ||
	    (child = fork()) == -1) {
		fprintf(stderr, "postdane: %s\n", strerror(errno));
		return -1;
	}
	if (child == 0) {
		close(ends[0]);
		be_helper(access->path, ends[1]);
	}
	close(ends[1]);
	access->helper = ends[0];
	if (privileges_become_nobody(why) != PRIVILEGES_FAILED)
		return 0;
	fprintf(stderr, "postdane: can't become nobody: %s\n", why);
	return -1;
}
