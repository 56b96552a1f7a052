// `postwacht config show`: what would be used, as a file that can be used.
#include <stdio.h>

#include "cli/command.h"
#include "cli/settings.h"
#include "hw/log.h"

int config_show_run(const struct options *o)
{
	struct config config;
	if (o->defaults + o->changed + o->schema > 1) {
		log_error("usage", "give one of --defaults, --changed and --schema");
		return EXIT_USAGE;
	}
	if (o->schema) {
		config_print_schema(stdout);
		return EXIT_FINE;
	}
	if (o->defaults) {
		config_init(&config);
		config_print(stdout, &config, CONFIG_VIEW_EXPLAIN);
		return EXIT_FINE;
	}
	int rc = settings_load(&config, o, NULL);
	if (rc == 0)
		config_print(stdout, &config, o->changed ? CONFIG_VIEW_CHANGED : CONFIG_VIEW_ALL);
	return rc;
}
