/*
 * escape.c - what a daemon that has been taken over would try.
 *
 * usage: escape free|caged DIRECTORY ATTEMPT
 *
 * Caged, it enters the daemon's sandbox first, with DIRECTORY for its state and
 * DIRECTORY/../sockets for its sockets.  Prints "done", or the error's name, or
 * the name of the signal that has killed it.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>

#include "process/sandbox.h"

#define PAGE 4096

static const char *directory; /* of the state */

/* Returns 0 where it has ended well, or -1 with its errno.  Where it was
 * killed, that is the attempt's result. */
static int
in_child(int (*run)(int), int argument)
{
	const pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(run(argument) == 0 ? 0 : errno);
	if (child == -1 || waitpid(child, &status, 0) == -1)
		return -1;
	if (WIFSIGNALED(status)) {
		printf("SIG%s\n", sigabbrev_np(WTERMSIG(status)));
		exit(EXIT_SUCCESS);
	}
	errno = WEXITSTATUS(status);
	return status == 0 ? 0 : -1;
}

/* With arguments that the kernel itself does not take, and says so by an error
 * of its own: the call has got there. */
static int
got_there(long result, int error)
{
	return result != -1 || errno == error ? 0 : -1;
}

/* ---- code ---- */

/* mov $42, %eax; ret.  Elsewhere the page is only made. */
#ifdef __x86_64__
static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
#else
static const unsigned char code[] = { 0 };
#endif

static int
call(void *page)
{
#ifdef __x86_64__
	int (*function)(void);

	memcpy(&function, &page, sizeof(function));
	return function() == 42 ? 0 : -1;
#else
	return page != NULL ? 0 : -1;
#endif
}

static int
run_page_of(int fd)
{
	void *page =
	    mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	return page != MAP_FAILED ? call(page) : -1;
}

static int
run_memory_file(void)
{
	const int fd = memfd_create("escape", MFD_CLOEXEC);

	if (fd == -1 || write(fd, code, sizeof(code)) == -1)
		return -1;
	return run_page_of(fd);
}

static int
run_written_file(void)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/code", directory);
	fd = open(path, O_RDWR | O_CREAT, 0700);
	if (fd == -1 || write(fd, code, sizeof(code)) == -1)
		return -1;
	return run_page_of(fd);
}

static int
map_all(void)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return -1;
	memcpy(page, code, sizeof(code));
	return call(page);
}

static int
protect_later(void)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return -1;
	memcpy(page, code, sizeof(code));
	return mprotect(page, PAGE, PROT_READ | PROT_EXEC) == 0 ? call(page)
								: -1;
}

/* Its own code, which is mapped without the right to write. */
static int
write_own_memory(void)
{
	const int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	const unsigned char *here = (const unsigned char *)write_own_memory;

	return fd != -1 && pwrite(fd, here, 1, (off_t)(intptr_t)here) == 1 ? 0
									   : -1;
}

/* The zones' needs neither, and huge pages are others' memory. */
static int
seal_memory_file(void)
{
	return memfd_create("escape", MFD_CLOEXEC | MFD_ALLOW_SEALING) != -1
		   ? 0
		   : -1;
}

static int
execute(void)
{
	char *const arguments[] = { "sh", "-c", "echo done", NULL };

	return execv("/bin/sh", arguments);
}

static int
execute_open(int fd)
{
	char *const none[] = { NULL };

	return (int)syscall(SYS_execveat, fd, "", none, none, AT_EMPTY_PATH);
}

static int
execute_memory_file(void)
{
	const int fd = memfd_create("escape", MFD_CLOEXEC);
	const int from = open("/bin/true", O_RDONLY | O_CLOEXEC);
	char buffer[PAGE];
	ssize_t n;

	while ((n = read(from, buffer, sizeof(buffer))) > 0)
		if (write(fd, buffer, (size_t)n) != n)
			return -1;
	return in_child(execute_open, fd);
}

/* ---- namespaces, and what is only to be had there ---- */

static int
clone_into(unsigned long flags)
{
	const long child = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);

	if (child == 0)
		_exit(0);
	return child > 0 && waitpid((pid_t)child, NULL, 0) == child ? 0 : -1;
}

static int
clone_user(void)
{
	return clone_into(CLONE_NEWUSER);
}

static int
clone_network(void)
{
	return clone_into(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS);
}

static int
clone3_user(void)
{
	struct clone_args args = { .flags = CLONE_NEWUSER,
		.exit_signal = SIGCHLD };
	const long child = syscall(SYS_clone3, &args, sizeof(args));

	if (child == 0)
		_exit(0);
	return child > 0 ? 0 : -1;
}

static int
unshare_user(void)
{
	return unshare(CLONE_NEWUSER);
}

static int
mount_something(void)
{
	return mount("none", "/tmp", "tmpfs", 0, NULL);
}

static int
enter_namespace(void)
{
	return got_there(setns(-1, 0), EBADF);
}

/* ---- sockets ---- */

static int
open_socket(int family, int type, int protocol)
{
	return socket(family, type | SOCK_CLOEXEC, protocol) != -1 ? 0 : -1;
}

static int
netlink_route(void)
{
	return open_socket(AF_NETLINK, SOCK_RAW, 0);
}

static int
netlink_netfilter(void)
{
	return open_socket(AF_NETLINK, SOCK_RAW, 12);
}

static int
vsock(void)
{
	return open_socket(AF_VSOCK, SOCK_STREAM, 0);
}

static int
packet(void)
{
	return open_socket(AF_PACKET, SOCK_RAW, 0);
}

static int
alg(void)
{
	return open_socket(AF_ALG, SOCK_SEQPACKET, 0);
}

/* Of this one, too, only those that were opened before. */
static int
netlink_sock_diag(void)
{
	return open_socket(AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG);
}

static int
raw(void)
{
	return open_socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
}

static int
raw_v6(void)
{
	return open_socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
}

static int
ping(void)
{
	return open_socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
}

static int
sctp(void)
{
	return open_socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
}

static int
multipath_tcp(void)
{
	return open_socket(AF_INET6, SOCK_STREAM, IPPROTO_MPTCP);
}

static int
udp_lite(void)
{
	return open_socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
}

static int
unix_packets(void)
{
	return open_socket(AF_UNIX, SOCK_SEQPACKET, 0);
}

static int
type_in_disguise(void)
{
	return syscall(SYS_socket, AF_UNIX, (1UL << 32) | SOCK_SEQPACKET, 0) !=
		       -1
		   ? 0
		   : -1;
}

/* The kernel looks at 32 bits of it. */
static int
netlink_in_disguise(void)
{
	return syscall(SYS_socket, (1UL << 32) | AF_NETLINK, SOCK_RAW, 0) != -1
		   ? 0
		   : -1;
}

/* ---- others ---- */

/* A file that is no terminal has another error to tell. */
static int
type_at_terminal(void)
{
	const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	return ioctl(fd, TIOCSTI, "#") == 0 || errno == ENOTTY ? 0 : -1;
}

static int
select_console(void)
{
	const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const char paste = 3;

	return ioctl(fd, TIOCLINUX, &paste) == 0 || errno == ENOTTY ? 0 : -1;
}

static int
limits_of(int process)
{
	struct rlimit limit;

	return (int)syscall(
	    SYS_prlimit64, process, RLIMIT_NOFILE, NULL, &limit);
}

static int
limits_of_parent(void)
{
	return in_child(limits_of, getpid());
}

static int
trace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int
share_memory(void)
{
	return shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600) != -1 ? 0 : -1;
}

/* Its own memory, for which the kernel asks for no right. */
static int
read_process(void)
{
	char from = 1, to = 0;
	const struct iovec here = { &to, 1 }, there = { &from, 1 };

	return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == 1 ? 0 : -1;
}

static int
write_process(void)
{
	char from = 1, to = 0;
	const struct iovec here = { &from, 1 }, there = { &to, 1 };

	return process_vm_writev(getpid(), &here, 1, &there, 1, 0) == 1 ? 0
									: -1;
}

static int
take_descriptor(void)
{
	return got_there(syscall(SYS_pidfd_getfd, -1, 0, 0), EBADF);
}

static int
load_program(void)
{
	return got_there(syscall(SYS_bpf, -1, NULL, 0), EINVAL);
}

static int
watch_events(void)
{
	return got_there(
	    syscall(SYS_perf_event_open, NULL, 0, -1, -1, -1L), EINVAL);
}

static int
queue_calls(void)
{
	struct io_uring_params params = { 0 };

	return syscall(SYS_io_uring_setup, 1, &params) != -1 ? 0 : -1;
}

static int
handle_faults(void)
{
	return syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY) != -1 ? 0 : -1;
}

static int
ask_for_keyring(void)
{
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID,
		   KEY_SPEC_SESSION_KEYRING, 0) != -1
		   ? 0
		   : -1;
}

static int
add_key(void)
{
	return syscall(SYS_add_key, "user", "escape", "", 1,
		   KEY_SPEC_PROCESS_KEYRING) != -1
		   ? 0
		   : -1;
}

/* There are no such flags: were it allowed, nothing would be loaded. */
static int
load_kernel(void)
{
	return got_there(syscall(SYS_kexec_load, 0, 0, NULL, -1L), EINVAL);
}

/* Who it is already. */
static int
set_user(void)
{
	return setuid(getuid());
}

static int
set_users(void)
{
	return setresuid(getuid(), getuid(), getuid());
}

#ifdef __x86_64__
/* A kernel may know system calls by other numbers, of which a filter that only
 * compares numbers has not heard. */
static int
get_pid_of_x32(int argument)
{
	(void)argument;
	return syscall(0x40000000 | SYS_getpid) != -1 ? 0 : -1;
}

static int
call_x32(void)
{
	return in_child(get_pid_of_x32, 0);
}

static int
get_pid_of_i386(int argument)
{
	long result = 20;

	(void)argument;
	__asm__ volatile("int $0x80"
			 : "+a"(result)
			 :
			 : "r8", "r9", "r10", "r11", "memory", "cc");
	return result > 0 ? 0 : -1;
}

static int
call_i386(void)
{
	return in_child(get_pid_of_i386, 0);
}
#endif

/* ---- files ---- */

static int
make_file_at(const char *name, mode_t mode)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode) != -1 ? 0 : -1;
}

static int
make_set_id_file(void)
{
	return make_file_at("set-id", 04755);
}

static int
set_id(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/own", directory);
	return make_file_at("own", 0600) == 0 ? chmod(path, 06755) : -1;
}

static int
set_id_of_open(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/own", directory);
	return make_file_at("own", 0600) == 0
		   ? fchmod(open(path, O_RDONLY | O_CLOEXEC), 02755)
		   : -1;
}

static int
make_directory(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/made", directory);
	return mkdir(path, 0700);
}

static int
write_elsewhere(void)
{
	return make_file_at("../elsewhere", 0600);
}

static int
write_beside_sockets(void)
{
	return make_file_at("../sockets/file", 0600);
}

/* Of a file that is only opened for reading: Landlock looks at that from its
 * third version on, Linux 6.2. */
static int
truncate_by_reading(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/own", directory);
	if (make_file_at("own", 0600) == -1)
		return -1;
	return open(path, O_RDONLY | O_TRUNC | O_CLOEXEC) != -1 ? 0 : -1;
}

/* The fourth way to open, for neither. */
static int
truncate_by_neither(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/own", directory);
	if (make_file_at("own", 0600) == -1)
		return -1;
	return open(path, O_ACCMODE | O_TRUNC | O_CLOEXEC) != -1 ? 0 : -1;
}

static int
make_link(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/link", directory);
	return symlink("/etc/passwd", path);
}

/* A second name stays where the first was thought to be gone. */
static int
make_second_name(void)
{
	char old[PATH_MAX], new[PATH_MAX];

	snprintf(old, sizeof(old), "%s/own", directory);
	snprintf(new, sizeof(new), "%s/second", directory);
	return make_file_at("own", 0600) == 0 ? link(old, new) : -1;
}

static int
make_second_name_at(void)
{
	char old[PATH_MAX], new[PATH_MAX];

	snprintf(old, sizeof(old), "%s/own", directory);
	snprintf(new, sizeof(new), "%s/second-at", directory);
	return make_file_at("own", 0600) == 0
		   ? linkat(AT_FDCWD, old, AT_FDCWD, new, 0)
		   : -1;
}

static int
open_by_handle(void)
{
	return got_there(
	    syscall(SYS_open_by_handle_at, -1, NULL, O_RDONLY), EFAULT);
}

static int
write_device(void)
{
	const int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	return fd != -1 ? 0 : -1;
}

/* ---- what the daemon needs ---- */

static int
write_state(void)
{
	char old[PATH_MAX], new[PATH_MAX];

	snprintf(old, sizeof(old), "%s/state.new", directory);
	snprintf(new, sizeof(new), "%s/state", directory);
	return make_file_at("state.new", 0600) == 0 && rename(old, new) == 0 &&
		       unlink(new) == 0
		   ? 0
		   : -1;
}

static int
bind_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int n = snprintf(address.sun_path, sizeof(address.sun_path),
	    "%s/../sockets/socket", directory);

	return n < (int)sizeof(address.sun_path) &&
		       bind(fd, (const struct sockaddr *)&address,
			   sizeof(address)) == 0 &&
		       chmod(address.sun_path, 0660) == 0 &&
		       unlink(address.sun_path) == 0
		   ? 0
		   : -1;
}

static int
do_nothing(int argument)
{
	return argument;
}

static int
fork_child(void)
{
	return in_child(do_nothing, 0);
}

static int
zones_in_memory(void)
{
	const int fd = memfd_create("zones", MFD_CLOEXEC);
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return write(fd, "zones", 5) == 5 &&
		       open(path, O_RDONLY | O_CLOEXEC) != -1
		   ? 0
		   : -1;
}

/* As libunbound does, and we do, and sd_notify(3) and syslog(3). */
static int
all_sockets(void)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (int i = 0; i < 2; i++)
		if (open_socket(families[i], SOCK_STREAM | SOCK_NONBLOCK, 0) ==
			-1 ||
		    open_socket(families[i], SOCK_STREAM, IPPROTO_TCP) == -1 ||
		    open_socket(families[i], SOCK_DGRAM | SOCK_NONBLOCK, 0) ==
			-1 ||
		    open_socket(families[i], SOCK_DGRAM, IPPROTO_UDP) == -1)
			return -1;
	return open_socket(AF_UNIX, SOCK_DGRAM, 0) == 0 &&
		       socket(AF_UNIX, SOCK_STREAM, 0) != -1
		   ? 0
		   : -1;
}

static int
own_limits(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit);
}

static const struct {
	const char *name;
	int (*run)(void);
} attempts[] = {
	{ "add-key", add_key },
	{ "alg", alg },
	{ "ask-for-keyring", ask_for_keyring },
#ifdef __x86_64__
	{ "call-i386", call_i386 },
	{ "call-x32", call_x32 },
#endif
	{ "clone-network", clone_network },
	{ "clone-user", clone_user },
	{ "clone3-user", clone3_user },
	{ "enter-namespace", enter_namespace },
	{ "execute", execute },
	{ "execute-memory-file", execute_memory_file },
	{ "handle-faults", handle_faults },
	{ "limits-of-others", limits_of_parent },
	{ "load-kernel", load_kernel },
	{ "load-program", load_program },
	{ "make-directory", make_directory },
	{ "make-link", make_link },
	{ "make-second-name", make_second_name },
	{ "make-second-name-at", make_second_name_at },
	{ "make-set-id-file", make_set_id_file },
	{ "map-all", map_all },
	{ "mount", mount_something },
	{ "multipath-tcp", multipath_tcp },
	{ "netlink-in-disguise", netlink_in_disguise },
	{ "netlink-netfilter", netlink_netfilter },
	{ "netlink-route", netlink_route },
	{ "netlink-sock-diag", netlink_sock_diag },
	{ "open-by-handle", open_by_handle },
	{ "packet", packet },
	{ "ping", ping },
	{ "protect-later", protect_later },
	{ "queue-calls", queue_calls },
	{ "raw", raw },
	{ "raw-v6", raw_v6 },
	{ "read-process", read_process },
	{ "run-memory-file", run_memory_file },
	{ "run-written-file", run_written_file },
	{ "sctp", sctp },
	{ "seal-memory-file", seal_memory_file },
	{ "select-console", select_console },
	{ "set-id", set_id },
	{ "set-id-of-open", set_id_of_open },
	{ "set-user", set_user },
	{ "set-users", set_users },
	{ "share-memory", share_memory },
	{ "take-descriptor", take_descriptor },
	{ "trace", trace },
	{ "truncate-by-neither", truncate_by_neither },
	{ "truncate-by-reading", truncate_by_reading },
	{ "type-at-terminal", type_at_terminal },
	{ "type-in-disguise", type_in_disguise },
	{ "udp-lite", udp_lite },
	{ "unix-packets", unix_packets },
	{ "unshare-user", unshare_user },
	{ "vsock", vsock },
	{ "watch-events", watch_events },
	{ "write-beside-sockets", write_beside_sockets },
	{ "write-device", write_device },
	{ "write-elsewhere", write_elsewhere },
	{ "write-own-memory", write_own_memory },
	{ "write-process", write_process },
	/* and what must go on */
	{ "all-sockets", all_sockets },
	{ "bind-socket", bind_socket },
	{ "fork", fork_child },
	{ "own-limits", own_limits },
	{ "write-state", write_state },
	{ "zones-in-memory", zones_in_memory },
};

static int
enter(void)
{
	struct sandbox *sandbox = sandbox_new();
	char sockets[PATH_MAX];

	snprintf(sockets, sizeof(sockets), "%s/../sockets", directory);
	return sandbox != NULL &&
		       sandbox_add(sandbox, directory, LANDLOCK_FILES) == 0 &&
		       sandbox_add(sandbox, sockets, LANDLOCK_SOCKETS) == 0 &&
		       sandbox_enter(sandbox) == 0
		   ? 0
		   : -1;
}

int
main(int argc, char **argv)
{
	if (argc != 4)
		return EXIT_FAILURE;
	directory = argv[2];
	if (strcmp(argv[1], "caged") == 0 && enter() == -1)
		return EXIT_FAILURE;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		if (strcmp(attempts[i].name, argv[3]) != 0)
			continue;
		errno = 0;
		puts(attempts[i].run() == 0 ? "done" : strerrorname_np(errno));
		return EXIT_SUCCESS;
	}
	fprintf(stderr, "escape: no attempt \"%s\"\n", argv[3]);
	return EXIT_FAILURE;
}
