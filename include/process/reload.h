/*
 * reload.h - a new configuration replaces the old one as a whole or not at all.
 *
 * It is tried in a child process first.  Replaced generations are kept until
 * the last one who waits for them has been answered.
 */
#ifndef PROCESS_RELOAD_H
#define PROCESS_RELOAD_H

struct conf;
struct event_base;
struct generation;
struct reload;
struct stats;
struct unbound_facts;

/* Borrowed, must outlive the reload.  The functions are called from the event
 * loop, and, but for current(), in this order. */
struct reload_options {
	struct event_base *base;
	const char *path; /* of the configuration, or NULL */
	const struct unbound_facts *library;
	struct stats *stats;
	/* The generation in use. */
	struct generation *(*current)(void *arg);
	/* Warn of what @conf changes and only a restart can apply. */
	void (*warn)(void *arg, const struct conf *conf);
	/* Listen at the addresses of @conf.  Returns 0, or -1 with the reason
	 * logged; then the old addresses stay. */
	int (*listen)(void *arg, const struct conf *conf);
	/* Use @generation, and own it; the one before is retired. */
	void (*use)(void *arg, struct generation *generation);
	/* Apply what is left; @changes: the names of all changed options. */
	void (*apply)(void *arg, const char *changes);
	/* The check of a configuration, and the reload, have ended. */
	void (*ended)(void *arg);
	void *arg;
};

/* NULL when out of memory. */
struct reload *reload_new(const struct reload_options *options);

/* Frees the replaced generations: who waits for them is answered TEMP.  Not the
 * one in use.  NULL does nothing. */
void reload_free(struct reload *reload);

/* Begin, or begin again after the reload in progress. */
void reload_start(struct reload *reload);

/* The daemon ends: no configuration is replaced any more. */
void reload_stop(struct reload *reload);

/* Why the last reload failed, as one line for the status; "" if it did not.
 * Valid until the next reload. */
const char *reload_mistake(const struct reload *reload);

#endif /* PROCESS_RELOAD_H */
