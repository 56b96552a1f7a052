// History by its questions: versions, suites, keys and issuers, resets and proxies; and what must not be told of them.
#include "tests/unit/alerts/history/history_fixture.h"

// ---- TLS ---------------------------------------------------------------------------------------------------------

static void drops(void **state)
{
	struct facts f;
	struct peer p;

	open_all();
	fingerprint(&p, JA4_A);
	for (unsigned n = 0; n < 6; n++) {
		good(&f);
		handshake(&f, 0x0304, true);
		assert_false(told(&f, &p, n, "tls.version-drop"));
	}
	good(&f);
	fingerprint(&p, JA4_B); // another client program
	assert_false(told(&f, &p, 7, "tls.version-drop"));
	fingerprint(&p, JA4_A_NO_SNI); // the same one
	assert_true(told(&f, &p, 8, "tls.version-drop"));
	assert_false(told(&f, &p, 8.1, "tls.cipher-drop"));
	f.tls.suite = 0x002f; // TLS_RSA_WITH_AES_128_CBC_SHA
	assert_true(told(&f, &p, 9, "tls.cipher-drop"));
	f.tls.completed = false;
	assert_false(told(&f, &p, 10, "tls.version-drop"));
	close_all();
	// Machines that differ.
	open_all();
	for (unsigned n = 0; n < 40; n++) {
		good(&f);
		handshake(&f, n % 4 ? 0x0304 : 0x0303, true);
		assert_false(told(&f, &p, n, "tls.version-drop"));
	}
	close_all();
}

static void other_stack(void **state)
{
	struct facts f;
	struct peer p;
	char ja4[PEER_JA4_LEN + 1];

	open_all();
	fingerprint(&p, JA4_A);
	for (unsigned n = 0; n < 6; n++) {
		good(&f);
		assert_false(told(&f, &p, n, "tls.client-fingerprint-change"));
	}
	fingerprint(&p, JA4_A_NO_SNI);
	assert_false(told(&f, &p, 7, "tls.client-fingerprint-change"));
	fingerprint(&p, JA4_B);
	assert_true(told(&f, &p, 8, "tls.client-fingerprint-change"));
	assert_false(told(&f, &p, 9, "tls.client-fingerprint-change"));
	for (unsigned n = 0; n < 20; n++) { // many hosts behind one address
		snprintf(ja4, sizeof(ja4), "t13d1516h2_%012x_02713d6af862", n);
		fingerprint(&p, ja4);
		bool found = told(&f, &p, 10 + n, "tls.client-fingerprint-change");
		assert_true(n < 2 || !found);
	}
	close_all();
}

// ---- certificates ------------------------------------------------------------------------------------------------

static uint8_t severity_of(const char *id)
{
	for (size_t i = 0; i < session.n_findings; i++)
		if (strcmp(session.findings[i].row->id, id) == 0)
			return session.findings[i].severity;
	return 0xff;
}

static void key_changed(void **state)
{
	struct facts f;
	struct peer p;

	open_all();
	good(&f);
	certificate(&p, 1, "CN=R11", TRUST_OK);
	assert_false(told(&f, &p, 0, "cert.changed"));
	certificate(&p, 2, "CN=R12", TRUST_OK); // renewed
	assert_true(told(&f, &p, 1, "cert.changed"));
	assert_int_equal(severity_of("cert.changed"), SEVERITY_INFO);
	certificate(&p, 1, "CN=R11", TRUST_OK); // a pool: both are known
	assert_false(told(&f, &p, 2, "cert.changed"));
	certificate(&p, 3, "CN=E5", TRUST_OK); // for clients that know ECDSA
	p.server.key = KEY_EC;
	p.server.key_bits = 256;
	assert_false(told(&f, &p, 3, "cert.changed"));
	certificate(&p, 4, "CN=R11", TRUST_OK); // for another name
	snprintf(p.asked, sizeof(p.asked), "other.example");
	assert_false(told(&f, &p, 4, "cert.changed"));
	certificate(&p, 5, "CN=invalid2.invalid", TRUST_SELF_SIGNED);
	snprintf(p.vendor, sizeof(p.vendor), "Google");
	assert_false(told(&f, &p, 5, "cert.changed"));
	certificate(&p, 6, "CN=me", TRUST_SELF_SIGNED);
	assert_true(told(&f, &p, 6, "cert.changed"));
	assert_int_equal(severity_of("cert.changed"), SEVERITY_MEDIUM);
	close_all();
}

static void server(struct facts *f, unsigned i)
{
	char name[64], banner[96];

	snprintf(name, sizeof(name), "mx.operator-%c.example", (int)('a' + i));
	snprintf(banner, sizeof(banner), "%s ESMTP Postfix", name);
	good(f);
	at_server(f, (uint8_t)(10 + i));
	host(f, name, banner);
}

// `n` servers, each with a history of its own; then all show certificates of one issuer.
static bool intercepted(unsigned n, const char *issuer, enum peer_trust trust, bool one_operator)
{
	struct facts f;
	struct peer p;
	bool found = false;

	open_all();
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < 6; k++) {
			server(&f, one_operator ? 0 : i);
			at_server(&f, (uint8_t)(10 + i));
			certificate(&p, (uint8_t)(1 + i), "CN=R11", TRUST_OK);
			assert_false(told(&f, &p, k + i * 0.01, "cert.mitm-suspect"));
		}
	}
	for (unsigned i = 0; i < n; i++) {
		server(&f, one_operator ? 0 : i);
		at_server(&f, (uint8_t)(10 + i));
		certificate(&p, (uint8_t)(100 + i), issuer, trust);
		found = told(&f, &p, 24 + i, "cert.mitm-suspect");
	}
	close_all();
	return found;
}

static void interception(void **state)
{
	assert_true(intercepted(3, "CN=Gateway CA", TRUST_ROOT_UNKNOWN, false));
	assert_false(intercepted(2, "CN=Gateway CA", TRUST_ROOT_UNKNOWN, false));
	assert_false(intercepted(6, "CN=R12", TRUST_OK, false)); // an authority's new intermediate
	assert_false(intercepted(6, "CN=R12", TRUST_NOT_JUDGED, false));
	assert_false(intercepted(6, "CN=Our own CA", TRUST_ROOT_UNKNOWN, true)); // one operator's decision
}

static void shared_key(void **state)
{
	struct facts f;
	struct peer p;

	open_all();
	certificate(&p, 1, "CN=box", TRUST_SELF_SIGNED);
	server(&f, 0);
	assert_false(told(&f, &p, 0, "cert.shared-key"));
	server(&f, 0); // another machine of the same
	at_server(&f, 77);
	assert_false(told(&f, &p, 1, "cert.shared-key"));
	server(&f, 1);
	assert_true(told(&f, &p, 2, "cert.shared-key"));
	server(&f, 2); // a customer's name at the same host
	at_server(&f, 10);
	f.conn.dst[3] = 9;
	certificate(&p, 2, "CN=R11", TRUST_OK);
	told(&f, &p, 3, "");
	server(&f, 3);
	at_server(&f, 10);
	assert_false(told(&f, &p, 4, "cert.shared-key"));
	certificate(&p, 3, "CN=R11", TRUST_OK); // two domains of one company, both in the certificate
	static const char sans[] = "mx.operator-e.examplemx.operator-f.example";
	memcpy(p.server.san_text, sans, sizeof(sans));
	p.server.n_sans = p.server.n_sans_kept = 2;
	p.server.san_off[1] = p.server.san_len[0] = p.server.san_len[1] = 21;
	server(&f, 4);
	told(&f, &p, 5, "");
	server(&f, 5);
	assert_false(told(&f, &p, 6, "cert.shared-key"));
	close_all();
}

// ---- the path ----------------------------------------------------------------------------------------------------

static void reset(struct facts *f, unsigned i)
{
	server(f, i);
	f->tls = (struct tls_facts){.asked = true};
	f->smtp.after_220 = AFTER_NOTHING;
	unclosed(f, END_RST);
	f->conn.rst[DIR_S2C] = true;
}

static void resets(void **state)
{
	struct facts f;

	open_all();
	for (unsigned n = 0; n < 12; n++) {
		server(&f, 0);
		told(&f, NULL, n, "");
	}
	for (unsigned n = 0; n < 4; n++) {
		reset(&f, 0);
		assert_int_equal(told(&f, NULL, 20 + n, "tcp.rst-at-starttls"), n >= 2);
	}
	close_all();
	// Always so; and three in a busy day.
	open_all();
	for (unsigned n = 0; n < 40; n++) {
		reset(&f, 0);
		assert_false(told(&f, NULL, n, "tcp.rst-at-starttls"));
	}
	close_all();
	open_all();
	for (unsigned n = 0; n < 100; n++) {
		if (n % 20 == 19)
			reset(&f, 0);
		else
			server(&f, 0);
		assert_false(told(&f, NULL, n * 0.1, "tcp.rst-at-starttls"));
	}
	close_all();
	// One client, whatever the server.
	open_all();
	for (unsigned n = 0; n < 12; n++) {
		server(&f, n);
		told(&f, NULL, n, "");
	}
	for (unsigned n = 0; n < 3; n++) {
		reset(&f, n);
		assert_int_equal(told(&f, NULL, 20 + n, "tcp.rst-at-starttls"), n == 2);
	}
	close_all();
}

// One host in place of several; a farm, which always was one; an operator that renames its hosts.
static void proxy(void **state)
{
	struct facts f;

	for (int how = 0; how < 3; how++) {
		bool found = false;
		open_all();
		for (unsigned i = 0; i < 5; i++)
			for (unsigned k = 0; k < 6; k++) {
				server(&f, how == 2 ? 0 : i);
				at_server(&f, (uint8_t)(10 + i));
				if (how == 1)
					host(&f, "mx.farm.example", "mx.farm.example ESMTP x123 - gsmtp");
				assert_false(told(&f, NULL, k + i * 0.01, "middlebox.transparent-proxy"));
			}
		for (unsigned i = 0; i < 5; i++) {
			server(&f, i);
			at_server(&f, (uint8_t)(10 + i));
			if (how == 1)
				host(&f, "mx.farm.example", "mx.farm.example ESMTP y456 - gsmtp");
			else
				host(&f, "proxy.isp.test", "proxy.isp.test ESMTP");
			found |= told(&f, NULL, 24 + i, "middlebox.transparent-proxy");
		}
		assert_int_equal(found, how == 0);
		close_all();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drops), cmocka_unit_test(other_stack), cmocka_unit_test(key_changed),
		cmocka_unit_test(interception), cmocka_unit_test(shared_key), cmocka_unit_test(resets), cmocka_unit_test(proxy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
