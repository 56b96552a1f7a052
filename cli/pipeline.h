// The composition of a replay: source, dissecting workers, rings, judge. `read` and `explain` run it.
//
// Each worker has its own source over the same input and dissects the connections that are its own, so nothing is
// shared; the judge (the caller's thread) merges their messages into the order one worker would have written.
#pragma once

#include "alerts/judge.h"
#include "capture/source.h"
#include "configs/config.h"
#include "dissect/place.h"

struct pipeline;

struct pipeline_config {
	const struct config *config;
	uint16_t workers;               // 1 where the input can be read only once
	const char *const *paths;
	size_t n_paths;
	const char *outside, *inside;   // two taps in place of `paths`, or NULL both
	const char *keylog;             // --keylog, or NULL
	struct store *store;            // what is known of policy, borrowed; NULL: nothing
	const struct expect_ops *expect; // who learns more; NULL: nobody
	void *expect_ctx;
	const char *state;              // --state, or NULL
	bool progress;                  // may be shown on a terminal
	const struct dialogue *dialogue; // or NULL; called by a worker's thread, so only with one worker
	// One record, newline included; NULL when nobody wants them. 0, or -errno: then reading stops.
	int (*write)(void *ctx, const char *line, size_t len);
	void (*observe)(void *ctx, const struct session *s, const struct record_alert *a); // or NULL, see judge.h
	void *ctx;
};

// 0, or -errno with `*bad_path` set when it was an input, the key log, the trust store or the state directory that could not be used.
int pipeline_open(struct pipeline **out, const struct pipeline_config *config, const char **bad_path);
void pipeline_close(struct pipeline **p);

// Logs why pipeline_open() failed, in the area of whoever has to act: the key log's, the trust store's, or `area`.
void pipeline_tell(const struct pipeline_config *config, const char *area, const char *bad_path, int rc);

// The input, for names and damage.
const struct source *pipeline_source(const struct pipeline *p);

// Reads everything. 0, or -errno of what stopped it early (a source, memory, write); what was found until then is
// judged all the same. Once.
int pipeline_run(struct pipeline *p);

// After the run: warns of a key log with nothing in it that opens a handshake.
void pipeline_tell_keylog(const struct pipeline *p, const struct pipeline_config *config);

// After the run.
const struct judge_summary *pipeline_summary(const struct pipeline *p);
