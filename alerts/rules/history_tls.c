// Rules on what two peers had agreed on before.
#include "alerts/rules/rule.h"
#include "dissect/tls/names.h"

static const char *version(char out[RULE_POINT_MAX], uint8_t level)
{
	uint16_t v = history_level_version(level);
	return rule_point(out, tls_version_name(v), v);
}

bool rule_version_drop(const struct rule_input *in, struct claim *c)
{
	struct history_drop d;
	char was[RULE_POINT_MAX], is[RULE_POINT_MAX];

	if (!history_version_drop(in->history, in->facts, in->peer, &d))
		return false;
	claim_in_context(c, &in->tls->server_hello_mark);
	claim_cap(c, CONFIDENCE_PROBABLE);
	claim_detail(c, "was:%s:is:%s:sessions_before:%u", version(was, d.was), version(is, d.is), d.n);
	return true;
}

bool rule_cipher_drop(const struct rule_input *in, struct claim *c)
{
	static const char *const grades[] = {"broken", "3des", "no_forward_secrecy", "cbc", "aead"};
	struct history_drop d;

	if (!history_cipher_drop(in->history, in->facts, in->peer, &d))
		return false;
	claim_in_context(c, &in->tls->server_hello_mark);
	claim_cap(c, CONFIDENCE_PROBABLE);
	claim_detail(c, "was:%s:is:%s:sessions_before:%u", grades[d.was], grades[d.is], d.n);
	return true;
}

bool rule_client_fingerprint(const struct rule_input *in, struct claim *c)
{
	uint32_t n = history_other_client(in->history, in->facts, in->peer);

	if (!n)
		return false;
	claim_seen(c, &in->tls->client_hello_mark);
	claim_cap(c, CONFIDENCE_SUSPECT);
	claim_detail(c, "ja4:%s:sessions_before:%u", in->peer->ja4, n);
	return true;
}
