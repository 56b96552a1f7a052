// The octets of one input file, uncompressed: a window that formats read from.
//
// A plain file is mapped and the window is all of it. Everything else (gzip, a pipe, standard input) streams through
// one bounded buffer; there input_more() moves what the window holds, so it is called only when nobody points into it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zlib.h>

enum {
	// The longest record a format may want in one piece. 512 KiB, because a packet of 256 + 64 KiB with generous
	// options fits; anything longer is damage, not traffic.
	INPUT_RECORD_MAX = 512 * 1024,
	// Read at once when streaming. 256 KiB, because it amortises the call and stays in the second level cache.
	INPUT_FILL = 256 * 1024,
	// Compressed octets read at once from a pipe.
	INPUT_RAW = 64 * 1024,
	// Pages asked of the system at once in a mapped file. 2 MiB, because a call per 4 KiB page is what is slow.
	INPUT_AHEAD = 2 * 1024 * 1024,
};

struct input {
	// Touched per burst.
	const uint8_t *at;    // next octet to read
	const uint8_t *end;   // end of the window
	const uint8_t *ahead; // mapped plain files: when `at` passes this, input_ahead() has work
	const uint8_t *start; // the window's first octet, which stands at start_off in the file
	uint64_t start_off;
	uint64_t skip;       // octets to pass over that have not arrived yet
	bool last;           // what the window holds is all there will be
	const char *trouble; // why it ended too soon, static text; NULL: it did not

	uint8_t *map; // the file as it is on disk; NULL when it is read
	size_t map_len;
	uint8_t *window; // INPUT_RECORD_MAX + INPUT_FILL octets; kept from one file to the next
	int fd;          // -1: nothing to read from
	uint8_t *raw;    // INPUT_RAW octets; kept too
	const uint8_t *raw_at, *raw_end;
	const uint8_t *raw_ahead; // like `ahead`, of a mapped file that is inflated
	uint64_t raw_n; // octets read from fd
	bool inflating;
	bool in_member; // inside a gzip member
	z_stream z;
};

void input_init(struct input *in);
void input_fini(struct input *in);

// Opens a file by content: mapped, inflated or read. "-" is standard input. 0 or -errno.
int input_open(struct input *in, const char *path);
void input_close(struct input *in);

// More octets into the window. 1: some came; 0: the end (see `trouble`). The caller must have left less than
// INPUT_RECORD_MAX octets unread, and nobody may hold pointers into the window.
int input_more(struct input *in);

// Passes over `len` octets, whether they have arrived or not.
void input_skip(struct input *in, uint64_t len);

// Octets of the file on disk that were used: what an operator means by progress.
uint64_t input_position(const struct input *in);

// Brings the next stretch of a mapped plain file in, lets go of what was read. Call it when `at` has passed `ahead`,
// between two bursts.
void input_ahead(struct input *in);

static inline size_t input_left(const struct input *in)
{
	return (size_t)(in->end - in->at);
}

// Where `at` stands in the uncompressed file.
static inline uint64_t input_offset(const struct input *in)
{
	return in->start_off + (uint64_t)(in->at - in->start);
}
