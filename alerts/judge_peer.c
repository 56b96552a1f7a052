// What is learned of the two ends: handshake octets go to the certificate reader, to JA4 and to the key log's opener.
#include "alerts/judge_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/ja4.h"
#include "dissect/tls/hello.h"

struct judge_peers {
	struct cert *cert;
	struct dane_memory *dane;
	struct keylog *keylog; // NULL: none asked for
	struct flight_room *room;
};

int judge_peers_open(struct judge_peers **out, const struct judge_config *config, const char **bad_path)
{
	const struct cert_config cert = {.trust_store = config->trust_store};
	struct judge_peers *p = calloc(1, sizeof(*p));
	int r;

	*out = p;
	if (!p)
		return -ENOMEM;
	r = cert_open(&p->cert, &cert);
	if (r && bad_path)
		*bad_path = config->trust_store;
	if (!r)
		r = dane_open(&p->dane);
	if (!r && config->keylog) {
		r = keylog_open(&p->keylog, config->keylog);
		if (r && bad_path)
			*bad_path = config->keylog;
	}
	if (!r && config->keylog)
		r = flight_room_open(&p->room);
	return r;
}

void judge_peers_close(struct judge_peers **out)
{
	struct judge_peers *p = *out;

	if (!p)
		return;
	if (p->room)
		flight_room_close(&p->room);
	if (p->keylog)
		keylog_close(&p->keylog);
	if (p->dane)
		dane_close(&p->dane);
	if (p->cert)
		cert_close(&p->cert);
	free(p);
	*out = NULL;
}

struct cert *judge_peers_cert(const struct judge_peers *p)
{
	return p->cert;
}

struct dane_memory *judge_peers_dane(const struct judge_peers *p)
{
	return p->dane;
}

const char *judge_peers_store(const struct judge_peers *p)
{
	return cert_store_name(p->cert);
}

int64_t judge_peers_store_newest(const struct judge_peers *p)
{
	return cert_store_newest(p->cert);
}

void judge_peers_count(const struct judge_peers *p, struct judge_summary *sum)
{
	if (!p->keylog)
		return;
	struct keylog_counts n = keylog_counts(p->keylog);
	sum->keylog_lines = n.lines;
	sum->keylog_secrets = n.kept;
}

// A new handshake: whatever an earlier one of this connection showed is no longer what counts.
static void take_hello(struct peer *p, const struct message_handshake *m)
{
	struct tls_client_hello ch;

	memset(p, 0, sizeof(*p));
	ja4_of(p->ja4, m->octets, m->len);
	if (tls_hello_client(bytes_of(m->octets, m->len), &ch) != PARSE_DONE)
		return;
	size_t len = bytes_left(&ch.sni);
	// A name with a NUL in it, or a longer one, is no host name and matches nothing.
	if (len && len < sizeof(p->asked) && !memchr(ch.sni.at, '\0', len))
		memcpy(p->asked, ch.sni.at, len);
}

static void take_chain(struct judge_peers *ps, struct peer *p, const struct message_handshake *m)
{
	if (m->len)
		cert_take_chain(ps->cert, p, m->octets, m->len, p->asked);
	// None, or too long to be brought here: a former one is not what counts, and a part of it is another chain.
	if (!m->len || m->cut)
		memset(p->chain_sha256, 0, sizeof(p->chain_sha256));
	p->costly |= m->cut;
}

static void take_status(struct judge_peers *ps, struct peer *p, const struct message_handshake *m)
{
	int64_t now_s = (int64_t)(m->head.time_ns / 1000000000);
	struct cert_kept chain;

	// A staple is of certificates: of a key it would be nobody's.
	if (!cert_kept_find(ps->cert, p->chain_sha256, &chain) || chain.raw_key)
		chain = (struct cert_kept){0};
	cert_take_staple(ps->cert, p, chain.octets, chain.len, m->octets, m->len, now_s);
}

static void use_server_flight(struct judge_peers *ps, struct peer *p, const struct flight *f, uint64_t time_ns)
{
	p->verify_scheme = f->verify_scheme;
	if (!f->certificates_len)
		return;
	p->from_keylog = true;
	if (f->raw_key)
		cert_take_key(ps->cert, p, f->certificates, f->certificates_len);
	else
		cert_take_chain(ps->cert, p, f->certificates, f->certificates_len, p->asked);
	if (f->staple_len)
		cert_take_staple(ps->cert, p, f->certificates, f->certificates_len, f->staple, f->staple_len,
			(int64_t)(time_ns / 1000000000));
}

// Of two directions the worse outcome counts, but an opened server's flight is what was asked for.
static void use_result(struct peer *p, enum dir d, enum flight_result r)
{
	static const uint8_t keylog_of[] = {[FLIGHT_OPENED] = KEYLOG_OPENED, [FLIGHT_INCOMPLETE] = KEYLOG_INCOMPLETE,
		[FLIGHT_WRONG] = KEYLOG_WRONG, [FLIGHT_UNKNOWN] = KEYLOG_INCOMPLETE};
	if (d == DIR_S2C || p->keylog == KEYLOG_OFF)
		p->keylog = keylog_of[r];
}

static void take_flight(struct judge_peers *ps, struct peer *p, const struct message_handshake *m)
{
	struct flight f = {0};
	const struct keylog_secrets *s = ps->keylog ? keylog_find(ps->keylog, m->client_random) : NULL;
	enum dir d = (enum dir)m->dir;
	size_t len = s ? (d == DIR_S2C ? s->server_len : s->client_len) : 0;

	if (!ps->keylog)
		return;
	if (!len) {
		if (p->keylog == KEYLOG_OFF)
			p->keylog = KEYLOG_NO_SECRET;
		return;
	}
	enum flight_result r = flight_open_records(ps->room, &f, m->suite, d == DIR_S2C ? s->server : s->client, len,
		d == DIR_C2S, m->octets, m->len);
	use_result(p, d, r);
	if (r != FLIGHT_OPENED && r != FLIGHT_INCOMPLETE)
		return;
	if (f.alert) {
		p->alert_seen = true;
		p->alert_level = f.alert_level;
		p->alert_code = f.alert_code;
		p->alert_dir = (uint8_t)d;
	}
	if (d == DIR_S2C)
		use_server_flight(ps, p, &f, m->head.time_ns);
	else if (f.certificates_len && !f.raw_key)
		cert_take_client(ps->cert, p, f.certificates, f.certificates_len);
}

void judge_peers_take(struct judge_peers *ps, struct peer *p, const struct message_handshake *m)
{
	switch ((enum handshake_kind)m->kind) {
	case HANDSHAKE_CLIENT_HELLO:
		take_hello(p, m);
		break;
	case HANDSHAKE_CERTIFICATES:
		take_chain(ps, p, m);
		break;
	case HANDSHAKE_CLIENT_CERTIFICATES:
		cert_take_client(ps->cert, p, m->octets, m->len);
		break;
	case HANDSHAKE_RAW_KEY:
		cert_take_key(ps->cert, p, m->octets, m->len);
		break;
	case HANDSHAKE_STATUS:
		take_status(ps, p, m);
		break;
	case HANDSHAKE_FLIGHT:
		take_flight(ps, p, m);
		break;
	case HANDSHAKE_KINDS:
		break;
	}
}
