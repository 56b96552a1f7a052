// The dialogue of a probe.
#include "alerts/probe/probe.h"

#include <stdio.h>
#include <string.h>

#include "alerts/probe/link.h"
#include "hw/clock.h"

static const char *const outcome_names[PROBE_OUTCOMES] = {
	[PROBE_DONE] = "done", [PROBE_NOT_OFFERED] = "not_offered", [PROBE_STARTTLS_REFUSED] = "starttls_refused",
	[PROBE_TLS_FAILED] = "tls_failed", [PROBE_REFUSED] = "refused", [PROBE_NOT_SMTP] = "not_smtp",
	[PROBE_TOO_MUCH] = "too_much", [PROBE_TIMEOUT] = "timeout", [PROBE_CLOSED] = "closed",
	[PROBE_UNREACHABLE] = "unreachable"};

const char *probe_outcome_name(uint8_t outcome)
{
	return outcome < PROBE_OUTCOMES ? outcome_names[outcome] : "invalid";
}

// Notes how it ended. False, so that the dialogue stops.
static bool end(struct probe_result *out, const struct link *l, enum probe_outcome outcome, const char *where)
{
	out->outcome = outcome;
	out->where = where;
	snprintf(out->why, sizeof(out->why), "%s", l->why);
	return false;
}

static bool end_link(struct probe_result *out, const struct link *l, enum link_result r, enum probe_outcome failed, const char *where)
{
	return end(out, l, r == LINK_TIMEOUT ? PROBE_TIMEOUT : r == LINK_CLOSED ? PROBE_CLOSED : failed, where);
}

// Sends a command (NULL: waits for the greeting) and reads the reply. False: it ended there.
static bool step(struct probe_result *out, struct link *l, const char *command, const char *where)
{
	struct probe_reader reader = {.line_len = 0};
	struct probe_step *s = &out->step[out->n_steps++];
	enum probe_read got = PROBE_READ_MORE;
	enum link_result r = LINK_OK;

	s->inside_tls = l->ssl != NULL;
	if (command) {
		char line[PROBE_SENT_LEN + 2];
		snprintf(s->sent, sizeof(s->sent), "%s", command);
		int len = snprintf(line, sizeof(line), "%s\r\n", s->sent);
		r = link_send(l, line, (size_t)len);
	}
	while (r == LINK_OK && got == PROBE_READ_MORE) {
		size_t used;
		r = link_fill(l);
		if (r != LINK_OK)
			break;
		got = probe_reply_take(&reader, l->buffer + l->at, l->len - l->at, &used);
		l->at += used;
	}
	s->reply = reader.reply;
	if (r != LINK_OK)
		return end_link(out, l, r, PROBE_CLOSED, where);
	s->answered = got == PROBE_READ_DONE;
	if (s->answered)
		return true;
	return end(out, l, got == PROBE_READ_BAD ? PROBE_NOT_SMTP : PROBE_TOO_MUCH, where);
}

static const struct probe_reply *last_reply(const struct probe_result *out)
{
	return &out->step[out->n_steps - 1].reply;
}

// Leaves in order, whatever was found; how that is answered changes nothing.
static void quit(struct probe_result *out, struct link *l)
{
	uint8_t outcome = out->outcome;
	const char *where = out->where;

	step(out, l, "QUIT", "QUIT");
	out->outcome = outcome;
	out->where = where;
}

static void keep_chain(struct probe_result *out, SSL *ssl)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);

	for (int i = 0; chain && i < sk_X509_num(chain); i++) {
		uint8_t *at = out->chain + out->chain_len + 3;
		int len = i2d_X509(sk_X509_value(chain, i), NULL);
		if (len <= 0 || i == PROBE_CERTS_MAX || (size_t)len + 3 > PROBE_CHAIN_MAX - out->chain_len) {
			out->chain_cut = true;
			return;
		}
		at[-3] = (uint8_t)(len >> 16);
		at[-2] = (uint8_t)(len >> 8);
		at[-1] = (uint8_t)len;
		i2d_X509(sk_X509_value(chain, i), &at);
		out->chain_len += (size_t)len + 3;
	}
}

static void keep_tls(struct probe_result *out, SSL *ssl)
{
	const SSL_CIPHER *suite = SSL_get_current_cipher(ssl);
	const char *name = suite ? SSL_CIPHER_standard_name(suite) : NULL;
	int nid = (int)SSL_get_negotiated_group(ssl);
	const char *group = nid != NID_undef && !(nid & TLSEXT_nid_unknown) ? OBJ_nid2sn(nid) : NULL;

	out->tls = true;
	snprintf(out->version, sizeof(out->version), "%s", SSL_get_version(ssl));
	// "TLSv1.3" as everybody writes it here.
	if (strncmp(out->version, "TLSv", 4) == 0)
		snprintf(out->version, sizeof(out->version), "TLS %.11s", SSL_get_version(ssl) + 4);
	snprintf(out->suite, sizeof(out->suite), "%s", name ? name : "");
	snprintf(out->group, sizeof(out->group), "%s", group ? group : "");
	keep_chain(out, ssl);
}

static bool refused(struct probe_result *out, struct link *l, const char *where)
{
	end(out, l, PROBE_REFUSED, where);
	quit(out, l);
	return false;
}

// Up to a whole reply to EHLO.
static bool hello(struct probe_result *out, struct link *l, const char *ehlo)
{
	if (!step(out, l, NULL, "greeting"))
		return false;
	if (last_reply(out)->code != 220)
		return refused(out, l, "greeting");
	if (!step(out, l, ehlo, "EHLO"))
		return false;
	if (last_reply(out)->code / 100 != 2)
		return refused(out, l, "EHLO");
	out->ehlo_seen = true;
	out->offered = last_reply(out)->starttls;
	if (out->offered)
		return true;
	end(out, l, PROBE_NOT_OFFERED, "EHLO");
	quit(out, l);
	return false;
}

static bool upgrade(struct probe_result *out, struct link *l, const struct probe_config *c)
{
	if (!step(out, l, "STARTTLS", "STARTTLS"))
		return false;
	if (last_reply(out)->code != 220) {
		end(out, l, PROBE_STARTTLS_REFUSED, "STARTTLS");
		quit(out, l);
		return false;
	}
	out->injected = (uint32_t)(l->len - l->at);
	enum link_result r = link_upgrade(l, c->name);
	// Who failed here waits for TLS, or for nothing: a QUIT would mean nothing.
	if (r == LINK_TIMEOUT)
		return end(out, l, PROBE_TIMEOUT, "TLS handshake");
	if (r == LINK_CLOSED)
		snprintf(l->why, sizeof(l->why), "the host closed the connection");
	if (r != LINK_OK)
		return end(out, l, PROBE_TLS_FAILED, "TLS handshake");
	keep_tls(out, l->ssl);
	return true;
}

void probe_run(struct probe_result *out, const struct probe_config *c)
{
	char ehlo[PROBE_SENT_LEN];
	struct link l;

	memset(out, 0, sizeof(*out));
	snprintf(ehlo, sizeof(ehlo), "EHLO %s", c->ehlo);
	enum link_result r = link_open(&l, &c->address, c->port, clock_mono_ns() + (uint64_t)c->limit_ms * 1000000);
	if (r != LINK_OK) {
		end_link(out, &l, r, PROBE_UNREACHABLE, "connection");
	} else if (hello(out, &l, ehlo) && upgrade(out, &l, c) && step(out, &l, ehlo, "EHLO inside TLS")) {
		end(out, &l, PROBE_DONE, "QUIT");
		quit(out, &l);
	}
	link_close(&l);
}
