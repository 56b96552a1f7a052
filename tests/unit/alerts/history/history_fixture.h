// A history and rules that ask it, and sessions to judge and learn.
#pragma once

#include "alerts/history/history.h"
#include "alerts/rules.h"
#include "tests/unit/alerts/facts_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct history *history;
static struct rules_memory *memory;
static struct session session;
static uint64_t birth;

static inline void open_all(void)
{
	char error[HISTORY_ERROR];

	assert_int_equal(history_open(&history, NULL, error), 0);
	assert_int_equal(rules_memory_open(&memory), 0);
	rules_memory_use(memory, history);
	birth = 0;
}

static inline void close_all(void)
{
	rules_memory_close(&memory);
	history_close(&history);
	assert_null(history);
}

// Judges a session that began `hour` hours after the first, and then learns it. True when it has the finding `id`.
static inline bool told(struct facts *f, const struct peer *p, double hour, const char *id)
{
	bool found = false;

	f->birth = ++birth;
	f->conn.start_ns = FIXTURE_START_NS + (uint64_t)(int64_t)(hour * (double)HISTORY_HOUR_NS);
	f->conn.last_ns = f->conn.start_ns + HISTORY_SECOND_NS;
	session = (struct session){.facts = f, .peer = p, .final = true};
	snprintf(session.id, sizeof(session.id), "S%025llu", (unsigned long long)birth);
	for (int n = 0; n < 2; n++) { // asking changes nothing
		rules_apply(&session, memory, NULL);
		found = false;
		for (size_t i = 0; i < session.n_findings; i++)
			found |= strcmp(session.findings[i].row->id, id) == 0;
	}
	history_learn(history, &session);
	return found;
}

static inline void host(struct facts *f, const char *name, const char *banner)
{
	f->smtp.ehlo_digest = 0x1001;
	f->smtp.ehlo_len = f->smtp.offer == OFFER_YES ? 114 : 100;
	text(f, &f->smtp.server_name, name);
	text(f, &f->smtp.banner, banner);
}

static inline void good(struct facts *f)
{
	upgraded(f);
	host(f, "mx1.rcpt.example", "mx1.rcpt.example ESMTP Postfix");
}

static inline void bare(struct facts *f)
{
	not_offered(f);
	host(f, "mx2.rcpt.example", "mx2.rcpt.example ESMTP Postfix");
}

static inline void fingerprint(struct peer *p, const char *ja4)
{
	memset(p, 0, sizeof(*p));
	snprintf(p->ja4, sizeof(p->ja4), "%s", ja4);
}

#define JA4_A "t13d1516h2_8daaf6152771_02713d6af862"
#define JA4_A_NO_SNI "t13i1515h2_8daaf6152771_02713d6af862"
#define JA4_B "t13d1516h2_9daaf6152771_02713d6af862"

static inline void certificate(struct peer *p, uint8_t key, const char *issuer, enum peer_trust trust)
{
	fingerprint(p, JA4_A);
	p->server.present = true;
	p->server.key = KEY_RSA;
	p->server.key_bits = 2048;
	p->server.not_before_s = INT64_MIN;
	p->server.not_after_s = INT64_MAX;
	memset(p->server.spki_sha256, key, sizeof(p->server.spki_sha256));
	snprintf(p->server.issuer, sizeof(p->server.issuer), "%s", issuer);
	p->trust = (uint8_t)trust;
}

static inline void at_server(struct facts *f, uint8_t net)
{
	f->conn.dst[0] = 100;
	f->conn.dst[1] = net;
}
