// The socket's path, the question, and sentences for when nobody answers.
#include "cli/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/control.h"
#include "cli/settings.h"
#include "cli/stdout.h"
#include "hw/log.h"

static const char standard[] = "/etc/postwacht/postwacht.yaml";

int ask_where(const struct options *o, const char **path)
{
	static struct config config; // holds the path
	*path = o->socket;
	if (*path != NULL)
		return 0;
	// Who may not read the configuration may still be in the group that may ask.
	int rc = settings_load(&config, o, access(standard, R_OK) == 0 ? standard : NULL);
	if (rc != 0)
		return rc;
	if (strcmp(config.control, "none") == 0) {
		log_error("control", "sensor.control is none: this sensor cannot be asked; set it to a path and start it again");
		return EXIT_TROUBLE;
	}
	*path = config.control;
	return 0;
}

static void tell_trouble(const char *path, int error)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
	case ENOTDIR:
		log_error("control", "no sensor answers on %s; is `postwacht run` there? (--config and --socket say where)", path);
		break;
	case EACCES:
	case EPERM:
		log_error("control", "not allowed to ask on %s; its owner, root and members of sensor.control_group are", path);
		break;
	case ETIMEDOUT:
		log_error("control", "the sensor on %s did not answer within five seconds; see its log", path);
		break;
	case EPROTO:
	case ECONNRESET:
	case EPIPE:
		log_error("control", "whoever listens on %s gave no answer; is it a sensor?", path);
		break;
	default:
		log_error("control", "cannot ask on %s: %s", path, strerror(error));
	}
}

json_t *ask_at(const char *path, const char *command)
{
	char *text;
	int rc = control_ask(path, command, &text);
	if (rc < 0) {
		tell_trouble(path, -rc);
		return NULL;
	}
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	if (!json_is_object(root) || ask_u64(root, "v") != CONTROL_VERSION) {
		log_error("control", "whoever listens on %s gave an answer that is none; is it a sensor of this version?", path);
		json_decref(root);
		return NULL;
	}
	if (ask_flag(root, "ok"))
		return root;
	log_error("control", "the sensor refuses %s: %s", command, ask_text(root, "error"));
	json_decref(root);
	return NULL;
}

int ask(const struct options *o, const char *command, json_t **answer)
{
	const char *path;
	int rc = ask_where(o, &path);
	*answer = NULL;
	if (rc != 0)
		return rc;
	*answer = ask_at(path, command);
	return *answer != NULL ? 0 : EXIT_TROUBLE;
}

void ask_print_json(const json_t *answer, const char *member)
{
	json_t *out = json_pack("{s:i}", "v", 1);
	json_object_update(out, json_object_get(answer, member));
	char *text = json_dumps(out, JSON_COMPACT | JSON_ENSURE_ASCII);
	if (text != NULL)
		puts(text);
	free(text);
	json_decref(out);
}

uint64_t ask_u64(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);
	return json_is_integer(v) && json_integer_value(v) > 0 ? (uint64_t)json_integer_value(v) : 0;
}

const char *ask_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

bool ask_flag(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

void ask_print(FILE *out, const char *text)
{
	stdout_escaped(out, text, strlen(text));
}
