/*
 * load.c - asks as Postfix does: persistent connections, one question in
 * flight on each; over both protocols, TCP and unix sockets.
 *
 * usage: load [-p socketmap|tcp] [-m MAP] [-c CONNECTIONS] [-t SECONDS | -o]
 *             [-z THETA] [-s SEED] [-k KEYS] [-x KEYS -X PERMILLE]
 *             [-r RATE] [-i SECONDS] [-e VERDICT] PLACE
 *
 *   -t   for so long; -o: each key of -k once, in order
 *   -z   zipf: the key of rank n is asked for as 1/n^THETA; without: uniform
 *   -k   keys: a file, one a line, or PREFIX#SUFFIX:FROM:COUNT, where # stands
 *        for the number
 *   -x   other keys, in order and each once, of which so many of a thousand
 *        questions are
 *   -r   so many questions a second and not more; then whoever still waits at
 *        the end is waited for, and a question that is never answered ends it
 *        with 4
 *   -i   a line of results each so often, of what came since the last one
 *   -e   a verdict other than this one is counted as bad
 *
 * Prints one line of JSON: counts, and percentiles of latency in microseconds
 * for the keys of -k and, as "other", for those of -x.  Ends with 3 if the
 * server closes a connection.
 */

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "connect.h"

#define EVENTS 256
#define PATIENCE_NS 100000000000U /* Postfix's */
#define KEY_MAX 300
#define REQUEST_MAX (KEY_MAX * 4)
#define REPLY_MAX 8192

/* ---- keys ---- */

struct keys {
	char **line; /* NULL where they are made of a pattern */
	char prefix[KEY_MAX], suffix[KEY_MAX];
	uint64_t from, count;
	uint64_t next; /* for those that are asked in order */
	double *share; /* zipf: cumulated; NULL: uniform */
};

static void
read_keys(struct keys *keys, const char *path)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t room = 0, space = 0;
	ssize_t len;

	if (file == NULL)
		die(path);
	while ((len = getline(&line, &room, file)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (keys->count == space) {
			space = space > 0 ? 2 * space : 1024;
			keys->line =
			    realloc(keys->line, space * sizeof(*keys->line));
		}
		if (keys->line == NULL ||
		    (keys->line[keys->count++] = strdup(line)) == NULL)
			die("memory");
	}
	free(line);
	fclose(file);
}

static void
parse_keys(struct keys *keys, const char *text)
{
	unsigned long long from, count;

	if (sscanf(text, "%250[^#]#%250[^:]:%llu:%llu", keys->prefix,
		keys->suffix, &from, &count) == 4) {
		keys->from = from;
		keys->count = count;
	} else {
		read_keys(keys, text);
	}
	if (keys->count == 0) {
		fprintf(stderr, "no keys: %s\n", text);
		exit(2);
	}
}

static void
make_zipf(struct keys *keys, double theta)
{
	double sum = 0;

	if ((keys->share = calloc(keys->count, sizeof(double))) == NULL)
		die("memory");
	for (uint64_t i = 0; i < keys->count; i++)
		keys->share[i] = sum += pow((double)(i + 1), -theta);
	for (uint64_t i = 0; i < keys->count; i++)
		keys->share[i] /= sum;
}

static size_t
key_text(const struct keys *keys, uint64_t i, char out[KEY_MAX * 3])
{
	if (keys->line != NULL)
		return (size_t)snprintf(out, KEY_MAX * 3, "%s", keys->line[i]);
	return (size_t)snprintf(out, KEY_MAX * 3, "%s%llu%s", keys->prefix,
	    (unsigned long long)(keys->from + i), keys->suffix);
}

/* xorshift64*: all that is wanted is speed and a seed. */
static uint64_t
draw(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545F4914F6CDD1DU;
}

static uint64_t
pick(const struct keys *keys, uint64_t *state)
{
	const double at = (double)(draw(state) >> 11) / 9007199254740992.0;
	uint64_t low = 0, high = keys->count - 1;

	if (keys->share == NULL)
		return (uint64_t)(at * (double)keys->count);
	while (low < high) {
		const uint64_t middle = (low + high) / 2;

		if (keys->share[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- latencies: 64 steps for each power of two of nanoseconds ---- */

#define STEPS 64

struct latencies {
	uint64_t count[64 * STEPS];
	uint64_t total, sum, max;
};

static void
note(struct latencies *latencies, uint64_t ns)
{
	const unsigned power =
	    ns < STEPS ? 6 : 63 - (unsigned)__builtin_clzll(ns);
	const uint64_t step = ns < STEPS ? ns : (ns >> (power - 6)) - STEPS;

	latencies->count[ns < STEPS ? step : (power - 5) * STEPS + step]++;
	latencies->total++;
	latencies->sum += ns;
	if (ns > latencies->max)
		latencies->max = ns;
}

/* The upper end of the step, in microseconds. */
static double
percentile(const struct latencies *latencies, double share)
{
	const uint64_t want = (uint64_t)ceil((double)latencies->total * share);
	uint64_t seen = 0;

	for (unsigned i = 0; i < 64 * STEPS; i++) {
		const unsigned power = i / STEPS;

		if ((seen += latencies->count[i]) < want || seen == 0)
			continue;
		if (power == 0)
			return i / 1e3;
		return (double)((uint64_t)(STEPS + i % STEPS + 1)
				<< (power - 1)) /
		       1e3;
	}
	return 0;
}

static void
print_latencies(const struct latencies *l)
{
	printf("\"count\": %llu, \"mean\": %.1f, \"p50\": %.1f, \"p90\": %.1f, "
	       "\"p99\": %.1f, \"p999\": %.1f, \"max\": %.1f",
	    (unsigned long long)l->total,
	    l->total > 0 ? (double)l->sum / (double)l->total / 1e3 : 0,
	    percentile(l, 0.5), percentile(l, 0.9), percentile(l, 0.99),
	    percentile(l, 0.999), (double)l->max / 1e3);
}

/* ---- connections ---- */

struct connection {
	int fd;
	uint64_t sent; /* nanoseconds */
	bool other, waiting;
	size_t len;
	char reply[REPLY_MAX];
};

static struct {
	bool tcp_table, once;
	const char *map;
	unsigned connections;
	double seconds, rate, interval;
	const char *verdict; /* NULL: any */
	unsigned permille;
	struct place place;
	struct keys keys, others;
	uint64_t random;
	struct latencies latencies, other_latencies;
	uint64_t ok, temp, notfound, bad;
	unsigned in_flight;
} load = { .map = "query", .connections = 1, .seconds = 1, .random = 4711 };

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* ---- requests ---- */

/* What is drawn and written down before the clock runs, to be sent one after
 * the other, and again from the beginning: whoever measures should not be what
 * is measured, and two thousand keys should cost as much as a million. */
#define TAPE_REQUESTS (1U << 19)

static struct {
	char *text;
	size_t size, used, at;
	uint64_t count, next;
} tape;

static size_t
write_request(const struct keys *keys, uint64_t i, char text[REQUEST_MAX])
{
	char key[KEY_MAX * 3];
	const size_t len = key_text(keys, i, key);
	const int n = load.tcp_table
			  ? snprintf(text, REQUEST_MAX, "get %s\n", key)
			  : snprintf(text, REQUEST_MAX, "%zu:%s %s,",
				strlen(load.map) + 1 + len, load.map, key);

	return (size_t)n;
}

static void
tape_add(uint64_t i)
{
	if (tape.size - tape.used < REQUEST_MAX + 2) {
		tape.size = tape.size * 2 + 65536;
		if ((tape.text = realloc(tape.text, tape.size)) == NULL)
			die("memory");
	}
	const uint16_t len = (uint16_t)write_request(
	    &load.keys, i, tape.text + tape.used + sizeof(uint16_t));

	memcpy(tape.text + tape.used, &len, sizeof(len));
	tape.used += sizeof(len) + len;
	tape.count++;
}

static void
tape_make(void)
{
	const uint64_t count = load.once ? load.keys.count : TAPE_REQUESTS;

	for (uint64_t i = 0; i < count; i++)
		tape_add(load.once ? i : pick(&load.keys, &load.random));
}

static const char *
tape_read(size_t *len)
{
	uint16_t here;
	const char *text;

	if (tape.next == tape.count) {
		if (load.once)
			return NULL;
		tape.next = tape.at = 0;
	}
	memcpy(&here, tape.text + tape.at, sizeof(here));
	text = tape.text + tape.at + sizeof(here);
	tape.at += sizeof(here) + here;
	tape.next++;
	*len = here;
	return text;
}

static bool
wants_other(void)
{
	return load.permille > 0 && load.others.next < load.others.count &&
	       draw(&load.random) % 1000 < load.permille;
}

static void
ask(struct connection *connection, uint64_t now)
{
	char other[REQUEST_MAX];
	const char *text = other;
	size_t len;

	connection->other = wants_other();
	if (connection->other)
		len = write_request(&load.others, load.others.next++, other);
	else if ((text = tape_read(&len)) == NULL)
		return;
	connection->len = 0;
	connection->waiting = true;
	connection->sent = now;
	load.in_flight++;
	if (send(connection->fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
		die("send");
}

/* ---- replies ---- */

static bool
is_whole(const struct connection *connection)
{
	const char *reply = connection->reply;
	char *end;
	size_t len;

	if (connection->len == 0)
		return false;
	if (load.tcp_table)
		return reply[connection->len - 1] == '\n';
	len = strtoul(reply, &end, 10);
	return *end == ':' &&
	       connection->len >= (size_t)(end - reply) + len + 2;
}

static bool
is_wanted(const char *verdict)
{
	const size_t len = load.verdict != NULL ? strlen(load.verdict) : 0;

	return load.verdict == NULL ||
	       (strncmp(verdict, load.verdict, len) == 0 &&
		   (verdict[len] == ',' || verdict[len] == '\n'));
}

static void
count_reply(const struct connection *connection)
{
	const char *status = connection->reply;
	bool ok;

	if (!load.tcp_table)
		status = strchr(status, ':') + 1;
	ok = strncmp(status, load.tcp_table ? "200 " : "OK ",
		 load.tcp_table ? 4 : 3) == 0;
	if (ok && is_wanted(status + (load.tcp_table ? 4 : 3)))
		load.ok++;
	else if (strncmp(status, "TEMP", 4) == 0 ||
		 strncmp(status, "400", 3) == 0)
		load.temp++;
	else if (strncmp(status, "NOTF", 4) == 0 ||
		 strncmp(status, "500", 3) == 0)
		load.notfound++;
	else
		load.bad++;
}

static void
receive(struct connection *connection, uint64_t *now)
{
	const ssize_t n =
	    recv(connection->fd, connection->reply + connection->len,
		REPLY_MAX - 1 - connection->len, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		fprintf(stderr, "the server has closed a connection\n");
		exit(3);
	}
	connection->len += (size_t)n;
	connection->reply[connection->len] = '\0';
	if (!is_whole(connection))
		return;
	*now = now_ns();
	note(connection->other ? &load.other_latencies : &load.latencies,
	    *now - connection->sent);
	count_reply(connection);
	connection->waiting = false;
	load.in_flight--;
}

static void
open_connection(struct connection *connection, int loop)
{
	struct epoll_event event = { .events = EPOLLIN,
		.data.ptr = connection };

	connection->fd = socket(load.place.address.ss_family, SOCK_STREAM, 0);
	if (connection->fd == -1 ||
	    connect(connection->fd, (struct sockaddr *)&load.place.address,
		load.place.length) == -1)
		die("connect");
	no_delay(connection->fd);
	if (epoll_ctl(loop, EPOLL_CTL_ADD, connection->fd, &event) == -1)
		die("epoll_ctl");
}

static void
receive_all(int loop, int timeout_ms, uint64_t *now)
{
	struct epoll_event events[EVENTS];
	const int count = epoll_wait(loop, events, EVENTS, timeout_ms);

	if (count <= 0)
		*now = now_ns();
	for (int i = 0; i < count; i++) {
		struct connection *connection = events[i].data.ptr;

		receive(connection, now);
		if (!connection->waiting && load.rate == 0)
			ask(connection, *now);
	}
}

/* Returns the seconds it took. */
static double
run(struct connection *connections, int loop)
{
	const uint64_t start = now_ns();
	uint64_t now = start;
	const uint64_t end =
	    load.once ? UINT64_MAX : start + (uint64_t)(load.seconds * 1e9);

	for (unsigned i = 0; i < load.connections; i++)
		ask(&connections[i], now);
	/* What is in flight at the end does not count. */
	while (load.in_flight > 0 && now < end)
		receive_all(loop, 100, &now);
	return (double)(now_ns() - start) / 1e9;
}

static void print_result(double seconds);

/* Asks whoever is idle, if it is time for it; what nobody was free to ask is
 * not made up for. */
static void
ask_due(struct connection *connections, uint64_t now, uint64_t *due)
{
	const uint64_t step = (uint64_t)(1e9 / load.rate);

	for (unsigned i = 0; i < load.connections && *due <= now; i++) {
		if (connections[i].waiting)
			continue;
		ask(&connections[i], now);
		*due += step;
	}
	if (*due <= now)
		*due = now + step;
}

static void
tell(uint64_t now, uint64_t *since)
{
	if (load.interval == 0 ||
	    now < *since + (uint64_t)(load.interval * 1e9))
		return;
	print_result((double)(now - *since) / 1e9);
	fflush(stdout);
	load.latencies = load.other_latencies = (struct latencies){ 0 };
	load.ok = load.temp = load.notfound = load.bad = 0;
	*since = now;
}

/* As run(), at a rate.  Returns the seconds of the last line. */
static double
run_slowly(struct connection *connections, int loop)
{
	uint64_t now = now_ns(), due = now, since = now;
	const uint64_t end = now + (uint64_t)(load.seconds * 1e9);

	while (now < end || load.in_flight > 0) {
		if (now < end)
			ask_due(connections, now, &due);
		else if (now > end + PATIENCE_NS)
			break;
		receive_all(loop,
		    due > now + 1000000 ? (int)((due - now) / 1000000) : 1,
		    &now);
		tell(now, &since);
	}
	return (double)(now - since) / 1e9;
}

static void
print_result(double seconds)
{
	printf("{\"seconds\": %.3f, \"rate\": %.1f, \"ok\": %llu, \"temp\": "
	       "%llu, \"notfound\": %llu, \"bad\": %llu, ",
	    seconds,
	    (double)(load.latencies.total + load.other_latencies.total) /
		seconds,
	    (unsigned long long)load.ok, (unsigned long long)load.temp,
	    (unsigned long long)load.notfound, (unsigned long long)load.bad);
	print_latencies(&load.latencies);
	printf(", \"other\": {");
	print_latencies(&load.other_latencies);
	printf("}}\n");
}

static void
parse_options(int argc, char **argv)
{
	double theta = 0;
	int c;

	while ((c = getopt(argc, argv, "p:m:c:t:oz:s:k:x:X:r:i:e:")) != -1) {
		switch (c) {
		case 'p':
			load.tcp_table = strcmp(optarg, "tcp") == 0;
			break;
		case 'm':
			load.map = optarg;
			break;
		case 'c':
			load.connections = (unsigned)atoi(optarg);
			break;
		case 't':
			load.seconds = atof(optarg);
			break;
		case 'o':
			load.once = true;
			break;
		case 'z':
			theta = atof(optarg);
			break;
		case 's':
			load.random = strtoull(optarg, NULL, 10) * 2 + 1;
			break;
		case 'k':
			parse_keys(&load.keys, optarg);
			break;
		case 'x':
			parse_keys(&load.others, optarg);
			break;
		case 'X':
			load.permille = (unsigned)atoi(optarg);
			break;
		case 'r':
			load.rate = atof(optarg);
			break;
		case 'i':
			load.interval = atof(optarg);
			break;
		case 'e':
			load.verdict = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc || load.keys.count == 0) {
		fprintf(stderr, "usage: load [options] -k KEYS PLACE\n");
		exit(2);
	}
	if (theta > 0)
		make_zipf(&load.keys, theta);
	tape_make();
	parse_place(argv[optind], &load.place);
}

int
main(int argc, char **argv)
{
	const struct rlimit files = { 65536, 65536 };
	const int loop = epoll_create1(0);
	struct connection *connections;

	(void)setrlimit(RLIMIT_NOFILE, &files);
	parse_options(argc, argv);
	connections = calloc(load.connections, sizeof(*connections));
	if (connections == NULL)
		die("memory");
	for (unsigned i = 0; i < load.connections; i++)
		open_connection(&connections[i], loop);
	print_result(load.rate > 0 ? run_slowly(connections, loop)
				   : run(connections, loop));
	return load.rate > 0 && load.in_flight > 0 ? 4 : 0;
}
