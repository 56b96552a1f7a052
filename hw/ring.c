// The ring: positions only ever grow; an octet at position p lies at p modulo the length of the buffer.
//
// Each side keeps its own position and a copy of the other's, and looks at the shared one only when the copy says
// full (or empty). So in a stream of messages the cache lines of the other core are rarely touched.
#include "hw/ring.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { RING_LINE = 128 }; // 128, because adjacent cache lines are fetched in pairs

static const size_t ring_min = 4096; // a page: less saves nothing

// In front of each message. `len` of a message that only fills the buffer up to its end is RING_WRAP.
struct head {
	uint32_t len;
	uint32_t unused;
};

static const uint32_t RING_WRAP = UINT32_MAX;

struct shared {
	_Alignas(RING_LINE) _Atomic uint64_t written; // position after the last committed message
	_Atomic uint64_t watermark;
	_Atomic bool finished;
	_Alignas(RING_LINE) _Atomic uint64_t released; // position before which the reader needs nothing any more
	_Alignas(RING_LINE) uint8_t octets[];
};

struct ring {
	struct shared *shared;
	size_t len; // of shared->octets, a power of two
	struct {
		_Alignas(RING_LINE) uint64_t at; // position of the next message
		uint64_t released;               // shared->released as last seen
		size_t skip;                     // octets up to the end of the buffer that the reserved message steps over
		size_t reserved;                 // its length
	} writer;
	struct {
		_Alignas(RING_LINE) uint64_t at; // position of the oldest message
		uint64_t written;                // shared->written as last seen
		size_t peeked;                   // octets of the message that ring_release() gives back; 0 none
		bool damaged;
	} reader;
};

static size_t room_of(size_t len)
{
	return sizeof(struct head) + ((len + 7) & ~(size_t)7);
}

static struct head *head_at(const struct ring *r, uint64_t position)
{
	return (struct head *)(r->shared->octets + (position & (r->len - 1)));
}

static size_t to_buffer_end(const struct ring *r, uint64_t position)
{
	return r->len - (size_t)(position & (r->len - 1));
}

struct ring *ring_open(size_t len)
{
	size_t rounded = ring_min;
	while (rounded < len) {
		if (rounded > SIZE_MAX / 4) {
			errno = ENOMEM;
			return NULL;
		}
		rounded *= 2;
	}
	struct ring *r = aligned_alloc(RING_LINE, sizeof(*r));
	if (!r)
		return NULL;
	*r = (struct ring){.len = rounded};
	r->shared = mmap(NULL, sizeof(struct shared) + rounded, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (r->shared == MAP_FAILED) {
		free(r);
		return NULL;
	}
	return r;
}

void ring_close(struct ring **r)
{
	if (!*r)
		return;
	munmap((*r)->shared, sizeof(struct shared) + (*r)->len);
	free(*r);
	*r = NULL;
}

size_t ring_len_max(const struct ring *r)
{
	size_t half = r->len / 2 - sizeof(struct head);
	return half < RING_WRAP ? half : RING_WRAP - 8;
}

void *ring_reserve(struct ring *r, size_t len)
{
	if (len > ring_len_max(r))
		return NULL;
	size_t room = room_of(len);
	size_t to_end = to_buffer_end(r, r->writer.at);
	size_t skip = room > to_end ? to_end : 0;

	if (r->writer.at + skip + room - r->writer.released > r->len) {
		r->writer.released = atomic_load_explicit(&r->shared->released, memory_order_acquire);
		if (r->writer.at + skip + room - r->writer.released > r->len)
			return NULL;
	}
	r->writer.skip = skip;
	r->writer.reserved = len;
	return head_at(r, r->writer.at + skip) + 1;
}

void ring_commit(struct ring *r, size_t len)
{
	assert(len <= r->writer.reserved);
	if (r->writer.skip)
		head_at(r, r->writer.at)->len = RING_WRAP;
	r->writer.at += r->writer.skip;
	head_at(r, r->writer.at)->len = (uint32_t)len;
	r->writer.at += room_of(len);
	r->writer.skip = 0;
	r->writer.reserved = 0;
	atomic_store_explicit(&r->shared->written, r->writer.at, memory_order_release);
}

void ring_set_watermark(struct ring *r, uint64_t key)
{
	// Release: whoever reads this watermark (acquire) and then looks for messages sees those committed before.
	atomic_store_explicit(&r->shared->watermark, key, memory_order_release);
}

uint64_t ring_watermark(const struct ring *r)
{
	return atomic_load_explicit(&r->shared->watermark, memory_order_acquire);
}

void ring_finish(struct ring *r)
{
	ring_set_watermark(r, UINT64_MAX);
	atomic_store_explicit(&r->shared->finished, true, memory_order_release);
}

// As any position is; but whoever has the other side may have written it.
static uint64_t aligned(uint64_t position)
{
	return position & ~UINT64_C(7);
}

// Read once: what was checked is what is used, whatever the writer writes meanwhile.
static uint32_t len_at(const struct ring *r, uint64_t position)
{
	return __atomic_load_n(&head_at(r, position)->len, __ATOMIC_RELAXED);
}

void ring_rejoin_writer(struct ring *r)
{
	r->writer.at = atomic_load_explicit(&r->shared->written, memory_order_acquire);
	r->writer.released = atomic_load_explicit(&r->shared->released, memory_order_acquire);
	r->writer.skip = r->writer.reserved = 0;
	atomic_store_explicit(&r->shared->finished, false, memory_order_release);
}

void ring_rejoin_reader(struct ring *r)
{
	r->reader.at = aligned(atomic_load_explicit(&r->shared->released, memory_order_acquire));
	r->reader.written = r->reader.at;
	r->reader.peeked = 0;
	r->reader.damaged = false;
}

void ring_skip(struct ring *r)
{
	r->reader.at = r->reader.written = aligned(atomic_load_explicit(&r->shared->written, memory_order_acquire));
	r->reader.peeked = 0;
	r->reader.damaged = false;
	atomic_store_explicit(&r->shared->released, r->reader.at, memory_order_release);
}

size_t ring_used(struct ring *r)
{
	r->writer.released = atomic_load_explicit(&r->shared->released, memory_order_acquire);
	return (size_t)(r->writer.at - r->writer.released);
}

size_t ring_len(const struct ring *r)
{
	return r->len;
}

static bool nothing_to_read(struct ring *r)
{
	if (r->reader.at == r->reader.written)
		r->reader.written = atomic_load_explicit(&r->shared->written, memory_order_acquire);
	return r->reader.at == r->reader.written;
}

const void *ring_peek(struct ring *r, size_t *len)
{
	if (r->reader.damaged || nothing_to_read(r))
		return NULL;
	uint32_t head_len = len_at(r, r->reader.at);
	if (head_len == RING_WRAP) {
		r->reader.at += to_buffer_end(r, r->reader.at);
		head_len = len_at(r, r->reader.at);
	}
	uint64_t readable = r->reader.written - r->reader.at;
	if (readable > r->len || head_len > ring_len_max(r) || room_of(head_len) > readable ||
	    room_of(head_len) > to_buffer_end(r, r->reader.at)) {
		r->reader.damaged = true;
		return NULL;
	}
	r->reader.peeked = room_of(head_len);
	*len = head_len;
	return head_at(r, r->reader.at) + 1;
}

void ring_release(struct ring *r)
{
	assert(r->reader.peeked);
	r->reader.at += r->reader.peeked;
	r->reader.peeked = 0;
	atomic_store_explicit(&r->shared->released, r->reader.at, memory_order_release);
}

void ring_pass(struct ring *r)
{
	assert(r->reader.peeked);
	r->reader.at += r->reader.peeked;
	r->reader.peeked = 0;
}

void ring_release_passed(struct ring *r)
{
	r->reader.peeked = 0;
	atomic_store_explicit(&r->shared->released, r->reader.at, memory_order_release);
}

uint64_t ring_position(const struct ring *r)
{
	return r->reader.at;
}

bool ring_done(struct ring *r)
{
	if (r->reader.damaged)
		return true;
	return atomic_load_explicit(&r->shared->finished, memory_order_acquire) && nothing_to_read(r);
}

bool ring_damaged(const struct ring *r)
{
	return r->reader.damaged;
}
