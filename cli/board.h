// The board: memory that the supervisor and its children share, where each writes how it goes and reads what it is told.
// Made before the first fork and mapped at the same place in all of them. One writer a field (see struct sensor_state).
#pragma once

#include "alerts/sensor.h"
#include "alerts/session.h"
#include "configs/config.h"
#include "hw/ring.h"

enum child { CHILD_WATCH, CHILD_JUDGE, CHILD_SCOUT, CHILD_KEEPER, CHILD_COURIER, CHILDREN };

enum { BOARD_NOTICES_LEN = 64 << 10, BOARD_RECORDS_LEN = 32 << 20, BOARD_CONFIGS = 8 };

struct board {
	struct sensor_state state;
	struct config config[BOARD_CONFIGS]; // in use: [state.config_generation % BOARD_CONFIGS]; a child may still read older ones
	bool stop;                   // the supervisor: everybody ends, telling what is known
	uint64_t turned_ns[SENSOR_WORKERS]; // watch: monotonic, when each worker last turned; the reader thread's last
	uint64_t reader_turned_ns;
	uint64_t judge_turned_ns, keeper_turned_ns, courier_turned_ns;
	uint64_t run;                // of this start, in its origins (struct outbox_origin)
	struct bell records_bell;    // the judge: there is something on `records`
	bool outbox_open;            // the keeper: it was opened, outbox_first is set
	uint64_t outbox_first[OUTBOX_LANES]; // the keeper: number of the first record of this run
	uint64_t keeper_ready_ns;
	bool keeper_leave;           // the supervisor: there is no judge any more; the keeper ends when the ring is empty
	bool keeper_done;            // the keeper: nothing will follow in the outbox; or the supervisor, where there is no keeper any more
	uint32_t applied[CHILDREN];  // configuration generation each child works with
	uint64_t watch_ready_ns;     // monotonic, ports receive; 0: not yet
	uint32_t watch_deaths;       // the supervisor: how often it was found dead
	uint32_t watch_buried;       // the judge: of them, those whose facts were all taken and whose sessions were told
	uint64_t judge_ready_ns;
	bool watch_gone;             // the supervisor: there is no watch, and none is started again
	bool courier_leave;          // the supervisor: the courier ends when there is nothing on the ring, and is started again
	uint32_t reopen;             // the supervisor: how often outputs were to be opened again
	uint64_t counter[SENSOR_WORKERS][DISSECT_COUNTERS]; // watch: a copy of each worker's, a second old at most
	uint64_t states[STATE_N], verdicts[VERDICT_N]; // judge: of sessions
	bool patient;                // watch: its ports play files and wait for everybody, so nobody gives up waiting for them
	uint64_t lost_ns;            // watch's sampler: monotonic, when packets or facts were last found lost; 0: never
	char config_file[CONFIG_PATH_MAX + 1]; // the supervisor: that it was read from; empty: none
	bool watch_done;             // every source has ended (a virtual device that plays a file)
	// Rings, made before the first fork; only the pointers stand here.
	struct ring *facts[SENSOR_WORKERS]; // worker -> judge
	struct ring *sampler;        // watch's sampler -> judge: struct message_sensor
	struct ring *notices;        // supervisor -> judge: struct message_sensor
	struct ring *records;        // judge -> keeper: struct outbox_about, then the line without its newline
};

// A switch on the board, as whoever means no good may have written it: an octet that is neither 0 nor 1 is no bool to C.
// What was done before it was set is seen by whoever sees it set: that nothing will follow is said after the last of it.
static inline bool board_flag(const bool *flag)
{
	return __atomic_load_n((const unsigned char *)flag, __ATOMIC_ACQUIRE) != 0;
}

// -errno. Rings for `workers` workers of `ring_octets` each.
int board_open(struct board **out, uint16_t workers, size_t ring_octets);
void board_close(struct board **b);
