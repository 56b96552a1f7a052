// Waiting for policy: a fake that answers at once, later, out of order, or never.
#include "tests/unit/alerts/judge_fixture.h"

#include "alerts/expect/ops.h"

#include <errno.h>

static struct {
	bool refuses;                    // want()
	struct store *store;
	struct policy_domain queue[8];
	size_t n_queue, next;
	uint64_t clock_ns;
	size_t n_asked;
	char asked[POLICY_NAME];
} fake;

static int fake_want(void *ctx, enum expect_kind kind, const char *name, bool fresh)
{
	fake.n_asked++;
	if (kind == EXPECT_OF_HOST) // nobody knows the hosts
		return -EAGAIN;
	snprintf(fake.asked, sizeof(fake.asked), "%s", name);
	return fake.refuses ? -EAGAIN : 0;
}

static bool fake_poll(void *ctx, struct store *s)
{
	bool any = fake.next < fake.n_queue;
	while (fake.next < fake.n_queue)
		assert_int_equal(store_put_domain(s, &fake.queue[fake.next++]), 0);
	return any;
}

static uint64_t fake_now(void *ctx)
{
	return fake.clock_ns;
}

static const struct expect_ops ops = {.want = fake_want, .poll = fake_poll, .now = fake_now};

static void open_waiting(bool refuses, uint32_t sessions_max)
{
	struct judge_config c = config_default();

	memset(&fake, 0, sizeof(fake));
	fake.refuses = refuses;
	fake.clock_ns = FIXTURE_START_NS;
	assert_int_equal(store_open(&fake.store, 64, 64), 0);
	c.expect = &ops;
	c.store = fake.store;
	c.sessions_max = sessions_max;
	open_judge(&c);
}

static void close_waiting(void)
{
	close_judge();
	store_close(&fake.store);
}

// Its policy enforces TLS, or it has none.
static void answer(const char *domain, enum policy_sts_mode mode)
{
	struct policy_domain d = {.mx_dnssec = DNSSEC_INSECURE, .as_of_s = FIXTURE_START_NS / SECOND, .mx_ttl_s = 3600,
		.sts = {.mode = (uint8_t)mode, .max_age_s = 86400, .as_of_s = FIXTURE_START_NS / SECOND}};
	snprintf(d.name, sizeof(d.name), "%s", domain);
	fake.queue[fake.n_queue++] = d;
}

static void to(struct facts *f, const char *domain)
{
	text(f, &f->smtp.rcpt_domain[0], domain);
	f->smtp.n_rcpt_domains = 1;
	f->smtp.n_rcpt_domains_all = 1;
}

static void to_b(struct facts *f)
{
	not_offered(f);
	to(f, "b.example");
}

// Something has to arrive for the judge to look at the clock: a session without a word to say.
static void tick(void)
{
	struct facts f;

	connection(&f);
	f.birth = 1000;
	f.conn.payload[0] = f.conn.payload[1] = false;
	send_whole(&f);
}

static const char *verdict_told(size_t i)
{
	return json_string_value(json_object_get(json_object_get(told.line[i], "smtp_tls"), "verdict"));
}

#define ROOT "starttls.not-offered+exposure.envelope+exposure.content"

static void at_once(void **state)
{
	struct facts f;

	open_waiting(false, 16);
	answer("b.example", STS_ENFORCE);
	fake_poll(NULL, fake.store);
	to_b(&f);
	send_whole(&f);
	assert_string_equal(verdict_told(0), "clear_against_policy");
	assert_told("known at once", ROOT " mtasts.enforce-plaintext smtp");
	upgraded(&f);
	f.birth = 2;
	send_whole(&f);
	assert_string_equal(fake.asked, "");
	assert_told("nobody knows the host", "smtp tls");
	close_waiting();
}

static void later(void **state)
{
	struct facts f;

	open_waiting(false, 16);
	to_b(&f);
	send_open(&f);
	assert_told("the cause waits, and what it would tell waits with it", "");
	answer("b.example", STS_ENFORCE);
	tick();
	assert_string_equal(verdict_told(0), "clear_against_policy");
	assert_told("answered before the end", ROOT "... mtasts.enforce-plaintext...");
	send_whole(&f);
	assert_told("the end", "smtp");
	assert_int_equal(fake.n_asked, 1);
	assert_int_equal(judge_summary(judge)->held_unanswered, 0);
	close_waiting();
}

static void after_the_end(void **state)
{
	struct facts f;

	open_waiting(false, 16);
	to_b(&f);
	send_whole(&f);
	assert_told("held", "");
	answer("b.example", STS_ABSENT);
	tick();
	assert_string_equal(verdict_told(1), "clear");
	assert_told("alert and record", ROOT " smtp");
	close_waiting();
}

static void never(void **state)
{
	struct facts f;

	open_waiting(false, 16);
	to_b(&f);
	send_whole(&f);
	fake.clock_ns += 5 * SECOND - 1;
	tick();
	assert_told("not yet", "");
	fake.clock_ns += 1;
	tick();
	assert_string_equal(verdict_told(1), "clear");
	assert_told("told as unknown", ROOT " smtp");
	assert_int_equal(judge_summary(judge)->held_unanswered, 1);
	answer("b.example", STS_ENFORCE);
	tick();
	assert_told("too late", "");
	close_waiting();
}

static void at_finish(void **state)
{
	struct facts f;

	open_waiting(false, 16);
	to_b(&f);
	send_whole(&f);
	judge_finish(judge);
	assert_told("the end resolves all", ROOT " smtp");
	assert_int_equal(judge_summary(judge)->held_unanswered, 1);
	close_waiting();
}

static void out_of_order(void **state)
{
	struct facts f;

	open_waiting(false, 16);
	to_b(&f);
	send_whole(&f);
	f.birth = 2;
	f.conn.dst_port = 2525;
	to(&f, "c.example");
	send_whole(&f);
	answer("z.example", STS_ENFORCE);
	answer("c.example", STS_ABSENT);
	tick();
	assert_string_equal(verdict_told(1), "clear");
	assert_told("the one that is answered", ROOT " smtp");
	answer("b.example", STS_ENFORCE);
	answer("b.example", STS_ABSENT);
	tick();
	assert_told("the newest answer counts", ROOT " smtp");
	close_waiting();
}

static void nobody_to_ask(void **state)
{
	struct facts f;

	open_waiting(true, 16);
	to_b(&f);
	send_whole(&f);
	assert_int_equal(fake.n_asked, 1);
	assert_string_equal(fake.asked, "b.example");
	assert_told("unknown at once", ROOT " smtp");
	close_waiting();
}

// What policy cannot change is not held.
static void others_go_on(void **state)
{
	struct facts f;

	open_waiting(false, 16);
	to_b(&f);
	f.smtp.eod_variants = EOD_LF_LF;
	f.smtp.eod_then_verb = f.smtp.eod_effect = true;
	f.smtp.eod_mark = f.smtp.eod_verb_mark = f.smtp.eod_effect_mark = at(20);
	send_open(&f);
	assert_told("the attack is told", "smuggle.success+smuggle.eod-variant+smuggle.attempt...");
	send_whole(&f);
	assert_told("the rest waits", "");
	judge_finish(judge);
	assert_told("and is told", ROOT " smtp");
	close_waiting();
}

// Clear mail, then STARTTLS: the end of a sealed session may come before the answer.
static void sealed_and_waiting(void **state)
{
	struct facts f;

	open_waiting(false, 16);
	upgraded(&f);
	mail(&f, CLEAR_NOT_OFFERED);
	to(&f, "b.example");
	f.smtp.offer = OFFER_NO;
	f.smtp.starttls_unoffered = true;
	send_sealed(&f);
	send_end(&f, f.conn.last_ns + SECOND);
	assert_told("its own finding goes on", "starttls.not-offered-but-sent+starttls.not-offered+exposure.envelope+exposure.content...");
	answer("b.example", STS_ABSENT);
	tick();
	assert_told("record", "smtp tls");
	close_waiting();
}

static void full_table(void **state)
{
	struct facts f;

	open_waiting(false, 2);
	for (uint64_t birth = 1; birth <= 3; birth++) {
		to_b(&f);
		f.birth = birth;
		f.conn.dst_port = (uint16_t)(1000 + birth);
		send_whole(&f);
	}
	assert_told("the oldest is told as unknown", ROOT " smtp");
	judge_finish(judge);
	assert_told("nobody is lost", ROOT " smtp " ROOT " smtp");
	assert_int_equal(judge_summary(judge)->sessions, 3);
	close_waiting();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_once),
		cmocka_unit_test(later),
		cmocka_unit_test(after_the_end),
		cmocka_unit_test(never),
		cmocka_unit_test(at_finish),
		cmocka_unit_test(out_of_order),
		cmocka_unit_test(nobody_to_ask),
		cmocka_unit_test(others_go_on),
		cmocka_unit_test(sealed_and_waiting),
		cmocka_unit_test(full_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
