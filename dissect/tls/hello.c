// ClientHello and ServerHello, opened: one walk over the extensions with a table of those we read.
#include "dissect/tls/hello.h"

enum { SCSV_RENEGOTIATION = 0x00ff };

struct extension {
	uint16_t type;
	uint32_t bit; // enum tls_ext
	// Reads the body of an extension into the hello; false when it contradicts itself. NULL: that it is there is all.
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
	struct bytes all = list;
	struct bytes first = bytes_sub(&list, bytes_u8(&list));
	while (bytes_ok(&list) && bytes_left(&list))
		bytes_skip(&list, bytes_u8(&list));
	if (!bytes_ok(&list) || !all_taken(&body))
		return false;
	ch->alpn = first;
	ch->alpn_list = all;
	return true;
}

// Only 0x03xx counts: GREASE (RFC 8701) and drafts (0x7fxx) are no versions anybody negotiates.
static bool client_versions(struct bytes body, void *hello)
{
	struct tls_client_hello *ch = hello;
	struct bytes list = bytes_sub(&body, bytes_u8(&body));
	struct bytes all = list;
	uint16_t highest = 0;
	while (bytes_ok(&list) && bytes_left(&list)) {
		uint16_t version = bytes_be16(&list);
		if (version >> 8 == 3 && version > highest)
			highest = version;
	}
	if (!bytes_ok(&list) || !all_taken(&body))
		return false;
	ch->versions = all;
	if (highest)
		ch->version = highest;
	return true;
}

// A 16-bit length and as many octets of 16-bit values.
static bool list16(struct bytes body, struct bytes *out)
{
	struct bytes list = bytes_sub(&body, bytes_be16(&body));
	if (!bytes_ok(&list) || !all_taken(&body) || bytes_left(&list) % 2)
		return false;
	*out = list;
	return true;
}

static bool client_groups(struct bytes body, void *hello)
{
	return list16(body, &((struct tls_client_hello *)hello)->groups);
}

static bool client_schemes(struct bytes body, void *hello)
{
	return list16(body, &((struct tls_client_hello *)hello)->schemes);
}

static bool client_ticket(struct bytes body, void *hello)
{
	((struct tls_client_hello *)hello)->ticket = body;
	return true;
}

// Identities, each with its age, then binders. RFC 8446 4.2.11.
static bool client_psk(struct bytes body, void *hello)
{
	struct bytes identities = bytes_sub(&body, bytes_be16(&body));
	struct bytes first = bytes_sub(&identities, bytes_be16(&identities));
	if (!bytes_ok(&identities))
		return false;
	((struct tls_client_hello *)hello)->psk = first;
	return true;
}

static bool client_ech(struct bytes body, void *hello)
{
	((struct tls_client_hello *)hello)->ech = body;
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

static bool server_alpn(struct bytes body, void *hello)
{
	struct bytes list = bytes_sub(&body, bytes_be16(&body));
	struct bytes name = bytes_sub(&list, bytes_u8(&list));
	if (!all_taken(&list) || !all_taken(&body))
		return false;
	((struct tls_server_hello *)hello)->alpn = name;
	return true;
}

static bool server_certificate_type(struct bytes body, void *hello)
{
	uint8_t type = bytes_u8(&body);
	if (!all_taken(&body))
		return false;
	((struct tls_server_hello *)hello)->certificate_type = type;
	return true;
}

// By type; what both sides send without a body that matters here stands in both.
static const struct extension client_extensions[] = {
	{0, TLS_EXT_SERVER_NAME, client_sni},
	{4, TLS_EXT_TRUNCATED_HMAC, NULL},
	{5, TLS_EXT_STATUS_REQUEST, NULL},
	{10, TLS_EXT_SUPPORTED_GROUPS, client_groups},
	{13, TLS_EXT_SIGNATURE_ALGORITHMS, client_schemes},
	{15, TLS_EXT_HEARTBEAT, NULL},
	{16, TLS_EXT_ALPN, client_alpn},
	{19, TLS_EXT_CLIENT_CERT_TYPE, NULL},
	{20, TLS_EXT_SERVER_CERT_TYPE, NULL},
	{22, TLS_EXT_ENCRYPT_THEN_MAC, NULL},
	{23, TLS_EXT_EXTENDED_MASTER_SECRET, NULL},
	{27, TLS_EXT_COMPRESS_CERTIFICATE, NULL},
	{35, TLS_EXT_SESSION_TICKET, client_ticket},
	{41, TLS_EXT_PRE_SHARED_KEY, client_psk},
	{42, TLS_EXT_EARLY_DATA, NULL},
	{43, TLS_EXT_SUPPORTED_VERSIONS, client_versions},
	{51, TLS_EXT_KEY_SHARE, NULL},
	{0xfe0d, TLS_EXT_ECH, client_ech},
	{0xff01, TLS_EXT_RENEGOTIATION_INFO, NULL},
	{0, 0, NULL},
};

static const struct extension server_extensions[] = {
	{0, TLS_EXT_SERVER_NAME, NULL},
	{4, TLS_EXT_TRUNCATED_HMAC, NULL},
	{5, TLS_EXT_STATUS_REQUEST, NULL},
	{15, TLS_EXT_HEARTBEAT, NULL},
	{16, TLS_EXT_ALPN, server_alpn},
	{19, TLS_EXT_CLIENT_CERT_TYPE, NULL},
	{20, TLS_EXT_SERVER_CERT_TYPE, server_certificate_type},
	{22, TLS_EXT_ENCRYPT_THEN_MAC, NULL},
	{23, TLS_EXT_EXTENDED_MASTER_SECRET, NULL},
	{35, TLS_EXT_SESSION_TICKET, NULL},
	{41, TLS_EXT_PRE_SHARED_KEY, server_psk},
	{43, TLS_EXT_SUPPORTED_VERSIONS, server_version},
	{51, TLS_EXT_KEY_SHARE, server_share},
	{0xfe0d, TLS_EXT_ECH, NULL},
	{0xff01, TLS_EXT_RENEGOTIATION_INFO, NULL},
	{0, 0, NULL},
};

bool tls_extension_next(struct bytes *all, struct tls_extension *out)
{
	if (!bytes_ok(all) || bytes_left(all) == 0)
		return false;
	out->type = bytes_be16(all);
	out->body = bytes_sub(all, bytes_be16(all));
	return bytes_ok(&out->body) && bytes_ok(all);
}

// Walks the extensions that end a hello. A hello may end without any. False: something contradicted itself.
static bool extensions_read(struct bytes *rest, const struct extension *table, void *hello, struct bytes *all, uint32_t *bits)
{
	if (bytes_left(rest) == 0)
		return true;
	bool good = true;
	*all = bytes_sub(rest, bytes_be16(rest));
	struct bytes walk = *all;
	struct tls_extension e;
	while (tls_extension_next(&walk, &e)) {
		for (const struct extension *x = table; x->bit; x++) {
			if (x->type != e.type)
				continue;
			*bits |= x->bit;
			if (x->read && !x->read(e.body, hello))
				good = false;
		}
	}
	return good && bytes_ok(&walk) && all_taken(rest);
}

bool tls_hello_offers(struct bytes suites, uint16_t suite)
{
	while (bytes_left(&suites) >= 2)
		if (bytes_be16(&suites) == suite)
			return true;
	return false;
}

enum parse tls_hello_client(struct bytes body, struct tls_client_hello *out)
{
	*out = (struct tls_client_hello){0};
	out->version = out->legacy_version = bytes_be16(&body);
	out->random = bytes_take(&body, 32);
	out->session_id = bytes_sub(&body, bytes_u8(&body));
	out->suites = bytes_sub(&body, bytes_be16(&body));
	out->compressions = bytes_sub(&body, bytes_u8(&body));
	if (!bytes_ok(&body) || out->version >> 8 != 3 || bytes_left(&out->session_id) > 32)
		return PARSE_BAD;
	out->malformed = !extensions_read(&body, client_extensions, out, &out->extensions, &out->ext);
	if (tls_hello_offers(out->suites, SCSV_RENEGOTIATION))
		out->ext |= TLS_EXT_RENEGOTIATION_INFO;
	return PARSE_DONE;
}

// RFC 8446 4.1.3: the last eight octets of the random of a server that knows more than it chose.
static uint8_t sentinel_of(const uint8_t random[32])
{
	static const uint8_t downgrade[7] = {0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44};
	if (memcmp(random + 24, downgrade, sizeof(downgrade)) != 0 || random[31] > 1)
		return SENTINEL_NONE;
	return random[31] == 1 ? SENTINEL_TLS12 : SENTINEL_TLS11;
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
	// Drafts of TLS 1.3 before 22 have neither session id nor compression here, and say so by their version.
	bool draft = out->version >> 8 == 0x7f;
	if (!draft)
		out->session_id = bytes_sub(&body, bytes_u8(&body));
	out->suite = bytes_be16(&body);
	if (!draft)
		out->compression = bytes_u8(&body);
	if (!bytes_ok(&body) || (!draft && out->version >> 8 != 3) || bytes_left(&out->session_id) > 32)
		return PARSE_BAD;
	out->retry = memcmp(random, retry, sizeof(retry)) == 0;
	out->sentinel = sentinel_of(random);
	out->malformed = !extensions_read(&body, server_extensions, out, &out->extensions, &out->ext);
	return PARSE_DONE;
}

static bool equals(const struct bytes *b, const char *name)
{
	size_t len = strlen(name);
	return bytes_left(b) == len && memcmp(b->at, name, len) == 0;
}

uint8_t tls_alpn_kinds(struct bytes list)
{
	static const char *const mail[] = {"smtp", "esmtp", "lmtp", "submission", "smtps"};
	static const char *const http[] = {"http/0.9", "http/1.0", "http/1.1", "h2", "h2c", "h3", "spdy/1", "spdy/2", "spdy/3", "spdy/3.1"};
	uint8_t kinds = 0;
	while (bytes_ok(&list) && bytes_left(&list)) {
		struct bytes name = bytes_sub(&list, bytes_u8(&list));
		bool grease = bytes_left(&name) == 2 && (name.at[0] & 0x0f) == 0x0a && name.at[0] == name.at[1]; // RFC 8701
		uint8_t kind = bytes_left(&name) && !grease ? ALPN_OTHER : 0;
		for (size_t i = 0; i < sizeof(mail) / sizeof(mail[0]); i++)
			kind = equals(&name, mail[i]) ? ALPN_MAIL : kind;
		for (size_t i = 0; i < sizeof(http) / sizeof(http[0]); i++)
			kind = equals(&name, http[i]) ? ALPN_HTTP : kind;
		kinds |= kind;
	}
	return kinds;
}
