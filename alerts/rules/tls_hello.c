// Rules on what a ClientHello says of its sender. RFC 6066 3, RFC 7301, RFC 8446 4.2.10, RFC 7672 8.1.
#include "alerts/rules/rule.h"
#include "dissect/tls/names.h"

#include <string.h>

enum { HELLO_NAME_MAX = 255, HELLO_LABEL_MAX = 63, HELLO_TLS13 = 0x0304 };

// Its extensions were read: one was met, or both hellos were compared.
static bool hello_read(const struct tls_facts *t)
{
	return t->client_hello && (t->client_ext || t->offer_known);
}

// Acceptance stays hidden; the attempt is seen.
bool rule_early_data(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	if (!t->early_data_sent && !(t->client_ext & TLS_EXT_EARLY_DATA))
		return false;
	claim_seen(c, &t->client_hello_mark);
	claim_detail(c, "early_data:%s", t->early_data_sent ? "sent" : "announced");
	return true;
}

bool rule_no_sni(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	if (!hello_read(t) || t->client_ext & TLS_EXT_SERVER_NAME || t->sni_len || t->sni.len)
		return false;
	claim_seen(c, &t->client_hello_mark);
	c->severity = rule_severity_if(in->expect->identity_required, SEVERITY_MEDIUM);
	claim_detail(c, "server_name:absent");
	return true;
}

static bool of_set(const uint8_t *p, size_t len, const char *set)
{
	for (size_t i = 0; i < len; i++)
		if (!p[i] || !strchr(set, p[i]))
			return false;
	return true;
}

static bool label_flaw(const uint8_t *p, size_t len)
{
	size_t label = 0;
	for (size_t i = 0; i < len; i++) {
		label = p[i] == '.' ? 0 : label + 1;
		if (label > HELLO_LABEL_MAX || (p[i] == '.' && (i == 0 || p[i - 1] == '.')))
			return true;
	}
	return false;
}

// What is wrong with a host name, or NULL. An underscore is no host name's, yet common in names of mail servers' hosts.
static const char *name_flaw(const uint8_t *p, size_t len, size_t whole)
{
	static const char name_set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	if (whole > HELLO_NAME_MAX)
		return "too_long";
	if (whole == 0)
		return "empty";
	if (len < whole)
		return NULL; // the rest of it was not kept
	if (memchr(p, ':', len) && of_set(p, len, "0123456789abcdefABCDEF:.[]"))
		return "ip_address";
	if (of_set(p, len, "0123456789."))
		return "ip_address";
	if (!of_set(p, len, name_set))
		return "odd_octets";
	if (p[len - 1] == '.')
		return "trailing_dot";
	return label_flaw(p, len) ? "odd_labels" : NULL;
}

bool rule_sni_invalid(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	if (!t->client_hello || !(t->client_ext & TLS_EXT_SERVER_NAME))
		return false;
	const char *text = (const char *)facts_text(in->facts, t->sni);
	const char *flaw = name_flaw((const uint8_t *)text, t->sni.len, t->sni_len);
	if (!flaw)
		return false;
	claim_seen(c, &t->client_hello_mark);
	claim_detail(c, "server_name:%s:%.*s", flaw, t->sni.len < 48 ? t->sni.len : 48, text);
	return true;
}

// GREASE looks the same until a HelloRetryRequest tells it apart.
bool rule_ech(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	if (t->ech != ECH_OFFERED && t->ech != ECH_REAL)
		return false;
	claim_seen(c, &t->client_hello_mark);
	if (t->ech == ECH_OFFERED)
		claim_cap(c, CONFIDENCE_SUSPECT);
	claim_detail(c, "ech:%s", t->ech == ECH_REAL ? "in_use" : "offered_or_grease");
	return true;
}

bool rule_alpn_odd(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	if (!(t->alpn_kinds & ALPN_HTTP))
		return false;
	claim_seen(c, &t->client_hello_mark);
	claim_cap(c, CONFIDENCE_PROBABLE);
	claim_detail(c, "alpn:%.*s:http_offered", t->alpn.len < 32 ? t->alpn.len : 32, (const char *)facts_text(in->facts, t->alpn));
	return true;
}

// Told of the offer where it lacks one; of the choice under TLS 1.3, since older versions cannot have it and say so
// themselves. A resumption without a key share chooses none.
bool rule_pq_absent(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	bool refused = t->server_hello && t->server_version == HELLO_TLS13 && t->group && !tls_group_is_pq(t->group);
	if (!t->client_hello || !(t->client_ext & TLS_EXT_SUPPORTED_GROUPS) || (t->pq_offered && !refused))
		return false;
	claim_seen(c, t->pq_offered ? &t->server_hello_mark : &t->client_hello_mark);
	c->subject = t->pq_offered ? SUBJECT_SERVER : SUBJECT_CLIENT;
	claim_detail(c, "post_quantum:%s", t->pq_offered ? "offered_not_chosen" : "not_offered");
	return true;
}
