// Our own object, `smtp_tls`: what DESIGN section 7 promises, versioned, additions only (docs/schema/README.md).
//
// null says "not known"; a member that has nothing behind it in this version is not written at all.
#include "alerts/record_parts.h"

#include "alerts/evidence.h"
#include "alerts/expect/policy.h"
#include "alerts/pair.h"
#include "alerts/quality.h"

// ---- words ---------------------------------------------------------------------------------------------------

static const char *peer_cert_name(const struct session *s)
{
	static const char *const name[] = {
		[CERT_NOT_SEEN] = "not_seen", [CERT_SEEN] = "seen", [CERT_ENCRYPTED] = "encrypted", [CERT_RESUMED] = "resumed"};
	enum peer_cert c = session_peer_cert(s);
	return (size_t)c < sizeof(name) / sizeof(name[0]) ? name[c] : name[CERT_NOT_SEEN];
}

// NULL: what the client wrote says more (SCRAM-..., GSS-SPNEGO).
static const char *mechanism_name(uint8_t mech)
{
	static const char *const name[] = {
		[MECH_PLAIN] = "PLAIN",
		[MECH_LOGIN] = "LOGIN",
		[MECH_CRAM_MD5] = "CRAM-MD5",
		[MECH_DIGEST_MD5] = "DIGEST-MD5",
		[MECH_NTLM] = "NTLM",
		[MECH_XOAUTH2] = "XOAUTH2",
		[MECH_OAUTHBEARER] = "OAUTHBEARER",
		[MECH_EXTERNAL] = "EXTERNAL",
		[MECH_ANONYMOUS] = "ANONYMOUS",
	};
	return mech < sizeof(name) / sizeof(name[0]) ? name[mech] : NULL;
}

static void word_or_null(struct json *j, const char *s)
{
	if (s)
		json_put_word(j, s);
	else
		json_put_null(j);
}

static void bounded_or_null(struct record_writer *w, const char *s)
{
	if (s[0])
		record_bounded(w, s);
	else
		json_put_null(&w->json);
}

static void u64_or_null(struct json *j, uint64_t value, bool known)
{
	if (known)
		json_put_u64(j, value);
	else
		json_put_null(j);
}

// ---- members -------------------------------------------------------------------------------------------------

static void starttls(struct json *j, const struct facts *f)
{
	const struct smtp_facts *m = &f->smtp;

	json_key(j, "starttls");
	json_open_object(j);
	json_field(j, "offered", word, offer_name(f));
	json_key(j, "requested");
	// Where no SMTP was seen and TLS did not stand first, STARTTLS may have come before we looked.
	if (m->seen || f->tls.implicit)
		json_put_flag(j, m->n_starttls > 0);
	else
		json_put_null(j);
	json_key(j, "reply");
	u64_or_null(j, m->starttls_code, m->starttls_code != 0);
	json_field(j, "established", flag, f->tls.completed && !f->tls.implicit);
	json_close_object(j);
}

static void mail(struct record_writer *w, const struct facts *f)
{
	struct json *j = &w->json;
	const struct smtp_facts *m = &f->smtp;

	json_key(j, "mail");
	json_open_object(j);
	// Where the command itself was not captured, the 354 or the content still showed a transaction.
	json_field(j, "transactions", u64, m->n_mail > m->n_mail_ok ? m->n_mail : m->n_mail_ok);
	json_field(j, "recipients", u64, m->n_rcpt);
	json_field(j, "in_clear", u64, m->n_mail_ok);
	json_field(j, "octets_in_clear", u64, m->content_octets);
	json_key(j, "from_domain");
	record_text(w, f, m->from_domain);
	json_key(j, "rcpt_domains");
	json_open_array(j);
	for (size_t i = 0; i < record_list(w, m->n_rcpt_domains); i++)
		record_text(w, f, m->rcpt_domain[i]);
	json_close_array(j);
	json_close_object(j);
}

static void auth(struct record_writer *w, const struct facts *f)
{
	struct json *j = &w->json;
	const struct smtp_facts *m = &f->smtp;
	const char *name = mechanism_name(m->auth_mech);

	json_key(j, "auth");
	json_open_object(j);
	json_key(j, "mechanism");
	if (name)
		json_put_word(j, name);
	else
		record_text(w, f, m->auth_name);
	json_field(j, "in_clear", flag, m->n_auth > 0);
	json_field(j, "accepted", flag, m->auth_accepted);
	json_close_object(j);
}

static void expect(struct record_writer *w, const struct session *s)
{
	struct json *j = &w->json;
	const struct expectation *e = &s->expect;

	json_key(j, "expect");
	json_open_object(j);
	json_field(j, "level", word, expect_level_name(e->level));
	json_key(j, "domain");
	bounded_or_null(w, e->domain);
	json_field(j, "domains_n", u64, s->facts->smtp.n_rcpt_domains_all);
	json_key(j, "mx");
	bounded_or_null(w, e->mx);
	json_key(j, "source");
	bounded_or_null(w, e->source);
	if (e->dnssec != DNSSEC_UNKNOWN)
		json_field(j, "dnssec", word, policy_dnssec_name((enum policy_dnssec)e->dnssec));
	if (e->promise >= PROMISE_UNUSABLE)
		json_field(j, "tlsa_usable", u64, e->tlsa_usable);
	if (e->sts_mode != STS_UNKNOWN)
		json_field(j, "sts_mode", word, policy_sts_mode_name((enum policy_sts_mode)e->sts_mode));
	if (e->as_of_s) {
		json_key(j, "as_of");
		record_time(j, (uint64_t)e->as_of_s * 1000000000);
	}
	if (e->what[0]) {
		json_key(j, "what");
		record_bounded(w, e->what);
	}
	json_close_object(j);
}

static void capture(struct json *j, const struct session *s)
{
	const struct facts *f = s->facts;
	const struct conn_facts *c = &f->conn;

	json_key(j, "capture");
	json_open_object(j);
	json_field(j, "missed", u64, c->missed[DIR_C2S] + c->missed[DIR_S2C]);
	json_field(j, "gaps", u64, (uint64_t)c->gaps[DIR_C2S] + c->gaps[DIR_S2C]);
	json_field(j, "midstream", flag, c->midstream);
	json_field(j, "one_sided", flag, c->payload[DIR_C2S] != c->payload[DIR_S2C]);
	json_field(j, "truncated", flag, quality_cut(f));
	json_field(j, "ambiguous", flag, c->ambiguous);
	if (s->loss)
		json_field(j, "loss", flag, true);
	json_close_object(j);
}

static void findings(struct record_writer *w, const struct session *s)
{
	json_key(&w->json, "findings");
	json_open_array(&w->json);
	for (size_t i = 0; i < record_list(w, s->n_findings); i++)
		json_put_word(&w->json, s->findings[i].row->id);
	json_close_array(&w->json);
}

static void why(struct record_writer *w, const struct session *s)
{
	json_key(&w->json, "why");
	json_open_array(&w->json);
	for (size_t i = 0; i < record_list(w, s->n_why); i++)
		record_bounded(w, s->why[i]);
	json_close_array(&w->json);
}

// The same session at another tap.
static void pair(struct record_writer *w, const struct session *s, const struct record_alert *a)
{
	struct json *j = &w->json;
	const struct session_pair *p = &s->pair;

	if (!p->name)
		return;
	json_key(j, "pair");
	json_open_object(j);
	json_key(j, "name");
	record_bounded(w, p->name);
	json_field(j, "session", word, p->session);
	json_key(j, "tap");
	record_bounded(w, p->tap);
	json_field(j, "proxy", flag, p->proxy);
	json_key(j, "differs");
	json_open_array(j);
	for (unsigned i = 0; i < PAIR_DIFFERS_N; i++)
		if (p->differs & 1u << i)
			json_put_word(j, pair_differs_name(i));
	json_close_array(j);
	if (a && a->root->twin_frame) {
		json_key(j, "pcap");
		json_open_object(j);
		json_key(j, "frames");
		json_open_array(j);
		json_put_u64(j, a->root->twin_frame);
		json_close_array(j);
		json_close_object(j);
	}
	json_close_object(j);
}

void record_repeat(struct json *j, const struct record_repeat *r)
{
	json_key(j, "repeat");
	json_open_object(j);
	json_field(j, "count", u64, r->count);
	json_field(j, "window_s", u64, r->window_s);
	json_key(j, "first_id");
	word_or_null(j, r->first_id[0] ? r->first_id : NULL);
	json_close_object(j);
}

// What only an alert has.
static void of_alert(struct record_writer *w, const struct record_alert *a)
{
	struct json *j = &w->json;

	json_key(j, "related");
	json_open_array(j);
	for (size_t i = 0; i < record_list(w, a->n_related); i++)
		json_put_word(j, a->related[i]->id);
	json_close_array(j);
	json_key(j, "detail");
	bounded_or_null(w, a->root->detail);
	// Frame numbers depend on how the packets were cut into files; `pcap` is where such things may stand (P12).
	json_key(j, "pcap");
	json_open_object(j);
	json_key(j, "frames");
	json_open_array(j);
	for (size_t i = 0; i < a->root->n_frames && i < FINDING_FRAMES_MAX; i++)
		if (a->root->frames[i]) // 0 is no packet
			json_put_u64(j, a->root->frames[i]);
	json_close_array(j);
	if (a->evidence) {
		json_field(j, "file", word, a->evidence->file);
		json_field(j, "sha256", word, a->evidence->sha256);
	}
	json_close_object(j);
	record_repeat(j, &a->repeat);
}

void record_smtp_tls(struct record_writer *w, const struct session *s, const struct record_alert *a)
{
	struct json *j = &w->json;
	const struct facts *f = s->facts;

	json_key(j, "smtp_tls");
	json_open_object(j);
	json_field(j, "v", u64, RECORD_SMTP_TLS_VERSION);
	json_field(j, "session", word, s->id);
	json_field(j, "id", word, a ? a->id : s->id);
	json_field(j, "final", flag, s->final);
	json_key(j, "end");
	word_or_null(j, f->conn.end == END_OPEN ? NULL : session_end_name(f->conn.end));
	json_key(j, "tap");
	record_bounded(w, s->tap);
	json_field(j, "state", word, state_name(s->state));
	json_field(j, "verdict", word, verdict_name(s->verdict));
	json_field(j, "identity", word, identity_name(s->identity));
	json_field(j, "dane", word, dane_name(s->dane));
	json_field(j, "peer_cert", word, peer_cert_name(s));
	json_field(j, "role", word, role_name(f->conn.role));
	json_field(j, "direction", word, direction_name(s->direction));
	starttls(j, f);
	record_handshake(w, s);
	mail(w, f);
	auth(w, f);
	expect(w, s);
	capture(j, s);
	findings(w, s);
	why(w, s);
	pair(w, s, a);
	if (a)
		of_alert(w, a);
	if (w->truncated)
		json_field(j, "truncated", flag, true);
	json_close_object(j);
}

void record_own_least(struct record_writer *w, const struct session *s)
{
	struct json *j = &w->json;

	json_key(j, "smtp_tls");
	json_open_object(j);
	json_field(j, "v", u64, RECORD_SMTP_TLS_VERSION);
	if (s)
		json_field(j, "session", word, s->id);
	if (w->truncated)
		json_field(j, "truncated", flag, true);
	json_close_object(j);
}

void record_outside_mail(struct record_writer *w, const struct session *s)
{
	struct json *j = &w->json;
	const struct conn_facts *c = &s->facts->conn;

	json_key(j, "smtp_tls");
	json_open_object(j);
	json_field(j, "v", u64, RECORD_SMTP_TLS_VERSION);
	json_field(j, "session", word, s->id);
	json_field(j, "id", word, s->id);
	json_field(j, "final", flag, s->final);
	json_key(j, "end");
	word_or_null(j, c->end == END_OPEN ? NULL : session_end_name(c->end));
	json_key(j, "tap");
	record_bounded(w, s->tap);
	json_field(j, "peer_cert", word, peer_cert_name(s));
	record_handshake(w, s);
	capture(j, s);
	if (w->truncated)
		json_field(j, "truncated", flag, true);
	json_close_object(j);
}
