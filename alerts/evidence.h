// Evidence: the packets an alert rests on, as one pcapng a alert, written by the judge and never by a worker.
//
// Packets of sessions wait in bounded memory until their session has ended; the oldest session gives way, which is counted.
// Files lie in DIR/YYYYMMDD/ID.pcapng, the oldest are removed when there are too many octets. Each packet that `why` names
// carries it as a comment. One thread.
#pragma once

#include "alerts/record.h"

#define EVIDENCE_DIR "evidence" // in the state directory

struct evidence_store;

struct evidence_config {
	const char *dir;         // made when missing
	uint64_t memory_octets;  // of packets that wait
	uint64_t disk_octets;    // of files
	uint32_t session_octets; // of one session's packets; 0: default
};

struct evidence_counts {
	uint64_t packets, forgotten, files, removed, errors;
};

int evidence_open(struct evidence_store **out, const struct evidence_config *c);
void evidence_close(struct evidence_store **e);

void evidence_take(struct evidence_store *e, const struct message_evidence *m);
// The session `birth` has ended: its packets go, unless an alert of it is still to come within this call.
void evidence_forget(struct evidence_store *e, uint64_t birth);

// Writes the file of an alert. False: there is nothing, or it could not be written (counted). `file` is relative to dir.
struct evidence_file {
	char file[64];
	char sha256[65];
	uint32_t n_packets;
};
bool evidence_write(struct evidence_store *e, const struct record_config *c, const struct record_alert *a, struct evidence_file *out);

struct evidence_counts evidence_counts(const struct evidence_store *e);
