/*
 * fields.h - the members of a JSON object, with a default for those that are
 * absent or of another type.
 */
#ifndef COMMAND_FIELDS_H
#define COMMAND_FIELDS_H

#include <time.h>

#include <jansson.h>

/* "" by default.  Borrowed from @object, which may be NULL. */
const char *fields_text(const json_t *object, const char *key);

/* 0 by default. */
json_int_t fields_number(const json_t *object, const char *key);

/* A text that is NULL or "" is omitted. */
void fields_set_text(json_t *object, const char *key, const char *text);

/* "2026-12-24T12:00:00Z": such texts have the order of their times. */
void fields_set_time(json_t *object, const char *key, time_t when);

/* Print @value to stdout, indented. */
void fields_print(const json_t *value);

#endif /* COMMAND_FIELDS_H */
