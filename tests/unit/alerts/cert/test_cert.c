// The entry points: lists whole and damaged, the client's, and the cache.
#include "tests/unit/alerts/cert/cert_fixture.h"

#include "alerts/record_parts.h"

static X509 *leaf, *middle, *root;
static struct list whole;

static void open_world(void)
{
	EVP_PKEY *root_key = make_key("P-256", 0), *middle_key = make_key("P-256", 0), *leaf_key = make_key("P-256", 0);

	root = make(&(struct make){.subject = "CN=Root", .key = root_key, .extension = {MAKE_CA}});
	middle = make(&(struct make){.subject = "CN=Middle", .issuer = "CN=Root", .key = middle_key, .signer = root_key,
		.extension = {MAKE_CA}});
	leaf = make(&(struct make){.subject = "CN=leaf", .issuer = "CN=Middle", .key = leaf_key, .signer = middle_key,
		.extension = {{NID_subject_alt_name, "DNS:mx.example.com"}}});
	list_x509(&whole, leaf);
	list_x509(&whole, middle);
	list_x509(&whole, root);
}

static struct peer took(const struct list *l)
{
	struct cert *c = open_cert(NULL, 0);
	struct peer p;

	// What was there before is replaced, and only that.
	memset(&p, 0x55, sizeof(p));
	take(c, &p, l, NULL);
	assert_int_equal(p.client.n_sans, 0x5555);
	assert_int_equal(p.keylog, 0x55);
	cert_close(&c);
	return p;
}

static void empty(void **state)
{
	struct peer p = took(&(struct list){.len = 0});

	assert_true(!p.server.present && !p.costly && !p.n_certs && !p.n_opened && !p.trust && !p.vendor[0]);
}

static void ordinary(void **state)
{
	struct peer p = took(&whole);

	assert_int_equal(p.n_certs, 3);
	assert_int_equal(p.n_opened, 3);
	assert_true(p.server.present && !p.server.unreadable && !p.costly && !p.server.is_ca && !p.server.self_issued);
	assert_string_equal(p.server.subject, "CN=leaf");
	assert_string_equal(p.server.issuer, "CN=Middle");
}

// Cut anywhere: what is whole counts, and the octets behind the cut are not touched.
static void cut_anywhere(void **state)
{
	static struct list part;
	size_t ends[3], at = 0;

	for (int i = 0; i < 3; i++)
		ends[i] = at += 3u + ((size_t)whole.octets[at + 1] << 8 | whole.octets[at + 2]);
	for (part.len = 0; part.len <= whole.len; part.len++) {
		memcpy(part.octets, whole.octets, part.len);
		struct peer p = took(&part);
		int n = (part.len >= ends[0]) + (part.len >= ends[1]) + (part.len >= ends[2]);
		assert_int_equal(p.n_certs, n);
		assert_int_equal(p.n_opened, n);
		assert_int_equal(p.server.present, n > 0);
	}
}

static void unreadable(void **state)
{
	static struct list l;
	unsigned char *der = NULL;
	size_t len = (size_t)i2d_X509(leaf, &der);
	uint8_t *longer = malloc(len + 1), want[32];

	memcpy(longer, der, len);
	longer[len] = 0;
	// Nothing, an octet too many, an octet too few, no DER.
	const struct {
		const uint8_t *p;
		size_t len;
	} rows[] = {{der, 0}, {longer, len + 1}, {der, len - 1}, {(const uint8_t *)"HTTP/1.1 400", 12}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		l.len = 0;
		list_octets(&l, rows[i].p, rows[i].len);
		list_x509(&l, middle);
		struct peer p = took(&l);
		assert_true(p.server.present && p.server.unreadable && !p.costly);
		assert_true(p.server.not_before_s == INT64_MIN && p.server.not_after_s == INT64_MAX);
		assert_int_equal(p.server.key, KEY_NONE);
		assert_int_equal(p.n_certs, 2);
		assert_int_equal(p.n_opened, 1);
		record_sha256(want, rows[i].p, rows[i].len);
		assert_memory_equal(p.server.sha256, want, 32);
	}
	free(longer);
	OPENSSL_free(der);
}

static void clients(void **state)
{
	struct cert *c = open_cert(NULL, 0);
	struct peer p = {.n_certs = 9}, server = {0};

	cert_take_client(c, &p, guarded(whole.octets, whole.len), whole.len);
	assert_true(p.client.present && !p.server.present);
	assert_int_equal(p.n_certs, 9);
	assert_string_equal(p.client.subject, "CN=leaf");
	assert_int_equal(p.client.n_sans, 1);
	assert_int_equal(p.client.n_sans_kept, 0);
	assert_string_equal(p.client.san_text, "");
	// The same octets as a server's are another thing to learn.
	take(c, &server, &whole, NULL);
	assert_int_equal(server.server.n_sans_kept, 1);
	assert_int_equal(cert_counts(c).misses, 2);
	cert_take_client(c, &p, guarded(whole.octets, 0), 0);
	assert_false(p.client.present);
	cert_close(&c);
}

static void learned_once(void **state)
{
	struct cert *c = open_cert(NULL, 0);
	struct peer first = {0}, second = {0};

	take(c, &first, &whole, "mx.example.com");
	take(c, &second, &whole, "mx.example.com");
	assert_memory_equal(&first, &second, sizeof(first));
	struct cert_counts counts = cert_counts(c);
	assert_true(counts.misses == 1 && counts.hits == 1 && counts.kept == 1 && !counts.evicted && !counts.costly);
	cert_close(&c);
}

static void nth(struct list *l, unsigned n)
{
	uint8_t octets[4] = {0x30, 0x02, (uint8_t)(n >> 8), (uint8_t)n};

	l->len = 0;
	list_octets(l, octets, sizeof(octets));
}

// The one used longest ago leaves, and what is used stays.
static void bounded(void **state)
{
	enum { ROOM = 16 };
	static struct list l;
	struct cert *c = open_cert(NULL, ROOM);
	struct peer p = {0};

	for (unsigned i = 0; i < ROOM; i++) {
		nth(&l, i);
		take(c, &p, &l, NULL);
	}
	assert_int_equal(cert_counts(c).kept, ROOM);
	nth(&l, 0);
	take(c, &p, &l, NULL); // now 1 is the oldest
	nth(&l, ROOM);
	take(c, &p, &l, NULL);
	assert_int_equal(cert_counts(c).evicted, 1);
	assert_int_equal(cert_counts(c).hits, 1);
	nth(&l, 0);
	take(c, &p, &l, NULL);
	assert_int_equal(cert_counts(c).hits, 2);
	nth(&l, 1);
	take(c, &p, &l, NULL);
	assert_int_equal(cert_counts(c).hits, 2);
	for (unsigned i = 0; i < 10 * ROOM; i++) {
		nth(&l, 1000 + i);
		take(c, &p, &l, NULL);
	}
	assert_int_equal(cert_counts(c).kept, ROOM);
	assert_int_equal(cert_counts(c).evicted, 2 + 10 * ROOM);
	cert_close(&c);
}

static void room_for_one(void **state)
{
	static struct list l;
	struct cert *c = open_cert(NULL, 1);
	struct peer p = {0};

	for (unsigned i = 0; i < 8; i++) {
		nth(&l, i % 3);
		take(c, &p, &l, "x");
		assert_true(p.server.unreadable);
	}
	assert_int_equal(cert_counts(c).kept, 1);
	cert_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(ordinary),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(unreadable),
		cmocka_unit_test(clients),
		cmocka_unit_test(learned_once),
		cmocka_unit_test(bounded),
		cmocka_unit_test(room_for_one),
	};
	open_world();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	make_end();
	return failed;
}
