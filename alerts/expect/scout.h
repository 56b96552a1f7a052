// The scout: a process of its own that asks DNS and MTA-STS, and the side of it that everybody else sees.
//
// It is asked for a domain or a host and answers with one policy snapshot, later or never. What it says is read like anybody
// else's octets: bounded, checked, and only about what was asked. While it is dead or slow everything asked is unknown;
// it is started again at most once a second. Why a process: docs/design/0012-scout.md. One thread.
#pragma once

#include "alerts/expect/snapshot.h"

enum {
	SCOUT_PENDING_MAX = 256,         // asked, not answered
	SCOUT_ANSWER_MAX = 256 << 10,    // octets of a snapshot
	SCOUT_WATCHLIST_MAX = 256,  // partners; each costs a lookup a TTL
};

enum scout_kind { SCOUT_DOMAIN, SCOUT_HOST };

// Borrowed until scout_close().
struct scout_config {
	const char *trust_anchor;        // as in resolver.h
	const char *const *forward_to;
	size_t n_forward_to;
	const char *root_hints;          // NULL: built in
	bool mta_sts;                    // HTTPS requests to policy hosts are allowed
	const char *ca_file;             // for them: a PEM file or a hashed directory; NULL: libcurl's
	const char *state_dir;           // of the policy cache (cache.h), which outlives us; NULL: none
	const char *const *watchlist;    // domains refreshed at TTL pace without being asked for
	size_t n_watchlist;
	uint32_t question_ms;            // time limit of a DNS question, 0: default
	uint32_t lookup_ms;              // of all of a name's questions, 0: default
};

struct scout;

// Forks a keeper, which forks the worker, which gives up its rights (RIGHTS_SCOUT, no other user).
// Before any thread is started. 0; -errno as resolver_open(); -EINVAL also for a watchlist that has too many or bad names.
int scout_open(struct scout **out, const struct scout_config *config);
void scout_close(struct scout **s); // within a second

// `name` as policy.h wants names. `fresh`: nothing cached may be used (a forwarder's cache is beyond us). Asking again before
// the answer came is one question. 0; -EAGAIN: too much is pending; -EINVAL; -EPIPE: it is gone for good.
int scout_ask(struct scout *s, const char *name, enum scout_kind kind, bool fresh);

// What came of an answer.
struct scout_sink {
	struct snapshot_sink values;
	// After its values, also of watchlist domains that nobody asked for. `answered` false: there is nothing, the name stays unknown.
	void (*done)(void *ctx, const char *name, enum scout_kind kind, bool fresh, bool answered);
	void *ctx;
};

// Takes what came. Never blocks. How many were told, or -errno of the sink.
int scout_poll(struct scout *s, const struct scout_sink *sink);
int scout_fd(const struct scout *s);      // readable: there is something; -1: it is gone
uint32_t scout_pending(const struct scout *s);

struct scout_counts {
	uint64_t asked, answered, unknown, refused, deaths;
};
struct scout_counts scout_counts(const struct scout *s);

// ---- where somebody else keeps the worker (`run`) ------------------------------------------------------------------

// The asking side over its end of a SOCK_SEQPACKET pair that is not blocking; fd is closed with it, nobody is forked. As scout_open().
int scout_attach(struct scout **out, int fd, const struct scout_config *config);

// The worker: answers over the other end until nobody asks any more. 0, or an exit status. Rights were given up by the caller.
int scout_serve(int fd, const struct scout_config *config);

// To be said over the worker's end when a worker died, before the next one begins: what was asked of it is unknown.
// Waits a moment where the asking side does not read; that side is then about to be ended itself.
void scout_tell_died(int fd);

// What the worker has to keep: adds paths and ports. The directories must exist. Once per process: it keeps names of its own.
struct rights_config;
void scout_rights(struct rights_config *out, const struct scout_config *config);
