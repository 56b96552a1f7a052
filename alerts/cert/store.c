// The trust store, read once: everything is in memory before the first packet, whatever became of the files since.
#include "alerts/cert/private.h"

#include "alerts/record_parts.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/pem.h>

enum { DIGEST = 32, STORE_MAX = 16384 }; // certificates; Mozilla trusts some 150

struct gather {
	X509_STORE *store;
	uint8_t (*digests)[DIGEST];
	size_t n;
	int64_t newest_s; // when the youngest begins
};

static int add(struct gather *g, X509 *x)
{
	unsigned char *der = NULL;

	if (g->n == STORE_MAX)
		return -E2BIG;
	int len = i2d_X509(x, &der);
	if (len <= 0 || !X509_STORE_add_cert(g->store, x)) {
		OPENSSL_free(der);
		return -EBADMSG;
	}
	record_sha256(g->digests[g->n++], der, (size_t)len);
	OPENSSL_free(der);
	int64_t from_s = cert_read_time(X509_get0_notBefore(x), 0);
	g->newest_s = from_s > g->newest_s ? from_s : g->newest_s;
	return 0;
}

// Nobody is asked for a pass phrase: a certificate has no secret.
static int no_password(char *out, int size, int writing, void *ctx)
{
	return -1;
}

// Each certificate of a PEM file. One that cannot be read is an error: those behind it would be missing in silence.
static int read_file(struct gather *g, const char *path)
{
	FILE *f = fopen(path, "re");
	X509 *x = NULL;
	int r = f ? 0 : -errno;

	while (!r && (x = PEM_read_X509_AUX(f, NULL, no_password, NULL))) {
		r = add(g, x);
		X509_free(x);
	}
	if (!r && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		r = -EBADMSG;
	ERR_clear_error();
	if (f)
		fclose(f);
	return r;
}

// "9d04f354.0", as `openssl rehash` names them.
static int hashed(const struct dirent *e)
{
	const char *p = e->d_name;

	for (int i = 0; i < 8; i++, p++)
		if (!isxdigit((unsigned char)*p))
			return 0;
	return p[0] == '.' && p[1] && strspn(p + 1, "0123456789") == strlen(p + 1);
}

static int read_directory(struct gather *g, const char *path)
{
	struct dirent **entries = NULL;
	int n = scandir(path, &entries, hashed, alphasort), r = n < 0 ? -errno : 0;

	for (int i = 0; i < n; i++) {
		char file[4096];
		if (!r && (size_t)snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name) >= sizeof(file))
			r = -ENAMETOOLONG;
		int one = r ? 0 : read_file(g, file);
		// A link whose certificate was removed since: nothing to trust there.
		r = one == -ENOENT ? r : r ? r : one;
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int by_octets(const void *a, const void *b)
{
	return memcmp(a, b, DIGEST);
}

// The same certificates have the same name, in a bundle or in a directory, in any order.
static void spell(struct gather *g, char name[CERT_STORE_NAME], const char *path)
{
	uint8_t over[DIGEST];
	size_t end = strlen(path), kept = 0;

	qsort(g->digests, g->n, DIGEST, by_octets);
	for (size_t i = 0; i < g->n; i++)
		if (!kept || by_octets(g->digests[i], g->digests[kept - 1]) != 0)
			memmove(g->digests[kept++], g->digests[i], DIGEST);
	record_sha256(over, g->digests, kept * DIGEST);
	while (end > 1 && path[end - 1] == '/')
		end--;
	const char *slash = memrchr(path, '/', end > 1 ? end - 1 : 0);
	const char *base = slash ? slash + 1 : path;
	snprintf(name, CERT_STORE_NAME, "%.*s (%zu, %02x%02x%02x%02x)", (int)(end - (size_t)(base - path)), base, kept,
		 over[0], over[1], over[2], over[3]);
}

int cert_store_load(X509_STORE **out, char name[CERT_STORE_NAME], int64_t *newest_s, const char *path)
{
	struct gather g = {.store = X509_STORE_new(), .digests = calloc(STORE_MAX, DIGEST)};
	struct stat st;
	int r = g.store && g.digests ? 0 : -ENOMEM;

	if (!r && stat(path, &st) < 0)
		r = -errno;
	if (!r)
		r = S_ISDIR(st.st_mode) ? read_directory(&g, path) : read_file(&g, path);
	if (!r && !g.n)
		r = -EBADMSG;
	if (!r) {
		spell(&g, name, path);
		*out = g.store;
		*newest_s = g.n >= CERT_PUBLIC_STORE ? g.newest_s : 0;
	} else {
		X509_STORE_free(g.store);
	}
	free(g.digests);
	return r;
}
