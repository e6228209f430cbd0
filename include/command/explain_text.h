/*
 * explain_text.h - prints an explanation (policy/evidence_json.h) as a tree for
 * people.
 */
#ifndef COMMAND_EXPLAIN_TEXT_H
#define COMMAND_EXPLAIN_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

/* @colour: marks and colours for a terminal; plain ASCII otherwise. */
void explain_text(const json_t *explanation, bool colour, FILE *out);

#endif /* COMMAND_EXPLAIN_TEXT_H */
