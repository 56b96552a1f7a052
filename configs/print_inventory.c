// The inventory's lists back to YAML and to JSON, with the keys in the order in which people think of them.
#include "configs/print.h"

#include <string.h>

#include "configs/net.h"

// ---- YAML ----------------------------------------------------------------------------------------------------

static void quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++)
		fprintf(out, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
	fputc('"', out);
}

static void text_key(FILE *out, const char *key, const struct inventory_text *t, uint32_t at)
{
	if (at == 0)
		return;
	fprintf(out, ", %s: ", key);
	quoted(out, inventory_text(t, at));
}

static void net(FILE *out, const struct judge_net *n, bool host)
{
	char text[NET_TEXT_LEN];
	net_print(n, text);
	if (host)
		*strchr(text, '/') = '\0';
	fprintf(out, "\"%s\"", text);
}

static void pool(FILE *out, const char *key, const struct inventory_pool *p, uint32_t first, uint32_t n, bool host)
{
	fprintf(out, ", %s: [", key);
	for (uint32_t i = 0; i < n; i++) {
		fputs(i > 0 ? ", " : "", out);
		net(out, &p->net[first + i], host);
	}
	fputc(']', out);
}

void print_mxs(FILE *out, const struct config_key *k, const void *field)
{
	const struct inventory_mxs *c = field;
	fputc('[', out);
	for (size_t i = 0; i < c->n; i++) {
		const struct inventory_mx *mx = &c->mx[i];
		fprintf(out, "%s{name: ", i > 0 ? ", " : "");
		quoted(out, inventory_text(&c->text, mx->name));
		pool(out, "addresses", &c->pool, mx->first, mx->n, true);
		if (mx->port != 25)
			fprintf(out, ", port: %u", mx->port);
		fputc('}', out);
	}
	fputc(']', out);
}

static const char *level(uint8_t l)
{
	return l == INVENTORY_VERIFY ? "verify" : "encrypt";
}

void print_partners(FILE *out, const struct config_key *k, const void *field)
{
	const struct inventory_partners *c = field;
	fputc('[', out);
	for (size_t i = 0; i < c->n; i++) {
		const struct inventory_partner *p = &c->partner[i];
		fprintf(out, "%s{domain: ", i > 0 ? ", " : "");
		quoted(out, inventory_text(&c->text, p->domain));
		fprintf(out, ", level: %s", level(p->level));
		if (p->n > 0)
			pool(out, "networks", &c->pool, p->first, p->n, false);
		if (p->sensitive)
			fputs(", sensitive: on", out);
		text_key(out, "owner", &c->text, p->owner);
		text_key(out, "note", &c->text, p->note);
		fputc('}', out);
	}
	fputc(']', out);
}

// One pattern of several that a space separates; NULL at the end.
static const char *next_pattern(const char **rest, size_t *len)
{
	const char *at = *rest;
	*len = strcspn(at, " ");
	*rest = at + *len + (at[*len] == ' ');
	return *len > 0 ? at : NULL;
}

static void print_patterns(FILE *out, const char *rest)
{
	const char *p, *comma = "";
	size_t len;
	fputs(", findings: [", out);
	for (; (p = next_pattern(&rest, &len)) != NULL; comma = ", ")
		fprintf(out, "%s\"%.*s\"", comma, (int)len, p);
	fputc(']', out);
}

static void print_exemption(FILE *out, const struct inventory_exemptions *c, const struct inventory_exemption *e)
{
	char day[INVENTORY_DAY_LEN];
	if (e->owner == 0) {
		net(out, &e->net, false);
		return;
	}
	fputs(e->is_net ? "{network: " : "{domain: ", out);
	if (e->is_net)
		net(out, &e->net, false);
	else
		quoted(out, inventory_text(&c->text, e->domain));
	if (!e->all)
		print_patterns(out, inventory_text(&c->text, e->patterns));
	text_key(out, "owner", &c->text, e->owner);
	if (e->until_day != INVENTORY_FOREVER) {
		inventory_day_print(day, e->until_day);
		fprintf(out, ", until: %s", day);
	}
	text_key(out, "reason", &c->text, e->reason);
	fputc('}', out);
}

void print_exempt(FILE *out, const struct config_key *k, const void *field)
{
	const struct inventory_exemptions *c = field;
	fputc('[', out);
	for (size_t i = 0; i < c->n; i++) {
		fputs(i > 0 ? ", " : "", out);
		print_exemption(out, c, &c->exempt[i]);
	}
	fputc(']', out);
}

// ---- JSON ----------------------------------------------------------------------------------------------------

static void put_net(struct json *j, const struct judge_net *n, bool host)
{
	char text[NET_TEXT_LEN];
	net_print(n, text);
	if (host)
		*strchr(text, '/') = '\0';
	json_put_cstr(j, text);
}

static void put_pool(struct json *j, const struct inventory_pool *p, uint32_t first, uint32_t n, bool host)
{
	json_open_array(j);
	for (uint32_t i = 0; i < n; i++)
		put_net(j, &p->net[first + i], host);
	json_close_array(j);
}

void put_mxs(struct json *j, const struct config_key *k, const void *field)
{
	const struct inventory_mxs *c = field;
	json_open_array(j);
	for (size_t i = 0; i < c->n; i++) {
		json_open_object(j);
		json_field(j, "name", cstr, inventory_text(&c->text, c->mx[i].name));
		json_key(j, "addresses");
		put_pool(j, &c->pool, c->mx[i].first, c->mx[i].n, true);
		json_field(j, "port", u64, c->mx[i].port);
		json_close_object(j);
	}
	json_close_array(j);
}

void put_partners(struct json *j, const struct config_key *k, const void *field)
{
	const struct inventory_partners *c = field;
	json_open_array(j);
	for (size_t i = 0; i < c->n; i++) {
		const struct inventory_partner *p = &c->partner[i];
		json_open_object(j);
		json_field(j, "domain", cstr, inventory_text(&c->text, p->domain));
		json_field(j, "level", cstr, level(p->level));
		json_key(j, "networks");
		put_pool(j, &c->pool, p->first, p->n, false);
		json_field(j, "sensitive", flag, p->sensitive);
		if (p->owner != 0)
			json_field(j, "owner", cstr, inventory_text(&c->text, p->owner));
		if (p->note != 0)
			json_field(j, "note", cstr, inventory_text(&c->text, p->note));
		json_close_object(j);
	}
	json_close_array(j);
}

static void put_patterns(struct json *j, const char *rest)
{
	const char *p;
	size_t len;
	json_key(j, "findings");
	json_open_array(j);
	while ((p = next_pattern(&rest, &len)) != NULL)
		json_put_string(j, p, len);
	json_close_array(j);
}

static void put_exemption(struct json *j, const struct inventory_exemptions *c, const struct inventory_exemption *e)
{
	char day[INVENTORY_DAY_LEN];
	if (e->owner == 0) {
		put_net(j, &e->net, false);
		return;
	}
	json_open_object(j);
	if (e->is_net) {
		json_key(j, "network");
		put_net(j, &e->net, false);
	} else {
		json_field(j, "domain", cstr, inventory_text(&c->text, e->domain));
	}
	if (!e->all)
		put_patterns(j, inventory_text(&c->text, e->patterns));
	json_field(j, "owner", cstr, inventory_text(&c->text, e->owner));
	if (e->until_day != INVENTORY_FOREVER) {
		inventory_day_print(day, e->until_day);
		json_field(j, "until", cstr, day);
	}
	if (e->reason != 0)
		json_field(j, "reason", cstr, inventory_text(&c->text, e->reason));
	json_close_object(j);
}

void put_exempt(struct json *j, const struct config_key *k, const void *field)
{
	const struct inventory_exemptions *c = field;
	json_open_array(j);
	for (size_t i = 0; i < c->n; i++)
		put_exemption(j, c, &c->exempt[i]);
	json_close_array(j);
}
