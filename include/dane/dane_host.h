/*
 * dane_host.h - evaluates one host: its addresses, then TLSA at up to two names
 * (RFC 7672 sections 2.2.2 and 2.2.3).
 */
#ifndef DANE_DANE_HOST_H
#define DANE_DANE_HOST_H

#include <stdbool.h>

#include "dane/evidence.h"

struct dane_host_run; /* one host while it is evaluated */
struct dane_work;

/* Called once, when the host is done; also from inside dane_host_start() and
 * dane_host_end().  May start other hosts, and free none. */
typedef void (*dane_host_cb)(void *arg);

/* Nothing is asked yet.  @work (flight.h) and @host, which is of its evidence,
 * are borrowed and must outlive it.  NULL when out of memory. */
struct dane_host_run *dane_host_new(const struct dane_work *work,
    struct dane_host *host, dane_host_cb cb, void *arg);
/* Cancels its lookups; there is no callback.  NULL does nothing. */
void dane_host_free(struct dane_host_run *run);

/* Ask for the addresses; all else follows.  Only while it is waiting. */
void dane_host_start(struct dane_host_run *run);

/* It is done, with this result.  If it was done before, nothing happens. */
void dane_host_end(
    struct dane_host_run *run, enum dane_host_status status, const char *why);

/* Waiting, running, done. */
bool dane_host_is_waiting(const struct dane_host_run *run);
bool dane_host_is_running(const struct dane_host_run *run);

#endif /* DANE_DANE_HOST_H */
