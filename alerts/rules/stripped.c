// STARTTLS taken away on the path, and what else only a second tap proves. RFC 3207 6, RFC 7672 1.3.1, RFC 8461 1.
//
// Four ways to prove a removal, strongest first:
//   (a) two taps saw one session, and not the same of it;
//   (b) octets came in two versions, and one of them offers STARTTLS;
//   (c) a probe from elsewhere, at this time, is offered what this session was not;
//   (d) policy promises TLS, and this server has offered it until now.
#include "alerts/rules/expect.h"

#include "alerts/history/history.h"

#include <string.h>

void claim_pair(const struct rule_input *in, struct claim *c, const struct mark *client, const struct mark *server)
{
	bool near_client = in->facts == in->pair->client.facts;
	const struct mark *mine = near_client ? client : server, *theirs = near_client ? server : client;
	c->confidence = CONFIDENCE_CERTAIN;
	c->subject = SUBJECT_PATH;
	c->twin_tells = !near_client;
	if (mine)
		claim_frame(c, mine);
	if (theirs)
		c->twin_frame = theirs->frame;
	// Which connection is meant is in doubt where either tap read it in two versions.
	const struct conn_facts *a = &in->pair->client.facts->conn, *b = &in->pair->server.facts->conn;
	if (a->ambiguous || b->ambiguous)
		c->quality |= Q_AMBIG;
	if (!in->pair->sides_known)
		claim_cap(c, CONFIDENCE_SUSPECT);
}

// At most suspect unless both taps saw everything up to there.
static void claim_whole(const struct rule_input *in, struct claim *c, uint8_t quality)
{
	c->quality |= quality | quality_of_conn(in->pair->client.facts) | quality_of_conn(in->pair->server.facts);
	if (c->quality)
		claim_cap(c, CONFIDENCE_SUSPECT);
}

// ---- (a) two taps --------------------------------------------------------------------------------------------

// The server's reply to EHLO offers it, the one that reaches the client does not.
static bool reply_edited(const struct rule_input *in, struct claim *c)
{
	static const char *const how[] = {[OFFER_NO] = "absent", [OFFER_MASKED] = "masked", [OFFER_MALFORMED] = "malformed"};
	const struct smtp_facts *client = &in->pair->client.facts->smtp, *server = &in->pair->server.facts->smtp;
	if (server->offer != OFFER_YES || !pair_offer_gone(client, server))
		return false;
	claim_pair(in, c, &client->offer_mark, &server->offer_mark);
	claim_whole(in, c, quality_answered(&client->offer_mark) | quality_answered(&server->offer_mark));
	claim_detail(c, "server_side:offered:client_side:%s%s", how[client->offer], in->pair->proxy ? ":proxy" : "");
	return true;
}

// The client's EHLO was answered by somebody else: the server has only seen HELO. What it would have offered is not known.
static bool ehlo_answered(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *client = &in->pair->client.facts->smtp, *server = &in->pair->server.facts->smtp;
	if (!client->ehlo_refused_code || server->n_ehlo || !server->n_helo)
		return false;
	claim_pair(in, c, &client->ehlo_refused_mark, &server->helo_mark);
	claim_cap(c, CONFIDENCE_PROBABLE);
	claim_whole(in, c, quality_of_end(in->pair->server.facts));
	claim_detail(c, "client_side:ehlo_refused:%u:server_side:no_ehlo%s", client->ehlo_refused_code, in->pair->proxy ? ":proxy" : "");
	return true;
}

// The client said STARTTLS, and it did not arrive.
static bool verb_taken(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *client = &in->pair->client.facts->smtp, *server = &in->pair->server.facts->smtp;
	if (!client->n_starttls || server->n_starttls || server->offer != OFFER_YES)
		return false;
	// A connection that broke there took the command with it. Somebody answered in the server's name, or mail went on.
	if (!client->starttls_code && !quality_clear_n(in->pair->client.facts))
		return false;
	claim_pair(in, c, &client->starttls_mark, server->n_mangled ? &server->mangled_mark : &server->offer_mark);
	claim_whole(in, c, quality_answered(&client->starttls_mark) | quality_of_end(in->pair->server.facts));
	claim_detail(c, "client_side:starttls:reply:%u:server_side:%s%s", client->starttls_code,
		server->n_mangled ? "mangled" : "not_seen", in->pair->proxy ? ":proxy" : "");
	return true;
}

// The server said 220, and the client heard something else. Nothing at all may be a connection that broke.
static bool answer_changed(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *client = &in->pair->client.facts->smtp, *server = &in->pair->server.facts->smtp;
	bool ready = server->n_starttls && server->starttls_code == 220;
	if (!ready || !client->n_starttls || !client->starttls_code || client->starttls_code / 100 == 2)
		return false;
	claim_pair(in, c, &client->starttls_reply_mark, &server->starttls_reply_mark);
	claim_whole(in, c, quality_answered(&client->starttls_mark));
	claim_detail(c, "server_side:reply:220:client_side:%u%s", client->starttls_code, in->pair->proxy ? ":proxy" : "");
	return true;
}

static bool two_taps(const struct rule_input *in, struct claim *c)
{
	// A client that has TLS all the same lost nothing, whatever stands between: a gateway that ends TLS is one of these.
	if (!in->pair || in->pair->client.facts->tls.completed)
		return false;
	return reply_edited(in, c) || verb_taken(in, c) || answer_changed(in, c) || ehlo_answered(in, c);
}

// ---- (b) two versions ----------------------------------------------------------------------------------------

// Where the dialogue could not be read in the other version, the line where the two part may be the offer itself.
static bool parts_at_offer(const struct facts *f)
{
	static const char offer[] = "STARTTLS";
	enum { CODE_LEN = 4 }; // "250-"
	bool offers = false;
	for (int i = 0; i < 2; i++) {
		struct text t = f->path.conflict_text[i];
		const uint8_t *p = facts_text(f, t);
		offers |= t.len >= CODE_LEN + sizeof(offer) - 1 && memcmp(p, "250", 3) == 0 &&
		          memcmp(p + CODE_LEN, offer, sizeof(offer) - 1) == 0;
	}
	return offers && f->path.n_conflicts && f->path.conflict_dir == DIR_S2C && f->smtp.offer == OFFER_NO;
}

// That there are two is certain, and tcp.overlap-conflict says so; which of them counted is not (DESIGN section 4).
static bool two_versions(const struct rule_input *in, struct claim *c)
{
	if (!(in->facts->path.offers_differ || parts_at_offer(in->facts)) || in->tls->completed || !quality_clear_n(in->facts))
		return false;
	claim_seen(c, &in->smtp->offer_mark);
	claim_frame(c, &in->facts->path.conflict_mark[0]);
	claim_frame(c, &in->facts->path.conflict_mark[1]);
	claim_cap(c, CONFIDENCE_SUSPECT);
	c->quality |= Q_AMBIG;
	c->severity = SEVERITY_HIGH;
	claim_detail(c, "two_versions:one_offers");
	return true;
}

// ---- (c) a fresh probe ---------------------------------------------------------------------------------------

// A probe of ours was offered by this very address, within a day, what this session was not (alerts/expect/decide.c).
// Servers that offer it to some only look the same.
static bool probe_offered(const struct rule_input *in, struct claim *c)
{
	if (!(in->expect->notes & NOTE_PROBE_OFFERS) || !rule_expect_not_offered(in))
		return false;
	claim_absent(c, CONFIDENCE_PROBABLE, quality_answered(&in->smtp->offer_mark));
	claim_frame(c, &in->smtp->offer_mark);
	c->subject = SUBJECT_PATH;
	claim_detail(c, "%.60s:probe:offered", in->expect->mx);
	return true;
}

// ---- (d) policy and history ----------------------------------------------------------------------------------

enum { STRIPPED_OFFERS_MIN = 5 }; // as many as make a habit for starttls.vanished

// Policy promises TLS, and this server offered it to this client every time before. Without history a domain that is
// misconfigured looks the same: that is dane.required-not-offered.
static bool promised_and_offered(const struct rule_input *in, struct claim *c)
{
	struct history_offered before;
	if (!in->expect->enforced || in->expect->level == EXPECT_OPERATOR || !rule_expect_not_offered(in) || rule_tarpit(in))
		return false;
	if (!history_offered(in->history, in->facts, &before) || before.yes < STRIPPED_OFFERS_MIN || before.yes != before.all)
		return false;
	claim_absent(c, before.same_client ? CONFIDENCE_PROBABLE : CONFIDENCE_SUSPECT, quality_answered(&in->smtp->offer_mark));
	claim_cap(c, (enum confidence)in->expect->confidence);
	claim_frame(c, &in->smtp->offer_mark);
	c->subject = SUBJECT_PATH;
	claim_detail(c, "%.50s:offered_before:%llu", in->expect->mx[0] ? in->expect->mx : in->expect->domain,
		(unsigned long long)before.yes);
	return true;
}

bool rule_stripped(const struct rule_input *in, struct claim *c)
{
	return two_taps(in, c) || two_versions(in, c) || probe_offered(in, c) || promised_and_offered(in, c);
}
