// Certificates in records: the objects `cert` and `client_cert` of smtp_tls.tls, and what EVE's `tls` object says of them.
#include "alerts/record_parts.h"

#include <stdio.h>
#include <time.h>

static const char *const key_names[] = {[KEY_NONE] = "none", [KEY_RSA] = "RSA", [KEY_EC] = "EC", [KEY_ED25519] = "Ed25519",
	[KEY_ED448] = "Ed448", [KEY_DSA] = "DSA", [KEY_RSA_PSS] = "RSA-PSS", [KEY_OTHER] = "other"};
static const char *const hash_names[] = {[HASH_UNKNOWN] = "unknown", [HASH_MD5] = "MD5", [HASH_SHA1] = "SHA-1",
	[HASH_SHA224] = "SHA-224", [HASH_SHA256] = "SHA-256", [HASH_SHA384] = "SHA-384", [HASH_SHA512] = "SHA-512",
	[HASH_OTHER] = "other"};
static const char *const trust_names[] = {[TRUST_NOT_JUDGED] = "not_judged", [TRUST_OK] = "ok", [TRUST_SELF_SIGNED] = "self_signed",
	[TRUST_INCOMPLETE] = "incomplete", [TRUST_ROOT_UNKNOWN] = "root_unknown", [TRUST_BROKEN] = "broken"};
static const char *const staple_names[] = {[STAPLE_NONE] = "none", [STAPLE_GOOD] = "good", [STAPLE_REVOKED] = "revoked",
	[STAPLE_UNKNOWN] = "unknown", [STAPLE_STALE] = "stale", [STAPLE_UNREADABLE] = "unreadable", [STAPLE_UNVERIFIED] = "unverified"};
static const char *const names_names[] = {[NAMES_NOT_ASKED] = "not_asked", [NAMES_MATCH] = "match", [NAMES_DIFFER] = "differ"};
static const char *const keylog_names[] = {[KEYLOG_OFF] = "off", [KEYLOG_NO_SECRET] = "no_secret", [KEYLOG_WRONG] = "wrong_secret",
	[KEYLOG_INCOMPLETE] = "incomplete", [KEYLOG_OPENED] = "opened"};

#define NAME(names, value) ((value) < sizeof(names) / sizeof((names)[0]) ? (names)[value] : "unknown")

const char *record_key_name(uint8_t key)
{
	return NAME(key_names, key);
}

const char *record_hash_name(uint8_t hash)
{
	return NAME(hash_names, hash);
}

const char *record_trust_name(uint8_t trust)
{
	return NAME(trust_names, trust);
}

const char *record_staple_name(uint8_t staple)
{
	return NAME(staple_names, staple);
}

const char *record_keylog_name(uint8_t keylog)
{
	return NAME(keylog_names, keylog);
}

// Hexadecimal digits, with or without a colon between octets.
static void hex(struct json *j, const uint8_t *p, size_t len, bool colons)
{
	static const char digits[] = "0123456789abcdef";
	char text[3 * 32];
	size_t n = 0;

	for (size_t i = 0; i < len && n + 3 < sizeof(text); i++) {
		if (i && colons)
			text[n++] = ':';
		text[n++] = digits[p[i] >> 4];
		text[n++] = digits[p[i] & 15];
	}
	json_put_string(j, text, n);
}

enum { DATE_LEN = 40 };

// "2026-11-23T20:42:09": EVE's form for dates of certificates, UTC. False: there is no such date.
static bool date(char text[DATE_LEN], int64_t unix_s)
{
	struct tm tm;
	time_t t = (time_t)unix_s;

	return unix_s != INT64_MAX && unix_s != INT64_MIN && gmtime_r(&t, &tm) &&
	       strftime(text, DATE_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
}

static void dates(struct json *j, const struct certificate *c)
{
	char text[DATE_LEN];

	if (date(text, c->not_before_s))
		json_field(j, "notbefore", string, text, strlen(text));
	if (date(text, c->not_after_s))
		json_field(j, "notafter", string, text, strlen(text));
}

static void sans(struct record_writer *w, const struct certificate *c)
{
	json_key(&w->json, "subjectaltname");
	json_open_array(&w->json);
	for (size_t i = 0; i < record_list(w, c->n_sans_kept) && i < PEER_SANS_MAX; i++)
		json_put_string(&w->json, c->san_text + c->san_off[i],
			c->san_len[i] < w->shape->text_max ? c->san_len[i] : w->shape->text_max);
	json_close_array(&w->json);
}

void record_eve_certificate(struct record_writer *w, const struct certificate *c)
{
	struct json *j = &w->json;

	if (!c->present || c->unreadable)
		return;
	json_key(j, "subject");
	record_bounded(w, c->subject);
	json_key(j, "issuerdn");
	record_bounded(w, c->issuer);
	json_key(j, "serial");
	record_bounded(w, c->serial);
	json_key(j, "fingerprint");
	hex(j, c->sha1, sizeof(c->sha1), true);
	dates(j, c);
	if (c->n_sans_kept)
		sans(w, c);
}

static void key_and_signature(struct json *j, const struct certificate *c)
{
	char key[48];

	snprintf(key, sizeof(key), "%s%s%.24s", record_key_name(c->key), c->curve[0] ? " " : "", c->curve);
	json_key(j, "key");
	json_put_string(j, key, strlen(key));
	json_field(j, "key_bits", u64, c->key_bits);
	if (c->hash)
		json_field(j, "signature_hash", word, record_hash_name(c->hash));
}

static void server(struct record_writer *w, const struct session *s)
{
	struct json *j = &w->json;
	const struct peer *p = s->peer;
	const struct certificate *c = &p->server;

	json_key(j, "cert");
	json_open_object(j);
	json_field(j, "source", word, p->from_keylog ? "keylog" : "wire");
	if (c->present && !p->raw_key) {
		json_key(j, "sha256");
		hex(j, c->sha256, sizeof(c->sha256), false);
	}
	if (p->raw_key)
		json_field(j, "raw_public_key", flag, true);
	if (c->present && c->unreadable)
		json_field(j, "unreadable", flag, true);
	if ((c->present && !c->unreadable) || p->raw_key) {
		json_key(j, "spki_sha256");
		hex(j, c->spki_sha256, sizeof(c->spki_sha256), false);
		key_and_signature(j, c);
	}
	if (c->present && !p->raw_key) {
		json_field(j, "self_signed", flag, c->self_signed);
		json_field(j, "chain", u64, p->n_certs);
		json_field(j, "trust", word, record_trust_name(p->trust));
		if (s->store && s->store[0]) {
			json_key(j, "store");
			record_bounded(w, s->store);
		}
		json_field(j, "names", word, NAME(names_names, p->names));
		json_field(j, "staple", word, record_staple_name(p->staple));
	}
	if (p->vendor[0]) {
		json_key(j, "default_of");
		record_bounded(w, p->vendor);
	}
	if (p->costly)
		json_field(j, "cut_off", flag, true);
	json_close_object(j);
}

static void client(struct record_writer *w, const struct certificate *c)
{
	struct json *j = &w->json;

	json_key(j, "client_cert");
	json_open_object(j);
	json_key(j, "sha256");
	hex(j, c->sha256, sizeof(c->sha256), false);
	if (!c->unreadable) {
		json_key(j, "subject");
		record_bounded(w, c->subject);
		json_key(j, "spki_sha256");
		hex(j, c->spki_sha256, sizeof(c->spki_sha256), false);
		dates(j, c);
	}
	json_close_object(j);
}

void record_certificates(struct record_writer *w, const struct session *s)
{
	const struct peer *p = s->peer;

	if (!p)
		return;
	if (p->server.present || p->raw_key || p->costly)
		server(w, s);
	if (p->client.present)
		client(w, &p->client);
	if (p->keylog != KEYLOG_OFF)
		json_field(&w->json, "keylog", word, record_keylog_name(p->keylog));
}
