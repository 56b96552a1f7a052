// The catalogue of findings, sorted by signature number: one file of rows a family, so that each stays readable.
//
// How `subsumed_by` is filled in: an ordinary bad session should give an analyst one alert, named after the cause.
// A row lists the findings that, when they are told in the same session, already tell it:
//   - the effect lists its causes (mail in clear lists every way STARTTLS got lost);
//   - the weaker sign lists the stronger one of the same thing (an odd end of data lists the attempt, the attempt
//     lists the success; an offer of passwords in clear lists the password in clear);
//   - the symptom lists the mark of the box that makes it (not offered lists masked).
//   - what merely accompanies a cause of the same subject lists that cause (a client's bare LF lists the ways in which
//     a client sends mail in clear).
// Two rows may list each other where either can be the louder one: severity decides, then the later row. Beyond such
// pairs the lists have no cycles. Different attacks never list each other, however often they meet: a password in
// clear, smuggling, injection and the residue of stripping stay alerts of their own. The judge applies the lists only
// when the other finding becomes an alert itself and is not less severe (alerts/judge_tell.c), so nothing loud is
// hidden behind something quiet, disabled or merely informative.
//
// Categories are a closed set, see tests/unit/alerts/test_catalogue.c. Technique ids are those of MITRE ATT&CK
// Enterprise v17.
#include "alerts/finding.h"

// Lists that many rows share. A row may stand in a list it uses: it never tells itself.
#define SERVER_CAUSES \
	"starttls.not-offered starttls.ehlo-refused-helo-fallback starttls.rejected-temp starttls.rejected-perm " \
	"starttls.rejected-odd-code starttls.handshake-failed"
#define CLEAR_CAUSES \
	SERVER_CAUSES " starttls.stripped starttls.vanished starttls.offered-unused starttls.masked-keyword starttls.helo-only " \
	"starttls.command-mangled " \
	"starttls.no-handshake starttls.plaintext-after-220 starttls.fallback-plaintext starttls.fallback-induced"
#define CREDENTIALS "auth.cleartext-plain auth.cleartext-challenge"
#define CLIENT_CAUSES \
	"starttls.offered-unused starttls.helo-only starttls.no-handshake starttls.plaintext-after-220 " \
	"starttls.fallback-plaintext exposure.content submission.plaintext smtp.nonstandard-port mail.relay-probe " \
	"smtp.http-on-smtp " CREDENTIALS
#define SLOPPY \
	"smtp.bare-lf smtp.bare-cr smtp.nul-or-8bit-command smtp.pipelining-abuse smtp.early-talker smtp.bdat-abuse"
#define CLIENT_SIDE CLIENT_CAUSES " " SLOPPY " smtp.implicit-tls-on-25 starttls.pipelined-not-last starttls.early-clienthello"
#define SMUGGLING "smuggle.eod-variant smuggle.attempt smuggle.success"

// How weak TLS is told: one alert names the worst of what a server agreed to, the rest stands in `related`. NULL and EXPORT
// tell everything; a small group and an obsolete version tell the ciphers of their time; certificates tell what is as
// quiet as they are. What happened before TLS, and a failed handshake, tell the quiet ones too.
#define TLS_BROKEN "tls.cipher-null tls.cipher-export"
#define TLS_WORST TLS_BROKEN " tls.version-obsolete tls.dh-small"
#define TLS_STRONG TLS_WORST " cert.revoked-staple"
#define TLS_HIGH TLS_STRONG " tls.cipher-rc4 tls.cipher-des cert.key-weak"
#define TLS_MEDIUM \
	"tls.cipher-3des tls.no-forward-secrecy tls.curve-weak tls.kex-hash-weak tls.renego-insecure tls.compression " \
	"cert.sig-weak"
#define TLS_CERT "cert.expired cert.not-yet-valid cert.self-signed cert.untrusted-chain cert.name-mismatch"
#define TLS_LOW \
	"tls.cipher-cbc-sha1 tls.cipher-ccm8 tls.dh-nonstandard tls.no-ems tls.renego-observed tls.heartbeat " \
	"tls.truncated-hmac cert.ocsp-must-staple-missing"
#define TLS_CLIENT "tls.fallback-scsv tls.alpn-odd tls.client-offers-obsolete tls.early-data tls.sni-ip-or-invalid"
#define SERVER_SIDE \
	SERVER_CAUSES " auth.offered-cleartext requiretls.offered-cleartext starttls.offer-malformed " \
		      "submission.implicit-missing lmtp.plaintext"

const struct catalogue_row catalogue[] = {
#include "alerts/catalogue_offer.inc"
#include "alerts/catalogue_upgrade.inc"
#include "alerts/catalogue_version.inc"
#include "alerts/catalogue_suite.inc"
#include "alerts/catalogue_params.inc"
#include "alerts/catalogue_hello.inc"
#include "alerts/catalogue_cert.inc"
#include "alerts/catalogue_status.inc"
#include "alerts/catalogue_dane.inc"
#include "alerts/catalogue_sts.inc"
#include "alerts/catalogue_path.inc"
#include "alerts/catalogue_dns.inc"
#include "alerts/catalogue_tcp.inc"
#include "alerts/catalogue_middlebox.inc"
#include "alerts/catalogue_exposure.inc"
#include "alerts/catalogue_dialogue.inc"
#include "alerts/catalogue_sensor.inc"
};
const size_t catalogue_n = sizeof(catalogue) / sizeof(catalogue[0]);
