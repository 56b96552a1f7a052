// Between the files of history; nobody else includes it. table.c keeps rows; run.c reads habits out of observations; key.c
// says what is the same; learn.c takes a session in; ask_*.c answer; db.c is the copy on disk; history.c opens and closes.
#pragma once

#include "alerts/history/history.h"

#include <assert.h>

enum {
	HISTORY_WAYS = 8,
	HISTORY_RUNS = 4,
	HISTORY_KEY_LEN = 40,
};

// Kinds of rows; each is a table in memory and one on disk. Numbers and layouts are frozen by HISTORY_SCHEMA.
enum history_kind {
	KIND_SERVER, // address and port
	KIND_OFFER,  // ... name, template, client; or ... client alone
	KIND_TLS,    // ... name, client's fingerprint
	KIND_CERT,   // ... kind of key, name asked for
	KIND_ISSUER, // issuer's name
	KIND_KEY,    // public key
	KIND_CLIENT, // client's address and name
	KIND_ANSWER, // a way to greet and to answer EHLO
	KIND_PATH,   // client's address
	KIND_PAIR,   // client's and server's address
	KIND_N,
};

struct history_key {
	uint8_t address[16];
	uint64_t a, b;
	uint16_t port;
	uint8_t ip_v;
	uint8_t used;         // 1 of a key in use
	uint32_t tap;         // digest of its name: what one tap showed is not held against another
};
static_assert(sizeof(struct history_key) == HISTORY_KEY_LEN, "no padding: it is hashed as octets");

// The same thing observed several times in a row.
struct history_run {
	uint64_t first_ns, last_ns;
	uint32_t n;
	uint8_t value;
	uint8_t unused[3];
};
struct history_runs {
	struct history_run run[HISTORY_RUNS]; // newest first; n 0: none
};

// One of a small set of things.
struct history_seen {
	uint64_t id, of;
	uint64_t first_ns, last_ns;
	uint32_t n;           // 0: none
	uint8_t note;
	uint8_t unused[3];
};

// How often something went wrong, of how often it could.
struct history_rate {
	uint64_t all, bad;    // ever
	struct {
		uint64_t time_ns; // 0: none
		uint64_t all;     // as it was before it
	} at[4];              // the latest bad ones, newest first
};

enum { SERVER_NAMES = 4, CERT_KEYS = 8, ISSUER_SERVERS = 8, KEY_USERS = 4, CLIENT_STACKS = 4, ANSWER_SERVERS = 8 };

struct row_server {
	uint64_t first_ns, last_ns;
	uint64_t first_session;
	uint64_t n;
	struct history_seen name[SERVER_NAMES]; // id: name and banner; of: operator
	struct history_rate resets;
	uint32_t n_yes, n_all;
};
struct row_offer {
	struct history_runs runs; // 1 offered, 0 not
	uint32_t n_yes, n_no, n_masked;
	uint16_t len;         // of the EHLO template with STARTTLS; 0 not known
	uint16_t n_len;       // times in a row, saturating
	uint8_t ttl;
	uint8_t unused[7];
};
struct row_tls {
	struct history_runs version, grade;
};
struct row_cert {
	struct history_seen key[CERT_KEYS]; // id: key; of: issuer; note: enum history_issuer
};
struct row_issuer {
	uint64_t first_ns, last_ns, n;
	struct history_seen convert[ISSUER_SERVERS]; // id: operator
};
struct row_key {
	struct history_seen user[KEY_USERS]; // id: operator; of: network
};
struct row_client {
	struct history_seen stack[CLIENT_STACKS]; // id: fingerprint
};
struct row_answer {
	struct history_seen server[ANSWER_SERVERS]; // id: former operator; of: network; note: TTL
};
struct row_path {
	struct history_rate resets;
};

// What every row begins with.
struct history_row {
	struct history_key key;
	uint64_t seen_ns;
	uint32_t dirty;       // not on disk as it is
	uint32_t unused;
};
#define HISTORY_ROW(type) struct { struct history_row row; struct type value; }

struct history_kind_info {
	const char *name;     // of the table on disk
	uint32_t n_max;       // rows; a power of two times HISTORY_WAYS
	uint32_t value_len;
	bool (*sane)(const void *value); // what was read from disk may be used
};
extern const struct history_kind_info history_kinds[KIND_N];

struct history_table {
	uint8_t *rows;
	uint32_t n_sets;
	uint32_t row_len;
	uint64_t n;           // in use
	uint32_t *dirty;      // indices of rows that are to be written
	uint32_t n_dirty;
};

// Sessions learned: digests in the order in which they came, so that the disk sees pages that fill up.
enum { LEARNED_MAX = 1 << 20, LEARNED_PAGE = 512 };
struct history_learned {
	uint64_t *ring;       // LEARNED_MAX digests
	uint64_t next;        // count of all ever put; ring[next % LEARNED_MAX] comes next
	uint64_t written;     // how many of them are on disk
	uint64_t *index;      // set-associative, LEARNED_MAX places
	uint8_t *turn;        // next victim of each set
};

// Losses that are not on disk yet.
enum { HISTORY_LOSSES = 64, HISTORY_LOSS_TAP = 64 };
struct history_loss_row {
	struct loss_interval interval;
	char tap[HISTORY_LOSS_TAP];
};

struct history {
	struct history_table table[KIND_N];
	struct history_learned learned;
	struct history_db *db; // NULL: none
	struct history_counts counts;
	uint64_t seed;
	uint32_t tap[FACTS_TAPS]; // digests of names
	uint64_t flushed_ns;  // clock of the machine
	uint32_t since;       // sessions learned since
	struct history_loss_row loss[HISTORY_LOSSES];
	size_t n_losses;
};

// ---- table.c ----
int history_table_open(struct history_table *t, const struct history_kind_info *k);
void history_table_close(struct history_table *t);
// The value of a row, or NULL.
void *history_find(const struct history *h, enum history_kind kind, const struct history_key *key);
// The same, made when it is missing; whoever was seen longest ago makes room. It counts as changed.
void *history_make(struct history *h, enum history_kind kind, const struct history_key *key, uint64_t now_ns);
struct history_row *history_row_at(const struct history_table *t, uint32_t i);
bool history_learned_has(const struct history *h, uint64_t digest);
void history_learned_put(struct history *h, uint64_t digest);
void history_forget_all(struct history *h);

// ---- run.c ----
void history_runs_learn(struct history_runs *r, uint8_t value, uint64_t time_ns);
// Does a session that began at `time_ns` with this value depart from a habit of higher ones?
bool history_runs_drop(const struct history_runs *r, uint8_t value, uint64_t time_ns, struct history_drop *out);
unsigned history_runs_changes(const struct history_runs *r, uint8_t value, uint64_t time_ns);
bool history_runs_sane(const struct history_runs *r, uint8_t value_max);
struct history_seen *history_seen_find(const struct history_seen *set, size_t n, uint64_t id, uint64_t of);
struct history_seen *history_seen_learn(struct history_seen *set, size_t n, uint64_t id, uint64_t of, uint64_t time_ns);
void history_rate_learn(struct history_rate *r, bool bad, uint64_t time_ns);
bool history_rate_rose(const struct history_rate *r, uint64_t time_ns, struct history_resets *out);

// ---- key.c ----
// Who a server says it is: digests, 0 unknown.
struct history_name {
	uint64_t name;        // host, without its digits, and the template of the banner
	uint64_t operator;    // domain of the host
};
void history_name(const struct history *h, const struct facts *f, struct history_name *out);
uint64_t history_operator_of(const struct history *h, const char *host, size_t len);
uint64_t history_digest(const struct history *h, const void *p, size_t len);
uint64_t history_digest_text(const struct history *h, const char *text);
struct history_key history_key_server(const struct history *h, const struct facts *f);
struct history_key history_key_client(const struct history *h, const struct facts *f);
struct history_key history_key_offer(const struct history *h, const struct facts *f, uint64_t name, uint64_t template);
struct history_key history_key_tls(const struct history *h, const struct facts *f, const struct peer *p, uint64_t name);
struct history_key history_key_cert(const struct history *h, const struct peer *p, const struct facts *f);
struct history_key history_key_digest(uint64_t a);
struct history_key history_key_stack(const struct history *h, const struct facts *f);
struct history_key history_key_answer(const struct facts *f, const struct history_name *who);
uint64_t history_network(const struct history *h, const struct facts *f); // of the server
// Of the client's hello, without what differs from server to server; 0 unknown.
uint64_t history_stack(const struct history *h, const struct peer *p);
uint64_t history_spki(const struct peer *p); // 0: no key was seen that counts
uint64_t history_issuer(const struct history *h, const struct peer *p);
uint8_t history_issuer_kind(const struct peer *p);

// ---- what of a session may be learned, or compared (fit.c) ----
bool history_fit_session(const struct facts *f);
bool history_fit_offer(const struct facts *f);
bool history_fit_tls(const struct facts *f);
bool history_put_off(const struct facts *f); // greylisted, tarpitted: the real server was not met
// Reset between STARTTLS and ServerHello; *all: it could have been.
bool history_fit_reset(const struct facts *f, bool *all);
// This server was someone else: digest of the operator that it was until now; 0 no.
uint64_t history_former_operator(const struct history *h, const struct facts *f, const struct history_name *who);
// Keys of an earlier issuer, and none of this one.
bool history_converted(const struct row_cert *row, uint64_t issuer, uint64_t time_ns);

// history.c: writes when it is time.
void history_turn(struct history *h);

// ---- db.c ----
struct history_db;
int history_db_open(struct history *h, const char *dir, char *error);
void history_db_close(struct history_db **db);
int history_db_write(struct history *h);
// A row left the table in memory.
void history_db_forget(struct history *h, enum history_kind kind, const struct history_key *key);
