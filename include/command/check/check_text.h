/*
 * check_text.h - prints the report of postdane check
 * (command/check/check_report.h), but for the first line.
 */
#ifndef COMMAND_CHECK_CHECK_TEXT_H
#define COMMAND_CHECK_CHECK_TEXT_H

#include <stdio.h>

#include <jansson.h>

void check_text(const json_t *report, FILE *out);

#endif /* COMMAND_CHECK_CHECK_TEXT_H */
