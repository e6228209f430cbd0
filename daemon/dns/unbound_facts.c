/* unbound_facts.c - the capabilities of the loaded libunbound. */

#include "dns/unbound_facts.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <unbound.h>

#include <unbound-event.h>

#include "base/log.h"
#include "dns/key_limits.h"
#include "dns/wire.h"

#define TYPE_A 1
#define VALUES 256 /* of an algorithm or digest number */
#define SHA256 2   /* the digest that is always supported */
#define DIGEST_MAX 48
#define ANY VALUES
#define INSECURE 0
#define BOGUS 1

/* libunbound's result for one query. */
struct outcome {
	bool validates; /* bogus: it tried to get keys */
	bool gives_up;  /* insecure: it did not */
};

struct probe {
	struct event_base *base;
	int zone; /* file descriptor of a zone file in memory */
	struct outcome outcomes[VALUES];
};

/* ---- DNS zones in memory ---- */

/* Returns a file in memory that holds @text, or -1. */
static int
memory_file(const char *name, const char *text)
{
	const size_t len = strlen(text);
	const int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd != -1 && write(fd, text, len) != (ssize_t)len) {
		close(fd);
		return -1;
	}
	return fd;
}

/* An unsigned root zone in which every name has an address, served by
 * libunbound itself. */
static int
set_zone(struct ub_ctx *ub, int zone)
{
	char text[256], path[64];
	int config, error;

	snprintf(text, sizeof(text),
	    "server:\ndisable-dnssec-lame-check: yes\n"
	    "auth-zone:\nname: \".\"\nzonefile: \"/proc/self/fd/%d\"\n"
	    "for-downstream: no\nfor-upstream: yes\nfallback-enabled: no\n",
	    zone);
	if ((config = memory_file("postdane-probe", text)) == -1)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", config);
	error = ub_ctx_config(ub, path);
	close(config);
	return error == 0 ? 0 : -1;
}

/* A DS whose key does not exist. */
static int
add_anchor(
    struct ub_ctx *ub, unsigned number, unsigned algorithm, unsigned digest)
{
	/* The digest lengths in octets: SHA-1, SHA-256, GOST twice, SHA-384. */
	static const unsigned char sizes[] = { 32, 20, 32, 32, 48 };
	const unsigned size = digest < sizeof(sizes) ? sizes[digest] : 32;
	char line[64 + 2 * DIGEST_MAX + 1];

	snprintf(line, sizeof(line), "n%u. IN DS 4711 %u %u %0*d", number,
	    algorithm, digest, (int)(2 * size), 0);
	return ub_ctx_add_ta(ub, line) == 0 ? 0 : -1;
}

/* ---- queries ---- */

static void
on_result(void *arg, int rcode, void *packet, int len, int sec, char *why,
    int was_ratelimited)
{
	struct outcome *outcome = arg;
	const uint8_t *wire = packet;

	(void)why;
	(void)was_ratelimited;
	outcome->validates = rcode == 0 && sec == BOGUS;
	outcome->gives_up = rcode == 0 && sec == INSECURE && wire != NULL &&
			    len >= 12 && (wire[3] & 0x0fU) == 0;
}

/* Queries for its own zone are answered at once; any others get no answer. */
static void
ask_all(struct ub_ctx *ub, struct outcome outcomes[VALUES])
{
	for (unsigned i = 0; i < VALUES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%u.", i);
		outcomes[i] = (struct outcome){ .validates = false };
		ub_resolve_event(ub, name, TYPE_A, WIRE_CLASS_IN, &outcomes[i],
		    on_result, NULL);
	}
}

/* ANY, in one of the two arguments, means every value in turn. */
static int
run(struct probe *probe, unsigned algorithm, unsigned digest)
{
	struct ub_ctx *ub = ub_ctx_create_event(probe->base);
	int result = -1;

	if (ub == NULL)
		return -1;
	ub_ctx_debugout(ub, NULL);
	if (set_zone(ub, probe->zone) == -1)
		goto out;
	for (unsigned i = 0; i < VALUES; i++)
		if (add_anchor(ub, i, algorithm == ANY ? i : algorithm,
			digest == ANY ? i : digest) == -1)
			goto out;
	ask_all(ub, probe->outcomes);
	result = 0;
out:
	/* Calls back, with an error, for unanswered queries. */
	ub_ctx_delete(ub);
	return result;
}

/* ---- the probe ---- */

/* Returns the first that is validated, or 0. */
static unsigned
note(const struct probe *probe, bool lacks[VALUES])
{
	unsigned first = 0;

	for (unsigned i = 0; i < VALUES; i++) {
		lacks[i] = probe->outcomes[i].gives_up;
		if (first == 0 && probe->outcomes[i].validates)
			first = i;
	}
	return first;
}

static int
probe_all(struct probe *probe, struct unbound_facts *facts)
{
	struct unbound_facts found;
	unsigned algorithm;

	if (run(probe, ANY, SHA256) == -1)
		return -1;
	algorithm = note(probe, found.no_algorithm);
	/* Where it validates nothing, it has not answered. */
	if (run(probe, algorithm, ANY) == -1 ||
	    note(probe, found.no_digest) == 0)
		return -1;
	*facts = found;
	return 0;
}

int
unbound_facts_probe(struct event_base *base, struct unbound_facts *facts)
{
	struct probe probe = { .base = base };
	int result = -1;

	*facts = (struct unbound_facts){ .no_digest = { false } };
	if (!key_limits_hold())
		log_info("library: libunbound was not built with Nettle: long "
			 "RSA keys are checked, and signatures that are none");
	probe.zone = memory_file("postdane-probe-zone",
	    ". 300 IN SOA . . 1 3600 600 86400 60\n. 300 IN NS ns.\n"
	    "*. 300 IN A 192.0.2.1\n");
	if (probe.zone != -1) {
		result = probe_all(&probe, facts);
		close(probe.zone);
	}
	if (result == -1)
		log_error("library: libunbound does not say what it can "
			  "validate: no zone counts as unsigned for its "
			  "algorithm");
	return result;
}

bool
unbound_facts_validates(
    const struct unbound_facts *facts, uint8_t algorithm, uint8_t digest)
{
	return !facts->no_algorithm[algorithm] && !facts->no_digest[digest];
}
