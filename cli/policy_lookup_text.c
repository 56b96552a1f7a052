// What a domain promises, top down: MX, each host, MTA-STS, TLSRPT, the decision, and how to see it by hand.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/advice.h"
#include "cli/policy_lookup.h"
#include "cli/words.h"

static const char *host_advice(enum advice a)
{
	static const char *const texts[] = {
		[ADVICE_NONE] = "nothing is promised",
		[ADVICE_TESTING] = "nothing is demanded (MTA-STS testing)",
		[ADVICE_STS] = "TLS with a certificate of a public authority (MTA-STS)",
		[ADVICE_ENCRYPT] = "TLS without authentication: no TLSA record is usable",
		[ADVICE_DANE] = "TLS authenticated by DANE",
		[ADVICE_UNDECIDED] = "undecided: a careful sender defers",
		[ADVICE_NO_MAIL] = "no mail",
	};
	return texts[a];
}

static void heading(FILE *out, bool colour, const char *text)
{
	fputc('\n', out);
	stdout_styled(out, colour, STYLE_BOLD, text);
	fputc('\n', out);
}

static void print_dnssec(FILE *out, bool colour, uint8_t dnssec)
{
	static const enum style styles[] = {STYLE_YELLOW, STYLE_GREEN, STYLE_PLAIN, STYLE_RED, STYLE_YELLOW};
	stdout_styled(out, colour, styles[dnssec], policy_dnssec_name((enum policy_dnssec)dnssec));
}

static void print_mx(FILE *out, bool colour, const struct policy_domain *d)
{
	heading(out, colour, "MX");
	fprintf(out, "  %s: ", d->name);
	print_dnssec(out, colour, d->mx_dnssec);
	if (d->mx_ttl_s > 0)
		fprintf(out, ", TTL %u s", d->mx_ttl_s);
	if (d->canonical[0] != '\0')
		fprintf(out, ", an alias of %s", d->canonical);
	fputc('\n', out);
	if (d->why[0] != '\0')
		fprintf(out, "  why: %s\n", d->why);
	if (d->null_mx)
		fputs("  null MX: it takes no mail (RFC 7505)\n", out);
	if (d->implicit_mx)
		fputs("  no MX record: the domain is its own host (RFC 5321 5.1)\n", out);
	for (uint8_t i = 0; i < d->n_mx && !d->implicit_mx; i++)
		fprintf(out, "  %5u %s\n", d->mx[i].preference, d->mx[i].host);
	if (d->mx_more)
		fputs("  and more that are not looked at\n", out);
}

static void print_record(FILE *out, const struct policy_tlsa *r, const char *unused)
{
	enum { SHOWN = 32 }; // octets; a whole certificate would only hide the rest
	fprintf(out, "    %u %u %u ", r->usage, r->selector, r->mtype);
	for (uint16_t i = 0; i < r->len && i < SHOWN; i++)
		fprintf(out, "%02x", r->data[i]);
	fprintf(out, "%s  %s%s\n", r->len > SHOWN ? "..." : "", unused != NULL ? "does not count: " : "counts", unused != NULL ? unused : "");
}

static void print_tlsa(FILE *out, bool colour, const struct policy_host *h)
{
	struct dane_set set;
	if (h->addresses_dnssec == DNSSEC_INSECURE && h->tlsa.dnssec == DNSSEC_INSECURE && h->tlsa.base[0] == '\0') {
		fputs("  TLSA: not asked, because the addresses are not signed (RFC 7672 2.2.2)\n", out);
		return;
	}
	if (h->tlsa.base[0] == '\0')
		return;
	fprintf(out, "  TLSA at _25._tcp.%s: ", h->tlsa.base);
	print_dnssec(out, colour, h->tlsa.dnssec);
	fprintf(out, "%s\n", h->tlsa.dnssec == DNSSEC_SECURE && h->tlsa.n == 0 ? ", there is none" : h->denial_broken ?
		", although the addresses are signed: its name servers fail (RFC 7672 2.1.3)" : "");
	dane_set_read(&set, &h->tlsa);
	for (uint8_t i = 0; i < h->tlsa.n; i++)
		print_record(out, &h->tlsa.tlsa[i], advice_unused(&h->tlsa, &set, i));
	if (h->tlsa.more)
		fputs("    and more that are not looked at\n", out);
	if (h->former.as_of_s != 0)
		fputs("    another set stood here before\n", out);
}

static void print_host(FILE *out, bool colour, const struct policy_domain *d, const char *name, const struct policy_host *h)
{
	char address[WORDS_ADDRESS_LEN];
	heading(out, colour, name);
	if (h == NULL) {
		fputs("  not looked at\n", out);
		return;
	}
	if (h->canonical[0] != '\0')
		fprintf(out, "  an alias of %s%s\n", h->canonical, d->implicit_mx ? "" : ", which MX hosts must not be (RFC 2181 10.3)");
	fputs("  addresses: ", out);
	print_dnssec(out, colour, h->addresses_dnssec);
	fputs(h->n_addresses == 0 ? ", none" : "", out);
	for (uint8_t i = 0; i < h->n_addresses; i++) {
		words_address(address, h->addresses[i].octets, h->addresses[i].ip_v);
		fprintf(out, "%s %s", i > 0 ? "," : "", address);
	}
	fputs(h->addresses_more ? " and more\n" : "\n", out);
	print_tlsa(out, colour, h);
	if (h->why[0] != '\0')
		fprintf(out, "  why: %s\n", h->why);
	fprintf(out, "  => %s\n", host_advice(advice_host(d, h)));
	if (!advice_sts_names(d, h->name))
		fputs("     MTA-STS does not name it: whoever follows that policy must not use it (RFC 8461 4.1)\n", out);
}

static void print_sts(FILE *out, bool colour, const struct policy_domain *d, int64_t now_s)
{
	static const char *const tlsrpt[] = {"unknown", "absent", "present"};
	const struct policy_sts *p = &d->sts;
	heading(out, colour, "MTA-STS");
	if (p->mode == STS_UNKNOWN && p->fault == STS_FAULT_NONE)
		fputs("  not asked (policy.mta_sts is off)\n", out);
	else
		fprintf(out, "  mode %s", policy_sts_mode_name((enum policy_sts_mode)p->mode));
	if (p->mode >= STS_MODE_NONE)
		fprintf(out, ", id %s, learned %" PRId64 " s ago, in force for %" PRId64 " s more", p->id, now_s - p->as_of_s,
			p->as_of_s + (int64_t)p->max_age_s - now_s);
	if (p->mode != STS_UNKNOWN || p->fault != STS_FAULT_NONE)
		fputc('\n', out);
	for (uint8_t i = 0; i < p->n_mx; i++)
		fprintf(out, "  mx %s\n", p->mx[i]);
	if (p->fault != STS_FAULT_NONE)
		fprintf(out, "  fault: %s: %s\n", policy_sts_fault_name((enum policy_sts_fault)p->fault), p->why);
	if (p->removed)
		fputs("  it was taken away although it is still in force (RFC 8461 8.3)\n", out);
	if (p->id_unchanged)
		fputs("  the policy changed and its id did not: senders keep the old one\n", out);
	fprintf(out, "  TLS reporting (TLSRPT): %s\n", tlsrpt[d->tlsrpt]);
}

static void print_commands(FILE *out, bool colour, const struct policy_domain *d, struct store *s)
{
	heading(out, colour, "Confirm by hand");
	fprintf(out, "  kdig +dnssec %s MX\n", d->name);
	for (uint8_t i = 0; i < d->n_mx; i++) {
		const struct policy_host *h = store_host(s, d->mx[i].host);
		if (h == NULL || h->tlsa.base[0] == '\0')
			continue;
		fprintf(out, "  kdig +dnssec _25._tcp.%s TLSA\n", h->tlsa.base);
		if (h->tlsa.n == 0)
			continue;
		fprintf(out, "  openssl s_client -starttls smtp -connect %s:25 -dane_tlsa_domain %s", h->name, h->tlsa.base);
		for (uint8_t k = 0; k < h->tlsa.n && k < 4; k++) {
			const struct policy_tlsa *r = &h->tlsa.tlsa[k];
			if (r->len == 0 || r->len > 64)
				continue;
			fprintf(out, " \\\n    -dane_tlsa_rrdata '%u %u %u ", r->usage, r->selector, r->mtype);
			for (uint16_t n = 0; n < r->len; n++)
				fprintf(out, "%02x", r->data[n]);
			fputc('\'', out);
		}
		fputc('\n', out);
	}
	fprintf(out, "  posttls-finger -t30 -T180 -c -L verbose,summary dane:%s\n", d->name);
	if (d->sts.mode > STS_ABSENT || d->sts.fault != STS_FAULT_NONE)
		fprintf(out, "  curl -v https://mta-sts.%s/.well-known/mta-sts.txt\n", d->name);
}

void policy_lookup_print(FILE *out, const struct policy_domain *d, struct store *s, int64_t now_s)
{
	bool colour = stdout_colour(out);
	char text[ADVICE_TEXT];
	stdout_styled(out, colour, STYLE_BOLD, d->name);
	fputc('\n', out);
	print_mx(out, colour, d);
	for (uint8_t i = 0; i < d->n_mx; i++)
		print_host(out, colour, d, d->mx[i].host, store_host(s, d->mx[i].host));
	print_sts(out, colour, d, now_s);
	heading(out, colour, "What a sender must do");
	advice_text(text, d, s);
	stdout_wrap(out, 2, text);
	print_commands(out, colour, d, s);
}
