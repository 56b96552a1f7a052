// Where packets come from. A file is a source like any other; source/table.c lists what exists.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "capture/packet.h"

struct source;

// Outcomes of source_burst() besides a positive count and -errno.
enum source_outcome {
	SOURCE_END = 0,                // nothing will follow
	SOURCE_IDLE = PACKET_BURST + 1, // a live source has nothing now; ask again
};

// What went wrong inside one input file. Packets before the damage were delivered.
struct source_damage {
	uint16_t file;       // index in the list of files
	uint64_t offset;     // octet offset in the (uncompressed) file where reading stopped
	const char *reason;  // static text: "truncated packet record", "bad block length", ...
};

struct source_file_config {
	const char *const *paths; // files, directories (read in name order, recursively), "-" for standard input
	size_t n_paths;
};

// Lists every input first (directories expanded, in a stable order). 0, or -errno with `*bad_path` set to the
// element of `paths` that could not be used. Files are opened one by one while reading. One thread uses a source.
// Plain files are mapped: whoever shortens a file while it is read ends the process (SIGBUS). Growing is harmless.
// Of the files found in a directory, those that are no captures are passed over without a word; one that is named
// like a capture, or begins like one, is told as damage. Files named in `paths` are always told.
int source_file_open(struct source **out, const struct source_file_config *config, const char **bad_path);

enum { SOURCE_TAPS_MAX = 8 };

// The same for several taps at once: files of each are read one after the other, those of different taps by packet time.
// Every packet says its tap (its index here); file numbers count through, frames stay those of their own file. Where two
// have the same time, the tap named first comes first; packets of one tap keep their order, whatever their times are.
int source_taps_open(struct source **out, const struct source_file_config *taps, size_t n_taps, const char **bad_path);

// Opens any source by name; its prefix chooses the engine (capture/source/table.c): "file:PATH", "pcap:eth1" ...
// 0, or -errno with `*reason` set to static text for the operator.
int source_open(struct source **out, const char *name, const char **reason);

void source_close(struct source **s);

// Fills `burst` with up to PACKET_BURST packets. The count, SOURCE_END, SOURCE_IDLE, or -errno (environment failed).
// The packets of the previous burst are gone.
int source_burst(struct source *s, struct packet burst[static PACKET_BURST]);

// For progress: octets read so far and in all (0 when not known, as with standard input). Any thread.
void source_progress(const struct source *s, uint64_t *done, uint64_t *total);

// Name of input file `file` as it was given or found; "-" is standard input. Valid until source_close().
const char *source_file_name(const struct source *s, uint16_t file);
size_t source_n_files(const struct source *s);

// Damage met so far: `index` counts from 0; 0 on success, -ENOENT past the last one. At most one per file.
int source_damage(const struct source *s, size_t index, struct source_damage *out);
