/*
 * sts_record.h - the TXT record at _mta-sts.DOMAIN (RFC 8461 section 3.1).  It
 * announces a policy; a new id announces a new policy.
 *
 * It mostly comes from an unsigned zone: neither its content nor its absence
 * may end or extend what is already known.  Pure: no I/O.
 */
#ifndef STS_STS_RECORD_H
#define STS_STS_RECORD_H

#include <stddef.h>

#include "dns/answer.h"

#define STS_ID_MAX 33 /* 32 letters and digits, and the NUL */

enum sts_record_status {
	STS_RECORD_NONE = 0, /* no record begins with "v=STSv1;" */
	STS_RECORD_SEVERAL,  /* more than one does, which counts as none */
	STS_RECORD_SYNTAX,   /* the one that does is malformed */
	STS_RECORD_NO_ID,
	STS_RECORD_BAD_ID, /* not 1 to 32 letters and digits */
	STS_RECORD_FOUND
};

/*
 * Parse the RDATA of a TXT answer.  TXT records for other purposes and
 * malformed RDATA are skipped.
 * @id: the record's id with STS_RECORD_FOUND; otherwise "".
 */
enum sts_record_status sts_record_parse(
    const struct dns_rdata *rdata, size_t count, char id[STS_ID_MAX]);

/* One line for display. */
const char *sts_record_status_text(enum sts_record_status status);

#endif /* STS_STS_RECORD_H */
