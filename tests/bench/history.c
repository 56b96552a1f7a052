// What history costs: a session judged and learned, of servers that are known (warm) and of ever new ones (cold).
//
//   bench_history [DIR]      one JSON line each; with DIR everything is written there, too, by the sensor's own batches
#include "alerts/history/history.h"
#include "alerts/rules.h"
#include "hw/clock.h"
#include "tests/unit/alerts/facts_fixture.h"

#include <stdio.h>
#include <stdlib.h>

enum { SESSIONS = 400000, WARM_SERVERS = 2000 };

static struct session session;

static void one(struct history *h, struct rules_memory *m, struct facts *f, const struct peer *p, uint32_t n, uint32_t servers, bool learn)
{
	uint32_t which = n % servers;

	f->birth = n + 1;
	memcpy(f->conn.dst + 1, &which, 3);
	f->conn.start_ns = FIXTURE_START_NS + n * 20000000ull;
	f->conn.last_ns = f->conn.start_ns + HISTORY_SECOND_NS;
	session = (struct session){.facts = f, .peer = p, .final = true};
	snprintf(session.id, sizeof(session.id), "S%010u%015u", servers, n);
	rules_apply(&session, m, NULL);
	if (learn)
		history_learn(h, &session);
}

static double run(const char *dir, uint32_t servers, bool with_history, uint64_t *evicted)
{
	struct history *h;
	struct rules_memory *m;
	struct facts f;
	struct peer p = {.ja4 = "t13d1516h2_8daaf6152771_02713d6af862"};
	char error[HISTORY_ERROR];

	if (history_open(&h, dir, error) || rules_memory_open(&m))
		exit(1);
	if (with_history)
		rules_memory_use(m, h);
	upgraded(&f);
	f.conn.dst[0] = 100;
	f.smtp.ehlo_digest = 0x1001;
	f.smtp.ehlo_len = 114;
	text(&f, &f.smtp.server_name, "mx1.rcpt.example");
	text(&f, &f.smtp.banner, "mx1.rcpt.example ESMTP Postfix (Debian/GNU)");
	p.server.present = true;
	p.server.key = KEY_RSA;
	memset(p.server.spki_sha256, 7, sizeof(p.server.spki_sha256));
	snprintf(p.server.issuer, sizeof(p.server.issuer), "CN=R11,O=Let's Encrypt,C=US");
	for (uint32_t n = 0; n < servers && n < WARM_SERVERS; n++)
		one(h, m, &f, &p, n, servers, with_history);
	uint64_t begin_ns = clock_mono_ns();
	for (uint32_t n = 0; n < SESSIONS; n++)
		one(h, m, &f, &p, WARM_SERVERS + n, servers, with_history);
	history_flush(h);
	double ns = (double)(clock_mono_ns() - begin_ns) / SESSIONS;
	*evicted = history_counts(h).evicted;
	rules_memory_close(&m);
	history_close(&h);
	return ns;
}

int main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : NULL;
	uint64_t evicted;
	double without = run(NULL, WARM_SERVERS, false, &evicted);
	double warm = run(dir, WARM_SERVERS, true, &evicted);

	printf("{\"bench\":\"history\",\"servers\":%d,\"sessions\":%d,\"ns_session\":%.0f,\"rules_alone\":%.0f,\"disk\":%s}\n", WARM_SERVERS,
		SESSIONS, warm - without, without, dir ? "true" : "false");
	double cold = run(dir, 1 << 24, true, &evicted);
	printf("{\"bench\":\"history\",\"servers\":%d,\"sessions\":%d,\"ns_session\":%.0f,\"rules_alone\":%.0f,\"disk\":%s,\"evicted\":%llu}\n",
		SESSIONS, SESSIONS, cold - without, without, dir ? "true" : "false", (unsigned long long)evicted);
	return 0;
}
