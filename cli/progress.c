// One line, rewritten in place.
#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/stdout.h"

enum { BAR = 40 };

static const uint64_t every_ns = 200000000;  // 5 times a second is all an eye follows
static const uint64_t first_ns = 500000000;  // what takes less needs no bar

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void progress_start(struct progress *p)
{
	const char *term = getenv("TERM");
	*p = (struct progress){.on = isatty(STDERR_FILENO) == 1 && (term == NULL || strcmp(term, "dumb") != 0)};
	if (p->on) {
		p->start_ns = now_ns();
		p->next_ns = p->start_ns + first_ns;
	}
}

void progress_tick(struct progress *p, uint64_t done, uint64_t total)
{
	if (!p->on)
		return;
	uint64_t now = now_ns();
	if (now < p->next_ns)
		return;
	p->next_ns = now + every_ns;
	p->shown = true;
	double seconds = (double)(now - p->start_ns) / 1e9, mib = (double)done / 1048576.0;
	if (total == 0 || done > total) {
		fprintf(stderr, "\r\033[K%.1f MiB  %.0f MiB/s", mib, mib / seconds);
		return;
	}
	char bar[BAR + 1];
	size_t full = (size_t)((double)done / (double)total * BAR);
	memset(bar, '.', BAR);
	memset(bar, '#', full);
	bar[BAR] = '\0';
	const char *style = stdout_colour(stderr) ? "\033[32m" : "", *plain = style[0] != '\0' ? "\033[0m" : "";
	fprintf(stderr, "\r\033[K[%s%s%s] %3.0f %%  %.1f MiB  %.0f MiB/s", style, bar, plain,
		100.0 * (double)done / (double)total, mib, mib / seconds);
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
