// Any octets as a policy snapshot, and as a name. What is accepted must be printed, and be read again as the same.
#include <stdlib.h>
#include <string.h>

#include "alerts/expect/cache.h"
#include "alerts/expect/name.h"
#include "tests/fuzz/fuzz.h"

enum { KEPT = 64 };

static void require(bool condition)
{
	if (!condition)
		abort();
}

static struct store *taken(const char *text, size_t len)
{
	char error[SNAPSHOT_ERROR];
	struct store *s;

	require(store_open(&s, KEPT, KEPT) == 0);
	const struct snapshot_sink sink = {store_put_domain, store_put_host, s};
	int r = snapshot_read(text, len, &sink, error);
	require(r == 0 || r == 1);
	require((r == 1) == (error[0] != '\0'));
	for (const char *c = error; *c; c++)
		require(*c >= ' ' && *c <= '~');
	if (r)
		store_close(&s);
	return s;
}

static void check_name(const uint8_t *data, size_t len)
{
	char name[254], again[254];

	if (!name_from_wire(name, data, len)) {
		require(name[0] == '\0');
		return;
	}
	require(name_from_wire(again, (const uint8_t *)name, strlen(name)) && strcmp(name, again) == 0);
	require(name_fits(name, name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct store *s = taken((const char *)data, len);
	uint32_t left_out;
	size_t first_len, second_len;

	check_name(data, len);
	if (!s)
		return 0;
	if (store_counts(s).evicted == 0) { // what an eviction left is printed in another order
		char *first = cache_text(s, false, &first_len, &left_out);
		require(first && left_out == 0);
		struct store *again = taken(first, first_len);
		require(again);
		char *second = cache_text(again, true, &second_len, &left_out);
		require(second);
		struct store *third = taken(second, second_len);
		require(third);
		free(second);
		second = cache_text(third, false, &second_len, &left_out);
		require(first_len == second_len && memcmp(first, second, first_len) == 0);
		free(first);
		free(second);
		store_close(&again);
		store_close(&third);
	}
	store_close(&s);
	return 0;
}
