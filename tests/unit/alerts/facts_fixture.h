// Sessions for the tests of rules, state, verdict and judge: an ordinary connection, and what may happen in it.
#pragma once

#include "dissect/message.h"

#include <string.h>

enum { MARK_HELLO = 6, MARK_OFFER = 7, MARK_STARTTLS = 8, MARK_REPLY = 9, MARK_MAIL = 12, MARK_OK = 13, MARK_DATA = 16 };

#define FIXTURE_START_NS 1795466528000000000ull

static inline struct mark at(uint32_t frame)
{
	return (struct mark){.frame = frame};
}

static inline void text(struct facts *f, struct text *t, const char *s)
{
	facts_set_text(f, t, s, strlen(s), FACTS_TEXT_MAX);
}

// A whole connection to port 25 that ended with FIN and in which nothing was said yet.
static inline void connection(struct facts *f)
{
	memset(f, 0, sizeof(*f));
	f->birth = 1;
	f->conn = (struct conn_facts){
		.src = {198, 51, 100, 20}, .dst = {203, 0, 113, 25}, .src_port = 43122, .dst_port = 25, .ip_v = 4,
		.syn = {true, true}, .fin = {true, true}, .isn = {1000, 2000}, .payload = {true, true}, .end = END_FIN,
		.pkts = {14, 11}, .octets = {2210, 1475}, .payload_octets = {900, 700}, .first_frame = 1, .last_frame = 25,
		.start_ns = FIXTURE_START_NS, .last_ns = FIXTURE_START_NS + 1000000000, .role = ROLE_RELAY, .known_port = true,
	};
}

// Not closed by either side when the sensor stopped looking.
static inline void unclosed(struct facts *f, enum session_end end)
{
	f->conn.fin[DIR_C2S] = f->conn.fin[DIR_S2C] = false;
	f->conn.end = (uint8_t)end;
}

// Greeting and EHLO, with this answer about STARTTLS.
static inline void ehlo(struct facts *f, enum smtp_offer offer)
{
	connection(f);
	f->smtp.seen = true;
	f->smtp.greeting_code = 220;
	f->smtp.greeting_mark = at(4);
	f->smtp.hello = HELLO_EHLO;
	f->smtp.n_ehlo = 1;
	f->smtp.helo_mark = at(MARK_HELLO);
	f->smtp.offer = offer;
	f->smtp.caps = CAP_SIZE;
	f->smtp.offer_mark = at(MARK_OFFER);
	f->smtp.hello_digest = 77;
	text(f, &f->smtp.helo, "client.example");
}

static inline void starttls(struct facts *f, uint16_t code)
{
	f->smtp.n_starttls = 1;
	f->smtp.starttls_code = code;
	f->smtp.starttls_mark = at(MARK_STARTTLS);
	f->smtp.starttls_reply_mark = at(MARK_REPLY);
	f->tls.asked = code / 100 == 2;
	if (code / 100 != 2) {
		f->smtp.starttls_rejected_code = code;
		f->smtp.starttls_rejected_mark = at(MARK_REPLY);
	}
}

// What an ordinary client of today offers, and an ordinary server takes of it.
static inline void hellos(struct facts *f, uint16_t version)
{
	struct tls_facts *t = &f->tls;

	t->client_version = 0x0304;
	t->client_ext = TLS_EXT_SERVER_NAME | TLS_EXT_SUPPORTED_GROUPS | TLS_EXT_SIGNATURE_ALGORITHMS | TLS_EXT_ENCRYPT_THEN_MAC |
			TLS_EXT_EXTENDED_MASTER_SECRET | TLS_EXT_SESSION_TICKET | TLS_EXT_SUPPORTED_VERSIONS | TLS_EXT_KEY_SHARE |
			TLS_EXT_RENEGOTIATION_INFO;
	t->pq_offered = t->offer_known = true;
	text(f, &t->sni, "mx.rcpt.example");
	t->sni_len = t->sni.len;
	t->server_ext = version == 0x0304 ? TLS_EXT_SUPPORTED_VERSIONS | TLS_EXT_KEY_SHARE
					  : TLS_EXT_EXTENDED_MASTER_SECRET | TLS_EXT_RENEGOTIATION_INFO;
	t->group = version == 0x0304 ? 0x11ec : 23;
	if (version == 0x0304)
		return;
	t->certificate = t->server_key_exchange = true;
	t->certificate_mark = t->server_key_mark = at(11);
	t->ske_scheme = 0x0804;
}

static inline void handshake(struct facts *f, uint16_t version, bool completed)
{
	f->smtp.after_220 = AFTER_TLS;
	f->tls.records[0] = f->tls.records[1] = true;
	f->tls.client_hello = f->tls.server_hello = true;
	f->tls.client_hello_mark = at(10);
	f->tls.server_hello_mark = at(11);
	f->tls.server_version = version;
	f->tls.suite = version == 0x0304 ? 0x1301 : 0xc02f;
	f->tls.completed = completed;
	f->tls.peer_cert = version == 0x0304 ? CERT_ENCRYPTED : CERT_SEEN;
	hellos(f, version);
}

// An accepted transaction outside TLS with one message of 100 octets.
static inline void mail(struct facts *f, enum clear_kind kind)
{
	f->smtp.n_mail = f->smtp.n_mail_ok = f->smtp.n_rcpt = f->smtp.n_rcpt_ok = 1;
	f->smtp.clear[kind] = 1;
	f->smtp.clear_mark[kind] = f->smtp.mail_ok_mark = at(MARK_OK);
	f->smtp.mail_mark = at(MARK_MAIL);
	f->smtp.n_messages = f->smtp.n_messages_ok = 1;
	f->smtp.content_octets = 100;
	f->smtp.content_mark = at(MARK_DATA);
	f->smtp.envelope_digest = 99;
}

static inline void not_offered(struct facts *f)
{
	ehlo(f, OFFER_NO);
	mail(f, CLEAR_NOT_OFFERED);
}

static inline void offered_unused(struct facts *f)
{
	ehlo(f, OFFER_YES);
	mail(f, CLEAR_OFFERED_UNUSED);
}

static inline void upgraded(struct facts *f)
{
	ehlo(f, OFFER_YES);
	starttls(f, 220);
	handshake(f, 0x0303, true);
}

static inline void rejected(struct facts *f, uint16_t code, bool then_mail)
{
	ehlo(f, OFFER_YES);
	starttls(f, code);
	if (then_mail)
		mail(f, CLEAR_AFTER_REJECT);
}
