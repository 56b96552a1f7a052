// Rules on the version, on what was offered for it, and on the marks of a downgrade. RFC 8996, RFC 8446 4.1.3 and
// 4.2.1, RFC 7507, RFC 5246 7.4.1.
#include "alerts/rules/rule.h"
#include "dissect/tls/names.h"

#include <stdio.h>
#include <string.h>

enum { VERSION_SSL3 = 0x0300, VERSION_TLS12 = 0x0303, VERSION_TLS13 = 0x0304, ALERT_FATAL = 2,
	ALERT_BAD_RECORD_MAC = 20, ALERT_DECRYPT_ERROR = 51, ALERT_INAPPROPRIATE_FALLBACK = 86 };

static const char *version(char out[RULE_POINT_MAX], uint16_t value)
{
	return rule_point(out, tls_version_name(value), value);
}

// A client that asked for no more got what it asked for.
bool rule_version_obsolete(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	char got[RULE_POINT_MAX], best[RULE_POINT_MAX];
	if (!t->server_hello || t->server_version >= VERSION_TLS12)
		return false;
	claim_tls(in, c, &t->server_hello_mark, rule_severity_if(t->server_version <= VERSION_SSL3, SEVERITY_CRITICAL));
	if (t->client_version && t->client_version < VERSION_TLS12)
		c->subject = SUBJECT_CLIENT;
	claim_detail(c, "version:%s:client_best:%s", version(got, t->server_version),
		t->client_version ? version(best, t->client_version) : "unseen");
	return true;
}

bool rule_client_offers_obsolete(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	char best[RULE_POINT_MAX];
	if (!(t->client_hello || t->sslv2_hello) || !t->client_version || t->client_version >= VERSION_TLS12)
		return false;
	claim_seen(c, &t->client_hello_mark);
	claim_detail(c, "client_best:%s", version(best, t->client_version));
	return true;
}

// A server says by the sentinel that it would have gone higher. That is a contradiction only where the client said the
// same. Harm is done only where the client does not care; one that checks breaks off, and the attempt is told all the
// same.
bool rule_downgrade_sentinel(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	// RFC 8446 4.1.3: a client of TLS 1.3 minds both marks, one of TLS 1.2 the one for older versions.
	bool newest = t->sentinel == SENTINEL_TLS12 || t->client_version >= VERSION_TLS13;
	uint16_t higher = newest ? VERSION_TLS13 : VERSION_TLS12;
	char got[RULE_POINT_MAX], best[RULE_POINT_MAX];
	if (t->sentinel == SENTINEL_NONE || !t->client_hello || t->client_version < higher || t->server_version >= higher)
		return false;
	claim_in_context(c, &t->server_hello_mark);
	claim_frame(c, &t->client_hello_mark);
	bool refused = t->alert_clear && t->alert_dir == DIR_C2S && !t->completed;
	claim_detail(c, "client_best:%s:version:%s%s", version(best, t->client_version), version(got, t->server_version),
		refused ? ":client_broke_off" : "");
	return true;
}

bool rule_fallback_scsv(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	bool refused = t->alert_clear && t->alert_code == ALERT_INAPPROPRIATE_FALLBACK && t->alert_dir == DIR_S2C;
	char best[RULE_POINT_MAX];
	if (!t->fallback_scsv)
		return false;
	claim_seen(c, &t->client_hello_mark);
	c->severity = rule_severity_if(refused, SEVERITY_HIGH);
	if (refused)
		claim_frame(c, &t->alert_mark);
	claim_detail(c, "fallback_to:%s%s", version(best, t->client_version), refused ? ":refused_by_server" : "");
	return true;
}

static const struct {
	uint8_t bit;
	const char *word;
} modified_parts[] = {
	{TLS_UNOFFERED_VERSION, ":version"},
	{TLS_UNOFFERED_SUITE, ":suite"},
	{TLS_UNOFFERED_GROUP, ":group"},
	{TLS_UNOFFERED_EXTENSION, ":extension"},
	{TLS_UNOFFERED_COMPRESSION, ":compression"},
	{TLS_UNOFFERED_ALPN, ":alpn"},
	{TLS_UNOFFERED_SIGNATURE, ":signature"},
};

// Servers of the field sign, and pick a curve or a protocol, without a look at what was offered; none picks a version, a
// suite or an extension so.
// Both sides chose well, and one finds that they did not hear the same: a signature or a Finished over the messages is
// wrong. A server whose key does not fit its certificate gives the same picture.
static bool heard_otherwise(const struct tls_facts *t, struct claim *c)
{
	bool mismatch = t->alert_code == ALERT_DECRYPT_ERROR || t->alert_code == ALERT_BAD_RECORD_MAC;
	if (!t->offer_known || !t->server_hello || t->completed || !t->alert_clear || t->alert_level != ALERT_FATAL || !mismatch)
		return false;
	claim_in_context(c, &t->alert_mark);
	claim_frame(c, &t->server_hello_mark);
	claim_cap(c, CONFIDENCE_SUSPECT);
	c->severity = SEVERITY_MEDIUM;
	claim_detail(c, "heard_otherwise:alert:%s:%u", t->alert_dir == DIR_C2S ? "client" : "server", t->alert_code);
	return true;
}

// Two taps on one connection, and the hellos are not the same octets.
static bool differs_on_the_way(const struct rule_input *in, struct claim *c)
{
	const struct pair *p = in->pair;
	if (!p || p->proxy || !(p->differs & (PAIR_CLIENT_HELLO | PAIR_SERVER_HELLO)))
		return false;
	const struct tls_facts *a = &p->client.facts->tls, *b = &p->server.facts->tls;
	bool first = p->differs & PAIR_CLIENT_HELLO;
	claim_pair(in, c, first ? &a->client_hello_mark : &a->server_hello_mark, first ? &b->client_hello_mark : &b->server_hello_mark);
	claim_detail(c, "two_taps%s%s", first ? ":client_hello" : "", p->differs & PAIR_SERVER_HELLO ? ":server_hello" : "");
	return true;
}

bool rule_hello_modified(const struct rule_input *in, struct claim *c)
{
	static const uint8_t careless = TLS_UNOFFERED_GROUP | TLS_UNOFFERED_ALPN | TLS_UNOFFERED_SIGNATURE;
	const struct tls_facts *t = in->tls;
	char parts[FINDING_DETAIL_MAX] = "";
	if (differs_on_the_way(in, c))
		return true;
	if (!t->unoffered)
		return heard_otherwise(t, c);
	if (!t->offer_known)
		return false;
	claim_in_context(c, &t->server_hello_mark);
	claim_frame(c, &t->client_hello_mark);
	if (!(t->unoffered & ~careless)) {
		claim_frame(c, &t->server_key_mark);
		c->severity = SEVERITY_MEDIUM;
	}
	for (size_t i = 0; i < sizeof(modified_parts) / sizeof(modified_parts[0]); i++)
		if (t->unoffered & modified_parts[i].bit)
			snprintf(parts + strlen(parts), sizeof(parts) - strlen(parts), "%s", modified_parts[i].word);
	if (t->unoffered & TLS_UNOFFERED_EXTENSION)
		snprintf(parts + strlen(parts), sizeof(parts) - strlen(parts), ":%u", t->unoffered_ext);
	// With an Encrypted ClientHello the server may have answered the inner one, which is not seen.
	if (t->ech == ECH_OFFERED || t->ech == ECH_REAL)
		claim_cap(c, CONFIDENCE_SUSPECT);
	claim_detail(c, "not_offered%s", parts);
	return true;
}
