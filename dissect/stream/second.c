// The second reading: see dissect/stream/second.h.
//
// A segment that was contradicted counts as if it had never arrived, to its last octet: what stands behind the other
// version comes when it is sent. Nothing is kept between two readings: sessions with conflicts are rare, and a tape is short.
#include "dissect/stream/second.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dissect/engine.h"

enum { READINGS_MAX = 8 }; // before the end: a peer can have itself told with every second segment
enum { RUNS_MAX = TAPE_BLOCKS_MAX * TAPE_BLOCK_LEN / sizeof(struct tape_run) + 1 };

struct second {
	struct conn conn;
	struct facts open;               // of a session that goes on
	uint8_t octet[2][TAPE_OFF_MAX];
	uint16_t owner[2][TAPE_OFF_MAX]; // the run that brought it last, from 1; 0 none
	uint16_t other[2][TAPE_OFF_MAX]; // ... of those that came again
	uint32_t at[2], end[2];          // read so far; behind the last octet
	uint32_t contradicted[RUNS_MAX]; // from which offset on, runs of the first version
	uint32_t n_contradicted;         // ... that are
	bool third;                      // some octets came in more than two versions
};

int second_open(struct second **s)
{
	*s = malloc(sizeof(**s));
	return *s ? 0 : -ENOMEM;
}

void second_close(struct second **s)
{
	free(*s);
	*s = NULL;
}

// Whoever comes again contradicts who was there, also where that one still waited in a queue and was read only later.
static void lay(struct second *s, const struct tape_run *run, const uint8_t *p, uint16_t number)
{
	enum dir d = (enum dir)run->dir;
	for (uint32_t i = 0; i < run->len; i++) {
		uint32_t off = run->off + i;
		uint16_t was = s->owner[d][off];
		bool again = s->other[d][off], differs = was && s->octet[d][off] != p[i];
		if (!run->again && again) {
			if (differs && off < s->contradicted[number])
				s->contradicted[number] = off;
			continue;
		}
		if (run->again) {
			s->third |= again && differs;
			if (differs && !again && run->off < s->contradicted[was])
				s->contradicted[was] = run->off;
			s->other[d][off] = number;
		}
		s->octet[d][off] = p[i];
		s->owner[d][off] = number;
	}
}

static void take_away(struct second *s, const struct tape_run *run, uint16_t number)
{
	enum dir d = (enum dir)run->dir;
	s->n_contradicted += s->contradicted[number] != UINT32_MAX;
	for (uint32_t off = run->off; off < run->off + run->len; off++) {
		if (off >= s->contradicted[number] && s->owner[d][off] == number)
			s->owner[d][off] = 0;
		if (s->owner[d][off] && off >= s->end[d])
			s->end[d] = off + 1;
	}
}

static void lay_all(struct second *s, const struct tape *tape, const struct slab *blocks)
{
	struct tape_walk w = tape_first(tape, blocks);
	const uint8_t *p;
	uint16_t number = 0;
	memset(s->owner, 0, sizeof(s->owner));
	memset(s->other, 0, sizeof(s->other));
	memset(s->contradicted, 0xff, sizeof(s->contradicted));
	memset(s->end, 0, sizeof(s->end));
	s->third = false;
	s->n_contradicted = 0;
	for (const struct tape_run *run; (run = tape_next(&w, &p));)
		lay(s, run, p, ++number);
	w = tape_first(tape, blocks);
	number = 0;
	for (const struct tape_run *run; (run = tape_next(&w, &p));)
		take_away(s, run, ++number);
}

// Reads on in direction `d` what the first `number` runs have brought. True when something moved.
static bool read_on(struct dissect *e, struct second *s, enum dir d, uint16_t number, const struct place *at)
{
	struct conn *c = &s->conn;
	uint32_t from = s->at[d], to = from;
	while (to < s->end[d] && s->owner[d][to] && s->owner[d][to] <= number)
		to++;
	if (to == from || c->waiting[d] || c->sealed)
		return false;
	struct place here = *at;
	here.off = from;
	here.quality |= Q_AMBIG;
	uint32_t taken = (uint32_t)conn_take(e, c, d, &here, s->octet[d] + from, to - from);
	s->at[d] += taken;
	if (taken)
		c->waiting[dir_other(d)] = false;
	return taken;
}

static void read_both(struct dissect *e, struct second *s, enum dir d, uint16_t number, const struct place *at)
{
	while (read_on(e, s, d, number, at) || read_on(e, s, dir_other(d), number, at))
		continue;
}

// What waits when nothing more comes is decided now; where octets are missing the reading goes on behind them.
static bool push_on(struct dissect *e, struct second *s, enum dir d, const struct place *at)
{
	struct conn *c = &s->conn;
	if (c->sealed || s->at[d] >= s->end[d])
		return false;
	if (c->waiting[d]) {
		conn_do_not_wait(c, d);
		if (read_on(e, s, d, UINT16_MAX, at))
			return true;
		c->layer[d] = LAYER_SKIP;
		c->waiting[d] = false;
		return true;
	}
	uint32_t next = s->at[d];
	while (next < s->end[d] && !s->owner[d][next])
		next++;
	if (next == s->at[d]) { // they are there, and nobody takes them
		c->layer[d] = LAYER_SKIP;
		return true;
	}
	struct place here = *at;
	here.off = s->at[d];
	here.quality |= Q_AMBIG | Q_GAP;
	c->message.facts.conn.gaps[d]++;
	conn_gap(e, c, d, &here, next - s->at[d]);
	s->at[d] = next;
	return true;
}

static void read_all(struct dissect *e, struct second *s, const struct tape *tape)
{
	struct tape_walk w = tape_first(tape, &e->tapes);
	struct place at = {0};
	const uint8_t *p;
	uint16_t number = 0;
	for (const struct tape_run *run; (run = tape_next(&w, &p));) {
		at = (struct place){.acked = run->acked, .time_ns = run->time_ns, .frame = run->frame, .quality = run->quality};
		read_both(e, s, (enum dir)run->dir, ++number, &at);
	}
	while (push_on(e, s, DIR_C2S, &at) || push_on(e, s, DIR_S2C, &at))
		read_both(e, s, DIR_C2S, UINT16_MAX, &at);
}

// It begins as the first reading did.
static void begin(struct second *s, const struct conn *c)
{
	const struct facts *f = &c->message.facts;
	struct conn_facts was = f->conn;
	memset(&s->conn, 0, sizeof(s->conn));
	memset(s->at, 0, sizeof(s->at));
	s->conn.second = true;
	s->conn.flow = c->flow;
	memset(was.gaps, 0, sizeof(was.gaps));
	s->conn.message.facts.birth = f->birth;
	s->conn.message.facts.conn = was;
}

const struct facts *second_reading(struct dissect *e, uint32_t flow, bool sealed, enum session_end end)
{
	struct second *s = e->second;
	struct conn *c = engine_conn(e, flow_hot_at(&e->table, flow));
	struct facts *first = &c->message.facts, *f = &s->conn.message.facts;
	first->path.both_read = false;
	if (!c->tape.conflict || !c->tape.head || c->tape.closed || c->candidate)
		return NULL;
	bool early = end == END_OPEN && !sealed;
	if (early && c->tape.n_read == READINGS_MAX)
		return NULL;
	c->tape.n_read += early;
	begin(s, c);
	lay_all(s, &c->tape, &e->tapes);
	read_all(e, s, &c->tape);
	// Of two segments with two versions a receiver may have got one of each: that would be four readings.
	bool whole = !c->tape.torn && !s->third && s->n_contradicted == 1 && !f->conn.gaps[0] && !f->conn.gaps[1] && s->conn.sealed == sealed;
	struct facts *out = f;
	if (end == END_OPEN && !s->conn.sealed) // nothing is settled yet, but what it holds has to go back
		out = memcpy(&s->open, f, sizeof(*f));
	f->conn.end = (uint8_t)end;
	conn_end(e, &s->conn);
	first->path.both_read = whole;
	out->conn = first->conn;
	out->conn.ambiguous = true;
	out->path = first->path;
	for (int i = 0; i < 2; i++) { // the texts are the first one's
		struct text t = first->path.conflict_text[i];
		out->path.conflict_text[i] = (struct text){0};
		facts_set_text(out, &out->path.conflict_text[i], facts_text(first, t), t.len, PATH_TEXT_MAX);
	}
	return out;
}
