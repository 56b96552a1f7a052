// What two peers had agreed on before, and what a client's stack was like.
#include "alerts/history/private.h"

#include "dissect/tls/names.h"

static const uint16_t versions[] = {0, 0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304};
enum { VERSIONS = sizeof(versions) / sizeof(versions[0]) };

uint8_t history_version_level(uint16_t version)
{
	for (uint8_t i = 1; i < VERSIONS; i++)
		if (versions[i] == version)
			return i;
	return 0;
}

uint16_t history_level_version(uint8_t level)
{
	return level < VERSIONS ? versions[level] : 0;
}

// What the cipher is worth, not which of two good ones a server likes better.
uint8_t history_suite_grade(uint16_t suite)
{
	const struct tls_suite *s = tls_suite_find(suite);
	if (!s)
		return 4;
	if (tls_suite_is_weak(suite))
		return s->cipher == CIPHER_3DES ? 1 : 0;
	if (s->cipher == CIPHER_IDEA || s->cipher == CIPHER_SEED)
		return 1;
	if (!s->tls13 && !s->forward_secrecy)
		return 2;
	return s->mode == MODE_CBC ? 3 : 4;
}

static const struct row_tls *tls_row(const struct history *h, const struct facts *f, const struct peer *p)
{
	struct history_name who;

	if (!h || !history_fit_tls(f) || !p->ja4[0])
		return NULL;
	history_name(h, f, &who);
	const struct history_key key = history_key_tls(h, f, p, who.name);
	return key.b ? history_find(h, KIND_TLS, &key) : NULL;
}

bool history_version_drop(const struct history *h, const struct facts *f, const struct peer *p, struct history_drop *out)
{
	const struct row_tls *r = tls_row(h, f, p);
	uint8_t level = history_version_level(f->tls.server_version);

	if (!r || !level || !history_runs_drop(&r->version, level, f->conn.start_ns, out))
		return false;
	out->exact = true;
	return true;
}

bool history_cipher_drop(const struct history *h, const struct facts *f, const struct peer *p, struct history_drop *out)
{
	const struct row_tls *r = tls_row(h, f, p);

	if (!r || !history_runs_drop(&r->grade, history_suite_grade(f->tls.suite), f->conn.start_ns, out))
		return false;
	out->exact = true;
	return true;
}

uint32_t history_other_client(const struct history *h, const struct facts *f, const struct peer *p)
{
	uint64_t stack;

	if (!h || !history_fit_tls(f) || !f->smtp.hello_digest || !(stack = history_stack(h, p)))
		return 0;
	const struct history_key key = history_key_stack(h, f);
	const struct row_client *r = history_find(h, KIND_CLIENT, &key);
	uint32_t n = 0, kinds = 0;
	for (size_t i = 0; r && i < CLIENT_STACKS; i++) {
		const struct history_seen *s = &r->stack[i];
		if (!s->n || s->first_ns >= f->conn.start_ns)
			continue;
		if (s->id == stack)
			return 0;
		n += s->n;
		kinds++;
	}
	// As many kinds as are kept: several hosts behind one address, of which nobody knows how many there are.
	return kinds < CLIENT_STACKS && n >= HISTORY_LEARNED_MIN ? n : 0;
}
