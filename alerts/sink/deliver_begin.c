// Where a sink goes on: its cursor, the outbox it belongs to, and what the receiver has already.
#include "alerts/sink/deliver_private.h"

#include <stdio.h>
#include <string.h>

#include "hw/clock.h"
#include "hw/counter.h"
#include "hw/log.h"

#define SECOND_NS UINT64_C(1000000000)

static void place(struct deliver *d, enum outbox_lane lane, const struct outbox_counts *had)
{
	outbox_reader_seek(d->reader[lane], d->at[lane].seq, had);
	d->cursor.lane[lane] = d->at[lane];
	__atomic_store_n(&d->c.shared->at[lane], d->at[lane].seq, __ATOMIC_RELAXED);
	__atomic_store_n(&d->c.shared->sent[lane], d->at[lane].sent, __ATOMIC_RELAXED);
}

static void begin_row(struct deliver *d, enum outbox_lane lane, uint64_t seq)
{
	d->at[lane] = (struct cursor_lane){.seq = seq};
	stamp_begin(d->at[lane].chain, d->cursor.epoch, lane);
	place(d, lane, NULL);
}

// Whoever opens the outbox says where its run began before he adds anything: so without that nothing was added.
static uint64_t beginning(const struct deliver *d, enum outbox_lane lane)
{
	uint64_t durable = deliver_durable(d, lane), first = d->c.first != NULL ? __atomic_load_n(&d->c.first[lane], __ATOMIC_ACQUIRE) : 0;
	return !d->fresh ? 1 : first != 0 ? first : durable + 1;
}

// The outbox that the cursor knew is gone, or the cursor was damaged: how much with it nobody can say, so the numbers begin anew.
static void begin_epoch(struct deliver *d, uint64_t outbox)
{
	uint64_t now_s = clock_wall_ns() / SECOND_NS;
	if (!d->fresh) {
		log_warn("courier", "output %s: %s; its numbers begin again", d->c.sink->name,
			d->cursor.outbox == CURSOR_LOST ? "its cursor was lost" : "the outbox is not the one it knew");
		d->cursor.epoch = now_s > d->cursor.epoch ? now_s : d->cursor.epoch + 1;
		d->env.epoch = d->cursor.epoch;
	}
	d->cursor.outbox = outbox;
	for (enum outbox_lane l = 0; l < OUTBOX_LANES; l++) {
		d->there[l] = 0; // the receiver has nothing of this row
		begin_row(d, l, beginning(d, l));
	}
}

static void go_on(struct deliver *d, enum outbox_lane lane)
{
	d->at[lane] = d->cursor.lane[lane];
	if (d->at[lane].seq <= deliver_durable(d, lane) + 1) {
		place(d, lane, &d->at[lane].had);
		return;
	}
	// A power cut took what had been sent, or somebody put an old copy back: better twice than not at all.
	log_warn("courier", "output %s has more %s than the outbox: what there is is sent again", d->c.sink->name, outbox_lane_name[lane]);
	d->at[lane].seq = counter_read(&d->c.outbox->oldest[lane]);
	place(d, lane, NULL);
}

// Of what is in hand, the one with this number has this link. What was not read yet is compared when it is.
static bool may_be_there(const struct deliver *d, enum outbox_lane lane, uint64_t sent, const uint8_t chain[static OUTBOX_HASH])
{
	bool in_hand = false;
	for (size_t i = 0; i < d->n; i++) {
		const struct waiting *w = &d->waiting[i];
		in_hand |= w->lane == lane;
		if (w->lane == lane && w->after.sent == sent)
			return memcmp(w->after.chain, chain, OUTBOX_HASH) == 0;
	}
	return !in_hand && sent > d->at[lane].sent;
}

void deliver_ask_receiver(struct deliver *d)
{
	for (enum outbox_lane l = 0; l < OUTBOX_LANES; l++) {
		uint64_t epoch, sent;
		uint8_t *chain = d->there_chain[l];
		d->there[l] = 0;
		d->stepped[l] = false;
		if (d->ops->newest != NULL && d->c.sink->format == FORMAT_EVE && d->ops->newest(d->sink, l, &epoch, &sent, chain) &&
			epoch == d->cursor.epoch && may_be_there(d, l, sent, chain))
			d->there[l] = sent;
	}
}

bool deliver_same_outbox(const struct deliver *d)
{
	return __atomic_load_n(&d->c.outbox->epoch, __ATOMIC_ACQUIRE) == d->cursor.outbox;
}

// It died before the cursor said what it had sent, and then its filter was changed; or somebody else wrote to the file.
void deliver_number_behind(struct deliver *d, enum outbox_lane lane)
{
	struct cursor_lane *at = &d->at[lane];
	log_warn("courier", "output %s: its receiver has other %s than the outbox gives now: what came since is sent again", d->c.sink->name,
		outbox_lane_name[lane]);
	*at = d->cursor.lane[lane];
	at->sent = d->there[lane];
	memcpy(at->chain, d->there_chain[lane], OUTBOX_HASH);
	d->there[lane] = 0;
	outbox_reader_seek(d->reader[lane], at->seq, &at->had);
}

bool deliver_begin(struct deliver *d)
{
	uint64_t outbox = __atomic_load_n(&d->c.outbox->epoch, __ATOMIC_ACQUIRE);
	if (outbox == 0)
		return false;
	// Another one may come while this one is read: a keeper that found it beyond repair. What is in hand of the old one goes first.
	if (d->begun && (outbox == d->cursor.outbox || d->n > 0))
		return true;
	for (enum outbox_lane l = 0; l < OUTBOX_LANES; l++) {
		int rc = d->reader[l] != NULL ? 0 : outbox_reader_open(&d->reader[l], d->c.outbox_dir, l);
		if (rc < 0) {
			snprintf(d->why, sizeof d->why, "cannot read the outbox: %s", strerror(-rc));
			deliver_trouble(d, rc);
			return false;
		}
	}
	if (d->fresh || d->cursor.outbox != outbox) {
		begin_epoch(d, outbox);
		deliver_save(d, true); // whoever comes after a death must not begin yet another one
	} else {
		for (enum outbox_lane l = 0; l < OUTBOX_LANES; l++)
			go_on(d, l);
	}
	__atomic_store_n(&d->c.shared->epoch, d->cursor.epoch, __ATOMIC_RELAXED);
	d->moved = true;
	d->fresh = false;
	return d->begun = true;
}
