// Certificates, keys and staples of anybody, judged against a store with one root.
//
// Input: parts of a kind (enum part), two octets of length, and as many octets. A reference is for the chains behind it,
// a staple for the chain before it.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/cert/cert.h"
#include "tests/fuzz/fuzz.h"

enum part { CHAIN, CLIENT, KEY, STAPLE, REFERENCE, PARTS };

enum { CACHE_MAX = 8, REFERENCE_LEN = 300 };

// The root of the seeds' chains.
static const char root[] = "-----BEGIN CERTIFICATE-----\n"
			   "MIIBIjCByKADAgECAgEBMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBFJvb3QwIBcN\n"
			   "MjMxMTE0MjIxMzIwWhgPMjEyMzEwMjEyMjEzMjBaMA8xDTALBgNVBAMMBFJvb3Qw\n"
			   "WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARHaZmCYLGKrnMbo+hyUK7bVjA3GYLP\n"
			   "SnL6mmlUkBYe64x2zfzMrpuDNphAEsEw6voL9XZNFtDEbhWvFMvWjqVyoxMwETAP\n"
			   "BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQDgVM73ZfXGnTjMnvqV\n"
			   "yX9QqnrG0acfSHKvgPeyO+zyJgIhAJTxIr9Msis+08+qrXikyl6MeJZi+Wr9fiEo\n"
			   "JMguiT53\n"
			   "-----END CERTIFICATE-----\n";

struct run {
	struct cert *cert;
	struct peer peer;
	const uint8_t *list; // the last chain
	size_t list_len;
	char reference[REFERENCE_LEN + 1];
};

static void must(bool condition)
{
	if (!condition)
		abort();
}

static struct cert *open_cert(void)
{
	char path[] = "/tmp/postwacht-fuzz-XXXXXX";
	const struct cert_config config = {.trust_store = path, .cache_max = CACHE_MAX};
	struct cert *c;
	int fd = mkstemp(path);

	must(fd >= 0 && write(fd, root, sizeof(root) - 1) == (ssize_t)sizeof(root) - 1);
	close(fd);
	must(cert_open(&c, &config) == 0);
	unlink(path);
	return c;
}

static bool ended(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

static void check_one(const struct certificate *c)
{
	must(ended(c->subject, sizeof(c->subject)) && ended(c->issuer, sizeof(c->issuer)));
	must(ended(c->serial, sizeof(c->serial)) && ended(c->curve, sizeof(c->curve)));
	must(c->n_sans_kept <= PEER_SANS_MAX && c->n_sans_kept <= c->n_sans);
	for (int i = 0; i < c->n_sans_kept; i++)
		must(c->san_off[i] + c->san_len[i] < PEER_SAN_TEXT && !memchr(c->san_text + c->san_off[i], '\0', c->san_len[i]));
	must(!c->self_signed || c->self_issued);
	must(c->present || (!c->self_issued && !c->subject[0] && !c->n_sans));
	must(!c->unreadable || (c->key == KEY_NONE && !c->subject[0]));
}

static void check(const struct peer *p)
{
	check_one(&p->server);
	check_one(&p->client);
	must(ended(p->vendor, sizeof(p->vendor)));
	must(p->n_opened <= p->n_certs && p->n_opened <= CERT_CHAIN_MAX);
	must(p->trust != TRUST_SELF_SIGNED || p->server.self_signed);
	must(p->trust == TRUST_NOT_JUDGED || (p->server.present && !p->server.unreadable));
	must(p->names == NAMES_NOT_ASKED || p->server.present);
}

static void take(struct run *r, enum part kind, const uint8_t *p, size_t len)
{
	switch (kind) {
	case CHAIN:
		cert_take_chain(r->cert, &r->peer, p, len, r->reference);
		r->list = p;
		r->list_len = len;
		break;
	case CLIENT:
		cert_take_client(r->cert, &r->peer, p, len);
		break;
	case KEY:
		cert_take_key(r->cert, &r->peer, p, len);
		break;
	case STAPLE:
		cert_take_staple(r->cert, &r->peer, r->list, r->list_len, p, len, 1700086400);
		break;
	default:
		len = len < REFERENCE_LEN ? len : REFERENCE_LEN;
		memcpy(r->reference, p, len);
		r->reference[len] = '\0';
	}
}

static void play(struct run *r, const uint8_t *data, size_t len)
{
	memset(&r->peer, 0, sizeof(r->peer));
	r->list = data;
	r->list_len = 0;
	r->reference[0] = '\0';
	while (len >= 3) {
		size_t n = (size_t)data[1] << 8 | data[2];
		if (n > len - 3)
			n = len - 3;
		take(r, data[0] % PARTS, data + 3, n);
		check(&r->peer);
		data += 3 + n;
		len -= 3 + n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct run first, again;
	if (!first.cert) {
		first.cert = open_cert();
		again.cert = open_cert();
	}
	play(&first, data, len);
	// What the cache remembers is what was learned.
	play(&again, data, len);
	play(&again, data, len);
	must(memcmp(&first.peer, &again.peer, sizeof(first.peer)) == 0);
	return 0;
}
