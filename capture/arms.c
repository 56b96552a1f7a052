// The merge of live queues by time.
#include "capture/arms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/port.h"
#include "hw/clock.h"

#define KERNEL_LATE_NS UINT64_C(20000000) // a block of the kernel's ring is handed out after two ticks of its timer, and some
#define PLAY_WAIT_NS UINT64_C(50000000)   // a file that is played always has a next packet, until it is over, which it may not say
#define AHEAD_NS UINT64_C(10000000)       // a stamp so far in the future is of a clock that nobody set: waiting for it helps nothing

struct arm {
	struct arm_config config;
	int at, n;            // of burst[]: next one, and how many there are
	bool ended;
	uint32_t frame;       // of its next packet
	uint64_t late_ns;     // a packet may come so much later than its time says
	uint64_t settled_ns;  // when it was found empty: nothing older will come
	uint64_t taken_ns;    // monotonic: when the last burst with packets was taken
	struct packet burst[PACKET_BURST];
};

struct arms {
	int error;            // of an arm, told when what came before it was taken
	uint64_t late_ns;     // the most of all
	uint64_t held;        // packets in hand
	bool play;
	size_t n;
	struct arm arm[];
};

// What an arm brings becomes its port's. A lane's packets are that already.
static void stamp(struct arm *arm, struct packet *burst, int n)
{
	if (arm->config.clock == ARM_LANE)
		return;
	for (int i = 0; i < n; i++) {
		struct packet *p = &burst[i];
		p->tap = arm->config.tap;
		p->port = arm->config.port;
		p->frame = arm->frame;
		p->kind = PACKET_WHOLE;
		p->file = 0;
		arm->frame += arm->config.n_queues;
	}
}

static void ask(struct arms *a, struct arm *arm, struct arms_now now)
{
	int n = source_burst(arm->config.source, arm->burst);
	arm->at = 0;
	arm->n = n > 0 && n != SOURCE_IDLE ? n : 0;
	arm->ended = n == SOURCE_END;
	if (arm->n || !arm->taken_ns)
		arm->taken_ns = now.mono_ns;
	arm->settled_ns = now.wall_ns > arm->late_ns ? now.wall_ns - arm->late_ns : 0;
	if (n < 0 && !a->error)
		a->error = n;
	stamp(arm, arm->burst, arm->n);
}

// Asks every arm that has nothing left. False when that has to wait: packets already in hand would be gone.
static bool refill(struct arms *a, int in_hand, struct arms_now now)
{
	for (size_t i = 0; i < a->n; i++) {
		struct arm *arm = &a->arm[i];
		if (arm->at < arm->n || arm->ended)
			continue;
		// One that was found empty a moment ago lent nothing: it need not end this burst.
		if (in_hand && arm->n)
			return false;
		if (!in_hand)
			ask(a, arm, now);
	}
	return true;
}

static struct arm *oldest(struct arms *a)
{
	struct arm *best = NULL;
	for (size_t i = 0; i < a->n; i++) {
		struct arm *arm = &a->arm[i];
		if (arm->at < arm->n && (!best || arm->burst[arm->at].time_ns < best->burst[best->at].time_ns))
			best = arm;
	}
	return best;
}

// Whether a packet waits for what an empty arm may still bring.
static bool waits(const struct arm *first, const struct arm *empty, struct arms_now now)
{
	uint64_t time_ns = first->burst[first->at].time_ns;
	switch (empty->config.clock) {
	case PORT_CLOCK_CAPTURE: // counted from when it last brought something
		return time_ns && now.mono_ns - empty->taken_ns < PLAY_WAIT_NS;
	case PORT_CLOCK_KERNEL:
	case PORT_CLOCK_HARDWARE:
		return time_ns > empty->settled_ns && now.mono_ns - first->taken_ns < empty->late_ns && time_ns < now.wall_ns + AHEAD_NS;
	default: // stamped when they are taken: what is taken later is younger
		return false;
	}
}

static bool may_go(const struct arms *a, const struct arm *first, struct arms_now now)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct arm *arm = &a->arm[i];
		if (arm->at == arm->n && !arm->ended && waits(first, arm, now))
			return false;
	}
	return true;
}

static uint64_t in_hand(const struct arms *a)
{
	uint64_t n = 0;
	for (size_t i = 0; i < a->n; i++)
		for (int k = a->arm[i].at; k < a->arm[i].n; k++)
			n += a->arm[i].burst[k].kind == PACKET_WHOLE;
	return n;
}

bool arms_ended(const struct arms *a, bool lanes)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct arm *arm = &a->arm[i];
		if ((!arm->ended || arm->at < arm->n) && (lanes || arm->config.clock != ARM_LANE))
			return false;
	}
	return true;
}

// One arm alone: no order to find, nothing to hold back.
static int burst_of_one(struct arms *a, struct packet burst[static PACKET_BURST], uint8_t from[static PACKET_BURST])
{
	int n = source_burst(a->arm[0].config.source, burst);
	a->arm[0].ended = n == SOURCE_END;
	if (n <= 0 || n == SOURCE_IDLE)
		return n;
	stamp(&a->arm[0], burst, n);
	memset(from, 0, (size_t)n);
	return n;
}

static int merged(struct arms *a, struct packet burst[static PACKET_BURST], uint8_t from[static PACKET_BURST], struct arms_now now)
{
	int n = 0;
	while (n < PACKET_BURST && refill(a, n, now)) {
		struct arm *arm = oldest(a);
		if (!arm || !may_go(a, arm, now))
			break;
		from[n] = (uint8_t)(arm - a->arm);
		burst[n++] = arm->burst[arm->at++];
	}
	return n;
}

int arms_burst(struct arms *a, struct packet burst[static PACKET_BURST], uint8_t from[static PACKET_BURST], struct arms_now now)
{
	if (a->n == 1)
		return burst_of_one(a, burst, from);
	int n = a->error ? 0 : merged(a, burst, from, now);
	__atomic_store_n(&a->held, in_hand(a), __ATOMIC_RELAXED);
	if (n)
		return n;
	int error = a->error;
	a->error = 0;
	return error ? error : arms_ended(a, true) ? SOURCE_END : SOURCE_IDLE;
}

uint64_t arms_late_ns(const struct arms *a)
{
	return a->late_ns;
}

uint64_t arms_held_ns(const struct arms *a)
{
	uint64_t held_ns = UINT64_MAX;
	for (size_t i = 0; a->n > 1 && i < a->n; i++) {
		const struct arm *arm = &a->arm[i];
		if (arm->at < arm->n && arm->burst[arm->at].time_ns < held_ns)
			held_ns = arm->burst[arm->at].time_ns;
	}
	return held_ns;
}

uint64_t arms_held(const struct arms *a)
{
	return __atomic_load_n(&a->held, __ATOMIC_RELAXED);
}

bool arms_play(const struct arms *a)
{
	return a->play;
}

static uint64_t late_of(uint8_t clock, uint64_t window_ns)
{
	return clock == PORT_CLOCK_KERNEL ? window_ns + KERNEL_LATE_NS : clock == PORT_CLOCK_HARDWARE ? window_ns : 0;
}

int arms_open(struct arms **out, const struct arm_config *config, size_t n, uint64_t window_ns)
{
	*out = NULL;
	if (n == 0 || n > ARMS_MAX)
		return -EINVAL;
	struct arms *a = calloc(1, sizeof(*a) + n * sizeof(a->arm[0]));
	if (!a)
		return -ENOMEM;
	a->n = n;
	for (size_t i = 0; i < n; i++) {
		struct arm *arm = &a->arm[i];
		*arm = (struct arm){.config = config[i], .frame = 1u + config[i].queue, .late_ns = late_of(config[i].clock, window_ns)};
		a->play |= config[i].clock == PORT_CLOCK_CAPTURE;
		a->late_ns = arm->late_ns > a->late_ns ? arm->late_ns : a->late_ns;
	}
	*out = a;
	return 0;
}

void arms_close(struct arms **a)
{
	free(*a);
	*a = NULL;
}

struct arms_now arms_clock(void)
{
	return (struct arms_now){.mono_ns = clock_mono_ns(), .wall_ns = clock_wall_ns()};
}
