// Reads the replies of a server that may say anything: bounded, one line at a time, in any cuts. RFC 5321 4.2.
//
// The dissector reads replies of others and must explain every oddity; this one talks itself, and gives up at the first.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PROBE_LINE_MAX = 2048,   // octets of a line; RFC 5321 4.5.3.1.5 allows 512, some banners have more
	PROBE_LINES_MAX = 64,    // lines of a reply; large EHLO replies have below 30
	PROBE_KEPT_MAX = 32,     // of them, kept
	PROBE_KEPT_LEN = 96,     // octets kept of each, with the NUL
};

struct probe_reply {
	uint16_t code;
	uint16_t n_lines;
	uint16_t n_kept;
	bool starttls;           // the keyword on a line after the first, as strict clients want it
	char kept[PROBE_KEPT_MAX][PROBE_KEPT_LEN]; // text after the code; what is not printable ASCII is "?"
};

enum probe_read {
	PROBE_READ_MORE,     // everything was taken, the reply goes on
	PROBE_READ_DONE,
	PROBE_READ_BAD,      // no reply: a line without a code, or with another one than the first
	PROBE_READ_TOO_MUCH, // longer than any reply
};

// Zeroed memory is ready for the first octet of a reply.
struct probe_reader {
	struct probe_reply reply;
	size_t line_len;
	char line[PROBE_LINE_MAX];
};

// Takes octets up to the end of the reply; `*used` says how many. After anything but MORE the reader is used up.
enum probe_read probe_reply_take(struct probe_reader *r, const uint8_t *p, size_t len, size_t *used);
