// The trust store: a bundle, a directory, what is refused, and how it is named.
#include "tests/unit/alerts/cert/cert_fixture.h"

#include <errno.h>
#include <sys/stat.h>

static X509 *roots[3];

static void open_world(void)
{
	static const char *const names[] = {"CN=r0", "CN=r1", "CN=r2"};

	for (int i = 0; i < 3; i++)
		roots[i] = make(&(struct make){.subject = names[i], .key = make_key("P-256", 0), .extension = {MAKE_CA}});
}

static int opened(const char *store, char *name, size_t size)
{
	const struct cert_config config = {.trust_store = store};
	struct cert *c = NULL;
	int r = cert_open(&c, &config);

	assert_true(r ? c == NULL : c != NULL);
	if (c && name)
		snprintf(name, size, "%s", cert_store_name(c));
	cert_close(&c);
	return r;
}

static void write_text(const char *path, const char *text, X509 *x)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	if (x)
		assert_true(PEM_write_X509(f, x));
	fclose(f);
}

static void none(void **state)
{
	struct cert *c;

	assert_int_equal(cert_open(&c, NULL), 0);
	assert_string_equal(cert_store_name(c), "");
	cert_close(&c);
	cert_close(&c);
	assert_null(c);
}

static void bundle(void **state)
{
	char name[512], other[512], want[512];
	const char *path = pem_file(roots, 3);
	X509 *turned[] = {roots[2], roots[0], roots[1], roots[0]};

	assert_int_equal(opened(path, name, sizeof(name)), 0);
	snprintf(want, sizeof(want), "%s (3, ", strrchr(path, '/') + 1);
	assert_memory_equal(name, want, strlen(want));
	assert_int_equal(strlen(name), strlen(want) + 9);
	unlink(path);
	// Another order, and one of them twice: the same store.
	path = pem_file(turned, 4);
	assert_int_equal(opened(path, other, sizeof(other)), 0);
	assert_string_equal(strchr(name, ' '), strchr(other, ' '));
	unlink(path);
	path = pem_file(roots, 2);
	assert_int_equal(opened(path, other, sizeof(other)), 0);
	assert_string_not_equal(strchr(name, ' '), strchr(other, ' '));
	unlink(path);
}

// Links as `openssl rehash` makes them; other names are no certificates of the store.
static void directory(void **state)
{
	char dir[] = "/tmp/postwacht-store-XXXXXX", path[128], name[512], slashed[128];
	static const char *const files[] = {"00000000.0", "00000000.1", "abcdef01.0", "ca.pem", "abcdef01.r0", "abcdef0.0", "abcdef011"};

	assert_non_null(mkdtemp(dir));
	assert_int_equal(opened(dir, NULL, 0), -EBADMSG);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		write_text(path, "comment\n", i < 3 ? roots[i] : NULL);
	}
	snprintf(path, sizeof(path), "%s/11111111.0", dir);
	assert_int_equal(symlink("gone.pem", path), 0);
	snprintf(slashed, sizeof(slashed), "%s//", dir);
	assert_int_equal(opened(slashed, name, sizeof(name)), 0);
	assert_memory_equal(name, strrchr(dir, '/') + 1, strlen(strrchr(dir, '/') + 1));
	assert_non_null(strstr(name, " (3, "));

	// A damaged one would be missing in silence.
	snprintf(path, sizeof(path), "%s/22222222.0", dir);
	write_text(path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", NULL);
	assert_int_equal(opened(dir, NULL, 0), -EBADMSG);
	unlink(path);
	snprintf(path, sizeof(path), "%s/11111111.0", dir);
	unlink(path);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(dir), 0);
}

static void refused(void **state)
{
	static const struct {
		const char *text;
		bool with_root;
	} rows[] = {
		{"", false},
		{"no PEM at all\n", false},
		{"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", true},
		{"-----BEGIN CERTIFICATE-----\n!\n", false},
		{"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", false},
		// Nobody is asked for a pass phrase.
		{"-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
		 "AAAAAAAAAAAAAAAAAAAAAA==\n-----END CERTIFICATE-----\n", false},
	};
	char path[] = "/tmp/postwacht-cert-refused-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		write_text(path, rows[i].text, rows[i].with_root ? roots[0] : NULL);
		assert_int_equal(opened(path, NULL, 0), -EBADMSG);
	}
	unlink(path);
	assert_int_equal(opened(path, NULL, 0), -ENOENT);
}

// Text and other objects around them are usual in bundles.
static void between_text(void **state)
{
	char path[] = "/tmp/postwacht-cert-text-XXXXXX", name[512];
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	write_text(path, "# A root\n-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", roots[0]);
	assert_int_equal(opened(path, name, sizeof(name)), 0);
	assert_non_null(strstr(name, " (1, "));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none),
		cmocka_unit_test(bundle),
		cmocka_unit_test(directory),
		cmocka_unit_test(refused),
		cmocka_unit_test(between_text),
	};
	open_world();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	make_end();
	return failed;
}
