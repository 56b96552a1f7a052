// AUTH outside TLS: which mechanism, whether a secret went over the wire, whether it was taken. RFC 4954.
// The secrets themselves are dropped where they stand.
#include "dissect/smtp/internal.h"

enum { AUTH_NAME_MAX = 32 };

// Longer names before their prefixes; a prefix ends in '-'.
static const struct {
	const char *name;
	uint8_t mech;
} mechs[] = {
	{"plain", MECH_PLAIN},         {"login", MECH_LOGIN},     {"cram-md5", MECH_CRAM_MD5},
	{"digest-md5", MECH_DIGEST_MD5}, {"ntlm", MECH_NTLM},     {"scram-", MECH_SCRAM},
	{"gssapi", MECH_GSSAPI},       {"gss-spnego", MECH_GSSAPI}, {"kerberos_v4", MECH_GSSAPI},
	{"xoauth2", MECH_XOAUTH2},     {"oauthbearer", MECH_OAUTHBEARER}, {"external", MECH_EXTERNAL},
	{"anonymous", MECH_ANONYMOUS},
};

uint8_t smtp_auth_mech(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < sizeof(mechs) / sizeof(mechs[0]); i++) {
		const char *name = mechs[i].name;
		bool prefix = name[strlen(name) - 1] == '-';
		if (prefix ? smtp_starts(p, len, name) : smtp_word_is(p, len, name))
			return mechs[i].mech;
	}
	return MECH_OTHER;
}

// Other registered names (IANA, SASL mechanisms) and those met in the wild. They are only names here.
static const char *const names[] = {
	"9798-m-dsa-sha1", "9798-m-ecdsa-sha1", "9798-m-rsa-sha1-enc", "9798-u-dsa-sha1", "9798-u-ecdsa-sha1",
	"9798-u-rsa-sha1-enc", "eap-aes128", "eap-aes128-plus", "ecdh-x25519-challenge", "ecdsa-nist256p-challenge",
	"gs2-krb5", "gs2-krb5-plus", "kerberos_v5", "msn", "nmas-samba-auth", "nmas_authen", "nmas_login", "oauth10a",
	"openid20", "otp", "saml20", "securid", "skey", "spnego", "spnego-plus", "sxover-plus", "x-ntlm", "xoauth",
};

// "SCRAM-" and a hash; "-PLUS" binds it to the channel. RFC 5802 4.
static bool is_scram(const uint8_t *p, size_t len)
{
	static const char *const hashes[] = {"md5", "sha-1", "sha-224", "sha-256", "sha-384", "sha-512", "sha3-512"};
	enum { SCRAM = 6, PLUS = 5 };
	if (len > SCRAM + PLUS && smtp_word_is(p + len - PLUS, PLUS, "-plus"))
		len -= PLUS;
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		if (len > SCRAM && smtp_word_is(p + SCRAM, len - SCRAM, hashes[i]))
			return true;
	}
	return false;
}

// What may be repeated of the word behind AUTH: a name that is known. Anything else may be a secret that a clumsy client
// sent without one, and looks like a name often enough.
struct bytes smtp_auth_name(struct bytes word)
{
	size_t len = bytes_left(&word);
	uint8_t mech = smtp_auth_mech(word.at, len);
	bool known = mech == MECH_SCRAM ? is_scram(word.at, len) : mech != MECH_OTHER;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		known = known || smtp_word_is(word.at, len, names[i]);
	return known ? word : bytes_of(word.at, 0);
}

static void secret(struct smtp *m, struct smtp_env *env)
{
	m->secret = true;
	env->facts->smtp.auth_sent_secret = true;
	smtp_news(m, env, SMTP_NEWS_SECRET);
}

// How much an exchange gives away: the secret itself, something to guess it by, or no secret at all.
static int leak(uint8_t mech)
{
	static const uint16_t readable = 1 << MECH_PLAIN | 1 << MECH_LOGIN | 1 << MECH_XOAUTH2 | 1 << MECH_OAUTHBEARER;
	static const uint16_t none = 1 << MECH_NONE | 1 << MECH_EXTERNAL | 1 << MECH_ANONYMOUS;
	return readable >> mech & 1 ? 2 : !(none >> mech & 1);
}

// The mechanism of the session is that of the last AUTH, but what has leaked is not forgotten for what leaks less.
static void take_mech(struct smtp_env *env, struct bytes name)
{
	struct smtp_facts *f = &env->facts->smtp;
	uint8_t mech = smtp_auth_mech(name.at, bytes_left(&name));
	if (f->auth_sent_secret && leak(f->auth_mech) > leak(mech))
		return;
	f->auth_mech = mech;
	struct bytes shown = smtp_auth_name(name);
	if (bytes_left(&name) && !bytes_left(&shown))
		shown = bytes_of((const uint8_t *)"other", 5);
	facts_set_text(env->facts, &f->auth_name, shown.at, bytes_left(&shown), AUTH_NAME_MAX);
}

void smtp_auth(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line, struct bytes args)
{
	struct smtp_facts *f = &env->facts->smtp;
	struct bytes name = smtp_word(&args);
	SMTP_SATURATE_ADD(f->n_auth, 1);
	take_mech(env, name);
	place_mark_first(&f->auth_mark, at);
	m->secret = false;
	m->auth_open = true;
	smtp_keep_stop(m);
	size_t n = bytes_left(&args);
	bool empty = n == 1 && *args.at == '='; // RFC 4954 4: an initial response of zero length
	if (n && !empty)
		secret(m, env);
	m->lane[DIR_C2S].mode = SMTP_MODE_WAIT_AUTH;
}

void smtp_auth_response(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line)
{
	bool abort = line->len == 1 && line->p[0] == '*';
	smtp_keep_stop(m);
	if (line->len && !abort)
		secret(m, env);
	smtp_talk(env, DIR_C2S, at, "credential", (const uint8_t *)(abort ? "*" : "[credential]"), abort ? 1 : 12);
	m->lane[DIR_C2S].mode = SMTP_MODE_WAIT_AUTH;
}

void smtp_auth_answer(struct smtp *m, struct smtp_env *env, const struct place *at, uint16_t code)
{
	struct smtp_facts *f = &env->facts->smtp;
	struct smtp_lane *client = &m->lane[DIR_C2S];
	bool waits = client->mode == SMTP_MODE_WAIT_AUTH || client->mode == SMTP_MODE_GUESS_AUTH;
	f->auth_reply_mark = place_mark(at);
	if (code / 100 == 3) { // the dialogue goes on: the command stays pending
		if (waits)
			client->mode = SMTP_MODE_SECRET;
		return;
	}
	smtp_pending_pop(m, env);
	m->auth_open = false;
	if (waits || client->mode == SMTP_MODE_SECRET)
		client->mode = SMTP_MODE_LINES;
	if (code / 100 == 2) {
		if (code != 235) // after a loss, an answer to something else
			return;
		f->auth_accepted = true;
		smtp_news(m, env, SMTP_NEWS_AUTH_OK);
		return;
	}
	SMTP_SATURATE_ADD(f->n_auth_failed, 1);
	if (code / 100 == 5 && !f->auth_sent_secret)
		f->auth_refused_first = 1;
}

bool smtp_auth_asks_login(struct bytes text)
{
	static const char *const prompts[] = {"VXNlcm5hbWU6", "UGFzc3dvcmQ6", "dXNlcm5hbWU6", "cGFzc3dvcmQ6"}; // in base64, which has case
	for (size_t i = 0; i < sizeof(prompts) / sizeof(prompts[0]); i++) {
		if (bytes_left(&text) == strlen(prompts[i]) && !memcmp(text.at, prompts[i], strlen(prompts[i])))
			return true;
	}
	return false;
}

void smtp_auth_shown(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_answer *a)
{
	struct smtp_facts *f = &env->facts->smtp;
	smtp_keep_stop(m);
	if (!m->auth_open) {
		SMTP_SATURATE_ADD(f->n_auth, 1);
		place_mark_first(&f->auth_mark, at);
		if (a->login)
			take_mech(env, bytes_of((const uint8_t *)"LOGIN", 5));
		else if (f->auth_mech == MECH_NONE)
			f->auth_mech = MECH_OTHER; // nobody knows
		m->secret = false;
	}
	m->auth_open = a->code == 334;
	f->auth_reply_mark = place_mark(at);
	if (a->code == 334 && m->lane[DIR_C2S].mode == SMTP_MODE_LINES && !m->lane[DIR_C2S].len)
		m->lane[DIR_C2S].mode = SMTP_MODE_SECRET;
	if (a->code != 235)
		return;
	f->auth_accepted = true;
	smtp_news(m, env, SMTP_NEWS_AUTH_OK);
}
