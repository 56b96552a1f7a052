// What a connection speaks, said by nDPI where it is built in; it is shown the first segments of connections that are no mail.
//
// It is shown as little as can be: headers that we make, with addresses that are numbers of ours, the two ports and the
// payload. So what it says of a connection rests on that one alone, whatever other connections it has seen and whichever
// worker it is of. It copies what it reads, credentials among it: everything of a connection is wiped when it is forgotten,
// and what it was shown after each segment. One worker has one classifier, its thread alone uses it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dissect/net/decode.h"

struct classifier;

struct classifier_limits {
	uint16_t flows;     // looked at at once; whoever began first makes room for one more
	size_t heap_octets; // that nDPI may hold for them: more is refused
};

enum {
	CLASSIFIER_SEGMENTS = 8,  // of a connection: tunnels are set up in two, dialogues show themselves in four
	CLASSIFIER_OCTETS = 4096, // of a connection
};

// What nDPI says of a segment; every other number is a protocol of nDPI's.
enum classified {
	CLASSIFIED_NOT_YET = 0,
	CLASSIFIED_UNKNOWN = UINT16_MAX - 1, // it will not be told by what may be shown
	CLASSIFIED_LOST = UINT16_MAX,        // its place was taken
};

bool classifier_built_in(void);

// 0 or -errno; -ENOSYS: not built in. Takes some 50 ms and 4 MiB. Any thread.
int classifier_open(struct classifier **out, const struct classifier_limits *limits);
void classifier_close(struct classifier **c);

// A place for connection `owner`, never 0.
uint16_t classifier_begin(struct classifier *c, uint32_t owner);
// Shows a segment with payload. `time_ns` in packet time.
uint16_t classifier_show(struct classifier *c, uint16_t place, uint32_t owner, const struct decoded *s, uint64_t time_ns);
// Forgets and wipes; a place that has gone to another owner is left alone.
void classifier_end(struct classifier *c, uint16_t place, uint32_t owner);

bool classifier_says_mail(uint16_t protocol); // SMTP, in clear or in TLS
const char *classifier_name(const struct classifier *c, uint16_t protocol); // "HTTP"; static text

// Octets that nDPI holds for connections now; for tests and for the count of memory.
size_t classifier_heap_octets(const struct classifier *c);
