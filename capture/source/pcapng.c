// pcapng: blocks in sections; each section has its own byte order and its own list of interfaces.
// draft-ietf-opsawg-pcapng. Blocks we have no use for are passed over, whatever their length.
#include "capture/source/format.h"

#include <string.h>

enum block_type {
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 2, // obsolete
	BLOCK_SIMPLE = 3,
	BLOCK_ENHANCED = 6,
	BLOCK_SECTION = 0x0a0d0d0a, // the same in both byte orders
};

enum { FRAME_LEN = 12 }; // type and length in front of a block, length behind it
enum { OPTION_END = 0, OPTION_TSRESOL = 9, OPTION_TSOFFSET = 14 };
enum { VERSION_MAJOR = 1 };

static const uint32_t order_magic = 0x1a2b3c4d;
static const uint64_t ns_per_s = 1000000000;

__extension__ typedef unsigned __int128 wide;

static inline uint64_t get64(const uint8_t *p, bool swapped)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return swapped ? __builtin_bswap64(v) : v;
}

// What came of a step; PACKET is 1 so that it counts.
enum { STEP_DONE = 0, STEP_PACKET = 1, STEP_DAMAGED = -1, STEP_MORE = -2 };

static int damaged(struct reader *r, const char *reason)
{
	r->damage = reason;
	return STEP_DAMAGED;
}

// ---- time ----------------------------------------------------------------------------------------------------

// if_tsresol: 10^-n, or with the highest bit 2^-n. Finer than nanoseconds is divided, never kept.
static void set_resolution(struct pcapng_interface *ifc, uint8_t tsresol)
{
	ifc->mul = 1;
	ifc->div = 1;
	ifc->shift = 0;
	if (tsresol & 0x80) {
		ifc->mul = ns_per_s;
		ifc->shift = tsresol & 0x7f;
		return;
	}
	for (int n = tsresol; n < 9; n++)
		ifc->mul *= 10;
	for (int n = 9; n < tsresol && ifc->mul; n++)
		if (__builtin_mul_overflow(ifc->div, 10, &ifc->div))
			ifc->mul = 0; // 64 bits of such ticks are less than a nanosecond
	if (!ifc->mul)
		ifc->div = 1;
}

static uint64_t apply_offset(uint64_t ns, int64_t offset_s)
{
	uint64_t magnitude_s = offset_s < 0 ? 0 - (uint64_t)offset_s : (uint64_t)offset_s;
	wide offset = (wide)magnitude_s * ns_per_s;
	if (offset_s < 0)
		return offset > ns ? 0 : ns - (uint64_t)offset;
	return offset > UINT64_MAX - ns ? UINT64_MAX : ns + (uint64_t)offset;
}

// Nanoseconds since the epoch; what no 64 bits can hold becomes the nearest that they can.
static uint64_t to_ns(const struct pcapng_interface *ifc, uint64_t ticks)
{
	uint64_t ns;
	if (ifc->div != 1 || ifc->shift || __builtin_mul_overflow(ticks, ifc->mul, &ns)) {
		wide exact = (wide)ticks * ifc->mul / ifc->div >> ifc->shift;
		ns = exact > UINT64_MAX ? UINT64_MAX : (uint64_t)exact;
	}
	return ifc->offset_s ? apply_offset(ns, ifc->offset_s) : ns;
}

// ---- blocks --------------------------------------------------------------------------------------------------

// The body of a block: what stands between the lengths.
struct body {
	const uint8_t *at;
	uint32_t len;
};

static int take_section(struct reader *r, struct body b, struct packet *out)
{
	if (format_u16(b.at + 4, r->pcapng.swapped) != VERSION_MAJOR)
		return damaged(r, "unknown version of the pcapng format");
	r->pcapng.n_interfaces = 0;
	return STEP_DONE;
}

static int take_options(struct reader *r, struct body b, struct pcapng_interface *ifc)
{
	bool swapped = r->pcapng.swapped;
	while (b.len >= 4) {
		uint16_t code = format_u16(b.at, swapped), len = format_u16(b.at + 2, swapped);
		uint32_t padded = 4 + ((len + 3u) & ~3u);
		if (code == OPTION_END)
			return STEP_DONE;
		if (padded > b.len || (code == OPTION_TSRESOL && len != 1) || (code == OPTION_TSOFFSET && len != 8))
			return damaged(r, "bad option of an interface");
		if (code == OPTION_TSRESOL)
			set_resolution(ifc, b.at[4]);
		else if (code == OPTION_TSOFFSET)
			ifc->offset_s = (int64_t)get64(b.at + 4, swapped);
		b.at += padded;
		b.len -= padded;
	}
	return STEP_DONE;
}

static int take_interface(struct reader *r, struct body b, struct packet *out)
{
	struct pcapng_state *s = &r->pcapng;
	if (s->n_interfaces == PCAPNG_INTERFACES_MAX)
		return damaged(r, "too many interfaces");
	struct pcapng_interface *ifc = &s->interfaces[s->n_interfaces];
	*ifc = (struct pcapng_interface){
		.linktype = format_u16(b.at, s->swapped),
		.snaplen = format_u32(b.at + 4, s->swapped),
	};
	set_resolution(ifc, 6); // microseconds, where nothing else is said
	if (take_options(r, (struct body){b.at + 8, b.len - 8}, ifc) < 0)
		return STEP_DAMAGED;
	s->n_interfaces++;
	return STEP_DONE;
}

// A packet whose octets begin `head` octets into the body.
static int put_packet(struct reader *r, struct body b, uint32_t head, struct packet *out)
{
	if (out->len > FORMAT_CAPLEN_MAX)
		return damaged(r, "impossible packet length");
	if (out->len > b.len - head)
		return damaged(r, "packet longer than its block");
	out->data = b.at + head;
	if (out->wire_len < out->len)
		out->wire_len = out->len;
	out->seq = ++r->seq;
	out->frame = ++r->frame;
	out->file = r->file;
	return STEP_PACKET;
}

// Both kinds of packet blocks with an interface and a time have these fields at the same places.
static int put_timed(struct reader *r, struct body b, uint32_t interface, struct packet *out)
{
	const struct pcapng_state *s = &r->pcapng;
	if (interface >= s->n_interfaces)
		return damaged(r, "packet of an unknown interface");
	const struct pcapng_interface *ifc = &s->interfaces[interface];
	uint64_t ticks = (uint64_t)format_u32(b.at + 4, s->swapped) << 32 | format_u32(b.at + 8, s->swapped);
	*out = (struct packet){
		.len = format_u32(b.at + 12, s->swapped),
		.wire_len = format_u32(b.at + 16, s->swapped),
		.time_ns = to_ns(ifc, ticks),
		.linktype = ifc->linktype,
	};
	return put_packet(r, b, 20, out);
}

static int take_enhanced(struct reader *r, struct body b, struct packet *out)
{
	return put_timed(r, b, format_u32(b.at, r->pcapng.swapped), out);
}

// Two octets of interface, two of a drop count that says nothing about this packet.
static int take_obsolete(struct reader *r, struct body b, struct packet *out)
{
	return put_timed(r, b, format_u16(b.at, r->pcapng.swapped), out);
}

// No time, no length of its own: cut by the snapshot length of interface 0, else all there is.
static int take_simple(struct reader *r, struct body b, struct packet *out)
{
	const struct pcapng_state *s = &r->pcapng;
	if (s->n_interfaces == 0)
		return damaged(r, "packet of an unknown interface");
	const struct pcapng_interface *ifc = &s->interfaces[0];
	uint32_t wire_len = format_u32(b.at, s->swapped);
	bool cut = ifc->snaplen && ifc->snaplen < wire_len;
	*out = (struct packet){
		.len = cut ? ifc->snaplen : wire_len,
		.wire_len = wire_len,
		.linktype = ifc->linktype,
	};
	return put_packet(r, b, 4, out);
}

struct block_kind {
	uint32_t type;
	uint32_t len_min; // of the body
	int (*take)(struct reader *r, struct body b, struct packet *out); // DONE, PACKET or DAMAGED
};

// The most frequent first.
static const struct block_kind block_kinds[] = {
	{BLOCK_ENHANCED, 20, take_enhanced},
	{BLOCK_SIMPLE, 4, take_simple},
	{BLOCK_PACKET, 20, take_obsolete},
	{BLOCK_INTERFACE, 8, take_interface},
	{BLOCK_SECTION, 16, take_section},
};

static const struct block_kind *find_kind(uint32_t type)
{
	for (size_t i = 0; i < sizeof(block_kinds) / sizeof(block_kinds[0]); i++)
		if (block_kinds[i].type == type)
			return &block_kinds[i];
	return NULL;
}

// ---- the walk ------------------------------------------------------------------------------------------------

// A section's header says in which order the octets of all that follows stand, its own length included.
static int set_order(struct reader *r)
{
	if (input_left(&r->in) < FRAME_LEN)
		return STEP_MORE;
	uint32_t magic = format_u32(r->in.at + 8, false);
	if (magic != order_magic && magic != __builtin_bswap32(order_magic))
		return damaged(r, "bad byte order mark of a section");
	r->pcapng.swapped = magic != order_magic;
	return STEP_DONE;
}

static int take_known(struct reader *r, const struct block_kind *kind, uint32_t len, struct packet *out)
{
	if (len >= INPUT_RECORD_MAX)
		return damaged(r, "block too long");
	if (len > input_left(&r->in))
		return STEP_MORE;
	struct body b = {r->in.at + 8, len - FRAME_LEN};
	if (format_u32(b.at + b.len, r->pcapng.swapped) != len)
		return damaged(r, "block lengths differ");
	if (b.len < kind->len_min)
		return damaged(r, "bad block length");
	int result = kind->take(r, b, out);
	if (result >= 0)
		r->in.at += len;
	return result;
}

static int take_block(struct reader *r, struct packet *out)
{
	r->record_off = input_offset(&r->in);
	if (input_left(&r->in) < 8)
		return STEP_MORE;
	if (format_u32(r->in.at, false) == BLOCK_SECTION) {
		int result = set_order(r);
		if (result != STEP_DONE)
			return result;
	}
	uint32_t type = format_u32(r->in.at, r->pcapng.swapped);
	uint32_t len = format_u32(r->in.at + 4, r->pcapng.swapped);
	if (len < FRAME_LEN || len % 4)
		return damaged(r, "bad block length");
	const struct block_kind *kind = find_kind(type);
	if (kind)
		return take_known(r, kind, len, out);
	input_skip(&r->in, len - 4);
	r->pcapng.trailer = len;
	return STEP_DONE;
}

// The length behind a block that was passed over.
static int check_trailer(struct reader *r)
{
	if (input_left(&r->in) < 4)
		return STEP_MORE;
	if (format_u32(r->in.at, r->pcapng.swapped) != r->pcapng.trailer)
		return damaged(r, "block lengths differ");
	r->in.at += 4;
	r->pcapng.trailer = 0;
	return STEP_DONE;
}

static int burst(struct reader *r, struct packet out[static PACKET_BURST])
{
	const uint8_t *ahead = r->in.at + FORMAT_AHEAD;
	int n = 0;
	while (n < PACKET_BURST) {
		int result = r->pcapng.trailer ? check_trailer(r) : take_block(r, &out[n]);
		if (result == STEP_MORE)
			break;
		// Damage behind packets is met again by the next call, which has none to deliver first.
		if (result == STEP_DAMAGED)
			return n ? n : FORMAT_DAMAGED;
		n += result;
		ahead = format_prefetch(ahead, r->in.at);
	}
	return n;
}

static bool recognise(const uint8_t head[static 4])
{
	return format_u32(head, false) == BLOCK_SECTION;
}

static enum format_outcome begin(struct reader *r)
{
	r->pcapng.swapped = false;
	r->pcapng.trailer = 0;
	r->pcapng.n_interfaces = 0;
	return FORMAT_BEGUN;
}

const struct format pcapng_format = {
	.name = "pcapng",
	.cut = "truncated block",
	.recognise = recognise,
	.begin = begin,
	.burst = burst,
};
