// What the wire showed of one session: the contract between dissect/, which states facts, and alerts/, which judges.
//
// A session is one TCP connection that carries (or was taken to carry) SMTP. `struct facts` is plain data without
// pointers: it is copied by value over the ring, and the judge needs nothing else. Absent and not observable are
// different values here. Text is what the wire carried, octet for octet and bounded: attacker text.
// No message content and no credential is ever stored here (P15).
//
// Written by one worker (flow, stream, smtp, tls fill their parts), read by the judge after it was copied.
#pragma once

#include <stddef.h>

#include "dissect/mark.h"
#include "dissect/stream/facts.h"
#include "dissect/tls/facts.h"

enum { FACTS_TEXT_MAX = 640 }; // all text of a session; 640, because names are mostly below 40 and a clear flow should stay near 1 KiB

// ---- SMTP ----------------------------------------------------------------------------------------------------

enum smtp_hello { HELLO_NONE, HELLO_HELO, HELLO_EHLO, HELLO_LHLO };

// What the reply to the last EHLO/LHLO outside TLS said about STARTTLS.
enum smtp_offer {
	OFFER_NOT_ASKED, // no EHLO was sent, or TLS from the first octet
	OFFER_UNSEEN,    // EHLO sent, its reply not (wholly) captured
	OFFER_NO,        // reply without the keyword, or EHLO refused
	OFFER_YES,       // keyword (or X-ANONYMOUSTLS) on lines 2..n of a 250 reply, usable
	OFFER_MASKED,    // overwritten in place: a run of X
	OFFER_MALFORMED, // there, but not usable by a strict client (see offer_flaws)
};

// Bits of facts.smtp.offer_flaws.
enum smtp_offer_flaw {
	FLAW_LINE_1 = 1,     // the keyword stands on line 1, where only the domain and greeting may be
	FLAW_PARAMETER = 2,  // STARTTLS with a parameter
	FLAW_CODE = 4,       // on a line whose code is not 250
	FLAW_BARE_LF = 8,    // the line ends in LF only
	FLAW_AFTER_LAST = 16 // after the final "250 " line
};

// Bits of facts.smtp.caps: keywords of the last EHLO reply outside TLS.
enum smtp_cap {
	CAP_STARTTLS = 1 << 0,
	CAP_PIPELINING = 1 << 1,
	CAP_CHUNKING = 1 << 2,
	CAP_8BITMIME = 1 << 3,
	CAP_SMTPUTF8 = 1 << 4,
	CAP_REQUIRETLS = 1 << 5,
	CAP_AUTH = 1 << 6,
	CAP_XCLIENT = 1 << 7,
	CAP_XFORWARD = 1 << 8,
	CAP_X_ANONYMOUSTLS = 1 << 9,
	CAP_SIZE = 1 << 10,
	CAP_DSN = 1 << 11,
	CAP_BINARYMIME = 1 << 12,
	CAP_ENHANCEDSTATUSCODES = 1 << 13,
	CAP_XCODE = 1 << 14, // any other keyword
	CAP_PIPE_CONNECT = 1 << 15, // a client that knows the server may send its first group behind EHLO (Exim)
};

// SASL mechanisms; bit (1 << n) in facts.smtp.auth_offered.
enum smtp_mech {
	MECH_NONE,
	MECH_PLAIN,
	MECH_LOGIN,
	MECH_CRAM_MD5,
	MECH_DIGEST_MD5,
	MECH_NTLM,
	MECH_SCRAM, // any SCRAM-*
	MECH_GSSAPI, // and GSS-SPNEGO, KERBEROS_V4
	MECH_XOAUTH2,
	MECH_OAUTHBEARER,
	MECH_EXTERNAL,
	MECH_ANONYMOUS,
	MECH_OTHER,
};

// What the first octets of the client were after STARTTLS was answered 2xx.
enum smtp_after_220 { AFTER_NOTHING, AFTER_TLS, AFTER_VERB, AFTER_OTHER };

// How a clear transaction (MAIL answered 2xx outside TLS, or shown by a 354 or by accepted content, docs/design/0008)
// came to be clear. Judged at the moment of each transaction; facts.smtp.clear[] counts per kind.
enum clear_kind {
	CLEAR_AFTER_HANDSHAKE_FAIL, // after a 2xx to STARTTLS whose handshake did not complete
	CLEAR_AFTER_REJECT,         // after STARTTLS was answered other than 2xx
	CLEAR_OFFERED_UNUSED,       // last EHLO before it offered STARTTLS
	CLEAR_NOT_OFFERED,          // last EHLO before it lacks a usable offer
	CLEAR_HELO_ONLY,            // HELO only, no greeting command at all, or EHLO refused
	CLEAR_UNKNOWN,              // what came before was not captured well enough to say which
	CLEAR_N,
};

// Non-standard ends of data seen inside DATA. Bits of facts.smtp.eod_variants. RFC 5321 4.1.1.4, 2.3.8.
enum smtp_eod {
	EOD_LF_LF = 1 << 0,       // <LF>.<LF>
	EOD_LF_CRLF = 1 << 1,     // <LF>.<CR><LF>
	EOD_CRLF_LF = 1 << 2,     // <CR><LF>.<LF>
	EOD_CR_CR = 1 << 3,       // <CR>.<CR>
	EOD_CR_CRLF = 1 << 4,     // <CR>.<CR><LF>
	EOD_CRLF_CR = 1 << 5,     // <CR><LF>.<CR>, not followed by LF
	EOD_LF_CR = 1 << 6,       // <LF>.<CR>, not followed by LF
	EOD_NUL = 1 << 7,         // <CR><LF><NUL>.<CR><LF>
	EOD_CRLF_CRCRLF = 1 << 8, // <CR><LF>.<CR><CR><LF>: senders dot-stuff it, so no more than information
};

// Bits of facts.smtp.oddities: things that are simply so, each with a finding or an anomaly of its own.
enum smtp_oddity {
	ODD_REPLY_NO_CODE = 1 << 0,      // a reply line without three digits
	ODD_REPLY_MIXED_CODE = 1 << 1,   // lines of one reply carry different codes
	ODD_REPLY_NO_CRLF = 1 << 2,      // a reply line ended by LF alone, or by nothing at all
	ODD_REPLY_HYPHEN_LAST = 1 << 3,  // a reply ended by a "nnn-" line (next reply or command followed)
	ODD_NESTED_MAIL = 1 << 4,        // MAIL inside a transaction
	ODD_BDAT_SYNTAX = 1 << 5,        // BDAT without a proper size
	ODD_BDAT_NO_LAST = 1 << 6,       // chunks, then another command without LAST
	ODD_BDAT_MIXED = 1 << 7,         // DATA inside a BDAT transaction or the reverse
	ODD_HTTP = 1 << 8,               // an HTTP request line on the mail port
	ODD_XCLIENT = 1 << 9,
	ODD_XFORWARD = 1 << 10,
	ODD_PROXY_V1 = 1 << 11,          // PROXY protocol header before SMTP
	ODD_PROXY_V2 = 1 << 12,
	ODD_EARLY_TALKER = 1 << 13,      // the client spoke before it had seen any of the greeting, or of its last line
	ODD_PIPELINE_UNOFFERED = 1 << 14, // several commands in flight though PIPELINING was not offered
	ODD_PIPELINE_SYNC = 1 << 15,     // commands sent across a synchronisation point (EHLO, DATA, STARTTLS ...)
	ODD_PIX_DOT = 1 << 16,           // the end-of-data sequence split over segments with a pause
	ODD_REPLY_EXTRA = 1 << 17,       // a reply without a command
	ODD_LINE_UNBOUNDED = 1 << 18,    // a line beyond our buffer; its rest was counted, not read
	ODD_TOO_MANY_PENDING = 1 << 19,  // more commands in flight than we remember
	ODD_VRFY = 1 << 20,              // VRFY or EXPN
	ODD_BANNER_MULTILINE = 1 << 21,
	ODD_SSLV2_HELLO = 1 << 22,
};

// Those of them that a finding rests on, in facts.smtp.odd_mark[].
enum smtp_odd_at {
	ODD_AT_NESTED_MAIL,
	ODD_AT_BDAT, // any of the three
	ODD_AT_HTTP,
	ODD_AT_PROXY, // either version
	ODD_AT_EARLY_TALKER,
	ODD_AT_PIPELINE_UNOFFERED,
	ODD_AT_PIPELINE_SYNC,
	ODD_AT_PIX_DOT,
	ODD_AT_XCLIENT, // or XFORWARD
	ODD_AT_N,
};

enum { FACTS_TAPS = 8 }; // taps of one process; 8, because a box has two sides and a site few boxes

enum { FACTS_RCPT_DOMAINS = 8 }; // 8, because a session beyond that reports the count and the strictest anyway

struct smtp_facts {
	bool seen; // some SMTP was recognised in the clear
	// Greeting.
	uint16_t greeting_code; // 0: not seen
	bool greeting_masked;   // only of "2", "0", "*", space after the code (Cisco mask-banner)
	struct mark greeting_mark;
	struct text banner;     // text of the first line, after the code
	// Hello.
	uint8_t hello;          // enum smtp_hello, the last one sent outside TLS
	uint8_t n_ehlo;         // saturating; EHLO or LHLO outside TLS
	uint8_t n_helo;
	uint16_t ehlo_refused_code; // 0, or the code that refused the last EHLO that was refused
	struct mark helo_mark;
	struct mark ehlo_refused_mark;
	struct text helo;       // the client's name
	struct text server_name; // first word of line 1 of the EHLO/HELO reply
	// Offer.
	uint8_t offer;          // enum smtp_offer
	uint8_t offer_flaws;    // enum smtp_offer_flaw bits
	uint8_t offer_line;     // line of the reply it stood on, 1 = first; 0 none
	uint8_t n_masked_lines; // further reply lines that are runs of X
	struct text masked;     // the masked keyword line
	struct mark offer_mark; // the final line of that EHLO reply
	uint32_t caps;          // enum smtp_cap bits
	uint64_t ehlo_digest;   // of lines 2..n of that reply in any order, digits and case apart, without lines that are STARTTLS or
				// masked. Odd when the reply was whole; 0: refused, or none. XXH3, unkeyed
	uint16_t ehlo_len;      // octets of these lines and of those that offer STARTTLS, a run of digits counted as one; saturating
	uint16_t auth_offered;  // bits 1 << enum smtp_mech, in the last EHLO reply outside TLS
	// STARTTLS, outside TLS.
	uint8_t n_starttls;         // times sent (X-ANONYMOUSTLS counts)
	bool starttls_anonymous;    // the verb was X-ANONYMOUSTLS
	bool starttls_parameter;    // the last one carried a parameter
	bool starttls_in_mail;      // sent inside a transaction
	bool starttls_unoffered;    // sent though the last EHLO reply (seen) did not offer it
	uint16_t starttls_code;     // reply to the last one; 0: none seen
	struct mark starttls_mark;  // the command
	struct mark starttls_reply_mark;
	struct text starttls_reply; // its text
	uint16_t starttls_rejected_code; // last reply other than 2xx, kept though a later try worked
	struct mark starttls_rejected_mark;
	uint16_t starttls_odd_code; // a 2xx/3xx other than 220
	uint8_t after_220;          // enum smtp_after_220
	struct mark after_220_mark;
	bool early_clienthello;     // TLS octets sent before the client could have seen the 220
	uint16_t injected_c2s;      // octets between "STARTTLS CRLF" and TLS that are not TLS, saturating
	bool injected_c2s_verb;     // among them an SMTP verb at a line start (else: padding)
	uint16_t injected_s2c;      // octets after the final 220 line and before TLS, saturating
	bool injected_s2c_reply;    // among them a line that begins like a reply (else: padding)
	bool pipelined_after_starttls; // further command lines sent in the same group as STARTTLS
	struct mark injected_c2s_mark;
	struct mark injected_s2c_mark;
	// Mangled commands (runs of X where a verb belongs).
	uint8_t n_mangled;          // saturating
	uint8_t mangled_len;        // length of the first one
	uint16_t mangled_code;      // reply to the first one; 0 none seen
	struct mark mangled_mark;
	uint16_t filtered_code;     // 500/502 answered to a standard verb (not STARTTLS, EHLO, VRFY, EXPN, HELP); 0 none
	struct text filtered_verb;
	struct mark filtered_mark;
	// 530 whose text speaks of TLS.
	uint16_t n_530;
	struct mark mark_530;
	// Authentication outside TLS.
	uint8_t auth_mech;          // enum smtp_mech of the last AUTH, or of an earlier one that gave a readable secret away
	bool auth_accepted;         // 235 seen
	bool auth_sent_secret;      // credentials or a token went over the wire (initial response or after 334)
	uint16_t n_auth;            // AUTH commands
	uint16_t n_auth_failed;     // 535 and other 5xx/4xx to AUTH
	uint8_t auth_refused_first; // 1: refused (5xx) before any secret was sent
	struct text auth_name;      // mechanism as written, when its name is known; else "other"
	struct mark auth_mark;
	struct mark auth_reply_mark;
	// Mail outside TLS.
	uint32_t n_mail;            // MAIL commands sent
	uint32_t n_mail_ok;         // answered 2xx: clear transactions (or shown by 354/content where that reply is missing)
	uint32_t n_rcpt;            // RCPT commands sent
	uint32_t n_rcpt_ok;         // answered 2xx
	uint32_t n_rcpt_refused;    // answered 4xx/5xx
	uint32_t n_rcpt_relay;      // refused 550/551/553/554/454 with a text that speaks of relaying
	uint32_t n_messages;        // content transferred (354 or BDAT, with octets)
	uint32_t n_messages_ok;     // ... and answered 2xx
	uint64_t content_octets;    // of all content outside TLS
	uint32_t clear[CLEAR_N];    // clear transactions by kind
	struct mark clear_mark[CLEAR_N]; // the reply (or content) that made the first of each kind
	struct mark mail_mark;      // first MAIL command
	struct mark mail_ok_mark;   // its acceptance
	struct mark content_mark;   // first content octet; of content that is no guess, where there is such
	bool content_guessed;       // the reply to DATA was not seen: that it is content was told by a line that is no command
	uint32_t n_mail_guessed;    // of n_mail_ok: shown by such content alone
	struct text from_domain;    // of the last MAIL; absent for <>
	struct text from_local;     // kept only when the worker was told to keep the whole envelope
	struct text rcpt_domain[FACTS_RCPT_DOMAINS];
	struct text rcpt_local;     // of the first RCPT, likewise
	uint8_t n_rcpt_domains;     // distinct ones stored
	uint16_t n_rcpt_domains_all; // distinct ones met, as far as the stored ones can tell
	uint64_t envelope_digest;   // of MAIL and RCPT paths of the first transaction, case-folded; 0 none
	uint64_t hello_digest;      // of the client's name; 0 none
	uint64_t content_digest;    // of all content outside TLS, keyed for this run (docs/design/0015); 0 none, or not wanted
	bool requiretls_param;      // REQUIRETLS on a MAIL outside TLS
	bool smtputf8_param;
	bool null_sender;           // MAIL FROM:<>
	struct mark requiretls_mark;
	struct mark relay_mark;
	// Line ends, smuggling, syntax.
	uint16_t eod_variants;      // enum smtp_eod bits
	bool eod_then_verb;         // a variant (not EOD_CRLF_CRCRLF) directly followed by an SMTP verb line
	bool eod_effect;            // the server answered it as commands
	struct mark eod_mark;
	struct mark eod_verb_mark;
	struct mark eod_effect_mark;
	uint32_t bare_lf_command, bare_lf_data; // saturating counts
	uint32_t bare_cr_command, bare_cr_data;
	uint32_t n_bad_octets;      // NUL or 8-bit in commands, SMTPUTF8 not in use
	uint32_t long_command, long_text, long_reply; // lines beyond RFC 5321 4.5.3.1
	uint32_t oddities;          // enum smtp_oddity bits
	struct mark odd_mark[ODD_AT_N]; // the first of each kind; means something when its bit is set
	struct mark line_end_mark;  // first bare LF or CR
	struct mark bad_octet_mark;
	struct mark malformed_mark; // first malformed reply line
	uint16_t n_unmatched;       // replies that fit no command, without a gap to explain them; not a refusal or 221 that
				    // was the server's last word: it gave up waiting
	uint16_t n_astray;          // 2xx and 3xx among them: the server took for a command what was read as something else
	struct mark unmatched_mark; // the first; means something when there are any
	bool quit;                  // QUIT seen outside TLS
	uint16_t last_code;         // last reply code outside TLS
};

// ---- the connection ------------------------------------------------------------------------------------------

enum session_end { END_OPEN, END_FIN, END_RST, END_IDLE, END_EOF, END_EVICTED, END_REUSE };

// Whose FIN came first; unknown where there was none, or both were sent at once.
enum session_closed { CLOSED_UNKNOWN, CLOSED_BY_CLIENT, CLOSED_BY_SERVER };

enum session_role { ROLE_UNKNOWN, ROLE_RELAY, ROLE_SUBMISSION, ROLE_LMTP };

struct conn_facts {
	uint8_t src[16], dst[16];  // client, server; IPv4 in the first four octets, rest zero
	uint16_t src_port, dst_port;
	uint8_t ip_v;              // 4 or 6
	uint8_t tap;               // where it was seen: index in the list of taps, below FACTS_TAPS
	uint8_t n_vlan;
	uint16_t vlan[2];          // outer first
	uint32_t isn[2];           // by direction; meaningful when syn[] is set
	bool syn[2];               // SYN (c2s), SYN/ACK (s2c) seen
	bool fin[2];               // FIN, in sequence
	bool rst[2];               // validated RST by sender
	uint8_t closed_first;      // enum session_closed, while the session was read
	bool payload[2];           // payload seen
	bool midstream;            // no SYN at all
	bool server_guessed;       // who is the server was told by port numbers only
	bool snaplen_cut;          // a packet of this connection was cut
	bool ambiguous;            // overlapping octets differed while it mattered
	bool evicted_bytes;        // reassembly had to drop octets for memory
	uint8_t end;               // enum session_end; END_OPEN in a message told before the end
	uint16_t gaps[2];          // holes that were given up, saturating
	uint64_t missed[2];        // octets in them
	uint64_t pkts[2], octets[2]; // packets and wire octets (link layer included) by direction
	uint64_t payload_octets[2];
	uint64_t after_seal[2];    // of them, after TLS was sealed: set when it ends
	uint64_t start_ns, last_ns; // packet time
	uint64_t answer_ns;         // packet time of the server's first payload that was captured; 0 none
	uint32_t first_frame, last_frame;
	uint16_t file;             // index of the input file of the first packet
	uint32_t bad_checksums;    // segments ignored for their checksum
	uint32_t retransmits, reordered, overlaps_differ;
	uint32_t strays;           // payload segments dropped because their numbers fit nothing; each makes it ambiguous
	struct mark conflict_mark;
	uint8_t role;              // enum session_role: by port, or LHLO
	bool known_port;           // one of capture.ports_tcp
	bool outside_mail;         // TLS of something that is no mail, told because capture.tls_outside_mail asks for it
};

// Packet time of its beginning in whole seconds since the epoch; 0: the capture has no clock.
static inline int64_t conn_start_s(const struct conn_facts *c)
{
	return (int64_t)(c->start_ns / 1000000000);
}

struct facts {
	uint64_t birth;            // packet.seq of the connection's first packet: names the session everywhere
	struct conn_facts conn;
	struct path_facts path;
	struct smtp_facts smtp;
	struct tls_facts tls;
	uint16_t text_used;
	uint8_t text[FACTS_TEXT_MAX]; // last member: only text_used octets of it travel
};

// Octets of `f` that mean something: what a copy has to take.
static inline size_t facts_len(const struct facts *f)
{
	return offsetof(struct facts, text) + f->text_used;
}

// Stores at most `max` octets of `p`; what does not fit is dropped. Storing again into the same `t` reuses its
// room when the new text is not longer.
void facts_set_text(struct facts *f, struct text *t, const void *p, size_t len, size_t max);

static inline const uint8_t *facts_text(const struct facts *f, struct text t)
{
	return f->text + t.off;
}
