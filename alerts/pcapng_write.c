// pcapng, written: see alerts/pcapng_write.h.
#include "alerts/pcapng_write.h"

#include <string.h>

enum { BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_PACKET = 6 };
enum { OPTION_END, OPTION_COMMENT, SECTION_HARDWARE = 2, SECTION_OS = 3, SECTION_PROGRAM = 4, INTERFACE_NAME = 2, INTERFACE_TSRESOL = 9 };
enum { ORDER_MAGIC = 0x1a2b3c4d, VERSION_MAJOR = 1, VERSION_MINOR = 0, NANOSECONDS = 9, OPTION_MAX = 65535 };

static const char *const hardware =
#if defined(__x86_64__)
	"x86-64";
#elif defined(__aarch64__)
	"AArch64";
#else
	"";
#endif

static void put(struct pcapng_write *w, const void *p, size_t len)
{
	if (w->overflow || len > (size_t)(w->end - w->at)) {
		w->overflow = true;
		return;
	}
	if (len)
		memcpy(w->at, p, len);
	w->at += len;
}

static void put16(struct pcapng_write *w, uint16_t v)
{
	put(w, &v, sizeof(v));
}

static void put32(struct pcapng_write *w, uint32_t v)
{
	put(w, &v, sizeof(v));
}

// Everything stands at a multiple of four.
static void pad(struct pcapng_write *w, size_t len)
{
	put(w, "\0\0\0", -len & 3);
}

static void option(struct pcapng_write *w, uint16_t code, const void *p, size_t len)
{
	len = len < OPTION_MAX ? len : OPTION_MAX;
	w->options = true;
	put16(w, code);
	put16(w, (uint16_t)len);
	put(w, p, len);
	pad(w, len);
}

static void text_option(struct pcapng_write *w, uint16_t code, const char *text)
{
	if (*text)
		option(w, code, text, strlen(text));
}

static void begin(struct pcapng_write *w, uint32_t type)
{
	w->block = w->at;
	w->options = false;
	put32(w, type);
	put32(w, 0); // the length, when it is known
}

void pcapng_write_init(struct pcapng_write *w, void *out, size_t cap)
{
	*w = (struct pcapng_write){.start = out, .at = out, .end = (uint8_t *)out + cap};
}

void pcapng_write_section(struct pcapng_write *w, const char *program)
{
	begin(w, BLOCK_SECTION);
	put32(w, ORDER_MAGIC);
	put16(w, VERSION_MAJOR);
	put16(w, VERSION_MINOR);
	put32(w, UINT32_MAX); // of a length that is not told
	put32(w, UINT32_MAX);
	text_option(w, SECTION_HARDWARE, hardware);
	text_option(w, SECTION_OS, "Linux");
	text_option(w, SECTION_PROGRAM, program);
}

void pcapng_write_interface(struct pcapng_write *w, uint16_t linktype, const char *name)
{
	const uint8_t resolution = NANOSECONDS;
	begin(w, BLOCK_INTERFACE);
	put16(w, linktype);
	put16(w, 0);
	put32(w, 0); // no snaplen that is told
	text_option(w, INTERFACE_NAME, name);
	option(w, INTERFACE_TSRESOL, &resolution, sizeof(resolution));
}

void pcapng_write_packet(struct pcapng_write *w, const struct pcapng_packet *p)
{
	begin(w, BLOCK_PACKET);
	put32(w, p->interface);
	put32(w, (uint32_t)(p->time_ns >> 32));
	put32(w, (uint32_t)p->time_ns);
	put32(w, p->len);
	put32(w, p->wire_len);
	put(w, p->octets, p->len);
	pad(w, p->len);
}

void pcapng_write_comment(struct pcapng_write *w, const char *text, size_t len)
{
	option(w, OPTION_COMMENT, text, len);
}

void pcapng_write_end(struct pcapng_write *w)
{
	if (w->options)
		put32(w, OPTION_END);
	uint32_t len = (uint32_t)(w->at - w->block) + 4;
	put32(w, len);
	if (!w->overflow)
		memcpy(w->block + 4, &len, sizeof(len));
}
