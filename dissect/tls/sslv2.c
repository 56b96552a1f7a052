// SSL 2.0 hellos.
#include "dissect/tls/sslv2.h"

enum { SSLV2 = 0x0002, MSG_CLIENT_HELLO = 1, MSG_SERVER_HELLO = 4, CLIENT_HELLO_MIN = 9, SERVER_HELLO_MIN = 11 };

static uint16_t record_len(const uint8_t *h)
{
	return (uint16_t)((h[0] & 0x7f) << 8 | h[1]);
}

static uint16_t client_version(const uint8_t *h)
{
	return (uint16_t)(h[3] << 8 | h[4]);
}

bool tls_sslv2_plausible(enum dir d, const uint8_t *h, size_t n)
{
	if (n > 0 && !(h[0] & 0x80))
		return false;
	if (n > 1 && record_len(h) < (d == DIR_C2S ? CLIENT_HELLO_MIN : SERVER_HELLO_MIN))
		return false;
	if (n > 2 && h[2] != (d == DIR_C2S ? MSG_CLIENT_HELLO : MSG_SERVER_HELLO))
		return false;
	if (d == DIR_S2C)
		return n <= 3 || h[3] <= 1; // session id hit
	if (n > 3 && h[3] != 0 && h[3] != 3)
		return false;
	return n <= 4 || (h[3] == 0 ? h[4] == SSLV2 : h[4] <= 4);
}

void tls_sslv2_begin(struct tls *t, struct tls_env *env, enum dir d, const struct place *at)
{
	struct tls_lane *lane = &t->lane[d];
	struct tls_facts *f = &env->facts->tls;
	lane->rec_len = record_len(lane->header);
	lane->rec_left = (uint16_t)(lane->rec_len - (SSLV2_HEADER_LEN - 2));
	lane->rec_unread = true;
	if (d == DIR_C2S) {
		f->client_hello = f->sslv2_hello = true;
		f->record_version = f->client_version = client_version(lane->header);
		place_mark_first(&f->client_hello_mark, at);
		// A client that knows nothing newer goes on in records of its own kind.
		lane->unread = f->client_version == SSLV2;
	} else {
		f->server_hello = true;
		f->server_version = SSLV2;
		f->server_hello_mark = place_mark(at);
		t->lane[DIR_C2S].unread = t->lane[DIR_S2C].unread = true;
	}
}
