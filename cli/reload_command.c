// `postwacht reload`: the sensor reads its configuration again; what came of it.
#include "cli/ask.h"
#include "hw/log.h"

// "  a, b": names of keys, wrapped by nobody, since they are few.
static void print_keys(const json_t *list, const char *before)
{
	size_t i;
	json_t *key;
	if (json_array_size(list) == 0)
		return;
	fputs(before, stdout);
	json_array_foreach(list, i, key) {
		fputs(i > 0 ? ", " : "", stdout);
		ask_print(stdout, json_is_string(key) ? json_string_value(key) : "");
	}
	putchar('\n');
}

static int print_errors(const json_t *r)
{
	size_t i;
	json_t *line;
	json_array_foreach(json_object_get(r, "errors"), i, line)
		log_error("config", "%s", json_is_string(line) ? json_string_value(line) : "");
	if (ask_u64(r, "errors_more") > 0)
		log_error("config", "and %llu more; repair these first", (unsigned long long)ask_u64(r, "errors_more"));
	log_error("config", "nothing has changed: the sensor goes on with configuration %llu",
		(unsigned long long)ask_u64(r, "generation"));
	return EXIT_CONFIG;
}

static int print_reload(const json_t *r)
{
	const json_t *applied = json_object_get(r, "applied"), *restart = json_object_get(r, "restart");
	if (!ask_flag(r, "valid"))
		return print_errors(r);
	printf("configuration %llu", (unsigned long long)ask_u64(r, "generation"));
	if (ask_text(r, "file")[0] != '\0') {
		fputs(" of ", stdout);
		ask_print(stdout, ask_text(r, "file"));
	}
	puts(json_array_size(applied) > 0 ? " is in use" : " is in use: nothing changed");
	print_keys(applied, "changed: ");
	print_keys(restart, "changed, but in use only after a new start: ");
	return EXIT_FINE;
}

int reload_command_run(const struct options *o)
{
	json_t *answer;
	int rc = ask(o, "reload", &answer);
	if (rc != 0)
		return rc;
	const json_t *r = json_object_get(answer, "reload");
	if (o->json)
		ask_print_json(answer, "reload");
	int code = o->json ? (ask_flag(r, "valid") ? EXIT_FINE : EXIT_CONFIG) : print_reload(r);
	json_decref(answer);
	return code;
}
