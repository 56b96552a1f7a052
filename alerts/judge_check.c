// The judge believes no length, offset or enum of a message: a worker that was taken over must not reach it (P13).
#include "alerts/judge_private.h"

#include <assert.h>
#include <string.h>

// Every piece of text in the facts. A new one belongs here.
static const uint16_t texts[] = {
#define SMTP_TEXT(member) offsetof(struct facts, smtp) + offsetof(struct smtp_facts, member)
	SMTP_TEXT(banner),
	SMTP_TEXT(helo),
	SMTP_TEXT(server_name),
	SMTP_TEXT(masked),
	SMTP_TEXT(starttls_reply),
	SMTP_TEXT(filtered_verb),
	SMTP_TEXT(auth_name),
	SMTP_TEXT(from_domain),
	SMTP_TEXT(from_local),
	SMTP_TEXT(rcpt_local),
	SMTP_TEXT(rcpt_domain[0]),
	SMTP_TEXT(rcpt_domain[1]),
	SMTP_TEXT(rcpt_domain[2]),
	SMTP_TEXT(rcpt_domain[3]),
	SMTP_TEXT(rcpt_domain[4]),
	SMTP_TEXT(rcpt_domain[5]),
	SMTP_TEXT(rcpt_domain[6]),
	SMTP_TEXT(rcpt_domain[7]),
#undef SMTP_TEXT
	offsetof(struct facts, path) + offsetof(struct path_facts, conflict_text[0]),
	offsetof(struct facts, path) + offsetof(struct path_facts, conflict_text[1]),
	offsetof(struct facts, tls) + offsetof(struct tls_facts, sni),
	offsetof(struct facts, tls) + offsetof(struct tls_facts, alpn),
	offsetof(struct facts, tls) + offsetof(struct tls_facts, alpn_selected),
};
static_assert(FACTS_RCPT_DOMAINS == 8, "every recipient domain is in texts[]");

static bool texts_ok(const struct facts *f)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct text t;
		memcpy(&t, (const uint8_t *)f + texts[i], sizeof(t));
		if ((size_t)t.off + t.len > f->text_used)
			return false;
	}
	return true;
}

// One-octet enums and counts, each with the largest value it may have.
static const struct {
	uint16_t off;
	uint8_t max;
} octets[] = {
#define CONN(member, most) {offsetof(struct facts, conn) + offsetof(struct conn_facts, member), most}
#define PATH(member, most) {offsetof(struct facts, path) + offsetof(struct path_facts, member), most}
#define SMTP(member, most) {offsetof(struct facts, smtp) + offsetof(struct smtp_facts, member), most}
#define TLS(member, most) {offsetof(struct facts, tls) + offsetof(struct tls_facts, member), most}
	CONN(end, END_REUSE),
	CONN(closed_first, CLOSED_BY_SERVER),
	CONN(role, ROLE_LMTP),
	CONN(n_vlan, 2),
	CONN(tap, FACTS_TAPS - 1),
	PATH(conflict_dir, DIR_S2C),
	PATH(conflict_agrees, AGREES_LATER),
	PATH(rst_dir, DIR_S2C),
	PATH(odd_dir, DIR_S2C),
	PATH(bad_sum_dir, DIR_S2C),
	PATH(desync_dir, DIR_S2C),
	SMTP(hello, HELLO_LHLO),
	SMTP(offer, OFFER_MALFORMED),
	SMTP(after_220, AFTER_OTHER),
	SMTP(auth_mech, MECH_OTHER),
	SMTP(n_rcpt_domains, FACTS_RCPT_DOMAINS),
	TLS(alert_dir, DIR_S2C),
	TLS(renegotiation_dir, DIR_S2C),
	TLS(ech, ECH_REAL),
	TLS(sentinel, SENTINEL_TLS11),
	TLS(peer_cert, CERT_RESUMED),
#undef CONN
#undef PATH
#undef SMTP
#undef TLS
};

static bool facts_ok(const struct facts *f)
{
	for (size_t i = 0; i < sizeof(octets) / sizeof(octets[0]); i++)
		if (((const uint8_t *)f)[octets[i].off] > octets[i].max)
			return false;
	return (f->conn.ip_v == 4 || f->conn.ip_v == 6) && texts_ok(f);
}

// The facts of a session at octet `at` of its message.
static bool facts_there(const struct message *m, size_t len, size_t at)
{
	const size_t fixed = at + offsetof(struct facts, text);
	const struct facts *f = (const void *)((const uint8_t *)m + at);

	if (len < fixed || f->text_used > FACTS_TEXT_MAX || len < fixed + f->text_used)
		return false;
	return f->birth == m->birth && facts_ok(f);
}

static bool session_ok(const struct message *m, size_t len)
{
	const struct message_session *s = (const struct message_session *)m;
	const size_t at = offsetof(struct message_session, facts);

	if (!facts_there(m, len, at))
		return false;
	return !s->other || (s->other % 8 == 0 && s->other >= at + facts_len(&s->facts) && facts_there(m, len, s->other));
}

static bool handshake_ok(const struct message *m, size_t len)
{
	const struct message_handshake *h = (const struct message_handshake *)m;

	return len >= sizeof(*h) && len == sizeof(*h) + h->len && h->kind < HANDSHAKE_KINDS && h->dir <= DIR_S2C;
}

static bool evidence_ok(const struct message *m, size_t len)
{
	const struct message_evidence *e = (const struct message_evidence *)m;

	return len >= sizeof(*e) && len == sizeof(*e) + e->len && e->len <= EVIDENCE_LEN_MAX && e->dir <= DIR_S2C && e->cut < EVIDENCE_CUTS;
}

static bool name_there(const struct dns_facts *f, uint16_t at)
{
	return at < f->text_used && strnlen(f->text + at, f->text_used - at) < DNS_NAME_MAX;
}

// Names end inside the text, whose last octet is a NUL.
static bool dns_ok(const struct message *m, size_t len)
{
	const struct message_dns *d = (const struct message_dns *)m;
	const struct dns_facts *f = &d->facts;
	const size_t fixed = offsetof(struct message_dns, facts) + offsetof(struct dns_facts, text);

	if (len < fixed || !f->text_used || f->text_used > DNS_TEXT_MAX || len < fixed + f->text_used)
		return false;
	if (f->text[f->text_used - 1] || f->n_answers > DNS_ANSWERS_MAX || (f->ip_v != 4 && f->ip_v != 6) || !name_there(f, 0))
		return false;
	for (size_t i = 0; i < f->n_answers; i++)
		if (!name_there(f, f->answer[i].owner) || !name_there(f, f->answer[i].name))
			return false;
	return true;
}

static bool sensor_ok(const struct message *m, size_t len)
{
	const struct message_sensor *s = (const struct message_sensor *)m;
	uint8_t is_over;

	if (len < sizeof(*s))
		return false;
	memcpy(&is_over, &s->over, sizeof(is_over));
	return is_over <= 1 && s->kind < SENSOR_KINDS && (s->tap < FACTS_TAPS || s->tap == SENSOR_NO_TAP) &&
	       memchr(s->text, '\0', sizeof(s->text));
}

static bool protocols_ok(const struct message *m, size_t len)
{
	const struct message_protocols *p = (const struct message_protocols *)m;

	if (len < sizeof(*p) || p->n > PROTOCOLS_MAX || len < sizeof(*p) + p->n * sizeof(p->row[0]))
		return false;
	for (uint32_t i = 0; i < p->n; i++)
		if (!memchr(p->row[i].name, '\0', sizeof(p->row[i].name)))
			return false;
	return true;
}

bool judge_check(const struct message *m, size_t len)
{
	if (len < sizeof(*m) || len > MESSAGE_LEN_MAX || m->worker >= JUDGE_WORKERS_MAX)
		return false;
	switch (m->type) {
	case MESSAGE_SESSION:
		return session_ok(m, len);
	case MESSAGE_END:
		return len >= sizeof(struct message_end) && ((const struct message_end *)m)->end <= END_REUSE &&
		       ((const struct message_end *)m)->end != END_OPEN && ((const struct message_end *)m)->conflict_dir <= DIR_S2C;
	case MESSAGE_HANDSHAKE:
		return handshake_ok(m, len);
	case MESSAGE_DNS:
		return dns_ok(m, len);
	case MESSAGE_EVIDENCE:
		return evidence_ok(m, len);
	case MESSAGE_ANOMALY:
		return len >= sizeof(struct message_anomaly) && ((const struct message_anomaly *)m)->counter < DISSECT_COUNTERS;
	case MESSAGE_COUNTERS:
		return len >= sizeof(struct message_counters);
	case MESSAGE_SENSOR:
		return sensor_ok(m, len);
	case MESSAGE_PROTOCOLS:
		return protocols_ok(m, len);
	default:
		return false;
	}
}
