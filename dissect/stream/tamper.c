// Signs of a third party among the segments: see dissect/stream/tamper.h.
#include "dissect/stream/tamper.h"

#include <string.h>
#include <strings.h>

#include "dissect/engine.h"
#include "dissect/stream/stream.h"

enum {
	TTL_SETTLED = 3,   // so many in a row from another distance are a new route
	APART_ENOUGH = 3,  // the same distance so often is no accident
	DENIED_ENOUGH = 2,
	APART_MOST = 4096, // octets that a rewriting device adds or takes away
	VERB_MAX = 12,
};
#define UPGRADE_NS UINT64_C(2000000000) // 2 s: who resets an upgrade waits for it

static struct mark mark_of(const struct packet *p)
{
	return (struct mark){.frame = p->frame};
}

// ---- TTL -----------------------------------------------------------------------------------------------------

static void tell_odd(struct path_facts *f, enum dir d, uint8_t odd, uint8_t usual, struct mark at)
{
	if (f->odd_ttl)
		return;
	f->odd_dir = d;
	f->odd_ttl = odd;
	f->odd_ttl_usual = usual;
	f->odd_mark = at;
}

// The segment is from the usual distance: one that was not, before it, was alone. However many segments a side sends before it
// is answered, that is one turn.
static void usual(struct path_facts *f, struct tamper_side *t, enum dir d, uint16_t turn)
{
	if (t->n_odd && t->odd_spoke)
		tell_odd(f, d, t->odd_ttl, t->ttl, t->odd_mark);
	t->n_odd = 0;
	t->n_ttl += t->n_ttl < UINT8_MAX && t->ttl_turn != turn;
	t->ttl_turn = turn;
}

// It is not. The second and third turn of a side may show that the first was alone; more of them are a new route.
static void unusual(struct path_facts *f, struct tamper_side *t, enum dir d, uint8_t ttl, bool speaks, struct mark at, uint16_t turn)
{
	if (!t->n_odd || path_ttl_far(t->odd_ttl, ttl)) {
		t->odd_ttl = ttl;
		t->n_odd = 1;
		t->odd_turn = turn;
		t->odd_spoke = speaks;
		t->odd_mark = at;
		return;
	}
	if (t->odd_turn == turn)
		return;
	t->odd_turn = turn;
	t->n_odd++;
	bool first_alone = t->n_ttl == 1 && t->n_odd == 2;
	if (first_alone && mark_set(&t->first_mark))
		tell_odd(f, d, t->ttl, t->odd_ttl, t->first_mark);
	if (first_alone || t->n_odd >= TTL_SETTLED) {
		t->ttl = t->odd_ttl;
		t->n_ttl = t->n_odd;
		t->ttl_turn = turn;
		t->n_odd = 0;
	}
}

static void look_at_ttl(struct path_facts *f, struct tamper *all, enum dir d, const struct decoded *s, bool speaks, const struct packet *p)
{
	struct tamper_side *t = &all->side[d];
	if (s->flags & TCP_RST) // stacks and firewalls choose another one for them
		return;
	if (!t->n_ttl) {
		t->ttl = s->ttl;
		t->n_ttl = 1;
		t->ttl_turn = all->turn;
		t->first_mark = speaks ? mark_of(p) : (struct mark){0};
	} else if (path_ttl_far(t->ttl, s->ttl)) {
		unusual(f, t, d, s->ttl, speaks, mark_of(p), all->turn);
	} else {
		usual(f, t, d, all->turn);
	}
	f->ttl[d] = t->ttl;
}

// ---- numbers -------------------------------------------------------------------------------------------------

static void tell_desync(struct facts *f, enum dir d, int32_t apart, uint8_t n, const struct packet *p)
{
	if (f->path.n_desync && f->path.desync_dir != d)
		return;
	f->conn.ambiguous = true; // whoever shifts numbers may have put in or taken out octets
	if (!f->path.n_desync)
		f->path.desync_mark = mark_of(p);
	f->path.desync_dir = d;
	f->path.desync = apart;
	f->path.n_desync = n;
}

// `d` speaks, and says how much it has received. Where that is neither what was sent nor where a segment ended, something
// in between adds octets or takes some away; captures that lose packets show holes instead, and arms of a tap that are not
// equally fast show the octets a moment later.
static void look_at_ack(struct facts *f, struct tamper *t, enum dir d, const struct decoded *s, const struct packet *p)
{
	struct tamper_side *mine = &t->side[d];
	const struct tamper_side *theirs = &t->side[dir_other(d)];
	if (!(s->flags & TCP_ACK) || !theirs->started)
		return;
	int32_t apart = (int32_t)(s->ack - theirs->end);
	bool inside = apart < 0 && (int32_t)(s->ack - theirs->start) > 0;
	if ((apart <= 0 && !inside) || apart > APART_MOST || apart < -APART_MOST) {
		mine->n_apart = 0;
		return;
	}
	if (mine->n_apart && theirs->end == mine->apart_end)
		return; // nothing new was acknowledged
	mine->n_apart = mine->n_apart && mine->apart == apart ? mine->n_apart + (mine->n_apart < UINT8_MAX) : 1;
	mine->apart = apart;
	mine->apart_end = theirs->end;
	if (mine->n_apart >= APART_ENOUGH)
		tell_desync(f, d, apart, mine->n_apart, p);
}

// A segment without octets says how much its side has sent. Where the other side has acknowledged more for longer than the
// arms of a tap are apart, it has got something else; unless that side goes on, because then only its arm is slow. Probes
// of an idle peer stand one octet lower (RFC 1122 4.2.3.6).
static void look_at_denial(const struct dissect *e, struct facts *f, const struct flow_hot *h, struct tamper_side *t, enum dir d,
                           const struct decoded *s, const struct packet *p)
{
	uint32_t ack = h->ack[dir_other(d)];
	int32_t apart = (int32_t)(ack - s->seq);
	if (!ack || apart < 2 || apart > APART_MOST || h->flags & FLOW_CLOSING) {
		t->denied_ns = 0;
		return;
	}
	if (!t->denied_ns || t->denied_ack != ack || t->denied_seq != s->seq) {
		t->denied_ack = ack;
		t->denied_seq = s->seq;
		t->denied_ns = e->now_ns;
		t->n_denied = 0;
	} else if (e->now_ns >= t->denied_ns + WAIT_HOLE_ACKED_NS && ++t->n_denied == DENIED_ENOUGH) {
		tell_desync(f, dir_other(d), apart, t->n_denied, p);
		t->n_denied--;
	}
}

// Octets of `d` came. Those that the other side had acknowledged before, and that end just there, were only late.
static void look_at_octets(struct tamper *t, enum dir d, const struct decoded *s)
{
	struct tamper_side *mine = &t->side[d], *theirs = &t->side[dir_other(d)];
	uint32_t seq = s->seq + (s->flags & TCP_SYN ? 1 : 0), end = seq + s->payload_wire_len;
	bool next = mine->started && seq == mine->end;
	if (mine->started && (int32_t)(end - mine->end) <= 0)
		return;
	if (theirs->n_apart && (!next || (theirs->apart > 0 && end == theirs->apart_end + (uint32_t)theirs->apart)))
		theirs->n_apart = 0;
	mine->started = true;
	mine->start = seq;
	mine->end = end;
}

// ---- versions ------------------------------------------------------------------------------------------------

static void note_ack(const struct path_facts *f, struct tamper *t, enum dir d, uint32_t ack)
{
	uint8_t n = t->n_conflict_acks;
	if (!f->n_conflicts || d == (enum dir)f->conflict_dir || n == 4 || (n && t->conflict_acks[n - 1] == ack))
		return;
	t->conflict_acks[t->n_conflict_acks++] = ack;
}

void tamper_settle(struct dissect *e, uint32_t flow)
{
	struct conn *c = engine_conn(e, flow_hot_at(&e->table, flow));
	const struct tamper *t = &c->tamper;
	struct path_facts *f = &c->message.facts.path;
	f->conflict_agrees = AGREES_UNKNOWN;
	for (uint8_t i = 0; i < t->n_conflict_acks && t->conflict_end[0] != t->conflict_end[1] && !f->conflict_agrees; i++) {
		if (t->conflict_acks[i] == t->conflict_end[0])
			f->conflict_agrees = AGREES_FIRST;
		else if (t->conflict_acks[i] == t->conflict_end[1])
			f->conflict_agrees = AGREES_LATER;
	}
}

// How much of a line may be told, if tellable() says so: a verb, or a code with the keyword or status behind it.
static uint32_t head_len(const uint8_t *p, uint32_t len)
{
	uint32_t n = 0, words = 0;
	for (; n < len && n < PATH_TEXT_MAX; n++) {
		uint8_t c = p[n], upper = c & 0xdf;
		bool letter = upper >= 'A' && upper <= 'Z', digit = c >= '0' && c <= '9';
		if (c == ' ' && !words++ && n + 1 < len && p[n + 1] >= '0' && p[n + 1] <= '9')
			continue; // an enhanced status code
		if (!letter && !digit && c != '-' && !(c == '.' && words))
			break;
		if (letter && words)
			return n;
		if (letter && n >= 4 + VERB_MAX)
			break;
	}
	return n;
}

// Where a segment begins may be in the middle of an address, and a line may be a password.
static bool tellable(const uint8_t *p, uint32_t n)
{
	static const char *const verbs[] = {"EHLO", "HELO", "LHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "HELP",
		"VRFY", "EXPN", "ETRN", "QUIT", "XCLIENT", "XFORWARD"};
	bool code = n >= 3 && (n == 3 || p[3] == ' ' || p[3] == '-'), masked = true;
	for (uint32_t i = 0; i < n; i++) {
		code &= i >= 3 || (p[i] >= '0' && p[i] <= '9');
		masked &= p[i] == 'X';
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (n == strlen(verbs[i]) && !strncasecmp((const char *)p, verbs[i], n))
			return true;
	}
	return code || masked;
}

// The line that octet `at` of p[0..len) stands in, as far as it can be told.
static void note_line(struct facts *f, struct text *t, const uint8_t *p, uint32_t len, uint32_t at)
{
	uint32_t from = at;
	while (from && p[from - 1] != '\n')
		from--;
	uint32_t n = recent_is_text(p + from, len - from) ? head_len(p + from, len - from) : 0;
	if (n && tellable(p + from, n))
		facts_set_text(f, t, p + from, n, PATH_TEXT_MAX);
}

// The run on the tape that holds what was there first.
static const struct tape_run *first_version(const struct dissect *e, const struct conn *c, enum dir d, uint64_t off, const uint8_t **p)
{
	struct tape_walk w = tape_first(&c->tape, &e->tapes);
	for (const struct tape_run *run; (run = tape_next(&w, p));) {
		if (run->dir == d && !run->again && run->off <= off && off < run->off + run->len)
			return run;
	}
	return NULL;
}

void tamper_conflict(struct dissect *e, uint32_t flow, enum dir d, const struct place *at, const uint8_t *later, uint32_t len,
                     uint32_t differs)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct conn *c = engine_conn(e, h);
	struct facts *f = &c->message.facts;
	f->path.n_conflicts += f->path.n_conflicts < UINT16_MAX;
	if (f->path.n_conflicts > 1) { // the later version may come in pieces
		uint32_t seq = h->base[d] + (uint32_t)at->off;
		if (d == (enum dir)f->path.conflict_dir && seq == c->tamper.conflict_end[1] && at->acked == c->tamper.conflict_acked)
			c->tamper.conflict_end[1] = seq + len;
		return;
	}
	bool where = differs < len;
	uint64_t off = at->off + (where ? differs : 0);
	const uint8_t *octets;
	const struct tape_run *run = first_version(e, c, d, off, &octets);
	f->path.conflict_dir = d;
	f->path.conflict_off = (uint32_t)off;
	f->path.conflict_len = len;
	c->tamper.conflict_acked = at->acked;
	f->path.conflict_mark[1] = place_mark(at);
	c->tamper.conflict_end[0] = c->tamper.conflict_end[1] = h->base[d] + (uint32_t)at->off + len;
	if (where)
		note_line(f, &f->path.conflict_text[1], later, len, differs);
	if (!run)
		return;
	f->path.conflict_mark[0] = (struct mark){.frame = run->frame, .quality = run->quality};
	if (where)
		note_line(f, &f->path.conflict_text[0], octets, run->len, (uint32_t)(off - run->off));
	c->tamper.conflict_end[0] = h->base[d] + run->off + run->len;
	if (h->ack[dir_other(d)])
		note_ack(&f->path, &c->tamper, dir_other(d), h->ack[dir_other(d)]);
}

// ---- resets --------------------------------------------------------------------------------------------------

// STARTTLS was sent, or TLS begun, and is not up.
static bool upgrading(const struct dissect *e, const struct conn *c)
{
	const struct facts *f = &c->message.facts;
	bool asked = f->smtp.n_starttls || f->tls.asked || f->tls.implicit;
	return asked && !f->tls.completed && e->now_ns <= c->tamper.spoke_ns + UPGRADE_NS;
}

static void note_reset(struct dissect *e, struct conn *c, enum dir d, uint8_t ttl, const struct packet *p)
{
	struct path_facts *f = &c->message.facts.path;
	const struct tamper_side *t = &c->tamper.side[d];
	f->rst_dir = d;
	f->rst_ttl = ttl;
	f->rst_ttl_usual = t->n_ttl > 1 ? t->ttl : 0;
	f->rst_at_upgrade = upgrading(e, c);
	f->rst_mark = mark_of(p);
}

void tamper_reset(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p, bool valid)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct conn *c = engine_conn(e, h);
	struct path_facts *f = &c->message.facts.path;
	if (f->rst_contradicted || c->message.facts.smtp.quit) // who has said QUIT may hang up as he likes
		return;
	if (valid) {
		if (!flow_has(h, FLOW_RST, d))
			note_reset(e, c, d, s->ttl, p);
		c->tamper.rst_seq[d] = s->seq;
		c->tamper.rst_ack[d] = h->ack[d];
		return;
	}
	// A closed socket answers what still comes, with the numbers that it was told: those are no steps.
	bool over = h->flags & FLOW_CLOSING || flow_has(h, FLOW_FIN, DIR_C2S) || flow_has(h, FLOW_FIN, DIR_S2C);
	if (over || (f->n_rst_stepped && s->seq == c->tamper.stepped_seq))
		return;
	c->tamper.stepped_seq = s->seq;
	f->n_rst_stepped += f->n_rst_stepped < UINT8_MAX;
	if (!mark_set(&f->rst_mark))
		note_reset(e, c, d, s->ttl, p);
}

// Nobody goes on behind a reset of his own.
static void look_behind_reset(struct path_facts *f, const struct flow_hot *h, const struct tamper *t, enum dir d, const struct decoded *s,
                              bool octets)
{
	if (f->rst_contradicted || s->flags & (TCP_RST | TCP_SYN) || !flow_has(h, FLOW_RST, d) || f->rst_dir != d || !mark_set(&f->rst_mark))
		return;
	bool more = octets && (int32_t)(s->seq - t->rst_seq[d]) >= 0;
	bool took = s->flags & TCP_ACK && t->rst_ack[d] && (int32_t)(s->ack - t->rst_ack[d]) > 0 && s->seq == t->rst_seq[d];
	f->rst_contradicted = more || took;
}

// ---- all of it -----------------------------------------------------------------------------------------------

void tamper_segment(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct conn *c = engine_conn(e, h);
	struct facts *f = &c->message.facts;
	const struct tamper_side *t = &c->tamper.side[d];
	uint32_t len = s->payload_wire_len;
	bool fresh = len && (!t->started || (int32_t)(s->seq + len - t->end) > 0);
	bool octets = fresh || len > 1; // a probe of an idle peer may bring one that was there
	if (octets && c->tamper.speaker != d) {
		c->tamper.speaker = (uint8_t)d;
		c->tamper.turn++;
	}
	look_at_ttl(&f->path, &c->tamper, d, s, octets && conn_in_dialogue(c, d), p);
	look_behind_reset(&f->path, h, &c->tamper, d, s, octets);
	if (s->flags & TCP_ACK)
		note_ack(&f->path, &c->tamper, d, s->ack);
	if (octets) {
		look_at_ack(f, &c->tamper, d, s, p);
		look_at_octets(&c->tamper, d, s);
		c->tamper.spoke_ns = e->now_ns;
	} else if (!len && s->flags == TCP_ACK) {
		look_at_denial(e, f, h, &c->tamper.side[d], d, s, p);
	}
}

void tamper_bad_checksum(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p)
{
	struct conn *c = engine_conn(e, flow_hot_at(&e->table, flow));
	struct path_facts *f = &c->message.facts.path;
	if (!conn_in_dialogue(c, d) || !recent_is_text(s->payload, s->payload_len))
		return;
	f->n_bad_sum_text += f->n_bad_sum_text < UINT16_MAX;
	if (!mark_set(&f->bad_sum_mark)) {
		f->bad_sum_mark = mark_of(p);
		f->bad_sum_dir = d;
	}
}
