// Workers and the reader: take a burst, dissect it, say how far time has come; sleep a little when there is nothing.
#include "cli/watch.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cli/wire.h"
#include "hw/clock.h"
#include "hw/counter.h"
#include "hw/log.h"
#include "hw/rights.h"
#include "dissect/meet.h"

enum {
	IDLE_TURNS = 64,        // empty turns before the first sleep
	SLEEP_MIN_US = 20,
	SLEEP_MAX_US = 1000,    // a queue of 1024 descriptors fills in a millisecond at a million packets a second
	ROOM_WAIT_US = 200,     // for room in a ring, where that may be waited for
	SAMPLE_US = 50000,
	LINKUP_WAIT_MS = 10000, // some cards bring packets only seconds after their start
};

static bool stopping(const struct watch *w)
{
	return __atomic_load_n(&w->run->board->stop, __ATOMIC_RELAXED) || __atomic_load_n(&w->stop, __ATOMIC_RELAXED);
}

static void ended(struct watch *w)
{
	__atomic_sub_fetch(&w->n_running, 1, __ATOMIC_RELEASE);
}

// A port is gone. Everybody stops, and the supervisor starts a new watch, which tries to open it again.
static void broke(struct watch *w, const char *who, int error)
{
	log_error("watch", "%s stopped: %s; the ports are opened again", who, strerror(-error));
	__atomic_store_n(&w->broken, true, __ATOMIC_RELAXED);
	__atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
}

// ---- out of a worker ---------------------------------------------------------------------------------------------

// Evidence takes only what facts do not need.
static void *room_for(struct watch_worker *w, const struct message *m, size_t len)
{
	bool evidence = m->type == MESSAGE_EVIDENCE;
	if (evidence && ring_used(w->ring) > ring_len(w->ring) / 2)
		return NULL;
	void *room = ring_reserve(w->ring, len);
	while (room == NULL && !evidence && w->watch->patient && !stopping(w->watch)) {
		run_sleep_us(ROOM_WAIT_US);
		room = ring_reserve(w->ring, len);
	}
	return room;
}

static void emit(void *ctx, const struct message *m, size_t len)
{
	struct watch_worker *w = ctx;
	void *room = room_for(w, m, len);
	if (room == NULL) {
		counter_add(m->type == MESSAGE_EVIDENCE ? &w->told->evidence_lost : &w->told->facts_lost, 1);
		return;
	}
	memcpy(room, m, len);
	ring_commit(w->ring, len);
}

// ---- turning -----------------------------------------------------------------------------------------------------

struct idle {
	uint32_t turns, sleep_us;
};

// Longer and longer, as long as nothing comes.
static uint32_t idle_sleep(struct idle *i, bool busy)
{
	if (busy || ++i->turns <= IDLE_TURNS)
		return 0;
	i->sleep_us = i->sleep_us == 0 ? SLEEP_MIN_US : i->sleep_us * 2 > SLEEP_MAX_US ? SLEEP_MAX_US : i->sleep_us * 2;
	return i->sleep_us;
}

static void reconfigure(struct watch_worker *w)
{
	uint32_t generation = __atomic_load_n(&w->watch->run->board->state.config_generation, __ATOMIC_ACQUIRE);
	if (generation == w->generation)
		return;
	const struct config *c = run_config(w->watch->run);
	dissect_reconfigure(w->dissect, c->ports_tcp.port, c->ports_tcp.n, (enum dissect_checksums)c->checksums);
	__atomic_store_n(&w->generation, generation, __ATOMIC_RELAXED);
	// All of them work with what the last of them works with.
	for (uint16_t i = 0; i < w->watch->n_workers; i++) {
		uint32_t other = __atomic_load_n(&w->watch->worker[i].generation, __ATOMIC_RELAXED);
		generation = other < generation ? other : generation;
	}
	__atomic_store_n(&w->watch->run->board->applied[CHILD_WATCH], generation, __ATOMIC_RELAXED);
}

static void count_burst(struct watch_worker *w, const struct packet *burst, int n)
{
	int packets = 0;
	for (int i = 0; i < n; i++)
		packets += burst[i].kind == PACKET_WHOLE;
	if (packets == 0)
		return;
	counter_add(&w->told->bursts, 1);
	counter_add(&w->told->packets, (uint64_t)packets);
}

static void *worker_main(void *arg)
{
	struct watch_worker *w = arg;
	struct board *b = w->watch->run->board;
	bool poll_always = w->watch->run->start.polling == POLLING_BUSY;
	struct packet burst[PACKET_BURST];
	struct idle idle = {0};
	uint64_t packets = 0;
	while (!stopping(w->watch)) {
		uint64_t began_ns = clock_mono_ns();
		__atomic_store_n(&b->turned_ns[w->index], began_ns, __ATOMIC_RELAXED);
		counter_add(&w->told->turns, 1);
		reconfigure(w);
		int n = source_burst(w->source, burst);
		if (n == SOURCE_END || n < 0) {
			if (n < 0)
				broke(w->watch, "a worker", n);
			break;
		}
		if (n != SOURCE_IDLE) {
			dissect_burst(w->dissect, burst, (size_t)n);
			ring_set_watermark(w->ring, dissect_watermark(w->dissect));
			count_burst(w, burst, n);
		}
		if (w->told->packets != packets) {
			packets = w->told->packets;
			idle = (struct idle){0};
			counter_add(&w->told->busy_ns, clock_mono_ns() - began_ns);
			continue;
		}
		uint32_t us = idle_sleep(&idle, poll_always);
		if (us > 0) {
			live_wait(w->watch->live, w->index, us);
			counter_add(&w->told->slept_ns, clock_mono_ns() - began_ns);
		}
	}
	dissect_finish(w->dissect);
	ring_finish(w->ring);
	ended(w->watch);
	return NULL;
}

static void *reader_main(void *arg)
{
	struct watch *w = arg;
	bool poll_always = w->run->start.polling == POLLING_BUSY;
	struct idle idle = {0};
	while (!stopping(w)) {
		__atomic_store_n(&w->run->board->reader_turned_ns, clock_mono_ns(), __ATOMIC_RELAXED);
		int n = live_read(w->live);
		if (n == SOURCE_END || n < 0) {
			if (n < 0)
				broke(w, "the reader", n);
			break;
		}
		if (n != SOURCE_IDLE) {
			idle = (struct idle){0};
			continue;
		}
		uint32_t us = idle_sleep(&idle, poll_always);
		if (us > 0)
			live_wait(w->live, LIVE_READER, us);
	}
	live_read_end(w->live);
	ended(w);
	return NULL;
}

// ---- opening -----------------------------------------------------------------------------------------------------

static int open_ports(struct watch *w)
{
	const struct config *c = &w->run->start;
	char why[PORT_WHY] = "";
	struct live_config live = {
		.workers = w->n_workers,
		.common = {
			.n_mail_ports = c->ports_tcp.n,
			.steer = c->steer,
			.hugepages = c->hugepages,
			.telemetry = c->dpdk_telemetry,
			.linkup_wait_ms = LINKUP_WAIT_MS,
		},
		.lane_octets = (size_t)c->lane_mib << 20,
		.owner = dissect_owner,
		.owner_ctx = &w->owner,
	};
	memcpy(live.common.mail_ports, c->ports_tcp.port, c->ports_tcp.n * sizeof live.common.mail_ports[0]);
	for (size_t t = 0; t < c->taps.n; t++)
		for (size_t p = 0; p < c->taps.tap[t].n_ports; p++)
			live.port[live.n_ports++] = (struct live_port){.name = c->taps.tap[t].port[p], .bpf = c->taps.tap[t].bpf, .tap = (uint8_t)t};
	w->owner = (struct dissect_owner){.n_workers = w->n_workers, .tunnels = c->tunnels};
	int rc = live_open(&w->live, &live, why);
	if (rc < 0)
		log_error("watch", "%s", why);
	return rc;
}

static int open_worker(struct watch *w, uint16_t i, uint64_t content_key)
{
	struct watch_worker *k = &w->worker[i];
	struct run *r = w->run;
	struct dissect_config d;
	*k = (struct watch_worker){.watch = w, .index = i, .ring = r->board->facts[i], .told = &r->board->state.worker[i]};
	k->told->cpu = -1;
	k->source = live_source(w->live, i);
	ring_rejoin_writer(k->ring);
	wire_dissect(&d, run_config(r), i, w->n_workers);
	k->generation = r->board->state.config_generation;
	d.shared_out = true;
	d.evidence = r->start.evidence && strcmp(r->start.state_dir, "none") != 0;
	d.digest_content = r->start.pairs.n > 0;
	d.content_key = content_key;
	d.keep_flights = r->options->keylog != NULL;
	d.meet = w->meet;
	d.emit = emit;
	d.emit_ctx = k;
	return dissect_open(&k->dissect, &d);
}

static bool all_files(struct watch *w)
{
	bool files = live_n_ports(w->live) > 0;
	for (size_t i = 0; i < live_n_ports(w->live); i++) {
		struct port_about a;
		live_port_about(w->live, i, &a);
		files &= !port_is_live(&a);
	}
	return files;
}

static int open_all(struct watch *w)
{
	uint64_t content_key;
	if (getrandom(&content_key, sizeof content_key, 0) != (ssize_t)sizeof content_key)
		return -EIO;
	int rc = open_ports(w);
	if (rc == 0 && w->n_workers > 1)
		rc = meet_open(&w->meet);
	for (uint16_t i = 0; rc == 0 && i < w->n_workers; i++) {
		rc = open_worker(w, i, content_key);
		if (rc < 0)
			log_error("watch", "worker %u: %s; lower memory.* or capture.workers", i, strerror(-rc));
	}
	if (rc == 0)
		w->run->board->patient = w->patient = all_files(w);
	return rc;
}

// ---- threads -----------------------------------------------------------------------------------------------------

// True where a core belongs to the node of a card, or nobody knows of any.
static bool near(const struct watch *w, int cpu)
{
	bool known = false;
	for (size_t i = 0; i < live_n_ports(w->live); i++) {
		struct port_about a;
		char path[80];
		live_port_about(w->live, i, &a);
		snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/node%d", cpu, a.socket);
		if (a.socket >= 0 && access(path, F_OK) == 0)
			return true;
		known |= a.socket >= 0;
	}
	return !known;
}

// A core for each thread, of those this process may use: near the cards first, and the first of all left to everything else
// where there are enough. Before rights are given up: the machine is asked.
static void choose_cores(struct watch *w)
{
	cpu_set_t allowed;
	const int wanted = w->n_workers + live_fanned(w->live);
	for (int i = 0; i <= SENSOR_WORKERS; i++)
		w->core[i] = -1;
	if (!w->run->start.pin || sched_getaffinity(0, sizeof allowed, &allowed) < 0 || CPU_COUNT(&allowed) < wanted)
		return;
	for (int cpu = 0; CPU_COUNT(&allowed) > wanted; cpu++) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		CPU_CLR(cpu, &allowed);
		break;
	}
	int n = 0;
	for (int pass = 0; pass < 2; pass++)
		for (int cpu = 0; cpu < CPU_SETSIZE && n < wanted; cpu++)
			if (CPU_ISSET(cpu, &allowed) && near(w, cpu) == (pass == 0))
				w->core[n++] = cpu;
	for (int i = 0; i < n; i++)
		if (!near(w, w->core[i]))
			log_warn("watch", "core %d is not on the node of any card: packets cross between processors", w->core[i]);
}

static int start_thread(struct watch *w, uint16_t n, pthread_t *thread, void *(*main)(void *), void *arg, int *cpu)
{
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	*cpu = w->core[n];
	if (*cpu >= 0) {
		cpu_set_t one;
		CPU_ZERO(&one);
		CPU_SET(*cpu, &one);
		pthread_attr_setaffinity_np(&attr, sizeof one, &one);
	}
	__atomic_add_fetch(&w->n_running, 1, __ATOMIC_RELAXED); // before it can end
	int rc = pthread_create(thread, &attr, main, arg);
	pthread_attr_destroy(&attr);
	if (rc != 0)
		ended(w);
	return -rc;
}

static int start_all(struct watch *w)
{
	int cpu, rc = 0;
	for (uint16_t i = 0; rc == 0 && i < w->n_workers; i++) {
		struct watch_worker *k = &w->worker[i];
		rc = start_thread(w, i, &k->thread, worker_main, k, &cpu);
		k->started = rc == 0;
		k->told->cpu = rc == 0 ? cpu : -1;
	}
	if (rc == 0 && live_fanned(w->live)) {
		rc = start_thread(w, w->n_workers, &w->reader, reader_main, w, &cpu);
		w->reader_started = rc == 0;
	}
	return rc;
}

static void join_all(struct watch *w)
{
	if (w->reader_started)
		pthread_join(w->reader, NULL);
	for (uint16_t i = 0; i < w->n_workers; i++)
		if (w->worker[i].started)
			pthread_join(w->worker[i].thread, NULL);
}

// Old facts are taken by the judge before new ones are written.
static void wait_for_judge(const struct run *r)
{
	for (int i = 0; i < 1000 && __atomic_load_n(&r->board->watch_buried, __ATOMIC_ACQUIRE) != r->watch_life; i++)
		run_sleep_us(500);
}

// A card that stays with its kernel driver is asked through it, as long as it is used.
static void choose_rights(const struct watch *w, struct rights_config *c)
{
	*c = (struct rights_config){.profile = RIGHTS_WATCH, .user = w->run->user, .telemetry = w->run->start.dpdk_telemetry};
	for (size_t i = 0; i < live_n_ports(w->live); i++) {
		struct port_about a;
		live_port_about(w->live, i, &a);
		c->kernel_card |= a.kernel_card;
	}
	if (c->kernel_card)
		c->read_paths[c->n_read_paths++] = "/sys";
}

int watch_run(struct run *r)
{
	static struct watch w;
	struct sampler *sampler = NULL;
	struct rights_config rights;
	char words[RIGHTS_WORDS], why[RIGHTS_WORDS];
	w = (struct watch){.run = r, .n_workers = (uint16_t)r->start.workers};
	int rc = open_all(&w);
	if (rc == 0)
		rc = sampler_open(&sampler, &w);
	if (rc == 0)
		choose_rights(&w, &rights);
	if (rc == 0)
		choose_cores(&w);
	if (rc == 0 && (rc = rights_drop(&rights, words, why)) < 0)
		log_error("watch", "cannot give up rights: %s", why);
	if (rc < 0) {
		live_close(&w.live);
		return RUN_CANNOT;
	}
	run_tell_rights(r, CHILD_WATCH, words);
	wait_for_judge(r);
	rc = start_all(&w);
	if (rc < 0) {
		log_error("watch", "cannot start a thread: %s", strerror(-rc));
		__atomic_store_n(&w.stop, true, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&r->board->watch_ready_ns, clock_mono_ns(), __ATOMIC_RELEASE);
	while (rc == 0 && !stopping(&w) && __atomic_load_n(&w.n_running, __ATOMIC_ACQUIRE) > 0) {
		run_sleep_us(SAMPLE_US);
		sampler_turn(sampler, clock_mono_ns());
	}
	bool over = __atomic_load_n(&w.n_running, __ATOMIC_ACQUIRE) == 0;
	join_all(&w);
	sampler_turn(sampler, UINT64_MAX);
	bool broken = __atomic_load_n(&w.broken, __ATOMIC_RELAXED);
	__atomic_store_n(&r->board->watch_done, (over || stopping(&w)) && !broken, __ATOMIC_RELEASE);
	// Ports are left to the kernel: closing them would ask it for what is forbidden now.
	return rc == 0 && !broken ? RUN_ENDED : RUN_TROUBLE;
}
