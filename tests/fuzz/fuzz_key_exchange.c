// Any octets as a ServerKeyExchange: two octets suite, two octets version, the body.
#include <stdlib.h>

#include "dissect/tls/key_exchange.h"
#include "dissect/tls/names.h"
#include "tests/fuzz/fuzz.h"

static void must(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tls_key_exchange k, older;
	if (len < 4)
		return 0;
	uint16_t suite = (uint16_t)(data[0] << 8 | data[1]), version = (uint16_t)(data[2] << 8 | data[3]);
	if (tls_key_exchange_parse(bytes_of(data + 4, len - 4), suite, version, &k) != PARSE_DONE)
		return 0;
	must(tls_suite_find(suite) != NULL);
	must((k.dh_bits == 0) == (k.dh_prime == 0));
	must(k.dh_bits <= 8 * len && k.rsa_bits <= 8 * len);
	must(!(k.group && k.dh_bits) && !(k.group && k.rsa_bits));
	must(!k.scheme || version >= 0x0303);
	// What stands before the signature does not depend on the version.
	if (k.scheme)
		must(tls_key_exchange_parse(bytes_of(data + 4, len - 4), suite, 0x0302, &older) == PARSE_DONE && older.group == k.group &&
			older.dh_prime == k.dh_prime && older.scheme == 0);
	return 0;
}
