// Records under attack: any octets in any text, and everything as long as it can be, still give one valid line of
// bounded length.
#include "tests/unit/alerts/record_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

typedef size_t (*writer)(char *out, struct fixture *x);

static size_t write_smtp(char *out, struct fixture *x)
{
	return record_smtp(out, &x->config, &x->session);
}

static size_t write_tls(char *out, struct fixture *x)
{
	return record_tls(out, &x->config, &x->session);
}

static size_t write_alert(char *out, struct fixture *x)
{
	return record_alert_write(out, &x->config, &x->alert);
}

static size_t write_anomaly(char *out, struct fixture *x)
{
	return record_session_anomaly(out, &x->config, &x->session, "applayer", "reply_malformed");
}

// The largest that receivers (and jansson) hold.
static void largest(uint64_t *value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		value[i] = INT64_MAX;
}

static size_t write_stats(char *out, struct fixture *x)
{
	static struct message_counters m;
	static uint64_t states[STATE_N], verdicts[VERDICT_N];

	largest(m.counter, DISSECT_COUNTERS);
	largest(states, STATE_N);
	largest(verdicts, VERDICT_N);
	m.memory_octets = INT64_MAX;
	return record_stats(out, &x->config, &m, states, verdicts, INT64_MAX);
}

static const writer writers[] = {write_smtp, write_tls, write_alert, write_anomaly, write_stats};
enum { WRITERS = sizeof(writers) / sizeof(writers[0]) };

// The buffer is followed by a page nobody may touch.
static char *guarded;

static int setup(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), len = (RECORD_LEN_MAX + page - 1) / page * page;
	char *memory = mmap(NULL, len + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	if (memory == MAP_FAILED || mprotect(memory + len, page, PROT_NONE))
		return -1;
	guarded = memory + len - RECORD_LEN_MAX;
	return 0;
}

// A valid, printable line; whether it says that it was cut.
static bool check(writer write, struct fixture *x)
{
	size_t len = write(guarded, x);

	assert_in_range(len, 1, RECORD_LEN_MAX);
	for (size_t i = 0; i < len; i++)
		assert_in_range(guarded[i], 0x20, 0x7e);
	json_error_t error;
	json_t *root = json_loadb(guarded, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!root)
		print_error("%s\n%.*s\n", error.text, (int)len, guarded);
	assert_non_null(root);
	bool truncated = json_is_true(json_object_get(json_object_get(root, "smtp_tls"), "truncated"));
	json_decref(root);
	return truncated;
}

// Every text of the wire is there, and together they fill the facts. `next` gives the octets.
static void fill(struct fixture *x, uint8_t (*next)(uint32_t *seed), uint32_t *seed)
{
	fixture_tls(x);
	struct facts *f = &x->facts;
	struct smtp_facts *m = &f->smtp;
	struct text *texts[] = {&m->helo, &m->from_domain, &m->from_local, &m->rcpt_local, &m->auth_name, &f->tls.sni, &f->tls.alpn,
	                        &m->rcpt_domain[0], &m->rcpt_domain[1], &m->rcpt_domain[2], &m->rcpt_domain[3], &m->rcpt_domain[4],
	                        &m->rcpt_domain[5], &m->rcpt_domain[6], &m->rcpt_domain[7]};
	size_t n = sizeof(texts) / sizeof(texts[0]);

	f->text_used = 0;
	for (size_t i = 0; i < n; i++) {
		uint8_t octets[FACTS_TEXT_MAX / 15];
		for (size_t k = 0; k < sizeof(octets); k++)
			octets[k] = next(seed);
		*texts[i] = (struct text){0};
		facts_set_text(f, texts[i], octets, sizeof(octets), sizeof(octets));
	}
	m->n_rcpt_domains = FACTS_RCPT_DOMAINS;
	m->n_rcpt_domains_all = 900;
	m->auth_mech = MECH_OTHER;
	m->n_auth = 1;
}

static uint8_t same(uint32_t *seed)
{
	return (uint8_t)*seed;
}

static uint8_t random_octet(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint8_t)(*seed >> 24);
}

static void each_octet_everywhere(void **state)
{
	static struct fixture x;

	(void)state;
	for (uint32_t octet = 0; octet < 256; octet++) {
		fill(&x, same, &octet);
		for (int full = 0; full < 2; full++) {
			x.config.envelope = full ? ENVELOPE_FULL : ENVELOPE_DOMAINS;
			x.facts.conn.role = full ? ROLE_RELAY : ROLE_SUBMISSION;
			for (size_t i = 0; i < WRITERS; i++)
				check(writers[i], &x);
		}
	}
}

static void random_octets(void **state)
{
	static struct fixture x;

	(void)state;
	for (uint32_t i = 0; i < 500; i++) {
		uint32_t seed = i;
		fill(&x, random_octet, &seed);
		x.facts.conn.role = seed & 1 ? ROLE_RELAY : ROLE_SUBMISSION;
		for (size_t k = 0; k < WRITERS; k++)
			check(writers[k], &x);
	}
}

static const struct catalogue_row longest_row = {
	.id = "starttls.a-finding-whose-name-is-longer-than-any-of-ours",
	.signature_id = UINT32_MAX,
	.title = "A title as long as the catalogue allows, which is below eighty octets of text",
	.category = "SMTP TLS downgrade, as long as any category",
	.mitre = "T1557 T1040 T1562.010 T1600.001",
};

// Every list full, every text long and of the octet that takes most room.
static void fill_everything(struct fixture *x)
{
	static char long_text[256];
	uint32_t octet = 0x01;

	memset(long_text, 0x01, sizeof(long_text) - 1);
	fill(x, same, &octet);
	x->config = (struct record_config){.host = long_text, .in_iface = long_text, .envelope = ENVELOPE_FULL,
	                                   .file_name = fixture_file_name, .file_ctx = long_text, .start_ns = 1};
	struct session *s = &x->session;
	s->tap = long_text;
	s->flow_id = ((uint64_t)1 << 51) - 1;
	memcpy(s->expect.domain, long_text, sizeof(s->expect.domain));
	memcpy(s->expect.mx, long_text, sizeof(s->expect.mx));
	memcpy(s->expect.source, long_text, sizeof(s->expect.source) - 1);
	s->state = STATE_PLAIN_AFTER_HANDSHAKE_FAIL;
	s->verdict = VERDICT_CLEAR_AGAINST_POLICY;
	s->n_findings = SESSION_FINDINGS_MAX;
	for (size_t i = 0; i < SESSION_FINDINGS_MAX; i++) {
		fixture_finding(&s->findings[i]);
		s->findings[i].row = &longest_row;
		x->alert.related[i] = &longest_row;
	}
	x->alert.n_related = SESSION_FINDINGS_MAX;
	s->n_why = SESSION_WHY_MAX;
	for (size_t i = 0; i < SESSION_WHY_MAX; i++)
		memcpy(s->why[i], long_text, SESSION_WHY_LEN - 1);
	x->root = s->findings[0];
	x->root.n_frames = FINDING_FRAMES_MAX;
	memset(x->root.frames, 0xff, sizeof(x->root.frames));
	memcpy(x->root.detail, long_text, FINDING_DETAIL_MAX - 1);
	x->alert.time_ns = UINT64_MAX;
	x->alert.frame = UINT32_MAX;
	x->alert.repeat = (struct record_repeat){UINT32_MAX, UINT32_MAX, "01M852A245Y8QG6HZA0XRCRRXD"};
	struct conn_facts *c = &x->facts.conn;
	*c = (struct conn_facts){.ip_v = 6, .n_vlan = 2, .vlan = {4095, 4095}, .src_port = 65535, .dst_port = 65535,
	                         .end = END_EVICTED, .role = ROLE_SUBMISSION, .last_frame = UINT32_MAX};
	memset(c->src, 0xff, sizeof(c->src));
	memset(c->dst, 0xff, sizeof(c->dst));
	largest(c->pkts, 2);
	largest(c->octets, 2);
	c->missed[DIR_C2S] = INT64_MAX;
	memset(c->gaps, 0xff, sizeof(c->gaps));
	struct smtp_facts *m = &x->facts.smtp;
	m->n_mail = m->n_mail_ok = m->n_rcpt = UINT32_MAX;
	m->content_octets = INT64_MAX;
	x->facts.tls.alert_clear = true;
	x->facts.tls.suite = 0xc0b3;
}

static void everything_at_once(void **state)
{
	static struct fixture x;

	(void)state;
	fill_everything(&x);
	assert_true(check(write_smtp, &x));
	assert_true(check(write_alert, &x));
	check(write_tls, &x);
	check(write_anomaly, &x);
	check(write_stats, &x);
}

// A long `tls` or `anomaly` line has no place to say that it was cut, so it must never need to be (names from the
// configuration being sane).
static void copies_are_never_cut(void **state)
{
	static struct fixture x;

	(void)state;
	fill_everything(&x);
	x.config.host = "sensor-with-a-long-name.example";
	x.config.in_iface = "enp129s0f0np0";
	// The longest SNI there can be, of the worst octets.
	x.facts.text_used = 0;
	x.facts.tls.sni = (struct text){0};
	uint8_t name[255];
	memset(name, 0x02, sizeof(name));
	facts_set_text(&x.facts, &x.facts.tls.sni, name, sizeof(name), sizeof(name));
	size_t len = write_tls(guarded, &x);
	json_t *root = json_loadb(guarded, len, 0, NULL);
	assert_int_equal(json_string_length(json_object_get(json_object_get(root, "tls"), "sni")), sizeof(name));
	json_decref(root);
}

static void ordinary_lines_are_short(void **state)
{
	static struct fixture x;

	(void)state;
	fixture_clear(&x);
	assert_false(check(write_alert, &x));
	assert_true(write_alert(guarded, &x) < 2048);
	assert_true(write_smtp(guarded, &x) < 2048);
	fixture_tls(&x);
	assert_true(write_smtp(guarded, &x) < 2048);
	assert_true(write_tls(guarded, &x) < 1024);
}

// Cutting keeps the first entries and says so; the members themselves stay.
static void cut_lists_keep_their_members(void **state)
{
	static struct fixture x;

	(void)state;
	fill_everything(&x);
	size_t len = write_alert(guarded, &x);
	json_t *root = json_loadb(guarded, len, 0, NULL), *own = json_object_get(root, "smtp_tls");
	static const char *const lists[] = {"findings", "why", "related"};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		assert_in_range(json_array_size(json_object_get(own, lists[i])), 1, 8);
	assert_string_equal(json_string_value(json_object_get(own, "verdict")), "clear_against_policy");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(own, "repeat"), "count")), UINT32_MAX);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_octet_everywhere),    cmocka_unit_test(random_octets),
		cmocka_unit_test(everything_at_once),       cmocka_unit_test(copies_are_never_cut),
		cmocka_unit_test(ordinary_lines_are_short), cmocka_unit_test(cut_lists_keep_their_members),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
