// Fan-out: one thread reads all queues and hands each packet to the worker that owns it.
//
// A wire waits for nobody: what finds no room in a lane is lost, and counted. A file that is played can wait.
//
// A worker's timers must run as if it had seen everybody's packets, which is what `read` does: so it is told the time when
// a packet of another worker passes a tick of the timers, when time goes back, and, before a packet that is older than one
// of another worker, how far time had come.
#include <errno.h>
#include <stdlib.h>

#include "capture/live_parts.h"
#include "hw/counter.h"

#define CLOCK_SLACK_NS UINT64_C(1000000000) // dissect/engine.h: packets change places by less; more is another clock

struct fan_worker {
	struct lane *lane;
	uint64_t seq;           // of what it was told last
	uint64_t time_ns;       // fan.newest_ns when it was told something last
	uint64_t put_ns;        // monotonic: when that was
};

struct fan {
	struct arms *arms;
	struct pace pace;
	struct live_owner owner;
	uint16_t workers;
	bool all_told;          // files of several clocks: every packet's time is everybody's
	bool patient;           // nothing but files: they wait for room
	int at, n;              // of burst[]: what waits for room, and how many there are
	uint64_t newest_ns;     // packet time: how far it has come, since it last went back
	uint64_t newest_seq;
	uint32_t newest_frame;
	uint64_t tick;          // the last one that everybody was told
	uint64_t look_ns;       // monotonic: when workers that were told nothing were last looked for
	uint64_t pending;       // n - at, for others to read
	struct live_counts counts;
	struct packet burst[PACKET_BURST];
	struct fan_worker worker[];
};

static void told(struct fan *f, struct fan_worker *w, uint64_t seq, uint64_t mono_ns)
{
	w->seq = seq;
	w->time_ns = f->newest_ns;
	w->put_ns = mono_ns;
}

// `frame`: of the packet whose time it is; 0 none.
static void put_mark(struct fan *f, struct fan_worker *w, uint64_t seq, uint64_t time_ns, uint32_t frame, uint64_t mono_ns)
{
	const struct packet mark = {.kind = PACKET_TIME, .seq = seq, .time_ns = time_ns, .frame = frame};
	if (seq > w->seq && lane_put(w->lane, &mark)) // one that finds no room comes again, or a packet does
		told(f, w, seq, mono_ns);
}

// Before something that is older: how far time had come.
static void catch_up(struct fan *f, struct fan_worker *w, uint64_t mono_ns)
{
	if (w->time_ns != f->newest_ns)
		put_mark(f, w, f->newest_seq, f->newest_ns, f->newest_frame, mono_ns);
}

static void put_packet(struct fan *f, struct fan_worker *w, const struct packet *p, enum packet_kind kind, uint64_t mono_ns)
{
	struct packet copy = *p;
	copy.kind = (uint8_t)kind;
	if (p->time_ns < f->newest_ns)
		catch_up(f, w, mono_ns);
	bool taken = lane_put(w->lane, &copy);
	if (taken)
		told(f, w, p->seq, mono_ns);
	if (taken)
		counter_add(&f->counts.lanes_taken, kind == PACKET_WHOLE);
	else
		counter_add(kind == PACKET_WHOLE ? &f->counts.lanes_full : &f->counts.copies_full, 1);
}

// Packet time comes to this packet. True when every worker has to be told.
static bool advance(struct fan *f, const struct packet *p, uint64_t mono_ns)
{
	if (!p->time_ns)
		return false;
	bool back = p->time_ns + CLOCK_SLACK_NS < f->newest_ns;
	bool ticks = p->time_ns >> LIVE_TICK_SHIFT > f->tick;
	for (uint16_t i = 0; back && i < f->workers; i++)
		catch_up(f, &f->worker[i], mono_ns);
	f->all_told |= back && f->pace.play;
	if (back || ticks)
		f->tick = p->time_ns >> LIVE_TICK_SHIFT;
	if (back || p->time_ns >= f->newest_ns) {
		f->newest_ns = p->time_ns;
		f->newest_seq = p->seq;
		f->newest_frame = p->frame;
	}
	return back || ticks || f->all_told;
}

// LIVE_ALL or a worker.
static uint32_t owner_of(const struct fan *f, const struct packet *p)
{
	uint32_t owner = f->owner.of(f->owner.ctx, p, true);
	return owner < f->workers || owner == LIVE_ALL ? owner : 0;
}

// Whether nobody has to wait for room. Marks may go to everybody, so everybody is asked. What no lane can hold is not waited for.
static bool has_room(struct fan *f, const struct packet *p, uint32_t owner)
{
	for (uint16_t i = 0; p->len <= PACKET_WIRE_MAX && i < f->workers; i++)
		if (!lane_has_room(f->worker[i].lane, owner == LIVE_ALL || owner == i ? p->len : 0))
			return false;
	return true;
}

static void deliver(struct fan *f, struct packet *p, uint32_t owner, uint64_t mono_ns)
{
	pace_packet(&f->pace, p, mono_ns);
	bool everybody = advance(f, p, mono_ns);
	for (uint16_t i = 0; i < f->workers; i++) {
		struct fan_worker *w = &f->worker[i];
		if (owner == LIVE_ALL || owner == i)
			put_packet(f, w, p, owner == LIVE_ALL && i ? PACKET_COPY : PACKET_WHOLE, mono_ns);
		else if (everybody)
			put_mark(f, w, p->seq, p->time_ns, p->frame, mono_ns);
	}
}

// Hands out the burst as far as there is room. How many packets that were.
static int hand_out(struct fan *f, uint64_t mono_ns)
{
	int first = f->at;
	for (; f->at < f->n; f->at++) {
		struct packet *p = &f->burst[f->at];
		uint32_t owner = owner_of(f, p);
		if (f->patient && !has_room(f, p, owner))
			break;
		deliver(f, p, owner, mono_ns);
	}
	__atomic_store_n(&f->pending, (uint64_t)(f->n - f->at), __ATOMIC_RELAXED);
	return f->at - first;
}

// Whoever was told nothing for a while hears how far the others are, so that the judge need not wait for it.
static void tell_silent(struct fan *f, uint64_t mono_ns)
{
	if (mono_ns - f->look_ns < PACE_IDLE_NS)
		return;
	f->look_ns = mono_ns;
	for (uint16_t i = 0; i < f->workers; i++) {
		struct fan_worker *w = &f->worker[i];
		if (f->newest_ns && mono_ns - w->put_ns >= PACE_IDLE_NS)
			put_mark(f, w, f->pace.seq, f->newest_ns, f->newest_frame, mono_ns);
	}
}

static void tell_idle(struct fan *f, struct arms_now now)
{
	struct packet mark;
	const struct pace_still still = live_still(f->arms, now);
	if (!pace_idle(&f->pace, &mark, &still))
		return;
	advance(f, &mark, now.mono_ns);
	for (uint16_t i = 0; i < f->workers; i++)
		put_mark(f, &f->worker[i], mark.seq, mark.time_ns, 0, now.mono_ns);
}

int fan_read(struct fan *f)
{
	uint8_t from[PACKET_BURST];
	struct arms_now now = arms_clock();
	int n = 0;
	if (f->at == f->n) {
		n = arms_burst(f->arms, f->burst, from, now);
		f->at = 0;
		f->n = n > 0 && n != SOURCE_IDLE ? n : 0;
	}
	if (f->n) {
		n = hand_out(f, now.mono_ns);
		n = n ? n : SOURCE_IDLE;
	} else if (n == SOURCE_IDLE) {
		tell_idle(f, now);
	}
	tell_silent(f, now.mono_ns);
	for (uint16_t i = 0; i < f->workers; i++)
		lane_flush(f->worker[i].lane);
	return n;
}

void fan_end(struct fan *f)
{
	for (uint16_t i = 0; i < f->workers; i++)
		lane_finish(f->worker[i].lane);
}

void fan_counts(const struct fan *f, struct live_counts *sum)
{
	sum->lanes_taken += counter_read(&f->counts.lanes_taken);
	sum->lanes_full += counter_read(&f->counts.lanes_full);
	sum->copies_full += counter_read(&f->counts.copies_full);
	sum->waiting += arms_held(f->arms) + __atomic_load_n(&f->pending, __ATOMIC_RELAXED);
}

int fan_open(struct fan **out, struct live_owner owner, struct lane *const *lanes, uint16_t workers, const struct arm_config *ports,
	size_t n_ports, uint64_t window_ns)
{
	*out = NULL;
	struct fan *f = calloc(1, sizeof(*f) + workers * sizeof(f->worker[0]));
	if (!f)
		return -ENOMEM;
	int rc = arms_open(&f->arms, ports, n_ports, window_ns);
	if (rc < 0) {
		free(f);
		return rc;
	}
	uint64_t mono_ns = arms_clock().mono_ns;
	f->patient = true;
	for (size_t i = 0; i < n_ports; i++)
		f->patient &= ports[i].clock == PORT_CLOCK_CAPTURE;
	f->owner = owner;
	f->workers = workers;
	f->look_ns = mono_ns;
	pace_init(&f->pace, 0, arms_play(f->arms), mono_ns);
	for (uint16_t i = 0; i < workers; i++)
		f->worker[i] = (struct fan_worker){.lane = lanes[i], .put_ns = mono_ns};
	*out = f;
	return 0;
}

void fan_close(struct fan **f)
{
	if (!*f)
		return;
	arms_close(&(*f)->arms);
	free(*f);
	*f = NULL;
}
