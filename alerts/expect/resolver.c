// libunbound, asked asynchronously. Its thread hands results over through a pipe; callbacks are run after ub_process() has
// returned, so that they may ask and cancel as they like.
#include "alerts/expect/resolver.h"
#include "hw/clock.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <unbound.h>

enum {
	TIMEOUT_MS = 10000, // a resolver of a mail server gives up about then
	CACHE_MIB = 16,
	CLASS_IN = 1,
	RCODE_NOERROR = 0,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	RECORDS_MAX = 65536 / 11, // more do not fit into an answer: an owner's pointer and a record's head take as much
};

enum question_state { QUEUED, ASKED, CAME };

struct question {
	struct question *next;
	struct resolver *r;
	resolver_done done;
	void *done_ctx;
	uint64_t id;
	uint64_t deadline_ms;
	int ub_id;
	int error;
	struct ub_result *result;
	uint8_t state;
	uint16_t type;
	char name[POLICY_NAME];
};

struct resolver {
	struct ub_ctx *ub;
	struct question *first, **last; // in the order in which they were asked
	uint32_t timeout_ms;
	uint32_t n_asked, n_queued;
	uint64_t next_id;
	struct resolver_counts counts;
	struct resolver_record records[RECORDS_MAX];
};

bool resolver_address_ok(const char *text)
{
	char address[INET6_ADDRSTRLEN];
	uint8_t octets[16];
	const char *at = strchr(text, '@');
	size_t len = at != NULL ? (size_t)(at - text) : strlen(text);
	if (len >= sizeof address)
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(AF_INET, address, octets) != 1 && inet_pton(AF_INET6, address, octets) != 1)
		return false;
	if (at == NULL)
		return true;
	size_t digits = strspn(at + 1, "0123456789");
	long port = digits > 0 && digits < 6 && at[1 + digits] == '\0' ? strtol(at + 1, NULL, 10) : 0;
	return port > 0 && port < 65536;
}

// ---- opening -----------------------------------------------------------------------------------------------------

struct anchor {
	bool root;      // it has a key of the root
	bool autotrust; // and is state of RFC 5011, as unbound-anchor writes it
};

static int anchor_read(struct anchor *out, const char *path)
{
	*out = (struct anchor){.root = false};
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return -errno;
	char line[4096];
	while (fgets(line, sizeof line, f) != NULL) {
		out->autotrust |= strncmp(line, "; autotrust trust anchor file", 29) == 0;
		out->root |= line[0] == '.' && isspace((unsigned char)line[1]) && (strstr(line, "DS") || strstr(line, "DNSKEY"));
	}
	int rc = ferror(f) ? -EIO : 0;
	fclose(f);
	return rc == 0 && !out->root ? -EBADMSG : rc;
}

// Only keys that are trusted already: RFC 5011 state has others, too, that wait.
static int add_valid_keys(struct ub_ctx *ub, const char *path)
{
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return -errno;
	char line[4096];
	int n = 0;
	while (fgets(line, sizeof line, f) != NULL) {
		char *state = strstr(line, ";;state=");
		if (line[0] != '.' || (state != NULL && state[8] != '2'))
			continue;
		line[strcspn(line, ";\n")] = '\0';
		n += ub_ctx_add_ta(ub, line) == 0;
	}
	fclose(f);
	return n > 0 ? 0 : -EBADMSG;
}

static bool may_write(const struct resolver_config *c)
{
	return !c->anchor_read_only && access(c->trust_anchor, W_OK) == 0;
}

static int add_anchor(struct ub_ctx *ub, const struct resolver_config *c, const struct anchor *anchor)
{
	if (!anchor->autotrust)
		return ub_ctx_add_ta_file(ub, c->trust_anchor) == 0 ? 0 : -EBADMSG;
	if (!may_write(c))
		return add_valid_keys(ub, c->trust_anchor);
	return ub_ctx_add_ta_autr(ub, c->trust_anchor) == 0 ? 0 : -EBADMSG;
}

// What differs from libunbound's defaults, and is the same for everybody.
static const struct {
	const char *option, *value;
} options[] = {
	{"module-config:", "validator iterator"},
	{"edns-buffer-size:", "1232"},      // larger answers come over TCP: nothing is fragmented
	{"do-not-query-localhost:", "no"},  // a forwarder may be on this machine
	{"trust-anchor-signaling:", "no"},
	{"root-key-sentinel:", "no"},
	{"qname-minimisation:", "yes"},
	{"harden-glue:", "yes"},
	{"harden-dnssec-stripped:", "yes"},
	{"harden-below-nxdomain:", "yes"},
	{"harden-short-bufsize:", "yes"},
	{"harden-large-queries:", "yes"},
	{"val-clean-additional:", "yes"},
	{"val-permissive-mode:", "no"},
	{"val-bogus-ttl:", "60"},
	{"val-log-level:", "2"},            // the reason of `why`
	{"unwanted-reply-threshold:", "10000"},
	{"serve-expired:", "no"},
	{"cache-max-ttl:", "86400"},
	{"cache-max-negative-ttl:", "900"},
	{"num-queries-per-thread:", "1024"},
	{"outgoing-range:", "256"},
	{"outgoing-num-tcp:", "16"},
	{"verbosity:", "0"},
};

static int set_cache(struct ub_ctx *ub, uint32_t mib)
{
	char whole[24], half[24];
	snprintf(whole, sizeof whole, "%um", mib / 2 + 1);
	snprintf(half, sizeof half, "%um", mib / 4 + 1);
	return ub_ctx_set_option(ub, "rrset-cache-size:", whole) || ub_ctx_set_option(ub, "msg-cache-size:", half) ||
		ub_ctx_set_option(ub, "key-cache-size:", half) || ub_ctx_set_option(ub, "neg-cache-size:", "1m");
}

static int configure(struct ub_ctx *ub, const struct resolver_config *c, const struct anchor *anchor)
{
	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
		if (ub_ctx_set_option(ub, options[i].option, options[i].value) != 0)
			return -ENOTSUP;
	if (set_cache(ub, c->cache_mib != 0 ? c->cache_mib : CACHE_MIB) != 0)
		return -ENOTSUP;
	if (c->root_hints != NULL && ub_ctx_set_option(ub, "root-hints:", c->root_hints) != 0)
		return -EINVAL;
	for (size_t i = 0; i < c->n_forward_to; i++)
		if (ub_ctx_set_fwd(ub, c->forward_to[i]) != 0)
			return -EINVAL;
	int rc = add_anchor(ub, c, anchor);
	return rc < 0 ? rc : ub_ctx_async(ub, 1) == 0 ? 0 : -ENOTSUP;
}

static int check(const struct resolver_config *c, struct anchor *anchor)
{
	for (size_t i = 0; i < c->n_forward_to; i++)
		if (!resolver_address_ok(c->forward_to[i]))
			return -EINVAL;
	return anchor_read(anchor, c->trust_anchor);
}

int resolver_check(const struct resolver_config *config)
{
	struct anchor anchor;
	return check(config, &anchor);
}

bool resolver_keeps_anchor(const struct resolver_config *config)
{
	struct anchor anchor;
	return anchor_read(&anchor, config->trust_anchor) == 0 && anchor.autotrust && may_write(config);
}

int resolver_open(struct resolver **out, const struct resolver_config *config)
{
	struct anchor anchor;
	int rc = check(config, &anchor);
	if (rc < 0)
		return rc;
	struct resolver *r = calloc(1, sizeof *r);
	if (r == NULL)
		return -ENOMEM;
	r->last = &r->first;
	r->timeout_ms = config->timeout_ms != 0 ? config->timeout_ms : TIMEOUT_MS;
	r->ub = ub_ctx_create();
	rc = r->ub == NULL ? -ENOMEM : configure(r->ub, config, &anchor);
	if (rc < 0)
		resolver_close(&r);
	*out = r;
	return rc;
}

static void question_free(struct question *q)
{
	ub_resolve_free(q->result);
	free(q);
}

void resolver_close(struct resolver **r)
{
	if (*r == NULL)
		return;
	if ((*r)->ub != NULL)
		ub_ctx_delete((*r)->ub);
	while ((*r)->first != NULL) {
		struct question *q = (*r)->first;
		(*r)->first = q->next;
		question_free(q);
	}
	free(*r);
	*r = NULL;
}

// ---- asking ------------------------------------------------------------------------------------------------------

static void came(void *ctx, int error, struct ub_result *result)
{
	struct question *q = ctx;
	q->error = error;
	q->result = result;
	q->state = CAME;
	q->r->n_asked--;
}

static void start(struct question *q)
{
	struct resolver *r = q->r;
	r->n_queued--;
	r->n_asked++;
	r->counts.asked++;
	q->state = ASKED;
	q->deadline_ms = clock_mono_ns() / 1000000 + r->timeout_ms;
	int rc = ub_resolve_async(r->ub, q->name, q->type, CLASS_IN, q, came, &q->ub_id);
	if (rc != 0)
		came(q, rc, NULL);
}

static int ask(void *ctx, const char *name, uint16_t type, resolver_done done, void *done_ctx, uint64_t *id)
{
	struct resolver *r = ctx;
	size_t len = strlen(name);
	if (len >= POLICY_NAME)
		return -EINVAL;
	if (r->n_queued >= RESOLVER_QUEUE_MAX)
		return -EAGAIN;
	struct question *q = calloc(1, sizeof *q);
	if (q == NULL)
		return -ENOMEM;
	*q = (struct question){.r = r, .done = done, .done_ctx = done_ctx, .id = ++r->next_id, .type = type};
	memcpy(q->name, name, len + 1);
	*id = q->id;
	*r->last = q;
	r->last = &q->next;
	r->n_queued++;
	if (r->n_asked < RESOLVER_IN_FLIGHT_MAX && r->n_queued == 1)
		start(q);
	return 0;
}

static struct question *take(struct resolver *r, struct question **at)
{
	struct question *q = *at;
	*at = q->next;
	if (r->last == &q->next)
		r->last = at;
	return q;
}

static void stop(struct question *q)
{
	if (q->state == QUEUED)
		q->r->n_queued--;
	if (q->state != ASKED)
		return;
	q->r->n_asked--;
	ub_cancel(q->r->ub, q->ub_id);
}

static void cancel(void *ctx, uint64_t id)
{
	struct resolver *r = ctx;
	for (struct question **at = &r->first; *at != NULL; at = &(*at)->next) {
		if ((*at)->id != id)
			continue;
		struct question *q = take(r, at);
		stop(q);
		question_free(q);
		return;
	}
}

struct resolver_source resolver_source(struct resolver *r)
{
	return (struct resolver_source){.ask = ask, .cancel = cancel, .ctx = r};
}

// ---- answers -----------------------------------------------------------------------------------------------------

static void say_why(char out[static POLICY_WHY], const char *text)
{
	static const char said[] = "validation failure ";
	if (strncmp(text, said, sizeof said - 1) == 0)
		text += sizeof said - 1;
	size_t n = 0;
	for (; text[n] != '\0' && n + 1 < POLICY_WHY; n++)
		out[n] = text[n] >= ' ' && text[n] < 0x7f ? text[n] : '?';
	out[n] = '\0';
}

// CNAMEs of the answer section. The message is libunbound's own; it is read as if it were not.
static uint8_t aliases(const uint8_t *packet, size_t len)
{
	uint8_t n = 0;
	if (len < 12)
		return 0;
	unsigned questions = packet[4] << 8 | packet[5], answers = packet[6] << 8 | packet[7];
	size_t at = 12;
	for (unsigned i = 0; i < questions + answers && n < UINT8_MAX; i++) {
		while (at < len && packet[at] != 0 && packet[at] < 0xc0)
			at += 1u + packet[at];
		at += at < len && packet[at] >= 0xc0 ? 2 : 1;
		if (i < questions) {
			at += 4;
			continue;
		}
		if (at + 10 > len)
			break;
		n += (packet[at] << 8 | packet[at + 1]) == RESOLVER_TYPE_CNAME;
		at += 10u + (size_t)(packet[at + 8] << 8 | packet[at + 9]);
	}
	return n;
}

static void read_canonical(struct resolver_answer *a, const char *text)
{
	size_t len = strlen(text);
	len -= len > 1 && text[len - 1] == '.';
	a->canonical_bad = len == 0 || len >= POLICY_NAME;
	for (size_t i = 0; !a->canonical_bad && i < len; i++) {
		a->canonical_bad = text[i] <= ' ' || text[i] >= 0x7f;
		a->canonical[i] = (char)tolower((unsigned char)text[i]);
	}
	if (a->canonical_bad)
		memset(a->canonical, 0, sizeof a->canonical);
}

static void read_records(struct resolver_answer *a, struct resolver *r, const struct ub_result *u)
{
	for (; u->havedata && a->n < RECORDS_MAX && u->data[a->n] != NULL; a->n++)
		r->records[a->n] = (struct resolver_record){.octets = (const uint8_t *)u->data[a->n], .len = (size_t)u->len[a->n]};
	a->records = r->records;
	a->nxdomain = u->nxdomain != 0;
	a->ttl_s = u->ttl > 0 ? (uint32_t)u->ttl : 0;
	a->n_aliases = aliases(u->answer_packet, u->answer_len > 0 ? (size_t)u->answer_len : 0);
	if (a->n_aliases > 0 && u->canonname != NULL && strcasecmp(u->canonname, u->qname) != 0)
		read_canonical(a, u->canonname);
}

static void indeterminate(struct resolver_answer *a, const char *why)
{
	*a = (struct resolver_answer){.dnssec = DNSSEC_INDETERMINATE};
	say_why(a->why, why);
}

static void read_answer(struct resolver_answer *a, struct question *q)
{
	const struct ub_result *u = q->result;
	*a = (struct resolver_answer){.dnssec = DNSSEC_INDETERMINATE};
	if (q->error != 0 || u == NULL) {
		indeterminate(a, q->error == UB_SERVFAIL ? "SERVFAIL" : q->error == 0 ? "no answer in time" : ub_strerror(q->error));
	} else if (u->bogus) {
		a->dnssec = DNSSEC_BOGUS;
		say_why(a->why, u->why_bogus != NULL ? u->why_bogus : "validation failed");
	} else if (u->rcode != RCODE_NOERROR && u->rcode != RCODE_NXDOMAIN) {
		char text[32];
		snprintf(text, sizeof text, "RCODE %d", u->rcode);
		indeterminate(a, u->rcode == RCODE_SERVFAIL ? "SERVFAIL" : text);
	} else {
		a->dnssec = u->secure ? DNSSEC_SECURE : DNSSEC_INSECURE;
		read_records(a, q->r, u);
		if (a->n_aliases > RESOLVER_ALIASES_MAX)
			indeterminate(a, "more aliases than are followed");
	}
}

static void tell(struct question *q)
{
	struct resolver_answer a;
	read_answer(&a, q);
	q->r->counts.answered += q->result != NULL;
	q->done(q->done_ctx, &a);
}

// The first that came or ran out of time, taken out; NULL: none.
static struct question *ready(struct resolver *r, uint64_t now)
{
	for (struct question **at = &r->first; *at != NULL; at = &(*at)->next) {
		struct question *q = *at;
		bool late = q->state == ASKED && q->deadline_ms <= now;
		if (late) {
			stop(q);
			r->counts.timed_out++;
		}
		if (late || q->state == CAME)
			return take(r, at);
	}
	return NULL;
}

static void start_queued(struct resolver *r)
{
	for (struct question *q = r->first; q != NULL && r->n_queued > 0 && r->n_asked < RESOLVER_IN_FLIGHT_MAX; q = q->next)
		if (q->state == QUEUED)
			start(q);
}

int resolver_process(struct resolver *r)
{
	if (ub_process(r->ub) != 0)
		return -EPIPE;
	for (struct question *q = ready(r, clock_mono_ns() / 1000000); q != NULL; q = ready(r, clock_mono_ns() / 1000000)) {
		tell(q);
		question_free(q);
	}
	start_queued(r);
	return 0;
}

int resolver_fd(const struct resolver *r)
{
	return ub_fd(r->ub);
}

int resolver_wait_ms(const struct resolver *r)
{
	uint64_t now = clock_mono_ns() / 1000000, first = UINT64_MAX;
	for (const struct question *q = r->first; q != NULL; q = q->next) {
		if (q->state == CAME)
			return 0;
		if (q->state == ASKED && q->deadline_ms < first)
			first = q->deadline_ms;
	}
	if (first == UINT64_MAX)
		return -1;
	return first <= now ? 0 : (int)(first - now);
}

struct resolver_counts resolver_counts(const struct resolver *r)
{
	struct resolver_counts c = r->counts;
	c.in_flight = r->n_asked;
	c.queued = r->n_queued;
	return c;
}
