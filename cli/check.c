// `postwacht check`: is this configuration one we would start with?
#include <stdio.h>
#include <string.h>

#include "alerts/cert/cert.h"
#include "alerts/json.h"
#include "cli/command.h"
#include "cli/settings.h"
#include "cli/stdout.h"
#include "cli/wire.h"
#include "cli/words.h"
#include "hw/log.h"

static const char standard[] = "/etc/postwacht/postwacht.yaml";

struct outcome {
	const char *file;
	int code;
	struct config_errors errors, missing;
};

static void put_lines(struct json *j, const struct config_errors *e)
{
	json_open_array(j);
	for (size_t i = 0; i < e->n; i++)
		json_put_cstr(j, e->line[i]);
	json_close_array(j);
}

static void build(struct json *j, const void *ctx)
{
	const struct outcome *r = ctx;
	json_open_object(j);
	json_field(j, "v", u64, 1);
	json_field(j, "file", cstr, r->file);
	json_field(j, "valid", flag, r->code == 0);
	json_key(j, "errors");
	put_lines(j, &r->errors);
	json_field(j, "errors_more", u64, r->errors.n_more);
	json_key(j, "missing");
	put_lines(j, &r->missing);
	json_close_object(j);
}

// What a configuration names must be there too, else the start fails all the same.
static void check_store(struct outcome *r, const struct config *config)
{
	const struct cert_config store = {.trust_store = wire_trust_store(config), .cache_max = 1};
	struct cert *cert = NULL;
	int rc = cert_open(&cert, &store);
	if (rc == 0) {
		cert_close(&cert);
		return;
	}
	snprintf(r->errors.line[r->errors.n++], CONFIG_ERROR_LEN, "policy.trust_store: cannot read %.200s: %s",
		store.trust_store != NULL ? store.trust_store : "it", words_error(-rc));
	r->code = EXIT_CONFIG;
}

int check_run(const struct options *o)
{
	struct config config;
	struct outcome r = {.file = o->config != NULL ? o->config : standard};
	r.code = settings_read(&config, o, standard, &r.errors);
	if (r.code == 0)
		check_store(&r, &config);
	if (r.code == 0) // the machine that it is for may be another one
		settings_files(&config, &r.missing);
	if (o->json)
		return stdout_json(stdout, build, &r) ? r.code : EXIT_TROUBLE;
	settings_tell(&r.errors);
	for (size_t i = 0; i < r.missing.n; i++)
		log_warn("config", "%s; the sensor does not start without it", r.missing.line[i]);
	if (r.code == 0)
		puts("configuration ok");
	return r.code;
}
