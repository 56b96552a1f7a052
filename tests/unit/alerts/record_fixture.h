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
