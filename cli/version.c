// `postwacht version`.
#include <stdio.h>

#include "alerts/json.h"
#include "cli/command.h"
#include "cli/stdout.h"

static void build(struct json *j, const void *ctx)
{
	json_open_object(j);
	json_field(j, "v", u64, 1);
	json_field(j, "program", cstr, "postwacht " POSTWACHT_VERSION);
	json_close_object(j);
}

int version_run(const struct options *o)
{
	if (o->json)
		return stdout_json(stdout, build, NULL) ? EXIT_FINE : EXIT_TROUBLE;
	puts("postwacht " POSTWACHT_VERSION);
	return EXIT_FINE;
}
