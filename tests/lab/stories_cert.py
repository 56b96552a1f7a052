"""The stories of certificates: each leaf of certificates.py on a real server. TLS 1.2, because under 1.3 nobody sees them."""
import certificates as c
import servers as s
import tls_ends as t
from stories import Story
from stories_tls import keep_root
from tls_ends import BYE, EHLO, QUIT, gnutls_cli, postfix, s_client

SERVED = "a Postfix server limited to TLS 1.2 with a certificate of the lab's own authorities (tests/lab/certificates.py), openssl s_client."
STORE = " ca.pem is the trust store: the lab's root."
SNI = "-servername mx.rcpt.example"


def shown(name, what, why, cert, sni=SNI, more=s.TLS_12):
    """A mail to a Postfix that shows this certificate."""
    return Story(name, what, why, SERVED + STORE, postfix(more, cert), s_client(sni, EHLO, QUIT), keep=keep_root)


def stapling(revoked):
    """s_server with a stapled response for a certificate that demands one."""
    def serve(client):
        response = c.staple("must-staple", revoked)
        return t.s_server(f"-rev -tls1_2 -status_file {response}", "must-staple")(client)
    return serve


def raw_key(client):
    """gnutls-serv with a raw public key."""
    c.make("p-256")
    public = c.CERTS / "p-256.pub"
    s.sh(["openssl", "pkey", "-in", c.CERTS / "p-256.key", "-pubout", "-out", public])
    return t.gnutls_serv(["--rawpkkeyfile", "{certs}/p-256.key", "--rawpkfile", "{certs}/p-256.pub", "--priority",
                          "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CTYPE-ALL:+CTYPE-SRV-RAWPK:+CTYPE-CLI-X509"], None)(client)


STORIES = [
    shown("cert-good", "A certificate that is right in every way.", "must stay silent: chain, name, dates, key.", "good"),
    shown("cert-expired", "A certificate that ended 20 days ago.", "nobody renewed it.", "expired"),
    shown("cert-not-yet-valid", "A certificate that is not valid yet.", "a clock is wrong, or somebody was too early.", "not-yet-valid"),
    shown("cert-expiring", "A certificate with five days left.", "the last moment to renew it.", "expiring"),
    shown("cert-self-signed", "A self-signed certificate.", "usual for SMTP; no path to any store.", "self-signed"),
    shown("cert-sha1-self-signed", "A self-signed certificate, signed with SHA-1.", "a certificate's signature by itself protects nothing: not weak.",
          "sha1-self-signed"),
    shown("cert-other-authority", "A whole chain to a root that is not in the store.", "untrusted, though nothing is missing.", "other-authority"),
    shown("cert-incomplete", "The intermediate certificate is not sent.", "the commonest mistake of all.", "incomplete"),
    shown("cert-wrong-name", "The certificate is another host's; the client asked for mx.rcpt.example.", "a name that differs from the SNI.", "wrong-name"),
    shown("cert-common-name-only", "The name stands in the CN only.", "RFC 9525: the CN is no name.", "common-name-only"),
    shown("cert-wildcard", "A certificate for *.rcpt.example.", "must stay silent: one leftmost label.", "wildcard"),
    shown("cert-many-names", "A certificate with 251 names.", "the Certificate message is longer than many segments.", "many-names"),
    shown("cert-rsa-1024", "An RSA key of 1024 bits.", "can be factored.", "rsa-1024", more=t.ciphers("ALL")),
    shown("cert-rsa-1024-intermediate", "An intermediate with an RSA key of 1024 bits.", "a chain is as strong as its weakest key.", "rsa-1024-intermediate",
          more=t.ciphers("ALL")),
    shown("cert-sha1", "A leaf signed with SHA-1 by its authority.", "such signatures can be forged.", "sha1", more=t.ciphers("ALL")),
    shown("cert-sha1-intermediate", "An intermediate signed with SHA-1.", "the same one step higher.", "sha1-intermediate", more=t.ciphers("ALL")),
    shown("cert-md5", "A leaf signed with MD5 by its authority.", "forged in 2008.", "md5", more=t.ciphers("ALL")),
    shown("cert-p256", "An ECDSA key on P-256.", "must stay silent: 256 bits are enough.", "p-256"),
    shown("cert-p224", "An ECDSA key on P-224.", "below 256 bits.", "p-224", "-tls1_2 -cipher ALL:@SECLEVEL=0 -groups X25519:P-256:P-224 " + SNI, t.ciphers("ALL")),
    shown("cert-ed25519", "An Ed25519 key.", "must stay silent.", "ed25519"),
    shown("cert-google-placeholder", "A certificate with the text of Google's placeholder for clients without SNI; no SNI was sent.",
          "means that the client sent no name, not that somebody stands between. The text is Google's, the key is ours.", "google-placeholder", ""),
    Story("cert-exim-default", "The certificate that Exim makes for itself when it has none.", "a default that nobody replaced.",
          "an Exim server without tls_certificate, openssl s_client.",
          lambda client: s.exim("tls_advertise_hosts = *\ntls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS1.2" + s.EXIM_NO_AUTH), s_client("", EHLO, QUIT)),
    Story("cert-raw-public-key", "The server shows a raw public key (RFC 7250).", "no certificate, and none is missing.",
          "gnutls-serv behind tests/lab/bridge.py, gnutls-cli.", raw_key,
          gnutls_cli("NORMAL:-VERS-ALL:+VERS-TLS1.2:-CTYPE-ALL:+CTYPE-SRV-RAWPK:+CTYPE-CLI-X509", parts=(EHLO, QUIT))),
    Story("cert-must-staple-missing", "The certificate demands a stapled status, the client asks for one, and none comes.", "RFC 7633.",
          SERVED + STORE, postfix(s.TLS_12, "must-staple"), s_client("-status " + SNI, EHLO, QUIT), keep=keep_root),
    Story("cert-staple-good", "The same certificate with its status: good.", "must stay silent.",
          "OpenSSL's s_server -status_file behind tests/lab/bridge.py, openssl s_client -status." + STORE, stapling(False),
          s_client("-status " + SNI, EHLO, BYE, quiet=""), keep=keep_root),
    Story("cert-staple-revoked", "The same certificate with its status: revoked.", "its own authority takes it back.",
          "OpenSSL's s_server -status_file behind tests/lab/bridge.py, openssl s_client -status." + STORE, stapling(True),
          s_client("-status " + SNI, EHLO, BYE, quiet=""), keep=keep_root),
    Story("cert-rejected-expired", "The client refuses an expired certificate: alert 45.", "TLS 1.2: the reason is visible.", SERVED,
          postfix(s.TLS_12, "expired"), s_client("-CAfile {certs}/root.pem -verify_return_error " + SNI, QUIT), keep=keep_root),
]
