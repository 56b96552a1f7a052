// Rules on octets smuggled across the upgrade to TLS. RFC 3207 4.2, RFC 2920 3.1; "Why TLS is better without
// STARTTLS", USENIX Security 2021; CVE-2011-0411.
#include "alerts/rules/rule.h"

enum { INJECTION_TLS12 = 0x0303 };

// The bytes are certain. They are an attack only when TLS follows, and only a verb can do harm: a lone CRLF or NUL
// octets are padding of clumsy clients.
bool rule_injection_command(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!m->injected_c2s)
		return false;
	claim_at_upgrade(c, in->facts, &m->injected_c2s_mark);
	claim_frame(c, &m->starttls_mark);
	if (!m->injected_c2s_verb)
		c->severity = SEVERITY_INFO;
	else if (!in->tls->records[DIR_C2S])
		c->severity = SEVERITY_MEDIUM;
	// That TLS follows is known only when it does.
	claim_detail(c, "octets_%s:%u:%s", in->tls->records[DIR_C2S] ? "before_tls" : "after_starttls", m->injected_c2s,
		m->injected_c2s_verb ? "verb" : "padding");
	return true;
}

bool rule_injection_response(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!m->injected_s2c)
		return false;
	claim_at_upgrade(c, in->facts, &m->injected_s2c_mark);
	claim_frame(c, &m->starttls_reply_mark);
	if (!m->injected_s2c_reply) // an empty line behind the 220
		c->severity = SEVERITY_INFO;
	claim_detail(c, "octets_before_tls:%u:%s", m->injected_s2c, m->injected_s2c_reply ? "reply" : "padding");
	return true;
}

// After STARTTLS the client speaks first. A server that talks first under TLS 1.2 or older answered something that
// came before; under 1.3 tickets look the same, and with implicit TLS it is the greeting.
bool rule_injection_effect(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	if (!t->server_appdata_first || t->implicit || !in->smtp->n_starttls)
		return false;
	if (!t->server_hello || t->server_version > INJECTION_TLS12)
		return false;
	claim_absent(c, CONFIDENCE_PROBABLE, quality_answered(&t->server_appdata_mark));
	claim_frame(c, &in->smtp->injected_c2s_mark);
	claim_frame(c, &t->server_appdata_mark);
	// Injected in front of the tap, or a server that greets again: without the cause in sight it is a suspicion.
	if (!in->smtp->injected_c2s_verb) {
		claim_cap(c, CONFIDENCE_SUSPECT);
		c->severity = SEVERITY_HIGH;
	}
	claim_detail(c, "server_data_first:%s", in->smtp->injected_c2s_verb ? "after_injection" : "cause_unseen");
	return true;
}

bool rule_pipelined_not_last(const struct rule_input *in, struct claim *c)
{
	if (!in->smtp->pipelined_after_starttls)
		return false;
	claim_seen(c, &in->smtp->starttls_mark);
	claim_detail(c, "starttls_not_last_in_group");
	return true;
}
