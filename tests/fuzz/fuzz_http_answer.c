// Any octets as an HTTP receiver's answer: never more taken or refused than was sent, never nothing taken without an error, and
// nothing but what the answer says is thrown away.
#include <stdlib.h>
#include <string.h>

#include "alerts/sink/http_private.h"
#include "tests/fuzz/fuzz.h"

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void settled(const struct http_outcome *o, size_t n)
{
	require(o->taken <= n && o->refused <= o->taken);
	require(o->taken == n || o->error < 0);
	require(memchr(o->why, '\0', sizeof o->why) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const long status[] = {200, 400, 404, 413, 429, 500};
	if (len < 2)
		return 0;
	char *body = malloc(len - 1);
	memcpy(body, data + 2, len - 2);
	body[len - 2] = '\0';
	struct http_answer a = {.status = status[data[0] % 6], .exception = data[1] % 128, .body = body, .len = len - 2};
	for (size_t n = 1; n <= 4; n++) {
		struct http_outcome o = {.in_a_row = data[1] % 17};
		bool plain = data[1] & 128;
		elastic_outcome(&o, &a, n);
		settled(&o, n);
		clickhouse_outcome(&o, &a, n, &plain);
		settled(&o, n);
		require(o.refused == 0 && (o.taken == 0 || (a.status == 200 && len == 2)));
	}
	free(body);
	return 0;
}
