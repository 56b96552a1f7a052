// Any line, stamped and read: what is written is found again and follows; a line of JSON stays one, and only its end changes.
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/sink/stamp.h"
#include "tests/fuzz/fuzz.h"

static void require(bool condition)
{
	if (!condition)
		abort();
}

static json_t *parse(const char *line, size_t len)
{
	return json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
}

// The last member of the last member is the chain, the two before it seq and epoch; the rest is as it was.
static void same_but_stamp(json_t *before, json_t *after)
{
	json_t *own = json_object_get(after, "smtp_tls");

	require(after && own);
	require(json_object_del(own, "epoch") == 0 && json_object_del(own, "seq") == 0 && json_object_del(own, "chain") == 0);
	require(json_equal(before, after));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char out[OUTBOX_LINE_MAX + STAMP_MAX];
	uint8_t before[OUTBOX_HASH], chain[OUTBOX_HASH];
	struct stamp s;

	if (len > sizeof(out))
		return 0;
	if (stamp_read((const char *)data, len, &s)) {
		require(s.covered < len && s.lane < OUTBOX_LANES);
		memset(before, 0, sizeof(before));
		stamp_follows(&s, before, (const char *)data);
	}
	uint64_t epoch = len * 71, seq = len;
	stamp_begin(chain, epoch, OUTBOX_ALERTS);
	memcpy(before, chain, sizeof(before));
	size_t n = len <= OUTBOX_LINE_MAX ? stamp_write(out, (const char *)data, len, epoch, seq, chain) : 0;
	if (!n) {
		require(memcmp(before, chain, sizeof(before)) == 0); // nothing was sent, so nothing moves on
		return 0;
	}
	require(n > len && n <= len + STAMP_MAX && stamp_read(out, n, &s));
	require(s.epoch == epoch && s.seq == seq && memcmp(s.chain, chain, sizeof(chain)) == 0 && stamp_follows(&s, before, out));
	require(!stamp_write(out, out, n, epoch, seq, chain)); // once only
	json_t *was = parse((const char *)data, len);
	if (was) {
		json_t *is = parse(out, n);
		same_but_stamp(was, is);
		json_decref(is);
	}
	json_decref(was);
	return 0;
}
