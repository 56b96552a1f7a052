// A new configuration, without a packet lost: read, checked, and put on the board as a whole; children take it when they turn,
// packets or not.
#include <errno.h>
#include <string.h>

#include "cli/reload.h"
#include "cli/settings.h"
#include "cli/supervisor.h"
#include "hw/clock.h"
#include "hw/log.h"

static void tell_change(struct supervisor *s, const char *keys)
{
	struct message_sensor m = {
		.head = {.type = MESSAGE_SENSOR, .time_ns = clock_wall_ns()}, .kind = SENSOR_CONFIG_CHANGED, .tap = SENSOR_NO_TAP};
	m.from_ns = m.to_ns = m.head.time_ns;
	snprintf(m.text, sizeof m.text, "%.*s", (int)sizeof m.text - 1, keys);
	supervisor_notice(s, &m);
}

// What would do nothing does not take the place of what works.
static bool read_again(struct run *r, struct config *fresh, struct config_errors *errors)
{
	if (settings_read(fresh, r->options, r->config_path, errors) != 0)
		return false;
	run_override(fresh, r->options);
	settings_files(fresh, errors);
	return errors->n == 0;
}

int supervisor_reload(struct supervisor *s, struct json *j, const char **why)
{
	static struct config fresh, merged;
	static struct config_errors errors;
	char changed[512], later[512];
	struct board *b = s->board;
	const char *file = s->run->options->config != NULL ? s->run->options->config : s->run->config_path;
	// Whoever has renamed files does not wait until a configuration is right.
	__atomic_add_fetch(&b->reopen, 1, __ATOMIC_RELEASE);
	*why = "the configuration file cannot be read; the old one stays";
	if (!read_again(s->run, &fresh, &errors)) {
		settings_tell(&errors);
		log_error("reload", "the configuration was not taken; the old one stays");
		if (j != NULL && errors.n > 0)
			control_put_reload(j, file, b->state.config_generation, "", "", &errors);
		return errors.n > 0 ? 0 : -EIO; // errors are an answer
	}
	const struct config *now = run_config(s->run);
	reload_merge(&merged, &s->run->start, &fresh);
	size_t n = reload_differences(now, &merged, changed, sizeof changed);
	size_t n_later = reload_differences(&merged, &fresh, later, sizeof later);
	bool outputs = memcmp(&now->outputs, &merged.outputs, sizeof merged.outputs) != 0;
	uint32_t generation = b->state.config_generation + 1;
	b->config[generation % BOARD_CONFIGS] = merged;
	__atomic_store_n(&b->state.config_generation, generation, __ATOMIC_RELEASE);
	if (outputs) // what it may open was decided when it started
		__atomic_store_n(&b->courier_leave, true, __ATOMIC_RELEASE);
	run_tell_config(s->run);
	if (n > 0)
		tell_change(s, changed);
	log_info("reload", "%s%s%s%s", n > 0 ? "changed: " : "nothing has changed", changed, n_later > 0 ? "; need a new start: " : "", later);
	if (j != NULL)
		control_put_reload(j, file, generation, changed, later, &errors);
	return 0;
}
