// The inventory made ready for looking up.
#include "alerts/inventory.h"

#include "alerts/inventory_index.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 86400 };

struct inventory {
	const struct inventory_config *config;
	struct index_nets own, senders, mx, partner_nets, exempt_nets;
	struct index_names mx_names, partner_names, exempt_names;
};

uint32_t inventory_text_add(struct inventory_text *t, const char *text, size_t len)
{
	uint32_t at = t->used ? t->used : 1; // 0 is the empty text

	if (!len || len >= sizeof(t->octets) - at)
		return 0;
	memcpy(t->octets + at, text, len);
	t->octets[at + len] = '\0';
	t->used = at + (uint32_t)len + 1;
	return at;
}

int32_t inventory_day(int64_t time_s)
{
	int64_t day = time_s / DAY_S - (time_s % DAY_S < 0);

	return day < INT32_MIN ? INT32_MIN : day >= INVENTORY_FOREVER ? INVENTORY_FOREVER - 1 : (int32_t)day;
}

void inventory_day_print(char out[static INVENTORY_DAY_LEN], int32_t day)
{
	time_t t = (time_t)day * DAY_S;
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&t, &tm))
		strftime(out, INVENTORY_DAY_LEN, "%Y-%m-%d", &tm);
}

void inventory_name(char out[static 256], const uint8_t *text, size_t len)
{
	if (len && text[len - 1] == '.')
		len--;
	bool good = len <= INVENTORY_DOMAIN_MAX;
	for (size_t i = 0; good && i < len; i++) {
		uint8_t c = text[i];
		good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	out[good ? len : 0] = '\0';
}

// ---- making ready --------------------------------------------------------------------------------------------

static int fill_nets(struct index_nets *x, const struct inventory_nets *nets)
{
	int r = index_nets_open(x, nets->n);

	for (size_t i = 0; !r && i < nets->n; i++)
		index_nets_add(x, &nets->net[i], (uint32_t)i);
	if (!r)
		index_nets_sort(x);
	return r;
}

static void add_pool(struct index_nets *x, const struct inventory_pool *pool, uint32_t first, uint32_t n, size_t value)
{
	for (uint32_t i = first; i < first + n; i++)
		index_nets_add(x, &pool->net[i], (uint32_t)value);
}

static int fill_mx(struct inventory *v, const struct inventory_mxs *c)
{
	int r = index_nets_open(&v->mx, c->pool.n);

	if (!r)
		r = index_names_open(&v->mx_names, c->n);
	for (size_t i = 0; !r && i < c->n; i++) {
		index_names_add(&v->mx_names, inventory_text(&c->text, c->mx[i].name), (uint32_t)i);
		add_pool(&v->mx, &c->pool, c->mx[i].first, c->mx[i].n, i);
	}
	if (!r)
		index_nets_sort(&v->mx);
	return r;
}

static int fill_partners(struct inventory *v, const struct inventory_partners *c)
{
	int r = index_nets_open(&v->partner_nets, c->pool.n);

	if (!r)
		r = index_names_open(&v->partner_names, c->n);
	for (size_t i = 0; !r && i < c->n; i++) {
		index_names_add(&v->partner_names, inventory_text(&c->text, c->partner[i].domain), (uint32_t)i);
		add_pool(&v->partner_nets, &c->pool, c->partner[i].first, c->partner[i].n, i);
	}
	if (!r)
		index_nets_sort(&v->partner_nets);
	return r;
}

static int fill_exempt(struct inventory *v, const struct inventory_exemptions *c)
{
	int r = index_nets_open(&v->exempt_nets, c->n);

	if (!r)
		r = index_names_open(&v->exempt_names, c->n);
	for (size_t i = 0; !r && i < c->n; i++) {
		const struct inventory_exemption *e = &c->exempt[i];
		if (e->is_net)
			index_nets_add(&v->exempt_nets, &e->net, (uint32_t)i);
		else
			index_names_add(&v->exempt_names, inventory_text(&c->text, e->domain), (uint32_t)i);
	}
	if (!r)
		index_nets_sort(&v->exempt_nets);
	return r;
}

int inventory_open(struct inventory **out, const struct inventory_config *config)
{
	struct inventory *v = calloc(1, sizeof(*v));
	int r = v ? 0 : -ENOMEM;

	if (!r) {
		v->config = config;
		r = fill_nets(&v->own, &config->own);
	}
	if (!r)
		r = fill_nets(&v->senders, &config->senders);
	if (!r)
		r = fill_mx(v, &config->mx);
	if (!r)
		r = fill_partners(v, &config->partners);
	if (!r)
		r = fill_exempt(v, &config->exempt);
	if (r)
		inventory_close(&v);
	*out = v;
	return r;
}

void inventory_close(struct inventory **i)
{
	struct inventory *v = *i;

	if (!v)
		return;
	struct index_nets *nets[] = {&v->own, &v->senders, &v->mx, &v->partner_nets, &v->exempt_nets};
	struct index_names *names[] = {&v->mx_names, &v->partner_names, &v->exempt_names};
	for (size_t k = 0; k < sizeof(nets) / sizeof(nets[0]); k++)
		index_nets_close(nets[k]);
	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		index_names_close(names[k]);
	free(v);
	*i = NULL;
}

const struct inventory_config *inventory_configured(const struct inventory *i)
{
	return i ? i->config : NULL;
}

// ---- own hosts -----------------------------------------------------------------------------------------------

static bool covered(const struct index_nets *x, const uint8_t addr[16], uint8_t ip_v)
{
	size_t group = 0, n;

	return index_nets_next(x, addr, ip_v, &group, &n);
}

bool inventory_knows_own(const struct inventory *i)
{
	return i && i->own.n;
}

bool inventory_own(const struct inventory *i, const uint8_t addr[16], uint8_t ip_v)
{
	return i && covered(&i->own, addr, ip_v);
}

bool inventory_knows_senders(const struct inventory *i)
{
	return i && i->senders.n;
}

bool inventory_sender(const struct inventory *i, const uint8_t addr[16], uint8_t ip_v)
{
	return i && (covered(&i->senders, addr, ip_v) || covered(&i->mx, addr, ip_v));
}

bool inventory_own_host(const struct inventory *i, const uint8_t addr[16], uint8_t ip_v)
{
	return i && covered(&i->mx, addr, ip_v);
}

size_t inventory_mx_name(const struct inventory *i, const uint8_t addr[16], uint8_t ip_v, uint16_t port, const char **out,
                         size_t max)
{
	const struct inventory_mxs *c = i ? &i->config->mx : NULL;
	size_t group = 0, n, found = 0;
	const struct index_net *at = i ? index_nets_next(&i->mx, addr, ip_v, &group, &n) : NULL;

	// Addresses are prefixes of full length: there is one group that fits.
	for (size_t k = 0; at && k < n; k++) {
		const struct inventory_mx *mx = &c->mx[at[k].value];
		if (mx->port != port)
			continue;
		if (found < max)
			out[found] = inventory_text(&c->text, mx->name);
		found++;
	}
	return found;
}

bool inventory_mx_named(const struct inventory *i, const char *name)
{
	struct index_names_at at = {.rest = NULL};
	uint32_t value;

	return i && index_names_next(&i->mx_names, name, &at, &value);
}

// ---- partners ------------------------------------------------------------------------------------------------

static void describe(const struct inventory_partners *c, uint32_t value, struct inventory_peer *out)
{
	const struct inventory_partner *p = &c->partner[value];

	*out = (struct inventory_peer){
		.domain = inventory_text(&c->text, p->domain),
		.owner = inventory_text(&c->text, p->owner),
		.note = inventory_text(&c->text, p->note),
		.level = p->level,
		.sensitive = p->sensitive,
		.has_networks = p->n,
	};
}

static bool partner_index(const struct inventory *i, const char *domain, uint32_t *value)
{
	struct index_names_at at = {.rest = NULL};

	return i && index_names_next(&i->partner_names, domain, &at, value);
}

bool inventory_partner(const struct inventory *i, const char *domain, struct inventory_peer *out)
{
	uint32_t value;

	if (!partner_index(i, domain, &value))
		return false;
	describe(&i->config->partners, value, out);
	return true;
}

bool inventory_partner_at(const struct inventory *i, const uint8_t addr[16], uint8_t ip_v, struct inventory_peer *out)
{
	size_t group = 0, n = 0;
	const struct index_net *at = i ? index_nets_next(&i->partner_nets, addr, ip_v, &group, &n) : NULL;

	if (!at)
		return false;
	describe(&i->config->partners, at[0].value, out);
	for (size_t k = 1; k < n; k++) {
		const struct inventory_partner *p = &i->config->partners.partner[at[k].value];
		out->shared |= p->level != out->level || p->sensitive != out->sensitive;
		out->level = p->level < out->level ? p->level : out->level;
		out->sensitive |= p->sensitive;
	}
	return true;
}

// ---- exemptions ----------------------------------------------------------------------------------------------

static void cover(uint8_t bits[32], const struct inventory_exemption *e)
{
	for (size_t k = 0; k < 32; k++)
		bits[k] |= e->all ? 0xff : e->findings[k];
}

// One exemption that fits: it holds, or it ended.
static void apply(const struct inventory *i, uint32_t value, int32_t day, uint8_t bits[32], struct inventory_answer *out)
{
	const struct inventory_exemption *e = &i->config->exempt.exempt[value];

	if (day <= e->until_day) {
		cover(bits, e);
		return;
	}
	out->ended[value / 8] |= (uint8_t)(1 << value % 8);
	out->any_ended = true;
}

static void by_address(const struct inventory *i, const uint8_t *addr, const struct inventory_ask *ask, int32_t day,
                       struct inventory_answer *out)
{
	const struct index_net *at;
	size_t group = 0, n;

	while ((at = index_nets_next(&i->exempt_nets, addr, ask->ip_v, &group, &n)))
		for (size_t k = 0; k < n; k++)
			apply(i, at[k].value, day, out->exempt, out);
}

// What every recipient's domain is exempt from.
static void by_domain(const struct inventory *i, const struct inventory_ask *ask, int32_t day, struct inventory_answer *out)
{
	uint8_t common[32];

	memset(common, 0xff, sizeof(common));
	for (size_t d = 0; d < ask->n_domains; d++) {
		struct index_names_at at = {.rest = NULL};
		uint8_t one[32] = {0};
		uint32_t value;
		while (index_names_next(&i->exempt_names, ask->domains[d], &at, &value))
			apply(i, value, day, one, out);
		for (size_t k = 0; k < 32; k++)
			common[k] &= one[k];
	}
	for (size_t k = 0; ask->n_domains && k < 32; k++)
		out->exempt[k] |= common[k];
}

// Whatever some exemption by domain covers, as long as no recipient is known.
static void open_domains(const struct inventory *i, int32_t day, struct inventory_answer *out)
{
	const struct inventory_exemptions *c = &i->config->exempt;

	for (size_t k = 0; k < c->n; k++)
		if (!c->exempt[k].is_net && day <= c->exempt[k].until_day)
			cover(out->perhaps, &c->exempt[k]);
}

void inventory_exempt(const struct inventory *i, const struct inventory_ask *ask, struct inventory_answer *out)
{
	int32_t day = inventory_day(ask->time_s);

	memset(out, 0, sizeof(*out));
	if (!i || !i->config->exempt.n)
		return;
	by_address(i, ask->src, ask, day, out);
	by_address(i, ask->dst, ask, day, out);
	by_domain(i, ask, day, out);
	if (!ask->n_domains && ask->domains_open)
		open_domains(i, day, out);
}
