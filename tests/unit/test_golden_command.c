/*
 * What the commands print that ask the daemon, and what they exit with.  The
 * daemon is a table here, and Postfix a script: postconf.
 */

#include "command/command.h"
#include "command/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/client.h"
#include "command/postfix/postfix_view.h"

#include "files.h"
#include "golden.h"
#include "test_main.h"

/* ---- stand-ins ---- */

static const struct {
	const char *command, *key; /* NULL: any */
	const char *reply;         /* JSON; NULL: there is none */
} replies[] = {
	{ "query", "example.org", "{\"reply\": \"dane\", \"text\": \"dane\"}" },
	{ "query", "carried.example",
	    "{\"reply\": \"fingerprint match=00:01\", \"text\": "
	    "\"fingerprint match=00:01\"}" },
	{ "query", ".example.org",
	    "{\"reply\": \"NOTFOUND\", \"text\": \"NOTFOUND\"}" },
	{ "query", "broken.example",
	    "{\"reply\": \"TEMP\", \"text\": \"DNS of broken.example: "
	    "bogus\"}" },
	{ "query", "odd.example", "{}" },
	{ "explain", "example.org",
	    "{\"key\": \"example.org\", \"reply\": \"dane\", \"rule\": \"a "
	    "host has usable TLSA\", \"ttl\": 60}" },
	{ "explain", ".example.org",
	    "{\"key\": \".example.org\", \"reply\": \"NOTFOUND\", \"why\": "
	    "\"a parent domain\"}" },
	{ "explain", "broken.example",
	    "{\"key\": \"broken.example\", \"reply\": \"TEMP\"}" },
	{ "flush", "example.org", "{\"flushed\": true}" },
	{ "flush", NULL, "{\"flushed\": false}" },
	{ "export", NULL,
	    "{\"verdicts\": {\"example.org\": \"dane\", "
	    "\"[mx.example.org]:25\": \"encrypt\"}}" },
};

/* Another state: in the first hour, without trust and without a resolver. */
static bool is_young;

/* The state is the one that test_golden_status.c keeps. */
static json_t *
state(void)
{
	json_t *status =
	    json_load_file(GOLDEN_DIRECTORY "status.json", 0, NULL);

	ck_assert_ptr_nonnull(status);
	if (is_young) {
		json_object_set_new(status, "uptime", json_integer(3599));
		json_object_set_new(status, "trust", json_string("withdrawn"));
		json_object_set_new(status, "trust_why",
		    json_string("the root's keys do not validate"));
		json_object_set_new(status, "dns_listening", json_array());
		json_object_del(status, "counters");
	}
	return status;
}

json_t *
client_call(const struct control_access *control, const char *command,
    const char *key, const char *map)
{
	(void)control;
	(void)map;
	if (strcmp(command, "status") == 0)
		return state();
	for (size_t i = 0; i < COUNT(replies); i++)
		if (strcmp(replies[i].command, command) == 0 &&
		    (replies[i].key == NULL ||
			(key != NULL && strcmp(replies[i].key, key) == 0)))
			return json_loads(replies[i].reply, 0, NULL);
	fprintf(stderr, "(no reply to %s)\n", command);
	return NULL;
}

json_t *
client_request(const char *command, const char *key, const char *map)
{
	(void)key;
	(void)map;
	return json_string(command);
}

json_t *
client_ask(const struct control_access *control, const json_t *request)
{
	return client_call(control, json_string_value(request), NULL, NULL);
}

bool
client_may_ask(const struct control_access *control)
{
	(void)control;
	return true;
}

/* Whoever runs the test. */
uid_t
geteuid(void)
{
	return 1000;
}

/* No resolver is asked: no process of Postfix's can be seen. */
void
postfix_view_open(struct postfix_view *view, const char *queue_directory,
    const char *daemon_directory)
{
	(void)queue_directory;
	(void)daemon_directory;
	*view = (struct postfix_view){ .is_hidden = true, .root = -1 };
}

void
postfix_view_close(struct postfix_view *view)
{
	(void)view;
}

char *
postfix_view_read(const struct postfix_view *view, const char *chroot,
    const char *path, size_t max, size_t *stale)
{
	(void)view;
	(void)chroot;
	(void)path;
	(void)max;
	*stale = 0;
	errno = EACCES;
	return NULL;
}

/* ---- running a command ---- */

#define ARGUMENTS_MAX 5
#define FIELD(name) offsetof(struct command_line, name)

/* Those that are used here, of any command. */
static const struct option_row options[] = {
	{ "map", 'm', OPTION_TEXT, "MAP", FIELD(map), "" },
	{ "postconf", 'p', OPTION_TEXT, "FILE", FIELD(postconf), "" },
	{ "json", 'j', OPTION_FLAG, NULL, FIELD(json), "" },
	{ OPTIONS_END },
};

/* Prints the command line, what it prints, and the exit code. */
static void
run(struct golden *golden, command_fn command, const char *const *words)
{
	struct control_access control = { "/nonexistent", -1 };
	struct command_line line = { .control = &control,
		.postconf = "postconf",
		.chroot = "/var/spool/postfix",
		.resolv_conf = "/etc/resolv.conf" };
	char *argv[ARGUMENTS_MAX + 1];
	char label[32];
	int argc = 0, code;

	fprintf(golden->out, "$ postdane");
	for (; words[argc] != NULL; argc++) {
		ck_assert_int_lt(argc, ARGUMENTS_MAX);
		argv[argc] = (char *)words[argc];
		fprintf(golden->out, " %s", words[argc]);
	}
	fputc('\n', golden->out);
	snprintf(label, sizeof(label), "postdane: %s", words[0]);
	argv[0] = label;
	argv[argc] = NULL;
	optind = 0;
	golden_catch(golden);
	code = options_parse(options, argc, argv, NULL, &line);
	ck_assert_int_eq(code, 0);
	line.argument = argv + optind;
	line.count = (size_t)(argc - optind);
	code = command(&line);
	golden_release(golden);
	fprintf(golden->out, "exit %d\n\n", code);
}

static const struct {
	command_fn command;
	const char *words[ARGUMENTS_MAX + 1];
} lines[] = {
	{ command_query, { "query", "example.org" } },
	{ command_query, { "query", "-m", "query", "carried.example" } },
	{ command_query, { "query", "example.org", ".example.org" } },
	{ command_query, { "query", ".example.org", "broken.example" } },
	{ command_query, { "query", "odd.example", "broken.example" } },
	{ command_explain, { "explain", "example.org" } },
	{ command_explain, { "explain", "--json", "example.org" } },
	{ command_explain, { "explain", ".example.org" } },
	{ command_explain, { "explain", "broken.example" } },
	{ command_explain, { "explain", "unknown.example" } },
	{ command_flush, { "flush", "example.org" } },
	{ command_flush, { "flush" } },
	{ command_flush, { "flush", "example.net" } },
	{ command_export, { "export" } },
};

START_TEST(what_asks_for_a_key)
{
	struct golden golden;

	golden_open(&golden);
	for (size_t i = 0; i < COUNT(lines); i++)
		run(&golden, lines[i].command, lines[i].words);
	golden_close(&golden, "query.txt");
}
END_TEST

START_TEST(the_state_for_people)
{
	static const char *const words[] = { "status", NULL };
	struct golden golden;

	golden_open(&golden);
	run(&golden, command_status, words);
	is_young = true;
	run(&golden, command_status, words);
	is_young = false;
	golden_close(&golden, "status.txt");
}
END_TEST

/* ---- the doctor ---- */

/* One service, chrooted; one with options of its own. */
static const char postconf[] =
    "#!/bin/sh\n"
    "case $* in\n"
    "-M) echo 'smtp unix - - y - - smtp'\n"
    "    echo 'relay unix - - n - - smtp -o smtp_host_lookup=native' ;;\n"
    "'-P relay/unix') echo 'relay/unix/smtp_host_lookup = native' ;;\n"
    "-P*) ;;\n"
    "*) cat <<-END\n"
    "mail_version = 3.7.11\n"
    "queue_directory = /nonexistent\n"
    "daemon_directory = /nonexistent\n"
    "command_directory = /nonexistent\n"
    "mail_owner = nobody\n"
    "compatibility_level = 3.6\n"
    "smtp_tls_policy_maps =\n"
    "smtp_tls_security_level = may\n"
    "smtp_dns_support_level =\n"
    "smtp_host_lookup = dns\n"
    "smtp_tls_dane_insecure_mx_policy = dane\n"
    "END\n"
    "    case $* in *native*) echo smtp_host_lookup = native ;; esac ;;\n"
    "esac\n";

static void
doctor_all(struct golden *golden)
{
	static const char *const text[] = { "doctor", NULL };
	static const char *const json[] = { "doctor", "--json", NULL };
	static const char *const without[] = { "doctor", "-p",
		"/nonexistent/postconf", NULL };

	run(golden, command_doctor, without);
	is_young = true; /* a resolver would have to be compared */
	run(golden, command_doctor, text);
	run(golden, command_doctor, json);
	is_young = false;
}

START_TEST(the_doctor_for_people)
{
	char folder[] = "/tmp/golden.XXXXXX", path[64];
	struct golden golden;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s:/usr/bin:/bin", folder);
	ck_assert_int_eq(setenv("PATH", path, 1), 0);
	snprintf(path, sizeof(path), "%s/postconf", folder);
	write_file(path, postconf);
	ck_assert_int_eq(chmod(path, 0700), 0);
	golden_open(&golden);
	doctor_all(&golden);
	unlink(path);
	rmdir(folder);
	golden_close(&golden, "doctor.txt");
}
END_TEST

TEST_MAIN("golden_command")
{
	TCase *tc = add_case(suite, "commands");

	tcase_add_test(tc, what_asks_for_a_key);
	tcase_add_test(tc, the_state_for_people);
	tcase_add_test(tc, the_doctor_for_people);
}
