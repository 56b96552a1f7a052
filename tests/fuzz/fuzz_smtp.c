// Anything at all for the SMTP machine: octets of both directions, in any cuts, with losses and waits given up.
//
// Input: chunks of a control octet, a length octet, and as many octets. Control: 1 server speaks, 2 the chunk was lost
// (its octets are not there), 4 the sender had not received the latest, 8 this direction may not wait, 16 the TLS layer
// says that this direction is no TLS.
#include <stdlib.h>
#include <string.h>

#include "dissect/counters.h"
#include "dissect/smtp/smtp.h"
#include "tests/fuzz/fuzz.h"

enum { SERVER = 1, LOST = 2, LATE = 4, NO_WAIT = 8, PLAIN = 16, LINES_MAX = 3, NEWS_MAX = 32 };

struct run {
	struct smtp smtp;
	struct smtp_env env;
	struct facts facts;
	uint64_t counter[DISSECT_COUNTERS];
	uint64_t off[2];
	bool tls[2];
	unsigned news;
};

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_text(const struct facts *f, struct text t)
{
	must(t.off + t.len <= f->text_used && f->text_used <= FACTS_TEXT_MAX);
}

// Octets the machine leaves for later are dropped, as a loss without a word: it must bear that too.
static void feed(struct run *r, enum dir d, const struct place *at, const uint8_t *p, size_t len)
{
	if (r->tls[d] || !len)
		return;
	uint8_t *copy = malloc(len); // of exactly this size: the sanitizer sees a read past its end
	must(copy);
	memcpy(copy, p, len);
	enum smtp_need need = SMTP_GO_ON;
	r->env.news = false;
	size_t taken = smtp_feed(&r->smtp, &r->env, d, at, copy, len, &need);
	must(taken <= len && (need != SMTP_GO_ON || taken == len));
	r->news += r->env.news;
	r->tls[d] = need == SMTP_TLS;
	free(copy);
}

static size_t chunk(struct run *r, const uint8_t *data, size_t len, size_t piece)
{
	enum dir d = data[0] & SERVER ? DIR_S2C : DIR_C2S;
	size_t n = data[1];
	uint64_t seen = r->off[dir_other(d)];
	struct place at = {.off = r->off[d], .acked = data[0] & LATE ? seen / 2 : seen, .frame = 1};
	if (data[0] & NO_WAIT)
		smtp_do_not_wait(&r->smtp, d);
	if (data[0] & PLAIN && r->tls[d]) {
		smtp_plain_again(&r->smtp, &r->env, d, &at);
		r->tls[d] = false;
	}
	r->off[d] += n;
	if (data[0] & LOST) {
		smtp_gap(&r->smtp, &r->env, d, &at, n);
		return 2;
	}
	if (n > len - 2)
		n = len - 2;
	for (size_t i = 0; i < n; i += piece, at.off += piece)
		feed(r, d, &at, data + 2 + i, n - i < piece ? n - i : piece);
	return 2 + n;
}

// Every octet that is told must be there.
static void listen(void *ctx, uint64_t birth, enum dir d, const struct place *at, const char *kind, const uint8_t *text, size_t len)
{
	must(len <= 2 * SMTP_LINE_MAX);
	for (size_t i = 0; i < len; i++)
		*(volatile uint8_t *)ctx = text[i];
}

static void play(const uint8_t *data, size_t len, size_t piece)
{
	static struct run r;
	static uint8_t sink;
	const struct dialogue ear = {.line = listen, .ctx = &sink};
	struct slab lines;
	must(slab_open(&lines, SMTP_LINE_MAX, LINES_MAX) == 0);
	memset(&r, 0, sizeof(r));
	r.env = (struct smtp_env){.facts = &r.facts, .lines = &lines, .counter = r.counter, .keep_envelope = len & 1,
		.dialogue = &ear};
	for (size_t i = 0; len - i >= 2;)
		i += chunk(&r, data + i, len - i, piece);
	smtp_end(&r.smtp, &r.env);
	must(!lines.n_used);
	must(r.news <= NEWS_MAX);
	const struct smtp_facts *f = &r.facts.smtp;
	const struct text texts[] = {f->banner, f->helo, f->server_name, f->masked, f->starttls_reply, f->auth_name, f->from_domain,
		f->rcpt_local, f->from_local};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check_text(&r.facts, texts[i]);
	for (int i = 0; i < f->n_rcpt_domains; i++)
		check_text(&r.facts, f->rcpt_domain[i]);
	must(f->n_rcpt_ok <= f->n_rcpt && f->offer <= OFFER_MALFORMED);
	slab_close(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	play(data, len, SIZE_MAX / 2);
	play(data, len, 1);
	return 0;
}
