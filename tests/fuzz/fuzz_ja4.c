// Any octets as a ClientHello: no fingerprint, or one of the right shape that its own octets give again.
#include <stdlib.h>
#include <string.h>

#include "alerts/ja4.h"
#include "tests/fuzz/fuzz.h"

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char first[PEER_JA4_LEN + 1], second[PEER_JA4_LEN + 1];

	if (!ja4_of(first, data, len)) {
		require(first[0] == '\0');
		return 0;
	}
	require(strlen(first) == PEER_JA4_LEN && first[0] == 't' && first[10] == '_' && first[23] == '_');
	for (size_t i = 0; i < PEER_JA4_LEN; i++)
		require(first[i] >= '0' && first[i] <= 'z');
	require(ja4_of(second, data, len) && strcmp(first, second) == 0);
	return 0;
}
