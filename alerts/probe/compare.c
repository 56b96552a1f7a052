// Certificates of a probe through the same readers as those of sessions.
#include "alerts/probe/compare.h"

#include "alerts/expect/decide.h"

#include <string.h>

static void open_chain(struct probe_compared *out, const struct probe_result *r, const char *name, struct cert *cert)
{
	size_t at = 0;

	// Each certificate is the leaf of what stands behind it.
	while (at + 3 <= r->chain_len && out->n_certs < PROBE_CERTS_MAX) {
		size_t len = (size_t)r->chain[at] << 16 | (size_t)r->chain[at + 1] << 8 | r->chain[at + 2];
		cert_take_chain(cert, &out->peer[out->n_certs], r->chain + at, r->chain_len - at, out->n_certs ? NULL : name);
		out->n_certs++;
		at += 3 + len;
	}
}

// A probe is rare: nothing of it is worth remembering.
static void compare_once(struct dane_match *out, const struct dane_shown *shown, const struct policy_tlsa_set *t,
                         const char *const *names, size_t n, int64_t now_s)
{
	struct dane_memory *d;

	*out = (struct dane_match){.outcome = DANE_OUTCOME_COSTLY, .record = -1};
	if (dane_open(&d))
		return;
	dane_compare(d, out, shown, t, names, n, now_s);
	dane_close(&d);
}

static uint8_t compare_records(struct probe_compared *out, const struct probe_result *r, struct store *s, int64_t now_s)
{
	const struct policy_tlsa_set *t = &out->host->tlsa;
	const struct dane_shown shown = {.octets = r->chain, .len = r->chain_len};
	const char *names[DANE_NAMES_MAX];
	struct dane_set set;

	dane_set_read(&set, t);
	if (!r->tls)
		return DANE_NOT_ENCRYPTED;
	if (!set.n_counted)
		return t->more ? DANE_UNVERIFIABLE : DANE_UNUSABLE;
	size_t n = decide_names(names, s, out->host, NULL);
	compare_once(&out->match, &shown, t, names, n, now_s);
	switch (out->match.outcome) {
	case DANE_OUTCOME_MATCH:
		return DANE_MATCH;
	case DANE_OUTCOME_NONE:
	case DANE_OUTCOME_COSTLY:
		return DANE_UNVERIFIABLE;
	default: // records that were not kept might fit, and certificates that were not
		return t->more || r->chain_cut ? DANE_UNVERIFIABLE : DANE_MISMATCH;
	}
}

void probe_compare(struct probe_compared *out, const struct probe_result *r, const char *name, uint16_t port, struct store *store,
                   struct cert *cert, int64_t now_s)
{
	static const uint8_t unproven[] = {[DNSSEC_UNKNOWN] = DANE_UNKNOWN, [DNSSEC_INSECURE] = DANE_INSECURE,
		[DNSSEC_BOGUS] = DANE_BOGUS, [DNSSEC_INDETERMINATE] = DANE_INDETERMINATE};

	memset(out, 0, sizeof(*out));
	out->host = store && name ? store_host(store, name) : NULL;
	out->dane = DANE_UNKNOWN;
	if (cert)
		open_chain(out, r, name, cert);
	if (port != 25) {
		out->dane = DANE_NOT_APPLICABLE; // records of _25._tcp say nothing of it
	} else if (out->host && r->ehlo_seen) {
		const struct policy_tlsa_set *t = &out->host->tlsa;
		if (t->dnssec != DNSSEC_SECURE)
			out->dane = t->dnssec < sizeof(unproven) ? unproven[t->dnssec] : DANE_UNKNOWN;
		else
			out->dane = t->n || t->more ? compare_records(out, r, store, now_s) : DANE_NONE;
	}
}
