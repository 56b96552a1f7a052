// A hash of fixed size over (server, digest), two places to look in a bucket; the older of the two leaves.
#include "alerts/resumed.h"

#include "hw/pages.h"

#include <errno.h>
#include <string.h>

#include <xxhash.h>

enum { WAYS = 2 };

struct given {
	uint64_t key;     // of server address, port and digest; 0: free
	uint64_t order;   // when it was learned
	struct resumed_from from;
};

struct resumed {
	uint64_t order;
	struct given given[RESUMED_MAX];
};

int resumed_open(struct resumed **out)
{
	*out = pages_map(sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void resumed_close(struct resumed **r)
{
	pages_unmap(*r, sizeof(**r));
	*r = NULL;
}

static uint64_t key_of(const struct conn_facts *c, uint64_t digest)
{
	struct {
		uint8_t address[16];
		uint64_t port, digest;
	} in = {.port = c->dst_port | (uint64_t)c->tap << 16, .digest = digest};
	memcpy(in.address, c->dst, sizeof(in.address));
	return XXH3_64bits(&in, sizeof(in)) | 1;
}

static struct given *bucket(struct resumed *r, uint64_t key)
{
	return &r->given[(key >> 32) % (RESUMED_MAX / WAYS) * WAYS];
}

static struct given *find(struct resumed *r, const struct conn_facts *c, uint64_t digest)
{
	uint64_t key = key_of(c, digest);
	struct given *g = bucket(r, key);
	for (int i = 0; digest && i < WAYS; i++)
		if (g[i].key == key)
			return &g[i];
	return NULL;
}

// The first session that was given it stays: a server that resumes returns the same id. So does what its server showed;
// only the session itself may say so later.
static void learn(struct resumed *r, const struct conn_facts *c, uint64_t digest, const struct resumed_from *from)
{
	struct given *g = find(r, c, digest);

	if (g && !peer_shown(g->from.chain_sha256) && strcmp(g->from.session, from->session) == 0)
		g->from = *from;
	if (!digest || g)
		return;
	uint64_t key = key_of(c, digest);
	g = bucket(r, key);
	if (g[1].order < g[0].order)
		g++;
	g->key = key;
	g->order = ++r->order;
	g->from = *from;
}

void resumed_take(struct resumed *r, const struct facts *f, const struct resumed_from *own, struct resumed_from *from)
{
	const struct tls_resumption *t = &f->tls.resumption;
	const struct given *given = NULL;

	*from = (struct resumed_from){0};
	if (!f->tls.completed)
		return;
	if (f->tls.resumed) {
		given = find(r, &f->conn, t->ticket_offered);
		if (!given)
			given = find(r, &f->conn, t->session_id_offered);
		if (!given)
			return;
		*from = given->from; // a copy: learning may take its place
		own = from;
	}
	learn(r, &f->conn, t->ticket_issued, own);
	if (!f->tls.resumed)
		learn(r, &f->conn, t->session_id_issued, own);
}
