// Writing a snapshot: each domain and each lone host is text as soon as it is put; the end joins them.
#include "alerts/expect/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "alerts/expect/snapshot_print.h"

enum { GROW_MIN = 4096 };

// Members of an object in the making, commas in between.
struct text {
	char *at;
	size_t len, cap;
};

struct snapshot {
	int64_t as_of_s;
	struct text domains, hosts;
	json_t *described; // names of hosts
};

// One member to write.
struct member {
	const struct policy_domain *domain;
	const struct policy_host *hosts[POLICY_MX_MAX]; // of the domain, or the lone one
	int64_t as_of_s;
	bool first;
};

int snapshot_open(struct snapshot **out, int64_t as_of_s)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->as_of_s = as_of_s;
	s->described = json_object();
	if (!s->described)
		snapshot_close(&s);
	*out = s;
	return s ? 0 : -ENOMEM;
}

void snapshot_close(struct snapshot **s)
{
	if (!*s)
		return;
	json_decref((*s)->described);
	free((*s)->domains.at);
	free((*s)->hosts.at);
	free(*s);
	*s = NULL;
}

static void print_member(struct json *j, const struct member *m)
{
	if (!m->first)
		json_put_char(j, ',');
	json_put_word(j, m->domain ? m->domain->name : m->hosts[0]->name);
	json_put_char(j, ':');
	j->first = true;
	json_open_object(j);
	if (m->domain)
		snapshot_print_domain(j, m->domain, m->hosts, m->as_of_s);
	else
		snapshot_print_host(j, m->hosts[0], m->as_of_s);
	json_close_object(j);
}

// Appends, in as much room as it takes. 0, SNAPSHOT_FULL or -ENOMEM: then nothing was.
static int append(struct text *t, const struct member *m, size_t room)
{
	for (size_t cap = t->cap ? t->cap : GROW_MIN;; cap *= 2) {
		struct json j;
		char *at = cap == t->cap ? t->at : realloc(t->at, cap);
		if (!at)
			return -ENOMEM;
		t->at = at;
		t->cap = cap;
		json_init(&j, t->at + t->len, t->cap - t->len);
		print_member(&j, m);
		if (json_ok(&j) && json_len(&j) > room)
			return SNAPSHOT_FULL;
		if (json_ok(&j)) {
			t->len += json_len(&j);
			return 0;
		}
		if (cap - t->len > room)
			return SNAPSHOT_FULL;
	}
}

static size_t room_left(const struct snapshot *s)
{
	size_t used = s->domains.len + s->hosts.len;

	return used < SNAPSHOT_WRITE_MAX ? SNAPSHOT_WRITE_MAX - used : 0;
}

static bool described(const struct snapshot *s, const struct policy_host *h)
{
	return json_object_get(s->described, h->name) != NULL;
}

static int note(struct snapshot *s, const struct policy_host *h)
{
	return json_object_set_new(s->described, h->name, json_true()) < 0 ? -ENOMEM : 0;
}

static bool in_front(const struct policy_domain *d, size_t n, const char *host)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(d->mx[i].host, host) == 0)
			return true;
	return false;
}

int snapshot_put_domain(struct snapshot *s, const struct policy_domain *d,
                        const struct policy_host *(*host)(void *ctx, const char *name), void *ctx)
{
	struct member m = {.domain = d, .as_of_s = s->as_of_s, .first = s->domains.len == 0};

	for (size_t i = 0; host && i < d->n_mx; i++) {
		const struct policy_host *h = in_front(d, i, d->mx[i].host) ? NULL : host(ctx, d->mx[i].host);
		m.hosts[i] = h && !described(s, h) ? h : NULL;
	}
	int r = append(&s->domains, &m, room_left(s));
	for (size_t i = 0; i < d->n_mx && r == 0; i++)
		r = m.hosts[i] ? note(s, m.hosts[i]) : 0;
	return r;
}

int snapshot_put_host(struct snapshot *s, const struct policy_host *h)
{
	const struct member m = {.hosts = {h}, .as_of_s = s->as_of_s, .first = s->hosts.len == 0};

	if (described(s, h))
		return 0;
	int r = append(&s->hosts, &m, room_left(s));
	return r ? r : note(s, h);
}

static char *join(const struct snapshot *s, size_t *len)
{
	static const char hosts[] = ",\"hosts\":{";
	size_t cap = s->domains.len + s->hosts.len + 256;
	char *text = malloc(cap);
	struct json j;

	if (!text)
		return NULL;
	json_init(&j, text, cap - 1);
	json_open_object(&j);
	json_field(&j, "version", u64, SNAPSHOT_VERSION);
	json_key(&j, "as_of");
	snapshot_print_time(&j, s->as_of_s);
	json_key(&j, "domains");
	json_put_char(&j, '{');
	json_put_raw(&j, s->domains.at ? s->domains.at : "", s->domains.len);
	json_put_char(&j, '}');
	if (s->hosts.len) {
		json_put_raw(&j, hosts, sizeof(hosts) - 1);
		json_put_raw(&j, s->hosts.at, s->hosts.len);
		json_put_char(&j, '}');
	}
	json_close_object(&j);
	json_put_char(&j, '\n');
	*len = json_len(&j);
	text[*len] = '\0';
	return text;
}

// One member a line, by jansson; what we wrote, it reads. Where that would be more than is read again, NULL.
static char *indented(const char *text, size_t len, size_t *out_len)
{
	json_t *root = json_loadb(text, len, 0, NULL);
	char *out = root ? json_dumps(root, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;

	json_decref(root);
	*out_len = out ? strlen(out) : 0;
	char *larger = out && *out_len < SNAPSHOT_READ_MAX ? realloc(out, *out_len + 2) : NULL;
	if (!larger) {
		free(out);
		return NULL;
	}
	memcpy(larger + *out_len, "\n", 2);
	*out_len += 1;
	return larger;
}

char *snapshot_text(const struct snapshot *s, bool indent, size_t *len)
{
	size_t indented_len;
	char *text = join(s, len), *pretty = text && indent ? indented(text, *len, &indented_len) : NULL;

	if (!pretty)
		return text;
	free(text);
	*len = indented_len;
	return pretty;
}
