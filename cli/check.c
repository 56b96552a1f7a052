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

static const char standard[] = "/etc/postwacht/postwacht.yaml";

struct outcome {
	const char *file;
	int code;
	struct config_errors errors;
};

static void build(struct json *j, const void *ctx)
{
	const struct outcome *r = ctx;
	json_open_object(j);
	json_field(j, "v", u64, 1);
	json_field(j, "file", cstr, r->file);
	json_field(j, "valid", flag, r->code == 0);
	json_key(j, "errors");
	json_open_array(j);
	for (size_t i = 0; i < r->errors.n; i++)
		json_put_cstr(j, r->errors.line[i]);
	json_close_array(j);
	json_field(j, "errors_more", u64, r->errors.n_more);
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
	if (o->json)
		return stdout_json(stdout, build, &r) ? r.code : EXIT_TROUBLE;
	settings_tell(&r.errors);
	if (r.code == 0)
		puts("configuration ok");
	return r.code;
}
