// Waiting for policy: a fake that answers at once, later, out of order, or never.
#include "tests/unit/alerts/judge_fixture.h"

static struct {
	int reply;                       // of ask()
	struct expectation now;
	struct expect_answer queue[8];
	size_t n_queue, next;
	uint64_t clock_ns;
	size_t n_asked;
} fake;

static const struct expectation dane = {.level = EXPECT_DANE, .enforced = true, .identity_required = true, .domain = "b.example"};
static const struct expectation none = {.level = EXPECT_NONE};

static int fake_ask(void *ctx, const struct facts *f, struct expectation *out)
{
	fake.n_asked++;
	*out = fake.now;
	return fake.reply;
}

static int fake_poll(void *ctx, struct expect_answer *out)
{
	if (fake.next == fake.n_queue)
		return 0;
	*out = fake.queue[fake.next++];
	return 1;
}

static uint64_t fake_now(void *ctx)
{
	return fake.clock_ns;
}

static const struct expect_ops ops = {.ask = fake_ask, .poll = fake_poll, .now = fake_now};

static void open_waiting(int reply, uint32_t sessions_max)
{
	struct judge_config c = config_default();

	memset(&fake, 0, sizeof(fake));
	fake.reply = reply;
	fake.clock_ns = 100 * SECOND;
	c.expect = &ops;
	c.sessions_max = sessions_max;
	open_judge(&c);
}

static void answer(uint64_t birth, const struct expectation *e)
{
	fake.queue[fake.n_queue++] = (struct expect_answer){.birth = birth, .expect = *e};
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

	open_waiting(0, 16);
	fake.now = dane;
	not_offered(&f);
	send_whole(&f);
	assert_string_equal(verdict_told(0), "clear_against_policy");
	assert_told("known at once", ROOT " smtp");
	upgraded(&f);
	f.birth = 2;
	send_whole(&f);
	assert_int_equal(fake.n_asked, 1);
	assert_told("nothing to ask", "smtp tls");
	close_judge();
}

static void later(void **state)
{
	struct facts f;

	open_waiting(1, 16);
	not_offered(&f);
	send_open(&f);
	assert_told("the cause waits, and what it would tell waits with it", "");
	answer(1, &dane);
	tick();
	assert_string_equal(verdict_told(0), "clear_against_policy");
	assert_told("answered before the end", ROOT "...");
	send_whole(&f);
	assert_told("the end", "smtp");
	assert_int_equal(fake.n_asked, 1);
	assert_int_equal(judge_summary(judge)->held_unanswered, 0);
	close_judge();
}

static void after_the_end(void **state)
{
	struct facts f;

	open_waiting(1, 16);
	not_offered(&f);
	send_whole(&f);
	assert_told("held", "");
	answer(1, &none);
	tick();
	assert_string_equal(verdict_told(1), "clear");
	assert_told("alert and record", ROOT " smtp");
	close_judge();
}

static void never(void **state)
{
	struct facts f;

	open_waiting(1, 16);
	not_offered(&f);
	send_whole(&f);
	fake.clock_ns += 5 * SECOND - 1;
	tick();
	assert_told("not yet", "");
	fake.clock_ns += 1;
	tick();
	assert_string_equal(verdict_told(1), "clear");
	assert_told("told as unknown", ROOT " smtp");
	assert_int_equal(judge_summary(judge)->held_unanswered, 1);
	answer(1, &dane);
	tick();
	assert_told("too late", "");
	close_judge();
}

static void at_finish(void **state)
{
	struct facts f;

	open_waiting(1, 16);
	not_offered(&f);
	send_whole(&f);
	judge_finish(judge);
	assert_told("the end resolves all", ROOT " smtp");
	assert_int_equal(judge_summary(judge)->held_unanswered, 1);
	close_judge();
}

static void out_of_order(void **state)
{
	struct facts f;

	open_waiting(1, 16);
	not_offered(&f);
	send_whole(&f);
	f.birth = 2;
	f.conn.dst_port = 2525;
	send_whole(&f);
	answer(7, &dane);
	answer(2, &none);
	answer(1, &dane);
	answer(1, &none);
	tick();
	assert_string_equal(verdict_told(1), "clear");
	assert_string_equal(verdict_told(3), "clear_against_policy");
	assert_told("each with its own answer", ROOT " smtp " ROOT " smtp");
	close_judge();
}

static void nobody_to_ask(void **state)
{
	for (int reply = -5; reply <= 2; reply += 7) {
		struct facts f;
		open_waiting(reply, 16);
		not_offered(&f);
		send_whole(&f);
		assert_told("unknown at once", ROOT " smtp");
		close_judge();
	}
}

// What policy cannot change is not held.
static void others_go_on(void **state)
{
	struct facts f;

	open_waiting(1, 16);
	not_offered(&f);
	f.smtp.eod_variants = EOD_LF_LF;
	f.smtp.eod_then_verb = f.smtp.eod_effect = true;
	f.smtp.eod_mark = f.smtp.eod_verb_mark = f.smtp.eod_effect_mark = at(20);
	send_open(&f);
	assert_told("the attack is told", "smuggle.success+smuggle.eod-variant+smuggle.attempt...");
	send_whole(&f);
	assert_told("the rest waits", "");
	judge_finish(judge);
	assert_told("and is told", ROOT " smtp");
	close_judge();
}

// Clear mail, then STARTTLS: the end of a sealed session may come before the answer.
static void sealed_and_waiting(void **state)
{
	struct facts f;

	open_waiting(1, 16);
	upgraded(&f);
	mail(&f, CLEAR_NOT_OFFERED);
	f.smtp.offer = OFFER_NO;
	f.smtp.starttls_unoffered = true;
	send_sealed(&f);
	send_end(&f, f.conn.last_ns + SECOND);
	assert_told("its own finding goes on", "starttls.not-offered-but-sent+starttls.not-offered+exposure.envelope+exposure.content...");
	answer(1, &none);
	tick();
	assert_told("record", "smtp tls");
	close_judge();
}

static void full_table(void **state)
{
	struct facts f;

	open_waiting(1, 2);
	for (uint64_t birth = 1; birth <= 3; birth++) {
		not_offered(&f);
		f.birth = birth;
		f.conn.dst_port = (uint16_t)(1000 + birth);
		send_whole(&f);
	}
	assert_told("the oldest is told as unknown", ROOT " smtp");
	judge_finish(judge);
	assert_told("nobody is lost", ROOT " smtp " ROOT " smtp");
	assert_int_equal(judge_summary(judge)->sessions, 3);
	close_judge();
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
