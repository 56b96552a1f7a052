// Any octets as hellos. Two octets of length, a ClientHello's body, and a ServerHello's: opened each, and compared.
#include <stdlib.h>
#include <string.h>

#include "dissect/tls/offer.h"
#include "tests/fuzz/fuzz.h"

static void must(bool condition)
{
	if (!condition)
		abort();
}

static bool within(const struct bytes *part, const struct bytes *all)
{
	return part->at == NULL || bytes_left(part) == 0 || (part->at >= all->at && part->end <= all->end && part->at <= part->end);
}

// Every list lies in the message, and can be read to its end.
static void check_client(const struct tls_client_hello *ch, struct bytes body)
{
	const struct bytes *parts[] = {&ch->session_id, &ch->suites, &ch->compressions, &ch->extensions, &ch->versions, &ch->groups,
		&ch->schemes, &ch->sni, &ch->alpn, &ch->alpn_list, &ch->ticket, &ch->psk, &ch->ech};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		must(within(parts[i], &body));
	must(bytes_left(&ch->session_id) <= 32);
	must(bytes_left(&ch->groups) % 2 == 0 && bytes_left(&ch->schemes) % 2 == 0);
	must(ch->version >> 8 == 3);
	must(tls_alpn_kinds(ch->alpn_list) <= (ALPN_MAIL | ALPN_HTTP | ALPN_OTHER));
	struct bytes all = ch->extensions;
	struct tls_extension e;
	size_t n = 0;
	while (tls_extension_next(&all, &e))
		must(within(&e.body, &body) && ++n <= bytes_left(&body) / 4);
}

static void check_offer(const struct tls_offer *o, const struct tls_client_hello *ch)
{
	must(o->suites.n <= OFFER_SUITES && o->extensions.n <= OFFER_EXTENSIONS && o->groups.n <= OFFER_GROUPS);
	must(o->schemes.n <= OFFER_SCHEMES && o->versions.n <= OFFER_VERSIONS);
	must(o->suites.more == (bytes_left(&ch->suites) / 2 > OFFER_SUITES));
	struct bytes suites = ch->suites;
	for (uint16_t i = 0; i < o->suites.n; i++)
		must(tls_offer_has_suite(o, bytes_be16(&suites)));
}

// A server that takes the first of all that is offered is never told to have taken something else.
static void check_obedient(const struct tls_offer *o)
{
	struct tls_server_hello sh = {.version = o->legacy_version, .suite = o->suite[0], .compression = o->compressions & 1 ? 0 : 1};
	uint16_t ext = 0;
	if (o->suites.n == 0 || !(o->compressions & 3))
		return;
	must(tls_offer_unoffered(o, &sh, &ext) == 0);
	must(tls_offer_unoffered_key(o, o->groups.n ? o->group[0] : 0, o->schemes.n ? o->scheme[0] : 0) == 0);
}

static void compare(const struct tls_offer *o, const struct tls_server_hello *sh)
{
	uint16_t ext = 0;
	uint8_t bits = tls_offer_unoffered(o, sh, &ext);
	must(bits < TLS_UNOFFERED_SIGNATURE);
	must(!(bits & TLS_UNOFFERED_EXTENSION) || bytes_left(&sh->extensions) >= 4);
	must((bits & TLS_UNOFFERED_EXTENSION) || ext == 0);
	must(!(bits & TLS_UNOFFERED_SUITE) || !tls_offer_has_suite(o, sh->suite));
	tls_offer_unoffered_key(o, sh->group, sh->suite);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct tls_offer o;
	struct tls_client_hello ch;
	struct tls_server_hello sh;
	if (len < 2)
		return 0;
	size_t n = (size_t)(data[0] << 8 | data[1]);
	n = n < len - 2 ? n : len - 2;
	struct bytes client = bytes_of(data + 2, n), server = bytes_of(data + 2 + n, len - 2 - n);
	bool both = tls_hello_client(client, &ch) == PARSE_DONE;
	if (both) {
		check_client(&ch, client);
		tls_offer_take(&o, &ch);
		check_offer(&o, &ch);
		check_obedient(&o);
	}
	if (tls_hello_server(server, &sh) != PARSE_DONE)
		return 0;
	must(within(&sh.session_id, &server) && within(&sh.extensions, &server) && within(&sh.alpn, &server));
	must(sh.sentinel <= SENTINEL_TLS11);
	if (both)
		compare(&o, &sh);
	return 0;
}
