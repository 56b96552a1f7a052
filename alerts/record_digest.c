// SHA-1 and SHA-256 of a few octets, for ids. OpenSSL looks an algorithm up by name each time it is not handed one:
// that costs more than the digest, so both are looked up once.
#include "alerts/record_parts.h"

#include <pthread.h>
#include <stdlib.h>

#include <openssl/evp.h>

static EVP_MD *sha1, *sha256; // for the life of the process
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
	sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

// Fails only without memory, or where OpenSSL cannot load the algorithm at all: no true name and no unique id could
// follow, so nothing does.
static void digest(const EVP_MD *algorithm, uint8_t *out, const void *in, size_t len)
{
	if (!algorithm || !EVP_Digest(in, len, out, NULL, algorithm, NULL))
		abort();
}

void record_sha1(uint8_t out[20], const void *in, size_t len)
{
	pthread_once(&once, fetch);
	digest(sha1, out, in, len);
}

void record_sha256(uint8_t out[32], const void *in, size_t len)
{
	pthread_once(&once, fetch);
	digest(sha256, out, in, len);
}
