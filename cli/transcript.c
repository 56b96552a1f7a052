// Lines by value, their text in one buffer behind them.
#include "cli/transcript.h"

#include <stdlib.h>
#include <string.h>

enum {
	LINES_MAX = 4096,      // a session of more commands is no reading matter
	TEXT_MAX = 512 * 1024, // 128 octets a line on average
	LINE_MAX_LEN = 512,    // RFC 5321 4.5.3.1: longer ones are cut here
};

struct transcript {
	uint64_t birth;
	struct dialogue dialogue;
	size_t n, used;
	uint64_t dropped;
	struct transcript_line line[LINES_MAX];
	uint8_t text[TEXT_MAX];
};

// Called by the worker's thread; read after it was joined.
static void take(void *ctx, uint64_t birth, enum dir d, const struct place *at, const char *kind, const uint8_t *text,
	size_t len)
{
	struct transcript *t = ctx;
	if (birth != t->birth)
		return;
	len = len < LINE_MAX_LEN ? len : LINE_MAX_LEN;
	if (t->n == LINES_MAX || len > TEXT_MAX - t->used) {
		t->dropped++;
		return;
	}
	if (len > 0)
		memcpy(t->text + t->used, text, len);
	// A line is told when it is understood, which for one that had to wait for a reply is after the reply: back to
	// where it was sent.
	size_t i = t->n++;
	for (; i > 0 && t->line[i - 1].time_ns > at->time_ns; i--)
		t->line[i] = t->line[i - 1];
	t->line[i] = (struct transcript_line){
		.time_ns = at->time_ns,
		.frame = at->frame,
		.quality = at->quality,
		.dir = (uint8_t)d,
		.kind = kind,
		.off = (uint32_t)t->used,
		.len = (uint32_t)len,
	};
	t->used += len;
}

struct transcript *transcript_open(uint64_t birth)
{
	struct transcript *t = calloc(1, sizeof *t);
	if (t == NULL)
		return NULL;
	t->birth = birth;
	t->dialogue = (struct dialogue){.line = take, .ctx = t};
	return t;
}

void transcript_close(struct transcript **t)
{
	free(*t);
	*t = NULL;
}

const struct dialogue *transcript_dialogue(struct transcript *t)
{
	return &t->dialogue;
}

size_t transcript_n(const struct transcript *t)
{
	return t->n;
}

const struct transcript_line *transcript_line(const struct transcript *t, size_t i)
{
	return &t->line[i];
}

const uint8_t *transcript_text(const struct transcript *t, const struct transcript_line *line)
{
	return t->text + line->off;
}

uint64_t transcript_dropped(const struct transcript *t)
{
	return t->dropped;
}
