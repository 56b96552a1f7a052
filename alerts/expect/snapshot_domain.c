// A domain of a snapshot: its MX answer with the hosts in it, its MTA-STS policy.
#include "alerts/expect/snapshot_read.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const domain_members[] = {"mx", "mta_sts", "as_of", "canonical", "tlsrpt", "why", NULL};
static const char *const mx_members[] = {"dnssec", "ttl", "hosts", "implicit", "more", NULL};
static const char *const null_mx_members[] = {"name", "preference", NULL};
static const char *const sts_members[] = {"id", "mode", "mx", "max_age", "fault", "why", "id_unchanged", "removed", "as_of", NULL};

static const char *mode_word(unsigned value)
{
	return policy_sts_mode_name((enum policy_sts_mode)value);
}

static const char *fault_word(unsigned value)
{
	return policy_sts_fault_name((enum policy_sts_fault)value);
}

static void read_mx_host(struct reader *r, const json_t *value, struct policy_domain *d, bool alone)
{
	const json_t *name = reader_required(r, value, "name", JSON_STRING);
	struct policy_mx mx = {0};

	if (!name)
		return;
	if (alone && strcmp(json_string_value(name), ".") == 0) {
		reader_object(r, value, null_mx_members);
		reader_number(r, value, "preference", UINT16_MAX);
		d->null_mx = true;
		return;
	}
	reader_name(r, value, "name", mx.host);
	reader_required(r, value, "preference", JSON_INTEGER);
	mx.preference = (uint16_t)reader_number(r, value, "preference", UINT16_MAX);
	if (reader_ok(r))
		reader_host(r, value, mx.host, true);
	if (d->n_mx < POLICY_MX_MAX)
		r->room->mx[d->n_mx++] = mx;
	else
		d->mx_more = true;
}

static void read_mx(struct reader *r, const json_t *value, struct policy_domain *d)
{
	if (!value || !reader_object(r, value, mx_members))
		return;
	reader_required(r, value, "dnssec", JSON_STRING);
	d->mx_dnssec = reader_word(r, value, "dnssec", reader_dnssec_name, DNSSEC_UNKNOWN);
	d->mx_ttl_s = reader_number(r, value, "ttl", UINT32_MAX);
	d->implicit_mx = reader_flag(r, value, "implicit");
	d->mx_more = reader_flag(r, value, "more");
	const json_t *hosts = reader_required(r, value, "hosts", JSON_ARRAY);
	size_t n = json_array_size(hosts);
	for (size_t i = 0; i < n && reader_ok(r); i++) {
		size_t mark = reader_enter(r, ".hosts[%zu]", i);
		read_mx_host(r, json_array_get(hosts, i), d, n == 1);
		reader_leave(r, mark);
	}
	d->mx = r->room->mx;
}

// A name, or "*." and a name. RFC 8461 4.1
static void read_pattern(struct reader *r, const json_t *value, char out[static POLICY_NAME])
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value), star = text && strncmp(text, "*.", 2) == 0 ? 2 : 0;
	char name[POLICY_NAME] = "";

	if (!text) {
		reader_fail(r, "must be a text");
		return;
	}
	reader_host_name(r, text + star, len - star, name);
	if (strlen(name) + star >= POLICY_NAME)
		reader_fail(r, "\"%.60s\" is too long", text);
	else
		snprintf(out, POLICY_NAME, "%s%s", star ? "*." : "", name);
}

// Half of the patterns would make mismatches out of what fits: there is no `more` here.
static void read_patterns(struct reader *r, const json_t *value, struct policy_sts *s)
{
	const json_t *list = reader_member(r, value, "mx", JSON_ARRAY);
	size_t n = json_array_size(list);

	if (n > POLICY_STS_MX_MAX) {
		reader_fail(r, "more than %d patterns in \"mx\"", POLICY_STS_MX_MAX);
		return;
	}
	for (size_t i = 0; i < n && reader_ok(r); i++) {
		size_t mark = reader_enter(r, ".mx[%zu]", i);
		read_pattern(r, json_array_get(list, i), r->room->sts_mx[i]);
		reader_leave(r, mark);
	}
	s->n_mx = (uint8_t)n;
	s->mx = (const char (*)[POLICY_NAME])r->room->sts_mx;
}

// Without an id nothing was published: "none" is then how older snapshots write "absent".
static void read_mode(struct reader *r, const json_t *value, struct policy_sts *s)
{
	reader_required(r, value, "mode", JSON_STRING);
	s->mode = reader_word(r, value, "mode", mode_word, STS_UNKNOWN);
	if (s->mode == STS_MODE_NONE && !json_object_get(value, "id"))
		s->mode = STS_ABSENT;
	reader_text(r, value, "id", s->id, sizeof(s->id));
	for (const char *c = s->id; *c; c++)
		if (!isalnum((unsigned char)*c))
			reader_fail(r, "\"id\" must be letters and digits");
}

static void read_sts(struct reader *r, const json_t *value, struct policy_domain *d)
{
	struct policy_sts *s = &d->sts;

	if (!value || !reader_object(r, value, sts_members))
		return;
	read_mode(r, value, s);
	s->fault = reader_word(r, value, "fault", fault_word, STS_FAULT_NONE);
	s->max_age_s = reader_number(r, value, "max_age", UINT32_MAX);
	s->id_unchanged = reader_flag(r, value, "id_unchanged");
	s->removed = reader_flag(r, value, "removed");
	s->as_of_s = reader_time(r, value, "as_of", d->as_of_s);
	reader_text(r, value, "why", s->why, sizeof(s->why));
	read_patterns(r, value, s);
}

void reader_domain(struct reader *r, const json_t *value, const char *name)
{
	struct policy_domain d = {0};
	int64_t around_s = r->as_of_s;

	if (!reader_object(r, value, domain_members))
		return;
	snprintf(d.name, sizeof(d.name), "%s", name);
	r->as_of_s = d.as_of_s = reader_time(r, value, "as_of", around_s);
	reader_name(r, value, "canonical", d.canonical);
	reader_text(r, value, "why", d.why, sizeof(d.why));
	const json_t *tlsrpt = reader_member(r, value, "tlsrpt", JSON_TRUE);
	d.tlsrpt = !tlsrpt ? TLSRPT_UNKNOWN : json_is_true(tlsrpt) ? TLSRPT_PRESENT : TLSRPT_ABSENT;
	const json_t *mx = reader_member(r, value, "mx", JSON_OBJECT);
	size_t mark = reader_enter(r, ".mx");
	read_mx(r, mx, &d);
	reader_leave(r, mark);
	const json_t *sts = reader_member(r, value, "mta_sts", JSON_OBJECT);
	mark = reader_enter(r, ".mta_sts");
	read_sts(r, sts, &d);
	reader_leave(r, mark);
	r->as_of_s = around_s;
	if (reader_ok(r) && r->sink)
		r->result = r->sink->domain(r->sink->ctx, &d);
}
