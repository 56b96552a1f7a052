// Which layer octets belong to, and the calls into the two machines.
#include "dissect/conn.h"

#include <string.h>

#include "dissect/keep.h"

enum { LAYER_CHANGES_MAX = 8 }; // per run; more is a peer that plays with us

static struct facts *facts_of(struct conn *c)
{
	return &c->message.facts;
}

static const struct kept_list *kept_of(struct dissect *e, const struct conn *c)
{
	return e->keep && !c->second ? keep_list(e, c) : NULL;
}

static struct smtp_env smtp_env_of(struct dissect *e, struct conn *c)
{
	return (struct smtp_env){
		.facts = facts_of(c),
		.lines = &e->lines,
		.counter = c->second ? e->scratch : e->counter,
		.dialogue = c->candidate || c->second ? NULL : e->config.dialogue,
		.keep_envelope = e->config.keep_envelope,
		.kept = kept_of(e, c),
		.content_key = e->config.digest_content && !c->second ? &e->config.content_key : NULL,
	};
}

struct shipper {
	struct dissect *e;
	const struct conn *c;
};

// A connection that is not known to be mail yet is nobody's business.
static void ship(void *ctx, const struct message_handshake *m, const uint8_t *p, size_t len)
{
	const struct shipper *s = ctx;
	if (!s->c->second && (!s->c->candidate || conn_candidate_verdict(s->c) > 0))
		tell_handshake(s->e, s->c->flow, m, p, len);
}

static struct tls_env tls_env_of(struct shipper *s, struct dissect *e, struct conn *c)
{
	*s = (struct shipper){.e = e, .c = c};
	return (struct tls_env){.facts = facts_of(c), .memory = &e->tls, .counter = c->second ? e->scratch : e->counter,
		.keep_flights = e->config.keep_flights, .ship = ship, .ship_ctx = s};
}

// A record header that cannot be text: used where no negotiation was seen.
static bool surely_tls(const uint8_t *p, size_t len)
{
	return len >= 3 && p[0] >= 20 && p[0] <= 23 && p[1] == 3 && p[2] <= 4;
}

// The first octets of a direction. SMTP text never starts with the type of a TLS record.
static void decide_layer(struct dissect *e, struct conn *c, enum dir d, const struct place *at, const uint8_t *p, size_t len)
{
	struct facts *f = facts_of(c);
	// A SYN/ACK says where both sides begin, a SYN only where the client does.
	bool start = f->conn.syn[DIR_S2C] || (d == DIR_C2S && f->conn.syn[DIR_C2S]);
	bool tls = start ? (p[0] == 0x16 || (p[0] >= 0x80 && d == DIR_C2S && tls_looks_like(d, p, len))) : surely_tls(p, len);
	if (c->layer[dir_other(d)] == LAYER_TLS) // a server may answer a hello with an alert; one octet tells, whatever the cuts
		tls |= (p[0] >= 0x14 && p[0] <= 0x17) || (p[0] >= 0x80 && f->tls.sslv2_hello);
	if (tls) {
		c->layer[d] = LAYER_TLS;
		f->tls.asked = true;
		if (start && d == DIR_C2S && at->off == 0)
			f->tls.implicit = true;
	} else if (start || recent_is_text(p, (uint32_t)len)) {
		c->layer[d] = LAYER_LINES;
		if (!start)
			conn_gap(e, c, d, at, 0);
	}
}

// The first record of a handshake, at the start of a run: where TLS is looked for in whatever protocol.
static bool begins_handshake(struct conn *c, enum dir d, const uint8_t *p, size_t len)
{
	if (d == DIR_S2C && p[0] >= 0x80)
		return facts_of(c)->tls.sslv2_hello;
	if (d == DIR_C2S && p[0] >= 0x80)
		return len > 5 && tls_looks_like(d, p, len);
	return len > 5 && surely_tls(p, len) && p[0] == 0x16 && p[5] == (d == DIR_C2S ? 1 : 2);
}

static void find_handshake(struct conn *c, enum dir d, const struct place *at, const uint8_t *p, size_t len)
{
	struct facts *f = facts_of(c);
	bool answer = c->outside && c->layer[dir_other(d)] == LAYER_TLS && surely_tls(p, len);
	if (c->layer[d] == LAYER_TLS || f->smtp.hello != HELLO_NONE || !(answer || begins_handshake(c, d, p, len)))
		return;
	c->outside = f->conn.outside_mail = f->tls.asked = true;
	f->tls.implicit |= d == DIR_C2S && at->off == 0;
	c->layer[d] = LAYER_TLS;
}

// TLS begins in this direction. After an earlier handshake that came to nothing the machine starts afresh.
static void enter_tls(struct dissect *e, struct conn *c, enum dir d)
{
	if (c->tls_failed && c->layer[dir_other(d)] != LAYER_TLS) {
		struct shipper shipper;
		struct tls_env env = tls_env_of(&shipper, e, c);
		tls_end(&c->tls, &env);
		memset(&c->tls, 0, sizeof(c->tls));
		c->tls_failed = false;
	}
	c->layer[d] = LAYER_TLS;
}

static size_t take_lines(struct dissect *e, struct conn *c, enum dir d, const struct place *at, const uint8_t *p, size_t len)
{
	if (c->after_gap[d] && surely_tls(p, len)) { // what was negotiated lies in the hole
		enter_tls(e, c, d);
		facts_of(c)->tls.asked = true;
		return 0;
	}
	struct smtp_env env = smtp_env_of(e, c);
	enum smtp_need need = SMTP_GO_ON;
	size_t taken = smtp_feed(&c->smtp, &env, d, at, p, len, &need);
	c->news |= env.news;
	if (need == SMTP_TLS)
		enter_tls(e, c, d);
	else if (need == SMTP_WAIT)
		c->waiting[d] = true;
	return taken;
}

// What a client sends as TLS may be kept unless it may be something else.
static bool tls_is_told(const struct conn *c)
{
	const struct conn_facts *f = &c->message.facts.conn;
	return smtp_keeps(&c->smtp) && !f->midstream && !f->gaps[DIR_C2S];
}

static size_t take_tls(struct dissect *e, struct conn *c, enum dir d, const struct place *at, const uint8_t *p, size_t len)
{
	struct shipper shipper;
	struct tls_env env = tls_env_of(&shipper, e, c);
	enum tls_need need = TLS_GO_ON;
	if (d == DIR_S2C || tls_is_told(c))
		env.kept = kept_of(e, c);
	size_t taken = tls_feed(&c->tls, &env, d, at, p, len, &need);
	c->news |= env.news;
	if (need == TLS_SEALED) {
		c->sealed = true;
		return len;
	}
	if (need == TLS_NOT_TLS) {
		struct smtp_env back = smtp_env_of(e, c);
		struct place here = *at;
		here.off += taken;
		smtp_plain_again(&c->smtp, &back, d, &here);
		c->news |= back.news;
		c->layer[d] = LAYER_LINES;
		c->tls_failed = true;
	}
	return taken;
}

size_t conn_take(struct dissect *e, struct conn *c, enum dir d, const struct place *at, const uint8_t *p, size_t len)
{
	struct place here = *at;
	size_t done = 0;
	int changes = 0;
	while (done < len && !c->waiting[d] && !c->sealed) {
		uint8_t layer = c->layer[d];
		size_t taken = len - done;
		if (c->search)
			find_handshake(c, d, &here, p + done, len - done);
		if (c->layer[d] == LAYER_UNDECIDED && !c->outside)
			decide_layer(e, c, d, &here, p + done, len - done);
		if (c->layer[d] == LAYER_LINES)
			taken = take_lines(e, c, d, &here, p + done, len - done);
		else if (c->layer[d] == LAYER_TLS)
			taken = take_tls(e, c, d, &here, p + done, len - done);
		if (c->layer[d] != layer && ++changes > LAYER_CHANGES_MAX)
			c->layer[d] = LAYER_SKIP;
		done += taken;
		here.off += taken;
		c->after_gap[d] = false;
	}
	return done;
}

bool conn_in_dialogue(const struct conn *c, enum dir d)
{
	return c->layer[d] <= LAYER_LINES && !smtp_in_content(&c->smtp, d);
}

void conn_gap(struct dissect *e, struct conn *c, enum dir d, const struct place *at, uint64_t missing)
{
	c->after_gap[d] = true;
	if (c->layer[d] == LAYER_TLS) {
		struct shipper shipper;
		struct tls_env env = tls_env_of(&shipper, e, c);
		tls_gap(&c->tls, &env, d, at, missing);
		c->news |= env.news;
	} else {
		struct smtp_env env = smtp_env_of(e, c);
		smtp_gap(&c->smtp, &env, d, at, missing);
		c->news |= env.news;
	}
	if (missing) // whatever the other side waits for may lie in the hole
		conn_do_not_wait(c, dir_other(d));
}

void conn_do_not_wait(struct conn *c, enum dir d)
{
	smtp_do_not_wait(&c->smtp, d);
	c->waiting[d] = false;
}

void conn_end(struct dissect *e, struct conn *c)
{
	struct shipper shipper;
	struct tls_env tls = tls_env_of(&shipper, e, c);
	tls_end(&c->tls, &tls);
	struct smtp_env smtp = smtp_env_of(e, c);
	smtp_end(&c->smtp, &smtp);
	for (int d = 0; d < 2; d++)
		queue_clear(&c->queue[d], &e->chunks);
}

static bool alpn_is_smtp(const struct facts *f)
{
	const uint8_t *p = facts_text(f, f->tls.alpn);
	return (f->tls.alpn.len == 4 && !memcmp(p, "smtp", 4)) || (f->tls.alpn.len == 5 && !memcmp(p, "esmtp", 5));
}

int conn_candidate_verdict(const struct conn *c)
{
	enum { HELLO_OCTETS = 64, GREETING_OCTETS = 1024, PROXY_OCTETS = 1024 }; // none takes longer to show itself
	const struct facts *f = &c->message.facts;
	const uint64_t *octets = f->conn.payload_octets;
	if (c->outside)
		return f->tls.client_hello || f->tls.server_hello;
	if (c->search && f->smtp.hello == HELLO_NONE)
		return f->tls.client_hello && alpn_is_smtp(f);
	if (f->smtp.hello != HELLO_NONE)
		return 1;
	if (f->tls.client_hello)
		return alpn_is_smtp(f) ? 1 : -1;
	if (c->layer[DIR_C2S] == LAYER_TLS)
		return octets[DIR_C2S] >= TLS_ROOM_LARGE ? -1 : 0;
	bool mute = octets[DIR_S2C] >= GREETING_OCTETS && !f->smtp.greeting_code;
	return octets[DIR_C2S] >= (c->proxied ? PROXY_OCTETS : HELLO_OCTETS) || mute ? -1 : 0;
}
