// A sink's thread: what it chooses, how it numbers, where it goes on; what gave way leaves a hole of exactly its size.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
// cmocka wants the four above first
#include <cmocka.h>

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/finding.h"
#include "alerts/outbox/cursor.h"
#include "alerts/sink/deliver.h"
#include "alerts/sink/stamp.h"

enum { SEGMENT = 16384, PATH = 96 };

static char dir[PATH / 2], outbox_dir[PATH], cursor_path[PATH], file_path[PATH];
static struct outbox_shared shared;
static struct sink_shared told;
static struct outbox *outbox;
static struct sink_config sink;
static uint64_t position;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

static void open_outbox(uint64_t second, uint64_t octets_max)
{
	char why[160];
	const struct outbox_config c = {.dir = outbox_dir, .octets_max = {octets_max, octets_max}, .segment_octets = SEGMENT,
		.wall_ns = second * 1000000000};
	assert_int_equal(outbox_open(&outbox, &c, &shared, why), 0);
}

static int set_up(void **state)
{
	snprintf(dir, sizeof dir, "/tmp/postwacht-deliver-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(outbox_dir, sizeof outbox_dir, "%s/outbox", dir);
	snprintf(cursor_path, sizeof cursor_path, "%s/log.cursor", dir);
	snprintf(file_path, sizeof file_path, "%s/eve.json", dir);
	sink = (struct sink_config){.name = "log", .type = SINK_FILE, .events = ~0u, .rotate_keep = 1};
	snprintf(sink.path, sizeof sink.path, "%s", file_path);
	position = 0;
	shared = (struct outbox_shared){.epoch = 0};
	open_outbox(1790000000, 1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	if (outbox != NULL)
		outbox_close(&outbox);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

static void lose_outbox(void)
{
	outbox_close(&outbox);
	nftw(outbox_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	shared = (struct outbox_shared){.epoch = 0};
}

static void gather(enum record_type type, uint8_t severity)
{
	char line[512];
	const struct outbox_about about = {.type = (uint8_t)type, .severity = severity, .time_ns = 1};
	const struct outbox_origin from = {.run = 1, .position = ++position};
	int len = snprintf(line, sizeof line, "{\"event_type\":\"%s\",\"place\":%" PRIu64 ",\"smtp_tls\":{\"v\":1,\"pad\":\"%0200d\"}}",
		type == RECORD_ALERT ? "alert" : type == RECORD_STATS ? "stats" : "smtp", position, 0);
	assert_int_equal(outbox_append(outbox, &about, &from, line, (size_t)len), 0);
}

static void append(enum record_type type, uint8_t severity)
{
	gather(type, severity);
	assert_int_equal(outbox_sync(outbox), 0);
}

// Everything there is, then the end.
static void deliver(uint64_t first)
{
	static const bool done = true, no = false;
	static const uint32_t reopen = 0;
	struct deliver *d;
	const struct deliver_config c = {.sink = &sink, .outbox_dir = outbox_dir, .cursor_path = cursor_path, .host = "s1", .first = (const uint64_t[]){first, first},
		.outbox = &shared, .shared = &told, .stop = &no, .leave = &no, .outbox_done = &done, .reopen = &reopen};
	told = (struct sink_shared){.epoch = 0};
	assert_int_equal(deliver_open(&d, &c), 0);
	deliver_run(d);
	deliver_close(&d);
}

struct seen {
	size_t n;
	struct stamp stamp[512];
	uint64_t place[512];
	bool linked; // each to the one before of its lane, from the first of its epoch on
};

static void see(struct seen *s)
{
	char line[2048];
	uint8_t before[OUTBOX_LANES][OUTBOX_HASH];
	uint64_t epoch[OUTBOX_LANES] = {0};
	FILE *f = fopen(file_path, "r");
	*s = (struct seen){.linked = true};
	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		struct stamp *t = &s->stamp[s->n];
		size_t len = strlen(line) - 1;
		assert_true(s->n < 512);
		assert_true(stamp_read(line, len, t));
		assert_int_equal(sscanf(strstr(line, "\"place\":"), "\"place\":%" SCNu64, &s->place[s->n]), 1);
		if (epoch[t->lane] != t->epoch)
			stamp_begin(before[t->lane], t->epoch, t->lane);
		epoch[t->lane] = t->epoch;
		s->linked &= stamp_follows(t, before[t->lane], line);
		memcpy(before[t->lane], t->chain, OUTBOX_HASH);
		s->n++;
	}
	if (f != NULL)
		fclose(f);
}

static void test_chooses(void **state)
{
	struct seen s;
	sink.events = 1u << RECORD_ALERT;
	sink.severity = SEVERITY_HIGH;
	for (int i = 0; i < 5; i++) {
		append(RECORD_ALERT, SEVERITY_LOW);
		append(RECORD_SMTP, 0);
		append(RECORD_ALERT, SEVERITY_CRITICAL);
		append(RECORD_STATS, 0);
	}
	deliver(1);
	see(&s);
	assert_int_equal(s.n, 5);
	assert_true(s.linked);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(s.stamp[i].seq, i + 1);
		assert_int_equal(s.place[i], 4 * i + 3);
	}
	assert_int_equal(told.filtered, 15);
	assert_int_equal(told.messages, 5);
}

static void test_goes_on(void **state)
{
	struct seen s;
	for (int round = 0; round < 3; round++) {
		append(RECORD_ALERT, SEVERITY_HIGH);
		append(RECORD_SMTP, 0);
		deliver(1);
	}
	see(&s);
	assert_int_equal(s.n, 6);
	assert_true(s.linked);
	assert_int_equal(s.stamp[4].seq, 3);
	assert_int_equal(s.stamp[5].seq, 3);
	assert_int_equal(s.stamp[5].epoch, s.stamp[0].epoch);
}

// How much waits for it is known before it is prepared, and so if it cannot be.
static void test_says_where_it_is(void **state)
{
	static const bool no = false;
	static const uint32_t reopen = 0;
	struct deliver *d;
	for (int i = 0; i < 4; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	append(RECORD_ALERT, SEVERITY_HIGH);
	snprintf(sink.path, sizeof sink.path, "%s/none/eve.json", dir);
	const struct deliver_config c = {.sink = &sink, .outbox_dir = outbox_dir, .cursor_path = cursor_path, .host = "s1", .outbox = &shared,
		.shared = &told, .stop = &no, .leave = &no, .outbox_done = &no, .reopen = &reopen};
	told = (struct sink_shared){.epoch = 0};
	assert_int_equal(deliver_open(&d, &c), -ENOENT);
	assert_null(d);
	assert_int_equal(sink_waiting(&shared, &told, OUTBOX_ALERTS), 1);
	assert_int_equal(sink_waiting(&shared, &told, OUTBOX_SESSIONS), 0);
}

// A sink that is new begins with what its run began with, or with what comes.
static void test_begins(void **state)
{
	struct seen s;
	for (int i = 0; i < 10; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(8);
	see(&s);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.place[0], 8);
	assert_int_equal(s.stamp[0].seq, 1);
	unlink(cursor_path);
	unlink(file_path);
	deliver(0);
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(0);
	see(&s);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.place[0], 11);
}

static void copy(const char *from, const char *to)
{
	char octets[16384];
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	size_t n = fread(octets, 1, sizeof octets, in);
	assert_int_equal(fwrite(octets, 1, n, out), n);
	fclose(in);
	fclose(out);
}

// It died after the file had them and before the cursor said so.
static void test_nothing_twice(void **state)
{
	struct seen s;
	char old[PATH + 8];
	snprintf(old, sizeof old, "%s.old", cursor_path);
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	copy(cursor_path, old);
	for (int i = 0; i < 20; i++)
		append(i % 2 ? RECORD_ALERT : RECORD_SMTP, 0);
	deliver(1);
	copy(old, cursor_path);
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	see(&s);
	assert_int_equal(s.n, 22);
	assert_true(s.linked);
	assert_int_equal(s.stamp[21].seq, 12);
}

// ... and was then told to choose otherwise: what the file has under those numbers is something else, and nothing is lost for it.
static void test_other_choice_after_a_death(void **state)
{
	static const struct {
		uint32_t before, after; // severities
		size_t more, want;      // appended afterwards; records at the end
	} row[] = {
		{SEVERITY_INFO, SEVERITY_HIGH, 0, 1 + 20 + 10}, // fewer than the file has
		{SEVERITY_INFO, SEVERITY_HIGH, 30, 1 + 20 + 10 + 15},
		{SEVERITY_HIGH, SEVERITY_INFO, 0, 1 + 10 + 20}, // more, and others
	};
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct seen s;
		char old[PATH + 8];
		uint64_t highest = 0, places[512] = {0};
		if (i > 0) {
			tear_down(state);
			set_up(state);
		}
		snprintf(old, sizeof old, "%s.old", cursor_path);
		sink.severity = (int)row[i].before;
		append(RECORD_ALERT, SEVERITY_HIGH);
		deliver(1);
		copy(cursor_path, old);
		for (int k = 0; k < 20; k++)
			append(RECORD_ALERT, k % 2 ? SEVERITY_HIGH : SEVERITY_LOW);
		deliver(1);
		copy(old, cursor_path);
		sink.severity = (int)row[i].after;
		for (size_t k = 0; k < row[i].more; k++)
			append(RECORD_ALERT, k % 2 ? SEVERITY_HIGH : SEVERITY_LOW);
		deliver(1);
		see(&s);
		assert_int_equal(s.n, row[i].want);
		assert_true(s.linked);
		for (size_t k = 0; k < s.n; k++) {
			assert_true(s.stamp[k].seq > highest); // no number twice
			highest = s.stamp[k].seq;
			places[s.place[k]]++;
		}
		for (uint64_t place = 1; place <= position; place++) // each that was high: every second from the second on, and the first
			assert_true(places[place] > 0 || (place % 2 == 0));
		deliver(1); // and then there is nothing more to say
		see(&s);
		assert_int_equal(s.n, row[i].want);
	}
}

// Two segments a lane: the oldest go, and the numbers say how many that were wanted.
static void test_steps_over(void **state)
{
	struct seen s;
	lose_outbox();
	open_outbox(1790000000, 2 * SEGMENT);
	sink.events = 1u << RECORD_ALERT;
	sink.severity = SEVERITY_HIGH;
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	for (int i = 0; i < 300; i++)
		append(RECORD_ALERT, i % 3 ? SEVERITY_LOW : SEVERITY_CRITICAL);
	deliver(1);
	see(&s);
	assert_true(told.missed[OUTBOX_ALERTS] > 0);
	assert_int_equal(s.stamp[s.n - 1].seq, 101);
	assert_int_equal(s.n + told.missed[OUTBOX_ALERTS], 101);
	assert_true(s.linked); // over the hole
	assert_int_equal(s.stamp[1].seq, 2 + told.missed[OUTBOX_ALERTS]);
}

// It died before the cursor said what the file has, and much of that and more went before it was back.
static void test_steps_over_what_is_there(void **state)
{
	struct seen s;
	char old[PATH + 8];
	lose_outbox();
	open_outbox(1790000000, 2 * SEGMENT);
	snprintf(old, sizeof old, "%s.old", cursor_path);
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	copy(cursor_path, old);
	for (int i = 0; i < 20; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	copy(old, cursor_path);
	for (int i = 0; i < 280; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	see(&s);
	assert_int_equal(s.stamp[s.n - 1].seq, 301);
	assert_int_equal(s.n + told.missed[OUTBOX_ALERTS], 301);
	assert_int_equal(s.stamp[20].seq, 21);
	assert_int_equal(s.stamp[21].seq, 22 + told.missed[OUTBOX_ALERTS]);
	assert_true(s.linked);
}

static void test_lags(void **state)
{
	struct seen s;
	lose_outbox();
	open_outbox(1790000000, 8 << 20);
	sink.backlog_mib = 1;
	for (int i = 0; i < 400; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	see(&s);
	assert_int_equal(s.n, 400); // 160 KiB
	assert_int_equal(told.missed[OUTBOX_ALERTS], 0);
	unlink(cursor_path);
	unlink(file_path);
	for (int i = 0; i < 4200; i++) {
		gather(RECORD_ALERT, SEVERITY_HIGH);
		if (i % 200 == 199)
			assert_int_equal(outbox_sync(outbox), 0);
	}
	deliver(401); // 1.1 MiB: the oldest give way, some hundred
	assert_true(told.missed[OUTBOX_ALERTS] > 50 && told.missed[OUTBOX_ALERTS] < 1000);
	assert_int_equal(told.messages + told.missed[OUTBOX_ALERTS], 4200);
	assert_int_equal(told.sent[OUTBOX_ALERTS], 4200);
}

static void test_another_outbox(void **state)
{
	struct seen s;
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	lose_outbox();
	open_outbox(1790000100, 1 << 20);
	append(RECORD_ALERT, SEVERITY_HIGH);
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	see(&s);
	assert_int_equal(s.n, 3);
	assert_true(s.linked);
	assert_true(s.stamp[1].epoch > s.stamp[0].epoch);
	assert_int_equal(s.stamp[1].seq, 1);
	assert_int_equal(s.stamp[2].seq, 2);
}

static void *run(void *d)
{
	deliver_run(d);
	return NULL;
}

static void wait_for(const uint64_t *n, uint64_t wanted)
{
	for (int i = 0; i < 500 && __atomic_load_n(n, __ATOMIC_RELAXED) < wanted; i++)
		usleep(10000);
	assert_int_equal(__atomic_load_n(n, __ATOMIC_RELAXED), wanted);
}

// The keeper found the outbox beyond repair while the sink was at work.
static void test_another_outbox_meanwhile(void **state)
{
	static bool done, no;
	static const uint32_t reopen = 0;
	struct seen s;
	struct deliver *d;
	pthread_t thread;
	char why[160];
	const uint64_t first[OUTBOX_LANES] = {1, 1};
	const struct deliver_config c = {.sink = &sink, .outbox_dir = outbox_dir, .cursor_path = cursor_path, .host = "s1", .first = first,
		.outbox = &shared, .shared = &told, .stop = &no, .leave = &no, .outbox_done = &done, .reopen = &reopen};
	told = (struct sink_shared){.epoch = 0};
	done = false;
	for (int i = 0; i < 5; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	assert_int_equal(deliver_open(&d, &c), 0);
	assert_int_equal(pthread_create(&thread, NULL, run, d), 0);
	wait_for(&told.messages, 5);
	outbox_close(&outbox);
	nftw(outbox_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	const struct outbox_config other = {.dir = outbox_dir, .octets_max = {1 << 20, 1 << 20}, .segment_octets = SEGMENT,
		.wall_ns = UINT64_C(1790000200) * 1000000000};
	assert_int_equal(outbox_open(&outbox, &other, &shared, why), 0);
	append(RECORD_ALERT, SEVERITY_HIGH);
	append(RECORD_ALERT, SEVERITY_HIGH);
	wait_for(&told.messages, 7);
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	bell_ring(&shared.bell);
	pthread_join(thread, NULL);
	deliver_close(&d);
	see(&s);
	assert_int_equal(s.n, 7);
	assert_true(s.linked);
	assert_true(s.stamp[5].epoch > s.stamp[4].epoch);
	assert_int_equal(s.stamp[5].seq, 1);
	assert_int_equal(s.stamp[6].seq, 2);
}

// Begun, with a receiver that is not there, and killed: the cursor as that left it.
static void begin_and_die(uint64_t first)
{
	static const bool no = false;
	static const uint32_t reopen = 0;
	char left[PATH + 8];
	bool done = false;
	struct deliver *d;
	pthread_t thread;
	const struct sink_config away = {.name = "log", .type = SINK_UNIX, .events = ~0u, .path = "/nowhere/at/all"};
	const struct deliver_config c = {.sink = &away, .outbox_dir = outbox_dir, .cursor_path = cursor_path, .host = "s1",
		.first = (const uint64_t[]){first, first}, .outbox = &shared, .shared = &told, .stop = &no, .leave = &no, .outbox_done = &done,
		.reopen = &reopen};
	told = (struct sink_shared){.epoch = 0};
	assert_int_equal(deliver_open(&d, &c), 0);
	assert_int_equal(pthread_create(&thread, NULL, run, d), 0);
	wait_for(&told.errors, 1);
	snprintf(left, sizeof left, "%s.left", cursor_path);
	copy(cursor_path, left);
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	deliver_close(&d);
	copy(left, cursor_path);
}

// Where a row begins is on disk before anything of it is sent: whoever comes after a death goes on in it.
static void test_dies_before_the_first_is_sent(void **state)
{
	struct seen s;
	struct cursor c;
	for (int i = 0; i < 10; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	begin_and_die(8);
	uint64_t epoch = told.epoch;
	assert_int_equal(cursor_read(cursor_path, &c), 0);
	assert_int_equal(c.outbox, shared.epoch);
	deliver(0);
	see(&s);
	assert_int_equal(s.n, 3); // of a new output, not all that was ever there
	assert_int_equal(s.place[0], 8);
	assert_int_equal(s.stamp[0].epoch, epoch);
	lose_outbox();
	open_outbox(1790000100, 1 << 20);
	append(RECORD_ALERT, SEVERITY_HIGH);
	begin_and_die(0);
	assert_true(told.epoch > epoch);
	assert_int_equal(cursor_read(cursor_path, &c), 0);
	assert_int_equal(c.epoch, told.epoch); // else what was sent would come again under another one
	assert_int_equal(c.outbox, shared.epoch);
}

// Made, and killed before the outbox was open: it is still new.
static void test_dies_before_it_begins(void **state)
{
	struct seen s;
	struct cursor_file *f;
	struct cursor c;
	bool fresh;
	for (int i = 0; i < 10; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	assert_int_equal(cursor_open(&f, cursor_path, 1000, &c, &fresh), 0);
	cursor_close(&f);
	deliver(8);
	see(&s);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.place[0], 8);
	assert_int_equal(s.stamp[0].seq, 1);
}

// What cannot be stamped is never sent, and its number says so: the receiver sees that there was one.
static void test_leaves_a_hole_for_what_cannot_be_stamped(void **state)
{
	static const char *const no_record[] = {"{\"event_type\":\"alert\"}", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1,\"seq\":5}}"};
	struct seen s;
	const struct outbox_about about = {.type = RECORD_ALERT, .severity = SEVERITY_HIGH};
	append(RECORD_ALERT, SEVERITY_HIGH);
	for (size_t i = 0; i < 2; i++) {
		const struct outbox_origin from = {.run = 1, .position = ++position};
		assert_int_equal(outbox_append(outbox, &about, &from, no_record[i], strlen(no_record[i])), 0);
	}
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	see(&s);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.stamp[0].seq, 1);
	assert_int_equal(s.stamp[1].seq, 4);
	assert_int_equal(s.stamp[2].seq, 5);
	assert_true(s.linked); // the sensor gave them up: nobody removed them
}

// The outbox was opened late, and much was added before anybody looked: a new sink begins with the run all the same.
static void test_begins_late(void **state)
{
	static const bool no = false;
	static const uint32_t reopen = 0;
	static struct outbox_shared late;
	bool done = false;
	uint64_t first[OUTBOX_LANES] = {0};
	struct deliver *d;
	struct seen s;
	pthread_t thread;
	const struct deliver_config c = {.sink = &sink, .outbox_dir = outbox_dir, .cursor_path = cursor_path, .host = "s1", .first = first,
		.outbox = &late, .shared = &told, .stop = &no, .leave = &no, .outbox_done = &done, .reopen = &reopen};
	told = (struct sink_shared){.epoch = 0};
	late = (struct outbox_shared){.epoch = 0};
	for (int i = 0; i < 5; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	assert_int_equal(deliver_open(&d, &c), 0);
	assert_int_equal(pthread_create(&thread, NULL, run, d), 0);
	for (int i = 0; i < OUTBOX_LANES; i++) {
		__atomic_store_n(&first[i], 3, __ATOMIC_RELEASE);
		__atomic_store_n(&late.oldest[i], shared.oldest[i], __ATOMIC_RELAXED);
		__atomic_store_n(&late.durable[i], shared.durable[i], __ATOMIC_RELEASE);
	}
	__atomic_store_n(&late.epoch, shared.epoch, __ATOMIC_RELEASE);
	wait_for(&told.messages, 3);
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	deliver_close(&d);
	see(&s);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.place[0], 3);
	assert_int_equal(s.stamp[0].seq, 1);
}

// Neither slot is good: what the receiver has is not known, so all there is goes to it again, in a row of its own.
static void test_cursor_damaged(void **state)
{
	struct seen s;
	for (int i = 0; i < 4; i++) {
		append(RECORD_ALERT, SEVERITY_HIGH);
		deliver(1);
	}
	append(RECORD_ALERT, SEVERITY_HIGH);
	FILE *f = fopen(cursor_path, "r+");
	for (long slot = 0; slot < 2; slot++) {
		fseek(f, slot * 4096 + 400, SEEK_SET);
		fputc('x', f);
	}
	fclose(f);
	deliver(0);
	see(&s);
	assert_int_equal(s.n, 9);
	assert_true(s.linked);
	for (size_t i = 4; i < 9; i++) {
		assert_true(s.stamp[i].epoch > s.stamp[3].epoch);
		assert_int_equal(s.stamp[i].seq, i - 3);
		assert_int_equal(s.place[i], i - 3);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_chooses), TEST(test_goes_on), TEST(test_says_where_it_is), TEST(test_begins), TEST(test_nothing_twice), TEST(test_other_choice_after_a_death),
		TEST(test_steps_over), TEST(test_steps_over_what_is_there), TEST(test_lags),
		TEST(test_dies_before_the_first_is_sent), TEST(test_dies_before_it_begins), TEST(test_leaves_a_hole_for_what_cannot_be_stamped),
		TEST(test_another_outbox), TEST(test_another_outbox_meanwhile), TEST(test_begins_late), TEST(test_cursor_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
