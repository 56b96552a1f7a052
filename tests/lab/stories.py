"""The stories: who serves, what the client does, what and why. `lab record` plays them, README.md repeats them."""
import dataclasses
import subprocess
import time
from typing import Callable

import servers as s
import transform
from place import LAB, MX4, MX6

SWAKS = ("swaks --server {to} --from alice@sender.example --to bob@rcpt.example --helo client.sender.example "
         "--h-Subject hello --body 'A short mail.' ")


@dataclasses.dataclass
class Story:
    """`serve` starts the servers and gives a stopper, `play` is what happens while the tap listens."""
    name: str
    what: str
    why: str
    how: str
    serve: Callable
    play: Callable
    after: Callable = None  # applied to the recorded packets
    keep: Callable = None  # writes what else belongs into the story's folder
    needs: tuple = ()  # programs that not every machine has

    def readme(self):
        """What a reader of tests/replay needs to know."""
        return (f"# {self.name}\n\n{self.what}\n\nWhy: {self.why}\n\nRecorded with `tests/lab/lab record {self.name}` "
                f"on Debian 12: {self.how}\n\nWhat must come of it: `expect.json` (see `tests/replay/run.py`).\n")


def run(client, command, seconds=20):
    """A client's command line, in its namespace. Its own outcome does not matter: the tap's does."""
    with open(LAB / "client.log", "ab") as log:
        subprocess.run([*client.enter, "sh", "-c", command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                       timeout=seconds, check=False)


def swaks(more="", to=MX4):
    """swaks with these options."""
    return lambda client: run(client, SWAKS.format(to=to) + more)


def s_client(more, then="", pause=0.6):
    """openssl s_client; `then` is typed into the session."""
    typed = f"(sleep {pause}; printf '{then}'; sleep {pause})"
    return lambda client: run(client, f"{typed} | openssl s_client -quiet -crlf -connect {MX4}:25 -starttls smtp {more}")


def postfix(more="", listen="25"):
    """A Postfix server."""
    return lambda client: s.postfix(more, listen)


def exim(more):
    """An Exim server."""
    return lambda client: s.exim(more)


def attacked(attack, more=s.TLS_ON):
    """A Postfix with the man on the path beside it."""
    return lambda client: s.all_of(s.postfix(more, "127.0.0.1:2525"), s.rewriter(attack))


def attacked_at_client(attack, more=s.TLS_ON):
    """A Postfix, and the man on the path beside the client (its port 2525)."""
    return lambda client: s.all_of(s.postfix(more), s.rewriter(attack, client))


def at_client(more):
    """swaks through the man on the path beside it."""
    return swaks("--port 2525 " + more, "127.0.0.1")


def opensmtpd_sends(more):
    """Postfix is mx; OpenSMTPD beside the client sends."""
    return lambda client: s.all_of(s.postfix(more), s.opensmtpd(s.OPENSMTPD_CLIENT, client.enter))


def through_own_mta(client):
    """A mail for the sending MTA at the client, and time to send it on."""
    run(client, SWAKS.format(to="127.0.0.1"))
    time.sleep(13)


def talk(message):
    """The scripted client with this message (C escapes)."""
    def play(client):
        (LAB / "message").write_text(message, encoding="ascii")
        run(client, f"python3 {s.HERE}/talk.py {MX4} 25 {LAB}/message")
    return play


def twice(play):
    """The same again."""
    def both(client):
        play(client)
        play(client)
    return both


def resume(client):
    """Two connections, the second resumes the first."""
    s_client(f"-tls1_2 -sess_out {LAB}/session", "QUIT\\n")(client)
    s_client(f"-tls1_2 -sess_in {LAB}/session", "QUIT\\n")(client)


SMUGGLED = (r"Subject: outer\r\n\r\nouter text\r\n.\n"
            r"MAIL FROM:<admin@sender.example>\r\nRCPT TO:<bob@rcpt.example>\r\nDATA\r\nSubject: inner\r\n\r\ninner text")
POSTFIX_SWAKS = "a Postfix server, swaks as client."
SECRET = s.PASSWORD
RCPTS = ",".join(f"r{n}@rcpt.example" for n in range(20))

STORIES = [
    Story("postfix-starttls-tls13", "A mail over STARTTLS with TLS 1.3.", "the ordinary good session: no alert.", POSTFIX_SWAKS,
          postfix(s.TLS_ON), swaks("-tls")),
    Story("postfix-starttls-tls12", "A mail over STARTTLS with TLS 1.2: the certificate is visible.",
          "the ordinary good session of older servers: no alert.", "a Postfix server limited to TLS 1.2, swaks as client.",
          postfix(s.TLS_12), swaks("-tls --tls-sni mx.rcpt.example")),
    Story("postfix-not-offered", "A server without STARTTLS takes a mail in clear.", "the plainest finding.",
          POSTFIX_SWAKS, postfix(), swaks()),
    Story("postfix-offered-unused", "STARTTLS is offered and the client does not use it.", "the sender's fault, not the server's.",
          POSTFIX_SWAKS, postfix(s.TLS_ON), swaks()),
    Story("postfix-discard-starttls", "The server has TLS and hides the keyword from this client.",
          "looks like stripping and is the server's own setting (smtpd_discard_ehlo_keywords).", POSTFIX_SWAKS,
          postfix(s.TLS_ON + "\nsmtpd_discard_ehlo_keywords = starttls"), swaks()),
    Story("postfix-requires-tls", "The server answers MAIL with 530 until TLS is up; the client gives up.",
          "good behaviour: no mail, no alert.", POSTFIX_SWAKS, postfix("smtpd_tls_security_level = encrypt"), swaks()),
    Story("exim-starttls", "A mail over STARTTLS to Exim (GnuTLS).", "another server, another TLS library.",
          "an Exim server, swaks as client.", exim(s.EXIM_TLS + s.EXIM_NO_AUTH), swaks("-tls")),
    Story("exim-not-offered", "Exim with an empty tls_advertise_hosts takes a mail in clear.", "another way not to offer.",
          "an Exim server, swaks as client.", exim(s.EXIM_NO_TLS + s.EXIM_NO_AUTH), swaks()),
    Story("opensmtpd-starttls", "OpenSMTPD takes STARTTLS and then cannot sign: the handshake fails with an alert of the server.",
          "a real fault of a real server (Debian 12's build, a key in its own process): no mail, and whose fault is told.",
          "an OpenSMTPD server, swaks as client.", lambda client: s.opensmtpd(s.OPENSMTPD_MX, port=25), swaks("-tls")),
    Story("openssl-s_client", "An operator tries STARTTLS by hand and quits.", "a probe: encrypted, no mail, no alert.",
          "a Postfix server, openssl s_client.", postfix(s.TLS_ON), s_client("", "EHLO operator.example\\nQUIT\\n")),
    Story("tls12-resumed", "Two sessions, the second resumes the first: no certificate in it.",
          "an absent certificate that is no fault.", "a Postfix server, openssl s_client with -sess_out and -sess_in.",
          postfix(s.TLS_12), resume),
    Story("implicit-tls-465", "Submission with TLS from the first octet, login inside.", "the way RFC 8314 wants it: no alert.",
          "an Exim server, swaks as client.", exim(s.EXIM_TLS),
          swaks(f"--port 465 --tls-on-connect --auth PLAIN --auth-user alice --auth-password {SECRET}")),
    Story("submission-starttls-auth", "Submission on 587 with STARTTLS, login inside.", "AUTH inside TLS is nobody's business.",
          "an Exim server, swaks as client.", exim(s.EXIM_TLS + "\nauth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}"),
          swaks(f"--port 587 -tls --auth PLAIN --auth-user alice --auth-password {SECRET}")),
    Story("submission-auth-plain-clear", "AUTH PLAIN with the right password in clear on 587, then a mail.",
          "the worst an operator can do; the password must stand nowhere in our output.", "an Exim server, swaks as client.",
          exim(s.EXIM_TLS),
          swaks(f"--port 587 --auth PLAIN --auth-user ongehoord-alice --auth-password {SECRET} --add-header 'X-Geheim: kop-91552' "
                "--body 'lichaam-66407'")),
    Story("auth-login-clear-failed", "AUTH LOGIN with a wrong password in clear, refused.",
          "a leaked password, right or wrong; and no mail.", "an Exim server, swaks as client.", exim(s.EXIM_NO_TLS),
          swaks("--auth LOGIN --auth-user ongehoord-bob --auth-password verkeerd-48116")),
    Story("stripped-by-path", "A man on the path beside the server removes STARTTLS from the EHLO reply.",
          "the tap sees what the client sees: indistinguishable from a server that does not offer, and said so.",
          "a Postfix server with TLS behind tests/lab/rewriter.py strip, swaks as client.", attacked("strip"), swaks("--tls-optional")),
    Story("masked", "A firewall overwrites the banner and STARTTLS (XXXXXXXA).", "the classic SMTP inspection.",
          "a Postfix server with TLS behind tests/lab/rewriter.py mask, swaks as client.", attacked("mask"), swaks("--tls-optional")),
    Story("mangled-command", "STARTTLS is offered, and overwritten (XXXXXXXX) on its way to the server.",
          "the tap is on the server's side of the attacker.", "a Postfix server with TLS, tests/lab/rewriter.py mangle beside swaks.",
          attacked_at_client("mangle"), at_client("--tls-optional")),
    Story("rejected-454-then-clear", "STARTTLS is offered, then answered 454; the mail goes in clear.",
          "a real server with a broken certificate.", "an Exim server without its certificate file, swaks as client.",
          exim("tls_advertise_hosts = *\ntls_certificate = /nonexistent.pem" + s.EXIM_NO_AUTH), swaks("--tls-optional")),
    Story("rejected-500-then-clear", "STARTTLS is offered, then answered 500 by a man on the path; the mail goes in clear.",
          "an offer and a refusal that contradict each other.",
          "a Postfix server with TLS behind tests/lab/rewriter.py reject-500, swaks as client.", attacked("reject-500"),
          swaks("--tls-optional")),
    Story("plaintext-after-220", "The server answered 220, the client was told 454 and goes on in clear.",
          "the man on the path is between tap and client.", "a Postfix server with TLS, tests/lab/rewriter.py swallow beside swaks.",
          attacked_at_client("swallow"), at_client("--tls-optional --timeout 4")),
    Story("handshake-failed-tls12", "The client does not trust the certificate and says so in an alert.",
          "TLS 1.2: the alert is visible.", "a Postfix server limited to TLS 1.2, openssl s_client -verify_return_error.",
          postfix(s.TLS_12), s_client("-verify_return_error", "QUIT\\n")),
    Story("handshake-failed-tls13", "The same under TLS 1.3.",
          "OpenSSL sends this alert in clear, though the server's certificate was encrypted.",
          "a Postfix server, openssl s_client -verify_return_error.", postfix(s.TLS_ON), s_client("-verify_return_error", "QUIT\\n")),
    Story("quit-right-after-handshake", "A client says no more than QUIT inside TLS 1.3.",
          "from outside it has the size of an alert: a suspicion that says so, and no more.", "a Postfix server, openssl s_client.",
          postfix(s.TLS_ON), s_client("", "QUIT\\n")),
    Story("handshake-no-shared-version", "Server and client share no TLS version.", "the server's alert is in clear.",
          "a Postfix server limited to TLS 1.2, openssl s_client -tls1_3.", postfix(s.TLS_12), s_client("-tls1_3", "QUIT\\n")),
    Story("fallback-opensmtpd", "TLS fails, and OpenSMTPD delivers the same mail in clear on a second connection.",
          "whoever breaks one handshake reads the mail.", "a Postfix server that allows only TLS 1.0, OpenSMTPD as client.",
          opensmtpd_sends(s.TLS_OLD), through_own_mta),
    Story("fallback-exim", "TLS fails, and Exim delivers in clear.", "Exim's tls_tempfail_tryclear.",
          "a Postfix server that allows only TLS 1.3, Exim as client that allows only TLS 1.2.",
          postfix(s.TLS_ON + "\nsmtpd_tls_protocols = TLSv1.3"),
          lambda client: s.exim_send(client, transport="  tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS1.2")),
    Story("starttls-tls10", "A mail over STARTTLS with TLS 1.0.", "TLS below the floor.",
          "a Postfix server that allows only TLS 1.0, Exim as client.", postfix(s.TLS_OLD), s.exim_send),
    Story("command-injection", "A command stands in clear between STARTTLS and the handshake.", "CVE-2011-0411.",
          "a Postfix server with TLS, tests/lab/rewriter.py inject-command beside swaks.", attacked_at_client("inject-command"),
          at_client("-tls --timeout 4")),
    Story("response-injection", "A reply stands in clear between 220 and the handshake.", "the same against clients.",
          "a Postfix server with TLS behind tests/lab/rewriter.py inject-response, openssl s_client.", attacked("inject-response"),
          s_client("", "EHLO operator.example\\nQUIT\\n")),
    Story("smuggling-attempt", "A message with CRLF.LF and commands behind it; the server does not fall for it.",
          "an attempt is no success.", "a Postfix server with smtpd_forbid_bare_newline=normalize; tests/lab/talk.py as client, "
          "because no real one sends this.", postfix("smtpd_forbid_bare_newline = normalize\nsmtpd_forbid_bare_newline_exclusions ="),
          talk(SMUGGLED)),
    Story("smuggling-success", "The same message, and the server takes the second one.", "SEC Consult 2023; CVE-2023-51764.",
          "a Postfix server with the default settings of Debian 12; tests/lab/talk.py as client, because no real one sends this.",
          postfix("smtpd_forbid_bare_newline = no"), talk(SMUGGLED)),
    Story("ehlo-refused-helo", "A man on the path refuses EHLO; the client falls back to HELO.", "a downgrade without touching STARTTLS.",
          "a Postfix server with TLS behind tests/lab/rewriter.py refuse-ehlo, swaks as client.", attacked("refuse-ehlo"),
          swaks("--protocol ESMTP")),
    Story("helo-only", "A client that never tries EHLO.", "old devices.", POSTFIX_SWAKS, postfix(s.TLS_ON), swaks("--protocol SMTP")),
    Story("bdat", "A mail in chunks (BDAT), in clear.", "content without DATA.", "a Postfix server, Exim as client.",
          postfix(), s.exim_send),
    Story("pipelining", "Twenty recipients in one pipelined group, then STARTTLS was not used.", "replies must meet their commands.",
          POSTFIX_SWAKS, postfix(s.TLS_ON), swaks(f"--pipeline --to {RCPTS}")),
    Story("lmtp", "A delivery over LMTP.", "LHLO, and a reply for each recipient.", "Dovecot's LMTP server, swaks as client.",
          lambda client: s.dovecot_lmtp(), swaks("--protocol LMTP --port 24")),
    Story("probe", "EHLO and QUIT.", "a health check: no mail, no alert.", POSTFIX_SWAKS, postfix(), swaks("--quit-after EHLO")),
    Story("refused", "The greeting is 554.", "nothing happened: no alert.", POSTFIX_SWAKS,
          postfix("smtpd_delay_reject = no\nsmtpd_client_restrictions = reject"), swaks()),
    Story("ipv6", "A mail in clear over IPv6.", "the other address family.", POSTFIX_SWAKS, postfix(), swaks("", MX6)),
    Story("vlan-tagged", "A mail over STARTTLS in VLAN 42.", "tags on the tap: no alert.",
          POSTFIX_SWAKS + " The tag was added afterwards (tests/tools/transform.py).", postfix(s.TLS_ON), swaks("-tls"),
          transform.add_vlan(42)),
    Story("nonstandard-port", "SMTP on port 2599.", "recognised by its content.", POSTFIX_SWAKS, postfix("", "2599"),
          swaks("--port 2599")),
    Story("two-mails", "Two mails on one connection, in clear.", "two transactions, one session.",
          "a Postfix server, Postfix's smtp-source as client.", postfix(),
          lambda client: run(client, f"smtp-source -d -c -m 2 -s 1 -l 300 -M client.sender.example -f alice@sender.example "
                             f"-t bob@rcpt.example inet:{MX4}:25")),
    Story("ordinary-hour", "Three good sessions in a row: two mails over TLS and a probe.", "silence is tested.", POSTFIX_SWAKS,
          postfix(s.TLS_ON), lambda client: (twice(swaks("-tls"))(client), swaks("-tls --quit-after EHLO")(client))),
    Story("unknown-recipient", "MAIL is accepted in clear, the recipient refused.", "an accepted MAIL is exposure, a message there was none.",
          POSTFIX_SWAKS, postfix("smtpd_recipient_restrictions = reject\nsmtpd_delay_reject = yes"), swaks("--tls-optional --quit-after RCPT")),
    Story("postfix-client-exim", "Postfix sends to Exim over STARTTLS.", "two real MTAs: no alert.", "an Exim server, Postfix as client.",
          lambda client: s.all_of(s.exim(s.EXIM_TLS + s.EXIM_NO_AUTH),
                                  s.postfix(f"smtp_tls_security_level = may\ndefault_transport = smtp\nrelayhost = [{MX4}]\n"
                                            "inet_interfaces = 127.0.0.1", "25", "client.sender.example", client.enter)),
          through_own_mta),
]
