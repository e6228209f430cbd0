/* sandbox.c - what the process can still do once it serves. */

#include "process/sandbox.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

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

/* What libc, libevent, libunbound, OpenSSL and we ourselves call; names that
 * this machine's kernel or architecture does not know are passed over. */
static const char *const allowed[] = {
	/* sockets */
	"accept", "accept4", "bind", "connect", "getpeername", "getsockname",
	"getsockopt", "listen", "recv", "recvfrom", "recvmmsg", "recvmsg",
	"send", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown",
	"socket", "socketpair",
	/* waiting */
	"clock_nanosleep", "epoll_create", "epoll_create1", "epoll_ctl",
	"epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd2", "futex",
	"nanosleep", "poll", "ppoll", "pselect6", "select", "timerfd_create",
	"timerfd_settime",
	/* files: configuration, anchors, sockets with a name, our own state */
	"access", "chmod", "chown", "close", "close_range", "dup", "dup2",
	"dup3", "faccessat", "faccessat2", "fchmod", "fchmodat", "fcntl",
	"fdatasync", "fchownat", "fstat", "fstatfs", "fsync", "ftruncate",
	"lchown", "getcwd", "getdents64", "ioctl", "lseek", "lstat",
	"memfd_create", "mkdir", "newfstatat", "open", "openat", "pipe",
	"pipe2", "pread64", "pwrite64", "read", "readlink", "readlinkat",
	"readv", "rename", "renameat", "renameat2", "stat", "statx", "umask",
	"unlink", "unlinkat", "write", "writev",
	/* memory */
	"brk", "madvise", "mremap", "munmap",
	/* the child that tries a configuration */
	"alarm", "clone", "clone3", "exit", "exit_group", "fork", "kill",
	"rseq", "set_robust_list", "setitimer", "tgkill", "vfork", "wait4",
	/* signals */
	"restart_syscall", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
	"rt_sigreturn", "rt_sigtimedwait", "sigaltstack", "signalfd4",
	/* the rest */
	"clock_getres", "clock_gettime", "getegid", "geteuid", "getgid",
	"getpgrp", "getpid", "getppid", "getpriority", "getrandom", "getresgid",
	"getresuid", "getrlimit", "getrusage", "gettid", "gettimeofday",
	"getuid", "prlimit64", "sched_getaffinity", "sched_yield", "sysinfo",
	"time", "uname"
};

static int
allow(scmp_filter_ctx filter, const char *name)
{
	const int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
}

/* Pages may be writable or executable, not both; nor may they become
 * executable later, which no library of ours does. */
static int
allow_memory(scmp_filter_ctx filter)
{
	const int both = PROT_WRITE | PROT_EXEC;
	int error = 0;

	for (int have = 0; have <= PROT_EXEC && error == 0; have += PROT_WRITE)
		if (have != both)
			error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
			    SCMP_SYS(mmap), 1,
			    SCMP_A2(SCMP_CMP_MASKED_EQ, (scmp_datum_t)both,
				(scmp_datum_t)have));
	if (error == 0)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
		    SCMP_SYS(mprotect), 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, (scmp_datum_t)PROT_EXEC, 0));
	return error;
}

static int
load_filter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int error = filter != NULL ? 0 : -ENOMEM;

	for (size_t i = 0;
	     i < sizeof(allowed) / sizeof(allowed[0]) && error == 0; i++)
		error = allow(filter, allowed[i]);
	if (error == 0)
		error = allow_memory(filter);
	if (error == 0) /* sets no_new_privs, too */
		error = seccomp_load(filter);
	if (filter != NULL)
		seccomp_release(filter);
	return error;
}

int
sandbox_enter(void)
{
	static const struct rlimit none = { 0, 0 };
	int error;

	if (SANITIZED)
		return 0;
	setrlimit(RLIMIT_CORE, &none);
	if ((error = load_filter()) == 0)
		return 0;
	log_error("main: sandbox: %s", strerror(-error));
	return -1;
}
