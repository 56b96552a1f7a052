// The dialogue of one session, as the dissector tells it: bounded, in order, already masked by the dissector.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dissect/place.h"

struct transcript_line {
	uint64_t time_ns;
	uint32_t frame;
	uint8_t quality;
	uint8_t dir;       // enum dir
	const char *kind;  // static text of the dissector
	uint32_t off, len; // of its text
};

struct transcript;

// Listens to the session `birth`. NULL when there is no memory.
struct transcript *transcript_open(uint64_t birth);
void transcript_close(struct transcript **t);

// What the pipeline is given. Lives as long as `t`.
const struct dialogue *transcript_dialogue(struct transcript *t);

size_t transcript_n(const struct transcript *t);
const struct transcript_line *transcript_line(const struct transcript *t, size_t i);
const uint8_t *transcript_text(const struct transcript *t, const struct transcript_line *line);

// Lines that found no room.
uint64_t transcript_dropped(const struct transcript *t);
