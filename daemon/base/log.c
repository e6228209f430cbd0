/* log.c - one line per event. */

#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#define LINE_MAX_OCTETS 1024

static struct {
	enum log_target target;
	enum log_level level;
	bool prefix; /* "<6>": the line goes to the journal */
} state = { .target = LOG_TARGET_STDERR, .level = LOG_LEVEL_INFO };

static const int priorities[] = {
	[LOG_LEVEL_ERROR] = LOG_ERR,
	[LOG_LEVEL_WARNING] = LOG_WARNING,
	[LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

/* systemd.exec(5): JOURNAL_STREAM names the journal's own stream. */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long device, inode;
	struct stat st;

	return stream != NULL &&
	       sscanf(stream, "%lu:%lu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
	       st.st_ino == inode;
}

void
log_setup(enum log_target target, enum log_level level)
{
	state.target = target;
	state.level = level;
	state.prefix = stderr_is_journal();
	if (target == LOG_TARGET_SYSLOG)
		openlog("postdaned", LOG_PID, LOG_MAIL);
}

bool
log_wants(enum log_level level)
{
	return level <= state.level;
}

static void vwrite(enum log_level level, const char *format, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
vwrite(enum log_level level, const char *format, va_list ap)
{
	const int saved = errno;
	char line[LINE_MAX_OCTETS];

	if (!log_wants(level))
		return;
	vsnprintf(line, sizeof(line), format, ap);
	if (state.target == LOG_TARGET_SYSLOG)
		syslog(priorities[level], "%s", line);
	else if (state.prefix)
		fprintf(stderr, "<%d>%s\n", priorities[level], line);
	else
		fprintf(stderr, "postdaned: %s\n", line);
	errno = saved;
}

#define DEFINE_LOG(name, level)                                                \
	void name(const char *format, ...)                                     \
	{                                                                      \
		va_list ap;                                                    \
                                                                               \
		va_start(ap, format);                                          \
		vwrite(level, format, ap);                                     \
		va_end(ap);                                                    \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)

const char *
log_printable(char *to, size_t size, const char *text, size_t len)
{
	size_t i = 0;

	for (; text != NULL && i < len && i + 1 < size; i++) {
		const unsigned char c = (unsigned char)text[i];

		to[i] = c < 0x20 || c > 0x7e || c == '"' || c == '\\' ? '?'
								      : (char)c;
	}
	to[i] = '\0';
	return to;
}
