// Sessions the judge has to remember: sealed ones until their end, told ones so that nothing is told twice, held ones
// until their policy is known. Bounded; the session touched longest ago makes room. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "alerts/session.h"
#include "hw/slab.h"

enum judge_policy { POLICY_KNOWN, POLICY_PENDING };

struct judge_entry {
	uint64_t birth;
	uint64_t time_ns;       // packet time of the newest facts kept
	uint64_t deadline_ns;   // POLICY_PENDING: wall clock
	uint32_t hash_next;
	uint32_t lru[2], hold[2]; // links: [0] towards the oldest, [1] towards the newest
	uint32_t facts;         // kept facts, or 0
	uint32_t peer;          // what was learned of the ends, or 0
	uint32_t frame;
	uint16_t n_alerts;      // told so far: the ordinal of the next
	uint16_t worker;        // who told of it
	bool used;              // false: the place is free
	bool sealed;            // the worker forgot it; kept facts are all there is
	bool ended;             // its last facts came; only the policy is missing
	uint32_t waiting;       // ended, and waits for its twin: place in the table of pairs; 0 not
	bool reopened;          // a reset of it was contradicted
	uint8_t policy;         // enum judge_policy; known as far as it ever will be
	bool gave_up;           // waited once, in vain
	int64_t asked_again_s;  // wall clock of the question past the caches, 0: none
	uint64_t flow_id;       // as first concluded: a SYN/ACK that is captured late must not rename the session
	char id[RECORD_ID_LEN + 1];
	uint8_t listed[32];     // bit by catalogue index: told, or among the related of something told
	uint8_t n_told;
	struct {
		uint8_t finding;    // catalogue index
		uint8_t severity, confidence;
	} told[SESSION_FINDINGS_MAX];
};

struct judge_list {
	uint32_t end[2]; // [0] oldest, [1] newest
};

struct judge_sessions {
	struct slab entries, facts, peers;
	uint32_t *heads;
	uint32_t mask;
	struct judge_list lru;
	struct judge_list hold; // POLICY_PENDING, in order of deadline
};

int judge_sessions_open(struct judge_sessions *t, uint32_t n_max);
void judge_sessions_close(struct judge_sessions *t);

// The entry of a session, or NULL. Finding it makes it the newest.
struct judge_entry *judge_sessions_find(struct judge_sessions *t, uint64_t birth);
// A new entry, zeroed but for its birth; NULL when the table is full and the oldest must go first.
struct judge_entry *judge_sessions_add(struct judge_sessions *t, uint64_t birth);
struct judge_entry *judge_sessions_oldest(const struct judge_sessions *t);
// All of them, in no order that means anything: `at` 0 at first; NULL: that was the last. Entries may be dropped meanwhile.
struct judge_entry *judge_sessions_each(const struct judge_sessions *t, uint32_t *at);
void judge_sessions_drop(struct judge_sessions *t, struct judge_entry *e);

// Keeps a copy of `f` in the entry. There is room for every entry's.
void judge_sessions_keep(struct judge_sessions *t, struct judge_entry *e, const struct facts *f);
struct facts *judge_sessions_facts(const struct judge_sessions *t, const struct judge_entry *e);

// What was learned of the ends, zeroed when it is made; NULL when nothing was and `make` is not set.
struct peer *judge_sessions_peer(struct judge_sessions *t, struct judge_entry *e, bool make);

// Policy: pending until `deadline_ns`, or until it is released.
void judge_sessions_hold(struct judge_sessions *t, struct judge_entry *e, uint64_t deadline_ns);
void judge_sessions_release(struct judge_sessions *t, struct judge_entry *e);
// The pending session whose deadline comes first, or NULL.
struct judge_entry *judge_sessions_held(const struct judge_sessions *t);
struct judge_entry *judge_sessions_held_after(const struct judge_sessions *t, const struct judge_entry *e);
