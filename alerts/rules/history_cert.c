// Rules on keys and issuers that a server did not show before.
#include "alerts/rules/cert.h"
#include "alerts/rules/expect.h"

enum { CONVERTS_MIN = 3 };

bool rule_cert_changed(const struct rule_input *in, struct claim *c)
{
	static const char *const issuers[] = {"unknown", "trusted", "self-signed", "private"};
	struct history_cert h;

	if (!history_cert_changed(in->history, in->facts, in->peer, &h))
		return false;
	// What nobody vouches for in place of what somebody did; a chain that is merely incomplete is a mistake.
	bool worse = h.was == ISSUER_TRUSTED && (h.is == ISSUER_SELF || in->peer->trust == TRUST_ROOT_UNKNOWN);
	claim_cert(in, c, worse ? SEVERITY_MEDIUM : SEVERITY_INFO);
	claim_detail(c, "keys_before:%u:sessions_before:%u:issuer:%s:was:%s%s", h.n_keys, h.n, issuers[h.is], issuers[h.was],
		h.issuer_new ? ":issuer_new" : "");
	return true;
}

bool rule_mitm_suspect(const struct rule_input *in, struct claim *c)
{
	struct history_cert h;

	if (!history_cert_changed(in->history, in->facts, in->peer, &h))
		return false;
	// A new key that is not the promised one: of one operator that is enough.
	if (rule_dane_contradicted(in)) {
		claim_cert(in, c, CLAIM_DEFAULT);
		claim_cap(c, in->expect->confidence < CONFIDENCE_PROBABLE ? CONFIDENCE_SUSPECT : CONFIDENCE_PROBABLE);
		claim_detail(c, "new_key:fits_no_tlsa:%.50s", in->expect->mx);
		return true;
	}
	if (h.converts < CONVERTS_MIN)
		return false;
	if (h.is != ISSUER_SELF && h.is != ISSUER_PRIVATE)
		return false;
	claim_cert(in, c, CLAIM_DEFAULT);
	claim_cap(c, CONFIDENCE_PROBABLE);
	claim_detail(c, "operators:%u:share_a_new_issuer", h.converts);
	return true;
}

bool rule_shared_key(const struct rule_input *in, struct claim *c)
{
	unsigned n = history_key_operators(in->history, in->facts, in->peer);

	if (n < 2)
		return false;
	claim_cert(in, c, CLAIM_DEFAULT);
	claim_cap(c, CONFIDENCE_SUSPECT);
	claim_detail(c, "operators:%u", n);
	return true;
}
