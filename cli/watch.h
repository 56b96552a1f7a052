// The child that takes packets: N workers (threads), a reader where the ports have one queue, and the sampler.
#pragma once

#include <pthread.h>

#include "capture/live.h"
#include "cli/run.h"
#include "dissect/dissect.h"

struct watch;

struct watch_worker {
	struct watch *watch;
	struct source *source;
	struct dissect *dissect;
	struct ring *ring;
	struct sensor_worker *told;  // on the board
	pthread_t thread;
	uint16_t index;
	uint32_t generation;         // of the configuration
	bool started;
};

struct watch {
	struct run *run;
	struct live *live;
	struct dissect_owner owner;
	struct meet *meet;
	bool stop;                   // not all threads could be started, or a port is gone
	bool broken;                 // the latter
	bool patient;                // every port plays a file: whoever is full is waited for, as a replay does
	uint16_t n_workers;
	uint32_t n_running;          // workers and reader that have not ended
	struct watch_worker worker[SENSOR_WORKERS];
	int core[SENSOR_WORKERS + 1]; // of each worker, then of the reader; -1: wherever
	pthread_t reader;
	bool reader_started;
};

// The sampler: looks at ports and counters once a second, until every worker has ended or the sensor stops; then once more.
struct sampler;
int sampler_open(struct sampler **out, struct watch *w);

void sampler_turn(struct sampler *s, uint64_t now_ns); // monotonic
