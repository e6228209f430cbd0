/* unix_socket.c - sockets with a name in the file system. */

#include "wire/unix_socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* For a file of another kind connect(2) says the same, so that is asked first;
 * and a full backlog must not make us wait. */
bool
unix_socket_is_stale(const struct sockaddr_un *address)
{
	struct stat st;
	bool refused;
	int fd;

	if (lstat(address->sun_path, &st) == -1 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return false;
	refused = connect(fd, (const struct sockaddr *)address,
		      sizeof(*address)) == -1 &&
		  errno == ECONNREFUSED;
	close(fd);
	return refused;
}
