"""Scenarios of servers and senders: how TLS is offered, agreed on, certified, demanded and refused. Numbers 50 to 89."""
import certificates
import servers
from ends import (CLEAR, EXIM_NO_DANE, MAY, NO_TLS, TLS_12, TLS_13, EximSender, EximServer, OpensmtpdSender, PostfixSender, PostfixServer,
                  SwaksSender)
from ends_more import DovecotLmtp, EximWithAuth, EximWithoutKey, LmtpSender, MsmtpSender, OneByOne, OwnDh, WithCertificate
from scenario import Scenario
from tls_ends import ciphers
from zones import Domain, Mx

NAMED = MAY + "\nsmtp_tls_servername = hostname"
ANYTHING = ciphers("ALL", more="smtpd_tls_exclude_ciphers = aNULL")  # OpenSSL's own floor is taken away
SENT, BOUNCED = r"status=sent", r"status=bounced"
TRUSTED, UNTRUSTED = r"Trusted TLS connection established to", r"Untrusted TLS connection established to"
ESTABLISHED = r"TLS connection established to .*: TLSv1\.3"
TOOK_TLS, TOOK_TLS13 = r"TLS connection established from .*TLSv1\.2", r"TLS connection established from .*TLSv1\.3"
TOOK, TOOK_NOTHING = r"disconnect from .* mail=1 ", r"disconnect from (?!.* mail=1)"
EXIM = EXIM_NO_DANE
EXIM_SENT = r"=> bob.* X=TLS"
AUTH = f"--auth PLAIN --auth-user alice --auth-password {servers.PASSWORD}"
MANY = tuple(f"r{n}" for n in range(20))


def host(leaf=None, **more):
    """A domain with one host."""
    return (Domain(mx=(Mx(leaf=leaf or {}, **more),)),)


def certified(name, number, what, why, leaf, more=TLS_12, says=UNTRUSTED):
    """A server whose certificate is not in order; the sender does not mind."""
    return Scenario(f"server-{name}", number, what, why, host(leaf), (PostfixSender(NAMED),), (says, SENT), (TOOK_TLS, TOOK),
                    server=PostfixServer(more), sees="a mail over TLS 1.2, and what is wrong with the certificate, on both sides.")


VERSIONS = [
    Scenario("server-tls13-only", 50, "A server that speaks TLS 1.3 only; an opportunistic Postfix delivers.",
             "the certificate is encrypted, and that is no fault of anybody.", host(), (PostfixSender(MAY),), (ESTABLISHED, SENT),
             (TOOK_TLS13, TOOK), server=PostfixServer(TLS_13), sees="an ordinary session over TLS 1.3."),
    Scenario("server-tls12-only", 51, "An Exim (GnuTLS) that speaks TLS 1.2 only; an opportunistic Postfix delivers.",
             "the other library: the certificate is visible and right.", host(), (PostfixSender(MAY),), (TRUSTED, SENT),
             (r"<= alice.* P=esmtps X=TLS1\.2",), server=EximServer("tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS1.2"),
             sees="an ordinary session over TLS 1.2."),
    Scenario("server-tls10-only", 52, "A server that speaks TLS 1.0 only; Exim (GnuTLS) still delivers.", "TLS below the floor.", host(),
             (EximSender(EXIM),), (EXIM_SENT + r"1\.0",), (r"established from .*: TLSv1 with", TOOK), server=PostfixServer(servers.TLS_OLD),
             sees="TLS 1.0, on both sides."),
    Scenario("server-rsa-key-exchange", 53, "A server that knows only RSA key exchange.", "who gets the key later reads today's mail.",
             host(), (PostfixSender(MAY),), (r"with cipher AES256-GCM-SHA384", SENT), (TOOK_TLS, TOOK),
             server=PostfixServer(ciphers("AES256-GCM-SHA384")), sees="TLS 1.2 without forward secrecy, on both sides."),
    Scenario("server-dh-1024", 54, "DHE with a prime of 1024 bits, made by the server's operator; Exim (GnuTLS) still takes it.", "Logjam.",
             host(), (EximSender(EXIM),), (EXIM_SENT,), (r"with cipher DHE-RSA", TOOK),
             server=OwnDh(ciphers("DHE")), sees="a Diffie-Hellman group of 1024 bits, on both sides."),
    Scenario("server-anonymous", 55, "Postfix to Postfix over TLS 1.2, opportunistic: they agree on an anonymous suite.",
             "nobody asked for an identity; level `may` promises no more.", host(), (PostfixSender(MAY),), (r"Anonymous TLS.*ADH-", SENT),
             (r"ADH-", TOOK), server=PostfixServer(ciphers("aNULL:ALL")), sees="TLS 1.2 without a certificate, on both sides."),
]

CERTIFICATES = [
    certified("rsa-1024", 56, "An RSA key of 1024 bits.", "it can be factored.", {"key": "rsa:1024"}, ANYTHING,
              r"TLS connection established to"),
    certified("expired", 57, "A certificate that ended 20 days ago.", "nobody renewed it.", {"days": (-400, -20)}),
    certified("not-yet-valid", 58, "A certificate that is not valid yet.", "somebody was too early, or a clock is wrong.",
              {"days": (800, 1800)}),
    certified("self-signed", 59, "A self-signed certificate.", "usual between mail servers: no alert.", {"issuer": "itself", "sent": ()}),
    certified("wrong-name", 60, "A certificate of another host.", "not the name that the sender asked for.",
              {"names": ("mail.elsewhere.example",), "subject": "/CN=mail.elsewhere.example"}, says=TRUSTED),
    certified("incomplete", 61, "The intermediate certificate is not sent.", "the commonest mistake of all.", {"sent": ()}),
]

OFFERS = [
    Scenario("server-no-starttls", 62, "An Exim without TLS takes a mail of an opportunistic Postfix.", "the plainest finding.", host(),
             (PostfixSender(MAY),), (SENT,), (r"<= alice.* P=esmtp ",), server=EximServer(tls=False),
             sees="no offer, and a mail in clear, on both sides."),
    Scenario("server-broken-454", 63, "An Exim whose private key is gone offers STARTTLS and answers 454; Postfix delivers in clear.",
             "a renewal that went wrong: TLS is there, and is not.", host(), (PostfixSender(MAY),), (SENT,), (r"TLS error",),
             server=EximWithoutKey(), sees="454, and a mail in clear in the same session, on both sides."),
    Scenario("server-rate-limit", 64, "A Postfix that allows one new TLS session a minute: "
             "the second one is sent away inside TLS (421), the third gets 454 and goes on in clear.",
             "a limit against abuse makes mail readable.", host(), tuple(PostfixSender(MAY) for _ in range(3)),
             (ESTABLISHED, SENT, r"status=deferred .*421", r"status=sent"),
             (TOOK_TLS13, r"New TLS session rate limit exceeded", TOOK),
             server=PostfixServer(TLS_13 + "\nsmtpd_client_new_tls_session_rate_limit = 1\nsmtpd_client_event_limit_exceptions ="),
             sees="two sessions over TLS 1.3, then 454 and a mail in clear, on both sides."),
    Scenario("server-demands-tls", 65, "A server that demands TLS: one sender uses it and delivers, one does not and gets 530.",
             "good behaviour, and nothing in clear.", host(), (PostfixSender(MAY), PostfixSender(CLEAR)),
             (ESTABLISHED, SENT, BOUNCED + r".*530"), (TOOK_TLS13, TOOK, r"disconnect from .* mail=0/1"),
             server=PostfixServer("smtpd_tls_security_level = encrypt\nsmtpd_tls_protocols = TLSv1.3"),
             sees="a good session, then 530 and no mail, on both sides."),
    Scenario("server-starttls-for-some", 66, "A server hides STARTTLS from the client's IPv4 address and offers it to its IPv6 address.",
             "looks like stripping, and is a setting (smtpd_discard_ehlo_keyword_address_maps).", host(families="46"),
             (PostfixSender(MAY), PostfixSender(MAY + "\nsmtp_address_preference = ipv6")), (SENT, ESTABLISHED), (TOOK, TOOK_TLS13),
             server=PostfixServer(TLS_13 + "\nsmtpd_discard_ehlo_keyword_address_maps = inline:{ 192.0.2.10=starttls }"),
             sees="no offer and a mail in clear over IPv4, a good session over IPv6, on both sides."),
]

SUBMISSION = [
    Scenario("server-submission", 67, "Submission: on 465 TLS from the first octet, on 587 STARTTLS; logins inside TLS.",
             "as RFC 8314 wants it: no alert.",
             host(), (SwaksSender(f"--port 465 --tls-on-connect {AUTH}"), SwaksSender(f"--port 587 -tls {AUTH}")),
             (r"~> QUIT", r"<~\s+235"), (r"<= alice.* P=esmtpsa.* X=TLS1\.3", r"I=\[198\.51\.100\.67\]:587"),
             server=EximWithAuth("auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}"),
             sees="two good sessions over TLS 1.3, no login."),
    Scenario("server-auth-in-clear", 68, "A login on 587 in clear, though STARTTLS is offered; then a mail.",
             "the password is everybody's.", host(),
             (SwaksSender(f"--port 587 {AUTH}"),), (r"<-\s+235",), (r"<= alice.* P=esmtpa",), server=EximWithAuth(),
             sees="a password and a mail in clear, on both sides."),
]

SENDERS = [
    Scenario("server-bdat", 69, "Exim sends in chunks (BDAT): to a server with TLS, then to one without.",
             "content without DATA, inside TLS and in clear.",
             (*host(), Domain("clear", (Mx(server=PostfixServer(NO_TLS)),))), (EximSender(EXIM, ("bob", "bob@clear")),),
             (EXIM_SENT, r"=> bob@clear-server-bdat\.example \S+ \S+ H=\S+ \S+ (?!X=)"), (TOOK_TLS13, TOOK, r"disconnect from .* bdat=1 "),
             server=PostfixServer(TLS_13), sees="a good session, and to the other server a mail in clear, on both sides."),
    Scenario("server-pipelining", 71, "Twenty recipients in one pipelined group; STARTTLS was offered and not used.",
             "replies must meet their commands.",
             host(), (SwaksSender("--pipeline", MANY),), (r"<-\s+354",), (r"disconnect from .* mail=1 rcpt=20 data=1 ",),
             server=PostfixServer(TLS_13), sees="one mail with twenty recipients in clear, on both sides."),
    Scenario("server-lmtp-starttls", 72, "Postfix delivers to Dovecot over LMTP, with STARTTLS.", "the last hop, encrypted: no alert.",
             host(), (LmtpSender(),),
             (r"lmtp\[\d+\]: \S+ TLS connection established to .*TLSv1\.3", SENT), (r"saved mail to",), server=DovecotLmtp(),
             sees="an ordinary session over TLS 1.3, in LMTP."),
    Scenario("server-resumption", 73, "Two mails of a Postfix with a session cache: the second session resumes the first one's TLS 1.2.",
             "no certificate in the second, and that is no fault.", host(),
             (OneByOne(MAY + "\nsmtp_tls_session_cache_database = btree:${data_directory}/smtp_scache\nsmtp_tls_loglevel = 2",
             ("bob", "carol")),),
             (r"(?i)reus\w+ (?:old )?session|re-?using session", TRUSTED, SENT), (TOOK_TLS, TOOK), server=PostfixServer(TLS_12),
             sees="a full handshake, then an abbreviated one, on both sides."),
    Scenario("server-client-certificate", 74, "The server asks for a certificate, and the sending Postfix has one.",
             "both ends are identified: no alert.", host(), (WithCertificate(MAY),), (TRUSTED, SENT),
             (r"Trusted TLS connection established from|CN=client|client\.sender\.example", TOOK),
             server=PostfixServer(TLS_12 + f"\nsmtpd_tls_ask_ccert = yes\nsmtpd_tls_CAfile = {certificates.ROOT}"),
             sees="TLS 1.2 with certificates of both ends, on both sides."),
    Scenario("server-opensmtpd-sender", 75, "OpenSMTPD delivers over TLS 1.2.", "another sender, another way to talk: no alert.", host(),
             (OpensmtpdSender(),),
             (r"mta tls ciphers=TLSv1\.2", r"mta delivery .*result=\"Ok\""), (TOOK_TLS, TOOK), server=PostfixServer(TLS_12),
             sees="an ordinary session over TLS 1.2."),
    Scenario("server-msmtp-sender", 76, "msmtp (GnuTLS) delivers over TLS 1.3, and verifies the certificate.",
             "a mail program of a script: no alert.", host(),
             (MsmtpSender(),), (r"\(TLS1\.3\)", r"<-- 250 .*queued as"), (TOOK_TLS13, TOOK), server=PostfixServer(TLS_13),
             sees="an ordinary session over TLS 1.3.", needs=()),
]

SCENARIOS = VERSIONS + CERTIFICATES + OFFERS + SUBMISSION + SENDERS
