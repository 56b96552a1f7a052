// Any octets as a key log: the same secrets and counts in any cuts, and none that the text does not have.
#include <stdlib.h>
#include <string.h>

#include "alerts/keylog/keylog.h"
#include "alerts/keylog/line.h"
#include "tests/fuzz/fuzz.h"

static void require(bool condition)
{
	if (!condition)
		abort();
}

static struct keylog_counts take(const uint8_t *data, size_t len, size_t step, const uint8_t *client_random,
                                 struct keylog_secrets *found)
{
	struct keylog *k;

	require(keylog_open(&k, NULL) == 0);
	for (size_t at = 0; at < len; at += step)
		keylog_take(k, (const char *)data + at, len - at < step ? len - at : step, 0);
	keylog_take(k, "", 0, 1);
	const struct keylog_secrets *s = keylog_find(k, client_random);
	*found = s ? *s : (struct keylog_secrets){0};
	struct keylog_counts counts = keylog_counts(k);
	keylog_close(&k);
	return counts;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct keylog_line line = {0};
	struct keylog_secrets whole, cut;
	enum keylog_line_kind kind = keylog_line_parse(&line, (const char *)data, len < KEYLOG_LINE_MAX ? len : KEYLOG_LINE_MAX);

	// Most inputs are no line: then it is asked for a random of zeros.
	if (kind != KEYLOG_LINE_SERVER && kind != KEYLOG_LINE_CLIENT)
		memset(&line, 0, sizeof(line));
	else
		require(line.secret_len == 32 || line.secret_len == 48);
	struct keylog_counts a = take(data, len, len ? len : 1, line.client_random, &whole);
	struct keylog_counts b = take(data, len, 3, line.client_random, &cut);
	require(memcmp(&a, &b, sizeof(a)) == 0 && memcmp(&whole, &cut, sizeof(whole)) == 0);
	require(a.kept + a.other_labels + a.malformed <= a.lines && a.evicted == 0);
	return 0;
}
