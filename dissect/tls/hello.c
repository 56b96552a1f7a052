// ClientHello and ServerHello, opened: one walk over the extensions with a table of those we read.
#include "dissect/tls/hello.h"

enum {
	EXT_SERVER_NAME = 0,
	EXT_ALPN = 16,
	EXT_PRE_SHARED_KEY = 41,
	EXT_SUPPORTED_VERSIONS = 43,
	EXT_KEY_SHARE = 51,
	EXT_ECH = 0xfe0d
};

struct extension {
	uint16_t type;
	// Reads the body of an extension into the hello; false when it contradicts itself.
	bool (*read)(struct bytes body, void *hello);
};

static bool all_taken(const struct bytes *b)
{
	return bytes_ok(b) && bytes_left(b) == 0;
}

static bool client_sni(struct bytes body, void *hello)
{
	struct tls_client_hello *ch = hello;
	struct bytes list = bytes_sub(&body, bytes_be16(&body));
	struct bytes host = bytes_of("", 0);
	while (bytes_ok(&list) && bytes_left(&list)) {
		uint8_t type = bytes_u8(&list);
		struct bytes name = bytes_sub(&list, bytes_be16(&list));
		if (type == 0 && bytes_left(&host) == 0)
			host = name;
	}
	if (!bytes_ok(&list) || !all_taken(&body))
		return false;
	ch->sni = host;
	return true;
}

static bool client_alpn(struct bytes body, void *hello)
{
	struct tls_client_hello *ch = hello;
	struct bytes list = bytes_sub(&body, bytes_be16(&body));
	struct bytes first = bytes_sub(&list, bytes_u8(&list));
	if (!bytes_ok(&list) || !all_taken(&body))
		return false;
	ch->alpn = first;
	return true;
}

// Only 0x03xx counts: GREASE (RFC 8701) and drafts (0x7fxx) are no versions anybody negotiates.
static bool client_versions(struct bytes body, void *hello)
{
	struct tls_client_hello *ch = hello;
	struct bytes list = bytes_sub(&body, bytes_u8(&body));
	uint16_t highest = 0;
	while (bytes_ok(&list) && bytes_left(&list)) {
		uint16_t version = bytes_be16(&list);
		if (version >> 8 == 3 && version > highest)
			highest = version;
	}
	if (!bytes_ok(&list) || !all_taken(&body))
		return false;
	if (highest)
		ch->version = highest;
	return true;
}

static bool client_ech(struct bytes body, void *hello)
{
	((struct tls_client_hello *)hello)->ech = true;
	return true;
}

static bool server_version(struct bytes body, void *hello)
{
	struct tls_server_hello *sh = hello;
	uint16_t version = bytes_be16(&body);
	if (!all_taken(&body))
		return false;
	sh->version = version;
	return true;
}

// The body of a HelloRetryRequest ends behind the group.
static bool server_share(struct bytes body, void *hello)
{
	struct tls_server_hello *sh = hello;
	uint16_t group = bytes_be16(&body);
	if (!bytes_ok(&body))
		return false;
	sh->group = group;
	return true;
}

static bool server_psk(struct bytes body, void *hello)
{
	((struct tls_server_hello *)hello)->psk = true;
	return true;
}

static const struct extension client_extensions[] = {
	{EXT_SERVER_NAME, client_sni},
	{EXT_ALPN, client_alpn},
	{EXT_SUPPORTED_VERSIONS, client_versions},
	{EXT_ECH, client_ech},
	{0, NULL},
};

static const struct extension server_extensions[] = {
	{EXT_PRE_SHARED_KEY, server_psk},
	{EXT_SUPPORTED_VERSIONS, server_version},
	{EXT_KEY_SHARE, server_share},
	{0, NULL},
};

// Walks the extensions that end a hello. A hello may end without any. False: something contradicted itself.
static bool extensions_read(struct bytes *hello_rest, const struct extension *table, void *hello)
{
	if (bytes_left(hello_rest) == 0)
		return true;
	bool good = true;
	struct bytes all = bytes_sub(hello_rest, bytes_be16(hello_rest));
	while (bytes_ok(&all) && bytes_left(&all)) {
		uint16_t type = bytes_be16(&all);
		struct bytes body = bytes_sub(&all, bytes_be16(&all));
		for (const struct extension *e = table; e->read && bytes_ok(&body); e++)
			if (e->type == type && !e->read(body, hello))
				good = false;
	}
	return good && bytes_ok(&all) && all_taken(hello_rest);
}

enum parse tls_hello_client(struct bytes body, struct tls_client_hello *out)
{
	*out = (struct tls_client_hello){.sni = bytes_of("", 0), .alpn = bytes_of("", 0)};
	out->version = bytes_be16(&body);
	bytes_skip(&body, 32);
	out->session_id = bytes_sub(&body, bytes_u8(&body));
	bytes_skip(&body, bytes_be16(&body)); // cipher suites
	bytes_skip(&body, bytes_u8(&body));   // compression methods
	if (!bytes_ok(&body) || out->version >> 8 != 3 || bytes_left(&out->session_id) > 32)
		return PARSE_BAD;
	out->malformed = !extensions_read(&body, client_extensions, out);
	return PARSE_DONE;
}

enum parse tls_hello_server(struct bytes body, struct tls_server_hello *out)
{
	// SHA-256 of "HelloRetryRequest". RFC 8446 4.1.3.
	static const uint8_t retry[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e,
		0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8,
		0x33, 0x9c};
	*out = (struct tls_server_hello){0};
	out->version = bytes_be16(&body);
	const uint8_t *random = bytes_take(&body, sizeof(retry));
	out->session_id = bytes_sub(&body, bytes_u8(&body));
	out->suite = bytes_be16(&body);
	bytes_skip(&body, 1); // compression method
	if (!bytes_ok(&body) || out->version >> 8 != 3 || bytes_left(&out->session_id) > 32)
		return PARSE_BAD;
	out->retry = memcmp(random, retry, sizeof(retry)) == 0;
	out->malformed = !extensions_read(&body, server_extensions, out);
	return PARSE_DONE;
}
