// The worker's own parts: jobs (scout_job.c), answers on their way out (scout_out.c), what outlives it (scout_state.c) and
// the loop around them (scout_work.c). One thread.
#pragma once

#include "alerts/expect/fetch.h"
#include "alerts/expect/lookup.h"
#include "alerts/expect/scout_wire.h"
#include "alerts/expect/store.h"

enum {
	WORK_JOBS_MAX = 16,    // names looked up at once
	WORK_FRESH_MAX = 2,    // of them past the cache: each has a resolver of its own
	WORK_QUEUE_MAX = SCOUT_PENDING_MAX + SCOUT_WATCHLIST_MAX,
	WORK_RETRY_SLOTS = 4096,
};

enum job_step { JOB_LOOKUP, JOB_ADDRESSES, JOB_FETCH, JOB_DONE };

struct work;

struct job {
	struct work *w;
	struct scout_request request;
	uint8_t step;
	struct resolver *fresh;       // its own, or NULL
	struct lookup *lookup;
	struct lookup *web;           // addresses of the policy host
	uint64_t fetch_id;
	bool looked, web_looked;      // the two are done
	bool fetched;                 // `result` counts
	bool failed;                  // could not be asked for
	uint32_t ttl_s;               // the shortest of the answer, 0: none
	struct sts_fetched result;
};

struct out_text {
	struct out_text *next;
	struct scout_request request;
	uint32_t len, at;             // len 0: nothing could be asked
	char text[];
};

struct watched {
	const char *name;
	int64_t due_s;                // INT64_MAX: asked for now
};

struct work {
	int fd;
	const struct scout_config *config;
	struct resolver *resolver;
	struct fetch *fetch;          // NULL: MTA-STS is off
	struct store *store;
	bool store_changed;
	int64_t saved_s;
	struct job *jobs[WORK_JOBS_MAX];
	uint32_t n_fresh;
	struct scout_request queue[WORK_QUEUE_MAX];
	uint32_t queue_first, queue_n;
	struct out_text *out, **out_last;
	struct scout_piece piece;
	struct {
		uint64_t name;            // hash
		int64_t until_s;
	} retry[WORK_RETRY_SLOTS];    // domains whose policy fetch failed: not again before
	struct watched watched[SCOUT_WATCHLIST_MAX];
	char patterns[POLICY_STS_MX_MAX][POLICY_NAME];
};

// scout_job.c
bool job_start(struct work *w, const struct scout_request *request); // false: no room now
void job_process(struct work *w);                                    // own resolvers, time limits, jobs that ended

// scout_answer.c: what the job learned, to the store and as text. 0 or -errno.
int answer_make(struct job *j);

// scout_out.c
int out_put(struct work *w, const struct scout_request *request, const char *text, size_t len);
void out_send(struct work *w);

// scout_state.c. A file that does not parse is told and begun anew.
int state_open(struct work *w);
void state_save(struct work *w);  // where something changed
