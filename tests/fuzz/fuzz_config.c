// Any octets as a configuration file, and as the value of each key. What is accepted must be printed and read back.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "configs/schema.h"
#include "tests/fuzz/fuzz.h"

static char *printed(const struct config *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	if (f == NULL)
		abort();
	config_print(f, c, CONFIG_VIEW_EXPLAIN);
	fclose(f);
	return text;
}

static void check_round_trip(const struct config *c)
{
	static struct config_errors errors;
	struct config back;
	char *first = printed(c);
	errors.n = errors.n_more = 0;
	config_init(&back);
	if (config_load_text(&back, "printed", first, strlen(first), &errors) != 0)
		abort();
	char *second = printed(&back);
	if (strcmp(first, second) != 0)
		abort();
	free(first);
	free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct config_errors errors;
	static struct config defaults;
	static bool ready;
	struct config c;
	if (!ready)
		config_init(&defaults);
	ready = true;
	errors.n = errors.n_more = 0;
	c = defaults;
	if (config_load_text(&c, "fuzz", (const char *)data, len, &errors) == 0)
		check_round_trip(&c);

	char assignment[1024];
	for (size_t i = 0; i < config_schema_n; i++) {
		int value = (int)(len < 512 ? len : 512);
		snprintf(assignment, sizeof assignment, "%s=%.*s", config_schema[i].name, value, (const char *)data);
		errors.n = errors.n_more = 0;
		c = defaults;
		if (config_set(&c, assignment, &errors) == 0)
			check_round_trip(&c);
	}
	return 0;
}
