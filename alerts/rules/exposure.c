// Rules on what went over the wire in clear, and on ports that promise otherwise. Only sessions with an accepted
// transaction count as exposure: probes and refused senders exposed nothing of a message. RFC 8314, RFC 8689, RFC 2033.
#include "alerts/rules/rule.h"

#include <inttypes.h>

enum { PORT_SMTP = 25, PORT_SMTPS = 465 };

// Ports where SMTP is expected by habit though not by IANA: content filters and test servers.
static const uint16_t exposure_habitual_ports[] = {26, 1025, 8025, 10024, 10025, 10026, 10027, 10028};

bool rule_requiretls_violated(const struct rule_input *in, struct claim *c)
{
	bool accepted = quality_clear_n(in->facts);
	// Whether the server plays along is a round trip away.
	if (!in->smtp->requiretls_param || (!accepted && in->conn->end == END_OPEN))
		return false;
	claim_seen(c, &in->smtp->requiretls_mark);
	// RFC 8689 4: a server without TLS must not take it. Refused, the client is as wrong, but nothing of the mail but its
	// sender was shown.
	if (!accepted)
		c->severity = SEVERITY_MEDIUM;
	claim_detail(c, "requiretls_in_clear%s", accepted ? "" : ":not_accepted");
	return true;
}

bool rule_requiretls_offered(const struct rule_input *in, struct claim *c)
{
	if (!(in->smtp->caps & CAP_REQUIRETLS))
		return false;
	claim_seen(c, &in->smtp->offer_mark);
	claim_detail(c, "requiretls_before_tls");
	return true;
}

bool rule_exposure_envelope(const struct rule_input *in, struct claim *c)
{
	if (!quality_clear_n(in->facts))
		return false;
	claim_clear_mail(c, in);
	claim_frame(c, &in->smtp->mail_mark);
	c->subject = rule_clear_subject(in);
	if (rule_tarpit(in))
		c->severity = SEVERITY_INFO;
	claim_detail(c, "transactions:%" PRIu32 ":recipients:%" PRIu32, quality_clear_n(in->facts), in->smtp->n_rcpt_ok);
	return true;
}

bool rule_exposure_content(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!quality_clear_n(in->facts) || !m->n_messages || !m->content_octets)
		return false;
	claim_seen(c, &m->content_mark);
	if (m->content_guessed)
		claim_cap(c, CONFIDENCE_SUSPECT);
	claim_frame(c, &m->mail_ok_mark);
	c->subject = rule_clear_subject(in);
	if (rule_tarpit(in))
		c->severity = SEVERITY_INFO;
	// Told early, the content has only begun.
	if (in->conn->end == END_OPEN)
		claim_detail(c, "messages:%" PRIu32 ":so_far", m->n_messages);
	else
		claim_detail(c, "messages:%" PRIu32 ":octets:%" PRIu64, m->n_messages, m->content_octets);
	return true;
}

bool rule_submission_plaintext(const struct rule_input *in, struct claim *c)
{
	if (in->conn->role != ROLE_SUBMISSION || !quality_clear_n(in->facts))
		return false;
	claim_clear_mail(c, in);
	claim_detail(c, "port:%u", in->conn->dst_port);
	return true;
}

bool rule_implicit_missing(const struct rule_input *in, struct claim *c)
{
	// The client may have started TLS all the same; it met a server that talks clear text.
	if (in->conn->dst_port != PORT_SMTPS || !in->smtp->greeting_code)
		return false;
	claim_seen(c, &in->smtp->greeting_mark);
	claim_detail(c, "clear_greeting:%u", in->smtp->greeting_code);
	return true;
}

// That nothing came before the ClientHello is an absence: a connection met in the middle cannot show it.
bool rule_implicit_on_25(const struct rule_input *in, struct claim *c)
{
	if (in->conn->dst_port != PORT_SMTP || !in->tls->implicit || !in->tls->client_hello)
		return false;
	claim_absent(c, CONFIDENCE_CERTAIN, quality_answered(&in->tls->client_hello_mark));
	claim_frame(c, &in->tls->client_hello_mark);
	claim_detail(c, "tls_first_octet");
	return true;
}

bool rule_nonstandard_port(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (in->conn->known_port || !m->seen)
		return false;
	claim_seen(c, mark_set(&m->greeting_mark) ? &m->greeting_mark : &m->helo_mark);
	if (!m->greeting_code || m->hello == HELLO_NONE)
		claim_cap(c, CONFIDENCE_PROBABLE);
	for (size_t i = 0; i < sizeof(exposure_habitual_ports) / sizeof(exposure_habitual_ports[0]); i++)
		if (in->conn->dst_port == exposure_habitual_ports[i])
			c->severity = SEVERITY_LOW;
	if (rule_loopback(in->conn))
		c->severity = SEVERITY_INFO;
	claim_detail(c, "port:%u", in->conn->dst_port);
	return true;
}

bool rule_lmtp_plaintext(const struct rule_input *in, struct claim *c)
{
	if (in->conn->role != ROLE_LMTP || !quality_clear_n(in->facts))
		return false;
	claim_clear_mail(c, in);
	claim_detail(c, "lhlo_in_clear");
	return true;
}

// An open-relay test ends with nothing accepted. A sender that got one recipient through is a customer who mistyped.
bool rule_relay_probe(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!m->n_rcpt_relay || m->n_rcpt_ok || m->n_messages)
		return false;
	claim_absent(c, CONFIDENCE_PROBABLE, quality_answered(&m->relay_mark) | quality_of_end(in->facts));
	claim_frame(c, &m->mail_mark);
	claim_frame(c, &m->relay_mark);
	claim_detail(c, "relay_refused:%" PRIu32, m->n_rcpt_relay);
	return true;
}
