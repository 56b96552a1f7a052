// Offers and choices.
#include "dissect/tls/offer.h"

#include <string.h>

enum { EXT_COOKIE = 44, EXT_RENEGOTIATION = 0xff01 };

// Copies a vector of 16-bit values.
static void copy16(struct offer_list *l, uint16_t *to, size_t max, struct bytes from)
{
	l->present = from.at != NULL;
	while (bytes_left(&from) >= 2) {
		uint16_t value = bytes_be16(&from);
		if (l->n == max) {
			l->more = true;
			return;
		}
		to[l->n++] = value;
	}
}

static bool has(const struct offer_list *l, const uint16_t *values, uint16_t value)
{
	for (uint16_t i = 0; i < l->n; i++)
		if (values[i] == value)
			return true;
	return false;
}

// A list that was read whole and lacks the value.
static bool lacks(const struct offer_list *l, const uint16_t *values, uint16_t value)
{
	return l->present && !l->more && !has(l, values, value);
}

static uint8_t compressions_of(struct bytes methods)
{
	uint8_t bits = 0;
	while (bytes_left(&methods)) {
		uint8_t method = bytes_u8(&methods);
		bits |= method < 2 ? (uint8_t)(1 << method) : 0x80;
	}
	return bits;
}

void tls_offer_take(struct tls_offer *o, const struct tls_client_hello *ch)
{
	memset(o, 0, sizeof(*o));
	if (ch->random)
		memcpy(o->random, ch->random, sizeof(o->random));
	o->legacy_version = ch->legacy_version;
	o->version = ch->version;
	o->ext = ch->ext;
	copy16(&o->suites, o->suite, OFFER_SUITES, ch->suites);
	copy16(&o->groups, o->group, OFFER_GROUPS, ch->groups);
	copy16(&o->schemes, o->scheme, OFFER_SCHEMES, ch->schemes);
	copy16(&o->versions, o->version_, OFFER_VERSIONS, ch->versions);
	struct bytes all = ch->extensions;
	struct tls_extension e;
	o->extensions.present = true;
	o->extensions.more = ch->malformed; // what stood behind the damage is not known
	while (tls_extension_next(&all, &e)) {
		if (o->extensions.n == OFFER_EXTENSIONS)
			o->extensions.more = true;
		else
			o->extension[o->extensions.n++] = e.type;
	}
	size_t len = bytes_left(&ch->alpn_list);
	o->alpn = (struct offer_list){.present = len > 0, .more = len > OFFER_ALPN, .n = (uint16_t)len};
	if (len && len <= OFFER_ALPN)
		memcpy(o->alpn_octets, ch->alpn_list.at, len);
	o->compressions = compressions_of(ch->compressions);
}

bool tls_offer_has_suite(const struct tls_offer *o, uint16_t suite)
{
	return has(&o->suites, o->suite, suite);
}

// A server that knows nothing of supported_versions goes by the legacy version, and need not find its choice in the list
// (the client then gives up): only a choice above all that was offered shows that somebody else spoke.
static bool version_unoffered(const struct tls_offer *o, const struct tls_server_hello *sh)
{
	if (sh->ext & TLS_EXT_SUPPORTED_VERSIONS || sh->version >> 8 != 3) // a draft of TLS 1.3 stands in the old place
		return lacks(&o->versions, o->version_, sh->version);
	return sh->version > o->legacy_version;
}

static bool extension_unoffered(const struct tls_offer *o, uint16_t type, bool retry)
{
	if (has(&o->extensions, o->extension, type) || (retry && type == EXT_COOKIE))
		return false;
	return !(type == EXT_RENEGOTIATION && (o->ext & TLS_EXT_RENEGOTIATION_INFO)); // also offered by a suite
}

static bool alpn_unoffered(const struct tls_offer *o, const struct bytes *chosen)
{
	struct bytes list = bytes_of(o->alpn_octets, o->alpn.n);
	size_t len = bytes_left(chosen);
	if (!len || !o->alpn.present || o->alpn.more)
		return false;
	while (bytes_ok(&list) && bytes_left(&list)) {
		struct bytes name = bytes_sub(&list, bytes_u8(&list));
		if (bytes_ok(&name) && bytes_left(&name) == len && memcmp(name.at, chosen->at, len) == 0)
			return false;
	}
	return true;
}

uint8_t tls_offer_unoffered(const struct tls_offer *o, const struct tls_server_hello *sh, uint16_t *ext)
{
	uint8_t bits = 0;
	struct bytes all = sh->extensions;
	struct tls_extension e;
	if (version_unoffered(o, sh))
		bits |= TLS_UNOFFERED_VERSION;
	if (lacks(&o->suites, o->suite, sh->suite))
		bits |= TLS_UNOFFERED_SUITE;
	if (sh->group && lacks(&o->groups, o->group, sh->group))
		bits |= TLS_UNOFFERED_GROUP;
	uint8_t method = sh->compression < 2 ? (uint8_t)(1 << sh->compression) : 0x80;
	if (!(o->compressions & method))
		bits |= TLS_UNOFFERED_COMPRESSION;
	if (alpn_unoffered(o, &sh->alpn))
		bits |= TLS_UNOFFERED_ALPN;
	while (!o->extensions.more && tls_extension_next(&all, &e)) {
		if (!extension_unoffered(o, e.type, sh->retry) || (bits & TLS_UNOFFERED_EXTENSION))
			continue;
		bits |= TLS_UNOFFERED_EXTENSION;
		*ext = e.type;
	}
	return bits;
}

uint8_t tls_offer_unoffered_key(const struct tls_offer *o, uint16_t group, uint16_t scheme)
{
	uint8_t bits = 0;
	if (group && lacks(&o->groups, o->group, group))
		bits |= TLS_UNOFFERED_GROUP;
	if (scheme && lacks(&o->schemes, o->scheme, scheme))
		bits |= TLS_UNOFFERED_SIGNATURE;
	return bits;
}
