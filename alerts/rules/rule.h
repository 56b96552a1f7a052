// What a rule is: a function from facts to a claim. One rule a finding; the table in alerts/rules/table.c pairs them.
//
// A rule says what it saw and how sure that alone makes it; alerts/rules.c lowers the confidence where the evidence
// is ambiguous, and fills in what the catalogue knows. A rule never reads another rule's result.
#pragma once

#include "alerts/dns/race.h"
#include "alerts/dns/seen.h"
#include "alerts/memory.h"
#include "alerts/pair.h"
#include "alerts/quality.h"
#include "alerts/rules.h"

enum { CLAIM_DEFAULT = 0xff }; // severity or subject as the catalogue says

struct claim {
	uint8_t confidence;  // enum confidence
	uint8_t severity;    // enum severity, or CLAIM_DEFAULT
	uint8_t severity_most; // ... and no more than this; CLAIM_DEFAULT: no bound
	uint8_t subject;     // enum subject, or CLAIM_DEFAULT
	uint8_t quality;     // enum quality bits of everything it rests on
	uint8_t n_frames;
	uint32_t frames[FINDING_FRAMES_MAX];
	char detail[FINDING_DETAIL_MAX];
	bool twin_tells;     // the other tap's session of a pair has the alert
	uint32_t twin_frame; // packet that shows it there; 0 none
};

struct rule_input {
	const struct facts *facts;
	const struct smtp_facts *smtp; // facts->smtp
	const struct tls_facts *tls;   // facts->tls
	const struct conn_facts *conn; // facts->conn
	const struct peer *peer;       // never NULL
	const struct expectation *expect;
	const struct inventory *inventory; // NULL: nothing is known
	uint32_t store_age_days;       // see struct session
	enum direction direction;
	const char *session;           // its id, for a later one to refer to; may be empty
	struct rules_memory *memory;
	enum tap_side side;            // where the tap stands
	const struct pair *pair;       // this session and its twin at another tap; NULL: none
	const struct rules_sources *sources; // never NULL
	const struct seen_host *hosts; // names of the server, as DNS on the tap told them before the session began
	size_t n_hosts;
	const struct history *history; // NULL: there is none
};

// True when the finding holds; `c` comes in empty (confidence unverifiable, the rest default).
typedef bool (*rule_fn)(const struct rule_input *in, struct claim *c);

struct rule {
	const char *id; // a row of the catalogue
	rule_fn holds;
};

// In catalogue order.
extern const struct rule rules_table[];
extern const size_t rules_table_n;

// The claim rests on something that was seen at `m`: certain, whatever else was lost.
void claim_seen(struct claim *c, const struct mark *m);
// The claim rests on what was seen at `m` and on what stood before it: which command a reply answers, whether a line is
// a command or content. With octets missing before it, at most suspect.
void claim_in_context(struct claim *c, const struct mark *m);
// What was seen may have come in two versions, of which the other one showed only afterwards: then it is a suspicion.
void claim_conflict(struct claim *c, const struct facts *f);
// Both, of octets around STARTTLS: a conflict that showed only afterwards may be about these very octets, since what was
// inserted in front of the handshake takes the place of what the client really sent.
void claim_at_upgrade(struct claim *c, const struct facts *f, const struct mark *m);
// The claim rests on something that was not seen in octets of this quality: at most suspect unless complete.
void claim_absent(struct claim *c, enum confidence c_max, uint8_t quality);
// A frame that shows it; frame 0 and repeats are left out.
void claim_frame(struct claim *c, const struct mark *m);
void claim_cap(struct claim *c, enum confidence most);
__attribute__((format(printf, 2, 3))) void claim_detail(struct claim *c, const char *format, ...);

// The claim rests on a clear transaction: certain when one was seen to be accepted, suspect when content only looks like it.
void claim_clear_mail(struct claim *c, const struct rule_input *in);

// Clear mail although policy enforces TLS.
bool rule_enforced(const struct rule_input *in);
// Severity of a finding that policy makes worse.
uint8_t rule_severity_if(bool worse, enum severity to);

// A server that answers EHLO without one keyword and has taken no message so far: a tarpit, such as spamd of OpenBSD.
bool rule_tarpit(const struct rule_input *in);
// Both ends are the same machine: nothing was on a wire.
bool rule_loopback(const struct conn_facts *n);

// Who has to act on mail in clear: whoever took STARTTLS away, not the client that then did without. CLAIM_DEFAULT where
// that was the client itself, or nobody knows.
uint8_t rule_clear_subject(const struct rule_input *in);

// STARTTLS was always offered before and is not now (history.c).
bool rule_offer_gone(const struct rule_input *in, struct history_drop *d);

// TLS was asked for and did not come about: how sure, or CONFIDENCE_UNVERIFIABLE when it did not fail.
// `what` (FINDING_DETAIL_MAX octets) says how, `at` where; both may be NULL.
enum confidence rule_handshake_failed(const struct rule_input *in, char *what, struct mark *at);
enum confidence rule_no_handshake(const struct facts *f);
// What somebody on the path did to this session, by which it may have failed.
enum memory_fault rule_injected_fault(const struct facts *f);

// The claim is one of two taps: shown at `client` and at `server` (either may be unset), told once, on the client's side.
void claim_pair(const struct rule_input *in, struct claim *c, const struct mark *client, const struct mark *server);

// ---- TLS (claim_tls.c) ----

// Keys were agreed: what the hellos chose protected something. Before that, or where the handshake failed, the same
// facts explain at most why.
bool rule_agreed(const struct tls_facts *t);
// The suite of the ServerHello, or NULL.
const struct tls_suite *rule_suite(const struct rule_input *in);
// The claim rests on a whole message of the handshake at `m` (also where it says that something is not in it), and is
// this severe when keys were agreed; low before.
void claim_tls(const struct rule_input *in, struct claim *c, const struct mark *m, uint8_t severity);
// A code point by its name, or in hexadecimal.
enum { RULE_POINT_MAX = 64 };
const char *rule_point(char out[RULE_POINT_MAX], const char *name, uint32_t value);

#define RULE(name) bool name(const struct rule_input *in, struct claim *c)
// starttls.c
RULE(rule_not_offered);
RULE(rule_offered_unused);
RULE(rule_masked_keyword);
RULE(rule_ehlo_refused);
RULE(rule_helo_only);
RULE(rule_not_offered_but_sent);
RULE(rule_required_530);
RULE(rule_first_seen_plain);
RULE(rule_offer_malformed);
// stripped.c
RULE(rule_stripped);
// reject.c
RULE(rule_rejected_temp);
RULE(rule_rejected_perm);
RULE(rule_rejected_odd);
RULE(rule_command_mangled);
// upgrade.c
RULE(rule_starttls_no_handshake);
RULE(rule_plaintext_after_220);
RULE(rule_starttls_handshake_failed);
RULE(rule_fallback_plaintext);
RULE(rule_early_clienthello);
// tls_version.c
RULE(rule_version_obsolete);
RULE(rule_client_offers_obsolete);
RULE(rule_downgrade_sentinel);
RULE(rule_fallback_scsv);
RULE(rule_hello_modified);
// tls_suite.c
RULE(rule_cipher_null);
RULE(rule_cipher_export);
RULE(rule_cipher_anon);
RULE(rule_cipher_rc4);
RULE(rule_cipher_des);
RULE(rule_cipher_3des);
RULE(rule_cipher_cbc_sha1);
RULE(rule_cipher_ccm8);
RULE(rule_no_forward_secrecy);
RULE(rule_cbc_no_etm);
// tls_params.c
RULE(rule_dh_small);
RULE(rule_dh_nonstandard);
RULE(rule_curve_weak);
RULE(rule_kex_hash_weak);
RULE(rule_no_ems);
RULE(rule_renego_insecure);
RULE(rule_renego_observed);
RULE(rule_compression);
RULE(rule_heartbeat);
RULE(rule_truncated_hmac);
// tls_hello.c
RULE(rule_early_data);
RULE(rule_no_sni);
RULE(rule_sni_invalid);
RULE(rule_ech);
RULE(rule_alpn_odd);
RULE(rule_pq_absent);
// cert.c
RULE(rule_cert_expired);
RULE(rule_cert_not_yet_valid);
RULE(rule_cert_expiring);
RULE(rule_cert_self_signed);
RULE(rule_cert_untrusted);
RULE(rule_cert_names);
RULE(rule_cert_missing);
RULE(rule_cert_client);
// cert_key.c
RULE(rule_cert_key_weak);
RULE(rule_cert_sig_weak);
RULE(rule_cert_placeholder);
RULE(rule_cert_rpk);
RULE(rule_cert_must_staple);
RULE(rule_cert_revoked);
// dns.c
RULE(rule_mx_divergence);
RULE(rule_double_answer);
RULE(rule_tlsa_stripped);
RULE(rule_sender_queries_tlsa);
RULE(rule_dns_encrypted);
RULE(rule_ad_absent_path);
// injection.c
RULE(rule_injection_command);
RULE(rule_injection_response);
RULE(rule_injection_effect);
RULE(rule_pipelined_not_last);
// exposure.c
RULE(rule_requiretls_violated);
RULE(rule_requiretls_offered);
RULE(rule_exposure_envelope);
RULE(rule_exposure_content);
RULE(rule_submission_plaintext);
RULE(rule_implicit_missing);
RULE(rule_implicit_on_25);
RULE(rule_nonstandard_port);
RULE(rule_lmtp_plaintext);
RULE(rule_relay_probe);
// auth.c
RULE(rule_auth_plain);
RULE(rule_auth_challenge);
RULE(rule_auth_offered);
RULE(rule_auth_bruteforce);
// tampering.c
RULE(rule_rst_injected);
RULE(rule_overlap_conflict);
RULE(rule_seq_desync);
RULE(rule_ttl_anomaly);
RULE(rule_synack_duplicate);
RULE(rule_checksum_content);
RULE(rule_fallback_induced);
// middlebox.c
RULE(rule_banner_rewritten);
RULE(rule_command_filter);
RULE(rule_data_modified);
RULE(rule_pix_dotcrlf);
RULE(rule_proxy_header);
// smuggle.c
RULE(rule_eod_variant);
RULE(rule_smuggle_attempt);
RULE(rule_smuggle_success);
RULE(rule_bare_lf);
RULE(rule_bare_cr);
// syntax.c
RULE(rule_reply_malformed);
RULE(rule_bad_octets);
RULE(rule_line_too_long);
RULE(rule_pipelining_abuse);
RULE(rule_early_talker);
RULE(rule_reply_desync);
RULE(rule_bdat_abuse);
RULE(rule_nested_mail);
RULE(rule_http);
// dane.c
RULE(rule_dane_not_offered);
RULE(rule_dane_plaintext);
RULE(rule_dane_mismatch);
RULE(rule_dane_ta_missing);
RULE(rule_dane_ta_name);
RULE(rule_dane_ta_expired);
RULE(rule_dane_unusable_all);
RULE(rule_dane_unusable_some);
RULE(rule_dane_agility);
RULE(rule_dane_rollover);
RULE(rule_dane_no_rollover);
RULE(rule_dane_bogus);
RULE(rule_dane_indeterminate);
RULE(rule_dane_insecure_mx);
RULE(rule_dane_denial);
RULE(rule_dane_mx_elsewhere);
RULE(rule_dane_mx_cname);
RULE(rule_dane_not_validating);
RULE(rule_dane_ok);
RULE(rule_dane_unverifiable);
RULE(rule_dane_sender_refused);
RULE(rule_dane_submission);
// mtasts.c
RULE(rule_sts_plaintext);
RULE(rule_sts_mx_unlisted);
RULE(rule_sts_certificate);
RULE(rule_sts_testing);
RULE(rule_sts_fetch);
RULE(rule_sts_invalid);
RULE(rule_sts_webpki);
RULE(rule_sts_id);
RULE(rule_sts_removed);
RULE(rule_sts_conflict);
RULE(rule_tlsrpt_absent);
RULE(rule_requiretls_unverifiable);
// policy.c
RULE(rule_policy_abort);
RULE(rule_sni_other);
RULE(rule_nullmx);
RULE(rule_policy_stale);
// history.c
RULE(rule_vanished);
RULE(rule_reply_length);
RULE(rule_alternating);
// history_tls.c
RULE(rule_version_drop);
RULE(rule_cipher_drop);
RULE(rule_client_fingerprint);
// history_cert.c
RULE(rule_cert_changed);
RULE(rule_mitm_suspect);
RULE(rule_shared_key);
// history_path.c
RULE(rule_rst_at_starttls);
RULE(rule_transparent_proxy);
// sensor.c
RULE(rule_one_direction);
RULE(rule_truncated_input);
RULE(rule_trust_store_old);
RULE(rule_of_sensor); // of no session: never holds, the judge tells it (alerts/judge_sensor.c)
// inventory.c
RULE(rule_sensitive_peer);
RULE(rule_unexpected_sender);
RULE(rule_xclient_untrusted);
#undef RULE
