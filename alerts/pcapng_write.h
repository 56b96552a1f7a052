// Writes pcapng (draft-ietf-opsawg-pcapng) into a caller's buffer: sections, interfaces in nanoseconds, packets with comments.
// Our own byte order. What does not fit sets `overflow`, and the file is none; no allocation.
//
//   pcapng_write_init(&w, buffer, sizeof(buffer));
//   pcapng_write_section(&w, "postwacht 1.0");   pcapng_write_comment(&w, ...);   pcapng_write_end(&w);
//   pcapng_write_interface(&w, 1, "tap");        pcapng_write_end(&w);
//   pcapng_write_packet(&w, &packet);            pcapng_write_comment(&w, ...);   pcapng_write_end(&w);
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pcapng_write {
	uint8_t *start, *at, *end;
	uint8_t *block;   // the one that is open
	bool options;     // ... has some
	bool overflow;
};

struct pcapng_packet {
	uint32_t interface; // in the order of pcapng_write_interface(), from 0
	uint64_t time_ns;   // since the epoch
	uint32_t wire_len;
	const uint8_t *octets;
	uint32_t len;       // of octets
};

void pcapng_write_init(struct pcapng_write *w, void *out, size_t cap);

// Each opens a block, which takes comments and must be ended.
void pcapng_write_section(struct pcapng_write *w, const char *program);
void pcapng_write_interface(struct pcapng_write *w, uint16_t linktype, const char *name);
void pcapng_write_packet(struct pcapng_write *w, const struct pcapng_packet *p);

// UTF-8 without a NUL: the caller's business. Cut at 65,535 octets.
void pcapng_write_comment(struct pcapng_write *w, const char *text, size_t len);

void pcapng_write_end(struct pcapng_write *w);

static inline size_t pcapng_write_len(const struct pcapng_write *w)
{
	return (size_t)(w->at - w->start);
}
