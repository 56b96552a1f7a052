// `postwacht check`: is this configuration one we would start with?
#include <stdio.h>

#include "cli/command.h"
#include "cli/settings.h"

int check_run(const struct options *o)
{
	struct config config;
	int rc = settings_load(&config, o, "/etc/postwacht/postwacht.yaml");
	if (rc == 0)
		puts("configuration ok");
	return rc;
}
