// Any octets as the answer to a probe: the first says how the rest is cut. However it is cut, the same comes of it.
#include <stdlib.h>
#include <string.h>

#include "alerts/probe/reply.h"
#include "tests/fuzz/fuzz.h"

static enum probe_read whole(struct probe_reader *r, const uint8_t *p, size_t len, size_t step, size_t *used)
{
	enum probe_read got = PROBE_READ_MORE;

	memset(r, 0, sizeof(*r));
	*used = 0;
	while (got == PROBE_READ_MORE && *used < len) {
		size_t n = len - *used < step ? len - *used : step, one;
		got = probe_reply_take(r, p + *used, n, &one);
		if (one > n || (got == PROBE_READ_MORE && one != n))
			abort();
		*used += one;
	}
	return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct probe_reader a, b;
	size_t used_a, used_b;

	if (!len)
		return 0;
	enum probe_read x = whole(&a, data + 1, len - 1, len, &used_a);
	enum probe_read y = whole(&b, data + 1, len - 1, (size_t)data[0] % 7 + 1, &used_b);
	if (x != y || used_a != used_b || memcmp(&a.reply, &b.reply, sizeof(a.reply)) != 0)
		abort();
	for (size_t i = 0; i < a.reply.n_kept; i++)
		for (const char *c = a.reply.kept[i]; *c; c++)
			if (*c < ' ' || *c > '~')
				abort();
	return 0;
}
