// What the segments of a connection showed of somebody on its path who sends segments of his own.
//
// Sources: RFC 9293 3.4, RFC 5961 (resets), RFC 1122 4.2.3.6 (probes of an idle peer); Joncheray 1995 (desynchronised numbers).
// Seen only as long as the session is read; after the seal nobody looks any more. Part of struct facts.
#pragma once

#include "dissect/mark.h"

// Which of two versions of the same octets the receiver has acknowledged; told only by versions of different length.
enum path_agrees { AGREES_UNKNOWN, AGREES_FIRST, AGREES_LATER };

enum { PATH_TEXT_MAX = 24 }; // of a version: a verb or a reply code, never an address

// Two TTLs that are not of one sender: paths of equal cost differ by a hop or two.
static inline bool path_ttl_far(uint8_t a, uint8_t b)
{
	return (a > b ? a - b : b - a) > 2;
}

struct path_facts {
	// Two versions of the same octets, proven octet by octet or by hash.
	uint16_t n_conflicts;         // segments, saturating
	uint8_t conflict_dir;         // enum dir, of the first one
	uint8_t conflict_agrees;      // enum path_agrees
	uint32_t conflict_off;        // stream offset of the first octet that differs; where only hashes were left, of the segment
	uint32_t conflict_len;        // octets of the later segment
	struct text conflict_text[2]; // what the line began with, in the first version and the later one; may be absent
	struct mark conflict_mark[2]; // the segments; the first one is unknown where only hashes were left
	bool offers_differ;           // one version offers STARTTLS and the other does not: the judge compares them
	bool both_read;               // the dialogue was read to here in both versions: these facts are the worse of two
	// A reset that was none.
	bool rst_contradicted;        // its sender went on
	bool rst_at_upgrade;          // within 2 s of STARTTLS, its reply or a ClientHello, before TLS was completed
	uint8_t rst_dir;              // of the one that is told
	uint8_t rst_ttl, rst_ttl_usual; // of that packet, and of what its side had sent before; 0 not known
	uint8_t n_rst_stepped;        // resets beside the expected number, each in another place, saturating
	struct mark rst_mark;
	// A single segment of the clear dialogue that came from farther away or from nearer than those before and behind it.
	uint8_t odd_dir;
	uint8_t odd_ttl, odd_ttl_usual; // 0: none
	struct mark odd_mark;
	// What each side's segments usually came with, by enum dir, as long as the dialogue was in clear; 0 not known.
	uint8_t ttl[2];
	// The server answered one SYN with two numbers.
	bool synack_twice;
	// Segments of text with a wrong checksum, from a side that has sent right ones.
	uint16_t n_bad_sum_text;      // saturating
	uint8_t bad_sum_dir;          // of the first
	struct mark bad_sum_mark;
	// What `desync_dir` acknowledges lies apart from what the other side has sent, by the same distance each time.
	uint8_t n_desync;             // segments in a row that showed it, saturating
	uint8_t desync_dir;
	int32_t desync;               // octets: positive, more was acknowledged than sent
	struct mark desync_mark;
};
