/* log.c - one line per event. */

#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_limit.h"

#define LINE_MAX_OCTETS 1024
#define PATIENCE_MS 100 /* maximum time to wait for the reader of the log */
#define MORE "log: %zu more like this: %s"

/* The first rate is for lines that a client or a name server can cause
 * repeatedly; the second for the lines that report our work, one for each
 * evaluation. */
static const struct log_limit_rate rare = { 50, 30 };
static const struct log_limit_rate often = { 2000, 6000 };

static struct {
	enum log_target target;
	enum log_level level;
	bool prefix;        /* prefix lines with "<6>": they go to the
			     * journal */
	unsigned long lost; /* lines lost since the last one was written */
	struct log_limit limit;
} state = { .target = LOG_TARGET_STDERR, .level = LOG_LEVEL_INFO };

static const struct {
	int priority;     /* of syslog(3) */
	const char *word; /* used in the line where priorities are not shown */
} levels[] = {
	[LOG_LEVEL_ERROR] = { LOG_ERR, "error: " },
	[LOG_LEVEL_WARNING] = { LOG_WARNING, "warning: " },
	[LOG_LEVEL_INFO] = { LOG_INFO, "" },
	[LOG_LEVEL_DEBUG] = { LOG_DEBUG, "" },
};

/* systemd.exec(5): JOURNAL_STREAM identifies the journal's stream. */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char text[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) == -1)
		return false;
	snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(stream, text) == 0;
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

/* In case a caller did not use log_printable(): a line stays one line. */
static void
blank_controls(char *line)
{
	for (; *line != '\0'; line++)
		if ((unsigned char)*line < 0x20 || *line == 0x7f)
			*line = '?';
}

/* If nobody reads the log, lines are lost, but mail goes on. */
static bool
stderr_takes_a_line(void)
{
	struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&fd, 1, state.lost == 0 ? PATIENCE_MS : 0) != 0;
}

static void
print_line(enum log_level level, const char *line)
{
	if (state.prefix)
		fprintf(stderr, "<%d>%s\n", levels[level].priority, line);
	else
		fprintf(stderr, "postdaned: %s%s\n", levels[level].word, line);
}

static void
print_or_lose(enum log_level level, const char *line)
{
	char lost[64];

	if (!stderr_takes_a_line()) {
		state.lost++;
		return;
	}
	if (state.lost > 0) {
		snprintf(lost, sizeof(lost), "log: %lu lines were lost here",
		    state.lost);
		state.lost = 0;
		print_line(LOG_LEVEL_WARNING, lost);
		if (!stderr_takes_a_line()) {
			state.lost++;
			return;
		}
	}
	print_line(level, line);
}

static void
write_line(enum log_level level, char *line)
{
	blank_controls(line);
	if (state.target == LOG_TARGET_SYSLOG)
		syslog(
		    levels[level].priority, "%s%s", levels[level].word, line);
	else
		print_or_lose(level, line);
}

static void
tell_more(int level, size_t left_out, const char *text)
{
	char line[LINE_MAX_OCTETS];

	snprintf(line, sizeof(line), MORE, left_out, text);
	write_line((enum log_level)level, line);
}

/* At level debug, everything is written. */
static bool
may_write(enum log_level level, const struct log_limit_rate *rate,
    const char *format, char **first)
{
	const uint64_t now = clock_ms();

	*first = NULL;
	if (log_wants(LOG_LEVEL_DEBUG))
		return true;
	log_limit_tell(&state.limit, now, false, tell_more);
	return log_limit_take(
	    &state.limit, format, (int)level, *rate, now, first);
}

static void vwrite(enum log_level level, const struct log_limit_rate *rate,
    const char *format, va_list ap) __attribute__((format(printf, 3, 0)));

static void
vwrite(enum log_level level, const struct log_limit_rate *rate,
    const char *format, va_list ap)
{
	const int saved = errno;
	char line[LINE_MAX_OCTETS], *first;

	if (!log_wants(level))
		return;
	if (may_write(level, rate, format, &first)) {
		vsnprintf(line, sizeof(line), format, ap);
		write_line(level, line);
	} else if (first != NULL) {
		vsnprintf(first, LOG_LIMIT_TEXT_MAX, format, ap);
	}
	errno = saved;
}

void
log_flush(void)
{
	const int saved = errno;

	log_limit_tell(&state.limit, clock_ms(), true, tell_more);
	errno = saved;
}

#define DEFINE_LOG(name, level, rate)                                          \
	void name(const char *format, ...)                                     \
	{                                                                      \
		va_list ap;                                                    \
                                                                               \
		va_start(ap, format);                                          \
		vwrite(level, &(rate), format, ap);                            \
		va_end(ap);                                                    \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR, rare)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING, rare)
DEFINE_LOG(log_info, LOG_LEVEL_INFO, rare)
DEFINE_LOG(log_decision, LOG_LEVEL_INFO, often)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG, rare)

const char *
log_printable(char *to, size_t size, const char *text, size_t len)
{
	size_t i = 0;

	for (; text != NULL && i < len && i + 1 < size; i++) {
		const char c = text[i];

		to[i] = c;
		if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
			to[i] = '?';
	}
	to[i] = '\0';
	return to;
}

/* Without characters that could look like the end of a field or a new one. */
static bool
is_word(const char *text)
{
	for (; *text != '\0'; text++)
		if (!((*text >= 'a' && *text <= 'z') ||
			(*text >= 'A' && *text <= 'Z') ||
			(*text >= '0' && *text <= '9') ||
			strchr("-_.:[]/*", *text) != NULL))
			return false;
	return true;
}

const char *
log_value(char *to, size_t size, const char *text, size_t len)
{
	size_t end;

	log_printable(to + 1, size - 2, text, len);
	end = 1 + strlen(to + 1);
	if (is_word(to + 1))
		return memmove(to, to + 1, end);
	to[0] = to[end] = '"';
	to[end + 1] = '\0';
	return to;
}
