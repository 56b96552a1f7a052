// What judging a session costs, records written to nowhere, caches warm: without policy, and against DANE with the server's
// certificate. One core.
//
//   bench_judged      a JSON line each: nanoseconds a session, sessions a second
#include "alerts/expect/store.h"
#include "alerts/judge.h"
#include "hw/clock.h"
#include "tests/unit/alerts/facts_fixture.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

enum { SESSIONS = 200000, WARM = 2000 };

static uint64_t seq;

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench_judged: %s\n", what);
	exit(1);
}

// A self-signed certificate as the certificate_list of a handshake; `digest` of its SubjectPublicKeyInfo.
static size_t chain(uint8_t *out, size_t room, uint8_t digest[32])
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	X509 *x = X509_new();
	uint8_t *der = NULL, *spki = NULL, *at = out + 3;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(FIXTURE_START_NS / 1000000000) - 86400);
	ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(FIXTURE_START_NS / 1000000000) + 86400 * 90);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const uint8_t *)"mx.rcpt.example", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	need(X509_sign(x, key, EVP_sha256()) > 0, "no certificate");
	int len = i2d_X509(x, &der), spki_len = i2d_PUBKEY(key, &spki);
	need(len > 0 && (size_t)len + 3 <= room && spki_len > 0, "no certificate");
	out[0] = (uint8_t)(len >> 16);
	out[1] = (uint8_t)(len >> 8);
	out[2] = (uint8_t)len;
	memcpy(at, der, (size_t)len);
	EVP_Digest(spki, (size_t)spki_len, digest, NULL, EVP_sha256(), NULL);
	OPENSSL_free(der);
	OPENSSL_free(spki);
	X509_free(x);
	EVP_PKEY_free(key);
	return (size_t)len + 3;
}

static void promise(struct store *s, const uint8_t digest[32])
{
	const struct policy_address address = {.ip_v = 4, .octets = {203, 0, 113, 25}};
	const struct policy_tlsa record = {.usage = 3, .selector = 1, .mtype = 1, .len = 32, .data = digest};
	int64_t as_of_s = (int64_t)(FIXTURE_START_NS / 1000000000);
	struct policy_host h = {.name = "mx.rcpt.example", .addresses_dnssec = DNSSEC_SECURE, .n_addresses = 1, .addresses = &address,
		.as_of_s = as_of_s};

	h.tlsa = (struct policy_tlsa_set){.dnssec = DNSSEC_SECURE, .n = 1, .tlsa = &record, .as_of_s = as_of_s, .base = "mx.rcpt.example"};
	need(store_put_host(s, &h) == 0, "no memory");
}

static void nowhere(void *ctx, const struct record_about *about, const char *line, size_t len)
{
	*(uint64_t *)ctx += len;
}

static void one(struct judge *j, struct message_handshake *certificates, uint64_t birth)
{
	static struct message_session m;
	struct facts *f = &m.facts;

	upgraded(f);
	f->birth = birth;
	f->conn.src_port = (uint16_t)birth;
	f->conn.start_ns = FIXTURE_START_NS + birth * 10000;
	f->conn.last_ns = f->conn.start_ns + 1000;
	m.head = (struct message){.seq = ++seq, .birth = birth, .time_ns = f->conn.last_ns, .type = MESSAGE_SESSION};
	certificates->head = (struct message){.seq = seq, .birth = birth, .time_ns = f->conn.last_ns, .type = MESSAGE_HANDSHAKE};
	need(judge_take(j, &certificates->head, sizeof(*certificates) + certificates->len) == 0, "the judge refuses a certificate");
	need(judge_take(j, &m.head, message_session_len(&m)) == 0, "the judge refuses a session");
}

static void run(const char *what, struct store *store, struct message_handshake *certificates)
{
	uint64_t octets = 0;
	struct judge_config c = {.record = {.host = "bench"}, .sessions_max = 4096, .store = store, .write = nowhere, .write_ctx = &octets};
	struct judge *j;

	c.taps[0].name = "tap0";
	memset(c.severity, -1, sizeof(c.severity));
	need(judge_open(&j, &c, NULL) == 0, "no judge");
	for (uint64_t n = 1; n <= WARM; n++)
		one(j, certificates, n);
	uint64_t begin_ns = clock_mono_ns();
	for (uint64_t n = 1; n <= SESSIONS; n++)
		one(j, certificates, WARM + n);
	double ns = (double)(clock_mono_ns() - begin_ns) / SESSIONS;
	const struct judge_summary *s = judge_summary(j);
	printf("{\"judged\":\"%s\",\"ns_a_session\":%.0f,\"sessions_a_second\":%.0f,\"verified\":%llu,\"octets_a_session\":%llu}\n", what, ns,
		1e9 / ns, (unsigned long long)s->by_verdict[VERDICT_VERIFIED], (unsigned long long)(octets / (SESSIONS + WARM)));
	judge_close(&j);
}

int main(void)
{
	struct message_handshake *certificates = calloc(1, sizeof(*certificates) + 8192);
	struct store *store = NULL;
	uint8_t digest[32];

	need(certificates != NULL && store_open(&store, 16, 16) == 0, "no memory");
	certificates->kind = HANDSHAKE_CERTIFICATES;
	certificates->dir = DIR_S2C;
	certificates->len = (uint32_t)chain(certificates->octets, 8192, digest);
	promise(store, digest);
	run("without policy", NULL, certificates);
	run("against DANE", store, certificates);
	store_close(&store);
	free(certificates);
	return 0;
}
