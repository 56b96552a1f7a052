// What leaves the worker: facts of a session, the end of a sealed one, counters, trouble without a session.
#include "dissect/classify/protocols.h"
#include "dissect/keep.h"

#include <string.h>

static void fill_conn(const struct dissect *e, uint32_t flow, struct facts *m)
{
	struct conn_facts *f = &m->conn;
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	const struct flow_cold *c = flow_cold_at(&e->table, flow);
	memcpy(f->src, c->addr[DIR_C2S], 16);
	memcpy(f->dst, c->addr[DIR_S2C], 16);
	f->src_port = c->port[DIR_C2S];
	f->dst_port = c->port[DIR_S2C];
	f->ip_v = c->ip_v;
	f->tap = c->tap;
	f->n_vlan = c->n_vlan;
	memcpy(f->vlan, c->vlan, sizeof(f->vlan));
	for (int d = 0; d < 2; d++) {
		f->isn[d] = h->base[d] - 1;
		f->syn[d] = flow_has(h, FLOW_SYN, (enum dir)d);
		f->fin[d] = flow_has(h, FLOW_FIN_DONE, (enum dir)d);
		f->rst[d] = flow_has(h, FLOW_RST, (enum dir)d);
		f->pkts[d] = c->pkts[d];
		f->octets[d] = c->octets[d];
	}
	m->path.synack_twice = c->synack_twice;
	f->midstream = !f->syn[0] && !f->syn[1];
	f->server_guessed = h->flags & FLOW_GUESSED;
	f->start_ns = c->start_ns;
	f->last_ns = c->last_ns;
	f->first_frame = c->first_frame;
	f->last_frame = c->last_frame;
	f->file = c->file;
}

// By port; LHLO says more than any port.
static enum session_role role_of(const struct facts *f)
{
	if (f->smtp.hello == HELLO_LHLO || f->conn.dst_port == 24)
		return ROLE_LMTP;
	switch (f->conn.dst_port) {
	case 25:
		return ROLE_RELAY;
	case 465:
	case 587:
		return ROLE_SUBMISSION;
	default:
		return ROLE_UNKNOWN;
	}
}

static struct message head_of(struct dissect *e, uint32_t flow, enum message_type type)
{
	struct flow_cold *c = flow ? flow_cold_at(&e->table, flow) : NULL;
	return (struct message){
		.seq = e->seq,
		.birth = c ? c->birth : 0,
		.time_ns = e->time_ns,
		.ord = c ? c->ord++ : e->counters_ord++,
		.type = (uint16_t)type,
		.worker = e->config.worker,
	};
}

void tell_session(struct dissect *e, uint32_t flow, bool sealed, enum session_end end)
{
	struct message_session *m = &engine_conn(e, flow_hot_at(&e->table, flow))->message;
	fill_conn(e, flow, &m->facts);
	m->facts.conn.end = (uint8_t)end;
	m->facts.conn.role = (uint8_t)role_of(&m->facts);
	m->sealed = sealed;
	m->other = 0;
	if (e->keep)
		keep_tell(e, flow, sealed || end != END_OPEN);
	tamper_settle(e, flow);
	const struct facts *other = second_reading(e, flow, sealed, end);
	m->head = head_of(e, flow, MESSAGE_SESSION);
	size_t len = offsetof(struct message_session, facts) + facts_len(&m->facts);
	if (!other) {
		e->config.emit(e->config.emit_ctx, &m->head, len);
		return;
	}
	m->other = (uint32_t)(len + 7) & ~7u;
	uint8_t *out = e->message;
	memcpy(out, m, len);
	memset(out + len, 0, m->other - len);
	memcpy(out + m->other, other, facts_len(other));
	e->config.emit(e->config.emit_ctx, (const struct message *)out, m->other + facts_len(other));
}

void tell_end(struct dissect *e, uint32_t flow, enum session_end end)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	const struct flow_cold *c = flow_cold_at(&e->table, flow);
	const struct guard *g = guard_of(e, flow);
	struct message_end m = {
		.head = head_of(e, flow, MESSAGE_END),
		.end = (uint8_t)end,
		.reopened = h->flags & FLOW_REOPENED,
		.ambiguous = h->session == FLOW_CONFLICT || (g && g->conflict),
		.last_frame = c->last_frame,
		.last_ns = c->last_ns,
	};
	if (g && g->conflict) {
		m.conflict = true;
		m.conflict_dir = g->conflict_dir;
		m.conflict_off = g->conflict_off;
		m.conflict_len = g->conflict_len;
		m.conflict_frame = g->conflict_frame;
	}
	for (int d = 0; d < 2; d++) {
		m.fin[d] = flow_has(h, FLOW_FIN_DONE, (enum dir)d);
		m.rst[d] = flow_has(h, FLOW_RST, (enum dir)d);
		m.pkts[d] = c->pkts[d];
		m.octets[d] = c->octets[d];
		m.payload_octets[d] = h->off[d];
	}
	e->config.emit(e->config.emit_ctx, &m.head, sizeof(m));
}

void tell_handshake(struct dissect *e, uint32_t flow, const struct message_handshake *m, const uint8_t *p, size_t len)
{
	struct message_handshake *out = e->message;
	*out = *m;
	out->head = head_of(e, flow, MESSAGE_HANDSHAKE);
	out->cut = m->cut || len > HANDSHAKE_LEN_MAX;
	out->len = len > HANDSHAKE_LEN_MAX ? HANDSHAKE_LEN_MAX : (uint32_t)len;
	if (out->len)
		memcpy(out->octets, p, out->len);
	e->config.emit(e->config.emit_ctx, &out->head, sizeof(*out) + out->len);
}

void tell_evidence(struct dissect *e, uint32_t flow, const struct message_evidence *m, const uint8_t *octets)
{
	struct message_evidence *out = e->message;
	*out = *m;
	out->head = head_of(e, flow, MESSAGE_EVIDENCE);
	memcpy(out->octets, octets, m->len);
	e->config.emit(e->config.emit_ctx, &out->head, sizeof(*out) + out->len);
}

// Neither 0, which anomalies of the same packet have though another worker may tell them, nor a session's.
void tell_dns(struct dissect *e)
{
	struct message_dns *m = e->message;

	m->head = head_of(e, 0, MESSAGE_DNS);
	m->head.birth = UINT64_MAX - 1;
	e->config.emit(e->config.emit_ctx, &m->head, message_dns_len(m));
}

void tell_anomaly(struct dissect *e, enum dissect_counter what, const struct packet *p)
{
	struct message_anomaly m = {
		.head = head_of(e, 0, MESSAGE_ANOMALY), .counter = (uint16_t)what, .file = p->file, .frame = p->frame};
	e->config.emit(e->config.emit_ctx, &m.head, sizeof(m));
}

static uint64_t memory_peak(const struct dissect *e)
{
	const struct slab *all[] = {&e->table.hot, &e->table.cold, &e->conns, &e->chunks, &e->lines, &e->tapes, &e->tls.offers,
		&e->tls.room[0], &e->tls.room[1], &e->tls.room[2]};
	uint64_t octets = (e->table.bucket_mask + 1) * sizeof(struct flow_bucket);
	octets += (uint64_t)e->guards.n_used * sizeof(struct guard);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		octets += (uint64_t)all[i]->n_peak * all[i]->object_len;
	return octets;
}

static void tell_protocols(struct dissect *e)
{
	struct message_protocols *m = e->message;
	m->head = head_of(e, 0, MESSAGE_PROTOCOLS);
	m->head.birth = UINT64_MAX;
	m->n = protocols_rows(e->protocols, m->row);
	e->config.emit(e->config.emit_ctx, &m->head, sizeof(*m) + m->n * sizeof(*m->row));
}

void tell_counters(struct dissect *e, bool last)
{
	if (e->protocols)
		tell_protocols(e);
	struct message_counters m = {
		.head = head_of(e, 0, MESSAGE_COUNTERS),
		.last = last,
		.flows_now = e->table.hot.n_used,
		.sessions_now = e->conns.n_used,
		.memory_octets = memory_peak(e),
	};
	m.head.birth = UINT64_MAX;
	memcpy(m.counter, e->counter, sizeof(m.counter));
	e->config.emit(e->config.emit_ctx, &m.head, sizeof(m));
}
