// A probe's result for people: what was said, what was offered, what was shown, and what that is beside policy.
#include "cli/probe.h"

#include <string.h>

#include "cli/words.h"

const char *probe_trust_name(uint8_t trust)
{
	static const char *const names[] = {[TRUST_NOT_JUDGED] = "not_judged", [TRUST_OK] = "trusted",
		[TRUST_SELF_SIGNED] = "self_signed", [TRUST_INCOMPLETE] = "incomplete", [TRUST_ROOT_UNKNOWN] = "root_unknown",
		[TRUST_BROKEN] = "broken"};
	return trust < sizeof names / sizeof names[0] ? names[trust] : "invalid";
}

const char *probe_names_name(uint8_t names)
{
	return names == NAMES_MATCH ? "match" : names == NAMES_DIFFER ? "differ" : "not_asked";
}

static bool in_time(const struct probe_told *p)
{
	const struct peer *leaf = &p->compared->peer[0];
	const struct certificate *c = &leaf->server;
	return c->not_before_s <= p->at_s && p->at_s <= c->not_after_s && leaf->chain_not_before_s <= p->at_s &&
		p->at_s <= leaf->chain_not_after_s;
}

const char *probe_agreed(const struct probe_told *p, bool *kept)
{
	const struct probe_target *t = p->target;
	if (!t->partner)
		return NULL;
	const struct peer *leaf = &p->compared->peer[0];
	bool pkix = p->compared->n_certs > 0 && leaf->trust == TRUST_OK && leaf->names == NAMES_MATCH && in_time(p);
	*kept = p->result->tls && (t->peer.level == INVENTORY_ENCRYPT || pkix);
	return t->peer.level == INVENTORY_VERIFY ? "verify" : "encrypt";
}

static void heading(FILE *out, const char *text)
{
	fputc('\n', out);
	stdout_styled(out, stdout_colour(out), STYLE_BOLD, text);
	fputc('\n', out);
}

static void escaped(FILE *out, const char *text)
{
	stdout_escaped(out, text, strlen(text));
}

static void print_dialogue(FILE *out, const struct probe_result *r)
{
	heading(out, "Dialogue");
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct probe_step *s = &r->step[i];
		fprintf(out, "  %-5s %-34s ", s->inside_tls ? "(tls)" : "", s->sent[0] != '\0' ? s->sent : "(greeting)");
		if (s->reply.n_lines == 0) {
			fputs("no answer\n", out);
			continue;
		}
		fprintf(out, "%u ", s->reply.code);
		escaped(out, s->reply.kept[0]);
		if (s->reply.n_lines > 1)
			fprintf(out, " (%u lines)", s->reply.n_lines);
		fputs(s->answered ? "\n" : " (unfinished)\n", out);
	}
}

static void print_offer(FILE *out, const struct probe_result *r)
{
	if (!r->ehlo_seen)
		return;
	fprintf(out, "\nSTARTTLS is %s.", r->offered ? "offered" : "not offered");
	const struct probe_reply *reply = &r->step[1].reply;
	fputs(" Keywords: ", out);
	for (size_t i = 1; i < reply->n_kept; i++) {
		fputs(i > 1 ? ", " : "", out);
		escaped(out, reply->kept[i]);
	}
	fputs(reply->n_kept > 1 ? "\n" : "none\n", out);
	if (r->injected > 0)
		fprintf(out, "%u octets stood behind the reply to STARTTLS, before any TLS: somebody injects, or the server is broken.\n",
			r->injected);
}

static void print_ending(FILE *out, const struct probe_result *r)
{
	static const char *const words[PROBE_OUTCOMES] = {
		[PROBE_DONE] = NULL,
		[PROBE_NOT_OFFERED] = NULL,
		[PROBE_STARTTLS_REFUSED] = "The host offers STARTTLS and refuses it.",
		[PROBE_TLS_FAILED] = "The TLS handshake failed",
		[PROBE_REFUSED] = "The host refuses to talk to this machine, which says nothing of others.",
		[PROBE_NOT_SMTP] = "The host answered something that is no SMTP reply.",
		[PROBE_TOO_MUCH] = "The host's answer had no end.",
		[PROBE_TIMEOUT] = "The host did not answer in time.",
		[PROBE_CLOSED] = "The host closed the connection.",
		[PROBE_UNREACHABLE] = "The host cannot be reached from here",
	};
	const char *w = r->outcome < PROBE_OUTCOMES ? words[r->outcome] : NULL;
	if (w == NULL)
		return;
	fprintf(out, "\n%s", w);
	if (r->why[0] != '\0') {
		fputs(w[strlen(w) - 1] == '.' ? " (" : ": ", out);
		escaped(out, r->why);
		fputs(w[strlen(w) - 1] == '.' ? ")" : ".", out);
	}
	fprintf(out, " It ended at: %s.\n", r->where);
}

static void print_certificate(FILE *out, const struct certificate *c, size_t depth)
{
	char from[WORDS_TIME_LEN], until[WORDS_TIME_LEN];
	if (!c->present || c->unreadable) {
		fprintf(out, "  %zu  cannot be read\n", depth);
		return;
	}
	words_time(from, c->not_before_s > 0 ? (uint64_t)c->not_before_s * 1000000000 : 0);
	words_time(until, c->not_after_s > 0 && c->not_after_s < INT32_MAX * 4ll ? (uint64_t)c->not_after_s * 1000000000 : 0);
	fprintf(out, "  %zu  subject ", depth);
	escaped(out, c->subject);
	fputs("\n     issuer  ", out);
	escaped(out, c->issuer);
	fprintf(out, "\n     valid   %.10s to %.10s\n     spki    ", from, until);
	for (size_t i = 0; i < sizeof c->spki_sha256; i++)
		fprintf(out, "%02x", c->spki_sha256[i]);
	fputs(" (sha256)\n", out);
}

static void print_tls(FILE *out, const struct probe_told *p)
{
	const struct probe_result *r = p->result;
	if (!r->tls)
		return;
	heading(out, "TLS");
	fprintf(out, "  %s, %s%s%s\n", r->version, r->suite, r->group[0] != '\0' ? ", " : "", r->group);
	for (size_t i = 0; i < p->compared->n_certs; i++)
		print_certificate(out, &p->compared->peer[i].server, i);
	if (r->chain_cut)
		fputs("  and more certificates than are opened\n", out);
}

static void print_policy(FILE *out, const struct probe_told *p)
{
	const struct probe_compared *c = p->compared;
	bool kept;
	const char *agreed = probe_agreed(p, &kept);
	heading(out, "Beside policy");
	fprintf(out, "  DANE    %s", dane_name((enum dane)c->dane));
	if (c->match.what[0] != '\0')
		fprintf(out, " (%s)", c->match.what);
	if (c->dane == DANE_UNKNOWN && c->host == NULL)
		fputs(p->cache ? " (the policy cache does not have this host)" :
			" (there is no policy cache; the system's resolver proves nothing)", out);
	fputc('\n', out);
	if (c->n_certs > 0) {
		fprintf(out, "  PKIX    path %s%s%s, names %s, dates %s\n", probe_trust_name(c->peer[0].trust),
			p->store[0] != '\0' ? " by " : "", p->store, probe_names_name(c->peer[0].names), in_time(p) ? "fit" : "do not fit");
	}
	if (agreed != NULL) {
		fprintf(out, "  Partner %s, agreed: %s, %s%s", p->target->peer.domain, agreed, kept ? "kept" : "not kept",
			p->target->peer.owner[0] != '\0' ? "; ask " : "");
		escaped(out, p->target->peer.owner);
		fputs(p->target->peer.note[0] != '\0' ? "; " : "", out);
		escaped(out, p->target->peer.note);
		fputc('\n', out);
	}
}

void probe_print(FILE *out, const struct probe_told *p)
{
	char at[WORDS_TIME_LEN], endpoint[WORDS_ENDPOINT_LEN];
	words_time(at, (uint64_t)p->at_s * 1000000000);
	words_endpoint(endpoint, p->address.octets, p->address.ip_v, p->target->port);
	fprintf(out, "%s at %s (%s), asked as %s\n", p->target->host, endpoint, p->target->source, p->ehlo);
	fprintf(out, "This is the host at %.19s UTC, seen from here: it is not what any session was given.\n", at);
	print_dialogue(out, p->result);
	print_offer(out, p->result);
	print_ending(out, p->result);
	print_tls(out, p);
	if (p->result->ehlo_seen)
		print_policy(out, p);
	if (p->kept)
		fputs("\nKept in the policy cache beside the host.\n", out);
}
