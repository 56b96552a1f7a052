// Two places for a key, the older answer leaves. Keys are digests: nobody chooses where they fall without computing for it.
#include "alerts/expect/dane_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WAYS = 2 };

struct dane_cache {
	uint64_t order;
	struct dane_answer answer[DANE_CACHE_MAX];
};

int dane_cache_open(struct dane_cache **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void dane_cache_close(struct dane_cache **c)
{
	free(*c);
	*c = NULL;
}

static uint32_t place_of(const uint8_t key[32])
{
	uint32_t hash;

	memcpy(&hash, key, sizeof(hash));
	return hash % (DANE_CACHE_MAX / WAYS) * WAYS;
}

const struct dane_answer *dane_cache_find(const struct dane_cache *c, const uint8_t key[32], int64_t now_s)
{
	const struct dane_answer *a = &c->answer[place_of(key)];

	for (int i = 0; i < WAYS; i++, a++)
		if (a->order && memcmp(a->key, key, sizeof(a->key)) == 0 && now_s >= a->from_s && now_s <= a->until_s)
			return a;
	return NULL;
}

struct dane_answer *dane_cache_add(struct dane_cache *c, const uint8_t key[32])
{
	struct dane_answer *a = &c->answer[place_of(key)];

	// The same question at another time takes its own place.
	if (memcmp(a[1].key, key, sizeof(a->key)) == 0 || (memcmp(a->key, key, sizeof(a->key)) != 0 && a[1].order < a->order))
		a++;
	memcpy(a->key, key, sizeof(a->key));
	a->order = ++c->order;
	return a;
}
