/* sandbox.c - restricts what the process can do while it serves. */

#include "process/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/sockios.h>
#include <seccomp.h>

#include "base/log.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define PLACES_MAX 64

struct place {
	dev_t device;
	ino_t inode;
	enum landlock_use use;
};

struct sandbox {
	struct landlock_place to_be[PLACES_MAX]; /* owned copies */
	struct place place[PLACES_MAX];          /* those that existed */
	size_t to_be_count, count;
	bool restricted; /* Landlock is in force */
};

/* ---- system calls ---- */

/* Calls made by libc, libevent, libunbound, OpenSSL and our own code.  Names
 * that this kernel or architecture does not know are skipped. */
static const char *const allowed[] = {
	/* sockets */
	"accept", "accept4", "bind", "connect", "getpeername", "getsockname",
	"getsockopt", "listen", "recv", "recvfrom", "recvmmsg", "recvmsg",
	"send", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown",
	/* waiting */
	"clock_nanosleep", "epoll_create", "epoll_create1", "epoll_ctl",
	"epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd2", "futex",
	"nanosleep", "poll", "ppoll", "pselect6", "select", "timerfd_create",
	"timerfd_settime",
	/* files: configuration, anchors, sockets with a name, our own state */
	"access", "close", "close_range", "dup", "dup2", "dup3", "faccessat",
	"faccessat2", "fchownat", "fcntl", "fdatasync", "fstat", "fstatfs",
	"fsync", "ftruncate", "getcwd", "getdents64", "lseek", "lstat",
	"newfstatat", "pipe", "pipe2", "pread64", "pwrite64", "read",
	"readlink", "readlinkat", "readv", "rename", "renameat", "renameat2",
	"stat", "statx", "umask", "unlink", "unlinkat", "write", "writev",
	/* memory */
	"brk", "madvise", "mremap", "munmap",
	/* the child process of config_check */
	"alarm", "exit", "exit_group", "fork", "kill", "rseq",
	"set_robust_list", "setitimer", "tgkill", "vfork", "wait4",
	/* signals */
	"restart_syscall", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
	"rt_sigreturn", "rt_sigtimedwait", "sigaltstack", "signalfd4",
	/* the rest */
	"clock_getres", "clock_gettime", "getegid", "geteuid", "getgid",
	"getpgrp", "getpid", "getppid", "getpriority", "getrandom", "getresgid",
	"getresuid", "getrlimit", "getrusage", "gettid", "gettimeofday",
	"getuid", "sched_getaffinity", "sched_yield", "sysinfo", "time", "uname"
};

#ifdef __s390x__
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif
#define NAMESPACES                                                             \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |         \
	    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define SET_ID (S_ISUID | S_ISGID | S_ISVTX)
#define ALL_BITS UINT64_MAX

/* Allowed only if these bits of the argument have this value.  memfd_create:
 * zones for libunbound.  Modes: no set-id files.  ioctl: terminal check, number
 * of readable octets, interface names for link-local addresses; but not
 * TIOCSTI, which injects terminal input. */
static const struct {
	const char *name;
	unsigned argument;
	uint64_t bits, value;
} limited[] = {
	{ "socketpair", 0, ALL_BITS, AF_UNIX },
	{ "ioctl", 1, ALL_BITS, TCGETS },
	{ "ioctl", 1, ALL_BITS, FIONREAD },
	{ "ioctl", 1, ALL_BITS, FIONBIO },
	{ "ioctl", 1, ALL_BITS, SIOCGIFINDEX },
	{ "ioctl", 1, ALL_BITS, SIOCGIFNAME },
	{ "clone", CLONE_FLAGS, NAMESPACES, 0 },
	{ "chmod", 1, SET_ID, 0 },
	{ "fchmod", 1, SET_ID, 0 },
	{ "fchmodat", 2, SET_ID, 0 },
	{ "memfd_create", 1, ALL_BITS, MFD_CLOEXEC },
	{ "prlimit64", 0, ALL_BITS, 0 }, /* of this process */
	{ "mmap", 2, PROT_EXEC, 0 },
	{ "mprotect", 2, PROT_EXEC, 0 },
};

/* Sockets for DNS, the log and system services.  No netlink: what is read from
 * it uses a socket opened before.  Every other type and protocol would expose
 * kernel code. */
static const struct {
	int family, type, protocol;
} sockets[] = {
	{ AF_UNIX, SOCK_STREAM, 0 },
	{ AF_UNIX, SOCK_DGRAM, 0 },
	{ AF_INET, SOCK_STREAM, 0 },
	{ AF_INET, SOCK_STREAM, IPPROTO_TCP },
	{ AF_INET, SOCK_DGRAM, 0 },
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDP },
	{ AF_INET6, SOCK_STREAM, 0 },
	{ AF_INET6, SOCK_STREAM, IPPROTO_TCP },
	{ AF_INET6, SOCK_DGRAM, 0 },
	{ AF_INET6, SOCK_DGRAM, IPPROTO_UDP },
};

#define NO_FLAGS ~(uint64_t)(SOCK_NONBLOCK | SOCK_CLOEXEC)

/* O_TRUNC only with write access: before Linux 6.2, Landlock checks that
 * access, but not truncation itself. */
static const struct {
	uint64_t bits, value;
} opening[] = {
	{ O_TRUNC, 0 },
	{ O_TRUNC | O_ACCMODE, O_TRUNC | O_WRONLY },
	{ O_TRUNC | O_ACCMODE, O_TRUNC | O_RDWR },
};

static int
allow(scmp_filter_ctx filter, const char *name)
{
	const int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
}

static int
allow_limited(scmp_filter_ctx filter, size_t i)
{
	const int number = seccomp_syscall_resolve_name(limited[i].name);

	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1,
	    SCMP_CMP(limited[i].argument, SCMP_CMP_MASKED_EQ, limited[i].bits,
		limited[i].value));
}

static int
allow_sockets(scmp_filter_ctx filter)
{
	const int number = seccomp_syscall_resolve_name("socket");
	int error = 0;

	for (size_t i = 0;
	     i < sizeof(sockets) / sizeof(sockets[0]) && error == 0; i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 3,
		    SCMP_CMP(0, SCMP_CMP_MASKED_EQ, ALL_BITS,
			(uint64_t)sockets[i].family),
		    SCMP_CMP(1, SCMP_CMP_MASKED_EQ, NO_FLAGS,
			(uint64_t)sockets[i].type),
		    SCMP_CMP(2, SCMP_CMP_MASKED_EQ, ALL_BITS,
			(uint64_t)sockets[i].protocol));
	return error;
}

/* @flags: the index of the flags argument; the mode follows it. */
static int
allow_opening(scmp_filter_ctx filter, const char *name, unsigned flags)
{
	const int number = seccomp_syscall_resolve_name(name);
	int error = 0;

	if (number == __NR_SCMP_ERROR)
		return 0;
	for (size_t i = 0;
	     i < sizeof(opening) / sizeof(opening[0]) && error == 0; i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 2,
		    SCMP_CMP(flags, SCMP_CMP_MASKED_EQ, opening[i].bits,
			opening[i].value),
		    SCMP_CMP(flags + 1, SCMP_CMP_MASKED_EQ, SET_ID, 0));
	return error;
}

/* clone3() has its flags in memory, which a filter can't read.  On ENOSYS libc
 * falls back to clone(). */
static int
hide_clone3(scmp_filter_ctx filter)
{
	const int number = seccomp_syscall_resolve_name("clone3");

	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0);
}

static int
load_filter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int error = filter != NULL ? 0 : -ENOMEM;

	for (size_t i = 0;
	     i < sizeof(allowed) / sizeof(allowed[0]) && error == 0; i++)
		error = allow(filter, allowed[i]);
	for (size_t i = 0;
	     i < sizeof(limited) / sizeof(limited[0]) && error == 0; i++)
		error = allow_limited(filter, i);
	if (error == 0)
		error = allow_sockets(filter);
	if (error == 0)
		error = allow_opening(filter, "open", 1);
	if (error == 0)
		error = allow_opening(filter, "openat", 2);
	if (error == 0)
		error = hide_clone3(filter);
	if (error == 0)
		error = seccomp_load(filter);
	if (filter != NULL)
		seccomp_release(filter);
	return error;
}

/* ---- what may be written ---- */

int
sandbox_add(
    struct sandbox *sandbox, const char *directory, enum landlock_use use)
{
	struct landlock_place *place = &sandbox->to_be[sandbox->to_be_count];

	if (directory[0] == '\0')
		return 0;
	if (sandbox->to_be_count == PLACES_MAX) {
		errno = ENOSPC;
		return -1;
	}
	*place = (struct landlock_place){ strdup(directory), use };
	if (place->directory == NULL)
		return -1;
	sandbox->to_be_count++;
	return 0;
}

static void
remember_place(struct sandbox *sandbox, const struct landlock_place *place)
{
	struct stat st;

	if (stat(place->directory, &st) == 0)
		sandbox->place[sandbox->count++] =
		    (struct place){ st.st_dev, st.st_ino, place->use };
}

/* Returns 0, or -1 with errno. */
static int
restrict_writing(struct sandbox *sandbox)
{
	switch (landlock_restrict(sandbox->to_be, sandbox->to_be_count)) {
	case LANDLOCK_FAILED:
		break;
	case LANDLOCK_ABSENT:
		log_info("main: no Landlock here (%s): modes and owners alone "
			 "decide what can be written",
		    strerror(errno));
		return 0;
	case LANDLOCK_RESTRICTED:
		sandbox->restricted = true;
		for (size_t i = 0; i < sandbox->to_be_count; i++)
			remember_place(sandbox, &sandbox->to_be[i]);
		return 0;
	}
	return -1;
}

static bool
is_place(
    const struct sandbox *sandbox, const char *directory, enum landlock_use use)
{
	struct stat st;

	if (stat(directory, &st) == -1)
		return false;
	for (size_t i = 0; i < sandbox->count; i++)
		if (sandbox->place[i].device == st.st_dev &&
		    sandbox->place[i].inode == st.st_ino &&
		    sandbox->place[i].use == use)
			return true;
	return false;
}

bool
sandbox_allows(
    const struct sandbox *sandbox, const char *directory, enum landlock_use use)
{
	char path[PATH_MAX];
	char *slash;

	/* If the directory does not exist, the sandbox is not the reason. */
	if (!sandbox->restricted || access(directory, F_OK) == -1)
		return true;
	if (snprintf(path, sizeof(path), "%s", directory) >= (int)sizeof(path))
		return false;
	while (!is_place(sandbox, path, use)) {
		if ((slash = strrchr(path, '/')) == NULL || slash == path)
			return is_place(sandbox, "/", use);
		*slash = '\0';
	}
	return true;
}

/* ---- entering the sandbox ---- */

/* NSS modules are loaded at their first use, which maps executable code. */
static void
load_name_services(void)
{
	(void)getpwnam("-");
	(void)getgrnam("-");
	(void)getservbyname("-", "tcp");
}

/* Not dumpable: other processes of the same user can't access this one, and it
 * can't change its own code through /proc/self/mem, even without Landlock. */
int
sandbox_enter(struct sandbox *sandbox)
{
	static const struct rlimit none = { 0, 0 };
	int error = 0;

	if (SANITIZED)
		return 0;
	load_name_services();
	setrlimit(RLIMIT_CORE, &none);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    restrict_writing(sandbox) == -1)
		error = -errno;
	if (error == 0)
		error = load_filter();
	if (error == 0)
		return 0;
	log_error("main: sandbox: %s", strerror(-error));
	return -1;
}

struct sandbox *
sandbox_new(void)
{
	return calloc(1, sizeof(struct sandbox));
}

void
sandbox_free(struct sandbox *sandbox)
{
	if (sandbox == NULL)
		return;
	for (size_t i = 0; i < sandbox->to_be_count; i++)
		free((char *)sandbox->to_be[i].directory);
	free(sandbox);
}
