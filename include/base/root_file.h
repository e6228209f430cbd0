/*
 * root_file.h - a first look at the two files that libunbound starts from.
 * It would take an empty anchor without a word, and call the whole world
 * insecure; and it ends the process when it is given a directory.
 */
#ifndef BASE_ROOT_FILE_H
#define BASE_ROOT_FILE_H

enum root_file {
	ROOT_FILE_HINTS, /* holds an NS record of the root */
	ROOT_FILE_ANCHOR /* holds a DS or DNSKEY record of the root */
};

/*
 * Whether the master file (RFC 1035 section 5.1) can be read and holds what
 * it is for.  Only owner and type are looked at: whether an anchor is the
 * right one is seen when the root's keys are validated.
 * Returns NULL, or text that says what is wrong, valid until the next call of
 * strerror(3).
 */
const char *root_file_check(const char *path, enum root_file what);

#endif /* BASE_ROOT_FILE_H */
