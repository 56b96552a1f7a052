// Members of a domain and of a host as JSON.
//
// A time that is that of what is around the value is left out, and so is what is zero.
#include "alerts/expect/snapshot_print.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "alerts/expect/snapshot_time.h"
#include "alerts/session.h"

void snapshot_print_time(struct json *j, int64_t time_s)
{
	char text[SNAPSHOT_TIME];

	snapshot_time_text(text, time_s);
	json_put_word(j, text);
}

static void put_as_of(struct json *j, int64_t time_s, int64_t around_s)
{
	if (time_s == around_s)
		return;
	json_key(j, "as_of");
	snapshot_print_time(j, time_s);
}

static void put_address(struct json *j, uint8_t ip_v, const uint8_t octets[16])
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(ip_v == 6 ? AF_INET6 : AF_INET, octets, text, sizeof(text));
	json_put_word(j, text);
}

static void put_hex(struct json *j, const uint8_t *octets, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		char pair[2] = {digits[octets[i] >> 4], digits[octets[i] & 15]};
		json_put_raw(j, pair, 2);
	}
}

static void put_record(struct json *j, const struct policy_tlsa *t)
{
	char fields[16];

	json_open_string(j);
	int n = snprintf(fields, sizeof(fields), "%u %u %u%s", t->usage, t->selector, t->mtype, t->len ? " " : "");
	json_put_raw(j, fields, (size_t)n);
	put_hex(j, t->data, t->len);
	json_close_string(j);
}

static void put_set(struct json *j, const struct policy_tlsa_set *t)
{
	json_field(j, "dnssec", word, policy_dnssec_name(t->dnssec));
	if (t->ttl_s)
		json_field(j, "ttl", u64, t->ttl_s);
	if (t->base[0])
		json_field(j, "base", word, t->base);
	json_key(j, "records");
	json_open_array(j);
	for (size_t i = 0; i < t->n; i++)
		put_record(j, &t->tlsa[i]);
	json_close_array(j);
	if (t->more)
		json_field(j, "more", flag, true);
}

static void put_former(struct json *j, const struct policy_tlsa_set *t)
{
	json_key(j, "former");
	json_open_object(j);
	put_set(j, t);
	json_key(j, "until");
	snapshot_print_time(j, t->until_s);
	put_as_of(j, t->as_of_s, t->until_s);
	json_close_object(j);
}

static bool tlsa_known(const struct policy_host *h)
{
	const struct policy_tlsa_set *t = &h->tlsa;

	return t->dnssec || t->n || t->ttl_s || t->more || h->former.as_of_s;
}

static void put_tlsa(struct json *j, const struct policy_host *h)
{
	if (!tlsa_known(h))
		return;
	json_key(j, "tlsa");
	json_open_object(j);
	put_set(j, &h->tlsa);
	put_as_of(j, h->tlsa.as_of_s, h->as_of_s);
	if (h->former.as_of_s)
		put_former(j, &h->former);
	json_close_object(j);
}

static void put_addresses(struct json *j, const struct policy_host *h)
{
	if (!h->addresses_dnssec && !h->n_addresses && !h->addresses_ttl_s && !h->addresses_more)
		return;
	json_key(j, "addresses");
	json_open_object(j);
	json_field(j, "dnssec", word, policy_dnssec_name(h->addresses_dnssec));
	if (h->addresses_ttl_s)
		json_field(j, "ttl", u64, h->addresses_ttl_s);
	json_key(j, "list");
	json_open_array(j);
	for (size_t i = 0; i < h->n_addresses; i++)
		put_address(j, h->addresses[i].ip_v, h->addresses[i].octets);
	json_close_array(j);
	if (h->addresses_more)
		json_field(j, "more", flag, true);
	json_close_object(j);
}

static void put_probe(struct json *j, const struct policy_probe *p)
{
	static const uint8_t none[sizeof(p->spki_sha256)];

	if (!p->at_s)
		return;
	json_key(j, "probe");
	json_open_object(j);
	json_key(j, "at");
	snapshot_print_time(j, p->at_s);
	json_key(j, "address");
	put_address(j, p->ip_v, p->address);
	json_field(j, "starttls", flag, p->starttls);
	json_field(j, "tls", flag, p->tls);
	json_field(j, "dane", word, dane_name(p->dane));
	if (memcmp(p->spki_sha256, none, sizeof(none)) != 0) {
		json_key(j, "spki_sha256");
		json_open_string(j);
		put_hex(j, p->spki_sha256, sizeof(p->spki_sha256));
		json_close_string(j);
	}
	json_close_object(j);
}

void snapshot_print_host(struct json *j, const struct policy_host *h, int64_t around_s)
{
	if (h->canonical[0])
		json_field(j, "canonical", word, h->canonical);
	put_addresses(j, h);
	put_tlsa(j, h);
	if (h->denial_broken)
		json_field(j, "denial_broken", flag, true);
	put_probe(j, &h->probe);
	if (h->why[0])
		json_field(j, "why", cstr, h->why);
	put_as_of(j, h->as_of_s, around_s);
}

static void put_mx(struct json *j, const struct policy_domain *d, const struct policy_host *const *hosts)
{
	if (!d->mx_dnssec && !d->n_mx && !d->null_mx && !d->implicit_mx && !d->mx_more && !d->mx_ttl_s)
		return;
	json_key(j, "mx");
	json_open_object(j);
	json_field(j, "dnssec", word, policy_dnssec_name(d->mx_dnssec));
	if (d->mx_ttl_s)
		json_field(j, "ttl", u64, d->mx_ttl_s);
	if (d->implicit_mx)
		json_field(j, "implicit", flag, true);
	json_key(j, "hosts");
	json_open_array(j);
	for (size_t i = 0; i < d->n_mx; i++) {
		json_open_object(j);
		json_field(j, "name", word, d->mx[i].host);
		json_field(j, "preference", u64, d->mx[i].preference);
		if (hosts[i])
			snapshot_print_host(j, hosts[i], d->as_of_s);
		json_close_object(j);
	}
	if (d->null_mx && !d->n_mx)
		json_put_raw(j, "{\"name\":\".\",\"preference\":0}", 27);
	json_close_array(j);
	if (d->mx_more)
		json_field(j, "more", flag, true);
	json_close_object(j);
}

static void put_sts(struct json *j, const struct policy_sts *s, int64_t around_s)
{
	if (!s->mode && !s->fault && !s->id_unchanged && !s->removed && !s->n_mx && !s->max_age_s && !s->id[0] && !s->why[0] &&
	    !s->as_of_s)
		return;
	json_key(j, "mta_sts");
	json_open_object(j);
	json_field(j, "mode", word, policy_sts_mode_name(s->mode));
	if (s->id[0] || s->mode == STS_MODE_NONE)
		json_field(j, "id", word, s->id);
	if (s->n_mx) {
		json_key(j, "mx");
		json_open_array(j);
		for (size_t i = 0; i < s->n_mx; i++)
			json_put_word(j, s->mx[i]);
		json_close_array(j);
	}
	if (s->max_age_s)
		json_field(j, "max_age", u64, s->max_age_s);
	if (s->fault)
		json_field(j, "fault", word, policy_sts_fault_name(s->fault));
	if (s->why[0])
		json_field(j, "why", cstr, s->why);
	if (s->id_unchanged)
		json_field(j, "id_unchanged", flag, true);
	if (s->removed)
		json_field(j, "removed", flag, true);
	put_as_of(j, s->as_of_s, around_s);
	json_close_object(j);
}

void snapshot_print_domain(struct json *j, const struct policy_domain *d, const struct policy_host *const *hosts, int64_t around_s)
{
	put_as_of(j, d->as_of_s, around_s);
	if (d->canonical[0])
		json_field(j, "canonical", word, d->canonical);
	put_mx(j, d, hosts);
	put_sts(j, &d->sts, d->as_of_s);
	if (d->tlsrpt)
		json_field(j, "tlsrpt", flag, d->tlsrpt == TLSRPT_PRESENT);
	if (d->why[0])
		json_field(j, "why", cstr, d->why);
}
