"""Scenarios that look like something and are nothing: odd manners, monitors, bad networks, changes. Numbers 90 to 129."""
from ends import CLEAR, DANE, MAY, NO_TLS, TLS_12, TLS_13, EximServer, PostfixSender, PostfixServer, Silent
from ends_more import Dialogue, Greylisting, NewCertificate, Postscreen, Retrying, WithBody
from on_path import wire
from scenario import Scenario
from zones import Domain, Mx

SENT, PUT_OFF = r"status=sent", r"status=deferred"
ESTABLISHED = r"TLS connection established to"
TOOK_TLS, TOOK_TLS13 = r"TLS connection established from .*TLSv1\.2", r"TLS connection established from .*TLSv1\.3"
TOOK = r"disconnect from .* mail=1 "
GOOD = "an ordinary session over TLS 1.2 with a readable certificate, on both sides."
SLOW = "".join(f"\nacl_smtp_{when} = accept delay = 2s" for when in ("connect", "helo", "mail"))
HELLO, BYE = ("Subject: hello\\n\\nA short mail."), "QUIT"
MAIL = ("MAIL FROM:<alice@sender.example>", "RCPT TO:<{to}>", "DATA", ":message " + HELLO)
EHLO, HELO = "EHLO client.sender.example", "HELO client.sender.example"
# Few octets to cut.
SHORT = TLS_12 + "\ntls_ssl_options = NO_TICKET\nsmtpd_discard_ehlo_keywords = vrfy, etrn, dsn, smtputf8, chunking, size"
TRANSCRIPT = r"""They said:\n\n220 mx.example ESMTP\nEHLO client.example\n250-mx.example\n250-XXXXXXXA\n250 STARTTLS\nSTARTTLS
\n454 4.7.0 TLS not available\nXXXXXXXX\n500 5.5.1 Command unrecognized\nMAIL FROM:<a@example.org>\nRCPT TO:<b@example.org>\nDATA
\n354 Go ahead\n..\nQUIT\n221 Bye\n""".replace("\n", "")


def host(tlsa=(), **more):
    """A domain with one host."""
    return (Domain(mx=(Mx(tlsa=tlsa, **more),)),)


def said(name, number, what, why, *dialogues, **more):
    """Clients that follow a script."""
    says = {"client_says": (r"<.\s+221",), "server_says": (TOOK_TLS, r"disconnect from"), "sees": GOOD, **more}
    return Scenario(f"ugly-{name}", number, what, why, host(), dialogues, **says)


def crossed(name, number, what, why, *acts, **more):
    """A good session across this network."""
    return Scenario(f"ugly-{name}", number, what, why, **{"domains": host(), "senders": (PostfixSender(MAY),),
    "client_says": (ESTABLISHED, SENT),
                    "server_says": (TOOK_TLS, TOOK), "path": wire(*acts), "sees": GOOD, **more})


MANNERS = [
    Scenario("ugly-greylisting", 90, "postgrey puts an unknown sender off; three seconds later the same mail is taken.",
             "looks like a failure and a fallback.",
             host(), (Retrying(MAY),), (PUT_OFF + r".*Greylisted", SENT), (TOOK_TLS, r"Greylisted", TOOK),
             server=Greylisting(TLS_12 + "\nsmtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:10023, permit"),
             sees="two ordinary sessions over TLS 1.2."),
    Scenario("ugly-tarpit", 91, "A server that waits two seconds before each reply.",
             "looks like somebody on the path who holds things up.", host(),
             (PostfixSender(MAY),), (ESTABLISHED, SENT), (r"<= alice.* P=esmtps",),
             server=EximServer("tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS1.2" + SLOW), sees=GOOD),
    Scenario("ugly-postscreen", 113, "postscreen greets in two lines, two seconds apart, before it hands the client on.",
             "a greeting in two pieces, and a silence.", host(), (PostfixSender(MAY),), (ESTABLISHED, SENT), (r"PASS NEW", TOOK_TLS, TOOK),
             server=Postscreen(TLS_12), sees=GOOD),
    said("ehlo-helo", 92, "A client says EHLO, then HELO, then STARTTLS, and delivers.", "HELO takes no offer back.",
         Dialogue(":greeting", EHLO, HELO, ":tls", EHLO, *MAIL, BYE)),
    said("keep-alive", 93, "Pauses of four seconds with TCP keep-alive segments, before STARTTLS and inside TLS.",
         "segments that repeat an old sequence number.",
         Dialogue(":keepalive", ":greeting", EHLO, ":pause 4", ":tls", EHLO, ":pause 4", *MAIL, BYE)),
    said("reset-after-quit", 94, "The client resets the connection once it has the reply to QUIT.",
         "some clients always do: no reset of somebody else.",
         Dialogue(":greeting", EHLO, ":tls", EHLO, *MAIL, BYE, ":reset")),
    said("chatter", 116, "A client in lower case that also says NOOP, RSET, HELP, VRFY and what nobody knows, before and inside TLS.",
         "refused commands are no filter on the path.",
         Dialogue(":greeting", "ehlo client.sender.example", "noop", "rset", "HELP", "vrfy {to}", "XYZZY", ":tls", EHLO, "XYZZY", *MAIL,
         BYE)),
    said("timeout", 117, "A client says nothing for so long that the server says 421 and leaves: before STARTTLS, and inside TLS.",
         "a reply that nobody asked for.", Dialogue(":greeting", EHLO, ":pause 4", ":close"),
         Dialogue(":greeting", EHLO, ":tls", EHLO, ":pause 4", ":close"),
         server=PostfixServer(TLS_12 + "\nsmtpd_timeout = 2s\nsmtpd_starttls_timeout = 5s"), client_says=(r"TLS started",),
         server_says=(r"timeout after EHLO", TOOK_TLS), sees="a session without a mail, and one over TLS 1.2 without a mail."),
    said("impatient", 118, "A client ends the connection right behind QUIT; the reply meets nobody, and its kernel resets.",
         "the client's own reset.", Dialogue(":greeting", EHLO, ":leave"), Dialogue(":greeting", EHLO, ":tls", EHLO, *MAIL, ":leave"),
         client_says=(r"<~  250 .*queued as",), server_says=(TOOK_TLS, TOOK), sees="a probe, and a good session over TLS 1.2."),
    Scenario("ugly-probes", 95, "Monitors: connect and close; read the greeting and reset; EHLO and QUIT; STARTTLS and QUIT; "
             "the same with EHLO under TLS 1.3.",
             "health checks: no mail, no alert.", (Domain(mx=(Mx("mx1"), Mx("mx2", 20, server=PostfixServer(TLS_13)))),),
             (Dialogue(":close"), Dialogue(":greeting", ":reset"), Dialogue(":greeting", EHLO, BYE),
             Dialogue(":greeting", EHLO, ":tls", BYE),
              Dialogue(":greeting", EHLO, ":tls", EHLO, BYE, host=1)),
              (r"TLS started with cipher TLSv1\.2", r"TLS started with cipher TLSv1\.3"),
             (TOOK_TLS, TOOK_TLS13, r"disconnect from .* quit=1"), sees="five sessions without a mail."),
    Scenario("ugly-transcript", 97, "A message that quotes an SMTP session (STARTTLS, XXXXXXXX, 454), over TLS, then in clear.",
             "what a message says is nobody's command.", host(), (WithBody(MAY, TRANSCRIPT), WithBody(CLEAR, TRANSCRIPT)),
             (ESTABLISHED, SENT), (TOOK_TLS, TOOK), sees="a good session; then one that did not use the offer, and nothing more."),
]

NETWORKS = [
    crossed("octets", 98, "Segments of up to 250 octets arrive in segments of one octet.",
            "commands and replies in as many pieces as there can be.",
            "octets most=250", server=PostfixServer(SHORT), max_octets=120 * 1024),
    crossed("octets-lost", 115, "Short segments arrive in segments of one octet, and one frame in a hundred is lost and sent again.",
            "many small pieces wait for one.", "octets most=110", "loss percent=1 seed=9", server=PostfixServer(SHORT),
            max_octets=200 * 1024),
    crossed("loss", 99, "One frame in twenty is lost between the taps, and sent again.", "each tap sees all of it in the end.",
            "loss percent=5 seed=3"),
    crossed("loss-in-clear", 114, "One frame in twelve is lost and a fifth arrive late, and the mail goes in clear.",
            "what is told of the mail is all that is told.",
            "loss percent=8 seed=4", "reorder percent=20 ms=10 seed=8", server=PostfixServer(NO_TLS), client_says=(SENT,),
            server_says=(TOOK,), sees="no offer, and a mail in clear, on both sides."),
    crossed("reorder", 100, "A third of the frames arrive 20 ms late, behind later ones.", "order on the wire is not order in the stream.",
            "reorder percent=33 ms=20"),
    crossed("duplicate", 101, "A third of the frames arrive twice.", "the same octets twice are no conflict.", "duplicate percent=33"),
    crossed("small-mtu", 102, "A link with an MTU of 576: the server's certificates are dropped once and sent again in smaller segments.",
            "the same octets in other segments.", "mtu size=576"),
    crossed("fragments", 103, "Packets arrive in fragments, over IPv4 and over IPv6, the last one first.",
            "there is no TCP in most of them.", "fragment size=256 order=reverse", domains=host(families="46"),
            senders=(PostfixSender(MAY), PostfixSender(MAY + "\nsmtp_address_preference = ipv6")),
            client_says=(ESTABLISHED + r".*\[198\.51\.100\.103\]", ESTABLISHED + r".*\[2001:db8:51::103\]", SENT)),
    crossed("worst", 104, "Loss, doubles and late frames at once, under TLS 1.3.", "a bad radio link.", "loss percent=4 seed=5",
            "duplicate percent=10 seed=6", "reorder percent=20 ms=15 seed=7", server=PostfixServer(TLS_13), server_says=(TOOK_TLS13, TOOK),
            sees="an ordinary session over TLS 1.3."),
]

CHANGES = [
    Scenario("ugly-pool", 105, "Two hosts of one domain, one with STARTTLS and one without; a sender for each.",
             "the second is no first one stripped.", (Domain(mx=(Mx("mx1"), Mx("mx2", server=PostfixServer(NO_TLS)))),),
             tuple(PostfixSender(f"{MAY}\nrelayhost = [mx{n}.ugly-pool.example]") for n in (1, 2)),
             (ESTABLISHED + r" mx1", SENT, r"relay=mx2.*status=sent"), (TOOK_TLS, TOOK),
             sees="a good session, then a mail in clear to a host without TLS."),
    Scenario("ugly-certificate-rotation", 107, "The server's certificate is renewed, with another key, between two mails.",
             "a new key is no man in the middle.",
             host(), (PostfixSender(MAY), NewCertificate(), PostfixSender(MAY)), (ESTABLISHED, SENT), (TOOK_TLS, TOOK, r"reload"),
             sees="two good sessions over TLS 1.2, with two certificates."),
    Scenario("ugly-tlsa-rollover", 108, "Two TLSA records, of this key and of the next; a mail; "
             "the next key is put into use; another mail.",
             "a rollover as RFC 7671 8.1 wants it: a match before and after.", host(("3 1 1", "3 1 1 next")),
             (PostfixSender(DANE), NewCertificate("next"), PostfixSender(DANE)), (r"Verified TLS connection established", SENT),
             (TOOK_TLS, TOOK, r"reload"), sees="two good sessions over TLS 1.2, with two certificates."),
    Scenario("ugly-next-mx", 109, "The first host refuses the connection, the second greets with 554, the third takes the mail over TLS.",
             "two failures and a delivery that fell back to nothing.", (Domain(mx=(Mx("mx1", 10, server=Silent()), Mx("mx2", 20,
             server=PostfixServer(TLS_12 + "\nsmtpd_delay_reject = no\nsmtpd_client_restrictions = reject")),
                         Mx("mx3", 30))),), (PostfixSender(MAY),),
                         (r"connect to mx1\S+: Connection refused", r"refused to talk to me: 554", SENT), (TOOK_TLS, TOOK),
             sees="a session that was refused, and a good one."),
    Scenario("ugly-ipv6-only", 112, "A domain that has IPv6 only.", "nothing is missing.", host(families="6"), (PostfixSender(MAY),),
             (ESTABLISHED + r".*\[2001:db8:51::112\]", SENT), (TOOK_TLS, TOOK), sees=GOOD),
]

SCENARIOS = MANNERS + NETWORKS + CHANGES
