// Which tables there are, how large, and what a row read from disk must be like to be believed.
#include "alerts/history/private.h"

#include "alerts/memory.h"

#include <string.h>

static bool seen_ok(const struct history_seen *set, size_t n, uint8_t note_max)
{
	for (size_t i = 0; i < n; i++)
		if (set[i].note > note_max || set[i].first_ns > set[i].last_ns)
			return false;
	return true;
}

static bool rate_ok(const struct history_rate *r)
{
	for (size_t i = 0; i < sizeof(r->at) / sizeof(r->at[0]); i++)
		if (r->at[i].all > r->all)
			return false;
	return r->bad <= r->all;
}

static bool server_ok(const void *value)
{
	const struct row_server *r = value;
	return seen_ok(r->name, SERVER_NAMES, 0) && rate_ok(&r->resets) && r->n_yes <= r->n_all;
}

static bool offer_ok(const void *value)
{
	return history_runs_sane(&((const struct row_offer *)value)->runs, 1);
}

static bool tls_ok(const void *value)
{
	const struct row_tls *r = value;
	return history_runs_sane(&r->version, 6) && history_runs_sane(&r->grade, 4);
}

static bool cert_ok(const void *value)
{
	return seen_ok(((const struct row_cert *)value)->key, CERT_KEYS, ISSUER_PRIVATE);
}

static bool issuer_ok(const void *value)
{
	return seen_ok(((const struct row_issuer *)value)->convert, ISSUER_SERVERS, 0);
}

static bool key_ok(const void *value)
{
	return seen_ok(((const struct row_key *)value)->user, KEY_USERS, 0);
}

static bool client_ok(const void *value)
{
	return seen_ok(((const struct row_client *)value)->stack, CLIENT_STACKS, 0);
}

static bool answer_ok(const void *value)
{
	return seen_ok(((const struct row_answer *)value)->server, ANSWER_SERVERS, UINT8_MAX);
}

static bool path_ok(const void *value)
{
	return rate_ok(&((const struct row_path *)value)->resets);
}

static bool pair_ok(const void *value)
{
	const struct history_pair *p = value;
	for (size_t i = 0; i < HISTORY_FAILURES; i++) {
		const struct history_failure *a = &p->failure[i];
		uint8_t reached;
		memcpy(&reached, &a->reached_mail, 1);
		if (a->confidence > CONFIDENCE_CERTAIN || a->fault > FAULT_TTL || reached > 1 ||
		    !memchr(a->session, '\0', sizeof(a->session)))
			return false;
		for (const char *t = a->session; *t; t++)
			if (*t <= ' ' || *t > '~')
				return false;
	}
	return true;
}

// 65536: servers, clients and pairs of a large mail link in a month; what goes beyond pushes out the one seen longest ago.
const struct history_kind_info history_kinds[KIND_N] = {
	[KIND_SERVER] = {"server", 65536, sizeof(struct row_server), server_ok},
	[KIND_OFFER] = {"offer", 131072, sizeof(struct row_offer), offer_ok},
	[KIND_TLS] = {"tls", 65536, sizeof(struct row_tls), tls_ok},
	[KIND_CERT] = {"cert", 32768, sizeof(struct row_cert), cert_ok},
	[KIND_ISSUER] = {"issuer", 16384, sizeof(struct row_issuer), issuer_ok},
	[KIND_KEY] = {"key", 65536, sizeof(struct row_key), key_ok},
	[KIND_CLIENT] = {"client", 65536, sizeof(struct row_client), client_ok},
	[KIND_ANSWER] = {"answer", 16384, sizeof(struct row_answer), answer_ok},
	[KIND_PATH] = {"path", 65536, sizeof(struct row_path), path_ok},
	[KIND_PAIR] = {"pair", 65536, sizeof(struct history_pair), pair_ok},
};
