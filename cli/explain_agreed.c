// What a ServerHello agreed to, in words: key exchange, extensions, and what they were used for afterwards.
#include "cli/explain.h"

#include "cli/words.h"
#include "dissect/tls/names.h"

enum { INDENT = 10, VERSION_SSL3 = 0x0300, VERSION_TLS12 = 0x0303 };

static const char *forward_secrecy(const struct tls_facts *t, const struct tls_suite *suite)
{
	if (suite->tls13 ? t->group != 0 : suite->forward_secrecy)
		return "forward secrecy";
	if (suite->tls13 || suite->kex == KEX_PSK)
		return "no forward secrecy: who gets the pre-shared key reads it all";
	if (suite->kex == KEX_RSA_PSK)
		return "no forward secrecy: who gets the pre-shared key and the server's reads it all";
	return "no forward secrecy: who gets the server's key reads it all";
}

static const char *or_number(const char *name, uint16_t value, char room[static 8])
{
	if (name != NULL)
		return name;
	snprintf(room, 8, "0x%04x", value);
	return room;
}

static void print_key_exchange(FILE *out, const struct session *s)
{
	const struct tls_facts *t = &s->facts->tls;
	const struct tls_suite *suite = tls_suite_find(t->suite);
	const struct tls_prime *prime = t->dh_bits ? tls_prime_find(t->dh_prime) : NULL;
	uint16_t scheme = t->ske_scheme ? t->ske_scheme : s->peer != NULL ? s->peer->verify_scheme : 0;
	char room[8];
	if (suite == NULL)
		return;
	fprintf(out, "%*s%s", INDENT, "", forward_secrecy(t, suite));
	if (t->group)
		fprintf(out, ", %s%s", or_number(tls_group_name(t->group), t->group, room), tls_group_is_pq(t->group) ? " (post-quantum)" : "");
	if (t->dh_bits)
		fprintf(out, ", Diffie-Hellman over %u bits (%s)", t->dh_bits, prime != NULL ? prime->name : "a prime of its own");
	if (scheme)
		fprintf(out, ", signed with %s", or_number(tls_scheme_name(scheme), scheme, room));
	fputc('\n', out);
	if (tls_suite_is_anon(t->suite))
		fprintf(out, "%*san anonymous suite: nobody showed a certificate\n", INDENT, "");
}

static void print_extensions(FILE *out, const struct tls_facts *t)
{
	if (t->compression)
		fprintf(out, "%*scompresses before it encrypts (method %u)\n", INDENT, "", t->compression);
	// An answer to what was not asked for is none that is missing.
	if (t->offer_known && t->client_ext & TLS_EXT_RENEGOTIATION_INFO && !(t->server_ext & TLS_EXT_RENEGOTIATION_INFO))
		fprintf(out, "%*sno secure renegotiation (RFC 5746), though the client offered it\n", INDENT, "");
}

static void print_renegotiations(FILE *out, const struct tls_facts *t)
{
	if (t->n_renegotiations)
		fprintf(out, "  #%-6u %s: renegotiation, the first of %s%u\n", t->renegotiation_mark.frame,
			t->renegotiation_dir == DIR_C2S ? "C" : "S", t->n_renegotiations == UINT8_MAX ? "at least " : "", t->n_renegotiations);
}

static void print_heartbeats(FILE *out, const struct tls_facts *t)
{
	if (t->server_ext & TLS_EXT_HEARTBEAT)
		fprintf(out, "%*sthe heartbeat extension was agreed to\n", INDENT, "");
	if (t->n_heartbeats)
		fprintf(out, "  #%-6u %s %u heartbeat record%s%s\n", t->heartbeat_mark.frame,
			t->n_heartbeats == UINT16_MAX ? "the first of at least" : "the first of", t->n_heartbeats, t->n_heartbeats == 1 ? "" : "s",
			t->heartbeat_overread ? "; one asks for more than it sends: Heartbleed (CVE-2014-0160)" : "");
}

void explain_print_agreed(FILE *out, const struct session *s)
{
	const struct tls_facts *t = &s->facts->tls;
	if (t->server_version < VERSION_SSL3) // SSL 2.0 has none of it
		return;
	print_key_exchange(out, s);
	if (t->server_version <= VERSION_TLS12)
		print_extensions(out, t);
}

void explain_print_afterwards(FILE *out, const struct session *s)
{
	print_heartbeats(out, &s->facts->tls);
	print_renegotiations(out, &s->facts->tls);
}
