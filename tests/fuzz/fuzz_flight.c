// Any octets as a flight. First octet odd: records, tried with a secret that is known (most will not open). Even:
// handshake messages as if they had been opened, whole and octet by octet.
#include <stdlib.h>
#include <string.h>

#include "alerts/keylog/messages.h"
#include "tests/fuzz/fuzz.h"

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check(const struct flight *f)
{
	size_t at = 0;

	while (at < f->certificates_len) {
		const uint8_t *p = f->certificates + at;
		require(f->certificates_len - at >= 3);
		at += 3 + ((size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2]);
	}
	require(at == f->certificates_len && (at == 0) == (f->certificates == NULL));
	require(!f->certificates || (f->certificate && !f->compressed));
	require(f->staple_len == 0 || f->staple);
	require(f->alpn_len <= sizeof(f->alpn));
	// Every octet is there to be read.
	uint8_t sum = 0;
	for (size_t i = 0; i < f->staple_len; i++)
		sum ^= f->staple[i];
	require(sum == 0 || f->staple_len);
}

static void read_messages(struct messages *m, struct flight *f, const uint8_t *data, size_t len, size_t step)
{
	*f = (struct flight){0};
	messages_init(m);
	while (m->len < len) {
		size_t n = len - m->len < step ? len - m->len : step;
		memcpy(m->plain + m->len, data + m->len, n);
		m->len += n;
		messages_read(m, f);
		require(m->done <= m->len);
	}
	check(f);
}

static void messages(const uint8_t *data, size_t len)
{
	static struct messages whole, cut;
	struct flight a, b;

	if (len > FLIGHT_LEN_MAX)
		return;
	read_messages(&whole, &a, data, len, len);
	read_messages(&cut, &b, data, len, 1);
	require(whole.done == cut.done && whole.finished == cut.finished);
	require(a.certificates_len == b.certificates_len && a.staple_len == b.staple_len && a.verify_scheme == b.verify_scheme);
}

static void records(uint8_t control, const uint8_t *data, size_t len)
{
	static const uint8_t secret[48] = {1, 2, 3};
	static struct flight_room *room;
	struct flight f;
	uint16_t suite = (uint16_t)(0x1301 + control / 2 % 6);

	require(room || flight_room_open(&room) == 0);
	enum flight_result r = flight_open_records(room, &f, suite, secret, suite == 0x1302 ? 48 : 32, control & 0x80, data, len);
	require((r == FLIGHT_UNKNOWN) == (suite == 0x1306));
	check(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (data[0] & 1)
		records(data[0], data + 1, len - 1);
	else
		messages(data + 1, len - 1);
	return 0;
}
