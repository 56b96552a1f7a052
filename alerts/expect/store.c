// Two shelves, of domains and of hosts. See store.h for what they promise.
//
// A value is copied with everything it points to into one block. The bound in octets is there because one host may be a
// hundred times the size of another: whoever publishes large ones must not make us keep gigabytes.
#include "alerts/expect/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/expect/shelf.h"

enum {
	OCTETS_EACH = 4096,      // mean allowed: a domain with eight hosts has 3,500, a host with two addresses and records 2,000
	OCTETS_MIN = 4 << 20,    // however few there may be, a few of the largest
};

struct store {
	struct shelf domains, hosts;
	uint64_t octets_max, evicted;
};

int store_open(struct store **out, uint32_t domains_max, uint32_t hosts_max)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->octets_max = ((uint64_t)domains_max + hosts_max) * OCTETS_EACH;
	if (s->octets_max < OCTETS_MIN)
		s->octets_max = OCTETS_MIN;
	int r = shelf_open(&s->domains, domains_max);
	if (!r)
		r = shelf_open(&s->hosts, hosts_max);
	if (r)
		store_close(&s);
	*out = s;
	return r;
}

void store_close(struct store **s)
{
	if (!*s)
		return;
	shelf_close(&(*s)->domains);
	shelf_close(&(*s)->hosts);
	free(*s);
	*s = NULL;
}

static uint64_t shelf_octets(const struct shelf *s)
{
	return s->octets + s->by_name.octets + s->by_other.octets;
}

static uint64_t all_octets(const struct store *s)
{
	return shelf_octets(&s->domains) + shelf_octets(&s->hosts);
}

static void evict(struct store *s, struct shelf *shelf)
{
	shelf_remove(shelf, shelf->order[SHELF_USED].oldest);
	s->evicted++;
}

// Room for one more, then within the octets: the shelf that holds more of them gives, but never what is newest on it.
static void make_room(struct store *s, struct shelf *shelf)
{
	if (shelf_full(shelf) && shelf->slots.n_used)
		evict(s, shelf);
}

static void keep_bound(struct store *s)
{
	while (all_octets(s) > s->octets_max) {
		struct shelf *larger = shelf_octets(&s->domains) > shelf_octets(&s->hosts) ? &s->domains : &s->hosts;
		if (larger->slots.n_used < 2)
			break;
		evict(s, larger);
	}
}

// A piece of the block behind the value.
static void *carve(char **at, const void *from, size_t octets)
{
	void *to = *at;

	if (octets)
		memcpy(to, from, octets);
	*at += octets;
	return to;
}

// Puts `item` in the place of `before`, its links under their keys. Frees it when that fails.
static int place(struct store *s, struct shelf *shelf, struct shelf_item *item, struct shelf_item *before, const char *name)
{
	if (before)
		shelf_remove(shelf, before);
	else
		make_room(s, shelf);
	return shelf_add(shelf, item, name);
}

static int link_to(struct shelf *shelf, struct shelf_item *item, const void *key, size_t len)
{
	struct index_link *link = &item->links[item->n_links];

	link->owner = item;
	int r = index_add(&shelf->by_other, link, key, (uint16_t)len);
	if (!r)
		item->n_links++;
	return r;
}

static bool named_before(const struct policy_domain *d, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(d->mx[i].host, d->mx[n].host) == 0)
			return true;
	return false;
}

int store_put_domain(void *store, const struct policy_domain *d)
{
	struct store *s = store;
	size_t mx_octets = d->n_mx * sizeof(*d->mx), sts_octets = d->sts.n_mx * sizeof(*d->sts.mx);
	struct shelf_item *item = shelf_make(sizeof(*d) + mx_octets + sts_octets, d->n_mx);

	if (!item)
		return -ENOMEM;
	struct policy_domain *copy = item->value;
	char *at = (char *)(copy + 1);
	*copy = *d;
	copy->mx = carve(&at, d->mx, mx_octets);
	copy->sts.mx = carve(&at, d->sts.mx, sts_octets);
	int r = place(s, &s->domains, item, shelf_find(&s->domains, d->name), copy->name);
	for (size_t i = 0; !r && i < copy->n_mx; i++)
		if (!named_before(copy, i))
			r = link_to(&s->domains, item, copy->mx[i].host, strlen(copy->mx[i].host));
	keep_bound(s);
	return r;
}

static size_t set_octets(const struct policy_tlsa_set *t)
{
	size_t n = t->n * sizeof(*t->tlsa);

	for (size_t i = 0; i < t->n; i++)
		n += t->tlsa[i].len;
	return n;
}

// Records first, then their data: so everything is aligned.
static void carve_set(struct policy_tlsa_set *t, char **records, char **data)
{
	struct policy_tlsa *copy = carve(records, t->tlsa, t->n * sizeof(*copy));

	for (size_t i = 0; i < t->n; i++)
		copy[i].data = copy[i].len ? carve(data, copy[i].data, copy[i].len) : NULL;
	t->tlsa = copy;
}

static bool has_record(const struct policy_tlsa_set *t, const struct policy_tlsa *x)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct policy_tlsa *y = &t->tlsa[i];
		if (x->usage == y->usage && x->selector == y->selector && x->mtype == y->mtype && x->len == y->len &&
		    (!x->len || memcmp(x->data, y->data, x->len) == 0))
			return true;
	}
	return false;
}

// The order of an answer means nothing.
static bool same_records(const struct policy_tlsa_set *a, const struct policy_tlsa_set *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (!has_record(b, &a->tlsa[i]))
			return false;
	for (size_t i = 0; i < b->n; i++)
		if (!has_record(a, &b->tlsa[i]))
			return false;
	return true;
}

// What stood there before. A set without records is none to have rolled over from; then the one before it stays.
static struct policy_tlsa_set former_of(const struct policy_host *now, const struct policy_host *before)
{
	if (now->former.as_of_s || !before)
		return now->former;
	if (!before->tlsa.n || same_records(&now->tlsa, &before->tlsa))
		return before->former;
	struct policy_tlsa_set former = before->tlsa;
	former.until_s = before->tlsa.as_of_s;
	return former;
}

static size_t address_key(uint8_t out[17], const struct policy_address *a)
{
	out[0] = a->ip_v;
	memcpy(out + 1, a->octets, 16);
	return 17;
}

static bool listed_before(const struct policy_host *h, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(&h->addresses[i], &h->addresses[n], sizeof(h->addresses[n])) == 0)
			return true;
	return false;
}

int store_put_host(void *store, const struct policy_host *h)
{
	struct store *s = store;
	struct shelf_item *before = shelf_find(&s->hosts, h->name);
	struct policy_tlsa_set former = former_of(h, before ? before->value : NULL);
	size_t addresses = h->n_addresses * sizeof(*h->addresses);
	struct shelf_item *item = shelf_make(sizeof(*h) + set_octets(&h->tlsa) + set_octets(&former) + addresses, h->n_addresses);

	if (!item)
		return -ENOMEM;
	struct policy_host *copy = item->value;
	char *records = (char *)(copy + 1), *data = records + (h->tlsa.n + former.n) * sizeof(struct policy_tlsa);
	*copy = *h;
	copy->former = former;
	carve_set(&copy->tlsa, &records, &data);
	carve_set(&copy->former, &records, &data);
	copy->addresses = carve(&data, h->addresses, addresses);
	int r = place(s, &s->hosts, item, before, copy->name);
	for (size_t i = 0; !r && i < copy->n_addresses; i++) {
		uint8_t key[17];
		if (!listed_before(copy, i))
			r = link_to(&s->hosts, item, key, address_key(key, &copy->addresses[i]));
	}
	keep_bound(s);
	return r;
}

static void *value_of(struct shelf_item *item)
{
	return item ? item->value : NULL;
}

const struct policy_domain *store_domain(struct store *s, const char *name)
{
	return value_of(shelf_find(&s->domains, name));
}

const struct policy_host *store_host(struct store *s, const char *name)
{
	return value_of(shelf_find(&s->hosts, name));
}

size_t store_at_address(struct store *s, const struct policy_address *a, const struct policy_host **out, size_t max)
{
	uint8_t key[17];
	const struct index_key *k = index_find(&s->hosts.by_other, key, address_key(key, a));
	size_t n = 0;

	for (const struct index_link *l = k ? k->first : NULL; l && n < max; l = l->next) {
		shelf_touch(&s->hosts, l->owner);
		out[n++] = value_of(l->owner);
	}
	return k ? k->n : 0;
}

size_t store_of_host(struct store *s, const char *host, const struct policy_domain **out, size_t max)
{
	const struct index_key *k = index_find(&s->domains.by_other, host, strlen(host));
	size_t n = 0;

	for (const struct index_link *l = k ? k->first : NULL; l && n < max; l = l->next) {
		shelf_touch(&s->domains, l->owner);
		out[n++] = value_of(l->owner);
	}
	return k ? k->n : 0;
}

const struct policy_domain *store_next_domain(struct store *s, uint32_t *at)
{
	return value_of(shelf_next(&s->domains, at));
}

const struct policy_host *store_next_host(struct store *s, uint32_t *at)
{
	return value_of(shelf_next(&s->hosts, at));
}

void store_flush(struct store *s)
{
	struct shelf *const shelves[] = {&s->domains, &s->hosts};

	for (size_t i = 0; i < 2; i++)
		while (shelves[i]->order[SHELF_PUT].oldest)
			shelf_remove(shelves[i], shelves[i]->order[SHELF_PUT].oldest);
}

struct store_counts store_counts(const struct store *s)
{
	return (struct store_counts){
		.domains = s->domains.slots.n_used,
		.hosts = s->hosts.slots.n_used,
		.evicted = s->evicted,
		.octets = all_octets(s),
	};
}
