// History: what each mail server and client showed before, so that a change is noticed. DESIGN sections 1, 4, 6.
//
// Plain tables of fixed size in memory, and beside them a copy on disk (db.c) that is written in batches: what is asked
// and learned never waits for the disk. Packet time is the clock. A session is learned once, at its end, from what was
// wholly seen; every question is answered by what began before the session that asks, so that reading a capture again
// says the same. Where later sessions are known, the run that was on when this one began is what counts.
//
// docs/design/0013-history.md has the reasons. One thread.
#pragma once

#include "alerts/loss.h"
#include "alerts/session.h"

enum {
	HISTORY_LEARNED_MIN = 5,      // observations before anything is called stable
	HISTORY_ERROR = 160,
};

#define HISTORY_SECOND_NS 1000000000ull
#define HISTORY_HOUR_NS (3600 * HISTORY_SECOND_NS)
#define HISTORY_DAY_NS (24 * HISTORY_HOUR_NS)
#define HISTORY_SPAN_NS HISTORY_HOUR_NS        // ... and the time they must span: a burst is one observation
#define HISTORY_FRESH_NS (30 * HISTORY_DAY_NS) // a habit that is older says nothing
#define HISTORY_NEWS_NS (7 * HISTORY_DAY_NS)   // a change that is older is the new habit

struct history;

struct history_counts {
	uint64_t learned;     // sessions that taught something
	uint64_t known;       // ... that were learned before
	uint64_t unfit;       // ... of which nothing could be learned
	uint64_t servers;     // servers (address and port) known now
	uint64_t evicted;     // rows that made room
	bool kept;            // there is a state directory
	int error;            // -errno of the last write that failed; 0: all is on disk
};

// `dir`: state directory, made when missing; NULL: in memory, for this run only. 0, or -errno with the reason in `error`
// (HISTORY_ERROR octets): -EBUSY another process has it, -ENOTSUP a newer program wrote it.
int history_open(struct history **out, const char *dir, char *error);
// Writes what is not written yet.
void history_close(struct history **h);
// Writes now. 0, or -errno: then it is tried again with the next batch.
int history_flush(struct history *h);

// What conn_facts.tap means, by a name that stays; before anything is learned or asked.
void history_tap(struct history *h, uint8_t tap, const char *name);

// The session's last word. Whatever it shows was concluded before.
void history_learn(struct history *h, const struct session *s);

// The sensor lost packets (live): written with the next batch. An interval that begins like one before replaces it. `tap` ""
// where it is of all.
void history_loss(struct history *h, const struct loss_interval *interval, const char *tap);
// Live, now and then: writes when it is time, also when nothing is learned.
void history_idle(struct history *h);

struct history_counts history_counts(const struct history *h);

// ---- questions: NULL history answers no ------------------------------------------------------------------------

// Offers of STARTTLS by this server, under the name and with the EHLO template it has here, to this client; where that is
// unknown, to this client at all, then to anybody. False: none is known.
struct history_offered {
	uint64_t yes, all;
	bool same_client, same_template;
};
bool history_offered(const struct history *h, const struct facts *f, struct history_offered *out);
enum { HISTORY_OFFERED_TEXT = 64 };
// "peer_offered_before:1842/1842", or empty.
void history_offered_text(char out[HISTORY_OFFERED_TEXT], const struct history *h, const struct facts *f);

// A habit that this session departs from.
struct history_drop {
	uint32_t n;           // times in a row before
	uint8_t was, is;
	uint64_t since_ns;    // from its first time to this session
	bool exact;           // same client, name and template; else the client only
	uint8_t ttl_usual;    // of the server's segments then, 0 not known
};
// The server offered STARTTLS to this client, and does not now. `message`: it has taken a message all the same.
bool history_vanished(const struct history *h, const struct facts *f, struct history_drop *out);
// The EHLO reply is what it was, less one line as long as STARTTLS.
bool history_line_gone(const struct history *h, const struct facts *f, struct history_drop *out);
// It offers and omits in turn within a day. Returns how often it changed, 0: it does not.
unsigned history_alternates(const struct history *h, const struct facts *f);
// TLS version (HISTORY_TLS_*) or grade of the suite below what the two had agreed on until now.
bool history_version_drop(const struct history *h, const struct facts *f, const struct peer *p, struct history_drop *out);
bool history_cipher_drop(const struct history *h, const struct facts *f, const struct peer *p, struct history_drop *out);
uint8_t history_version_level(uint16_t version);
uint16_t history_level_version(uint8_t level);
// 4 AEAD, 3 CBC, 2 either without forward secrecy, 1 3DES and the like, 0 broken; of an unknown suite 4.
uint8_t history_suite_grade(uint16_t suite);

// The client's TLS stack is another one than all that were seen of it. Returns in how many sessions they were; 0: it is not.
uint32_t history_other_client(const struct history *h, const struct facts *f, const struct peer *p);

enum history_issuer { ISSUER_UNKNOWN, ISSUER_TRUSTED, ISSUER_SELF, ISSUER_PRIVATE };
struct history_cert {
	uint32_t n;           // sessions in which this server showed other keys of the kind
	uint8_t n_keys;       // different ones
	uint8_t was, is;      // enum history_issuer
	bool issuer_new;      // ... and none of them was of this issuer
	uint32_t converts;    // servers of different operators that went over to this issuer, which nobody had before; this one included
};
bool history_cert_changed(const struct history *h, const struct facts *f, const struct peer *p, struct history_cert *out);
// Operators (by name and network) that use the server's key; below 2: nobody else.
unsigned history_key_operators(const struct history *h, const struct facts *f, const struct peer *p);

// Resets between STARTTLS and ServerHello, of this server or else of this client, against what was before.
struct history_resets {
	bool client;          // it is the client that meets them, at whatever server
	uint32_t n, all;      // within a day, this one included
	uint32_t n_before, all_before;
};
bool history_resets(const struct history *h, const struct facts *f, struct history_resets *out);
// Servers of different operators that now answer as one and the same; below 3: nothing.
unsigned history_answers_alike(const struct history *h, const struct facts *f);

// True when no other session is known that met this server (address and port) before. `session`: id of this one.
bool history_first(const struct history *h, const struct facts *f, const char *session);

// ---- pairs of hosts between which TLS failed (alerts/memory.c) ---------------------------------------------------

enum { HISTORY_FAILURES = 2 }; // a session that fell back and failed again itself must not hide what it fell back from

struct history_failure {
	uint64_t birth;       // 0: of an earlier run
	uint64_t time_ns;     // 0: none
	uint64_t worked_ns;   // TLS worked again; the first time after it failed, so that answers about later sessions stay
	uint64_t envelope_digest, hello_digest;
	uint8_t confidence, quality;
	bool reached_mail;
	uint8_t fault;
	char session[RECORD_ID_LEN + 2];
};
struct history_pair {
	struct history_failure failure[HISTORY_FAILURES]; // newest first
};
// What is known of the pair; NULL: nothing, and `make` is not set. Valid until the next call. Whoever changes it says so
// before, by `change`.
struct history_pair *history_pair(struct history *h, const struct conn_facts *c, uint64_t now_ns, bool make, bool change);
