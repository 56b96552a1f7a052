// The calls of capture/source.h, handed on to the source that was opened.
#include "capture/source.h"

#include <errno.h>
#include <string.h>

#include "capture/source/ops.h"

int source_open(struct source **out, const char *name, const char **reason)
{
	*out = NULL;
	for (size_t i = 0; i < source_table_len; i++) {
		size_t len = strlen(source_table[i].prefix);
		if (strncmp(name, source_table[i].prefix, len) == 0)
			return source_table[i].open(out, name + len, reason);
	}
	return -ENODEV;
}

void source_close(struct source **s)
{
	if (*s)
		(*s)->ops->close(*s);
	*s = NULL;
}

int source_burst(struct source *s, struct packet burst[static PACKET_BURST])
{
	return s->ops->burst(s, burst);
}

void source_progress(const struct source *s, uint64_t *done, uint64_t *total)
{
	s->ops->progress(s, done, total);
}

const char *source_file_name(const struct source *s, uint16_t file)
{
	return s->ops->file_name ? s->ops->file_name(s, file) : "";
}

size_t source_n_files(const struct source *s)
{
	return s->ops->n_files ? s->ops->n_files(s) : 0;
}

int source_damage(const struct source *s, size_t index, struct source_damage *out)
{
	return s->ops->damage ? s->ops->damage(s, index, out) : -ENOENT;
}
