// Classic pcap: a header of 24 octets, then records of 16 octets and the packet. draft-ietf-opsawg-pcap.
// Microseconds or nanoseconds, in the byte order of whoever wrote it.
#include "capture/source/format.h"

#include <string.h>

enum { HEADER_LEN = 24, RECORD_LEN = 16, VERSION_MAJOR = 2 };

struct magic {
	uint8_t octets[4];
	bool big_endian;
	uint32_t fraction_ns;
};

static const struct magic magics[] = {
	{{0xd4, 0xc3, 0xb2, 0xa1}, false, 1000},
	{{0xa1, 0xb2, 0xc3, 0xd4}, true, 1000},
	{{0x4d, 0x3c, 0xb2, 0xa1}, false, 1},
	{{0xa1, 0xb2, 0x3c, 0x4d}, true, 1},
};

static const struct magic *find_magic(const uint8_t head[static 4])
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (memcmp(head, magics[i].octets, 4) == 0)
			return &magics[i];
	return NULL;
}

static bool recognise(const uint8_t head[static 4])
{
	return find_magic(head) != NULL;
}

static enum format_outcome begin(struct reader *r)
{
	const uint8_t *p = r->in.at;
	r->record_off = input_offset(&r->in);
	if (input_left(&r->in) < HEADER_LEN)
		return FORMAT_MORE;
	const struct magic *magic = find_magic(p);
	bool swapped = magic->big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	if (format_u16(p + 4, swapped) != VERSION_MAJOR) {
		r->damage = "unknown version of the pcap format";
		return FORMAT_DAMAGED;
	}
	r->pcapfile = (struct pcapfile_state){
		.swapped = swapped,
		.linktype = (uint16_t)format_u32(p + 20, swapped), // the upper half tells of frame check sequences
		.fraction_ns = magic->fraction_ns,
	};
	r->in.at += HEADER_LEN;
	r->record_off = input_offset(&r->in);
	return FORMAT_BEGUN;
}

// The hot loop of every replay: compiled once per byte order, no branch but the three that end it.
static inline __attribute__((always_inline)) int take_records(struct reader *r, struct packet *burst, bool swapped)
{
	const uint8_t *at = r->in.at, *end = r->in.end;
	const struct pcapfile_state state = r->pcapfile;
	const uint64_t seq = r->seq + 1;
	const uint32_t frame = r->frame + 1;
	const uint16_t file = r->file;
	const uint8_t *ahead = at + FORMAT_AHEAD;
	uint32_t n = 0;
	while (n < PACKET_BURST && end - at >= RECORD_LEN) {
		uint32_t len = format_u32(at + 8, swapped), wire_len = format_u32(at + 12, swapped);
		if (len > FORMAT_CAPLEN_MAX || len > (size_t)(end - at) - RECORD_LEN)
			break;
		burst[n] = (struct packet){
			.data = at + RECORD_LEN,
			.len = len,
			.wire_len = wire_len < len ? len : wire_len,
			.time_ns = format_u32(at, swapped) * UINT64_C(1000000000) +
				   format_u32(at + 4, swapped) * (uint64_t)state.fraction_ns,
			.seq = seq + n,
			.frame = frame + n,
			.file = file,
			.linktype = state.linktype,
		};
		at += RECORD_LEN + len;
		ahead = format_prefetch(ahead, at);
		n++;
	}
	r->in.at = at;
	r->seq += n;
	r->frame += n;
	return (int)n;
}

static int burst(struct reader *r, struct packet out[static PACKET_BURST])
{
	bool swapped = r->pcapfile.swapped;
	int n = swapped ? take_records(r, out, true) : take_records(r, out, false);
	r->record_off = input_offset(&r->in);
	if (n > 0)
		return n;
	if (input_left(&r->in) >= RECORD_LEN && format_u32(r->in.at + 8, swapped) > FORMAT_CAPLEN_MAX) {
		r->damage = "impossible packet length";
		return FORMAT_DAMAGED;
	}
	return FORMAT_MORE;
}

const struct format pcapfile_format = {
	.name = "pcap",
	.cut = "truncated packet record",
	.recognise = recognise,
	.begin = begin,
	.burst = burst,
};
