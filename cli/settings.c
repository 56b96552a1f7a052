// From options to a configuration, with every error of the file and of `--set` told at once.
#include "cli/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hw/log.h"

void settings_tell(const struct config_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++)
		log_error("config", "%s", errors->line[i]);
	if (errors->n_more > 0)
		log_error("config", "and %zu more; repair these first", errors->n_more);
}

int settings_read(struct config *c, const struct options *o, const char *fallback, struct config_errors *errors)
{
	*errors = (struct config_errors){.n = 0};
	const char *path = o->config != NULL ? o->config : fallback;
	config_init(c);
	if (path != NULL) {
		int rc = config_load(c, path, errors);
		if (rc < 0) {
			log_error("config", "cannot read %s: %s; check --config", path, strerror(-rc));
			return rc == -EFBIG ? EXIT_CONFIG : EXIT_TROUBLE;
		}
	}
	for (size_t i = 0; i < o->n_set; i++)
		config_set(c, o->set[i], errors);
	if (errors->n == 0) // names that were not taken are not missed as well
		config_check(c, path, errors);
	return errors->n > 0 ? EXIT_CONFIG : 0;
}

int settings_load(struct config *c, const struct options *o, const char *fallback)
{
	struct config_errors errors;
	int rc = settings_read(c, o, fallback, &errors);
	settings_tell(&errors);
	return rc;
}

static void need_file(struct config_errors *errors, const char *output, const char *what, const char *path)
{
	if (path[0] == '\0' || access(path, R_OK) == 0)
		return;
	if (errors->n < CONFIG_ERRORS_MAX)
		snprintf(errors->line[errors->n++], CONFIG_ERROR_LEN, "outputs: %s: %s %.160s: %s", output, what, path, strerror(errno));
	else
		errors->n_more++;
}

void settings_files(const struct config *c, struct config_errors *errors)
{
	for (size_t i = 0; i < c->outputs.n; i++) {
		const struct sink_config *o = &c->outputs.output[i];
		need_file(errors, o->name, "ca", o->ca);
		need_file(errors, o->name, "cert", o->cert);
		need_file(errors, o->name, "key", o->key);
		need_file(errors, o->name, "password_file", o->password_file);
	}
}
