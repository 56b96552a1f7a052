// The child that keeps: records off the judge's ring, into the outbox. It has the outbox and nothing else.
//
// A record leaves the ring only when fdatasync() has said that it is on disk. Who dies in between leaves it there; the place on
// the ring stands beside each record, so the next one knows what is written already. When the disk does not take anything, the
// ring fills, the judge counts what finds no room (session records first), and everything else goes on.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/outbox/outbox.h"
#include "cli/run.h"
#include "hw/clock.h"
#include "hw/log.h"
#include "hw/rights.h"

enum {
	IDLE_MS = 100,
	AGAIN_US = 1000000,  // between two attempts at a disk that does not take anything
	NAP_US = 50000,      // ... in pieces, so that the end is seen
	MEMORY_MIB = 32,     // of a lane, without a state directory
	MEMORY_SEGMENT = 4 << 20,
};

#define SECOND_NS UINT64_C(1000000000)

struct keeper {
	struct run *run;
	struct board *board;
	struct ring *ring;
	struct outbox *outbox;
	struct outbox_config config;
	char dir[CONFIG_PATH_MAX + 16];
	uint64_t nonsense;
	bool told;           // that the disk does not take what it is given
	uint64_t tended_ns;
	// Packet times of the alerts of the group, for the time until they are on disk.
	uint64_t decided_ns[256];
	size_t n_decided;
};

static void turned(struct keeper *k)
{
	__atomic_store_n(&k->board->keeper_turned_ns, clock_mono_ns(), __ATOMIC_RELAXED);
}

static bool stopping(const struct keeper *k)
{
	return board_flag(&k->board->stop);
}

// The parent is gone without a word: what is on the ring is saved, then it is over.
static bool orphaned(const struct keeper *k)
{
	return getppid() != k->run->supervisor;
}

static void nap(struct keeper *k)
{
	for (unsigned us = 0; us < AGAIN_US && !stopping(k); us += NAP_US) {
		turned(k);
		run_sleep_us(NAP_US);
	}
}

// ---- opening -----------------------------------------------------------------------------------------------------

static void configure(struct keeper *k)
{
	const struct config *c = run_config(k->run);
	bool kept = !k->run->passing;
	uint64_t alerts_mib = kept ? c->outbox_alerts_mib : MEMORY_MIB, sessions_mib = kept ? c->outbox_sessions_mib : MEMORY_MIB;
	snprintf(k->dir, sizeof k->dir, "%s/outbox", k->run->store);
	k->config = (struct outbox_config){
		.dir = k->dir,
		.octets_max = {alerts_mib << 20, sessions_mib << 20},
		.segment_octets = kept ? 0 : MEMORY_SEGMENT,
		.keep_days = c->outbox_keep_days,
		.wall_ns = clock_wall_ns(),
	};
}

// What a later attempt may find mended by itself; -EWOULDBLOCK: a keeper that is just ending.
static bool passes(int rc)
{
	return rc == -ENOSPC || rc == -EDQUOT || rc == -EROFS || rc == -EIO || rc == -EWOULDBLOCK;
}

// Watching goes on without it: packets and records wait in memory, as many as fit, until the disk takes them.
static int open_outbox(struct keeper *k)
{
	char why[160] = "";
	int rc;
	bool told = false;
	while ((rc = outbox_open(&k->outbox, &k->config, &k->board->state.outbox, why)) < 0) {
		if (!passes(rc)) {
			log_error("keeper", "cannot open the outbox: %s", why);
			return rc;
		}
		if (!told)
			log_error("keeper", "cannot open the outbox: %s; it is tried again every second", why);
		told = true;
		if (stopping(k))
			return rc;
		nap(k);
		k->config.wall_ns = clock_wall_ns();
	}
	return 0;
}

// What this run began with: an output that is new begins there.
static void note_beginning(struct keeper *k)
{
	struct board *b = k->board;
	for (int i = 0; i < OUTBOX_LANES; i++)
		if (b->outbox_first[i] == 0)
			__atomic_store_n(&b->outbox_first[i], b->state.outbox.durable[i] + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&b->outbox_open, true, __ATOMIC_RELEASE);
	bell_ring(&b->state.outbox.bell);
}

// ---- keeping -----------------------------------------------------------------------------------------------------

// -ENOBUFS: the group is full, the record stays. Else it was stepped over.
static int take(struct keeper *k, const char *message, size_t len)
{
	struct outbox_about about;
	const struct outbox_origin from = {.run = k->board->run, .position = ring_position(k->ring)};
	if (len > sizeof about) // once, so that whoever wrote it cannot change it any more
		memcpy(&about, message, sizeof about);
	int rc = len <= sizeof about ? -EINVAL : outbox_append(k->outbox, &about, &from, message + sizeof about, len - sizeof about);
	if (rc == -ENOBUFS)
		return rc;
	if (rc < 0 && k->nonsense++ == 0)
		log_error("keeper", "what the judge says makes no sense; it is passed over");
	if (rc == 0 && about.type == RECORD_ALERT && k->n_decided < sizeof k->decided_ns / sizeof k->decided_ns[0])
		k->decided_ns[k->n_decided++] = about.time_ns;
	ring_pass(k->ring);
	return 0;
}

static void gather(struct keeper *k)
{
	const char *message;
	size_t len;
	while ((message = ring_peek(k->ring, &len)) != NULL)
		if (take(k, message, len) < 0)
			return;
	if (!ring_damaged(k->ring))
		return;
	log_error("keeper", "what the judge wrote cannot be read any more: records are lost");
	ring_skip(k->ring);
}

static void count_durable(struct keeper *k)
{
	uint64_t now_ns = clock_wall_ns();
	for (size_t i = 0; i < k->n_decided; i++)
		latency_add(&k->board->state.durable, now_ns > k->decided_ns[i] ? now_ns - k->decided_ns[i] : 0);
	k->n_decided = 0;
}

static void tell_trouble(struct keeper *k, int rc)
{
	if (!k->told)
		log_error("keeper", "cannot write to the outbox: %s; it is tried again", strerror(-rc));
	k->told = true;
}

// True: everything that was gathered is on disk, and off the ring. Alerts are tried until they are; session records that the disk
// does not take do not hold them up.
static bool save(struct keeper *k)
{
	int rc = outbox_sync(k->outbox);
	while (rc < 0 && outbox_gathered_of(k->outbox, OUTBOX_ALERTS) > 0) {
		tell_trouble(k, rc);
		if (stopping(k) || orphaned(k))
			return false;
		nap(k);
		rc = outbox_sync(k->outbox);
	}
	if (rc < 0) {
		tell_trouble(k, rc);
		outbox_forget(k->outbox, OUTBOX_SESSIONS);
	} else if (k->told) {
		log_info("keeper", "the outbox takes records again");
		k->told = false;
	}
	count_durable(k);
	ring_release_passed(k->ring);
	return true;
}

static void tend(struct keeper *k, uint64_t now_ns)
{
	if (now_ns - k->tended_ns < SECOND_NS)
		return;
	k->tended_ns = now_ns;
	outbox_tend(k->outbox, clock_wall_ns());
}

// Nothing will follow: the judge has finished, or is gone and the sensor ends.
static bool over(struct keeper *k)
{
	size_t len;
	if (ring_done(k->ring) || orphaned(k))
		return true;
	return board_flag(&k->board->keeper_leave) && ring_peek(k->ring, &len) == NULL;
}

static int work(struct keeper *k)
{
	struct bell *bell = &k->board->records_bell;
	for (;;) {
		uint32_t looked = bell_look(bell);
		turned(k);
		gather(k);
		bool some = outbox_gathered(k->outbox) > 0;
		if (some && !save(k))
			return -EIO;
		tend(k, clock_mono_ns()); // also where there is always something
		if (some)
			continue;
		ring_release_passed(k->ring);
		if (over(k))
			return 0;
		bell_wait(bell, looked, IDLE_MS);
	}
}

// The end came before the disk took them.
static void tell_unsaved(struct keeper *k)
{
	size_t n = k->outbox != NULL ? outbox_gathered(k->outbox) : 0, len;
	for (; ring_peek(k->ring, &len) != NULL; n++)
		ring_pass(k->ring);
	if (n > 0)
		log_error("keeper", "%zu records were not on disk when the sensor ended: they are lost", n);
}

int keeper_run(struct run *r)
{
	struct rights_config rights = {.profile = RIGHTS_KEEPER, .user = r->user};
	char words[RIGHTS_WORDS], why[RIGHTS_WORDS];
	struct keeper *k = calloc(1, sizeof *k);
	if (k == NULL)
		return RUN_TROUBLE;
	k->run = r;
	k->board = r->board;
	k->ring = r->board->records;
	ring_rejoin_reader(k->ring);
	configure(k);
	rights.write_dirs[rights.n_write_dirs++] = k->dir;
	if (rights_drop(&rights, words, why) < 0) {
		log_error("keeper", "cannot give up rights: %s", why);
		return RUN_CANNOT;
	}
	run_tell_rights(r, CHILD_KEEPER, words);
	turned(k);
	int rc = open_outbox(k);
	if (rc < 0 && !stopping(k))
		return RUN_CANNOT;
	if (rc < 0) {
		tell_unsaved(k);
		return RUN_TROUBLE;
	}
	note_beginning(k);
	__atomic_store_n(&r->board->keeper_ready_ns, clock_mono_ns(), __ATOMIC_RELEASE);
	rc = work(k);
	if (rc < 0)
		tell_unsaved(k);
	if (rc == 0)
		__atomic_store_n(&r->board->keeper_done, true, __ATOMIC_RELEASE);
	bell_ring(&r->board->state.outbox.bell);
	outbox_close(&k->outbox);
	free(k);
	return rc == 0 ? RUN_ENDED : RUN_TROUBLE;
}
