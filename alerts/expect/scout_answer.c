// What a job learned becomes what is known, and one snapshot document.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerts/expect/scout_work.h"

// Finds the hosts of an answer while it is written.
struct finding {
	struct job *j;
	struct policy_host host;
	bool short_form;   // TLSA records left out, because all of them do not fit
};

static bool known(uint8_t dnssec)
{
	return dnssec == DNSSEC_SECURE || dnssec == DNSSEC_INSECURE;
}

static void shorten(struct policy_host *h)
{
	if (h->tlsa.n == 0)
		return;
	h->tlsa.n = 0;
	h->tlsa.dnssec = DNSSEC_INDETERMINATE;
	h->tlsa.more = true;
	memset(&h->former, 0, sizeof h->former);
	memset(h->why, 0, sizeof h->why);
	memcpy(h->why, "TLSA: more octets than are told", sizeof "TLSA: more octets than are told");
}

// The lookup's own host, with what the store knows of before.
static const struct policy_host *find(void *ctx, const char *name)
{
	struct finding *f = ctx;
	const struct policy_host *learned = lookup_get_host(f->j->lookup, name);
	const struct policy_host *kept = store_host(f->j->w->store, name);
	if (learned == NULL)
		return NULL;
	f->host = *learned;
	f->host.as_of_s = f->host.tlsa.as_of_s = time(NULL);
	if (kept != NULL && known(learned->tlsa.dnssec)) {
		f->host.former = kept->former;
	} else if (kept != NULL && kept->tlsa.n > 0) {
		f->host.former = kept->tlsa;
		f->host.former.until_s = kept->tlsa.as_of_s;
	}
	if (f->short_form)
		shorten(&f->host);
	return &f->host;
}

static void least(uint32_t *ttl_s, uint32_t other_s)
{
	if (other_s > 0 && (*ttl_s == 0 || other_s < *ttl_s))
		*ttl_s = other_s;
}

// What is not known now does not take the place of what was.
static int keep_hosts(struct job *j, int64_t now_s)
{
	const struct policy_host *h;
	int rc = 0;
	for (size_t i = 0; rc == 0 && (h = lookup_host_at(j->lookup, i)) != NULL; i++) {
		struct policy_host host = *h;
		host.as_of_s = host.tlsa.as_of_s = now_s;
		least(&j->ttl_s, host.addresses_ttl_s);
		least(&j->ttl_s, host.tlsa.ttl_s);
		if (known(host.tlsa.dnssec) && known(host.addresses_dnssec))
			rc = store_put_host(j->w->store, &host);
	}
	return rc;
}

static int keep_domain(struct job *j, struct policy_domain *out, int64_t now_s)
{
	struct work *w = j->w;
	*out = *lookup_get_domain(j->lookup);
	out->as_of_s = now_s;
	least(&j->ttl_s, out->mx_ttl_s);
	if (w->fetch != NULL) {
		const struct policy_domain *before = store_domain(w->store, out->name);
		sts_conclude(&out->sts, w->patterns, before != NULL ? &before->sts : NULL, lookup_get_sts(j->lookup),
			j->fetched ? &j->result : NULL, now_s);
	}
	return store_put_domain(w->store, out);
}

static char *text_of(struct job *j, const struct policy_domain *d, bool short_form, size_t *len, int64_t now_s)
{
	struct finding f = {.j = j, .short_form = short_form};
	struct snapshot *s;
	if (snapshot_open(&s, now_s) < 0)
		return NULL;
	const struct policy_host *h = d == NULL ? find(&f, j->request.name) : NULL;
	int rc = d != NULL ? snapshot_put_domain(s, d, find, &f) : h != NULL ? snapshot_put_host(s, h) : -ENOENT;
	char *text = rc == 0 ? snapshot_text(s, false, len) : NULL;
	snapshot_close(&s);
	return text;
}

int answer_make(struct job *j)
{
	int64_t now_s = time(NULL);
	struct policy_domain domain;
	bool is_domain = j->request.kind == SCOUT_DOMAIN;
	size_t len = 0;
	int rc = keep_hosts(j, now_s);
	if (rc == 0 && is_domain)
		rc = keep_domain(j, &domain, now_s);
	if (rc < 0)
		return rc;
	j->w->store_changed = true;
	char *text = text_of(j, is_domain ? &domain : NULL, false, &len, now_s);
	if (text != NULL && len > SCOUT_ANSWER_MAX) {
		free(text);
		text = text_of(j, is_domain ? &domain : NULL, true, &len, now_s);
	}
	rc = text != NULL && len <= SCOUT_ANSWER_MAX ? out_put(j->w, &j->request, text, len) : -ENOMEM;
	free(text);
	return rc;
}
