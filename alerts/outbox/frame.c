// Frames and heads of segments: see alerts/outbox/frame.h. Nothing here touches a file.
#include "alerts/outbox/frame.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <zlib.h>

#include "alerts/finding.h"

enum { COVERED_FROM = offsetof(struct frame, len), COVERED = offsetof(struct frame, link) - COVERED_FROM };

struct frame_linker {
	EVP_MD *sha256;
	EVP_MD_CTX *ctx;
};

size_t frame_octets(size_t len)
{
	return (sizeof(struct frame) + len + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN;
}

bool frame_about_good(const struct outbox_about *a)
{
	return a->type < RECORD_TYPES && a->severity < OUTBOX_SEVERITIES && a->confidence <= CONFIDENCE_CERTAIN && a->zero == 0;
}

// ---- links -----------------------------------------------------------------------------------------------------------

struct frame_linker *frame_linker_open(void)
{
	struct frame_linker *l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	l->ctx = EVP_MD_CTX_new();
	if (!l->sha256 || !l->ctx)
		frame_linker_close(&l);
	return l;
}

void frame_linker_close(struct frame_linker **l)
{
	if (!*l)
		return;
	EVP_MD_CTX_free((*l)->ctx);
	EVP_MD_free((*l)->sha256);
	free(*l);
	*l = NULL;
}

void frame_link(struct frame_linker *l, uint8_t out[static OUTBOX_HASH], const uint8_t before[static OUTBOX_HASH],
                const struct frame *f, const void *line)
{
	if (!EVP_DigestInit_ex2(l->ctx, l->sha256, NULL) || !EVP_DigestUpdate(l->ctx, before, OUTBOX_HASH) ||
	    !EVP_DigestUpdate(l->ctx, (const uint8_t *)f + COVERED_FROM, COVERED) || !EVP_DigestUpdate(l->ctx, line, f->len) ||
	    !EVP_DigestFinal_ex(l->ctx, out, NULL))
		memset(out, 0, OUTBOX_HASH); // fits nowhere
}

void frame_link_first(uint8_t out[static OUTBOX_HASH], uint64_t epoch, enum outbox_lane lane)
{
	uint8_t octets[16 + sizeof(epoch) + 1] = "postwacht outbox";
	memcpy(octets + 16, &epoch, sizeof(epoch));
	octets[16 + sizeof(epoch)] = (uint8_t)lane;
	if (!EVP_Digest(octets, sizeof(octets), out, NULL, EVP_sha256(), NULL))
		memset(out, 0, OUTBOX_HASH);
}

// ---- frames ----------------------------------------------------------------------------------------------------------

static uint32_t crc_of(const void *octets, size_t len)
{
	return (uint32_t)crc32(crc32(0, NULL, 0), octets, (uInt)len);
}

static uint32_t head_crc(const struct frame *f)
{
	return crc_of((const uint8_t *)f + COVERED_FROM, sizeof(*f) - COVERED_FROM);
}

void frame_write(uint8_t *out, struct frame *f, const void *line, struct frame_linker *l, uint8_t link[static OUTBOX_HASH])
{
	size_t used = sizeof(*f) + f->len;
	uint8_t *copy = out + sizeof(*f);
	memmove(copy, line, f->len);
	f->magic = FRAME_MAGIC;
	f->line_crc = crc_of(copy, f->len);
	frame_link(l, f->link, link, f, copy);
	memcpy(link, f->link, OUTBOX_HASH);
	f->crc = head_crc(f);
	memcpy(out, f, sizeof(*f));
	memset(out + used, 0, frame_octets(f->len) - used);
}

bool frame_read(const uint8_t *octets, size_t n, struct frame *f)
{
	if (n < sizeof(*f))
		return false;
	memcpy(f, octets, sizeof(*f));
	return f->magic == FRAME_MAGIC && f->len <= OUTBOX_LINE_MAX && frame_octets(f->len) <= n && f->crc == head_crc(f) &&
	       frame_about_good(&f->about);
}

bool frame_line_good(const struct frame *f, const void *line)
{
	return crc_of(line, f->len) == f->line_crc;
}

// ---- heads -----------------------------------------------------------------------------------------------------------

static uint32_t segment_crc(const struct segment_head *h)
{
	struct segment_head copy = *h;
	copy.crc = 0;
	return crc_of(&copy, sizeof(copy));
}

void segment_head_seal(struct segment_head *h)
{
	h->magic = SEGMENT_MAGIC;
	h->version = OUTBOX_VERSION;
	h->crc = segment_crc(h);
}

enum segment_kind segment_head_kind(const struct segment_head *h, enum outbox_lane lane, uint64_t first)
{
	bool ours = h->magic == SEGMENT_MAGIC;
	if (ours && h->version == OUTBOX_VERSION && h->crc == segment_crc(h) && h->lane == lane && h->first == first)
		return SEGMENT_GOOD;
	bool other = (ours && h->version != OUTBOX_VERSION) || h->magic == __builtin_bswap32(SEGMENT_MAGIC);
	return other ? SEGMENT_OTHER_VERSION : SEGMENT_BAD;
}

void counts_add(struct outbox_counts *c, const struct outbox_about *a)
{
	c->n[a->type][a->severity]++;
}

uint64_t counts_sum(const struct outbox_counts *c)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < RECORD_TYPES; i++)
		for (size_t k = 0; k < OUTBOX_SEVERITIES; k++)
			sum += c->n[i][k];
	return sum;
}
