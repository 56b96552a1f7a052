// One reader for each message, found in a table. What contradicts itself is not told; nothing here is an error.
#include "alerts/keylog/messages.h"

#include <zlib.h>

enum {
	MESSAGE_HEADER_LEN = 4,
	EXT_STATUS_REQUEST = 5,
	EXT_ALPN = 16,
	EXT_SERVER_CERTIFICATE_TYPE = 20,
	CERTIFICATE_TYPE_RAW = 2, // RFC 7250
	STATUS_OCSP = 1,
	COMPRESSION_ZLIB = 1,
};

typedef void (*extension_reader)(struct bytes body, struct flight *out);

static void walk_extensions(struct bytes list, extension_reader one_of(uint16_t type), struct flight *out)
{
	while (bytes_ok(&list) && bytes_left(&list)) {
		extension_reader read = one_of(bytes_be16(&list));
		struct bytes body = bytes_sub(&list, bytes_be16(&list));
		if (read && bytes_ok(&body))
			read(body, out);
	}
}

static void read_alpn(struct bytes body, struct flight *out)
{
	struct bytes list = bytes_sub(&body, bytes_be16(&body));
	struct bytes name = bytes_sub(&list, bytes_u8(&list));
	if (!bytes_ok(&name))
		return;
	size_t len = bytes_left(&name) < sizeof(out->alpn) ? bytes_left(&name) : sizeof(out->alpn);
	memcpy(out->alpn, name.at, len);
	out->alpn_len = (uint8_t)len;
}

static void read_certificate_type(struct bytes body, struct flight *out)
{
	out->raw_key = bytes_u8(&body) == CERTIFICATE_TYPE_RAW;
}

static void read_staple(struct bytes body, struct flight *out)
{
	uint8_t type = bytes_u8(&body);
	struct bytes response = bytes_sub(&body, bytes_be24(&body));
	if (!bytes_ok(&response) || type != STATUS_OCSP || bytes_left(&response) == 0)
		return;
	out->staple = response.at;
	out->staple_len = bytes_left(&response);
}

static extension_reader of_encrypted_extensions(uint16_t type)
{
	return type == EXT_ALPN ? read_alpn : type == EXT_SERVER_CERTIFICATE_TYPE ? read_certificate_type : NULL;
}

static extension_reader of_leaf(uint16_t type)
{
	return type == EXT_STATUS_REQUEST ? read_staple : NULL;
}

static void encrypted_extensions(struct messages *m, struct bytes body, struct flight *out)
{
	walk_extensions(bytes_sub(&body, bytes_be16(&body)), of_encrypted_extensions, out);
}

static void certificate_request(struct messages *m, struct bytes body, struct flight *out)
{
	out->certificate_request = true;
}

// Each entry is a certificate and its extensions; the list of TLS 1.2 is the same without them, so it is never longer.
static void certificate(struct messages *m, struct bytes body, struct flight *out)
{
	if (m->certificates)
		return;
	m->certificates = true;
	bytes_skip(&body, bytes_u8(&body)); // certificate_request_context
	struct bytes list = bytes_sub(&body, bytes_be24(&body));
	out->certificate = bytes_ok(&list);
	size_t len = 0;
	while (bytes_ok(&list) && bytes_left(&list)) {
		const uint8_t *at = list.at;
		bytes_skip(&list, bytes_be24(&list));
		size_t n = (size_t)(list.at - at);
		struct bytes extensions = bytes_sub(&list, bytes_be16(&list));
		if (!bytes_ok(&extensions))
			break;
		if (len == 0)
			walk_extensions(extensions, of_leaf, out);
		memcpy(m->list + len, at, n);
		len += n;
	}
	out->certificates = len ? m->list : NULL;
	out->certificates_len = len;
}

// One that does not inflate to exactly what it says is one that we cannot open.
static void compressed_certificate(struct messages *m, struct bytes body, struct flight *out)
{
	if (m->certificates)
		return;
	uint16_t algorithm = bytes_be16(&body);
	uLongf len = bytes_be24(&body);
	size_t want = len;
	struct bytes packed = bytes_sub(&body, bytes_be24(&body));
	if (!bytes_ok(&packed))
		return;
	if (algorithm != COMPRESSION_ZLIB || len > sizeof(m->inflated) ||
	    uncompress(m->inflated, &len, packed.at, bytes_left(&packed)) != Z_OK || len != want) {
		m->certificates = true;
		out->certificate = out->compressed = true;
		return;
	}
	certificate(m, bytes_of(m->inflated, want), out);
}

static void certificate_verify(struct messages *m, struct bytes body, struct flight *out)
{
	out->verify_scheme = bytes_be16(&body);
}

static void finished(struct messages *m, struct bytes body, struct flight *out)
{
	m->finished = true;
}

static const struct {
	uint8_t type;
	void (*read)(struct messages *m, struct bytes body, struct flight *out);
} readers[] = {
	{8, encrypted_extensions},
	{11, certificate},
	{13, certificate_request},
	{15, certificate_verify},
	{20, finished},
	{25, compressed_certificate},
};

void messages_init(struct messages *m)
{
	m->len = m->done = 0;
	m->finished = m->certificates = false;
}

void messages_read(struct messages *m, struct flight *out)
{
	while (!m->finished && m->len - m->done >= MESSAGE_HEADER_LEN) {
		struct bytes c = bytes_of(m->plain + m->done, m->len - m->done);
		uint8_t type = bytes_u8(&c);
		struct bytes body = bytes_sub(&c, bytes_be24(&c));
		if (!bytes_ok(&body))
			return;
		for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
			if (readers[i].type == type)
				readers[i].read(m, body, out);
		m->done = (size_t)(c.at - m->plain);
	}
}
