// Builds capture files in memory and reads them back through every way a source has: what the capture tests share.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/source.h"

enum { BUILD_MAX = 1 << 16, BUILD_MARKS = 64 };

// A file under construction. A mark is a place where the file may end without being damaged.
struct build {
	uint8_t octets[BUILD_MAX];
	size_t len;
	bool big;    // byte order of the fields written from now on
	struct {
		size_t off;
		size_t n_packets; // packets in front of it
	} marks[BUILD_MARKS];
	size_t n_marks;
	size_t n_packets;
};

void build_put(struct build *b, const void *p, size_t len);
void build_16(struct build *b, uint16_t v);
void build_32(struct build *b, uint32_t v);
void build_64(struct build *b, uint64_t v);
void build_mark(struct build *b);

// Classic pcap. The packet's octets are 0, 1, 2 ...
void build_pcap(struct build *b, uint32_t magic, uint32_t network);
void build_pcap_record(struct build *b, uint32_t s, uint32_t fraction, uint32_t len, uint32_t wire_len);

// pcapng. A body is written between build_block() and build_block_end(), which pads it.
size_t build_block(struct build *b, uint32_t type);
void build_block_end(struct build *b, size_t block);
void build_section(struct build *b, bool big);
void build_interface(struct build *b, uint16_t linktype, uint32_t snaplen);
void build_interface_timed(struct build *b, uint16_t linktype, uint8_t tsresol, int64_t offset_s);
void build_enhanced(struct build *b, uint32_t interface, uint64_t ticks, uint32_t len, uint32_t wire_len);

// The same octets as gzip members of `member_len` octets each (0: one member). Returns the length in `out`.
size_t build_gzip(const uint8_t *octets, size_t len, size_t member_len, uint8_t *out, size_t room);

// What came out of a source. Octets are checked while they are borrowed: packet octet i is i.
enum { RESULT_MAX = 256 };

struct result {
	struct packet packets[RESULT_MAX]; // .data is not valid any more
	size_t n;
	struct source_damage damages[16];
	size_t n_damages;
	int end; // what source_burst() said last
};

void result_read(struct result *r, const char *const *paths, size_t n_paths);

// A file of these octets (a plain file that is mapped), a pipe that delivers them `chunk` octets at a time.
void result_of_file(struct result *r, const uint8_t *octets, size_t len);
void result_of_pipe(struct result *r, const uint8_t *octets, size_t len, size_t chunk);

// Cuts the file behind each of its octets, reads it in every way: exactly the packets before the cut must come out,
// and damage at the last mark, unless the cut is one.
void result_of_all_cuts(const struct build *b);

// Fails the test `name` unless these packets come out and then this damage, mapped and piped.
void result_is_damage(const struct build *b, const char *name, size_t n_packets, size_t off, const char *reason);
