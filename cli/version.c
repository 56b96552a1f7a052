// `postwacht version`.
#include <stdio.h>

#include "cli/command.h"

int version_run(const struct options *o)
{
	puts("postwacht " POSTWACHT_VERSION);
	return EXIT_FINE;
}
