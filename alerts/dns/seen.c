// Answers in, names of an address out.
#include "alerts/dns/seen.h"

#include "alerts/dns/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <xxhash.h>

#define SECOND_NS UINT64_C(1000000000)
#define AFTER_NS (3600 * SECOND_NS) // behind the TTL: how long a sender may go on with what it has looked up

enum { TTL_MAX_S = 604800 }; // RFC 8767 4: what is longer is a week

struct seen {
	struct pool mail, other;
	uint64_t seed;
};

int seen_open(struct seen **out)
{
	struct seen *s = calloc(1, sizeof(*s));
	int r;

	*out = s;
	if (!s)
		return -ENOMEM;
	r = getrandom(&s->seed, sizeof(s->seed), 0) == (ssize_t)sizeof(s->seed) ? 0 : -errno;
	if (!r)
		r = pool_open(&s->mail, SEEN_MAIL_MAX);
	if (!r)
		r = pool_open(&s->other, SEEN_OTHER_MAX);
	if (r)
		seen_close(out);
	return r;
}

void seen_close(struct seen **s)
{
	if (!*s)
		return;
	pool_close(&(*s)->mail);
	pool_close(&(*s)->other);
	free(*s);
	*s = NULL;
}

// ---- keys ----------------------------------------------------------------------------------------------------

// MX and CNAME are found by where they lead, addresses by themselves, TLSA by name, the rest by client.
static uint64_t hash_name(const struct seen *s, enum pool_kind kind, const char *name)
{
	return XXH3_64bits_withSeed(name, strlen(name), s->seed + kind);
}

static uint64_t hash_address(const struct seen *s, uint64_t what, uint8_t ip_v, const uint8_t address[16])
{
	return XXH3_64bits_withSeed(address, 16, s->seed + what + ip_v);
}

enum { ADDRESSES = 16, CLIENTS = 32 };

static bool of_client(const struct pool_record *r, uint8_t ip_v, const uint8_t client[16])
{
	return r->ip_v == ip_v && memcmp(r->client, client, 16) == 0;
}

static bool counts(const struct pool_record *r, uint64_t start_ns)
{
	return r->time_ns <= start_ns && start_ns <= r->until_ns;
}

// ---- taking --------------------------------------------------------------------------------------------------

static void put(struct seen *s, const struct pool_record *r, bool mail)
{
	struct pool *pools[] = {&s->mail, &s->other};

	for (size_t i = 0; i < 2; i++) {
		struct pool_record *old = pool_same(pools[i], r);
		mail |= old && i == 0;
		if (old)
			pool_remove(pools[i], old);
	}
	pool_add(mail ? &s->mail : &s->other, r);
}

static void copy_name(char to[DNS_NAME_MAX], const char *from)
{
	size_t len = strnlen(from, DNS_NAME_MAX - 1);
	memcpy(to, from, len);
	to[len] = '\0';
}

static struct pool_record record_of(const struct message_dns *m, enum pool_kind kind, const char *name, uint32_t ttl_s)
{
	const struct dns_facts *f = &m->facts;
	struct pool_record r = {.kind = (uint8_t)kind, .time_ns = m->head.time_ns, .frame = f->frame, .ip_v = f->ip_v};

	memcpy(r.client, f->client, sizeof(r.client));
	copy_name(r.name, name);
	r.until_ns = r.time_ns + (ttl_s < TTL_MAX_S ? ttl_s : TTL_MAX_S) * SECOND_NS + AFTER_NS;
	return r;
}

static bool is_loopback(uint8_t ip_v, const uint8_t a[16])
{
	static const uint8_t one[16] = {[15] = 1};
	return ip_v == 4 ? a[0] == 127 : memcmp(a, one, sizeof(one)) == 0;
}

// The client leaves the work, and the validating, to a resolver across the wire (RFC 6698 A.3): RD alone may also be sent
// to a server that knows the zone itself, CD says that the client validates.
static bool from_plain_resolver(const struct dns_facts *f)
{
	return f->flags & DNS_WANTED && f->flags & DNS_AVAILABLE && !(f->flags & DNS_UNCHECKED) && !is_loopback(f->ip_v, f->server);
}

// The names that the question leads to: answers about others are nobody's business (RFC 5452 6). In any order.
static size_t chain_of(const struct dns_facts *f, uint16_t chain[SEEN_ALIASES_MAX + 1])
{
	size_t n = 1;

	chain[0] = 0; // the name that was asked for
	for (bool more = true; more && n <= SEEN_ALIASES_MAX;) {
		more = false;
		for (size_t i = 0; i < f->n_answers && !more && n <= SEEN_ALIASES_MAX; i++) {
			const struct dns_answer *a = &f->answer[i];
			bool known = false;
			for (size_t k = 0; k < n; k++)
				known |= chain[k] == a->name;
			if (a->type == DNS_CNAME && a->owner == chain[n - 1] && !known) {
				chain[n++] = a->name;
				more = true;
			}
		}
	}
	return n;
}

static bool names_mx(const struct seen *s, const char *host)
{
	const struct pool_record *r = pool_first(&s->mail, hash_name(s, POOL_MX, host));
	while (r && !(r->kind == POOL_MX && strcmp(r->target, host) == 0))
		r = pool_next(&s->mail, r);
	return r;
}

static void take_answer(struct seen *s, const struct message_dns *m, const struct dns_answer *a, bool mail)
{
	const struct dns_facts *f = &m->facts;
	struct pool_record r = record_of(m, POOL_ADDRESS, f->text + a->owner, a->ttl_s);

	r.plain = from_plain_resolver(f);
	switch (a->type) {
	case DNS_MX:
	case DNS_CNAME:
		r.kind = a->type == DNS_MX ? POOL_MX : POOL_CNAME;
		copy_name(r.target, f->text + a->name);
		r.hash = hash_name(s, r.kind, r.target);
		break;
	case DNS_A:
	case DNS_AAAA:
		r.address_v = a->type == DNS_A ? 4 : 6;
		memcpy(r.address, a->address, sizeof(r.address));
		r.hash = hash_address(s, ADDRESSES, r.address_v, r.address);
		break;
	default:
		return;
	}
	put(s, &r, mail);
}

static void take_tlsa(struct seen *s, const struct message_dns *m)
{
	const struct dns_facts *f = &m->facts;
	struct pool_record r = record_of(m, POOL_TLSA, dns_qname(f), 0);
	bool has_records = false;

	r.hash = hash_name(s, POOL_TLSA, r.name);
	const struct pool_record *old = pool_same(&s->mail, &r);
	if (old) {
		r.tlsa = old->tlsa;
		r.until_ns = r.until_ns > old->until_ns ? r.until_ns : old->until_ns;
	}
	for (size_t i = 0; i < f->n_answers; i++) {
		uint64_t until_ns = r.time_ns + (f->answer[i].ttl_s < TTL_MAX_S ? f->answer[i].ttl_s : TTL_MAX_S) * SECOND_NS + AFTER_NS;
		has_records |= f->answer[i].type == DNS_TLSA;
		r.until_ns = until_ns > r.until_ns ? until_ns : r.until_ns;
	}
	if (!(f->flags & DNS_RESPONSE)) {
		r.tlsa.asked_ns = r.time_ns;
		r.tlsa.asked_frame = f->frame;
	} else if (has_records) {
		r.tlsa.records_ns = r.time_ns;
	} else if (f->rcode == DNS_NXDOMAIN || f->rcode == DNS_NOERROR) {
		r.tlsa.denied_ns = r.time_ns;
		r.tlsa.denied_frame = f->frame;
		r.tlsa.denied_rcode = f->rcode;
	} else {
		r.tlsa.failed_ns = r.time_ns;
		r.tlsa.failed_frame = f->frame;
	}
	// When it was first asked counts: what came later is told apart by its own time.
	r.time_ns = old && old->until_ns >= r.time_ns ? old->time_ns : r.time_ns;
	put(s, &r, true);
}

void seen_take(struct seen *s, const struct message_dns *m, bool asked)
{
	const struct dns_facts *f = &m->facts;
	uint16_t chain[SEEN_ALIASES_MAX + 1];

	if (f->flags & DNS_ENCRYPTED) {
		struct pool_record r = record_of(m, POOL_ENCRYPTED, "", 0);
		r.hash = hash_address(s, CLIENTS, r.ip_v, r.client);
		put(s, &r, false);
		return;
	}
	if (!asked || f->flags & DNS_TRUNCATED)
		return;
	if (f->qtype == DNS_TLSA)
		take_tlsa(s, m);
	else if (f->flags & DNS_RESPONSE && f->rcode == DNS_NOERROR) {
		size_t n = chain_of(f, chain);
		bool mail = f->qtype == DNS_MX || names_mx(s, dns_qname(f));
		for (size_t i = 0; i < f->n_answers; i++)
			for (size_t k = 0; k < n; k++)
				if (chain[k] == f->answer[i].owner)
					take_answer(s, m, &f->answer[i], mail);
	}
}

// ---- asking --------------------------------------------------------------------------------------------------

// What is looked for, and what was found of it.
struct search {
	const struct seen *s;
	uint64_t start_ns;
	bool own;
	struct seen_host *out;
	size_t n, max;
	size_t looks;               // records looked at: names may lead to each other in more ways than there are names
	const struct pool_record *address; // the one in hand
};

static void found(struct search *q, const char *host, const struct pool_record *mx, const char *domain)
{
	const struct pool_record *a = q->address;

	for (size_t i = 0; i < q->n; i++)
		if (strcmp(q->out[i].host, host) == 0 && strcmp(q->out[i].domain, domain) == 0)
			return;
	if (q->n == q->max)
		return;
	struct seen_host *h = &q->out[q->n++];
	*h = (struct seen_host){.mx = mx, .own_resolver = q->own, .plain = a->plain, .ip_v = a->ip_v, .frame = a->frame,
		.time_ns = a->time_ns, .mx_frame = mx ? mx->frame : 0, .mx_time_ns = mx ? mx->time_ns : 0};
	memcpy(h->client, a->client, sizeof(h->client));
	copy_name(h->host, host);
	copy_name(h->canonical, a->name);
	copy_name(h->domain, domain);
}

typedef void (*leads_fn)(struct search *q, const struct pool_record *r, const struct pool_record *mx, unsigned depth);

// Calls `each` for the records of `kind` that lead to `name`, as the client of the address in hand was told. How many.
static size_t leading(struct search *q, enum pool_kind kind, const char *name, const struct pool_record *mx, unsigned depth,
                      leads_fn each)
{
	const struct pool *pools[] = {&q->s->mail, &q->s->other};
	uint64_t hash = hash_name(q->s, kind, name);
	size_t n = 0;

	for (size_t i = 0; i < 2; i++) {
		const struct pool_record *r = pool_first(pools[i], hash);
		for (; r && q->looks++ < SEEN_LOOKS_MAX; r = pool_next(pools[i], r)) {
			if (r->kind != kind || strcmp(r->target, name) != 0 || !counts(r, q->start_ns) ||
			    !of_client(r, q->address->ip_v, q->address->client))
				continue;
			n++;
			each(q, r, mx, depth);
		}
	}
	return n;
}

// The domain that has this MX, and those whose CNAME it is.
static void found_domain(struct search *q, const struct pool_record *r, const struct pool_record *mx, unsigned depth)
{
	if (!mx)
		mx = r;
	found(q, mx->target, mx, r->name);
	if (depth < SEEN_ALIASES_MAX && q->n < q->max)
		leading(q, POOL_CNAME, r->name, mx, depth + 1, found_domain);
}

static void found_name(struct search *q, const char *name, unsigned depth);

static void found_alias(struct search *q, const struct pool_record *r, const struct pool_record *mx, unsigned depth)
{
	if (depth < SEEN_ALIASES_MAX && q->n < q->max)
		found_name(q, r->name, depth + 1);
}

static void found_name(struct search *q, const char *name, unsigned depth)
{
	size_t n = leading(q, POOL_MX, name, NULL, 0, found_domain);
	n += leading(q, POOL_CNAME, name, NULL, depth, found_alias);
	if (!n)
		found(q, name, NULL, "");
}

size_t seen_hosts(const struct seen *s, const struct conn_facts *c, uint64_t start_ns, struct seen_host *out, size_t max)
{
	const struct pool *pools[] = {&s->mail, &s->other};
	uint64_t hash = hash_address(s, ADDRESSES, c->ip_v, c->dst);
	struct search q = {.s = s, .start_ns = start_ns, .out = out, .max = max};

	for (int others = 0; others < 2; others++) {
		size_t looks = 0;
		q.own = !others;
		for (size_t i = 0; i < 2; i++) {
			const struct pool_record *r = pool_first(pools[i], hash);
			for (; r && q.n < max && looks++ < SEEN_LOOKS_MAX; r = pool_next(pools[i], r)) {
				if (r->kind != POOL_ADDRESS || r->address_v != c->ip_v || memcmp(r->address, c->dst, 16) != 0 ||
				    !counts(r, start_ns) || of_client(r, c->ip_v, c->src) == others)
					continue;
				q.address = r;
				q.looks = 0;
				found_name(&q, r->name, 0);
			}
		}
	}
	return q.n;
}

bool seen_tlsa(const struct seen *s, const struct seen_host *h, const char *base, uint16_t port, uint64_t start_ns,
               struct seen_tlsa *out)
{
	struct pool_record like = {.kind = POOL_TLSA, .ip_v = h->ip_v};
	int len = snprintf(like.name, sizeof(like.name), "_%u._tcp.%s", port, base);

	if (len >= DNS_NAME_MAX) // longer than any name that was asked for
		return false;
	memcpy(like.client, h->client, sizeof(like.client));
	like.hash = hash_name(s, POOL_TLSA, like.name);
	const struct pool_record *r = pool_same(&s->mail, &like);
	if (!r || !counts(r, start_ns))
		return false;
	*out = r->tlsa;
	return true;
}

bool seen_encrypted(const struct seen *s, const struct conn_facts *c, uint64_t start_ns, uint32_t *frame)
{
	const struct pool_record *r = pool_first(&s->other, hash_address(s, CLIENTS, c->ip_v, c->src));
	for (; r; r = pool_next(&s->other, r)) {
		if (r->kind != POOL_ENCRYPTED || !of_client(r, c->ip_v, c->src) || !counts(r, start_ns))
			continue;
		*frame = r->frame;
		return true;
	}
	return false;
}
