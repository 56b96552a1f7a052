// Between the files of the judge; nobody else includes it. judge.c takes messages and drives; judge_check.c trusts
// none of them; judge_evaluate.c concludes; judge_expect.c asks what should have happened, judge_hold.c waits for it;
// judge_tell.c chooses and writes alerts; judge_peer.c opens what the ends showed; judge_pair.c brings together what
// two taps saw; judge_dns.c takes what DNS said; judge_end.c writes what is told once a session; judge_summary.c counts;
// judge_net.c asks the inventory; judge_live.c is for a sensor that runs,
// judge_sensor.c tells its own trouble, judge_heartbeat.c how it does, judge_storm.c what was too much to be told one by one.
#pragma once

#include "alerts/dedup.h"
#include "alerts/expect/candidates.h"
#include "alerts/expect/dane.h"
#include "alerts/judge.h"
#include "alerts/cert/cert.h"
#include "alerts/dns/race.h"
#include "alerts/dns/seen.h"
#include "alerts/evidence.h"
#include "alerts/judge_sessions.h"
#include "alerts/loss.h"
#include "alerts/pair.h"
#include "alerts/pair_table.h"
#include "alerts/keylog/flight.h"
#include "alerts/keylog/keylog.h"
#include "alerts/resumed.h"
#include "alerts/storm.h"

#include <stddef.h>

enum { JUDGE_WORKERS_MAX = 64, JUDGE_NAME = 256 };

// What the configuration calls things, as long as the judge lives: it may be told others, and what is kept points here.
struct judge_names {
	char tap[FACTS_TAPS][JUDGE_NAME], pair[FACTS_TAPS][JUDGE_NAME], host[JUDGE_NAME], in_iface[JUDGE_NAME];
};

// Something wrong with the sensor that is told, or was a short while ago.
struct judge_trouble {
	bool used;
	bool goes_on;
	uint8_t severity, confidence; // the highest told
	uint32_t count;           // repeats since the last record
	uint32_t n_told;
	uint64_t start_ns;        // of its window, wall clock
	const struct catalogue_row *row;
	struct message_sensor what; // of the repeats, as one; without any, as it was told
	char first_id[RECORD_ID_LEN + 1];
};

enum { JUDGE_TROUBLES = 64, JUDGE_PROTOCOLS = 256, JUDGE_EVICTIONS = 4 };

struct judge_protocols {
	size_t n;
	struct protocol_count row[JUDGE_PROTOCOLS];
};

struct judge {
	struct judge_config config;
	struct judge_names names;
	struct judge_sessions sessions;
	struct history *history;
	struct rules_memory *memory;
	struct judge_peers *peers;
	struct inventory *inventory;
	struct resumed *resumed;
	struct seen *seen;
	struct race *race;
	struct rules_sources sources; // of the three above what rules ask, and the store
	struct dedup *dedup;
	struct storm storm;
	struct evidence_store *evidence; // packets of alerts; NULL: they are kept nowhere
	struct pair_table waiting; // ended sessions whose twin may come
	const struct pair *twins; // while two sessions are judged together
	struct judge_summary summary;
	struct session session;   // the one in hand
	struct session strict;    // the same under an enforced policy, to see what hangs on it
	struct session update;    // the one an update of repeats is told from
	struct facts facts;       // of the message in hand
	bool disabled[256];       // by catalogue index
	struct message_counters counters[JUDGE_WORKERS_MAX]; // the newest of each worker
	bool stats_told;          // any counters came
	bool finished;
	uint64_t store_told;      // birth of the session that an old trust store is told with
	bool store_is_told;
	uint64_t now_ns;          // packet time of the newest message
	uint64_t wall_ns;         // live: newest wall clock that anybody told us
	struct loss loss;
	struct judge_trouble trouble[JUDGE_TROUBLES];
	uint8_t found[32];        // bit by catalogue index: the sensor's findings since the last stats
	uint64_t evictions[JUDGE_EVICTIONS], evictions_ns; // what had been given up at the last look
	struct judge_protocols *protocols[JUDGE_WORKERS_MAX], *protocols_gone; // newest totals of each worker, of former ones; or NULL
	struct judge_protocols protocols_all;
	struct sensor_state state;
	max_align_t own[(MESSAGE_LEN_MAX + sizeof(max_align_t) - 1) / sizeof(max_align_t)]; // live: the message in hand
	char line[RECORD_LEN_MAX + 1];
};

// What opens handshake octets and compares them: certificates, DANE, key log. -errno: the trust store or the key log cannot be read.
int judge_peers_open(struct judge_peers **out, const struct judge_config *config, const char **bad_path);
void judge_peers_close(struct judge_peers **p);
struct cert *judge_peers_cert(const struct judge_peers *p);
struct dane_memory *judge_peers_dane(const struct judge_peers *p);
const char *judge_peers_store(const struct judge_peers *p);
int64_t judge_peers_store_newest(const struct judge_peers *p); // cert_store_newest()
void judge_peers_count(const struct judge_peers *p, struct judge_summary *sum);
void judge_peers_take(struct judge_peers *ps, struct peer *p, const struct message_handshake *m);

// True when `m` of `len` octets is whole and every length, offset and enum in it is sane.
bool judge_check(const struct message *m, size_t len);

// Name of the tap that saw these facts.
const char *judge_tap_name(const struct judge *j, const struct facts *f);

// Packet time has come to `time_ns`: what was due until then is told.
void judge_time(struct judge *j, uint64_t time_ns);
// What may change while it runs: findings, severities, records, names of taps.
void judge_use(struct judge *j, const struct judge_config *c);
// Whoever told of this session, whose facts are kept, is gone: nothing will follow.
void judge_gone(struct judge *j, struct judge_entry *e);

// judge_sensor.c: trouble of the sensor; its windows that are over; the end.
void judge_trouble(struct judge *j, const struct message_sensor *m);
void judge_trouble_due(struct judge *j);
void judge_trouble_finish(struct judge *j);
// judge_heartbeat.c
void judge_heartbeat_tell(struct judge *j, bool last);
void judge_protocols_take(struct judge *j, const struct message_protocols *m);
void judge_protocols_forget(struct judge *j, uint16_t worker);
void judge_protocols_close(struct judge *j);

// judge_pair.c. A session has said its last word: its record is told, or waits for its twin. `e` may be NULL where
// judge_pair_wanted() says no. j->session is the session.
bool judge_pair_wanted(const struct judge *j, const struct facts *f);
void judge_pair_end(struct judge *j, struct judge_entry *e);
// Tells those that have waited long enough at this packet time.
void judge_pair_settle(struct judge *j, uint64_t now_ns);
// Tells a waiting session without a twin.
void judge_pair_alone(struct judge *j, struct judge_entry *e);
// What DNS on the tap said. judge_dns_due: tells the double answers that no session followed; `all`: at the end of input.
void judge_dns(struct judge *j, const struct message_dns *m);
void judge_dns_due(struct judge *j, bool all);

// Direction by own networks.
enum direction judge_direction(const struct inventory *inventory, const struct conn_facts *c);
// Marks the findings of `s` that an exemption covers.
void judge_exempt(const struct inventory *inventory, struct session *s);
// Counts what exemptions did to a session, and what those that ended would have done.
void judge_count_exempt(const struct inventory *inventory, const struct session *s, struct judge_summary *sum);

// Everything but the findings, concluded from facts and an expectation (NULL: unknown) into `s`.
// `peer` is borrowed as long as `s` is used; NULL: nothing was opened.
void judge_conclude(struct judge *j, struct session *s, const struct facts *f, const struct peer *peer,
                    const struct expectation *expect);
// The same with the findings, which may remember, and with the name that `e` (may be NULL) keeps. Without `expect` it is
// what is known now.
void judge_evaluate(struct judge *j, struct session *s, const struct facts *f, const struct expectation *expect,
                    struct judge_entry *e);

// What a moment of a session is told with.
struct judge_moment {
	struct judge_entry *entry;      // what was told before and is remembered now; NULL: told once and over
	bool dry;                       // tell nothing, only count what waits
	bool more;                      // the worker may learn more: low findings wait for it
	uint64_t time_ns;
	uint32_t frame;
	const struct session *strict;   // not NULL: findings that differ there wait for policy
};

// Tells the alerts of j->session that are due. Returns how many findings wait.
size_t judge_tell(struct judge *j, const struct judge_moment *at);

// Tells an update of the repeat table; `kept` is a struct judge_kept. For dedup_config.update.
void judge_tell_update(void *ctx, const struct record_repeat *repeat, const void *kept, uint64_t due_ns);
bool judge_may_tell(void *ctx, const struct dedup_offer *o);
size_t judge_kept_len(void);

// judge_storm.c: whether an alert, or an update that stands for `n`, may be told; else it is counted. What was counted is told when
// it is time; `last`: now.
bool judge_valve(struct judge *j, uint64_t time_ns, const struct finding *f, uint64_t n);
void judge_storm_due(struct judge *j, uint64_t time_ns, bool last);

// The record of j->session, its tls copy, its anomalies, and the counting.
void judge_end(struct judge *j, bool reopened);

// What policy says of these facts, as far as it is known now; all zero without a store.
void judge_expect(struct judge *j, struct expectation *out, const struct facts *f, const struct peer *peer);
extern const struct expectation judge_enforced; // the strictest there is: what changes under it depends on policy
// What others know of the server: how many hints.
enum { JUDGE_HINTS_MAX = 32 };
size_t judge_hints(struct judge *j, struct candidate_hint out[JUDGE_HINTS_MAX], const struct facts *f);

// Asks for what is not known of a session's server and recipients; afterwards it is pending if something will come.
void judge_ask(struct judge *j, struct judge_entry *e, const struct facts *f);
// The same for a certificate that fits no record, once a session. True: it is pending now.
bool judge_ask_again(struct judge *j, struct judge_entry *e, const struct session *s);
// Takes answers that came, and gives up on those that are late; `all`: on every one.
void judge_answers(struct judge *j, bool all);
// A session waits no longer: tells what waited, and its record if it ended.
void judge_resolve(struct judge *j, struct judge_entry *e);

// One line out, newline added. `len` octets of j->line.
// The line in j->line, to whoever takes records.
void judge_write(struct judge *j, enum record_type type, size_t len);
void judge_write_alert(struct judge *j, const struct finding *root, uint64_t time_ns, size_t len);

void judge_count_session(struct judge *j, const struct session *s);
void judge_count_alert(struct judge *j, const struct record_alert *a);
void judge_count_trouble(struct judge *j, const struct record_sensor *a);
void judge_count_workers(struct judge *j, const struct message_counters *m);
void judge_sum_workers(const struct judge *j, struct message_counters *all); // the newest of all
