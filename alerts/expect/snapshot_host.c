// A host of a snapshot: its addresses, its TLSA records, what a probe saw.
#include "alerts/expect/snapshot_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/session.h"

static const char *const host_members[] = {"addresses", "tlsa", "canonical", "denial_broken", "why", "as_of", "probe", NULL};
static const char *const inside_members[] = {"name", "preference", "addresses", "tlsa", "canonical", "denial_broken", "why",
	"as_of", "probe", NULL};
static const char *const address_members[] = {"dnssec", "ttl", "list", "more", NULL};
static const char *const tlsa_members[] = {"dnssec", "ttl", "base", "records", "more", "as_of", "former", NULL};
static const char *const former_members[] = {"dnssec", "ttl", "base", "records", "more", "as_of", "until", NULL};
static const char *const probe_members[] = {"at", "address", "starttls", "tls", "dane", "spki_sha256", NULL};

static const char *dane_word(unsigned value)
{
	return dane_name((enum dane)value);
}

static void read_addresses(struct reader *r, const json_t *value, struct policy_host *h)
{
	struct policy_address spare;

	if (!reader_object(r, value, address_members))
		return;
	reader_required(r, value, "dnssec", JSON_STRING);
	h->addresses_dnssec = reader_word(r, value, "dnssec", reader_dnssec_name, DNSSEC_UNKNOWN);
	h->addresses_ttl_s = reader_number(r, value, "ttl", UINT32_MAX);
	const json_t *list = reader_required(r, value, "list", JSON_ARRAY);
	size_t n = json_array_size(list);
	for (size_t i = 0; i < n && reader_ok(r); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		size_t mark = reader_enter(r, ".list[%zu]", i);
		if (!text || !reader_address(text, i < POLICY_ADDRESSES_MAX ? &r->room->addresses[i] : &spare))
			reader_fail(r, "must be an IP address");
		reader_leave(r, mark);
	}
	h->addresses_more = reader_flag(r, value, "more") || n > POLICY_ADDRESSES_MAX;
	h->n_addresses = (uint8_t)(n < POLICY_ADDRESSES_MAX ? n : POLICY_ADDRESSES_MAX);
	h->addresses = r->room->addresses;
}

// "3 1 1 <hex>"; without hex it is a record whose data were more than we keep, or none.
static bool parse_record(const char *text, struct policy_tlsa *t, uint8_t data[POLICY_TLSA_LEN])
{
	uint8_t *const fields[] = {&t->usage, &t->selector, &t->mtype};
	size_t len = 0;

	for (size_t i = 0; i < 3; i++) {
		char *end;
		if (*text < '0' || *text > '9')
			return false;
		unsigned long n = strtoul(text, &end, 10);
		if (n > 255 || (*text == '0' && end - text > 1) || end - text > 3 || (*end != ' ' && (i < 2 || *end)))
			return false;
		*fields[i] = (uint8_t)n;
		text = end + (*end == ' ');
	}
	if (!reader_hex(text, data, POLICY_TLSA_LEN, &len))
		return false;
	t->len = (uint16_t)(len <= POLICY_TLSA_LEN ? len : 0);
	t->data = t->len ? data : NULL;
	return true;
}

static void read_records(struct reader *r, const json_t *value, struct policy_tlsa_set *t, bool former)
{
	struct policy_tlsa spare;
	uint8_t data[POLICY_TLSA_LEN];
	const json_t *list = reader_required(r, value, "records", JSON_ARRAY);
	size_t n = json_array_size(list);

	for (size_t i = 0; i < n && reader_ok(r); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		bool kept = i < POLICY_TLSA_MAX;
		size_t mark = reader_enter(r, ".records[%zu]", i);
		if (!text || !parse_record(text, kept ? &r->room->tlsa[former][i] : &spare, kept ? r->room->data[former][i] : data))
			reader_fail(r, "must be a TLSA record as \"3 1 1 <hex>\"");
		reader_leave(r, mark);
	}
	t->n = (uint8_t)(n < POLICY_TLSA_MAX ? n : POLICY_TLSA_MAX);
	t->more = reader_flag(r, value, "more") || n > POLICY_TLSA_MAX;
	t->ttl_s = reader_number(r, value, "ttl", UINT32_MAX);
	t->tlsa = r->room->tlsa[former];
}

static void read_former(struct reader *r, const json_t *value, struct policy_host *h)
{
	if (!value || !reader_object(r, value, former_members))
		return;
	h->former.dnssec = reader_word(r, value, "dnssec", reader_dnssec_name, DNSSEC_SECURE);
	memcpy(h->former.base, h->tlsa.base, sizeof(h->former.base));
	reader_name(r, value, "base", h->former.base);
	read_records(r, value, &h->former, true);
	reader_required(r, value, "until", JSON_STRING);
	h->former.until_s = reader_time(r, value, "until", 0);
	h->former.as_of_s = reader_time(r, value, "as_of", h->former.until_s);
	if (h->former.as_of_s == 0)
		reader_fail(r, "\"as_of\" must be after 1970-01-01T00:00:00Z");
}

// A TLSA base domain that is not the name of the host is where its CNAMEs lead.
static void read_tlsa(struct reader *r, const json_t *value, struct policy_host *h)
{
	if (!reader_object(r, value, tlsa_members))
		return;
	reader_required(r, value, "dnssec", JSON_STRING);
	h->tlsa.dnssec = reader_word(r, value, "dnssec", reader_dnssec_name, DNSSEC_UNKNOWN);
	memcpy(h->tlsa.base, h->canonical[0] ? h->canonical : h->name, sizeof(h->tlsa.base));
	reader_name(r, value, "base", h->tlsa.base);
	if (!h->canonical[0] && strcmp(h->tlsa.base, h->name) != 0)
		memcpy(h->canonical, h->tlsa.base, sizeof(h->canonical));
	read_records(r, value, &h->tlsa, false);
	h->tlsa.as_of_s = reader_time(r, value, "as_of", h->as_of_s);
	const json_t *former = reader_member(r, value, "former", JSON_OBJECT);
	size_t mark = reader_enter(r, ".former");
	read_former(r, former, h);
	reader_leave(r, mark);
}

static void read_probe(struct reader *r, const json_t *value, struct policy_host *h)
{
	struct policy_probe *p = &h->probe;
	struct policy_address address = {0};
	size_t len = sizeof(p->spki_sha256);

	if (!reader_object(r, value, probe_members))
		return;
	reader_required(r, value, "at", JSON_STRING);
	p->at_s = reader_time(r, value, "at", 0);
	if (p->at_s == 0)
		reader_fail(r, "\"at\" must be after 1970-01-01T00:00:00Z");
	const char *text = json_string_value(reader_required(r, value, "address", JSON_STRING));
	if (text && !reader_address(text, &address))
		reader_fail(r, "\"address\" must be an IP address");
	p->ip_v = address.ip_v;
	memcpy(p->address, address.octets, sizeof(p->address));
	p->starttls = reader_flag(r, value, "starttls");
	p->tls = reader_flag(r, value, "tls");
	p->dane = reader_word(r, value, "dane", dane_word, DANE_UNKNOWN);
	text = json_string_value(reader_member(r, value, "spki_sha256", JSON_STRING));
	if (text && (!reader_hex(text, p->spki_sha256, sizeof(p->spki_sha256), &len) || len != sizeof(p->spki_sha256)))
		reader_fail(r, "\"spki_sha256\" must be 64 hexadecimal digits");
}

static void read_parts(struct reader *r, const json_t *value, struct policy_host *h)
{
	static const struct {
		const char *name;
		void (*read)(struct reader *r, const json_t *value, struct policy_host *h);
	} parts[] = {{"addresses", read_addresses}, {"tlsa", read_tlsa}, {"probe", read_probe}};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const json_t *part = reader_member(r, value, parts[i].name, JSON_OBJECT);
		size_t mark = reader_enter(r, ".%s", parts[i].name);
		if (part)
			parts[i].read(r, part, h);
		reader_leave(r, mark);
	}
}

// What is said of a host, without its place in an MX answer. A new reference, or NULL: no memory.
static json_t *description(const json_t *value)
{
	json_t *copy = json_copy((json_t *)(uintptr_t)value);

	json_object_del(copy, "name");
	json_object_del(copy, "preference");
	return copy;
}

// One host may stand in many MX answers: it is described in one of them, or alike in each. True: it is new.
static bool describe(struct reader *r, const json_t *value, const char *name)
{
	json_t *mine = description(value), *before = json_object_get(r->described, name);
	bool said = mine && json_object_size(mine) > 0;

	if (!mine || (said && !before && json_object_set(r->described, name, mine) < 0))
		r->result = -ENOMEM;
	else if (said && before && !json_equal(mine, before))
		reader_fail(r, "%.60s is described twice, and not alike", name);
	json_decref(mine);
	return said && !before && reader_ok(r);
}

void reader_host(struct reader *r, const json_t *value, const char *name, bool inside)
{
	struct policy_host h = {0};

	if (!reader_object(r, value, inside ? inside_members : host_members) || !describe(r, value, name))
		return;
	snprintf(h.name, sizeof(h.name), "%s", name);
	h.as_of_s = reader_time(r, value, "as_of", r->as_of_s);
	h.denial_broken = reader_flag(r, value, "denial_broken");
	reader_text(r, value, "why", h.why, sizeof(h.why));
	reader_name(r, value, "canonical", h.canonical);
	read_parts(r, value, &h);
	if (reader_ok(r) && r->sink)
		r->result = r->sink->host(r->sink->ctx, &h);
}
