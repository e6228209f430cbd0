/*
 * diagnose_question.h - judges a name server by its answers to one question,
 * compared with its other answers.  Pure.
 */
#ifndef COMMAND_DIAGNOSE_DIAGNOSE_QUESTION_H
#define COMMAND_DIAGNOSE_DIAGNOSE_QUESTION_H

#include "command/diagnose/diagnose_answers.h"

/* @first: any job of the question.  @most: PLAIN, EDNS or DO, the most that the
 * server supports. */
void diagnose_question(const struct diagnose_answers *trial,
    const struct dns_probe_job *first, enum diagnose_manner most);

#endif /* COMMAND_DIAGNOSE_DIAGNOSE_QUESTION_H */
