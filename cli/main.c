// The program. main reads top to bottom: find the command, parse its options, run it, see that its output arrived.
#include "cli/command.h"

#include <signal.h>
#include <string.h>

#include "cli/options.h"
#include "cli/stdout.h"

static int run(int argc, char **argv)
{
	static char *const version[] = {"postwacht", "version"};
	if (argc < 2) {
		options_help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		options_help(stdout);
		return EXIT_FINE;
	}
	if (strcmp(argv[1], "--version") == 0)
		argv[1] = version[1];

	int used;
	const struct command *c = options_command(argc, argv, &used);
	if (c == NULL) {
		bool asked = argc == 3 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0);
		if (asked && options_help_half(stdout, argv[1]))
			return EXIT_FINE;
		options_unknown_command(argv[1]);
		return EXIT_USAGE;
	}
	struct options o;
	int rc = options_parse(c, argc - 1 - used, argv + 1 + used, &o);
	if (rc != 0)
		return rc;
	if (!o.help)
		return c->run(&o);
	options_help_command(stdout, c);
	return EXIT_FINE;
}

int main(int argc, char **argv)
{
	// A reader that went away is an error of write(), not the end of this process.
	signal(SIGPIPE, SIG_IGN);
	int code = run(argc, argv);
	// Output that nobody got is trouble, whatever else was found.
	return stdout_flush() < 0 ? EXIT_TROUBLE : code;
}
