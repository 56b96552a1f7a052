// From queued segments to the machines: order, cause before effect, holes. See dissect/stream/stream.h.
#include "dissect/stream/stream.h"

uint8_t stream_quality(const struct dissect *e, uint32_t flow, enum dir d)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	const struct flow_cold *cold = flow_cold_at(&e->table, flow);
	const struct conn_facts *f = &engine_conn(e, h)->message.facts.conn;
	uint8_t q = 0;
	if (f->gaps[0] || f->gaps[1])
		q |= Q_GAP;
	if (!flow_has(h, FLOW_SYN, DIR_C2S) || !flow_has(h, FLOW_SYN, DIR_S2C))
		q |= Q_MIDSTREAM;
	if (!cold->pkts[dir_other(d)])
		q |= Q_ONE_DIR;
	if (f->snaplen_cut || f->evicted_bytes)
		q |= Q_TRUNC;
	if (f->ambiguous)
		q |= Q_AMBIG;
	return q;
}

uint64_t stream_reach(const struct dissect *e, uint32_t flow, enum dir d)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	return queue_reach(&engine_conn(e, h)->queue[d], &e->chunks, h->off[d]);
}

// p[0..len) stands where other octets are, or may be (`known` false). A single NUL is most likely a probe of an idle peer
// (RFC 1122 4.2.3.6) whose acknowledgment was not seen, or not yet.
static void note_version(struct dissect *e, struct conn *c, enum dir d, const struct place *at, const uint8_t *p, uint32_t len,
                         bool known, uint32_t differs)
{
	struct conn_facts *f = &c->message.facts.conn;
	bool probe = (len == 1 && !*p) || (c->probe_end[d] > at->off && c->probe_end[d] <= at->off + len);
	known &= !probe;
	f->ambiguous = true;
	f->overlaps_differ += known;
	place_mark_first(&f->conflict_mark, at);
	if (known)
		tamper_conflict(e, c->flow, d, at, p, len, differs);
	else
		c->tape.torn = true; // not known to be another version, nor to be the same
	tape_write(&c->tape, &e->tapes, d, true, at, p, len);
	engine_count(e, known ? COUNT_tcp_overlap_differs : COUNT_tcp_overlap_unknown, 1);
}

// Others than those delivered are a conflict. So is what cannot be compared: a forged segment that is longer than the
// true one would otherwise hide it, and all that follows. Content and ciphertext are cut anew and prove nothing, but
// no line of text stands where ciphertext was. And whatever fills a hole of the dialogue after that was given up may be all
// of it, when what stands behind the hole is forged.
void stream_again(struct dissect *e, struct conn *c, enum dir d, const struct place *at, const uint8_t *p, uint32_t len)
{
	uint32_t differs = UINT32_MAX;
	enum recent_verdict again = tape_compare(&c->tape, &e->tapes, d, at->off, p, len, &differs);
	if (again == RECENT_UNKNOWN)
		again = recent_compare(&c->recent[d], e->table.seed, at->off, p, len);
	bool text_over_tls = c->layer[d] == LAYER_TLS && at->off >= c->tls_from[d] && recent_line(&c->again[d], at->off, p, len);
	bool hole = at->off < c->hole_end[d] && at->off + len > c->hole_from[d];
	if (again == RECENT_SAME || (again == RECENT_UNKNOWN && at->off < c->compare_from[d] && !text_over_tls && !hole))
		return;
	note_version(e, c, d, at, p, len, again == RECENT_DIFFERS, differs);
}

// What was read goes on the tape, as far as it is dialogue, or may be of another version. Where mail or credentials went in
// clear no other version can be worse, and none of that is kept.
static void write_tape(struct dissect *e, struct conn *c, enum dir d, bool dialogue, const struct place *at, const uint8_t *p, uint32_t len)
{
	const struct smtp_facts *m = &c->message.facts.smtp;
	if (c->tape.closed)
		return;
	if (m->n_mail_ok || m->n_auth || m->content_octets)
		c->tape.closed = true;
	else if (dialogue || c->tape.conflict)
		tape_write(&c->tape, &e->tapes, d, false, at, p, len);
	else
		c->tape.ended = true;
}

// What has to be there of `o` for an acknowledgment of the other side: a FIN is no octet. Which octet a FIN stands behind is
// known for certain only when all before it are there, so this is asked when it matters, not when the segment comes.
static uint64_t needed(const struct flow_hot *h, enum dir o, uint64_t acked)
{
	bool fin = flow_has(h, FLOW_FIN, o) && (int64_t)acked == flow_offset(h, o, h->fin_seq[o]) + 1;
	return fin ? acked - 1 : acked;
}

// Everything the sender had received when it sent this was parsed, or will never come.
static bool causes_parsed(const struct dissect *e, uint32_t flow, enum dir d, uint64_t acked)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (engine_conn(e, h)->one_sided) // there are no causes to wait for
		return true;
	return needed(h, dir_other(d), acked) <= h->off[dir_other(d)];
}

// ... or stands in the queue of the other direction. That is enough only where that queue itself waits for this one.
static bool causes_seen(const struct dissect *e, uint32_t flow, enum dir d, uint64_t acked)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	enum dir o = dir_other(d);
	return causes_parsed(e, flow, d, acked) || needed(h, o, acked) <= stream_reach(e, flow, o);
}

// Hands a run to the machines; what they do not take stays with the caller.
static uint32_t hand_over(struct dissect *e, uint32_t flow, enum dir d, struct place *at, const uint8_t *p, uint32_t len)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct conn *c = engine_conn(e, h);
	at->quality |= stream_quality(e, flow, d);
	bool dialogue = conn_in_dialogue(c, d), tls = c->layer[d] == LAYER_TLS;
	uint32_t taken = (uint32_t)conn_take(e, c, d, at, p, len);
	if (taken) {
		recent_note(&c->recent[d], e->table.seed, h->off[d], p, taken);
		if (!tls)
			c->tls_from[d] = h->off[d];
		h->off[d] += taken;
		if (!dialogue || !conn_in_dialogue(c, d))
			c->compare_from[d] = h->off[d];
		c->message.facts.conn.payload_octets[d] += taken;
		write_tape(e, c, d, dialogue && conn_in_dialogue(c, d), at, p, taken);
		c->waiting[dir_other(d)] = false; // its cause may have come
		c->stuck_ns = 0;
	}
	return taken;
}

typedef bool causes_fn(const struct dissect *e, uint32_t flow, enum dir d, uint64_t acked);

// Hands over the first queued run of a direction, if it is next and its causes are there.
static bool drain_one(struct dissect *e, uint32_t flow, enum dir d, causes_fn *causes)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct conn *c = engine_conn(e, h);
	const struct chunk *head = queue_head(&c->queue[d], &e->chunks);
	if (c->sealed || c->waiting[d] || !head || head->off != h->off[d] || !causes(e, flow, d, head->acked))
		return false;
	struct place at = {head->off, head->acked, head->time_ns, head->frame, head->quality};
	uint32_t taken = hand_over(e, flow, d, &at, head->data + head->start, head->len);
	if (taken)
		queue_consume(&c->queue[d], &e->chunks, taken);
	return taken;
}

// Both queues until nothing moves. Effects come before their queued causes only where that alone goes on, and then run
// by run: a dialogue that was held up by a hole must not be read one side first.
static void drain(struct dissect *e, uint32_t flow, enum dir d)
{
	enum dir o = dir_other(d);
	while (drain_one(e, flow, d, causes_parsed) || drain_one(e, flow, o, causes_parsed) ||
	       drain_one(e, flow, d, causes_seen) || drain_one(e, flow, o, causes_seen))
		continue;
}

static void enqueue(struct dissect *e, uint32_t flow, enum dir d, struct place *at, const uint8_t *p, uint32_t len)
{
	struct conn *c = engine_conn(e, flow_hot_at(&e->table, flow));
	struct queue_result r = queue_insert(&c->queue[d], &e->chunks, at, p, len);
	struct conn_facts *f = &c->message.facts.conn;
	uint32_t lost = 0;
	if (r.differs)
		note_version(e, c, d, at, p, len, true, UINT32_MAX);
	if (!r.fresh && !r.refused)
		engine_count(e, COUNT_tcp_retransmit, 1);
	// Nothing may wait without bound: make room by giving up the oldest wait, then try what is left once more.
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	while (r.refused && c->queue[d].head && stream_give_up(e, flow) && !c->sealed) {
		engine_count(e, COUNT_reassembly_forced, 1);
		struct place again = *at;
		again.off += len - r.refused;
		uint64_t behind = h->off[d] > again.off ? h->off[d] - again.off : 0; // given up with the hole it was to fill
		if (behind >= r.refused)
			break;
		again.off += behind;
		lost += (uint32_t)behind;
		uint32_t rest = r.refused - (uint32_t)behind;
		r = queue_insert(&c->queue[d], &e->chunks, &again, p + (len - rest), rest);
	}
	lost += r.refused;
	if (lost && !c->sealed) {
		engine_count(e, COUNT_reassembly_no_memory, lost);
		f->evicted_bytes = true;
	}
}

void stream_offer(struct dissect *e, uint32_t flow, enum dir d, struct place *at, const uint8_t *p, uint32_t len)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct conn *c = engine_conn(e, h);
	if (len && at->off == h->off[d] && !c->waiting[d] && !(c->queue[d].head && queue_head(&c->queue[d], &e->chunks)->off == at->off) &&
	    causes_seen(e, flow, d, at->acked)) {
		uint32_t room = len; // octets that are in the queue already were first
		if (c->queue[d].head) {
			uint64_t next = queue_head(&c->queue[d], &e->chunks)->off;
			room = next - at->off < len ? (uint32_t)(next - at->off) : len;
		}
		uint32_t taken = hand_over(e, flow, d, at, p, room);
		at->off += taken;
		p += taken;
		len -= taken;
	}
	if (len && !c->sealed)
		enqueue(e, flow, d, at, p, len);
	drain(e, flow, d);
}

// What came with a SYN waits for the SYN/ACK. A server without TCP Fast Open, or that took another SYN, has not got it,
// and then it was never said.
void stream_syn_answered(struct dissect *e, uint32_t flow, uint32_t ack)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct conn *c = engine_conn(e, h);
	if (!c->syn_data || h->off[DIR_C2S] > 0) // or the wait was given up
		return;
	c->syn_data = c->waiting[DIR_C2S] = false;
	if (ack != c->syn_data_end)
		queue_clear(&c->queue[DIR_C2S], &e->chunks);
	drain(e, flow, DIR_C2S);
}

void stream_gap(struct dissect *e, uint32_t flow, enum dir d, uint64_t off)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct conn *c = engine_conn(e, h);
	struct conn_facts *f = &c->message.facts.conn;
	uint64_t missing = off - h->off[d];
	engine_count(e, COUNT_tcp_gap, 1);
	engine_count(e, COUNT_tcp_gap_octets, missing);
	if (f->gaps[d] < UINT16_MAX)
		f->gaps[d]++;
	f->missed[d] += missing;
	struct place at = {
		.off = h->off[d],
		.acked = h->off[dir_other(d)],
		.time_ns = e->time_ns,
		.frame = flow_cold_at(&e->table, flow)->last_frame,
		.quality = stream_quality(e, flow, d),
	};
	if (conn_in_dialogue(c, d) || c->layer[d] == LAYER_SKIP) {
		c->hole_from[d] = c->hole_end[d] ? c->hole_from[d] : h->off[d];
		c->hole_end[d] = off;
	}
	conn_gap(e, c, d, &at, missing);
	h->off[d] = off;
	c->compare_from[d] = off;
	c->recent[d].last_known = false;
	queue_trim(&c->queue[d], &e->chunks, off);
	c->stuck_ns = 0;
}

// The direction whose head has waited longest; -1 when nothing is queued.
static int oldest_head(const struct dissect *e, const struct conn *c)
{
	const struct chunk *a = queue_head(&c->queue[0], &e->chunks), *b = queue_head(&c->queue[1], &e->chunks);
	if (!a || !b)
		return a ? 0 : b ? 1 : -1;
	return a->time_ns != b->time_ns ? a->time_ns > b->time_ns : a->frame > b->frame;
}

// Ends the wait of direction `d`: its head is decided now, or skipped if even then nobody takes it.
static void end_wait(struct dissect *e, uint32_t flow, enum dir d)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct conn *c = engine_conn(e, h);
	const struct chunk *head = queue_head(&c->queue[d], &e->chunks);
	struct place at = {head->off, head->acked, head->time_ns, head->frame, head->quality};
	conn_do_not_wait(c, d);
	uint32_t taken = hand_over(e, flow, d, &at, head->data + head->start, head->len);
	if (!taken && !c->sealed) {
		c->layer[d] = LAYER_SKIP;
		c->waiting[d] = false;
		taken = hand_over(e, flow, d, &at, head->data + head->start, head->len);
	}
	if (taken)
		queue_consume(&c->queue[d], &e->chunks, taken);
}

// Where the first hole in `d` ends, if there is one behind what was delivered: its own queue goes on there, or the other
// side has acknowledged it. 0: no octet is known to be missing.
static uint64_t missing_until(const struct dissect *e, uint32_t flow, enum dir d)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	const struct conn *c = engine_conn(e, h);
	const struct chunk *own = queue_head(&c->queue[d], &e->chunks);
	if (own)
		return own->off > h->off[d] ? own->off : 0;
	uint32_t i = c->queue[dir_other(d)].head;
	for (const struct chunk *theirs; i; i = theirs->next) {
		theirs = slab_at(&e->chunks, i);
		if (needed(h, d, theirs->acked) > h->off[d])
			return needed(h, d, theirs->acked);
	}
	return 0;
}

bool stream_give_up(struct dissect *e, uint32_t flow)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct conn *c = engine_conn(e, h);
	int oldest = oldest_head(e, c);
	if (oldest < 0)
		return false;
	enum dir d = (enum dir)oldest, o = dir_other(d);
	const struct chunk *head = queue_head(&c->queue[d], &e->chunks), *theirs = queue_head(&c->queue[o], &e->chunks);
	bool causes = causes_seen(e, flow, d, head->acked);
	if (head->off > h->off[d] && (causes || stream_reach(e, flow, o) > h->off[o])) {
		stream_gap(e, flow, d, head->off);
	} else if (causes && missing_until(e, flow, o)) {
		stream_gap(e, flow, o, missing_until(e, flow, o)); // what it waits for is in that hole
	} else if (causes) {
		end_wait(e, flow, d);
	} else if (stream_reach(e, flow, o) > h->off[o]) { // their octets wait, too: that wait ends first
		end_wait(e, flow, o);
	} else if (!flow_cold_at(&e->table, flow)->pkts[o]) {
		c->one_sided = true; // the other arm had time enough to be the slower one
	} else {
		// The other side's octets up to what was acknowledged are missing, as far as its own queue has none.
		uint64_t acked = needed(h, o, head->acked);
		stream_gap(e, flow, o, theirs && theirs->off < acked ? theirs->off : acked);
	}
	drain(e, flow, d);
	return true;
}
