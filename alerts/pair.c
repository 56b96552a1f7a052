// Matching and comparing the two sides of a session.
#include "alerts/pair.h"

#include "alerts/quality.h"

#include <string.h>
#include <xxhash.h>

const char *pair_differs_name(unsigned n)
{
	static const char *const name[PAIR_DIFFERS_N] = {"banner", "hello", "offer", "starttls", "starttls_reply", "client_hello",
		"server_hello", "certificate", "content", "reset", "tls"};
	return n < PAIR_DIFFERS_N ? name[n] : "";
}

// ---- matching ------------------------------------------------------------------------------------------------

static bool numbers_known(const struct conn_facts *c)
{
	return c->syn[0] && c->syn[1];
}

static bool same_numbers(const struct conn_facts *a, const struct conn_facts *b)
{
	return numbers_known(a) && numbers_known(b) && a->isn[0] == b->isn[0] && a->isn[1] == b->isn[1];
}

void pair_keys(const struct facts *f, uint64_t key[2])
{
	const struct conn_facts *c = &f->conn;
	uint64_t words = f->smtp.hello_digest ? f->smtp.hello_digest : f->tls.client_hello_digest;
	key[0] = numbers_known(c) ? XXH3_64bits(c->isn, sizeof(c->isn)) | 1 : 0;
	key[1] = words ? words | 1 : 0;
}

static bool texts_equal(const struct facts *a, struct text of_a, const struct facts *b, struct text of_b)
{
	return of_a.len && of_a.len == of_b.len && memcmp(facts_text(a, of_a), facts_text(b, of_b), of_a.len) == 0;
}

bool pair_text_differs(const struct facts *a, struct text of_a, const struct facts *b, struct text of_b)
{
	return of_a.len && of_b.len && !texts_equal(a, of_a, b, of_b);
}

static bool near_in_time(const struct conn_facts *a, const struct conn_facts *b)
{
	uint64_t apart = a->start_ns > b->start_ns ? a->start_ns - b->start_ns : b->start_ns - a->start_ns;
	return apart <= PAIR_START_NS;
}

static bool same_ends(const struct conn_facts *a, const struct conn_facts *b)
{
	return a->ip_v == b->ip_v && a->src_port == b->src_port && memcmp(a->src, b->src, sizeof(a->src)) == 0 &&
	       memcmp(a->dst, b->dst, sizeof(a->dst)) == 0;
}

// What was said: the client's name (or its ClientHello, which no two connections share), and something else besides.
static bool same_words(const struct facts *a, const struct facts *b)
{
	const struct smtp_facts *m = &a->smtp, *n = &b->smtp;
	if (m->envelope_digest && n->envelope_digest && m->envelope_digest != n->envelope_digest)
		return false;
	bool hello = a->tls.client_hello_digest && a->tls.client_hello_digest == b->tls.client_hello_digest;
	if (!m->hello_digest && !n->hello_digest)
		return hello;
	if (m->hello_digest != n->hello_digest)
		return false;
	return hello || (m->envelope_digest && n->envelope_digest) || texts_equal(a, m->banner, b, n->banner) ||
	       texts_equal(a, m->server_name, b, n->server_name) || same_ends(&a->conn, &b->conn);
}

enum pair_fit pair_fit(const struct facts *a, const struct facts *b)
{
	if (a->conn.dst_port != b->conn.dst_port || !near_in_time(&a->conn, &b->conn))
		return PAIR_OTHER;
	if (same_numbers(&a->conn, &b->conn))
		return PAIR_SAME;
	if (!same_words(a, b))
		return PAIR_OTHER;
	return same_ends(&a->conn, &b->conn) ? PAIR_ENDS : PAIR_ALIKE;
}

// ---- sides ---------------------------------------------------------------------------------------------------

// From the SYN to the first octets of the server: what the farther tap waits for contains what the nearer one does, so
// the client's side waits longer, whatever the two clocks say.
static uint64_t waited_ns(const struct conn_facts *c)
{
	return c->syn[0] && c->answer_ns > c->start_ns ? c->answer_ns - c->start_ns : 0;
}

// 1: `a` is nearer to the client; -1: `b` is; 0: not known.
static int nearer(const struct pair_end *a, const struct pair_end *b)
{
	static const int rank[] = {[TAP_CLIENT] = 0, [TAP_MID] = 1, [TAP_SERVER] = 2};
	if (a->side != b->side)
		return rank[a->side] < rank[b->side] ? 1 : -1;
	uint64_t x = waited_ns(&a->facts->conn), y = waited_ns(&b->facts->conn);
	if (!x || !y || x == y)
		return 0;
	return x > y ? 1 : -1;
}

// ---- comparing -----------------------------------------------------------------------------------------------

static bool no_offer(const struct smtp_facts *m)
{
	return m->n_ehlo && (m->offer == OFFER_NO || m->offer == OFFER_MASKED || m->offer == OFFER_MALFORMED);
}

bool pair_offer_gone(const struct smtp_facts *a, const struct smtp_facts *b)
{
	return (a->offer == OFFER_YES && no_offer(b)) || (b->offer == OFFER_YES && no_offer(a));
}

static bool offers_differ(const struct smtp_facts *m, const struct smtp_facts *n)
{
	bool read = m->offer != OFFER_NOT_ASKED && n->offer != OFFER_NOT_ASKED && m->offer != OFFER_UNSEEN && n->offer != OFFER_UNSEEN;
	return read && (m->offer != n->offer || m->caps != n->caps || m->auth_offered != n->auth_offered);
}

static bool digests_differ(uint64_t a, uint64_t b)
{
	return a && b && a != b;
}

bool pair_content_differs(const struct facts *a, const struct facts *b)
{
	const struct smtp_facts *m = &a->smtp, *n = &b->smtp;
	bool whole = !quality_of_end(a) && !quality_of_end(b) && !m->content_guessed && !n->content_guessed;
	bool same = m->n_messages == n->n_messages && m->envelope_digest == n->envelope_digest;
	return whole && same && digests_differ(m->content_digest, n->content_digest);
}

static bool chains_differ(const struct pair_end *a, const struct pair_end *b)
{
	static const uint8_t none[sizeof(a->peer->chain_sha256)];
	if (!a->peer || !b->peer || a->peer->chain_inherited || b->peer->chain_inherited)
		return false;
	const uint8_t *x = a->peer->chain_sha256, *y = b->peer->chain_sha256;
	return memcmp(x, none, sizeof(none)) != 0 && memcmp(y, none, sizeof(none)) != 0 && memcmp(x, y, sizeof(none)) != 0;
}

static uint16_t differences(const struct pair_end *x, const struct pair_end *y)
{
	const struct facts *a = x->facts, *b = y->facts;
	const struct smtp_facts *m = &a->smtp, *n = &b->smtp;
	bool hello = m->hello != n->hello || !m->ehlo_refused_code != !n->ehlo_refused_code;
	bool reset = a->conn.rst[0] != b->conn.rst[0] || a->conn.rst[1] != b->conn.rst[1];
	const bool differs[PAIR_DIFFERS_N] = {
		pair_text_differs(a, m->banner, b, n->banner) || (m->greeting_code && n->greeting_code && m->greeting_code != n->greeting_code),
		m->seen && n->seen && hello,
		offers_differ(m, n),
		m->seen && n->seen && !m->n_starttls != !n->n_starttls,
		m->n_starttls && n->n_starttls && m->starttls_code != n->starttls_code,
		digests_differ(a->tls.client_hello_digest, b->tls.client_hello_digest),
		digests_differ(a->tls.server_hello_digest, b->tls.server_hello_digest),
		chains_differ(x, y),
		pair_content_differs(a, b),
		reset,
		a->tls.completed != b->tls.completed,
	};
	uint16_t bits = 0;
	for (unsigned i = 0; i < PAIR_DIFFERS_N; i++)
		bits |= (uint16_t)(differs[i] << i);
	return bits;
}

void pair_compare(struct pair *out, const struct pair_end *outside, const struct pair_end *inside)
{
	int near_client = nearer(outside, inside);
	*out = (struct pair){
		.client = near_client < 0 ? *inside : *outside,
		.server = near_client < 0 ? *outside : *inside,
		.sides_known = near_client != 0,
		.proxy = numbers_known(&outside->facts->conn) && numbers_known(&inside->facts->conn) &&
			!same_numbers(&outside->facts->conn, &inside->facts->conn),
		.differs = differences(outside, inside),
	};
}
