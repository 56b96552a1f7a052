// The one record in the words of others: ECS JSON, CEF, LEEF. From the stamped line, so everything that is told is told by it.
//
// Whatever is inside comes from the wire: a value can never end its field, its line or its message. Output is one line, UTF-8,
// without control characters, at most FORMAT_MAX octets.
#pragma once

#include "alerts/sink/sink.h"

enum { FORMAT_MAX = 8 * 1024 - 512 }; // receivers cut at 8 KiB; what remains is for the syslog header

// What sinks need beside the octets.
struct format_keys {
	char community_id[64], id[RECORD_ID_LEN + 1], session[RECORD_ID_LEN + 1];
	char finding[64];   // of an alert: catalogue id; else ""
};

struct formatter; // scratch memory, one a thread
int formatter_open(struct formatter **out, enum sink_format format);
void formatter_close(struct formatter **f);
// The message, valid until the next call; NULL: the line is not JSON of ours. FORMAT_EVE gives the line itself.
const char *formatter_write(struct formatter *f, const char *line, size_t len, const struct outbox_about *about, size_t *out_len,
	struct format_keys *keys);
