// Secrets in a chained hash over a ring: what came first is overwritten first. The hash is keyed, because the client
// randoms are those of whoever connects to the operator's servers: they could be chosen to share a chain.
#include "alerts/keylog/keylog.h"

#include "alerts/keylog/files.h"
#include "hw/slab.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <xxhash.h>

enum { HEADS = KEYLOG_SECRETS_MAX };

static_assert((HEADS & (HEADS - 1)) == 0, "HEADS - 1 is a mask");

struct entry {
	uint32_t hash_next;
	uint8_t client_random[32];
	struct keylog_secrets secrets;
};

struct keylog {
	uint64_t seed;
	uint32_t *heads;
	struct slab entries;
	uint64_t n_ever;         // entries ever made; the next one is written over the oldest
	struct keylog_text text; // of keylog_take()
	struct keylog_files *files;
	struct keylog_counts counts;
};

static struct entry *at(const struct keylog *k, uint32_t index)
{
	return slab_at(&k->entries, index);
}

static uint32_t *bucket(const struct keylog *k, const uint8_t client_random[32])
{
	return &k->heads[XXH3_64bits_withSeed(client_random, 32, k->seed) & (HEADS - 1)];
}

static struct entry *find(const struct keylog *k, const uint8_t client_random[32])
{
	for (uint32_t i = *bucket(k, client_random); i; i = at(k, i)->hash_next)
		if (memcmp(at(k, i)->client_random, client_random, 32) == 0)
			return at(k, i);
	return NULL;
}

static void forget(struct keylog *k, uint32_t index)
{
	uint32_t *link = bucket(k, at(k, index)->client_random);

	while (*link != index)
		link = &at(k, *link)->hash_next;
	*link = at(k, index)->hash_next;
	OPENSSL_cleanse(at(k, index), sizeof(struct entry));
	k->counts.evicted++;
}

static struct entry *add(struct keylog *k, const uint8_t client_random[32])
{
	uint32_t index = slab_get(&k->entries), *head = bucket(k, client_random);

	if (!index) {
		index = (uint32_t)(k->n_ever % KEYLOG_SECRETS_MAX) + 1;
		forget(k, index);
	}
	k->n_ever++;
	memcpy(at(k, index)->client_random, client_random, 32);
	at(k, index)->hash_next = *head;
	*head = index;
	return at(k, index);
}

// The last word on a session is right: the beginning of a secret may have been read while it was being written.
static void keep(struct keylog *k, const struct keylog_line *l, bool server)
{
	struct entry *e = find(k, l->client_random);
	if (!e)
		e = add(k, l->client_random);
	uint8_t *secret = server ? e->secrets.server : e->secrets.client;
	uint8_t *len = server ? &e->secrets.server_len : &e->secrets.client_len;

	if (*len == l->secret_len && memcmp(secret, l->secret, *len) == 0)
		return;
	k->counts.kept += *len == 0;
	memcpy(secret, l->secret, l->secret_len);
	*len = l->secret_len;
}

static enum keylog_line_kind take_line(struct keylog *k, const char *line, size_t len)
{
	struct keylog_line l;
	enum keylog_line_kind kind = keylog_line_parse(&l, line, len);

	if (kind == KEYLOG_LINE_SERVER || kind == KEYLOG_LINE_CLIENT)
		keep(k, &l, kind == KEYLOG_LINE_SERVER);
	OPENSSL_cleanse(&l, sizeof(l));
	return kind;
}

static void end_line(struct keylog *k, struct keylog_text *t)
{
	enum keylog_line_kind kind = t->skipping ? KEYLOG_LINE_BAD : take_line(k, t->line, t->len);

	k->counts.lines += kind != KEYLOG_LINE_NOTHING;
	k->counts.other_labels += kind == KEYLOG_LINE_OTHER;
	k->counts.malformed += kind == KEYLOG_LINE_BAD;
	OPENSSL_cleanse(t, sizeof(*t));
}

static void take(void *ctx, struct keylog_text *t, const char *octets, size_t len)
{
	for (const char *end = octets + len; octets < end;) {
		const char *feed = memchr(octets, '\n', (size_t)(end - octets));
		size_t n = (size_t)((feed ? feed : end) - octets);
		if (n > sizeof(t->line) - t->len)
			t->skipping = true;
		if (!t->skipping) {
			memcpy(t->line + t->len, octets, n);
			t->len += (uint16_t)n;
		}
		if (feed)
			end_line(ctx, t);
		octets += n + (feed != NULL);
	}
}

// A line without an end may be whole all the same: it is tried, and read again when its end comes.
static void try_line(void *ctx, const struct keylog_text *t)
{
	if (!t->skipping)
		take_line(ctx, t->line, t->len);
}

static int open_table(struct keylog *k)
{
	if (getrandom(&k->seed, sizeof(k->seed), 0) != (ssize_t)sizeof(k->seed))
		return -errno;
	k->heads = calloc(HEADS, sizeof(*k->heads));
	return k->heads ? slab_open(&k->entries, sizeof(struct entry), KEYLOG_SECRETS_MAX) : -ENOMEM;
}

int keylog_open(struct keylog **out, const char *path)
{
	struct keylog *k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	const struct keylog_reader reader = {.take = take, .pause = try_line, .ctx = k};
	int r = open_table(k);
	if (!r && path)
		r = keylog_files_open(&k->files, path, &reader);
	if (!r && path)
		r = keylog_files_read(k->files);
	if (r) {
		keylog_close(&k);
		return r;
	}
	*out = k;
	return 0;
}

void keylog_close(struct keylog **k)
{
	if (!*k)
		return;
	keylog_files_close(&(*k)->files);
	for (uint32_t i = 1; i <= (*k)->entries.n_used; i++)
		OPENSSL_cleanse(at(*k, i), sizeof(struct entry));
	slab_close(&(*k)->entries);
	free((*k)->heads);
	OPENSSL_cleanse(*k, sizeof(**k));
	free(*k);
	*k = NULL;
}

const struct keylog_secrets *keylog_find(struct keylog *k, const uint8_t client_random[32])
{
	const struct entry *e = find(k, client_random);

	if (k->files && (!e || !e->secrets.server_len || !e->secrets.client_len)) {
		(void)keylog_files_read(k->files); // it has logged what is wrong, and the rest is what there is
		e = find(k, client_random);
	}
	return e ? &e->secrets : NULL;
}

struct keylog_counts keylog_counts(const struct keylog *k)
{
	return k->counts;
}

void keylog_take(struct keylog *k, const char *text, size_t len, int last)
{
	take(k, &k->text, text, len);
	if (last && (k->text.len || k->text.skipping))
		end_line(k, &k->text);
}
