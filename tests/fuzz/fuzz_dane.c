// TLSA records of anybody against chains and keys of anybody.
//
// Input: parts of a kind (enum part), two octets of length, and as many octets. A record's data follow its usage, selector
// and matching type. Each chain or key is compared with the records, names and time in front of it.
#include <stdlib.h>
#include <string.h>

#include "alerts/expect/dane.h"
#include "tests/fuzz/fuzz.h"

enum part { RECORD, NAME, TIME, CHAIN, KEY, FORGET, PARTS };

enum { NAME_LEN = 300, BEGIN_S = 1700086400 };

struct run {
	struct dane_memory *dane;
	struct policy_tlsa tlsa[POLICY_TLSA_MAX];
	struct policy_tlsa_set set;
	char names[DANE_NAMES_MAX][NAME_LEN + 1];
	size_t n_names;
	int64_t now_s;
};

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void add_record(struct run *r, const uint8_t *p, size_t len)
{
	if (len < 3 || r->set.n == POLICY_TLSA_MAX)
		return;
	size_t n = len - 3 <= POLICY_TLSA_LEN ? len - 3 : 0;
	r->tlsa[r->set.n++] = (struct policy_tlsa){p[0], p[1], p[2], (uint16_t)n, n ? p + 3 : NULL};
}

static void add_name(struct run *r, const uint8_t *p, size_t len)
{
	if (r->n_names == DANE_NAMES_MAX)
		return;
	len = len < NAME_LEN ? len : NAME_LEN;
	memcpy(r->names[r->n_names], p, len);
	r->names[r->n_names++][len] = '\0';
}

static void set_time(struct run *r, const uint8_t *p, size_t len)
{
	uint64_t t = 0;

	for (size_t i = 0; i < len && i < 8; i++)
		t = t << 8 | p[i];
	r->now_s = (int64_t)t;
}

static void check_set(const struct run *r, const struct dane_set *s)
{
	must(s->n_usable + s->n_unusable == r->set.n && s->n_counted <= s->n_usable);
	must(__builtin_popcount(s->counted) == s->n_counted);
	must(!s->n_usable == !s->n_counted);
	for (unsigned i = 0; i < POLICY_TLSA_MAX; i++)
		if (s->counted & 1u << i)
			must(i < r->set.n && (r->tlsa[i].usage == 2 || r->tlsa[i].usage == 3) && r->tlsa[i].selector < 2 && r->tlsa[i].len);
}

static void check_match(const struct run *r, const struct dane_set *s, const struct dane_match *m)
{
	must(m->outcome <= DANE_OUTCOME_COSTLY && memchr(m->what, '\0', sizeof(m->what)));
	must(m->record >= -1 && m->record < r->set.n);
	must(s->n_usable || m->outcome == DANE_OUTCOME_NONE);
	must(m->outcome != DANE_OUTCOME_MATCH || (m->record >= 0 && s->counted & 1u << m->record));
	bool anchor = m->outcome >= DANE_OUTCOME_TA_NAME && m->outcome <= DANE_OUTCOME_TA_CHAIN;
	must(!anchor || (m->record >= 0 && r->tlsa[m->record].usage == 2));
	for (const char *p = m->what; *p; p++)
		must(*p >= ' ' && *p <= '~');
}

static void compare(struct run *r, const uint8_t *p, size_t len, bool raw_key)
{
	const struct dane_shown shown = {.octets = p, .len = len, .raw_key = raw_key};
	const char *names[DANE_NAMES_MAX];
	struct dane_match m, again;
	struct dane_set pure, set;

	for (size_t i = 0; i < r->n_names; i++)
		names[i] = r->names[i];
	dane_set_read(&pure, &r->set);
	dane_read(r->dane, &set, &r->set);
	must(memcmp(&pure, &set, sizeof(set)) == 0);
	check_set(r, &set);
	dane_compare(r->dane, &m, &shown, &r->set, names, r->n_names, r->now_s);
	check_match(r, &set, &m);
	dane_compare(r->dane, &again, &shown, &r->set, names, r->n_names, r->now_s);
	must(memcmp(&m, &again, sizeof(m)) == 0);
}

static void take(struct run *r, enum part kind, const uint8_t *p, size_t len)
{
	switch (kind) {
	case RECORD:
		add_record(r, p, len);
		break;
	case NAME:
		add_name(r, p, len);
		break;
	case TIME:
		set_time(r, p, len);
		break;
	case CHAIN:
	case KEY:
		compare(r, p, len, kind == KEY);
		break;
	default:
		r->set.n = 0;
		r->n_names = 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct run r;

	if (!r.dane)
		must(dane_open(&r.dane) == 0);
	r.set = (struct policy_tlsa_set){.tlsa = r.tlsa};
	r.n_names = 0;
	r.now_s = BEGIN_S;
	while (len >= 3) {
		size_t n = (size_t)data[1] << 8 | data[2];
		n = n < len - 3 ? n : len - 3;
		take(&r, data[0] % PARTS, data + 3, n);
		data += 3 + n;
		len -= 3 + n;
	}
	return 0;
}
