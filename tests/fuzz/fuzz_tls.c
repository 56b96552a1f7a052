// Anything at all for the TLS machine: octets of both directions, in any cuts, with losses.
//
// Input: chunks of a control octet, two octets of length, and as many octets. Control: 1 server speaks, 2 the chunk was
// lost (its octets are not there), 4 nobody knows how much was lost, 8 the sender had not received the latest.
#include <stdlib.h>
#include <string.h>

#include "dissect/counters.h"
#include "dissect/tls/tls.h"
#include "tests/fuzz/fuzz.h"

enum { SERVER = 1, LOST = 2, UNKNOWN = 4, LATE = 8, SMALL_MAX = 2, LARGE_MAX = 1, OFFERS_MAX = 1 };

struct run {
	struct tls tls;
	struct tls_env env;
	struct facts facts;
	uint64_t counter[DISSECT_COUNTERS];
	uint64_t off[2];
	uint64_t shipped; // digest of what was handed to the judge
	bool over[2]; // TLS_NOT_TLS
	bool lost;
};

static void must(bool condition)
{
	if (!condition)
		abort();
}

// What is handed to the judge is read to its last octet, and is the same however it came.
static void take(void *ctx, const struct message_handshake *m, const uint8_t *p, size_t len)
{
	struct run *r = ctx;
	must(m->kind < HANDSHAKE_KINDS && m->dir <= DIR_S2C && len <= HANDSHAKE_LEN_MAX && (len || m->cut));
	r->shipped = r->shipped * 31 + m->kind;
	for (size_t i = 0; i < len; i++)
		r->shipped = r->shipped * 31 + p[i];
}

static void feed(struct run *r, enum dir d, const struct place *at, const uint8_t *p, size_t len)
{
	if (r->over[d])
		return;
	// A copy of exactly this size: the sanitizer sees a read past its end.
	uint8_t *copy = malloc(len ? len : 1);
	must(copy);
	memcpy(copy, p, len);
	enum tls_need need = TLS_GO_ON;
	size_t taken = tls_feed(&r->tls, &r->env, d, at, copy, len, &need);
	must(taken <= len && (need == TLS_NOT_TLS || taken == len));
	must(need != TLS_SEALED || r->facts.tls.completed);
	must(need != TLS_NOT_TLS || !r->facts.tls.completed);
	r->over[d] = need == TLS_NOT_TLS;
	free(copy);
}

// One chunk; `piece` octets at a time. Returns how much of the input it was.
static size_t chunk(struct run *r, const uint8_t *data, size_t len, size_t piece)
{
	enum dir d = data[0] & SERVER ? DIR_S2C : DIR_C2S;
	size_t n = (size_t)data[1] << 8 | data[2];
	uint64_t seen = r->off[dir_other(d)];
	struct place at = {.off = r->off[d],
		.acked = data[0] & LATE ? seen / 2 : seen,
		.frame = 1,
		.quality = r->lost ? Q_GAP : 0};
	r->off[d] += n;
	if (data[0] & LOST) {
		r->lost = true;
		tls_gap(&r->tls, &r->env, d, &at, data[0] & UNKNOWN ? 0 : n);
		return 3;
	}
	if (n > len - 3)
		n = len - 3;
	for (size_t i = 0; i < n; i += piece, at.off += piece)
		feed(r, d, &at, data + 3 + i, n - i < piece ? n - i : piece);
	return 3 + n;
}

static void play(struct run *r, const uint8_t *data, size_t len, size_t piece)
{
	struct tls_memory memory;
	const uint32_t n_rooms[TLS_ROOMS] = {SMALL_MAX, LARGE_MAX, LARGE_MAX};
	must(tls_memory_open(&memory, n_rooms, OFFERS_MAX) == 0);
	memset(r, 0, sizeof(*r));
	r->env = (struct tls_env){.facts = &r->facts, .memory = &memory, .counter = r->counter, .keep_flights = true, .ship = take,
		.ship_ctx = r};
	while (len >= 3) {
		size_t n = chunk(r, data, len, piece);
		data += n;
		len -= n;
	}
	r->facts.conn.end = END_FIN;
	tls_end(&r->tls, &r->env);
	must(memory.offers.n_used == 0);
	for (size_t i = 0; i < TLS_ROOMS; i++)
		must(memory.room[i].n_used == 0);
	tls_memory_close(&memory);
}

static void check(const struct run *r)
{
	const struct tls_facts *f = &r->facts.tls;
	must(f->sni.len <= 255 && f->alpn.len <= 255 && r->facts.text_used <= FACTS_TEXT_MAX);
	must(!f->completed || (mark_set(&f->completed_mark) && f->client_finished_more && f->appdata[DIR_C2S]));
	must(!f->completed || f->server_hello || (f->ccs[DIR_C2S] && f->ccs[DIR_S2C]));
	must(!f->server_appdata_first || (f->ccs[DIR_C2S] && f->ccs[DIR_S2C] && f->server_version < 0x0304));
	must(!f->encrypted_alert_close || !f->completed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct run whole, cut;
	play(&whole, data, len, SIZE_MAX / 2);
	check(&whole);
	play(&cut, data, len, 1);
	check(&cut);
	// Out of step a record is looked for at the start of a run, and a hello without room depends on the run: there
	// the cuts matter. Everywhere else they must not.
	bool alike = !whole.lost && !cut.counter[COUNT_tls_handshake_no_memory] && !cut.tls.lane[0].lost &&
		     !cut.tls.lane[1].lost;
	must(!alike || memcmp(&whole.facts, &cut.facts, sizeof(whole.facts)) == 0);
	must(!alike || whole.shipped == cut.shipped);
	return 0;
}
