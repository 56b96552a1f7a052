// Fragments: a small table of datagrams under way, each with a buffer for the largest there is.
//
// Everything is one mapping made at the start; the lowest free slot is taken first, so a buffer page costs nothing
// until that many datagrams were under way at once. A slot whose datagram was refused stays until its time is over:
// what still arrives for it is refused as well (RFC 5722 3).
#include "dissect/net/frag.h"

#include <errno.h>

#include "dissect/net/layer.h"
#include "hw/pages.h"

#define FRAG_TIMEOUT_NS UINT64_C(30000000000)

enum { FRAG_NONE = FRAG_DATAGRAMS_MAX };

struct run {
	uint32_t off, end;
};

struct frag_key {
	uint8_t src[16], dst[16];
	uint32_t id;
	uint16_t ip_v; // only TCP comes here over IPv4; over IPv6 the protocol is no part of the key (RFC 8200 4.5)
	uint16_t tap;  // pieces of two taps are no datagram
};

struct datagram {
	bool used, refused, ambiguous;
	uint8_t proto;             // of the fragment at offset 0
	uint32_t len;              // of the whole, 0 until the last fragment was seen
	uint32_t n_runs;
	uint64_t first_ns;
	struct frag_key key;
	struct run run[FRAG_PIECES_MAX]; // in order, never touching
};

struct frag_table {
	struct datagram datagram[FRAG_DATAGRAMS_MAX];
	uint8_t octets[FRAG_DATAGRAMS_MAX][FRAG_DATAGRAM_LEN + 1];
};

int frag_open(struct frag_table **out)
{
	*out = pages_map(sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void frag_close(struct frag_table **t)
{
	pages_unmap(*t, sizeof(**t));
	*t = NULL;
}

static void expire(struct datagram *d, uint64_t now_ns, uint64_t *counter)
{
	if (!d->used || now_ns < d->first_ns || now_ns - d->first_ns < FRAG_TIMEOUT_NS)
		return;
	if (!d->refused)
		counter_add(&counter[COUNT_fragment_timeout], 1);
	d->used = false;
}

// The slot of `key`: its own, else a free one, else that of the oldest datagram.
static uint32_t find_slot(struct frag_table *t, const struct frag_key *key, uint64_t now_ns, uint64_t *counter)
{
	uint32_t vacant = FRAG_NONE, oldest = 0;
	for (uint32_t i = 0; i < FRAG_DATAGRAMS_MAX; i++) {
		struct datagram *d = &t->datagram[i];
		expire(d, now_ns, counter);
		if (!d->used) {
			vacant = vacant == FRAG_NONE ? i : vacant;
			continue;
		}
		if (d->key.id == key->id && memcmp(&d->key, key, sizeof(*key)) == 0)
			return i;
		if (d->first_ns < t->datagram[oldest].first_ns)
			oldest = i;
	}
	uint32_t slot = vacant;
	if (slot == FRAG_NONE) {
		slot = oldest;
		if (!t->datagram[slot].refused)
			counter_add(&counter[COUNT_fragment_no_memory], 1);
	}
	t->datagram[slot] = (struct datagram){.used = true, .first_ns = now_ns, .key = *key};
	return slot;
}

// What no honest sender makes. Only the last fragment may have a length that is no multiple of eight.
static bool impossible(const struct decoded *f)
{
	return f->frag_len == 0 || f->frag_off + f->frag_len > FRAG_DATAGRAM_LEN || (f->frag_more && f->frag_len % 8);
}

// The end of the datagram is where the last fragment says, once and for all.
static bool ends_agree(struct datagram *d, const struct decoded *f)
{
	uint32_t end = f->frag_off + f->frag_len;
	uint32_t known = d->n_runs ? d->run[d->n_runs - 1].end : 0;
	if (d->len)
		return f->frag_more ? end <= d->len : end == d->len;
	if (f->frag_more)
		return true;
	if (known > end)
		return false;
	d->len = end;
	return true;
}

// Copies what is new of a fragment; the first octets stay. Returns how many were there already, and whether any
// of them differ.
static uint32_t fill(const struct datagram *d, uint8_t *octets, const struct decoded *f, bool *differ)
{
	uint32_t at = f->frag_off, end = at + f->frag_len, overlap = 0;
	const uint8_t *from = f->frag_data;
	for (uint32_t i = 0; i < d->n_runs && at < end; i++) {
		const struct run *r = &d->run[i];
		if (r->end <= at)
			continue;
		uint32_t start = r->off < at ? at : r->off < end ? r->off : end;
		uint32_t stop = r->end < end ? r->end : end;
		memcpy(octets + at, from + (at - f->frag_off), start - at);
		at = start;
		if (stop <= start)
			break;
		*differ |= memcmp(octets + start, from + (start - f->frag_off), stop - start) != 0;
		overlap += stop - start;
		at = stop;
	}
	if (at < end)
		memcpy(octets + at, from + (at - f->frag_off), end - at);
	return overlap;
}

// Joins [off, end) with the runs it touches. False: no room for another run.
static bool join(struct datagram *d, uint32_t off, uint32_t end)
{
	uint32_t first = 0;
	while (first < d->n_runs && d->run[first].end < off)
		first++;
	uint32_t past = first;
	while (past < d->n_runs && d->run[past].off <= end) {
		off = d->run[past].off < off ? d->run[past].off : off;
		end = d->run[past].end > end ? d->run[past].end : end;
		past++;
	}
	if (past == first && d->n_runs == FRAG_PIECES_MAX)
		return false;
	memmove(&d->run[first + 1], &d->run[past], (d->n_runs - past) * sizeof(d->run[0]));
	d->n_runs = d->n_runs + 1 - (past - first);
	d->run[first] = (struct run){off, end};
	return true;
}

static enum decode_outcome count_row(uint64_t *counter, enum dissect_counter row)
{
	counter_add(&counter[row], 1);
	return DECODE_DONE;
}

// Puts the octets of a fragment in their place. False: the datagram cannot be trusted any more.
static bool add_piece(struct datagram *d, uint8_t *octets, const struct decoded *f, uint64_t *counter)
{
	if (!ends_agree(d, f))
		return false;
	bool differ = false;
	uint32_t overlap = fill(d, octets, f, &differ);
	if (overlap) {
		counter_add(&counter[COUNT_fragment_overlap], 1);
		// A repetition of what is there, octet by octet, is the network's doing (RFC 8200 4.5, last paragraph).
		if (f->ip_v == 6 && (differ || overlap < f->frag_len))
			return false;
		d->ambiguous |= differ;
	}
	if (f->frag_off == 0 && (!overlap || !d->proto))
		d->proto = f->proto;
	if (!join(d, f->frag_off, f->frag_off + f->frag_len)) {
		counter_add(&counter[COUNT_fragment_no_memory], 1);
		return false;
	}
	return true;
}

static enum decode_outcome decode_whole(struct datagram *d, const uint8_t *octets, struct decoded *out, bool checksum,
                                        uint64_t *counter)
{
	counter_add(&counter[COUNT_fragment_reassembled], 1);
	d->used = false;
	struct layer l = {.at = octets, .end = octets + d->len, .counter = counter};
	if (out->ip_v == 4)
		return decode_tcp(octets, d->len, d->len, out, checksum, counter);
	return ip6_walk(&l, d->proto, out, checksum, true);
}

enum decode_outcome frag_take(struct frag_table *t, const struct packet *p, struct decoded *out, bool *ambiguous,
                              bool checksum, uint64_t *counter)
{
	*ambiguous = false;
	// A cut fragment leaves a hole that nothing can fill; what it carried is a gap in the stream, not a guess.
	if (impossible(out) || out->frag_cut)
		return count_row(counter, COUNT_packet_fragment_dropped);

	struct frag_key key = {.id = out->frag_id, .ip_v = out->ip_v, .tap = out->tap};
	memcpy(key.src, out->src, sizeof(key.src));
	memcpy(key.dst, out->dst, sizeof(key.dst));
	uint32_t slot = find_slot(t, &key, p->time_ns, counter);
	struct datagram *d = &t->datagram[slot];
	d->refused = d->refused || !add_piece(d, t->octets[slot], out, counter);
	if (d->refused)
		return count_row(counter, COUNT_packet_fragment_dropped);
	bool complete = d->len && d->n_runs == 1 && d->run[0].off == 0 && d->run[0].end == d->len;
	if (!complete)
		return count_row(counter, COUNT_packet_fragment_kept);
	*ambiguous = d->ambiguous;
	return decode_whole(d, t->octets[slot], out, checksum, counter);
}
