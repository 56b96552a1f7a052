// Records of an answer to policy values. Every record is somebody's octets: what does not fit or parse is left out, and that
// something was left out is told.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/expect/lookup_private.h"
#include "alerts/expect/name.h"

enum { LOOKED_AT_MAX = 2048 }; // records of an answer; beyond it they only count as more

void lookup_say(char out[static POLICY_WHY], const char *what, const char *why)
{
	if (out[0] == '\0' && snprintf(out, POLICY_WHY, "%s: %s", what, why) >= POLICY_WHY)
		memcpy(out + POLICY_WHY - 4, "...", 4);
}

// A name of rdata, not compressed, RFC 1035 3.1, as text. 0: it is no name; else octets of it. The root is "".
static size_t read_name(char out[static POLICY_NAME], const uint8_t *at, size_t len)
{
	size_t used = 0, n = 0;
	while (used < len && at[used] != 0) {
		size_t label = at[used++];
		if (label > 63 || label > len - used || n + label + 1 >= POLICY_NAME)
			return 0;
		// A dot inside a label would read as two; no host name has one.
		if (memchr(at + used, '.', label) != NULL || memchr(at + used, 0, label) != NULL)
			return 0;
		n += n > 0 ? (size_t)(out[n] = '.', 1) : 0;
		memcpy(out + n, at + used, label);
		n += label;
		used += label;
	}
	out[n] = '\0';
	return used < len ? used + 1 : 0;
}

static int by_preference(const void *a, const void *b)
{
	const struct policy_mx *x = a, *y = b;
	return x->preference != y->preference ? (x->preference < y->preference ? -1 : 1) : strcmp(x->host, y->host);
}

// False: it names no host that mail could be sent to.
static bool read_mx(struct policy_mx *out, bool *null, const struct resolver_record *r)
{
	char name[POLICY_NAME];
	if (r->len < 3 || read_name(name, r->octets + 2, r->len - 2) == 0)
		return false;
	*out = (struct policy_mx){.preference = (uint16_t)(r->octets[0] << 8 | r->octets[1])};
	*null = name[0] == '\0';
	return !*null && name_from_wire(out->host, (const uint8_t *)name, strlen(name));
}

// The best hosts are kept, in order of preference and name: answers come in any order, and ours shall be the same each time.
static void keep_best(struct policy_mx *kept, size_t *n, const struct policy_mx *one)
{
	for (size_t i = 0; i < *n; i++)
		if (by_preference(&kept[i], one) == 0)
			return;
	size_t at = *n < POLICY_MX_MAX ? (*n)++ : POLICY_MX_MAX - 1;
	if (at == POLICY_MX_MAX - 1 && *n == POLICY_MX_MAX && kept[at].host[0] != '\0' && by_preference(&kept[at], one) < 0)
		return;
	for (; at > 0 && by_preference(&kept[at - 1], one) > 0; at--)
		kept[at] = kept[at - 1];
	kept[at] = *one;
}

void lookup_read_mx(struct lookup *l, const struct resolver_answer *a)
{
	size_t n = 0, n_null = 0, n_hosts = 0;
	for (size_t i = 0; i < a->n && i < LOOKED_AT_MAX; i++) {
		struct policy_mx one;
		bool null = false;
		if (read_mx(&one, &null, &a->records[i])) {
			keep_best(l->mx, &n, &one);
			n_hosts++;
		} else if (!null) {
			l->domain.mx_more = true;
			lookup_say(l->domain.why, "MX", "a record names what is no host name");
		}
		n_null += null;
	}
	l->domain.n_mx = (uint8_t)n;
	l->domain.null_mx = n_null == 1 && a->n == 1; // beside others it says nothing, RFC 7505 3
	if (n_hosts <= POLICY_MX_MAX && a->n <= LOOKED_AT_MAX)
		return;
	l->domain.mx_more = true;
	lookup_say(l->domain.why, "MX", "more hosts than are looked at");
}

static int by_octets(const void *a, const void *b)
{
	const struct policy_address *x = a, *y = b;
	return x->ip_v != y->ip_v ? x->ip_v - y->ip_v : memcmp(x->octets, y->octets, sizeof x->octets);
}

void lookup_read_addresses(struct lookup_host *h, const struct resolver_answer *a, uint8_t ip_v)
{
	size_t len = ip_v == 4 ? 4 : 16;
	for (size_t i = 0; i < a->n; i++) {
		if (h->host.n_addresses == POLICY_ADDRESSES_MAX || a->records[i].len != len) {
			h->host.addresses_more = true;
			break;
		}
		struct policy_address *one = &h->addresses[h->host.n_addresses++];
		*one = (struct policy_address){.ip_v = ip_v};
		memcpy(one->octets, a->records[i].octets, len);
	}
	qsort(h->addresses, h->host.n_addresses, sizeof h->addresses[0], by_octets);
	if (h->host.addresses_ttl_s == 0 || (a->ttl_s > 0 && a->ttl_s < h->host.addresses_ttl_s))
		h->host.addresses_ttl_s = a->ttl_s;
}

static int by_data(const void *a, const void *b)
{
	const struct resolver_record *x = a, *y = b;
	int differ = memcmp(x->octets, y->octets, x->len < y->len ? x->len : y->len);
	return differ != 0 ? differ : (x->len > y->len) - (x->len < y->len);
}

static void put_tlsa(struct lookup_host *h, const struct resolver_record *r, uint8_t **at)
{
	size_t len = r->len - 3;
	struct policy_tlsa *one = &h->tlsa[h->host.tlsa.n++];
	*one = (struct policy_tlsa){.usage = r->octets[0], .selector = r->octets[1], .mtype = r->octets[2]};
	if (len == 0 || len > POLICY_TLSA_LEN)
		return;
	memcpy(*at, r->octets + 3, len);
	one->len = (uint16_t)len;
	one->data = *at;
	*at += len;
}

bool lookup_read_tlsa(struct lookup_host *h, const struct resolver_answer *a)
{
	struct resolver_record sorted[POLICY_TLSA_MAX];
	size_t n = 0, octets = 0;
	for (size_t i = 0; i < a->n && n < POLICY_TLSA_MAX; i++) {
		if (a->records[i].len < 3)
			continue;
		octets += a->records[i].len - 3 <= POLICY_TLSA_LEN ? a->records[i].len - 3 : 0;
		sorted[n++] = a->records[i];
	}
	uint8_t *at = h->tlsa_octets = malloc(octets + 1);
	if (at == NULL)
		return false;
	qsort(sorted, n, sizeof sorted[0], by_data);
	for (size_t i = 0; i < n; i++)
		put_tlsa(h, &sorted[i], &at);
	h->host.tlsa.more = n < a->n;
	return true;
}

size_t lookup_read_txt(struct sts_txt *out, size_t max, const struct resolver_answer *a)
{
	size_t n = 0;
	for (; n < a->n && n < max; n++)
		out[n] = (struct sts_txt){.octets = a->records[n].octets, .len = a->records[n].len};
	return n;
}
