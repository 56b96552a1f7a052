// The TLS part of an explanation: what both hellos said, what was agreed, and whom the certificates name.
#include "cli/explain.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "alerts/record.h"
#include "cli/words.h"
#include "dissect/tls/names.h"

enum { INDENT = 10, VERSION_SSL2 = 0x0002, VERSION_TLS13 = 0x0304 };

static void print_mark(FILE *out, const char *what, const struct mark *m)
{
	if (mark_set(m))
		fprintf(out, "  #%-6u %s\n", m->frame, what);
}

static void print_name(FILE *out, const char *what, const char *octets, size_t len)
{
	fprintf(out, "%*s%s ", INDENT, "", what);
	stdout_escaped(out, octets, len);
	fputc('\n', out);
}

static const char *or_number(const char *name, uint16_t value, char room[static 8])
{
	if (name != NULL)
		return name;
	snprintf(room, 8, "0x%04x", value);
	return room;
}

static void print_client_hello(FILE *out, const struct session *s)
{
	const struct facts *f = s->facts;
	const struct tls_facts *t = &f->tls;
	char room[8];
	print_mark(out, t->sslv2_hello ? "C: ClientHello in SSLv2 form" : "C: ClientHello", &t->client_hello_mark);
	if (!t->client_hello)
		return;
	fprintf(out, "%*soffers up to %s", INDENT, "", or_number(tls_version_name(t->client_version), t->client_version, room));
	if (s->peer != NULL && s->peer->ja4[0] != '\0')
		fprintf(out, ", fingerprint (JA4) %s", s->peer->ja4);
	fputc('\n', out);
	if (t->sni.len > 0)
		print_name(out, "asks for", (const char *)facts_text(f, t->sni), t->sni.len);
	if (t->fallback_scsv)
		fprintf(out, "%*ssays that a better handshake failed before (TLS_FALLBACK_SCSV)\n", INDENT, "");
	if (t->ech)
		fprintf(out, "%*sEncrypted ClientHello: %s\n", INDENT, "",
			t->ech == ECH_GREASE ? "GREASE, a decoy" : t->ech == ECH_REAL ? "the name above is not the one inside" :
			"offered; it may be a decoy (GREASE)");
}

static void print_weak(FILE *out, const struct session *s)
{
	const char *separator = "weak: ";
	uint16_t bits = weak_of(s);
	if (bits == 0)
		return;
	fprintf(out, "%*s", INDENT, "");
	for (int i = 0; i < WEAK_N; i++) {
		if (!(bits & 1 << i))
			continue;
		fprintf(out, "%s%s", separator, words_weak((enum weak)i));
		separator = "; ";
	}
	fputc('\n', out);
}

// TLS 1.3 does not show whence a pre-shared key is.
static const char *resumed(const struct tls_facts *t)
{
	return !t->resumed ? "" : t->server_version < VERSION_TLS13 ? ", resumed" :
		", with a pre-shared key (a resumption, or one agreed beforehand)";
}

static void print_server_hello(FILE *out, const struct session *s)
{
	const struct tls_facts *t = &s->facts->tls;
	const char *kind = t->sslv2_kind ? tls_sslv2_kind_name(t->sslv2_kind) : NULL;
	char version[8], suite[8];
	print_mark(out, t->hello_retry ? "S: ServerHello, after a HelloRetryRequest" : "S: ServerHello", &t->server_hello_mark);
	if (!t->server_hello)
		return;
	if (t->server_version == VERSION_SSL2)
		fprintf(out, "%*sSSLv2%s%s\n", INDENT, "", kind != NULL ? ", " : "", kind != NULL ? kind : "");
	else
		fprintf(out, "%*s%s, %s%s\n", INDENT, "", or_number(tls_version_name(t->server_version), t->server_version, version),
			or_number(tls_suite_name(t->suite), t->suite, suite), resumed(t));
	explain_print_agreed(out, s);
	if (t->sentinel)
		fprintf(out, "%*sits random says that the server can do better (RFC 8446 4.1.3)\n", INDENT, "");
	if (t->unoffered)
		fprintf(out, "%*sit chose what the ClientHello seen here had not offered\n", INDENT, "");
	if (s->peer != NULL && s->peer->linked[0] != '\0')
		fprintf(out, "%*sresumes session %s\n", INDENT, "", s->peer->linked);
	print_weak(out, s);
}

static void print_date(FILE *out, const char *before, int64_t unix_s)
{
	struct tm tm;
	char text[32];
	time_t t = (time_t)unix_s;
	bool known = unix_s != INT64_MAX && unix_s != INT64_MIN && gmtime_r(&t, &tm) != NULL && strftime(text, sizeof text, "%F %T", &tm) > 0;
	fprintf(out, "%s%s", before, known ? text : "an unreadable date");
}

static void print_digest(FILE *out, const char *what, const uint8_t digest[static 32])
{
	fprintf(out, "%*sSHA-256 of the %s ", INDENT, "", what);
	for (int i = 0; i < 32; i++)
		fprintf(out, "%02x", digest[i]);
	fputc('\n', out);
}

static void print_key(FILE *out, const struct certificate *c)
{
	fprintf(out, "%*skey %s", INDENT, "", record_key_name(c->key));
	if (c->curve[0] != '\0')
		fprintf(out, " %.24s", c->curve);
	if (c->key_bits)
		fprintf(out, ", %u bits", c->key_bits);
	if (c->hash)
		fprintf(out, "; signed with %s", record_hash_name(c->hash));
	fputc('\n', out);
}

static void print_names(FILE *out, const struct peer *p)
{
	static const char *const words[] = {[NAMES_MATCH] = " (the name asked for is among them)", [NAMES_DIFFER] =
		" (the name asked for is not among them)", [NAMES_NOT_ASKED] = ""};
	const struct certificate *c = &p->server;
	if (c->n_sans_kept == 0)
		return;
	fprintf(out, "%*sfor", INDENT, "");
	for (size_t i = 0; i < c->n_sans_kept && i < PEER_SANS_MAX; i++) {
		fputc(' ', out);
		stdout_escaped(out, c->san_text + c->san_off[i], c->san_len[i]);
	}
	if (c->n_sans > c->n_sans_kept)
		fprintf(out, " and %u more", c->n_sans - c->n_sans_kept);
	fprintf(out, "%s\n", p->names < sizeof words / sizeof words[0] ? words[p->names] : "");
}

// The store's name as records have it, "ca-certificates.crt (142, 1f3a9c07)", with what the numbers are.
static void print_store(FILE *out, const char *name)
{
	const char *numbers = strrchr(name, '(');
	unsigned long n;
	char digest[16];
	fputs(" (store ", out);
	if (numbers != NULL && numbers > name && sscanf(numbers, "(%lu, %15[0-9a-f])", &n, digest) == 2) {
		stdout_escaped(out, name, (size_t)(numbers - name - 1));
		fprintf(out, ": %lu certificate%s, digest %s)", n, n == 1 ? "" : "s", digest);
	} else {
		stdout_escaped(out, name, strlen(name));
		fputc(')', out);
	}
}

static void print_trust(FILE *out, const struct session *s)
{
	static const char *const words[] = {
		[TRUST_NOT_JUDGED] = "not judged", [TRUST_OK] = "leads to a certificate of the trust store",
		[TRUST_SELF_SIGNED] = "self-signed, not in the trust store",
		[TRUST_INCOMPLETE] = "an issuer was neither sent nor in the trust store",
		[TRUST_ROOT_UNKNOWN] = "its root is not in the trust store", [TRUST_BROKEN] = "a signature or constraint in it is wrong"};
	const struct peer *p = s->peer;
	fprintf(out, "%*schain of %u: %s", INDENT, "", p->n_certs, p->trust < sizeof words / sizeof words[0] ? words[p->trust] : "?");
	if (s->store != NULL && s->store[0] != '\0')
		print_store(out, s->store);
	fputc('\n', out);
	if (p->staple != STAPLE_NONE)
		fprintf(out, "%*sstapled OCSP response: %s\n", INDENT, "", record_staple_name(p->staple));
	if (p->vendor[0] != '\0')
		fprintf(out, "%*sa default or placeholder certificate: %s\n", INDENT, "", p->vendor);
}

static void print_certificate(FILE *out, const struct session *s)
{
	const struct peer *p = s->peer;
	const struct certificate *c = &p->server;
	const char *whence = p->from_keylog ? ", read with the key log" : "";
	// The frame it was sent in; what a key log opened stands in none that tells it by itself.
	char frame[24] = "";
	if (!p->from_keylog && mark_set(&s->facts->tls.certificate_mark))
		snprintf(frame, sizeof frame, "#%u", s->facts->tls.certificate_mark.frame);
	if (p->raw_key) {
		fprintf(out, "  %-7s S: a raw public key%s\n", frame, whence);
		print_key(out, c);
		print_digest(out, "key", c->spki_sha256);
	} else if (c->present) {
		fprintf(out, "  %-7s S: certificate%s%s\n", frame, whence, c->unreadable ? ", which cannot be read" : "");
		print_digest(out, "certificate", c->sha256);
	}
	if (p->costly)
		fprintf(out, "%*smore, or larger, than is opened: not all of it was looked at\n", INDENT, "");
	if (!c->present || c->unreadable || p->raw_key)
		return;
	print_name(out, "subject", c->subject, strlen(c->subject));
	print_name(out, "issuer", c->issuer, strlen(c->issuer));
	print_date(out, "          valid from ", c->not_before_s);
	print_date(out, " to ", c->not_after_s);
	fputs(" UTC\n", out);
	print_names(out, p);
	print_key(out, c);
	print_digest(out, "key", c->spki_sha256);
	print_trust(out, s);
}

static void print_hidden(FILE *out, const struct session *s)
{
	static const char *const keylog[] = {[KEYLOG_NO_SECRET] = "the key log has no secret of this session",
		[KEYLOG_WRONG] = "the key log's secret does not open this session",
		[KEYLOG_INCOMPLETE] = "opened with the key log, but not to its end",
		[KEYLOG_OPENED] = "opened with the key log"};
	uint8_t k = s->peer != NULL ? s->peer->keylog : KEYLOG_OFF;
	if (session_peer_cert(s) == CERT_ENCRYPTED && k == KEYLOG_OFF)
		fprintf(out, "%*sthe server's certificate is encrypted (TLS 1.3): not observable\n", INDENT, "");
	if (k != KEYLOG_OFF && k < sizeof keylog / sizeof keylog[0])
		fprintf(out, "%*sthe encrypted handshake: %s\n", INDENT, "", keylog[k]);
}

static void print_alerts(FILE *out, const struct session *s)
{
	const struct tls_facts *t = &s->facts->tls;
	const struct peer *p = s->peer;
	const char *name = tls_alert_name(t->alert_clear ? t->alert_code : p != NULL ? p->alert_code : 0);
	if (t->alert_clear)
		fprintf(out, "  #%-6u %s: alert %s (%u)\n", t->alert_mark.frame, t->alert_dir == DIR_C2S ? "C" : "S",
			name != NULL ? name : "unknown", t->alert_code);
	else if (p != NULL && p->alert_seen)
		fprintf(out, "          %s: alert %s (%u), encrypted\n", p->alert_dir == DIR_C2S ? "C" : "S", name != NULL ? name : "unknown",
			p->alert_code);
}

void explain_print_tls(FILE *out, const struct session *s, bool colour)
{
	const struct tls_facts *t = &s->facts->tls;
	if (!t->asked && !t->client_hello)
		return;
	explain_heading(out, colour, "TLS");
	print_client_hello(out, s);
	print_server_hello(out, s);
	print_hidden(out, s);
	if (s->peer != NULL) {
		print_certificate(out, s);
		if (s->peer->client.present)
			print_name(out, "client certificate", s->peer->client.subject, strlen(s->peer->client.subject));
	}
	print_alerts(out, s);
	print_mark(out, "handshake completed", &t->completed_mark);
	if (!t->completed)
		fputs(t->server_version == VERSION_SSL2 ? "  SSL 2.0 does not show when its handshake is complete\n" :
			"  the handshake did not complete\n", out);
	explain_print_afterwards(out, s);
}
