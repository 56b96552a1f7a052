// The live engine, fed with ever new connections: rates beside those of a worker that only receives and frees, cycles by class,
// latencies; millions of connections; overload.
//
//   bench_live [--source dpdk|lanes] [--laps N] FILE       one JSON line; the capture is told N times
//   bench_live --flows N FILE                              N connections at once in one worker
//   bench_live [--source ...] --overload SECONDS FILE      more than it takes; then what was proven
//
// FILE is of tests/bench/generate. The last line of --flows and --overload: N passed, N failed.
#include "tests/bench/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_DPDK
static const struct feed_ops *const feeds[] = {&feed_dpdk, &feed_lanes};
#else
static const struct feed_ops *const feeds[] = {&feed_lanes};
#endif

static const struct feed_ops *feed_named(const char *name)
{
	for (size_t i = 0; name && i < sizeof(feeds) / sizeof(*feeds); i++) {
		if (!strncmp(feeds[i]->name, name, strlen(name)))
			return feeds[i];
	}
	return name ? NULL : feeds[0];
}

static int usage(void)
{
	fprintf(stderr, "usage: bench_live [--source dpdk|lanes] [--laps N | --flows N | --overload SECONDS] FILE\n");
	return 2;
}

static int proven(int failed)
{
	printf("%d passed, %d failed\n", !failed, !!failed);
	return failed;
}

int main(int argc, char **argv)
{
	struct recording r;
	const char *source = NULL, *mode = "--laps";
	uint32_t n = 3;
	int at = 1, failed;

	for (; at + 1 < argc && !strncmp(argv[at], "--", 2); at += 2) {
		if (!strcmp(argv[at], "--source"))
			source = argv[at + 1];
		else
			mode = argv[at], n = (uint32_t)strtoul(argv[at + 1], NULL, 10);
	}
	const struct feed_ops *ops = feed_named(source);
	if (at + 1 != argc || !ops || !n)
		return usage();
	recording_open(&r, argv[at]);
	if (!strcmp(mode, "--laps"))
		failed = live_rates(&r, ops, n);
	else if (!strcmp(mode, "--flows"))
		failed = proven(live_flows(&r, n));
	else if (!strcmp(mode, "--overload"))
		failed = proven(live_overload(&r, ops, n));
	else
		failed = usage();
	recording_close(&r);
	return failed;
}
