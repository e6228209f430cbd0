/*
 * write_places.h - the directories in which a configuration makes the daemon
 * write: its state, and its unix sockets.
 */
#ifndef PROCESS_WRITE_PLACES_H
#define PROCESS_WRITE_PLACES_H

#include "process/landlock.h"

struct conf;

/* @directory: borrowed for the time of the call; "" for a state directory that
 * is not set. */
typedef void (*write_places_fn)(
    void *arg, const char *directory, enum landlock_use use);

/* Calls @found for each directory; one that is named twice is found twice. */
void write_places_each(
    const struct conf *conf, write_places_fn found, void *arg);

#endif /* PROCESS_WRITE_PLACES_H */
