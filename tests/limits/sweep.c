// Every allocation of every opening fails once: the opening says -ENOMEM, and gives back what it had.
//
// The path that runs when memory is short is the path nobody runs; here it runs for each k until all succeeds.
// The last line: N passed, N failed.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alerts/judge.h"
#include "dissect/dissect.h"
#include "hw/ring.h"
#include "tests/limits/measure.h"

enum { ALLOCATIONS_MAX = 1000 }; // more than any opening makes: if it is reached, an opening never ends

static void no_message(void *ctx, const struct message *m, size_t len)
{
	(void)ctx;
	(void)m;
	(void)len;
}

static void no_record(void *ctx, const struct record_about *about, const char *line, size_t len)
{
	(void)ctx;
	(void)about;
	(void)line;
	(void)len;
}

static int open_dissect(void **out)
{
	const struct dissect_config config = {
		.ports = {25}, .n_ports = 1, .flows_max = 1000, .sessions_max = 1000, .reassembly_octets = 4 << 20, .n_workers = 1, .emit = no_message};
	return dissect_open((struct dissect **)out, &config);
}

static void close_dissect(void **p)
{
	dissect_close((struct dissect **)p);
}

static int open_judge(void **out)
{
	const struct judge_config config = {.record = {.host = "sensor-1"}, .taps = {{.name = "tap"}}, .sessions_max = 100, .write = no_record};
	return judge_open((struct judge **)out, &config, NULL);
}

static void close_judge(void **p)
{
	judge_close((struct judge **)p);
}

static int open_ring(void **out)
{
	*out = ring_open(1 << 20);
	return *out ? 0 : -errno;
}

static void close_ring(void **p)
{
	ring_close((struct ring **)p);
}

static const struct row {
	const char *name;
	int (*open)(void **out);
	void (*close)(void **p);
} rows[] = {
	{"dissect_open", open_dissect, close_dissect},
	{"judge_open", open_judge, close_judge},
	{"ring_open", open_ring, close_ring},
};

// The k-th allocation fails. NULL, or what was wrong; `*over` when there is no k-th one and everything opened.
static const char *try(const struct row *r, uint32_t k, bool *over)
{
	void *p = NULL;
	measure_fail(k);
	int err = r->open(&p);
	*over = !measure_failed();
	if (!*over && err != -ENOMEM)
		return err ? "another error than ENOMEM" : "no error";
	if (!*over && p)
		return "an object beside the error";
	if (*over && (err || !p))
		return "an error though nothing failed";
	if (p)
		r->close(&p);
	measure_fail_end();
	if (p)
		return "a pointer that close left";
	return measure_outstanding() ? "memory that was not given back" : NULL;
}

int main(void)
{
	unsigned n_failed = 0, n_rows = sizeof(rows) / sizeof(*rows);
	for (const struct row *r = rows; r < rows + n_rows; r++) {
		const char *what = NULL;
		bool over = false;
		uint32_t k = 0;
		while (!what && !over && k < ALLOCATIONS_MAX)
			what = try(r, ++k, &over);
		if (!what && (!over || k < 2))
			what = "no end, or no allocation at all";
		n_failed += what != NULL;
		if (what)
			printf("FAIL %s: allocation %u fails: %s\n", r->name, k, what);
		else
			printf("ok   %s: %u allocations\n", r->name, k - 1);
	}
	printf("%u passed, %u failed\n", n_rows - n_failed, n_failed);
	return n_failed != 0;
}
