// What a lookup costs: measure ANCHOR HINTS DOMAIN...: the scout asks the root and below itself, each domain cold, then from its cache.
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "alerts/expect/scout.h"

enum { WARM = 200 };

static bool done;

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int nothing_domain(void *ctx, const struct policy_domain *d)
{
	return 0;
}

static int nothing_host(void *ctx, const struct policy_host *h)
{
	return 0;
}

static void came(void *ctx, const char *name, enum scout_kind kind, bool fresh, bool answered)
{
	*(bool *)ctx &= answered;
	done = true;
}

static double ask(struct scout *s, const char *name, bool fresh, bool *good)
{
	const struct scout_sink sink = {.values = {nothing_domain, nothing_host, NULL}, .done = came, .ctx = good};
	double began = now_ms();
	done = false;
	*good &= scout_ask(s, name, SCOUT_DOMAIN, fresh) == 0;
	while (!done && *good && now_ms() - began < 60000) {
		struct pollfd p = {.fd = scout_fd(s), .events = POLLIN};
		poll(&p, 1, 100);
		*good &= scout_poll(s, &sink) >= 0;
	}
	*good &= done;
	return now_ms() - began;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	const struct scout_config config = {.trust_anchor = argv[1], .root_hints = argv[2]};
	struct scout *s;
	bool good = true;
	if (scout_open(&s, &config) < 0)
		return 1;
	for (int i = 3; i < argc; i++) {
		double cold = ask(s, argv[i], false, &good), warm = 0;
		for (int k = 0; k < WARM; k++)
			warm += ask(s, argv[i], false, &good);
		printf("{\"lookup\":\"%s\",\"cold_ms\":%.2f,\"warm_ms\":%.3f,\"fresh_ms\":%.2f}\n", argv[i], cold, warm / WARM, ask(s, argv[i], true, &good));
	}
	scout_close(&s);
	return good ? 0 : 1;
}
