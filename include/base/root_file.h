/*
 * root_file.h - checks of the two files that libunbound starts from.  It
 * silently accepts an empty anchor and then treats everything as insecure; and
 * it ends the process when it is given a directory.
 */
#ifndef BASE_ROOT_FILE_H
#define BASE_ROOT_FILE_H

enum root_file {
	ROOT_FILE_HINTS, /* holds an NS record of the root */
	ROOT_FILE_ANCHOR /* holds a DS or DNSKEY record of the root */
};

/*
 * Whether the master file (RFC 1035 section 5.1) is readable and has the
 * required record.  Only owner and type are checked: whether an anchor is
 * correct shows when the root's keys are validated.
 * Returns NULL, or text that says what is wrong, valid until the next call of
 * strerror(3).
 */
const char *root_file_check(const char *path, enum root_file what);

#endif /* BASE_ROOT_FILE_H */
