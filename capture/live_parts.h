// What the parts of a live capture share. Inside capture/ and its tests only; everybody else sees capture/live.h.
#pragma once

#include "capture/arms.h"
#include "capture/lane.h"
#include "capture/live.h"
#include "capture/pace.h"

enum {
	LIVE_TICK_SHIFT = 30,                  // dissect/flow/wheel.h: timers run when packet time passes a multiple of 2^30 ns
	LIVE_LANE_FAN = 16 * 1024 * 1024,      // of each worker: some ten milliseconds of 10 Gbit/s
	LIVE_LANE_DIRECT = 2 * 1024 * 1024,    // between each two workers, of which there may be 16; little goes there
	LIVE_ARMS_MAX = LIVE_PORTS_MAX * LIVE_WORKERS_MAX,
};

static inline struct pace_still live_still(const struct arms *a, struct arms_now now)
{
	return (struct pace_still){.mono_ns = now.mono_ns, .wall_ns = now.wall_ns, .late_ns = arms_late_ns(a), .held_ns = arms_held_ns(a)};
}

#define LIVE_WINDOW_NS UINT64_C(300000) // two cards' queues are looked at within microseconds; their stamps differ by some ten

struct live_owner {
	uint32_t (*of)(void *ctx, const struct packet *p, bool fanned);
	void *ctx;
};

// ---- run to completion: one worker -----------------------------------------------------------------------------

struct direct;

// `in`, `out`: lanes from and to each worker, by index, NULL for itself; borrowed.
struct direct_config {
	uint16_t worker, workers;
	struct live_owner owner;
	struct lane *const *in, *const *out;
	uint64_t window_ns;
};

// `ports`: the arms. 0 or -errno.
int direct_open(struct direct **out, const struct direct_config *c, const struct arm_config *ports, size_t n_ports);
void direct_close(struct direct **d);
struct source *direct_source(struct direct *d);
void direct_counts(const struct direct *d, struct live_counts *sum); // added up

// ---- fan-out: the reader ---------------------------------------------------------------------------------------

struct fan;

// `lanes`: to each worker; borrowed.
int fan_open(struct fan **out, struct live_owner owner, struct lane *const *lanes, uint16_t workers, const struct arm_config *ports,
	size_t n_ports, uint64_t window_ns);
void fan_close(struct fan **f);
int fan_read(struct fan *f);
void fan_end(struct fan *f);
void fan_counts(const struct fan *f, struct live_counts *sum);

// ---- the whole -------------------------------------------------------------------------------------------------

// live_open() with ports that are open, which become its own, also on failure.
int live_open_ports(struct live **out, const struct live_config *c, struct port *const *ports, char why[static PORT_WHY]);
