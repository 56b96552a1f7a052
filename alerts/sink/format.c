// A formatter: reads the stamped line, and has the one that was asked for write it in its own words.
#include "alerts/sink/format_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Tried in this order; the last one always fits, whatever the line.
static const struct format_shape shapes[] = {{64, 1024, true}, {8, 128, true}, {2, 16, true}, {2, 16, false}};

static size_t (*const writer[FORMATS])(char *out, size_t cap, const struct format_view *v) = {
	[FORMAT_ECS] = format_ecs, [FORMAT_CEF] = format_cef, [FORMAT_LEEF] = format_leef};

struct formatter {
	enum sink_format format;
	char out[FORMAT_MAX];
};

int formatter_open(struct formatter **out, enum sink_format format)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->format = format;
	return 0;
}

void formatter_close(struct formatter **f)
{
	free(*f);
	*f = NULL;
}

// Keys go where no format guards them (names of documents, keys of partitions): the letters that ids are made of, or nothing.
static void key_of(char *out, size_t cap, const json_t *j)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:+/=._-";
	const char *p = json_string_value(j);
	size_t len = json_string_length(j);

	out[0] = '\0';
	if (!p || len >= cap || strspn(p, letters) != len)
		return;
	memcpy(out, p, len + 1);
}

static void keys_of(struct format_keys *k, const json_t *root)
{
	key_of(k->community_id, sizeof(k->community_id), format_at(root, "community_id"));
	key_of(k->id, sizeof(k->id), format_at(root, "smtp_tls.id"));
	key_of(k->session, sizeof(k->session), format_at(root, "smtp_tls.session"));
	key_of(k->finding, sizeof(k->finding), format_at(root, "alert.metadata.finding.0"));
}

static bool one_line(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] < 0x20 || line[i] > 0x7e)
			return false;
	return true;
}

static const char *write_shapes(struct formatter *f, const json_t *root, enum record_type type, const struct outbox_about *about,
                                size_t *out_len)
{
	bool cut = json_is_true(format_at(root, "smtp_tls.truncated"));

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct format_view v = {.root = root, .type = type, .about = about, .shape = &shapes[i], .truncated = cut || i > 0};
		*out_len = writer[f->format](f->out, sizeof(f->out), &v);
		if (*out_len)
			return f->out;
	}
	return NULL;
}

const char *formatter_write(struct formatter *f, const char *line, size_t len, const struct outbox_about *about, size_t *out_len,
                            struct format_keys *keys)
{
	enum record_type type;
	const char *out = NULL;

	*out_len = 0;
	*keys = (struct format_keys){0};
	if (len > FORMAT_MAX || !one_line(line, len))
		return NULL;
	json_t *root = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	if (json_is_object(root) && format_type_of(root, &type)) {
		keys_of(keys, root);
		if (f->format == FORMAT_EVE) {
			*out_len = len;
			out = line;
		} else {
			out = write_shapes(f, root, type, about, out_len);
		}
	}
	json_decref(root);
	return out;
}
