// What was shown lately, octet by octet: by digest in a chained hash, and by use in one list. Each is its own allocation,
// since chains differ in size a hundredfold; what they take together is bounded, their heads included.
#include "alerts/cert/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HEADS = 16384 }; // twice the chains of usual size that there is room for

struct kept {
	struct kept *hash_next, *older, *newer;
	uint8_t digest[32];
	size_t len;
	bool raw_key;
	uint8_t octets[];
};

struct cert_keep {
	size_t octets, octets_max;
	struct kept *oldest, *newest;
	struct kept *heads[HEADS];
};

int cert_kept_open(struct cert_keep **out, size_t octets_max)
{
	struct cert_keep *s = calloc(1, sizeof(*s));

	*out = s;
	if (!s)
		return -ENOMEM;
	s->octets_max = octets_max;
	return 0;
}

static void list_add(struct cert_keep *s, struct kept *k)
{
	k->older = s->newest;
	k->newer = NULL;
	*(s->newest ? &s->newest->newer : &s->oldest) = k;
	s->newest = k;
}

static void list_remove(struct cert_keep *s, struct kept *k)
{
	*(k->older ? &k->older->newer : &s->oldest) = k->newer;
	*(k->newer ? &k->newer->older : &s->newest) = k->older;
}

// The digest is as good a hash as any.
static struct kept **bucket(struct cert_keep *s, const uint8_t digest[32])
{
	uint32_t hash;

	memcpy(&hash, digest, sizeof(hash));
	return &s->heads[hash % HEADS];
}

static size_t room_of(size_t len)
{
	return sizeof(struct kept) + len;
}

static void forget_oldest(struct cert_keep *s)
{
	struct kept *k = s->oldest, **link = bucket(s, k->digest);

	while (*link != k)
		link = &(*link)->hash_next;
	*link = k->hash_next;
	list_remove(s, k);
	s->octets -= room_of(k->len);
	free(k);
}

void cert_kept_close(struct cert_keep **s)
{
	if (!*s)
		return;
	while ((*s)->oldest)
		forget_oldest(*s);
	free(*s);
	*s = NULL;
}

static struct kept *find(struct cert_keep *s, const uint8_t digest[32])
{
	struct kept *k = *bucket(s, digest);

	while (k && memcmp(k->digest, digest, sizeof(k->digest)) != 0)
		k = k->hash_next;
	if (k && k != s->newest) {
		list_remove(s, k);
		list_add(s, k);
	}
	return k;
}

bool cert_kept_add(struct cert_keep *s, const uint8_t digest[32], const uint8_t *octets, size_t len, bool raw_key)
{
	if (!len || len > CERT_KEPT_LEN_MAX || room_of(len) > s->octets_max)
		return false;
	if (find(s, digest))
		return true;
	while (s->octets + room_of(len) > s->octets_max)
		forget_oldest(s);
	struct kept *k = malloc(room_of(len)), **head = bucket(s, digest);
	if (!k)
		return false;
	*k = (struct kept){.hash_next = *head, .len = len, .raw_key = raw_key};
	memcpy(k->digest, digest, sizeof(k->digest));
	memcpy(k->octets, octets, len);
	*head = k;
	list_add(s, k);
	s->octets += room_of(len);
	return true;
}

bool cert_kept_get(struct cert_keep *s, const uint8_t digest[32], struct cert_kept *out)
{
	const struct kept *k = find(s, digest);

	*out = k ? (struct cert_kept){.octets = k->octets, .len = k->len, .raw_key = k->raw_key} : (struct cert_kept){0};
	return k != NULL;
}
