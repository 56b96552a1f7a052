"""The stories of TLS in depth: versions, suites, key exchange, extensions, resumption, key logs. Certificates: stories_cert.py."""
import pathlib
import shutil

import certificates as c
import servers as s
import tls_ends as t
from place import LAB, MX4
from stories import Story, attacked, swaks
from tls_ends import BYE, EHLO, QUIT, both, ciphers, exim, gnutls_cli, postfix, s_client

PF, EX, SC, GC = "a Postfix server, ", "an Exim server (GnuTLS), ", "openssl s_client.", "gnutls-cli."
BRIDGE = " Neither knows SMTP's STARTTLS: tests/lab/bridge.py says it for them."
OPEN = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
G12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2"
WEAK_CLIENT = f"-tls1_2 -cipher {OPEN}"


def keep_root(folder):
    """The trust store comes into the story."""
    shutil.copy(c.ROOT, folder / "ca.pem")


def keep_keys(wrong=False):
    """The client's key log comes into the story; the wrong one has every secret's last octets changed."""
    def keep(folder):
        lines = (LAB / "keys.log").read_text(encoding="ascii").splitlines()
        lines = [l for l in lines if l and not l.startswith("#")]
        if wrong:
            lines = [l[:-8] + ("0" * 8 if l[-8:] != "0" * 8 else "1" * 8) for l in lines]
        (folder / "keys.log").write_text("\n".join(lines) + "\n", encoding="ascii")
    return keep


def fresh_keys(client):
    """No key log of an earlier story."""
    pathlib.Path(LAB / "keys.log").unlink(missing_ok=True)
    t.run(client, "true")


def psk_only():
    """GnuTLS with a pre-shared key and no Diffie-Hellman."""
    (LAB / "psk.txt").write_text("lab:9a1c0f5e7d3b2a486c5d4e3f2a1b0c9d\n", encoding="ascii")


PSK = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-KX-ALL:+PSK"


def psk_server(client):
    """gnutls-serv with that key."""
    psk_only()
    return t.gnutls_serv(["--pskpasswd", "{lab}/psk.txt", "--priority", PSK], None)(client)


def config(text, more, *parts):
    """s_client under a configuration of OpenSSL."""
    write, before = t.openssl_config(text)
    return both(write, s_client(more, *parts, before=before))


STORIES = [
    # ---- versions
    Story("tls11-exim", "A mail over STARTTLS with TLS 1.1.", "TLS below the floor, certificate visible.",
          EX + "swaks as client.", exim("NORMAL:-VERS-ALL:+VERS-TLS1.1"), swaks("-tls --tls-protocol tlsv1_1 --tls-cipher ALL:@SECLEVEL=0")),
    Story("tls-ssl3", "STARTTLS, then SSL 3.0 with 3DES.", "SSL is dead since 2015 (RFC 7568); OpenSSL and GnuTLS of today no longer have it.",
          "NSS' selfserv as server, NSS' tstclnt as client." + BRIDGE, t.selfserv("-V", "ssl3:ssl3", "-c", "d"), t.tstclnt("-V ssl3:ssl3 -c d")),
    Story("tls-sslv2-hello", "A ClientHello in SSLv2's form that offers up to TLS 1.2, and gets it.",
          "the form of the hello is not the version: nothing obsolete was negotiated; such a hello has no extensions.",
          PF + "Java's JSSE (SSLv2Hello) as client." + BRIDGE, postfix(s.TLS_12), t.java_client("SSLv2Hello,TLSv1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256"), needs=("java",)),
    Story("tls-client-offers-tls10", "The client offers TLS 1.0 at most, and gets it.", "the sender's fault as well.",
          "a Postfix server that also allows TLS 1.0, " + GC, postfix(ciphers(OPEN, ">=TLSv1")), gnutls_cli("NORMAL:-VERS-ALL:+VERS-TLS1.0")),
    Story("tls-client-offers-tls10-refused", "The client offers TLS 1.0 at most, and the server wants 1.2.",
          "an old device that can no longer send: alert 70.", "a Postfix server of today, " + GC,
          postfix(s.TLS_ON + "\nsmtpd_tls_protocols = >=TLSv1.2"), gnutls_cli("NORMAL:-VERS-ALL:+VERS-TLS1.0")),
    Story("tls-fallback-refused", "A client says that it tries again with less (TLS_FALLBACK_SCSV), and is refused.",
          "alert 86: somebody or something made TLS 1.3 fail before (RFC 7507).", PF + SC, postfix(s.TLS_ON),
          s_client("-tls1_2 -fallback_scsv", QUIT)),
    Story("tls-fallback-accepted", "A client says that it tries again with less, and the server has no more.",
          "the same without a refusal.", "a Postfix server limited to TLS 1.2, " + SC, postfix(s.TLS_12),
          s_client("-tls1_2 -fallback_scsv", EHLO, QUIT)),
    Story("tls-downgraded-by-path", "A man on the path hides that the client knows TLS 1.3; the server's random says so, and the client aborts.",
          "RFC 8446 4.1.3 at work: the sentinel and a hello that offered more, then alert 47.",
          "a Postfix server behind tests/lab/rewriter.py hide-tls13, swaks as client.", attacked("hide-tls13"), swaks("-tls")),
    Story("tls-downgraded-by-path-gnutls", "The same down to TLS 1.1, against a client made with GnuTLS.", "the other sentinel, another client.",
          "a Postfix server that also allows TLS 1.1 behind tests/lab/rewriter.py hide-tls12, " + GC,
          attacked("hide-tls12", ciphers(OPEN, ">=TLSv1")), gnutls_cli("NORMAL:+VERS-TLS1.1", parts=(QUIT,))),
    Story("tls12-sentinel-normal", "A client of TLS 1.2 at a server of TLS 1.3: its random has the sentinel.",
          "must stay silent: the client did not offer more.", PF + "swaks limited to TLS 1.2.", postfix(s.TLS_ON), swaks("-tls --tls-protocol tlsv1_2")),
    Story("tls-suite-changed-by-path", "A man on the path changes the suite in the ServerHello to one that was not offered.",
          "a ServerHello that answers another hello.", "a Postfix server behind tests/lab/rewriter.py other-suite, swaks limited to TLS 1.2.",
          attacked("other-suite"), swaks("-tls --tls-protocol tlsv1_2")),
    Story("tls-ems-removed-by-path", "A man on the path hides extended_master_secret from the server; the Finished messages differ.",
          "the handshake fails with an alert about its own integrity, though both hellos look fine.",
          "a Postfix server behind tests/lab/rewriter.py hide-ems, swaks limited to TLS 1.2.", attacked("hide-ems", s.TLS_12), swaks("-tls")),
    Story("tls-random-changed-by-path", "A man on the path turns one bit of the client's random; the server's signature is wrong.",
          "alert 51 of the client.", "a Postfix server behind tests/lab/rewriter.py other-random, swaks limited to TLS 1.2.",
          attacked("other-random", s.TLS_12), swaks("-tls")),
    # ---- suites
    Story("tls-cipher-null", "TLS 1.2 with a suite that encrypts nothing.", "everybody reads along; what stands in it must not be told either.",
          PF + SC, postfix(ciphers("eNULL")), s_client(WEAK_CLIENT.replace(OPEN, "eNULL:@SECLEVEL=0"))),
    Story("tls-cipher-export", "EXPORT: RC4 with 40 bits, an RSA key of 512.", "FREAK's suite, negotiated.", "Java's JSSE at both ends." + BRIDGE,
          t.java_server("TLSv1", "SSL_RSA_EXPORT_WITH_RC4_40_MD5"), t.java_client("TLSv1", "SSL_RSA_EXPORT_WITH_RC4_40_MD5"), needs=("java",)),
    Story("tls-cipher-des", "Single DES.", "56 bits.", "Java's JSSE at both ends." + BRIDGE,
          t.java_server("TLSv1", "SSL_RSA_WITH_DES_CBC_SHA"), t.java_client("TLSv1", "SSL_RSA_WITH_DES_CBC_SHA"), needs=("java",)),
    Story("tls-cipher-rc4", "RC4 under TLS 1.2.", "RFC 7465 forbids it.", EX + GC,
          exim(f"{G12}:-CIPHER-ALL:+ARCFOUR-128"), gnutls_cli(f"{G12}:-CIPHER-ALL:+ARCFOUR-128")),
    Story("tls-cipher-3des", "3DES under TLS 1.2.", "Sweet32.", EX + GC, exim(f"{G12}:-CIPHER-ALL:+3DES-CBC"), gnutls_cli(f"{G12}:-CIPHER-ALL:+3DES-CBC")),
    Story("tls-cipher-anon-postfix", "Postfix to Postfix over TLS 1.2, opportunistic: an anonymous suite.",
          "nobody asked for an identity: encryption without authentication is what level `may` promises, no attack.",
          "Postfix at both ends, smtp_tls_security_level = may.", postfix(ciphers("aNULL:ALL")),
          t.postfix_sends("smtp_tls_protocols = TLSv1.2")),
    Story("tls-cipher-anon-submission", "Submission on 587 over an anonymous suite; the client tries to log in.",
          "whoever stands between reads the password: here an identity is needed.", PF + SC,
          lambda client: s.postfix(ciphers("aNULL"), "587"), s_client("-tls1_2 -cipher aNULL:@SECLEVEL=0", EHLO,
                                                                      "AUTH PLAIN AGFsaWNlAGt3aWstWmlsdmVyLTc3MzEw\\n", QUIT, port="587 -starttls smtp")),
    Story("tls-cipher-cbc-sha1", "ECDHE-RSA-AES256-SHA under TLS 1.2.", "CBC with SHA-1: low, and no more.", PF + SC,
          postfix(ciphers("ECDHE-RSA-AES256-SHA")), s_client(WEAK_CLIENT)),
    Story("tls-cipher-ccm8", "ECDHE-ECDSA-AES128-CCM8.", "tags of 8 octets.", "a Postfix server with an ECDSA key, " + SC,
          postfix(ciphers("ECDHE-ECDSA-AES128-CCM8"), "p-256"), s_client(WEAK_CLIENT)),
    Story("tls13-ccm8", "TLS_AES_128_CCM_8_SHA256.", "the one suite of TLS 1.3 that is not recommended.",
          "OpenSSL's s_server behind tests/lab/bridge.py, " + SC, t.s_server("-rev -ciphersuites TLS_AES_128_CCM_8_SHA256"),
          s_client("-ciphersuites TLS_AES_128_CCM_8_SHA256", EHLO, BYE, quiet="")),
    Story("tls-no-forward-secrecy", "AES256-GCM-SHA384 with RSA key exchange.", "who gets the key later reads today's mail.", PF + SC,
          postfix(ciphers("AES256-GCM-SHA384")), s_client(WEAK_CLIENT)),
    Story("tls13-psk-only", "TLS 1.3 with a pre-shared key and no key share (psk_ke).", "TLS 1.3 without forward secrecy; no certificate at all.",
          "gnutls-serv and gnutls-cli." + BRIDGE.replace("Neither knows", "The server does not know").replace("them", "it"), psk_server,
          gnutls_cli(PSK, "--pskusername lab --pskkey 9a1c0f5e7d3b2a486c5d4e3f2a1b0c9d", (EHLO, QUIT))),
    Story("tls-static-ecdh", "A static ECDH suite.", "no forward secrecy, by another name.", "Java's JSSE at both ends." + BRIDGE,
          t.java_server("TLSv1.2", "TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256", cert="p-256"), t.java_client("TLSv1.2", "TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256"), needs=("java",)),
    # ---- key exchange
    Story("tls-dh-1024", "DHE with a prime of 1024 bits, made by the server's operator.", "Logjam.", PF + SC,
          lambda client: postfix(ciphers("DHE", more=f"smtpd_tls_dh1024_param_file = {c.dh(1024)}"))(client), s_client(WEAK_CLIENT)),
    Story("tls-dh-768", "DHE with a prime of 768 bits.", "below 1024: critical. Java 6 and 7 know no more.",
          "Java's JSSE at both ends, jdk.tls.ephemeralDHKeySize=legacy." + BRIDGE,
          t.java_server("TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "-Djdk.tls.ephemeralDHKeySize=legacy"),
          t.java_client("TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"), needs=("java",)),
    Story("tls-dh-own-2048", "DHE with a prime of 2048 bits that stands in no standard.", "long enough; nobody can tell how it was made.", PF + SC,
          lambda client: postfix(ciphers("DHE", more=f"smtpd_tls_dh1024_param_file = {c.dh(2048)}"))(client), s_client(WEAK_CLIENT)),
    Story("tls-dh-modp-2048", "DHE with RFC 3526's group of 2048 bits: OpenSSL's own choice.", "a safe prime of a standard: no small and no unknown one.",
          PF + SC + " ca.pem is the trust store: the lab's root.", postfix(ciphers("DHE"), "good"),
          s_client(WEAK_CLIENT + " -servername mx.rcpt.example"), keep=keep_root),
    Story("tls-dh-ffdhe3072", "DHE with RFC 7919's group of 3072 bits.", "must stay silent.", EX + GC,
          exim(f"{G12}:-KX-ALL:+DHE-RSA:-GROUP-ALL:+GROUP-FFDHE3072"), gnutls_cli(f"{G12}:-KX-ALL:+DHE-RSA:-GROUP-ALL:+GROUP-FFDHE3072")),
    Story("tls-curve-p224", "ECDHE over secp224r1.", "a curve outside every profile.", EX + GC,
          exim(f"{G12}:-GROUP-ALL:+GROUP-SECP224R1:+CURVE-SECP224R1"), gnutls_cli(f"{G12}:-GROUP-ALL:+GROUP-SECP224R1")),
    Story("tls-kex-sha1", "The server's key exchange is signed with SHA-1 under TLS 1.2.", "RFC 9155; the client asked for nothing better.", PF + SC,
          postfix(ciphers("ECDHE-RSA-AES256-GCM-SHA384")), s_client("-tls1_2 -cipher ALL:@SECLEVEL=0 -sigalgs RSA+SHA1")),
    Story("tls13-hello-retry", "The client's key share is of a group that the server does not take: HelloRetryRequest.", "two hellos, one handshake.",
          "a Postfix server that takes X25519 only, " + SC, postfix(s.TLS_ON + "\ntls_eecdh_auto_curves = X25519"),
          s_client("-groups P-521:X25519", EHLO, QUIT)),
    Story("tls13-pq", "The hybrid group X25519MLKEM768.", "must stay silent about post-quantum groups.", "Go's crypto/tls at both ends." + BRIDGE,
          t.go_server(), t.go_client(), needs=("go",)),
    # ---- extensions
    Story("tls-no-ems-server", "The server does not confirm extended_master_secret.", "an old library, or a setting.", EX + SC,
          exim(f"{G12}:%NO_SESSION_HASH"), s_client("-tls1_2")),
    Story("tls-no-ems-client", "The client does not offer extended_master_secret.", "not the server's fault.", PF + SC,
          postfix(s.TLS_12), config("Options = -ExtendedMasterSecret", "-tls1_2")),
    Story("tls-renego-insecure", "The server does not answer renegotiation_info.", "RFC 5746 is of 2010.", EX + SC,
          exim(f"{G12}:%DISABLE_SAFE_RENEGOTIATION"), s_client("-tls1_2 -legacy_server_connect")),
    Story("tls-renegotiation", "The client renegotiates inside TLS 1.2, twice.", "seldom, and a way to tire a server.",
          "OpenSSL's s_server -client_renegotiation behind tests/lab/bridge.py, " + SC, t.s_server("-tls1_2 -client_renegotiation"),
          s_client("-tls1_2", "hello\\n", "R\\n", "R\\n", BYE, quiet="")),
    Story("tls-heartbeat", "Client and server agree on heartbeats.", "an extension that mail has no use for.", "gnutls-serv and gnutls-cli --heartbeat; the "
          "server does not know STARTTLS: tests/lab/bridge.py says it.", t.gnutls_serv(["--heartbeat", "--priority", G12]),
          gnutls_cli(G12, "--heartbeat", (EHLO, QUIT))),
    Story("tls-truncated-hmac", "Client and server agree on truncated HMACs.", "ten octets of authentication.",
          "Mbed TLS 2.28 at both ends (tests/lab/truncated.c)." + BRIDGE, t.mbedtls_server(), t.mbedtls_client(), needs=("gcc",)),
    Story("tls-cbc-no-etm", "A CBC suite without encrypt_then_mac.", "padding first, MAC second.", EX + SC,
          exim(f"{G12}:-CIPHER-ALL:+AES-256-CBC:-MAC-ALL:+SHA1:%NO_ETM"), s_client(WEAK_CLIENT)),
    Story("tls-cbc-etm", "A CBC suite with SHA-384 and encrypt_then_mac.", "must stay silent about both.", PF + SC,
          postfix(ciphers("ECDHE-RSA-AES256-SHA384")), s_client(WEAK_CLIENT)),
    Story("tls13-early-data", "Data before the handshake (0-RTT), on a resumed session.", "what came early may come again.",
          "OpenSSL's s_server -early_data behind tests/lab/bridge.py, " + SC, t.s_server("-early_data -tls1_3"),
          both(s_client("-tls1_3 -sess_out {lab}/early", EHLO, BYE, quiet=""),
               s_client(f"-tls1_3 -sess_in {{lab}}/early -early_data {s.HERE}/talk.py", EHLO, BYE, quiet=""))),
    Story("tls-sni-address", "The SNI is an IPv4 address.", "RFC 6066 3 forbids it.", PF + SC, postfix(s.TLS_ON), s_client(f"-servername {MX4}")),
    Story("tls-sni-trailing-dot", "The SNI ends with a dot.", "RFC 6066 3 forbids it; names from DNS look like this.", PF + SC,
          postfix(s.TLS_ON), s_client("-servername mx.rcpt.example.")),
    Story("tls-ech", "Encrypted ClientHello, accepted: the SNI is the public name.", "the inner name is hidden.", "Go's crypto/tls at both ends." + BRIDGE,
          t.go_server(True), t.go_client("-", True), needs=("go",)),
    Story("tls-ech-grease", "A GREASE Encrypted ClientHello.", "looks the same and means nothing.", PF + "NSS' tstclnt -i as client; it does not know "
          "STARTTLS: tests/lab/bridge.py says it.", postfix(s.TLS_ON), t.tstclnt("-i 32 -V tls1.3:tls1.3")),
    Story("tls-ech-retry", "Encrypted ClientHello and a HelloRetryRequest: the second hello has an empty `enc`.", "only a real one does that.",
          "Go's crypto/tls at both ends, the server takes P-256 only." + BRIDGE, t.go_server(True, "0x17"), t.go_client("-", True), needs=("go",)),
    Story("tls-ech-grease-retry", "A GREASE Encrypted ClientHello and a HelloRetryRequest: the second hello repeats it.",
          "must stay silent: here it is told apart.", "a Postfix server that takes P-384 only, NSS' tstclnt -i as client; it does not know STARTTLS: "
          "tests/lab/bridge.py says it.", postfix(s.TLS_ON + "\ntls_eecdh_auto_curves = secp384r1"), t.tstclnt("-i 32 -V tls1.3:tls1.3 -I x25519,P384")),
    Story("tls-alpn-http", "The client offers h2 and http/1.1 on a mail port.", "ALPACA: a browser that was sent here.", PF + SC, postfix(s.TLS_ON),
          s_client("-alpn h2,http/1.1", EHLO, QUIT)),
    Story("tls-alpn-smtp", "The client offers the protocol `smtp`.", "must stay silent: Exim knows it.", EX + SC,
          exim("NORMAL"), s_client("-alpn smtp", EHLO, QUIT)),
    Story("tls-client-certificate", "Both sides show a certificate.", "an identity worth knowing; under TLS 1.2 it is visible.",
          "a Postfix server with smtpd_tls_ask_ccert, " + SC, postfix(s.TLS_12 + "\nsmtpd_tls_ask_ccert = yes", "good"),
          lambda client: (c.make("client"), s_client("-cert {certs}/client-alone.pem -key {certs}/client.key")(client))),
    # ---- resumption
    Story("tls12-resumed-by-id", "A full handshake, then one that resumes it by session id.", "no certificate in the second; the first has it.",
          "OpenSSL's s_server -no_ticket behind tests/lab/bridge.py, " + SC, t.s_server("-rev -tls1_2 -no_ticket"),
          both(s_client("-tls1_2 -no_ticket -sess_out {lab}/by-id", EHLO, BYE, quiet=""),
               s_client("-tls1_2 -no_ticket -sess_in {lab}/by-id", EHLO, BYE, quiet=""))),
    Story("tls13-resumed", "A full handshake, then one that resumes it with a ticket of TLS 1.3.", "the second has a PSK and no certificate to be read.",
          PF + SC, postfix(s.TLS_ON), both(s_client("-sess_out {lab}/by-psk", EHLO, QUIT), s_client("-sess_in {lab}/by-psk", EHLO, QUIT))),
    # ---- key logs
    Story("tls13-keylog", "A mail under TLS 1.3, and the key log of its sender.", "the certificate can be read; the mail must not be.", PF + SC
          + " keys.log is what s_client -keylogfile wrote.", postfix(s.TLS_ON, "good"),
          both(fresh_keys, s_client("-keylogfile {lab}/keys.log -servername mx.rcpt.example")), keep=keep_keys()),
    Story("tls13-keylog-wrong", "A mail under TLS 1.3, and a key log whose secrets are wrong.", "what cannot be opened is said, not guessed.",
          PF + SC + " In keys.log the last four octets of every secret were changed.", postfix(s.TLS_ON, "good"),
          both(fresh_keys, s_client("-keylogfile {lab}/keys.log -servername mx.rcpt.example", EHLO, QUIT)), keep=keep_keys(True)),
    Story("tls13-keylog-rejected", "The client does not trust the certificate and says so inside TLS 1.3; its key log shows it.",
          "GnuTLS encrypts this alert: without a key log it is a short record and an end.", PF + "gnutls-cli that knows no authority. keys.log is what it "
          "wrote (SSLKEYLOGFILE).", postfix(s.TLS_ON, "good"),
          both(fresh_keys, lambda client: t.run(client, f"{t.typed(QUIT)} | SSLKEYLOGFILE={LAB}/keys.log gnutls-cli --crlf --starttls-proto=smtp "
                                                f"--verify-hostname=mx.rcpt.example -p 25 {MX4}")), keep=keep_keys()),
    # ---- where TLS begins
    Story("tls-implicit-25", "TLS from the first octet on port 25.", "somebody took 25 for 465.", "OpenSSL's s_server on 25, " + SC,
          lambda client: s.process(["openssl", "s_server", "-accept", f"{MX4}:25", "-rev", "-cert", str(LAB / "cert.pem"), "-key", str(LAB / "key.pem")], 25),
          s_client("", EHLO, BYE, port="25", quiet="")),
    Story("tls-implicit-465-http", "A browser's handshake on 465: TLS from the first octet, ALPN h2 and http/1.1.", "the cross-protocol attack, or somebody "
          "lost.", EX + SC, exim("NORMAL"), s_client("-alpn h2,http/1.1", "GET / HTTP/1.1\\nHost: mx.rcpt.example\\n\\n", port="465", quiet="-quiet")),
    Story("lmtp-starttls", "STARTTLS in LMTP, then a delivery.", "the last hop, encrypted.", "Dovecot's LMTP server on 24, swaks as client.",
          lambda client: s.dovecot_lmtp("ssl = yes\nssl_cert = </run/postwacht-lab/cert.pem\nssl_key = </run/postwacht-lab/key.pem"),
          swaks("--protocol LMTP --port 24 -tls")),
    Story("x-anonymoustls", "A delivery between two Exchange servers: X-ANONYMOUSTLS.", "STARTTLS by another name, with a self-signed certificate by design.",
          "tests/lab/anonymoustls.py at both ends, because Exchange cannot run here: its words in clear, OpenSSL's TLS.", t.anonymoustls,
          lambda client: t.run(client, f"python3 {s.HERE}/anonymoustls.py client {MX4}")),
    Story("tls13-record-0301", "TLS 1.3 whose first record says 0301.", "must stay silent: the record's version is not the negotiated one.",
          "a Postfix server, gnutls-cli, whose first record says 0301.", postfix(s.TLS_ON), gnutls_cli("NORMAL", parts=(EHLO, QUIT))),
]

