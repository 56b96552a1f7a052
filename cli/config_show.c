// `postwacht config show`: what would be used, as a file that can be used.
#include <stdio.h>

#include "alerts/json.h"
#include "cli/command.h"
#include "cli/settings.h"
#include "cli/stdout.h"
#include "hw/log.h"

struct shown {
	const struct config *config; // NULL: the schema
	enum config_view view;
};

static void build(struct json *j, const void *ctx)
{
	const struct shown *s = ctx;
	if (s->config != NULL)
		config_put_json(j, s->config, s->view);
	else
		config_put_schema_json(j);
}

static int show(const struct options *o, const struct shown *s)
{
	if (o->json)
		return stdout_json(stdout, build, s) ? EXIT_FINE : EXIT_TROUBLE;
	if (s->config != NULL)
		config_print(stdout, s->config, s->view);
	else
		config_print_schema(stdout);
	return EXIT_FINE;
}

int config_show_run(const struct options *o)
{
	struct config config;
	if (o->defaults + o->changed + o->schema > 1) {
		log_error("usage", "give one of --defaults, --changed and --schema");
		return EXIT_USAGE;
	}
	if (o->schema)
		return show(o, &(struct shown){NULL, CONFIG_VIEW_ALL});
	if (o->defaults) {
		config_init(&config);
		return show(o, &(struct shown){&config, CONFIG_VIEW_EXPLAIN});
	}
	int rc = settings_load(&config, o, NULL);
	return rc ? rc : show(o, &(struct shown){&config, o->changed ? CONFIG_VIEW_CHANGED : CONFIG_VIEW_ALL});
}
