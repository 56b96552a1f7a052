// A keyed digest of message content, so that two taps can be compared without keeping anything of it (P15).
//
// XXH3 over blocks of 16 octets, each seeded with the digest of those before it: cuts change nothing, and the state is 24
// octets instead of the 576 that XXH3's own would take in every clear session.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "dissect/smtp/internal.h"

#include <string.h>

void smtp_content_digest(struct smtp *m, const struct smtp_env *env, const uint8_t *p, size_t n)
{
	enum { BLOCK = sizeof(m->content_rest) };
	if (!env->content_key)
		return;
	if (!m->content_begun) {
		m->content_begun = true;
		m->content_digest = *env->content_key;
	}
	while (n) {
		if (!m->n_content_rest && n >= BLOCK) {
			m->content_digest = XXH3_64bits_withSeed(p, BLOCK, m->content_digest);
			p += BLOCK;
			n -= BLOCK;
			continue;
		}
		size_t room = BLOCK - m->n_content_rest, take = n < room ? n : room;
		memcpy(m->content_rest + m->n_content_rest, p, take);
		m->n_content_rest = (uint8_t)(m->n_content_rest + take);
		p += take;
		n -= take;
		if (m->n_content_rest < BLOCK)
			return;
		m->content_digest = XXH3_64bits_withSeed(m->content_rest, BLOCK, m->content_digest);
		m->n_content_rest = 0;
	}
}

void smtp_content_digest_end(const struct smtp *m, const struct smtp_env *env)
{
	if (m->content_begun)
		env->facts->smtp.content_digest = XXH3_64bits_withSeed(m->content_rest, m->n_content_rest, m->content_digest) | 1;
}
