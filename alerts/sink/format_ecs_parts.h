// ECS: the state of one message, and the values its rows may ask for. Private to alerts/sink/format_ecs*.c.
#pragma once

#include "alerts/sink/format_parts.h"

enum { ECS_DEPTH = 6 };

struct ecs {
	const struct format_view *view;
	struct json json;
	struct {
		const char *name;
		size_t len;
	} open[ECS_DEPTH]; // objects that are open
	size_t depth;
};

void ecs_put_bounded(struct ecs *e, const char *p, size_t len); // a text, cut to the shape

// Each writes a value; false: there is none, and nothing that was written counts. `path` is a member of the record.
bool ecs_put_bytes(struct ecs *e, const char *arg);
bool ecs_put_category(struct ecs *e, const char *arg);
bool ecs_put_count(struct ecs *e, const char *path);
bool ecs_put_count_text(struct ecs *e, const char *path);
bool ecs_put_dataset(struct ecs *e, const char *arg);
bool ecs_put_date(struct ecs *e, const char *path);
bool ecs_put_direction(struct ecs *e, const char *arg);
bool ecs_put_duration(struct ecs *e, const char *arg);
bool ecs_put_either(struct ecs *e, const char *paths);
bool ecs_put_flag(struct ecs *e, const char *path);
bool ecs_put_hash(struct ecs *e, const char *path);
bool ecs_put_ip(struct ecs *e, const char *path);
bool ecs_put_ip_version(struct ecs *e, const char *arg);
bool ecs_put_lower(struct ecs *e, const char *path);
bool ecs_put_mail_direction(struct ecs *e, const char *arg);
bool ecs_put_message(struct ecs *e, const char *arg);
bool ecs_put_name(struct ecs *e, const char *path);
bool ecs_put_now(struct ecs *e, const char *arg);
bool ecs_put_outcome(struct ecs *e, const char *arg);
bool ecs_put_packets(struct ecs *e, const char *arg);
bool ecs_put_port(struct ecs *e, const char *path);
bool ecs_put_protocol(struct ecs *e, const char *arg);
bool ecs_put_reason(struct ecs *e, const char *arg);
bool ecs_put_related_ip(struct ecs *e, const char *arg);
bool ecs_put_start(struct ecs *e, const char *arg);
bool ecs_put_text(struct ecs *e, const char *path);
bool ecs_put_texts(struct ecs *e, const char *path);
bool ecs_put_time(struct ecs *e, const char *path);
bool ecs_put_type(struct ecs *e, const char *arg);
bool ecs_put_version(struct ecs *e, const char *arg);
bool ecs_put_word(struct ecs *e, const char *word);
