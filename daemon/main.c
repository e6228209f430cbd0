/* main.c - the daemon postdaned: its command line. */

#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/log.h"
#include "process/config_check.h"
#include "process/place_check.h"
#include "process/server.h"

#define EXIT_USAGE 2
#define SYSTEMD "/run/systemd/system/" /* exists if systemd runs */

static void
usage(FILE *file)
{
	fputs(
	    "usage: postdaned [-c FILE] [-t]\n"
	    "\n"
	    "TLS policy service for Postfix: DANE that survives broken name "
	    "servers.\n"
	    "Runs in the foreground, without -c with its built-in "
	    "configuration.\n"
	    "\n"
	    "  -c, --config FILE  read postdane.conf(5)\n"
	    "  -t, --test         check the configuration, with one DNS "
	    "lookup, "
	    "and exit\n"
	    "  -h, --help         show this text and exit\n"
	    "  -V, --version      show the version and exit\n"
	    "\n"
	    "Into Postfix's main.cf:\n"
	    "    smtp_tls_security_level = may\n"
	    "    smtp_dns_support_level = dnssec\n"
	    "    smtp_host_lookup = dns\n"
	    "    smtp_tls_dane_insecure_mx_policy = dane\n"
	    "    smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8642:query\n",
	    file);
}

/* The error is already printed; a whole usage page would hide it. */
static int
refuse(void)
{
	fputs("postdaned --help shows the options\n", stderr);
	return EXIT_USAGE;
}

struct arguments {
	const char *config;
	bool test;
};

/* Returns -1 to go on, or the status to exit with. */
static int
parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "test", no_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while (
	    (option = getopt_long(argc, argv, "c:thV", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			arguments->config = optarg;
			break;
		case 't':
			arguments->test = true;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts("postdaned " POSTDANE_VERSION);
			return EXIT_SUCCESS;
		default:
			return refuse();
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr,
	    "postdaned: unexpected argument \"%s\": a configuration is read "
	    "with -c\n",
	    argv[optind]);
	return refuse();
}

static int
test(const char *path)
{
	const char *name = path != NULL ? path : "built-in defaults";
	char text[CONFIG_CHECK_TEXT_MAX];
	struct conf *conf = conf_load(path, text, sizeof(text));
	bool good;

	if (conf == NULL) {
		fprintf(stderr, "postdaned: %s\n", text);
		return EXIT_FAILURE;
	}
	good = place_check(conf, path, access(SYSTEMD, F_OK) == 0, stderr);
	conf_free(conf);
	if (!good)
		return EXIT_FAILURE;
	if (!config_check_wait(path, text)) {
		fprintf(stderr, "postdaned: %s\n", text);
		return EXIT_FAILURE;
	}
	if (text[0] != '\0')
		fprintf(stderr, "postdaned: warning: %s\n", text);
	printf("%s: the configuration is valid\n", name);
	return EXIT_SUCCESS;
}

static int
run(const char *path)
{
	char error[1024];
	struct conf *conf;

	/* A SIGHUP this early needs no action: the file has not been read
	 * yet. */
	signal(SIGHUP, SIG_IGN);
	conf = conf_load(path, error, sizeof(error));
	if (conf == NULL) {
		fprintf(stderr, "postdaned: %s\n", error);
		return EXIT_FAILURE;
	}
	log_setup(conf->log_target, conf->log_level);
	return server_run(path, conf);
}

int
main(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	const int status = parse_arguments(argc, argv, &arguments);

	if (status != -1)
		return status;
	return arguments.test ? test(arguments.config) : run(arguments.config);
}
