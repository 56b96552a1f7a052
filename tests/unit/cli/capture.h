// A capture file of one or more mail sessions in clear, written by hand: for tests of the commands as a whole.
#pragma once

#include <stdint.h>
#include <stdio.h>

// One line of a session: who speaks, and what (CRLF included).
struct capture_line {
	char who; // 'C' or 'S'
	const char *text;
};

struct capture {
	FILE *f;
	uint64_t time_us;
};

// Ethernet, microseconds. Aborts the test when the file cannot be written.
void capture_open(struct capture *c, const char *path);

// A whole connection from 192.0.2.1:`port` to 192.0.2.2:25, SYN to FIN, each line in a segment of its own that the
// other side acknowledges with its next one.
void capture_session(struct capture *c, uint16_t port, const struct capture_line *lines, size_t n);

void capture_close(struct capture *c);
