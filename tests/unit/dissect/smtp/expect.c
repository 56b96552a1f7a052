// The names by which rows of the SMTP tests speak of facts.
#include "tests/unit/dissect/smtp/expect.h"

#define FACT(label, member) {label, offsetof(struct facts, member), sizeof(((struct facts *)0)->member)}

static const struct {
	const char *name;
	size_t off, len;
} names[] = {
	FACT("seen", smtp.seen), FACT("greeting", smtp.greeting_code), FACT("greeting_masked", smtp.greeting_masked),
	FACT("hello", smtp.hello), FACT("n_ehlo", smtp.n_ehlo), FACT("n_helo", smtp.n_helo), FACT("ehlo_refused", smtp.ehlo_refused_code),
	FACT("offer", smtp.offer), FACT("flaws", smtp.offer_flaws), FACT("offer_line", smtp.offer_line), FACT("masked_lines", smtp.n_masked_lines),
	FACT("masked_len", smtp.masked.len), FACT("caps", smtp.caps), FACT("auth_offered", smtp.auth_offered),
	FACT("n_starttls", smtp.n_starttls), FACT("anonymous", smtp.starttls_anonymous), FACT("parameter", smtp.starttls_parameter),
	FACT("in_mail", smtp.starttls_in_mail), FACT("unoffered", smtp.starttls_unoffered), FACT("starttls_code", smtp.starttls_code),
	FACT("rejected", smtp.starttls_rejected_code), FACT("odd_code", smtp.starttls_odd_code), FACT("after_220", smtp.after_220),
	FACT("early_hello", smtp.early_clienthello), FACT("injected_c2s", smtp.injected_c2s), FACT("injected_verb", smtp.injected_c2s_verb),
	FACT("injected_s2c", smtp.injected_s2c), FACT("injected_reply", smtp.injected_s2c_reply), FACT("not_last", smtp.pipelined_after_starttls),
	FACT("n_mangled", smtp.n_mangled), FACT("mangled_len", smtp.mangled_len), FACT("mangled_code", smtp.mangled_code),
	FACT("filtered", smtp.filtered_code), FACT("n_530", smtp.n_530),
	FACT("mech", smtp.auth_mech), FACT("auth_ok", smtp.auth_accepted), FACT("secret", smtp.auth_sent_secret), FACT("n_auth", smtp.n_auth),
	FACT("auth_failed", smtp.n_auth_failed), FACT("auth_refused_first", smtp.auth_refused_first),
	FACT("n_mail", smtp.n_mail), FACT("mail_ok", smtp.n_mail_ok), FACT("n_rcpt", smtp.n_rcpt), FACT("rcpt_ok", smtp.n_rcpt_ok),
	FACT("rcpt_refused", smtp.n_rcpt_refused), FACT("relay", smtp.n_rcpt_relay), FACT("messages", smtp.n_messages),
	FACT("messages_ok", smtp.n_messages_ok), FACT("octets", smtp.content_octets), FACT("domains", smtp.n_rcpt_domains_all),
	FACT("clear.fail", smtp.clear[CLEAR_AFTER_HANDSHAKE_FAIL]), FACT("clear.reject", smtp.clear[CLEAR_AFTER_REJECT]),
	FACT("clear.unused", smtp.clear[CLEAR_OFFERED_UNUSED]), FACT("clear.not_offered", smtp.clear[CLEAR_NOT_OFFERED]),
	FACT("clear.helo", smtp.clear[CLEAR_HELO_ONLY]), FACT("clear.unknown", smtp.clear[CLEAR_UNKNOWN]),
	FACT("q.not_offered", smtp.clear_mark[CLEAR_NOT_OFFERED].quality), FACT("q.unused", smtp.clear_mark[CLEAR_OFFERED_UNUSED].quality),
	FACT("requiretls", smtp.requiretls_param), FACT("null_sender", smtp.null_sender), FACT("smtputf8", smtp.smtputf8_param),
	FACT("eod", smtp.eod_variants), FACT("eod_verb", smtp.eod_then_verb), FACT("eod_effect", smtp.eod_effect),
	FACT("lf_command", smtp.bare_lf_command), FACT("lf_data", smtp.bare_lf_data), FACT("cr_command", smtp.bare_cr_command),
	FACT("cr_data", smtp.bare_cr_data), FACT("bad_octets", smtp.n_bad_octets), FACT("odd", smtp.oddities),
	FACT("unmatched", smtp.n_unmatched), FACT("astray", smtp.n_astray), FACT("quit", smtp.quit), FACT("last_code", smtp.last_code), FACT("tls_asked", tls.asked),
	FACT("guessed", smtp.content_guessed), FACT("mail_guessed", smtp.n_mail_guessed), FACT("at.content", smtp.content_mark.frame), FACT("at.early", smtp.odd_mark[ODD_AT_EARLY_TALKER].frame),
	FACT("long_command", smtp.long_command), FACT("long_text", smtp.long_text), FACT("long_reply", smtp.long_reply),
};

static uint64_t value_of(const struct facts *f, const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint64_t v = 0;
		if (strlen(names[i].name) != len || memcmp(names[i].name, name, len))
			continue;
		memcpy(&v, (const uint8_t *)f + names[i].off, names[i].len); // little-endian machines only, as the tests are
		return v;
	}
	fail_msg("no fact is called %.*s", (int)len, name);
	return 0;
}

void smtp_row_check(const struct smtp_row *row)
{
	static struct facts f;
	int wrong = 0;
	feed_all_cuts(row->name, row->script, row->quality, &f);
	for (const char *p = row->want; *p;) {
		size_t n = strcspn(p, "=");
		char *end;
		uint64_t want = strtoull(p + n + 1, &end, 0), got = value_of(&f, p, n);
		if (got != want) {
			print_error("%s: %.*s is %llu (0x%llx), not %llu\n", row->name, (int)n, p, (unsigned long long)got,
			            (unsigned long long)got, (unsigned long long)want);
			wrong++;
		}
		p = end + strspn(end, " ");
	}
	assert_int_equal(wrong, 0);
}
