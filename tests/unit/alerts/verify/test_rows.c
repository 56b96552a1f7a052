// Rows of stamped lines, for what tests/delivery/verify.py cannot ask for: how much is remembered, and numbers at their ends.
#include "alerts/verify/rows_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { EPOCH = 1790000000 };

struct log {
	struct verify out;
	struct verify_row row[8];
	size_t n_rows;
	struct rows *rows;
	uint8_t chain[OUTBOX_LANES][OUTBOX_HASH];
};

static void keep_row(void *ctx, const struct verify_row *row)
{
	struct log *l = ctx;
	assert_true(l->n_rows < 8);
	l->row[l->n_rows++] = *row;
}

static struct log *begin(const struct rows_config *c)
{
	static struct log log;
	log = (struct log){.out = {.row = keep_row}};
	log.out.ctx = &log;
	for (enum outbox_lane lane = 0; lane < OUTBOX_LANES; lane++)
		stamp_begin(log.chain[lane], EPOCH, lane);
	assert_int_equal(rows_open(&log.rows, c, &log.out), 0);
	return &log;
}

static void end(struct log *l, const struct cursor *c)
{
	rows_end(l->rows, c);
	rows_close(&l->rows);
	assert_null(l->rows);
}

static const struct rows_config plain;

static size_t stamped(char *out, struct log *l, uint64_t epoch, uint64_t seq, enum outbox_lane lane)
{
	static const char *const line[OUTBOX_LANES] = {"{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1}}",
		"{\"event_type\":\"smtp\",\"smtp_tls\":{\"v\":1}}"};
	return stamp_write(out, line[lane], strlen(line[lane]), epoch, seq, l->chain[lane]);
}

static void feed(struct log *l, uint64_t seq)
{
	char out[256];
	size_t len = stamped(out, l, EPOCH, seq, OUTBOX_ALERTS);
	l->rows->at.line++;
	rows_line(l->rows, out, len);
}

// ---- what is remembered ------------------------------------------------------------------------------------------

static void test_links_are_kept(void **state)
{
	static struct rows_kept k;
	uint8_t chain[OUTBOX_HASH] = {0};
	k = (struct rows_kept){.n = 0};
	assert_null(kept_find(&k, 1, false));
	assert_null(kept_find(&k, 1, true));
	for (uint64_t i = 1; i <= ROWS_KEPT + 10; i++) {
		chain[0] = (uint8_t)i;
		kept_add(&k, 2 * i, chain);
	}
	assert_null(kept_find(&k, 20, false));       // given up
	assert_non_null(kept_find(&k, 22, false));   // the oldest
	assert_null(kept_find(&k, 22, true));
	assert_int_equal(kept_find(&k, 23, true)->seq, 22);
	assert_null(kept_find(&k, 23, false));
	assert_int_equal(kept_find(&k, 24, true)->seq, 22);
	assert_int_equal(kept_find(&k, UINT64_MAX, true)->seq, 2 * (ROWS_KEPT + 10));
	assert_int_equal(kept_find(&k, 2 * ROWS_KEPT, false)->chain[0], (uint8_t)ROWS_KEPT);
	kept_add(&k, 30, chain);                     // what has no smaller number goes
	assert_int_equal(kept_find(&k, UINT64_MAX, true)->seq, 30);
	assert_int_equal(kept_find(&k, 30, true)->seq, 28);
	assert_null(kept_find(&k, 32, false));
	assert_null(kept_find(&k, 20, false));       // and does not come back
	kept_add(&k, 1, chain);
	assert_int_equal(k.n - k.from, 1);
}

// A second of records once more is known again; a day of them is not, and is told.
static void test_how_much_may_come_twice(void **state)
{
	static char line[ROWS_KEPT + 20][160];
	static size_t len[ROWS_KEPT + 20];
	struct log *l = begin(&plain);
	for (size_t i = 0; i < ROWS_KEPT + 20; i++) {
		len[i] = stamped(line[i], l, EPOCH, i + 1, OUTBOX_ALERTS);
		rows_line(l->rows, line[i], len[i]);
	}
	for (size_t i = 21; i < ROWS_KEPT + 20; i++)
		rows_line(l->rows, line[i], len[i]);
	assert_int_equal(verify_faults(&l->out), 0);
	rows_line(l->rows, line[20], len[20]); // the oldest that is kept: before it nothing is
	assert_int_equal(l->out.faults[VERIFY_INSERTED], 1);
	rows_line(l->rows, line[3], len[3]);
	assert_int_equal(l->out.faults[VERIFY_INSERTED], 2);
	end(l, NULL);
	assert_int_equal(l->row[0].repeats, ROWS_KEPT - 1);
	assert_int_equal(l->row[0].records, ROWS_KEPT + 20);
}

// Of a file that begins in the middle, the first record follows nothing that is there: another text under its number and link is no
// repeat of it.
static void test_the_first_of_a_middle_twice(void **state)
{
	struct log *l = begin(&plain);
	char first[256], second[256], changed[256];
	(void)stamped(first, l, EPOCH, 1, OUTBOX_ALERTS);
	size_t len = stamped(first, l, EPOCH, 2, OUTBOX_ALERTS), len_2 = stamped(second, l, EPOCH, 3, OUTBOX_ALERTS);
	memcpy(changed, first, len);
	memcpy(strstr(changed, "\"v\":1"), "\"v\":2", 5);
	rows_line(l->rows, first, len);
	rows_line(l->rows, second, len_2);
	rows_line(l->rows, first, len);
	assert_int_equal(verify_faults(&l->out), 0);
	rows_line(l->rows, changed, len);
	assert_int_equal(l->out.faults[VERIFY_INSERTED], 1);
	end(l, NULL);
	assert_true(l->row[0].middle);
	assert_int_equal(l->row[0].repeats, 1);
}

// ---- numbers -----------------------------------------------------------------------------------------------------

static void test_numbers_may_be_passed_over(void **state)
{
	struct log *l = begin(&plain);
	feed(l, 5);
	feed(l, 6);
	feed(l, 4711);
	feed(l, UINT64_MAX);
	end(l, NULL);
	assert_int_equal(verify_faults(&l->out), 0);
	assert_false(l->row[0].middle);
	assert_int_equal(l->row[0].first, 5);
	assert_true(l->row[0].passed == UINT64_MAX - 4);
}

static void test_numbers_never_go_back(void **state)
{
	struct log *l = begin(&plain);
	feed(l, 7);
	feed(l, 7); // a link that fits, made by whoever
	end(l, NULL);
	assert_int_equal(l->out.faults[VERIFY_INSERTED], 1);
	assert_int_equal(l->out.problem.at.line, 2);
	l = begin(&plain);
	feed(l, 0);
	end(l, NULL);
	assert_int_equal(l->out.faults[VERIFY_CHANGED], 1); // numbers begin with 1
}

// A changed epoch of one record does not end the row.
static void test_an_epoch_is_believed_when_two_have_it(void **state)
{
	char out[256];
	struct log *l = begin(&plain), other;
	memcpy(other.chain, l->chain, sizeof l->chain);
	memset(other.chain, 7, sizeof other.chain);
	feed(l, 1);
	rows_line(l->rows, out, stamped(out, &other, EPOCH + 1000, 9, OUTBOX_ALERTS));
	feed(l, 2);
	feed(l, 3);
	assert_int_equal(l->out.faults[VERIFY_MISSING], 1);
	assert_int_equal(verify_faults(&l->out), 1);
	rows_line(l->rows, out, stamped(out, &other, EPOCH + 1000, 10, OUTBOX_ALERTS));
	rows_line(l->rows, out, stamped(out, &other, EPOCH + 1000, 11, OUTBOX_ALERTS));
	assert_int_equal(verify_faults(&l->out), 1);
	feed(l, 4);
	assert_int_equal(l->out.faults[VERIFY_BACK], 1);
	end(l, NULL);
	assert_int_equal(l->n_rows, 2);
	assert_int_equal(l->row[1].epoch, EPOCH + 1000);
}

// ---- files -------------------------------------------------------------------------------------------------------

static int file_of(const char *octets, size_t len)
{
	int fd = memfd_create("log", 0);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, octets, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void test_the_longest_line(void **state)
{
	static char text[8][VERIFY_LINE + 64];
	static const size_t body[] = {OUTBOX_LINE_MAX - 1, OUTBOX_LINE_MAX, VERIFY_LINE, VERIFY_LINE + 1};
	for (size_t i = 0; i < sizeof body / sizeof body[0]; i++) {
		char *line = text[0], *out = text[2];
		struct log *l = begin(&plain);
		size_t len = (size_t)sprintf(line, "{\"event_type\":\"alert\",\"x\":\"");
		memset(line + len, 'x', body[i] - len);
		memcpy(line + body[i] - 22, "\",\"smtp_tls\":{\"v\": 1}}", 22);
		size_t n = stamp_write(out, line, body[i], EPOCH, 1, l->chain[0]);
		if (body[i] <= OUTBOX_LINE_MAX)
			assert_in_range(n, body[i] + 1, VERIFY_LINE);
		else
			memcpy(out, line, n = body[i]);
		out[n++] = '\n';
		int fd = file_of(out, n);
		assert_int_equal(rows_file(l->rows, fd, "log"), 0);
		close(fd);
		end(l, NULL);
		assert_int_equal(l->out.unfit_lines, body[i] > OUTBOX_LINE_MAX); // alone, it says nothing of who wrote the file
		assert_int_equal(l->out.unfit, body[i] > OUTBOX_LINE_MAX ? VERIFY_NO_LINKS : VERIFY_FIT);
		assert_int_equal(verify_faults(&l->out), 0);
		assert_false(l->out.unfinished);
	}
}

// Lines of others are what was inserted only where there is something that they were inserted into.
static void test_files_that_say_nothing(void **state)
{
	struct log *l = begin(&plain);
	rows_line(l->rows, "CEF:0|x", 7);
	rows_line(l->rows, "", 0);
	end(l, NULL);
	assert_int_equal(l->out.unfit, VERIFY_NOT_EVE);
	assert_int_equal(l->out.unfit_lines, 2);
	assert_int_equal(verify_faults(&l->out), 0);
	l = begin(&plain);
	rows_line(l->rows, "CEF:0|x", 7);
	feed(l, 1);
	end(l, NULL);
	assert_int_equal(l->out.unfit, VERIFY_FIT);
	assert_int_equal(l->out.faults[VERIFY_FOREIGN], 1);
	l = begin(&(struct rows_config){.others = true});
	rows_line(l->rows, "CEF:0|x", 7);
	end(l, NULL);
	assert_int_equal(l->out.unfit, VERIFY_FIT);
	assert_int_equal(l->out.foreign_ok, 1);
}

static void test_the_cursor(void **state)
{
	struct cursor c = {.epoch = EPOCH};
	struct log *l = begin(&plain);
	for (uint64_t seq = 1; seq <= 3; seq++)
		feed(l, seq);
	c.lane[0].sent = 9; // six that were passed over, and nothing after them
	memcpy(c.lane[0].chain, l->chain[0], OUTBOX_HASH);
	end(l, &c);
	assert_int_equal(verify_faults(&l->out), 0);
	l = begin(&plain);
	for (uint64_t seq = 1; seq <= 3; seq++)
		feed(l, seq);
	c.lane[1].sent = 1; // of a lane of which nothing is here
	end(l, &c);
	assert_int_equal(verify_faults(&l->out), 0);
	l = begin(&plain);
	c.lane[1].sent = 0;
	c.lane[0].chain[5] ^= 1;
	for (uint64_t seq = 1; seq <= 3; seq++)
		feed(l, seq);
	end(l, &c);
	assert_int_equal(l->out.faults[VERIFY_SHORT], 1);
	assert_int_equal(l->out.problem.from, 4);
	assert_int_equal(l->out.problem.to, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links_are_kept),
		cmocka_unit_test(test_how_much_may_come_twice),
		cmocka_unit_test(test_the_first_of_a_middle_twice),
		cmocka_unit_test(test_numbers_may_be_passed_over),
		cmocka_unit_test(test_numbers_never_go_back),
		cmocka_unit_test(test_an_epoch_is_believed_when_two_have_it),
		cmocka_unit_test(test_the_longest_line),
		cmocka_unit_test(test_files_that_say_nothing),
		cmocka_unit_test(test_the_cursor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
