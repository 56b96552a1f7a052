// A session for the tests of records: one that is ordinary, and one that is as large as facts can be.
#pragma once

#include "alerts/record.h"

#include <string.h>

static const struct catalogue_row fixture_row = {
	.id = "starttls.not-offered",
	.signature_id = 3207001,
	.severity = SEVERITY_MEDIUM,
	.subject = SUBJECT_SERVER,
	.title = "SMTP server did not offer STARTTLS",
	.category = "SMTP TLS downgrade",
	.mitre = "T1557 T1040",
};

struct fixture {
	struct facts facts;
	struct peer peer;
	struct session session;
	struct finding root;
	struct record_alert alert;
	struct record_config config;
};

static inline void fixture_text(struct facts *f, struct text *t, const char *s)
{
	facts_set_text(f, t, s, strlen(s), FACTS_TEXT_MAX);
}

static inline const char *fixture_file_name(void *ctx, uint16_t file)
{
	return ctx;
}

static inline void fixture_finding(struct finding *out)
{
	*out = (struct finding){
		.row = &fixture_row,
		.confidence = CONFIDENCE_CERTAIN,
		.severity = SEVERITY_MEDIUM,
		.subject = SUBJECT_SERVER,
		.evidence = EVIDENCE_COMPLETE,
		.n_frames = 2,
		.frames = {6, 8},
		.detail = "ehlo_no_starttls",
	};
}

// Clear mail to a server that offered nothing.
static inline void fixture_clear(struct fixture *x)
{
	memset(x, 0, sizeof(*x));
	struct conn_facts *c = &x->facts.conn;
	*c = (struct conn_facts){
		.src = {198, 51, 100, 20}, .dst = {203, 0, 113, 25}, .src_port = 43122, .dst_port = 25, .ip_v = 4,
		.syn = {true, true}, .isn = {1000, 2000}, .payload = {true, true}, .end = END_FIN, .role = ROLE_RELAY,
		.pkts = {14, 11}, .octets = {2210, 1475}, .first_frame = 1, .last_frame = 25,
		.start_ns = 1795466528901220000, .last_ns = 1795466529123456789,
	};
	struct smtp_facts *m = &x->facts.smtp;
	*m = (struct smtp_facts){.seen = true, .hello = HELLO_EHLO, .n_ehlo = 1, .offer = OFFER_NO, .n_mail = 1, .n_mail_ok = 1,
	                         .n_rcpt = 2, .n_rcpt_ok = 2, .content_octets = 20480, .n_rcpt_domains = 1, .n_rcpt_domains_all = 1};
	fixture_text(&x->facts, &m->helo, "mx-out.sender.example");
	fixture_text(&x->facts, &m->from_domain, "sender.example");
	fixture_text(&x->facts, &m->from_local, "alice");
	fixture_text(&x->facts, &m->rcpt_domain[0], "receiver.example");
	fixture_text(&x->facts, &m->rcpt_local, "bob");
	struct session *s = &x->session;
	*s = (struct session){.facts = &x->facts, .tap = "mx-uplink", .final = true, .state = STATE_PLAIN_NOT_OFFERED,
	                      .verdict = VERDICT_CLEAR, .identity = IDENTITY_NOT_REQUIRED, .dane = DANE_UNKNOWN,
	                      .direction = DIRECTION_OUTBOUND, .n_findings = 1, .n_why = 1, .why = {"ehlo_no_starttls"}};
	s->flow_id = record_flow_id(&x->facts, s->tap);
	record_session_id(s->id, &x->facts, s->tap);
	fixture_finding(&s->findings[0]);
	x->root = s->findings[0];
	x->alert = (struct record_alert){.session = s, .root = &x->root, .repeat = {.count = 1, .window_s = 300},
	                                 .time_ns = c->last_ns, .frame = 8};
	record_alert_id(x->alert.id, &x->facts, s->tap, x->alert.time_ns, fixture_row.signature_id, 0);
	x->config = (struct record_config){.host = "sensor-1", .file_name = fixture_file_name, .file_ctx = "/captures/mail.pcap"};
}

// STARTTLS, TLS 1.3.
static inline void fixture_tls(struct fixture *x)
{
	fixture_clear(x);
	struct smtp_facts *m = &x->facts.smtp;
	m->offer = OFFER_YES;
	m->n_starttls = 1;
	m->starttls_code = 220;
	m->n_mail = m->n_mail_ok = m->n_rcpt = m->n_rcpt_ok = 0;
	m->content_octets = 0;
	m->n_rcpt_domains = 0;
	m->from_domain.len = 0;
	x->facts.tls = (struct tls_facts){.asked = true, .records = {true, true}, .client_hello = true, .server_hello = true,
	                                  .completed = true, .client_version = 0x0304, .server_version = 0x0304, .suite = 0x1301,
	                                  .group = 29, .peer_cert = CERT_ENCRYPTED};
	fixture_text(&x->facts, &x->facts.tls.sni, "mx1.receiver.example");
	x->session.state = STATE_STARTTLS_OK;
	x->session.verdict = VERDICT_ENCRYPTED;
	x->session.identity = IDENTITY_NOT_OBSERVABLE;
	x->session.n_findings = 0;
	x->session.n_why = 0;
}

static inline uint8_t fixture_same(uint32_t *seed)
{
	return (uint8_t)*seed;
}

// The largest that receivers (and jansson) hold.
static inline void fixture_largest(uint64_t *value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		value[i] = INT64_MAX;
}

// Every text of the wire is there, and together they fill the facts. `next` gives the octets.
static inline void fixture_fill(struct fixture *x, uint8_t (*next)(uint32_t *seed), uint32_t *seed)
{
	fixture_tls(x);
	struct facts *f = &x->facts;
	struct smtp_facts *m = &f->smtp;
	struct text *texts[] = {&m->helo, &m->from_domain, &m->from_local, &m->rcpt_local, &m->auth_name, &f->tls.sni, &f->tls.alpn,
	                        &m->rcpt_domain[0], &m->rcpt_domain[1], &m->rcpt_domain[2], &m->rcpt_domain[3], &m->rcpt_domain[4],
	                        &m->rcpt_domain[5], &m->rcpt_domain[6], &m->rcpt_domain[7]};
	size_t n = sizeof(texts) / sizeof(texts[0]);

	f->text_used = 0;
	for (size_t i = 0; i < n; i++) {
		uint8_t octets[FACTS_TEXT_MAX / 15];
		for (size_t k = 0; k < sizeof(octets); k++)
			octets[k] = next(seed);
		*texts[i] = (struct text){0};
		facts_set_text(f, texts[i], octets, sizeof(octets), sizeof(octets));
	}
	m->n_rcpt_domains = FACTS_RCPT_DOMAINS;
	m->n_rcpt_domains_all = 900;
	m->auth_mech = MECH_OTHER;
	m->n_auth = 1;
}

static const struct catalogue_row fixture_longest_row = {
	.id = "starttls.a-finding-whose-name-is-longer-than-any-of-ours",
	.signature_id = 3207999,
	.title = "A title as long as the catalogue allows, which is below eighty octets of text",
	.category = "SMTP TLS downgrade, as long as any category",
	.mitre = "T1557 T1040 T1562.010 T1600.001",
};

// Both ends said all they can, in octets that take most room.
static inline void fixture_peer(struct fixture *x)
{
	struct peer *p = &x->peer;
	memset(p, 0x01, sizeof(*p));
	struct certificate *certs[] = {&p->server, &p->client};
	for (size_t i = 0; i < 2; i++) {
		struct certificate *c = certs[i];
		c->present = true;
		c->unreadable = false;
		c->subject[PEER_NAME_MAX - 1] = c->issuer[PEER_NAME_MAX - 1] = c->serial[PEER_SERIAL_MAX - 1] = '\0';
		c->curve[sizeof(c->curve) - 1] = '\0';
		c->n_sans = 5000;
		c->n_sans_kept = PEER_SANS_MAX;
		for (size_t k = 0; k < PEER_SANS_MAX; k++) {
			c->san_off[k] = (uint16_t)(k * PEER_SAN_TEXT / PEER_SANS_MAX);
			c->san_len[k] = PEER_SAN_TEXT / PEER_SANS_MAX;
		}
		c->not_before_s = INT64_MIN;
		c->not_after_s = 253402300799;
	}
	memcpy(p->ja4, "t13d1516h2_8daaf6152771_b186095e22b6", sizeof(p->ja4));
	memcpy(p->linked, "01M852A245Y8QG6HZA0XRCRRXD", sizeof(p->linked));
	p->raw_key = false;
	p->vendor[PEER_VENDOR_MAX - 1] = p->asked[sizeof(p->asked) - 1] = '\0';
	p->keylog = KEYLOG_INCOMPLETE;
	x->session.peer = p;
}

// Every list full, every text long and of the octet that takes most room.
static inline void fixture_fill_everything(struct fixture *x)
{
	static char long_text[256];
	uint32_t octet = 0x01;

	memset(long_text, 0x01, sizeof(long_text) - 1);
	fixture_fill(x, fixture_same, &octet);
	x->config = (struct record_config){.host = long_text, .in_iface = long_text, .envelope = ENVELOPE_FULL,
	                                   .file_name = fixture_file_name, .file_ctx = long_text, .start_ns = 1};
	struct session *s = &x->session;
	s->tap = long_text;
	s->flow_id = ((uint64_t)1 << 51) - 1;
	memcpy(s->expect.domain, long_text, sizeof(s->expect.domain));
	memcpy(s->expect.mx, long_text, sizeof(s->expect.mx));
	strcpy(s->expect.source, "inventory");
	s->state = STATE_PLAIN_AFTER_HANDSHAKE_FAIL;
	s->verdict = VERDICT_CLEAR_AGAINST_POLICY;
	s->n_findings = SESSION_FINDINGS_MAX;
	for (size_t i = 0; i < SESSION_FINDINGS_MAX; i++) {
		fixture_finding(&s->findings[i]);
		s->findings[i].row = &fixture_longest_row;
		x->alert.related[i] = &fixture_longest_row;
	}
	x->alert.n_related = SESSION_FINDINGS_MAX;
	s->n_why = SESSION_WHY_MAX;
	for (size_t i = 0; i < SESSION_WHY_MAX; i++)
		memcpy(s->why[i], long_text, SESSION_WHY_LEN - 1);
	x->root = s->findings[0];
	x->root.n_frames = FINDING_FRAMES_MAX;
	memset(x->root.frames, 0xff, sizeof(x->root.frames));
	memcpy(x->root.detail, long_text, FINDING_DETAIL_MAX - 1);
	x->alert.time_ns = UINT64_MAX;
	x->alert.frame = UINT32_MAX;
	x->alert.repeat = (struct record_repeat){UINT32_MAX, UINT32_MAX, "01M852A245Y8QG6HZA0XRCRRXD"};
	struct conn_facts *c = &x->facts.conn;
	*c = (struct conn_facts){.ip_v = 6, .n_vlan = 2, .vlan = {4095, 4095}, .src_port = 65535, .dst_port = 65535,
	                         .end = END_EVICTED, .role = ROLE_SUBMISSION, .last_frame = UINT32_MAX};
	memset(c->src, 0xff, sizeof(c->src));
	memset(c->dst, 0xff, sizeof(c->dst));
	fixture_largest(c->pkts, 2);
	fixture_largest(c->octets, 2);
	c->missed[DIR_C2S] = INT64_MAX;
	memset(c->gaps, 0xff, sizeof(c->gaps));
	struct smtp_facts *m = &x->facts.smtp;
	m->n_mail = m->n_mail_ok = m->n_rcpt = UINT32_MAX;
	m->content_octets = INT64_MAX;
	struct tls_facts *t = &x->facts.tls;
	t->alert_clear = true;
	t->suite = 0xc0b3;
	t->server_version = 0x0303;
	t->ech = ECH_OFFERED;
	t->fallback_scsv = t->early_data_sent = t->hello_retry = t->resumed = true;
	t->dh_bits = t->rsa_export_bits = t->ske_scheme = t->group = 0xffff;
	t->server_ext = UINT32_MAX;
	t->compression = t->n_renegotiations = 255;
	t->sentinel = SENTINEL_TLS12;
	t->alpn_selected = t->alpn;
	s->store = long_text;
	fixture_peer(x);
}
