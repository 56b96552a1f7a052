// How far a handshake got.
//
// TLS 1.2 and older: change_cipher_spec in both directions, then application data of a client that had received the
// server's one. (With False Start a client sends data before that; such a record proves nothing yet.)
//
// TLS 1.3: everything after the ServerHello looks alike, so lengths have to tell. What a client sends once it has the
// ServerHello is, in this order: EndOfEarlyData (21 octets, only with early data), Certificate and CertificateVerify
// (only when asked), Finished, application data; or an alert (19 octets) anywhere. Finished in a record of its own has
// one length per suite: header 4, hash 32 or 48, content type 1, tag 16 or 8. So the flight is over at the first
// record of exactly that length, and at the latest with the third record longer than an alert (Certificate,
// CertificateVerify, Finished, should they be padded or joined). What follows and is longer than an alert is "more".
// The doubt is on the safe side: a session is told completed a record or two late, never early.
#include "dissect/tls/progress.h"

enum {
	ALERT_MAX = 24, // the longest record that may still be an alert (DESIGN section 2)
	CLOSE_MIN = 19, // alert 2, content type 1, tag 16 ...
	CLOSE_MAX = 26, // ... and some slack
	FLIGHT_MAX = 3, // Certificate, CertificateVerify, Finished
};

static uint16_t finished_len(uint16_t suite)
{
	switch (suite) {
	case 0x1302: // TLS_AES_256_GCM_SHA384
		return 4 + 48 + 1 + 16;
	case 0x1305: // TLS_AES_128_CCM_8_SHA256
		return 4 + 32 + 1 + 8;
	default:
		return 4 + 32 + 1 + 16;
	}
}

static void seal_if_done(struct tls *t)
{
	// Up to TLS 1.2 one fact is still open then: whether the server's first data answered data of the client. It is
	// decided by the server's first application data, or never when something is missing.
	struct tls_lane *server = &t->lane[DIR_S2C];
	if (t->tls13 || server->data || server->gap || t->lane[DIR_C2S].gap)
		t->sealed = true;
}

static void complete_if_done(struct tls *t, struct tls_env *env, const struct place *at)
{
	struct tls_lane *client = &t->lane[DIR_C2S], *server = &t->lane[DIR_S2C];
	env->facts->tls.client_finished_more = t->client_more;
	bool hello = t->server_hello || client->gap || server->gap || !env->facts->tls.client_hello; // or it was lost
	bool done = hello && t->client_more && (t->tls13 ? server->appdata : client->ccs && server->ccs);
	// A change_cipher_spec may have fallen into a gap. Up to TLS 1.2 application data of both sides after the
	// ServerHello cannot be without it.
	if (!done && t->server_hello && !t->tls13 && (client->gap || server->gap))
		done = client->appdata && server->appdata;
	if (!done)
		return;
	if (!t->completed) {
		t->completed = true;
		env->facts->tls.completed = true;
		env->facts->tls.client_finished_more = true;
		env->facts->tls.completed_mark = place_mark(at);
		env->news = true;
	}
	seal_if_done(t);
}

// An application_data record of a client that had received the ServerHello.
static void client_record_13(struct tls *t, uint16_t suite, uint16_t len)
{
	if (len <= ALERT_MAX)
		return;
	if (t->client_finished)
		t->client_more = true;
	else if (len == finished_len(suite) || ++t->n_flight == FLIGHT_MAX)
		t->client_finished = true;
}

// False: it cannot be judged before more of the server was met. Where the ServerHello was lost, encrypted handshake
// records of both sides still say that this is not TLS 1.3.
static bool client_record_judge(struct tls *t, struct facts *f, uint32_t acked, uint16_t len)
{
	struct tls_lane *client = &t->lane[DIR_C2S], *server = &t->lane[DIR_S2C];
	if (!t->server_hello && !(client->finished && server->finished))
		return false;
	if (t->server_hello && !tls_reached(acked, t->server_hello_end)) {
		f->tls.early_data_sent |= t->tls13;
		return true;
	}
	client->appdata = t->server_hello;
	if (t->tls13) {
		client_record_13(t, f->tls.suite, len);
		return true;
	}
	if (!server->ccs)
		return false;
	if (client->ccs && tls_reached(acked, t->server_ccs_end))
		t->client_more = true;
	return true;
}

static void early_keep(struct tls *t, uint32_t acked, uint16_t len)
{
	if (t->n_early == TLS_EARLY_MAX) {
		t->n_early--;
		memmove(t->early_acked, t->early_acked + 1, t->n_early * sizeof(t->early_acked[0]));
		memmove(t->early_len, t->early_len + 1, t->n_early * sizeof(t->early_len[0]));
	}
	t->early_acked[t->n_early] = acked;
	t->early_len[t->n_early++] = len;
}

// Client records that were met before the server's record that gives them their meaning.
static void early_judge(struct tls *t, struct tls_env *env, const struct place *at)
{
	uint8_t n = t->n_early;
	t->n_early = 0;
	// What is kept moves to a place at or before i: nothing unread is overwritten.
	for (uint8_t i = 0; i < n; i++)
		if (!client_record_judge(t, env->facts, t->early_acked[i], t->early_len[i]))
			early_keep(t, t->early_acked[i], t->early_len[i]);
	complete_if_done(t, env, at);
}

void tls_progress_server_hello(
	struct tls *t, struct tls_env *env, const struct tls_server_hello *sh, const struct place *at, uint32_t end)
{
	struct tls_facts *f = &env->facts->tls;
	t->server_hello = f->server_hello = true;
	t->server_hello_end = end;
	f->server_hello_mark = place_mark(at);
	// An earlier handshake of this connection, after STARTTLS, may have failed and left these behind.
	f->resumed = f->certificate = false;
	f->peer_cert = CERT_NOT_SEEN;
	if (sh) {
		f->server_version = sh->version;
		f->suite = sh->suite;
		f->group = sh->group;
		t->tls13 = sh->version >= TLS13;
	} else {
		f->server_hello_mark.quality |= Q_TRUNC;
		t->tls13 = true; // the stricter rules
	}
	if (sh && t->tls13) {
		f->resumed = sh->psk;
		f->peer_cert = sh->psk ? CERT_RESUMED : CERT_ENCRYPTED;
	}
	early_judge(t, env, at);
}

void tls_progress_ccs(struct tls *t, struct tls_env *env, enum dir d, const struct place *at, uint32_t end)
{
	struct tls_facts *f = &env->facts->tls;
	struct tls_lane *lane = &t->lane[d];
	if (lane->ccs)
		return;
	lane->ccs = f->ccs[d] = true;
	if (d == DIR_S2C)
		t->server_ccs_end = end;
	// An abbreviated handshake: RFC 5246 7.3 tells it by the returned session id; a server may also return none
	// with a ticket (RFC 5077 3.4), then by what is missing, for which nothing may have been lost.
	if (d == DIR_S2C && t->server_hello && !t->tls13 && !t->certificate && !t->hello_done &&
		(t->echo || !lane->gap)) {
		f->resumed = true;
		f->peer_cert = CERT_RESUMED;
	}
	early_judge(t, env, at);
}

// Server data that cannot answer data of the client: everything the server had received by then came before the
// client's first application data. What was lost may have been just that, so nothing may be missing.
static bool server_spoke_first(const struct tls *t, const struct place *at, uint32_t acked)
{
	const struct tls_lane *client = &t->lane[DIR_C2S], *server = &t->lane[DIR_S2C];
	return t->server_hello && !t->tls13 && client->finished && server->finished && !client->gap && !server->gap &&
	       !(at->quality & (Q_GAP | Q_MIDSTREAM | Q_ONE_DIR)) && tls_reached(t->client_data, acked);
}

static void server_record(struct tls *t, struct tls_env *env, const struct place *at)
{
	struct tls_facts *f = &env->facts->tls;
	struct tls_lane *server = &t->lane[DIR_S2C];
	if (t->server_hello && !server->appdata) {
		server->appdata = true;
		place_mark_first(&f->server_appdata_mark, at);
		if (server_spoke_first(t, at, server->acked)) {
			f->server_appdata_first = true;
			env->news = true;
		}
	}
	complete_if_done(t, env, at);
}

void tls_progress_appdata(
	struct tls *t, struct tls_env *env, enum dir d, const struct place *at, uint32_t begin, uint16_t len)
{
	struct tls_lane *lane = &t->lane[d];
	if (d == DIR_C2S && !lane->data)
		t->client_data = begin;
	lane->data = env->facts->tls.appdata[d] = true;
	if (d == DIR_S2C) {
		server_record(t, env, at);
		return;
	}
	if (!client_record_judge(t, env->facts, lane->acked, len))
		early_keep(t, lane->acked, len);
	complete_if_done(t, env, at);
}

// The first fatal alert stays; a warning stands until then.
void tls_progress_alert(
	struct tls *t, struct tls_env *env, enum dir d, const struct place *at, uint8_t level, uint8_t code)
{
	struct tls_facts *f = &env->facts->tls;
	if (t->completed || (f->alert_clear && (f->alert_level == 2 || level != 2)))
		return;
	f->alert_clear = true;
	f->alert_level = level;
	f->alert_code = code;
	f->alert_dir = (uint8_t)d;
	f->alert_mark = place_mark(at);
	env->news = true;
}

// A direction whose last record, whole, was application data of the length of an encrypted alert.
static bool ended_by_alert(const struct tls_lane *lane)
{
	return lane->type == 23 && !lane->lost && lane->rec_left == 0 && lane->n_header == 0 &&
	       lane->rec_len >= CLOSE_MIN && lane->rec_len <= CLOSE_MAX;
}

void tls_progress_end(struct tls *t, struct tls_env *env)
{
	struct facts *f = env->facts;
	bool ended = f->conn.end == END_FIN || f->conn.end == END_RST;
	if (ended && !t->completed && t->server_hello && t->tls13)
		f->tls.encrypted_alert_close = ended_by_alert(&t->lane[DIR_C2S]) || ended_by_alert(&t->lane[DIR_S2C]);
}
