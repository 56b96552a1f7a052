// MAIL and RCPT: paths, parameters, the digest of the envelope. RFC 5321 4.1.2.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "dissect/smtp/internal.h"

enum { DOMAIN_MAX = 128, LOCAL_MAX = 64 };

// The end of a path: the closing bracket outside quotes, or the first blank where there are no brackets.
static const uint8_t *path_end(const uint8_t *p, const uint8_t *end, bool bracket)
{
	bool quoted = false;
	for (; p < end; p++) {
		if (quoted && *p == '\\' && p + 1 < end)
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && (bracket ? *p == '>' : smtp_blank(*p)))
			break;
	}
	return p;
}

// Splits at the last @ outside quotes; a source route ("@a,@b:user@c") is passed over.
static void split(struct smtp_path *path)
{
	const uint8_t *from = path->whole.at, *at_sign = NULL;
	bool quoted = false;
	if (from < path->whole.end && *from == '@') {
		const uint8_t *colon = memchr(from, ':', bytes_left(&path->whole));
		from = colon ? colon + 1 : from;
	}
	for (const uint8_t *p = from; p < path->whole.end; p++) {
		if (quoted && *p == '\\' && p + 1 < path->whole.end)
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && *p == '@')
			at_sign = p;
	}
	path->local = bytes_of(from, (size_t)((at_sign ? at_sign : path->whole.end) - from));
	path->domain = at_sign ? bytes_of(at_sign + 1, (size_t)(path->whole.end - at_sign - 1)) : bytes_of(path->whole.end, 0);
}

bool smtp_path_parse(struct bytes *args, const char *key, struct smtp_path *out)
{
	size_t n = strlen(key);
	if (!smtp_starts(args->at, bytes_left(args), key))
		return false;
	args->at += n;
	while (args->at < args->end && smtp_blank(*args->at))
		args->at++;
	if (args->at == args->end || *args->at++ != ':')
		return false;
	while (args->at < args->end && smtp_blank(*args->at))
		args->at++;
	bool bracket = args->at < args->end && *args->at == '<';
	args->at += bracket;
	const uint8_t *end = path_end(args->at, args->end, bracket);
	out->whole = bytes_of(args->at, (size_t)(end - args->at));
	args->at = end < args->end ? end + 1 : end;
	while (args->at < args->end && smtp_blank(*args->at))
		args->at++;
	split(out);
	return true;
}

// Order counts, case does not.
static void digest(struct smtp *m, struct smtp_env *env, const struct smtp_path *path)
{
	uint8_t folded[SMTP_LINE_MAX];
	size_t n = bytes_left(&path->whole);
	if (m->digest_done || n > sizeof(folded))
		return;
	for (size_t i = 0; i < n; i++)
		folded[i] = smtp_lower(path->whole.at[i]);
	m->digest = XXH3_64bits_withSeed(folded, n, m->digest + 1);
	env->facts->smtp.envelope_digest = m->digest ? m->digest : 1;
}

static void mail_parameters(struct smtp *m, struct smtp_env *env, const struct place *at, struct bytes args)
{
	struct smtp_facts *f = &env->facts->smtp;
	while (bytes_left(&args)) {
		struct bytes word = smtp_word(&args);
		if (smtp_word_is(word.at, bytes_left(&word), "requiretls")) {
			f->requiretls_param = true;
			place_mark_first(&f->requiretls_mark, at);
			smtp_news(m, env, SMTP_NEWS_REQUIRETLS);
		} else if (smtp_word_is(word.at, bytes_left(&word), "smtputf8")) {
			f->smtputf8_param = true;
		}
	}
}

void smtp_mail(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line, struct bytes args)
{
	struct smtp_facts *f = &env->facts->smtp;
	SMTP_SATURATE_ADD(f->n_mail, 1);
	place_mark_first(&f->mail_mark, at);
	if (m->digest)
		m->digest_done = true; // the first transaction is over
	struct smtp_path path;
	if (!smtp_path_parse(&args, "from", &path))
		return;
	facts_set_text(env->facts, &f->from_domain, path.domain.at, bytes_left(&path.domain), DOMAIN_MAX);
	if (env->keep_envelope)
		facts_set_text(env->facts, &f->from_local, path.local.at, bytes_left(&path.local), LOCAL_MAX);
	if (!bytes_left(&path.whole))
		f->null_sender = true;
	digest(m, env, &path);
	mail_parameters(m, env, at, args);
}

static bool same_domain(const struct facts *f, struct text t, struct bytes domain)
{
	size_t n = bytes_left(&domain) < DOMAIN_MAX ? bytes_left(&domain) : DOMAIN_MAX;
	if (t.len != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (smtp_lower(facts_text(f, t)[i]) != smtp_lower(domain.at[i]))
			return false;
	}
	return true;
}

static void rcpt_domain(struct smtp_env *env, struct bytes domain)
{
	struct smtp_facts *f = &env->facts->smtp;
	for (int i = 0; i < f->n_rcpt_domains; i++) {
		if (same_domain(env->facts, f->rcpt_domain[i], domain))
			return;
	}
	SMTP_SATURATE_ADD(f->n_rcpt_domains_all, 1);
	if (f->n_rcpt_domains == FACTS_RCPT_DOMAINS)
		return;
	struct text *t = &f->rcpt_domain[f->n_rcpt_domains];
	facts_set_text(env->facts, t, domain.at, bytes_left(&domain), DOMAIN_MAX);
	f->n_rcpt_domains += t->len != 0;
}

void smtp_rcpt(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line, struct bytes args)
{
	struct smtp_facts *f = &env->facts->smtp;
	SMTP_SATURATE_ADD(f->n_rcpt, 1);
	struct smtp_path path;
	if (!smtp_path_parse(&args, "to", &path))
		return;
	if (bytes_left(&path.domain))
		rcpt_domain(env, path.domain);
	if (env->keep_envelope && f->n_rcpt == 1)
		facts_set_text(env->facts, &f->rcpt_local, path.local.at, bytes_left(&path.local), LOCAL_MAX);
	digest(m, env, &path);
}
