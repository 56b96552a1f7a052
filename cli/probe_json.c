// A probe's result as one JSON object. Keys are stable: additions only.
#include "cli/probe.h"

#include "alerts/json.h"
#include "cli/words.h"

static void put_hex(struct json *j, const uint8_t *p, size_t len)
{
	char text[65];
	for (size_t i = 0; i < len && i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", p[i]);
	json_put_cstr(j, text);
}

static void put_time(struct json *j, int64_t s)
{
	char text[WORDS_TIME_LEN];
	if (s <= 0 || s > INT32_MAX * 4ll) {
		json_put_null(j);
		return;
	}
	words_time(text, (uint64_t)s * 1000000000);
	json_put_cstr(j, text);
}

static void put_dialogue(struct json *j, const struct probe_result *r)
{
	json_key(j, "dialogue");
	json_open_array(j);
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct probe_step *s = &r->step[i];
		json_open_object(j);
		json_field(j, "sent", cstr, s->sent);
		json_field(j, "tls", flag, s->inside_tls);
		json_field(j, "answered", flag, s->answered);
		json_field(j, "code", u64, s->reply.code);
		json_key(j, "lines");
		json_open_array(j);
		for (size_t k = 0; k < s->reply.n_kept; k++)
			json_put_cstr(j, s->reply.kept[k]);
		json_close_array(j);
		json_close_object(j);
	}
	json_close_array(j);
}

static void put_chain(struct json *j, const struct probe_compared *c)
{
	json_key(j, "chain");
	json_open_array(j);
	for (size_t i = 0; i < c->n_certs; i++) {
		const struct certificate *x = &c->peer[i].server;
		json_open_object(j);
		json_field(j, "readable", flag, x->present && !x->unreadable);
		json_field(j, "subject", cstr, x->subject);
		json_field(j, "issuer", cstr, x->issuer);
		json_key(j, "not_before");
		put_time(j, x->not_before_s);
		json_key(j, "not_after");
		put_time(j, x->not_after_s);
		json_key(j, "spki_sha256");
		put_hex(j, x->spki_sha256, sizeof x->spki_sha256);
		json_close_object(j);
	}
	json_close_array(j);
}

static void put_tls(struct json *j, const struct probe_told *p)
{
	const struct probe_result *r = p->result;
	json_key(j, "tls");
	if (!r->tls) {
		json_put_null(j);
		return;
	}
	json_open_object(j);
	json_field(j, "version", cstr, r->version);
	json_field(j, "cipher", cstr, r->suite);
	json_field(j, "group", cstr, r->group);
	json_field(j, "chain_cut", flag, r->chain_cut);
	put_chain(j, p->compared);
	json_close_object(j);
}

static void put_policy(struct json *j, const struct probe_told *p)
{
	const struct probe_compared *c = p->compared;
	bool kept;
	const char *agreed = probe_agreed(p, &kept);
	json_field(j, "dane", cstr, dane_name((enum dane)c->dane));
	json_field(j, "dane_record", cstr, c->match.what);
	json_field(j, "host_known", flag, c->host != NULL);
	json_key(j, "pkix");
	if (c->n_certs > 0) {
		json_open_object(j);
		json_field(j, "trust", cstr, probe_trust_name(c->peer[0].trust));
		json_field(j, "names", cstr, probe_names_name(c->peer[0].names));
		json_close_object(j);
	} else {
		json_put_null(j);
	}
	json_key(j, "partner");
	if (agreed != NULL) {
		json_open_object(j);
		json_field(j, "domain", cstr, p->target->peer.domain);
		json_field(j, "level", cstr, agreed);
		json_field(j, "kept", flag, kept);
		json_field(j, "owner", cstr, p->target->peer.owner);
		json_field(j, "note", cstr, p->target->peer.note);
		json_close_object(j);
	} else {
		json_put_null(j);
	}
}

static void build(struct json *j, const void *ctx)
{
	const struct probe_told *p = ctx;
	char address[WORDS_ADDRESS_LEN];
	words_address(address, p->address.octets, p->address.ip_v);
	json_open_object(j);
	json_field(j, "v", u64, 1);
	json_field(j, "host", cstr, p->target->host);
	json_field(j, "ip", cstr, address);
	json_field(j, "port", u64, p->target->port);
	json_key(j, "at");
	put_time(j, p->at_s);
	json_field(j, "about", cstr, "this host at this time, seen from here; not what any session was given");
	json_field(j, "outcome", cstr, probe_outcome_name(p->result->outcome));
	json_field(j, "where", cstr, p->result->where);
	json_field(j, "why", cstr, p->result->why);
	put_dialogue(j, p->result);
	json_key(j, "starttls_offered");
	if (p->result->ehlo_seen)
		json_put_flag(j, p->result->offered);
	else
		json_put_null(j);
	json_field(j, "injected", u64, p->result->injected);
	put_tls(j, p);
	put_policy(j, p);
	json_field(j, "kept", flag, p->kept);
	json_close_object(j);
}

bool probe_print_json(FILE *out, const struct probe_told *p)
{
	return stdout_json(out, build, p);
}
