// A set-associative table of questions under way, and a queue of those that were answered twice.
#include "alerts/dns/race.h"

#include "hw/pages.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <xxhash.h>

struct answer {
	uint64_t time_ns, set;
	uint32_t frame;
	uint8_t rcode, hops;
	uint8_t n_members;
	bool whole;                     // all its records are in `member`, and they are of the type that was asked for
	uint64_t member[RACE_MEMBERS];
	char said[RACE_WORD];
};

struct question {
	uint8_t client[16], server[16];
	uint16_t client_port, server_port, id, qtype;
	uint16_t ip_v, tap;             // the same answer at two taps has passed through whatever stands between them
	uint64_t qname;                 // hash
};

struct transaction {
	struct question question;
	uint64_t order;                 // 0: free
	uint64_t asked_ns, last_ns;     // 0: not seen
	uint32_t n_asked, n_answers;    // answers in `answer`, different ones
	uint64_t doubled;               // 1 + the number of its double, 0 none
	struct answer answer[RACE_ANSWERS];
};

struct race {
	uint64_t order;
	uint64_t first, last;           // numbers of the doubles kept: [first, last)
	struct race_double doubles[RACE_DOUBLES];
	struct race_double told;
	struct transaction table[RACE_SETS][RACE_WAYS];
};

int race_open(struct race **out)
{
	*out = pages_map(sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void race_close(struct race **r)
{
	pages_unmap(*r, sizeof(**r));
	*r = NULL;
}

// ---- transactions --------------------------------------------------------------------------------------------

static struct question question_of(const struct dns_facts *f)
{
	struct question q;

	memset(&q, 0, sizeof(q)); // compared as octets
	memcpy(q.client, f->client, sizeof(q.client));
	memcpy(q.server, f->server, sizeof(q.server));
	q.client_port = f->client_port;
	q.server_port = f->server_port;
	q.id = f->id;
	q.qtype = f->qtype;
	q.ip_v = f->ip_v;
	q.tap = f->tap;
	q.qname = XXH3_64bits(dns_qname(f), strlen(dns_qname(f)));
	return q;
}

static struct transaction *transaction_of(struct race *r, const struct dns_facts *f, uint64_t now_ns)
{
	const struct question q = question_of(f);
	struct transaction *set = r->table[XXH3_64bits(&q, sizeof(q)) % RACE_SETS], *t = NULL;

	for (size_t i = 0; i < RACE_WAYS; i++) {
		if (set[i].order && memcmp(&set[i].question, &q, sizeof(q)) == 0) {
			t = &set[i];
			break;
		}
		if (!t || set[i].order < t->order)
			t = &set[i];
	}
	bool known = t->order && memcmp(&t->question, &q, sizeof(q)) == 0;
	if (!known || now_ns > t->last_ns + RACE_NS)
		*t = (struct transaction){.question = q};
	t->order = ++r->order;
	t->last_ns = now_ns > t->last_ns ? now_ns : t->last_ns;
	return t;
}

// Answers that are too old to belong to the same question leave.
static void forget(struct transaction *t, uint64_t now_ns)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->n_answers; i++)
		if (t->answer[i].time_ns + RACE_NS >= now_ns)
			t->answer[n++] = t->answer[i];
	t->n_answers = n;
}

// ---- answers -------------------------------------------------------------------------------------------------

static void say(char out[RACE_WORD], const struct dns_facts *f, const struct dns_answer *a)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (!a)
		snprintf(out, RACE_WORD, "%s", f->rcode == DNS_NXDOMAIN ? "nxdomain" : f->set ? "alias" : "nodata");
	else if (a->type == DNS_MX)
		snprintf(out, RACE_WORD, "%.*s", RACE_WORD - 1, f->text + a->name);
	else if (a->type == DNS_TLSA)
		snprintf(out, RACE_WORD, "tlsa");
	else
		snprintf(out, RACE_WORD, "%s", inet_ntop(a->type == DNS_A ? AF_INET : AF_INET6, a->address, text, sizeof(text)));
}

static struct answer answer_of(const struct message_dns *m)
{
	const struct dns_facts *f = &m->facts;
	struct answer out = {.time_ns = m->head.time_ns, .set = f->set, .frame = f->frame, .rcode = f->rcode, .hops = f->ttl,
		.whole = !(f->flags & DNS_MORE)};
	const struct dns_answer *first = NULL;

	for (size_t i = 0; i < f->n_answers; i++) {
		const struct dns_answer *a = &f->answer[i];
		if (a->type != f->qtype)
			continue;
		first = first ? first : a;
		if (out.n_members == RACE_MEMBERS) {
			out.whole = false;
			continue;
		}
		// Of an MX the host counts, whatever its preference.
		const char *host = f->text + a->name;
		out.member[out.n_members++] = a->type == DNS_MX ? XXH3_64bits(host, strlen(host)) : a->digest;
	}
	say(out.said, f, first);
	return out;
}

static bool equal(const struct answer *a, const struct answer *b)
{
	return a->rcode == b->rcode && a->set == b->set;
}

static bool nothing_in_common(const struct answer *a, const struct answer *b)
{
	if (!a->whole || !b->whole || !a->n_members || !b->n_members)
		return false;
	for (size_t i = 0; i < a->n_members; i++)
		for (size_t k = 0; k < b->n_members; k++)
			if (a->member[i] == b->member[k])
				return false;
	return true;
}

// ---- doubles -------------------------------------------------------------------------------------------------

static struct race_double *double_at(struct race *r, uint64_t number)
{
	return &r->doubles[number % RACE_DOUBLES];
}

static void keep(struct race *r, struct transaction *t, const struct dns_facts *f, const struct answer *a, const struct answer *b,
                 bool certain)
{
	if (!t->doubled || t->doubled <= r->first) {
		r->first += r->last - r->first == RACE_DOUBLES; // the judge asks for it in time, so it was followed
		t->doubled = ++r->last;
		memset(double_at(r, t->doubled - 1), 0, sizeof(struct race_double));
	}
	struct race_double *d = double_at(r, t->doubled - 1);
	memcpy(d->client, f->client, sizeof(d->client));
	memcpy(d->server, f->server, sizeof(d->server));
	d->client_port = f->client_port;
	d->server_port = f->server_port;
	d->ip_v = f->ip_v;
	d->certain = certain;
	d->qtype = f->qtype;
	d->id = f->id;
	d->file = f->file;
	snprintf(d->qname, sizeof(d->qname), "%.*s", DNS_NAME_MAX - 1, dns_qname(f));
	const struct answer *both[2] = {a, b};
	for (int i = 0; i < 2; i++) {
		d->hops[i] = both[i]->hops;
		d->frame[i] = both[i]->frame;
		d->time_ns[i] = both[i]->time_ns;
		memcpy(d->said[i], both[i]->said, sizeof(d->said[i]));
	}
}

static void compare(struct race *r, struct transaction *t, const struct message_dns *m)
{
	const struct dns_facts *f = &m->facts;
	const struct answer now = answer_of(m);
	bool lists = f->qtype == DNS_MX || f->qtype == DNS_TLSA;

	for (uint32_t i = 0; i < t->n_answers; i++)
		if (equal(&t->answer[i], &now))
			return;
	for (uint32_t i = 0; i < t->n_answers; i++) {
		bool certain = lists && nothing_in_common(&t->answer[i], &now);
		bool suspect = t->n_asked && t->n_answers + 1 > t->n_asked;
		bool stronger = !t->doubled || t->doubled <= r->first || (certain && !double_at(r, t->doubled - 1)->certain);
		if ((certain || suspect) && stronger)
			keep(r, t, f, &t->answer[i], &now, certain);
	}
	if (t->n_answers < RACE_ANSWERS)
		t->answer[t->n_answers++] = now;
}

bool race_take(struct race *r, const struct message_dns *m)
{
	const struct dns_facts *f = &m->facts;

	if (f->flags & DNS_ENCRYPTED)
		return true;
	struct transaction *t = transaction_of(r, f, m->head.time_ns);
	forget(t, m->head.time_ns);
	if (!(f->flags & DNS_RESPONSE)) {
		t->n_asked += !t->asked_ns || m->head.time_ns > t->asked_ns + RACE_AGAIN_NS;
		t->asked_ns = m->head.time_ns;
		return true;
	}
	bool says = f->rcode == DNS_NOERROR || f->rcode == DNS_NXDOMAIN;
	if (says && !(f->flags & (DNS_TRUNCATED | DNS_OVER_TCP)))
		compare(r, t, m);
	return t->n_asked;
}

const struct race_double *race_find(struct race *r, uint8_t ip_v, const uint8_t client[16], const char *qname, uint16_t qtype,
                                    uint64_t start_ns, uint64_t within_ns)
{
	for (uint64_t n = r->last; n > r->first; n--) {
		struct race_double *d = double_at(r, n - 1);
		if (d->qtype != qtype || d->ip_v != ip_v || memcmp(d->client, client, 16) != 0 || strcmp(d->qname, qname) != 0 ||
		    d->time_ns[0] > start_ns || start_ns - d->time_ns[0] > within_ns)
			continue;
		d->followed = true;
		return d;
	}
	return NULL;
}

const struct race_double *race_due(struct race *r, uint64_t now_ns, bool all)
{
	while (r->first < r->last) {
		const struct race_double *d = double_at(r, r->first);
		bool full = r->last - r->first == RACE_DOUBLES;
		if (!all && !full && now_ns <= d->time_ns[1] + RACE_FOLLOW_NS)
			return NULL;
		r->told = *d;
		r->first++;
		if (!r->told.followed)
			return &r->told;
	}
	return NULL;
}
