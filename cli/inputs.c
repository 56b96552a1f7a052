// Looking at inputs.
#include "cli/inputs.h"

#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "hw/log.h"

int inputs_check(const char *command, const struct options *o, size_t first)
{
	bool outside = o->outside != NULL, inside = o->inside != NULL, operands = o->n_operands > first;
	if (outside != inside)
		log_error("usage", "--%s needs --%s: two taps are compared", outside ? "outside" : "inside", outside ? "inside" : "outside");
	else if (outside && operands)
		log_error("usage", "%s takes files, or --outside and --inside; not both (\"%s\")", command, o->operands[first]);
	else if (!outside && !operands)
		log_error("usage", "%s needs %s; see `postwacht %s --help`", command, first > 0 ? "ID FILE|DIR..." : "FILE|DIR|-...", command);
	else
		return 0;
	return EXIT_USAGE;
}

bool inputs_all_repeatable(const struct options *o, size_t first)
{
	const char *const taps[] = {o->outside, o->inside};
	if (o->outside != NULL)
		return inputs_repeatable(taps, 2);
	return inputs_repeatable((const char *const *)o->operands + first, o->n_operands - first);
}

bool inputs_repeatable(const char *const *paths, size_t n)
{
	struct stat st;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(paths[i], "-") == 0)
			return false;
		// What is not there is the source's to complain about.
		if (stat(paths[i], &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
			return false;
	}
	return true;
}
