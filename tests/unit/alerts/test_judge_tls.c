// What is told of weak TLS: one alert a session and subject, named after the worst; nothing of an ordinary session.
#include "tests/unit/alerts/judge_fixture.h"

static void tls13(struct facts *f)
{
	ehlo(f, OFFER_YES);
	starttls(f, 220);
	handshake(f, 0x0304, true);
	f->tls.group = 29;
}

// A server of 2008: the version is the name of all that comes with it.
static void old_server(struct facts *f)
{
	upgraded(f);
	f->tls.server_version = 0x0301;
	f->tls.suite = 0x0005;
	f->tls.server_ext = 0;
	f->tls.server_key_exchange = false;
	f->tls.compression = 1;
}

static void small_group(struct facts *f)
{
	old_server(f);
	f->tls.suite = 0x0033;
	f->tls.dh_bits = 768;
	f->tls.dh_prime = 1;
	f->tls.server_key_exchange = true;
	f->tls.server_key_mark = at(11);
}

static void export_suite(struct facts *f)
{
	old_server(f);
	f->tls.suite = 0x0003;
}

static void cbc(struct facts *f)
{
	upgraded(f);
	f->tls.suite = 0xc013;
	f->tls.server_ext &= ~(uint32_t)TLS_EXT_EXTENDED_MASTER_SECRET;
}

static void anonymous(struct facts *f)
{
	upgraded(f);
	f->tls.suite = 0x0034;
	f->tls.certificate = false;
}

static void login_offered_too(struct facts *f)
{
	old_server(f);
	f->smtp.auth_offered = 1 << MECH_PLAIN;
}

static void refused_old_client(struct facts *f)
{
	ehlo(f, OFFER_YES);
	starttls(f, 220);
	f->tls.client_hello = f->tls.records[0] = true;
	f->tls.client_hello_mark = at(10);
	f->tls.client_version = 0x0301;
	f->tls.alert_clear = true;
	f->tls.alert_level = 2;
	f->tls.alert_code = 70;
	f->tls.alert_dir = DIR_S2C;
	f->tls.alert_mark = at(11);
}

static void told_of_whole_sessions(void **state)
{
	static const struct {
		const char *name;
		void (*make)(struct facts *f);
		const char *want;
	} rows[] = {
		{"an ordinary session", upgraded, "smtp tls"},
		{"TLS 1.3, no hybrid group", tls13, "smtp tls"},
		{"an old server", old_server,
			"tls.version-obsolete+tls.cipher-rc4+tls.no-forward-secrecy+tls.no-ems+tls.renego-insecure+tls.compression smtp tls"},
		{"a small group", small_group,
			"tls.dh-small+tls.version-obsolete+tls.cipher-cbc-sha1+tls.dh-nonstandard+tls.kex-hash-weak+tls.no-ems"
			"+tls.renego-insecure+tls.compression+tls.cbc-no-etm smtp tls"},
		{"EXPORT", export_suite,
			"tls.cipher-export+tls.version-obsolete+tls.cipher-rc4+tls.no-forward-secrecy+tls.no-ems+tls.renego-insecure"
			"+tls.compression smtp tls"},
		{"CBC with SHA-1", cbc, "tls.no-ems+tls.cipher-cbc-sha1+tls.cbc-no-etm smtp tls"},
		{"an opportunistic anonymous session is a quiet one", anonymous,
			"tls.cipher-cbc-sha1+tls.cipher-anon+tls.cbc-no-etm smtp tls"},
		{"passwords are offered before TLS", login_offered_too,
			"tls.version-obsolete+tls.cipher-rc4+tls.no-forward-secrecy+tls.no-ems+tls.renego-insecure+tls.compression"
			"+auth.offered-cleartext smtp tls"},
		{"a failed handshake tells why", refused_old_client, "starttls.handshake-failed+tls.client-offers-obsolete smtp"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct judge_config c = config_default();
		struct facts f;

		open_judge(&c);
		rows[i].make(&f);
		send_whole(&f);
		assert_told(rows[i].name, rows[i].want);
		close_judge();
	}
}

// ---- any mixture ----

static uint32_t random_state = 1;

static bool coin(unsigned one_in)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state >> 16 & 0x7fff ? (random_state >> 16) % one_in == 0 : true;
}

static void mixture(struct facts *f)
{
	static const uint16_t suites[] = {0xc02f, 0xc013, 0x002f, 0x009e, 0x0033, 0x000a, 0x0005, 0x0009, 0x0003, 0x0014, 0x0034, 0x0002,
		0xc0ae, 0x0018};
	static const uint16_t versions[] = {0x0300, 0x0301, 0x0302, 0x0303, 0x0303, 0x0303};
	struct tls_facts *t = &f->tls;

	upgraded(f);
	t->suite = suites[random_state % (sizeof(suites) / sizeof(suites[0]))];
	coin(2);
	t->server_version = versions[(random_state >> 8) % 6];
	t->client_version = coin(4) ? t->server_version : 0x0304;
	t->client_ext &= random_state >> 3 | 0xf;
	coin(2);
	t->server_ext = (t->server_ext | TLS_EXT_HEARTBEAT | TLS_EXT_TRUNCATED_HMAC | TLS_EXT_ENCRYPT_THEN_MAC) & random_state >> 5;
	t->compression = coin(4);
	t->dh_bits = coin(3) ? coin(2) ? 1024 : 768 : 0;
	t->dh_prime = t->dh_bits;
	t->group = t->dh_bits ? 0 : coin(3) ? 19 : 23;
	t->ske_scheme = coin(3) ? 0x0201 : 0x0804;
	t->n_renegotiations = coin(4);
	t->renegotiation_dir = coin(2);
	t->renegotiation_mark = at(20);
	t->fallback_scsv = coin(5);
	t->alpn_kinds = coin(5) ? ALPN_HTTP : 0;
	t->sentinel = coin(5) ? SENTINEL_TLS12 : SENTINEL_NONE;
	t->unoffered = coin(5) ? TLS_UNOFFERED_SUITE : 0;
	t->early_data_sent = coin(8);
	t->completed = !coin(4);
}

// Of two alerts of one subject one would have to be told by the other. A cross-protocol attempt is a matter of its own.
static void one_alert_each_subject(void **state)
{
	const struct judge_config c = config_default();

	open_judge(&c);
	for (uint32_t i = 1; i <= 5000; i++) {
		struct facts f;
		char roots[5][128] = {""};

		random_state = i * 2654435761u;
		mixture(&f);
		f.birth = i;
		memcpy(f.conn.dst, &i, sizeof(i)); // no repeat of an earlier one
		send_whole(&f);
		for (size_t k = 0; k < told.n; k++) {
			const json_t *metadata = json_object_get(json_object_get(told.line[k], "alert"), "metadata");
			const char *word = json_string_value(json_array_get(json_object_get(metadata, "subject"), 0));
			int subject = 0;
			while (word && strcmp(word, subject_name((enum subject)subject)) != 0)
				subject++;
			if (!word || strncmp(told_word(k), "tls.alpn-odd", 12) == 0)
				continue;
			if (roots[subject][0])
				fail_msg("mixture %u, %s: %s and %s", i, word, roots[subject], told_word(k));
			snprintf(roots[subject], sizeof(roots[subject]), "%.127s", told_word(k));
		}
		told_clear();
	}
	close_judge();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told_of_whole_sessions),
		cmocka_unit_test(one_alert_each_subject),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
