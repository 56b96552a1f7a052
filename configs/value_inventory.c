// Setters of the inventory's lists of maps: each map is read along a table of its keys.
#include "configs/reader.h"

#include <string.h>
#include <time.h>

#include "configs/nearest.h"

// What an entry is read into; the setter of a key takes what it needs.
struct entry {
	const char *what;    // name of the list, for errors
	const char *key;     // of the value in hand
	struct inventory_text *text;
	struct inventory_pool *pool;
	struct inventory_mx mx;
	struct inventory_partner partner;
	struct inventory_exemption exempt;
};

struct entry_key {
	const char *name;
	bool required;
	void (*set)(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what);
};

enum { WHAT_LEN = 64 };

static const struct entry_key *key_find(struct reader *r, const struct entry *e, const yaml_node_t *node,
	const struct entry_key *keys, size_t n)
{
	const char *text = reader_scalar(r, node, e->what);
	if (text == NULL)
		return NULL;
	struct nearest near;
	nearest_start(&near, text);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(keys[i].name, text) == 0)
			return &keys[i];
		nearest_try(&near, keys[i].name);
	}
	const char *best = nearest_best(&near);
	reader_error(r, &node->start_mark, "unknown key %s: %.60s%s%s%s", e->what, text, best != NULL ? "; did you mean " : "",
		best != NULL ? best : "", best != NULL ? "?" : "");
	return NULL;
}

// Reads a map. False: an error was told, and the entry does not count.
static bool read_entry(struct reader *r, struct entry *e, const yaml_node_t *map, const struct entry_key *keys, size_t n)
{
	size_t before = r->errors->n + r->errors->n_more;
	uint32_t seen = 0;
	if (map->type != YAML_MAPPING_NODE) {
		reader_error(r, &map->start_mark, "%s: each entry is a map of keys", e->what);
		return false;
	}
	const yaml_node_pair_t *top = map->data.mapping.pairs.top;
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < top; p++) {
		char what[WHAT_LEN];
		const yaml_node_t *node = reader_node(r, p->key);
		const struct entry_key *k = key_find(r, e, node, keys, n);
		if (k == NULL)
			continue;
		snprintf(what, sizeof what, "%s: %s", e->what, k->name);
		if (seen & 1u << (k - keys))
			reader_error(r, &node->start_mark, "%s stands here twice", what);
		else
			k->set(r, e, reader_node(r, p->value), what);
		seen |= 1u << (k - keys);
	}
	for (size_t i = 0; i < n; i++)
		if (keys[i].required && !(seen & 1u << i))
			reader_error(r, &map->start_mark, "%s: an entry lacks %s", e->what, keys[i].name);
	return r->errors->n + r->errors->n_more == before;
}

// ---- values --------------------------------------------------------------------------------------------------

// Adds to the arena; 0, and an error, when it is full.
static uint32_t add_text(struct reader *r, struct entry *e, const yaml_node_t *node, const char *text)
{
	uint32_t at = inventory_text_add(e->text, text, strlen(text));
	if (at == 0)
		reader_error(r, &node->start_mark, "%s: all names and texts together are longer than %d octets", e->what,
			INVENTORY_TEXT_MAX);
	return at;
}

static uint32_t domain(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what, bool wildcard)
{
	char name[INVENTORY_DOMAIN_MAX + 1];
	return value_domain(r, node, what, wildcard, name) ? add_text(r, e, node, name) : 0;
}

// The next character of UTF-8 that libyaml has checked; `*text` goes on.
static uint32_t next_char(const unsigned char **text)
{
	uint32_t c = *(*text)++;
	if (c >= 0xc0) {
		c &= c >= 0xf0 ? 0x07 : c >= 0xe0 ? 0x0f : 0x1f;
		for (; (**text & 0xc0) == 0x80; ++*text)
			c = c << 6 | (**text & 0x3f);
	}
	return c;
}

// What people read, on one line wherever it is printed: no control characters, no other breaks of lines.
static uint32_t words(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what, size_t max)
{
	const char *text = reader_scalar(r, node, what);
	if (text == NULL)
		return 0;
	bool good = strlen(text) <= max;
	for (const unsigned char *p = (const unsigned char *)text; good && *p != '\0';) {
		uint32_t c = next_char(&p);
		good = c >= ' ' && (c < 0x7f || c >= 0xa0) && c != 0x2028 && c != 0x2029 && c != 0xfeff && (c & 0xfffe) != 0xfffe;
	}
	if (good)
		return add_text(r, e, node, text);
	reader_error(r, &node->start_mark, "%s must be one line of at most %zu octets", what, max);
	return 0;
}

// Networks (or addresses) into the pool.
static void nets(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what, uint32_t min, uint32_t *first,
	uint32_t *n_out)
{
	size_t n;
	*first = e->pool->n;
	*n_out = 0;
	if (!value_items(r, node, what, min, 256, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		struct judge_net net;
		if (!value_net(r, value_item(r, node, i), what, &net))
			continue;
		if (e->pool->n == INVENTORY_POOL_MAX) {
			reader_error(r, &node->start_mark, "%s: all entries together have more than %d", e->what, INVENTORY_POOL_MAX);
			return;
		}
		e->pool->net[e->pool->n++] = net;
		++*n_out;
	}
}

// "2027-01-31" to days since 1970.
static bool date(const char *text, int32_t *out)
{
	struct tm tm = {.tm_year = 0}, back;
	int used = 0;
	if (strlen(text) != 10 || strspn(text, "0123456789-") != 10 ||
		sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &used) != 3 || used != 10)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	back = tm;
	time_t t = timegm(&back);
	if (t < 0 || back.tm_year != tm.tm_year || back.tm_mon != tm.tm_mon || back.tm_mday != tm.tm_mday)
		return false;
	*out = inventory_day(t);
	return true;
}

// ---- inventory.own_mx ----------------------------------------------------------------------------------------

static void mx_name(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what)
{
	e->mx.name = domain(r, e, node, what, false);
}

static void mx_addresses(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what)
{
	nets(r, e, node, what, 1, &e->mx.first, &e->mx.n);
	for (uint32_t i = e->mx.first; i < e->mx.first + e->mx.n; i++)
		if (e->pool->net[i].bits != (e->pool->net[i].ip_v == 6 ? 128 : 32))
			reader_error(r, &node->start_mark, "%s: write each address of the host, not a network", what);
}

static void mx_port(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what)
{
	uint32_t port;
	if (value_number(r, node, what, 1, 65535, &port))
		e->mx.port = (uint16_t)port;
}

void value_set_mxs(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	static const struct entry_key keys[] = {
		{"name", true, mx_name}, {"addresses", true, mx_addresses}, {"port", false, mx_port}};
	struct inventory_mxs *c = field;
	size_t n;
	c->n = c->pool.n = c->text.used = 0;
	if (!value_items(r, node, k->name, k->min, k->max, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		struct entry e = {.what = k->name, .text = &c->text, .pool = &c->pool, .mx.port = 25};
		if (read_entry(r, &e, value_item(r, node, i), keys, sizeof keys / sizeof keys[0]))
			c->mx[c->n++] = e.mx;
	}
}

// ---- inventory.partners --------------------------------------------------------------------------------------

static void partner_domain(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what)
{
	e->partner.domain = domain(r, e, node, what, true);
}

static void partner_networks(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what)
{
	nets(r, e, node, what, 0, &e->partner.first, &e->partner.n);
}

static void partner_level(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what)
{
	static const char *const levels[] = {"encrypt", "verify", NULL}; // enum inventory_level
	int level = value_choice(r, node, what, levels);
	e->partner.level = (uint8_t)(level > 0 ? level : 0);
}

static void partner_sensitive(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what)
{
	value_switch(r, node, what, &e->partner.sensitive);
}

static void partner_owner(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what)
{
	e->partner.owner = words(r, e, node, what, INVENTORY_OWNER_MAX);
}

static void partner_note(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what)
{
	e->partner.note = words(r, e, node, what, INVENTORY_NOTE_MAX);
}

void value_set_partners(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	static const struct entry_key keys[] = {{"domain", true, partner_domain}, {"level", true, partner_level},
		{"networks", false, partner_networks}, {"sensitive", false, partner_sensitive}, {"owner", false, partner_owner},
		{"note", false, partner_note}};
	struct inventory_partners *c = field;
	size_t n;
	c->n = c->pool.n = c->text.used = 0;
	if (!value_items(r, node, k->name, k->min, k->max, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		struct entry e = {.what = k->name, .text = &c->text, .pool = &c->pool};
		const yaml_node_t *map = value_item(r, node, i);
		if (!read_entry(r, &e, map, keys, sizeof keys / sizeof keys[0]))
			continue;
		const char *name = inventory_text(&c->text, e.partner.domain);
		for (size_t p = 0; p < c->n; p++)
			if (strcmp(inventory_text(&c->text, c->partner[p].domain), name) == 0)
				reader_error(r, &map->start_mark, "%s: %.100s stands here twice", k->name, name);
		c->partner[c->n++] = e.partner;
	}
}

// ---- inventory.exempt ----------------------------------------------------------------------------------------

static void exempt_network(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what)
{
	e->exempt.is_net = value_net(r, node, what, &e->exempt.net);
}

static void exempt_domain(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what)
{
	e->exempt.domain = domain(r, e, node, what, true);
}

// "tls.*": everything of an area; an id otherwise.
static void pattern(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what)
{
	const char *text = reader_scalar(r, node, what);
	size_t len = text != NULL ? strlen(text) : 0;
	bool any = false;
	if (text == NULL)
		return;
	if (len < 3 || strcmp(text + len - 2, ".*") != 0) {
		const struct catalogue_row *row = value_finding(r, node, what);
		if (row != NULL)
			e->exempt.findings[(row - catalogue) / 8] |= (uint8_t)(1 << (row - catalogue) % 8);
		return;
	}
	for (size_t i = 0; i < catalogue_n; i++) {
		if (strncmp(catalogue[i].id, text, len - 1) != 0)
			continue;
		e->exempt.findings[i / 8] |= (uint8_t)(1 << i % 8);
		any = true;
	}
	if (!any)
		reader_error(r, &node->start_mark, "%s: no finding begins with \"%.*s\"; see `postwacht findings list`", what,
			(int)(len - 1 < 60 ? len - 1 : 60), text);
}

static void exempt_findings(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what)
{
	char written[8192] = "";
	size_t n, used = 0, before = r->errors->n + r->errors->n_more;
	e->exempt.all = false;
	if (!value_items(r, node, what, 1, 64, &n))
		return;
	for (size_t i = 0; i < n; i++)
		pattern(r, e, value_item(r, node, i), what);
	if (r->errors->n + r->errors->n_more > before)
		return;
	for (size_t i = 0; i < n; i++) // each is an id, or shorter than one
		used += (size_t)snprintf(written + used, sizeof written - used, "%s%.120s", i > 0 ? " " : "",
			(const char *)value_item(r, node, i)->data.scalar.value);
	e->exempt.patterns = add_text(r, e, node, written);
}

static void exempt_owner(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what)
{
	e->exempt.owner = words(r, e, node, what, INVENTORY_OWNER_MAX);
}

static void exempt_until(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what)
{
	const char *text = reader_scalar(r, node, what);
	if (text != NULL && !date(text, &e->exempt.until_day))
		reader_error(r, &node->start_mark, "%s: \"%.40s\" is no day; write 2027-01-31", what, text);
}

static void exempt_reason(struct reader *r, struct entry *e, const yaml_node_t *node, const char *what)
{
	e->exempt.reason = words(r, e, node, what, INVENTORY_NOTE_MAX);
}

static bool exempt_map(struct reader *r, struct entry *e, const yaml_node_t *map)
{
	static const struct entry_key keys[] = {{"network", false, exempt_network}, {"domain", false, exempt_domain},
		{"findings", false, exempt_findings}, {"owner", true, exempt_owner}, {"until", false, exempt_until},
		{"reason", false, exempt_reason}};
	if (!read_entry(r, e, map, keys, sizeof keys / sizeof keys[0]))
		return false;
	if (e->exempt.is_net != (e->exempt.domain != 0))
		return true;
	reader_error(r, &map->start_mark, "%s: an entry has either a network or a domain", e->what);
	return false;
}

void value_set_exempt(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	struct inventory_exemptions *c = field;
	size_t n;
	c->n = c->text.used = 0;
	if (!value_items(r, node, k->name, k->min, k->max, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		struct entry e = {.what = k->name, .text = &c->text, .exempt = {.all = true, .until_day = INVENTORY_FOREVER}};
		const yaml_node_t *node_i = value_item(r, node, i);
		if (node_i->type == YAML_MAPPING_NODE ? exempt_map(r, &e, node_i) :
						       (e.exempt.is_net = value_net(r, node_i, k->name, &e.exempt.net)))
			c->exempt[c->n++] = e.exempt;
	}
}
