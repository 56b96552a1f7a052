// A few connections through a whole worker, in any order, with any loss, overlap, reset, pause and cut.
//
// Input: one octet of enum setting, then packets: enum control, TCP flags (the low six bits, and enum extra), how far the
// sequence number and then the acknowledgment are from where they belong (signed octets, see distance()), two octets of
// payload length, the payload. Each input runs in bursts of one, in full bursts, and, where memory suffices, on three
// workers: all must tell the same. So must three workers that are handed their packets, as a live source does, and marks of time.
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/limits/ledger.h"
#include "tests/unit/dissect/wire.h"

enum setting { TIGHT = 1, REQUIRE = 2, IGNORE = 4, PROTOCOLS = 8 };
enum control { CONNECTION = 3, SERVER = 4, PAUSE_SHIFT = 4 };
enum extra { BAD_CHECKSUM = 64, CUT = 128 };

enum {
	CONNECTIONS = CONNECTION + 1,
	HEADER = 6,
	PACKETS_MAX = 1024,
	PAYLOAD_MAX = 4000,
	MESSAGES_MAX = 4 * PACKETS_MAX,
	WORKERS = 3,
};

// In milliseconds; the captures of two machines put together run backwards, too.
static const int32_t pause_ms[16] = {1, 0, 5, 50, 500, 1100, 2500, 9000, 11000, 61000, 130000, 1000000, -1, -500, -5000, -1000000};
static const uint16_t port[CONNECTIONS] = {25, 465, 8025, 25};

struct told {
	uint64_t seq, birth, hash;
	uint32_t ord;
};

struct run {
	struct dissect *d;
	bool tight, protocols;
	struct told told[MESSAGES_MAX];
	size_t n_told;
	struct message last;
	bool over; // the last counters came
	uint64_t finals, sealed, ends;
	uint8_t stage[PACKETS_MAX + 1]; // of the session of this birth: enum stage
	bool stopped[PACKETS_MAX + 1];  // ... the client's evidence has shown a line that ends it
	uint32_t stop[PACKETS_MAX + 1]; // ... its sequence number
	uint16_t n_evidence[PACKETS_MAX + 1];
};

enum stage { UNTOLD, TOLD, SEALED, ENDED };

static struct packet packets[PACKETS_MAX];
static size_t n_packets;
static struct run single, burst, share[WORKERS];

static void must(bool condition)
{
	if (!condition)
		abort();
}

// ---- what comes out ------------------------------------------------------------------------------------------

static uint64_t hash_of(const void *p, size_t len, uint64_t hash)
{
	for (const uint8_t *at = p; len--; at++)
		hash = (hash ^ *at) * UINT64_C(0x100000001b3);
	return hash;
}

static int order(const void *a, const void *b)
{
	const struct told *x = a, *y = b;
	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	if (x->birth != y->birth)
		return x->birth < y->birth ? -1 : 1;
	return x->ord < y->ord ? -1 : x->ord > y->ord;
}

static void keep(struct run *r, const struct message *m, uint64_t hash)
{
	must(r->n_told < MESSAGES_MAX);
	r->told[r->n_told++] = (struct told){.seq = m->seq, .birth = m->birth, .ord = m->ord, .hash = hash};
}

static void on_session(struct run *r, const struct message_session *m, size_t len)
{
	uint8_t *stage = &r->stage[m->head.birth];
	bool final = m->facts.conn.end != END_OPEN;
	must(len == message_session_len(m) && len <= MESSAGE_LEN_MAX);
	must(m->facts.birth == m->head.birth && *stage < SEALED && !(final && m->sealed));
	must(!m->sealed || m->facts.tls.completed);
	*stage = final ? ENDED : m->sealed ? SEALED : TOLD;
	r->finals += final;
	r->sealed += m->sealed;
	keep(r, &m->head, hash_of(&m->facts, facts_len(&m->facts), m->sealed));
}

static void on_end(struct run *r, const struct message_end *m, size_t len)
{
	must(len == sizeof(*m) && r->stage[m->head.birth] == SEALED && m->end != END_OPEN);
	r->stage[m->head.birth] = ENDED;
	r->ends++;
	uint64_t hash = hash_of(m->pkts, sizeof(m->pkts), m->end);
	hash = hash_of(m->octets, sizeof(m->octets), hash);
	keep(r, &m->head, hash_of(m->payload_octets, sizeof(m->payload_octets), hash));
}

static void on_handshake(struct run *r, const struct message_handshake *m, size_t len)
{
	must(len == sizeof(*m) + m->len && len <= MESSAGE_LEN_MAX && m->kind < HANDSHAKE_KINDS);
	must(r->stage[m->head.birth] < SEALED);
	keep(r, &m->head, hash_of(m->octets, m->len, m->kind));
}

// ---- evidence ------------------------------------------------------------------------------------------------

static bool begins(const uint8_t *p, size_t len, const char *word)
{
	size_t n = strlen(word);
	while (len && (*p == ' ' || *p == '\t')) {
		p++;
		len--;
	}
	return len >= n && !strncasecmp((const char *)p, word, n);
}

// A whole line of a client. True: nothing that follows it may be kept.
static bool client_line(const uint8_t *p, size_t len)
{
	static const char *const verbs[] = {"ehlo", "helo", "lhlo", "mail", "send", "soml", "saml", "rcpt", "rset", "noop", "quit", "starttls",
		"x-anonymoustls", "vrfy", "expn", "help", "data", "bdat", "auth", "x-exps"};
	bool known = false;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		known |= begins(p, len, verbs[i]);
	must(known);
	return begins(p, len, "data") || begins(p, len, "bdat") || begins(p, len, "auth") || begins(p, len, "x-exps");
}

// What was kept of a client's payload: of lines whose beginning stands in it, none may be anything but a command.
static void client_kept(struct run *r, const struct message_evidence *m, const uint8_t *p, size_t len)
{
	uint64_t birth = m->head.birth;
	uint32_t seq = (uint32_t)m->octets[24] << 24 | (uint32_t)m->octets[25] << 16 | (uint32_t)m->octets[26] << 8 | m->octets[27];
	must(!len || !r->stopped[birth] || (int32_t)(seq + len - r->stop[birth]) <= 0);
	if (!len || (p[0] >= 20 && p[0] <= 22) || p[0] >= 0x80)
		return;
	const uint8_t *at = memchr(p, '\n', len), *end = p + len;
	for (const uint8_t *next; at && (next = memchr(at + 1, '\n', (size_t)(end - at - 1))); at = next) {
		if (at[1] >= 20 && at[1] <= 22) // TLS follows
			return;
		if (!client_line(at + 1, (size_t)(next - at - 1)))
			continue;
		must(next + 1 == end);
		r->stopped[birth] = true;
		r->stop[birth] = seq + (uint32_t)len;
	}
}

// Headers whole, of the payload a beginning.
static void on_evidence(struct run *r, const struct message_evidence *m, size_t len)
{
	must(len == sizeof(*m) + m->len && m->len >= 40 && m->len <= EVIDENCE_LEN_MAX && m->cut < EVIDENCE_CUTS && m->dir <= DIR_S2C);
	must(m->frame >= 1 && m->frame <= n_packets && r->stage[m->head.birth] < ENDED);
	const struct packet *p = &packets[m->frame - 1];
	uint32_t head = 20 + (p->data[32] >> 4) * 4u;
	must(m->len >= head && m->len <= p->len && !memcmp(m->octets, p->data, m->len) && m->time_ns == p->time_ns);
	must(m->len + m->cut_len <= p->len && m->wire_len == p->wire_len);
	must(++r->n_evidence[m->head.birth] <= 64 + 16 + 1);
	if (m->dir == DIR_C2S)
		client_kept(r, m, m->octets + head, m->len - head);
}

static void on_message(void *ctx, const struct message *m, size_t len)
{
	struct run *r = ctx;
	struct told before = {r->last.seq, r->last.birth, 0, r->last.ord}, now = {m->seq, m->birth, 0, m->ord};
	// Where room is short a session that begins makes another one go: that one is told first.
	bool evictions = r->tight && m->seq == r->last.seq;
	must(!r->over && (!r->last.seq || evictions || order(&before, &now) < 0));
	must(m->seq > dissect_watermark(r->d));
	r->last = *m;
	switch (m->type) {
	case MESSAGE_SESSION:
		on_session(r, (const void *)m, len);
		break;
	case MESSAGE_END:
		on_end(r, (const void *)m, len);
		break;
	case MESSAGE_HANDSHAKE:
		on_handshake(r, (const void *)m, len);
		break;
	case MESSAGE_EVIDENCE:
		on_evidence(r, (const void *)m, len);
		break;
	case MESSAGE_PROTOCOLS:
		must(r->protocols && len == sizeof(struct message_protocols) + ((const struct message_protocols *)m)->n * sizeof(struct protocol_count));
		break;
	case MESSAGE_COUNTERS:
		must(len == sizeof(struct message_counters));
		r->over = ((const struct message_counters *)m)->last;
		break;
	default:
		must(m->type == MESSAGE_ANOMALY && len == sizeof(struct message_anomaly));
	}
}

// ---- what goes in --------------------------------------------------------------------------------------------

static uint32_t distance(int8_t code)
{
	if (code == 127 || code == -128)
		return code < 0 ? -(UINT32_C(5) << 20) : UINT32_C(5) << 20; // beyond any window
	if (code > 63 || code < -63)
		return (uint32_t)((code - (code > 0 ? 63 : -63)) * 1000);
	return (uint32_t)code;
}

static void make_packets(const uint8_t *data, size_t len)
{
	static uint32_t next[CONNECTIONS][2];
	struct wire w;
	memset(next, 0, sizeof(next));
	wire_init(&w);
	w.isn[1] = UINT32_MAX - 20; // wraps early
	for (n_packets = 0; len >= HEADER && n_packets < PACKETS_MAX; n_packets++) {
		uint8_t octets[HEADER + PAYLOAD_MAX + 64];
		unsigned k = data[0] & CONNECTION, d = data[0] & SERVER ? S : C, flags = data[1] & 63;
		struct segment s = {.d = (int)d, .flags = (int)flags, .bad_checksum = data[1] & BAD_CHECKSUM};
		s.seq = next[k][d] + distance((int8_t)data[2]);
		s.ack = next[k][!d] + distance((int8_t)data[3]);
		size_t payload = (size_t)(data[4] << 8 | data[5]) % (PAYLOAD_MAX + 1);
		payload = payload < len - HEADER ? payload : len - HEADER;
		w.port[0] = (uint16_t)(40000 + k);
		w.port[1] = port[k];
		size_t wire_len = wire_packet(&w, &s, data + HEADER, payload, octets);
		size_t kept = data[1] & CUT ? wire_len - payload / 2 : wire_len;
		w.time_ns += (uint64_t)((int64_t)pause_ms[data[0] >> PAUSE_SHIFT] * 1000000);
		uint32_t end = s.seq + (uint32_t)payload + !!(flags & SYN) + !!(flags & FIN);
		if ((int32_t)(end - next[k][d]) > 0)
			next[k][d] = end;
		uint8_t *exact = malloc(kept); // of exactly this size: the sanitizer sees a read past its end
		must(exact);
		memcpy(exact, octets, kept);
		packets[n_packets] = (struct packet){.data = exact, .len = (uint32_t)kept, .wire_len = (uint32_t)wire_len,
			.time_ns = w.time_ns, .seq = n_packets + 1, .frame = (uint32_t)n_packets + 1, .linktype = 101};
		data += HEADER + payload;
		len -= HEADER + payload;
	}
}

// ---- a run ---------------------------------------------------------------------------------------------------

static void begin(struct run *r, uint8_t setting, uint16_t worker, uint16_t n_workers, bool handed)
{
	struct dissect_config config = {
		.ports = {25, 465},
		.n_ports = 2,
		.checksums = setting & REQUIRE ? CHECKSUMS_REQUIRE : setting & IGNORE ? CHECKSUMS_IGNORE : CHECKSUMS_AUTO,
		.flows_max = setting & TIGHT ? 3 : 64,
		.sessions_max = setting & TIGHT ? 2 : 64,
		.reassembly_octets = setting & TIGHT ? 24 << 10 : 16 << 20,
		.protocols = setting & PROTOCOLS,
		.worker = worker,
		.n_workers = n_workers,
		.shared_out = handed,
		.evidence = true,
		.emit = on_message,
		.emit_ctx = r,
	};
	memset(r, 0, sizeof(*r));
	r->tight = setting & TIGHT;
	r->protocols = setting & PROTOCOLS;
	must(dissect_open(&r->d, &config) == 0);
}

static void end(struct run *r)
{
	dissect_finish(r->d);
	must(r->over);
	for (size_t i = 0; i <= PACKETS_MAX; i++)
		must(r->stage[i] != TOLD && r->stage[i] != SEALED);
}

static void play(struct run *r, uint8_t setting, size_t at_once, uint16_t worker, uint16_t n_workers)
{
	begin(r, setting, worker, n_workers, false);
	for (size_t i = 0; i < n_packets; i += at_once)
		dissect_burst(r->d, packets + i, n_packets - i < at_once ? n_packets - i : at_once);
	end(r);
}

static void play_handed(uint8_t setting)
{
	struct dissect_owner o = {.n_workers = WORKERS};
	for (uint16_t i = 0; i < WORKERS; i++)
		begin(&share[i], setting, i, WORKERS, true);
	for (size_t i = 0; i < n_packets; i++) {
		uint32_t owner = dissect_owner(&o, &packets[i], true);
		must(owner < WORKERS);
		for (uint16_t w = 0; w < WORKERS; w++) {
			struct packet mark = {.kind = PACKET_TIME, .time_ns = packets[i].time_ns, .seq = packets[i].seq};
			dissect_burst(share[w].d, w == owner ? &packets[i] : &mark, 1);
		}
	}
	for (uint16_t i = 0; i < WORKERS; i++)
		end(&share[i]);
}

static bool suffices(const struct run *r)
{
	const uint64_t *n = dissect_counters(r->d);
	return !n[COUNT_flow_closed_evicted] && !n[COUNT_session_no_memory] && !n[COUNT_packet_no_flow] &&
	       !n[COUNT_reassembly_no_memory] && !n[COUNT_reassembly_forced] && !n[COUNT_smtp_line_no_memory] &&
	       !n[COUNT_tls_handshake_no_memory];
}

static void compare_shares(void)
{
	static struct told all[MESSAGES_MAX * WORKERS];
	size_t n = 0;
	uint64_t counter[DISSECT_COUNTERS] = {0};
	for (uint16_t i = 0; i < WORKERS; i++) {
		memcpy(all + n, share[i].told, share[i].n_told * sizeof(*all));
		n += share[i].n_told;
		for (size_t k = 0; k < DISSECT_COUNTERS; k++)
			counter[k] += dissect_counters(share[i].d)[k];
		must(ledger_pools_full(share[i].d));
		dissect_close(&share[i].d);
	}
	qsort(all, n, sizeof(*all), order);
	must(n == single.n_told && !memcmp(all, single.told, n * sizeof(*all)));
	must(!memcmp(counter, dissect_counters(single.d), sizeof(counter)));
}

static void on_three_workers(uint8_t setting)
{
	for (uint16_t i = 0; i < WORKERS; i++)
		play(&share[i], setting, PACKET_BURST, i, WORKERS);
	compare_shares();
	if (dissect_counters(single.d)[COUNT_decode_time_backwards])
		return; // clocks are learned from packets, and marks are none
	play_handed(setting);
	compare_shares();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!len)
		return 0;
	uint8_t setting = data[0];
	make_packets(data + 1, len - 1);
	play(&single, setting, 1, 0, 1);
	must(!ledger_broken(single.d, n_packets, single.finals, single.sealed, single.ends));
	play(&burst, setting, PACKET_BURST, 0, 1);
	must(burst.n_told == single.n_told && !memcmp(burst.told, single.told, single.n_told * sizeof(*single.told)));
	must(!memcmp(dissect_counters(burst.d), dissect_counters(single.d), sizeof(single.d->counter)));
	dissect_close(&burst.d);
	if (suffices(&single))
		on_three_workers(setting);
	dissect_close(&single.d);
	for (size_t i = 0; i < n_packets; i++)
		free((void *)packets[i].data);
	return 0;
}
