/*
 * findings_question.h - judge a name server by its answers to one question, and
 * by those beside it.  Pure.
 */
#ifndef COMMAND_FINDINGS_QUESTION_H
#define COMMAND_FINDINGS_QUESTION_H

#include "command/findings_trial.h"

/* @first: any job of the question.  @most: PLAIN, EDNS or DO, what the server
 * can be asked with. */
void findings_of_question(const struct findings_trial *trial,
    const struct probe_job *first, enum findings_manner most);

#endif /* COMMAND_FINDINGS_QUESTION_H */
