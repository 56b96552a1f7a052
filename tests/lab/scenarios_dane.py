"""Scenarios of zones: DANE as it is met in the field. Numbers 10 to 41."""
from ends import CLEAR, DANE, MAY, NO_TLS, TLS_12, TLS_13, EximSender, OpensmtpdSender, PostfixSender, PostfixServer
from scenario import Scenario
from zones import Domain, Mx

VERIFIED = r"Verified TLS connection established"
NO_TRUST = r"Server certificate not (trusted|verified)"
OTHER = r"(Trusted|Untrusted) TLS connection established"
NOT_OFFERED = r"TLS is required, but was not offered"
SENT, PUT_OFF, BOUNCED = r"status=sent", r"status=deferred", r"status=bounced"
TOOK_TLS, TOOK_TLS13 = r"TLS connection established from .*TLSv1\.2", r"TLS connection established from .*TLSv1\.3"
TOOK, TOOK_NOTHING = r"disconnect from .* mail=1 ", r"disconnect from (?!.* mail=)"
GOOD = "a good session over TLS 1.2 with a readable certificate, on both sides; nothing is wrong."
RECORDS = '@ TXT "v=spf1 mx -all"\n_dmarc TXT "v=DMARC1; p=reject"\n_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@{domain}"'
DKIM = 'k1._domainkey TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="'


def dane(*records, host=None, **more):
    """A domain with one host and these TLSA records."""
    return (Domain(mx=(Mx(tlsa=records, **(host or {})),), **more),)


def good(name, number, what, why, domains, **more):
    """A DANE sender verifies the certificate and delivers."""
    return Scenario(name, number, what, why, domains, (PostfixSender(DANE),), (VERIFIED, SENT), (TOOK_TLS, TOOK), sees=GOOD, **more)


MATCHING = [
    good("dane-ee-sha256", 10, "TLSA 3 1 1 of the server's key; a DANE sender verifies it and delivers.",
         "the ordinary good case: no alert.", dane("3 1 1", more=RECORDS + "\n" + DKIM)),
    Scenario("dane-ta", 11, "TLSA 2 1 1 of the authority that issued the certificate; over IPv6.",
             "a match by the chain, and the name counts.", dane("2 1 1", host={"families": "46"}),
             (PostfixSender(DANE + "\nsmtp_address_preference = ipv6"),), (VERIFIED + r".*\[2001:db8:51::11\]", SENT), (TOOK_TLS, TOOK),
             sees=GOOD),
    good("dane-ee-sha512", 12, "TLSA 3 1 2: SHA-512 of the key.", "the other digest.", dane("3 1 2")),
    good("dane-ee-full-cert", 13, "TLSA 3 0 1: of the whole certificate, which is self-signed.",
         "the other selector; a self-signed certificate is in order under DANE-EE.",
         dane("3 0 1", host={"leaf": {"issuer": "itself", "sent": ()}})),
    good("dane-rollover", 16, "Two records 3 1 1: one of the key in use, one of the next.", "how a rollover is done right: no alert.",
         dane("3 1 1 next", "3 1 1")),
    good("dane-mx-cname", 23, "The MX record names an alias of the host; the TLSA record is at the host's own name.",
         "RFC 7672 2.2.2: the expanded name comes first, though an MX should not be an alias.", dane("3 1 1", host={"cname": "mail"})),
    good("dane-tlsa-cname", 24, "The TLSA name is an alias of a record elsewhere in the zone.", "many hosts share one record.",
         dane("3 1 1", host={"tlsa_at": "_dane"})),
    Scenario("dane-ee-tls13", 39, "TLSA 3 1 1, and TLS 1.3: the certificate is encrypted.",
             "the sender could verify it, a tap cannot: not observable is no pass.", dane("3 1 1"), (PostfixSender(DANE),),
             (VERIFIED + r".*TLSv1\.3", SENT), (TOOK_TLS13, TOOK), server=PostfixServer(TLS_13),
             sees="TLS 1.3; the identity is not observable, on either side."),
    Scenario("dane-exim", 38, "TLSA 3 1 1; the sender is Exim (GnuTLS), which tries DANE.", "another sender's DANE.", dane("3 1 1"),
             (EximSender(),), (r"=> bob.* X=TLS1\.2\S* CV=dane",), (TOOK_TLS, TOOK), sees=GOOD),
    Scenario("dane-remote-resolver", 41,
             "TLSA 3 1 1; the sender has no resolver of its own and believes the AD bit of one beyond the path.",
             "DANE that whoever is on the path could take away: RFC 7672 2.1.1 wants the resolver at the sender.", dane("3 1 1"),
             (PostfixSender(DANE),), (VERIFIED, SENT), (TOOK_TLS, TOOK), resolver="mx",
             sees="the stub's few questions to 203.0.113.54 with their AD bits, and a good session over TLS 1.2."),
]

BROKEN = [
    Scenario("dane-mismatch-deferred", 14, "TLSA 3 1 1 of another key; a DANE sender refuses the server.",
             "the certificate was renewed and DNS forgotten: mail of DANE senders waits.", dane("3 1 1 wrong"), (PostfixSender(DANE),),
             (NO_TRUST, PUT_OFF), (TOOK_TLS, TOOK_NOTHING),
             sees="TLS 1.2 is completed, the certificate does not match, and the sender leaves without a mail."),
    Scenario("dane-mismatch-delivered", 15, "TLSA 3 1 1 of another key; a sender without DANE delivers.",
             "what a man in the middle looks like, too.", dane("3 1 1 wrong"), (PostfixSender(MAY),), (OTHER, SENT), (TOOK_TLS, TOOK),
             sees="a mail over TLS 1.2 to a server that DANE does not know."),
    Scenario("dane-unusable", 17, "TLSA records that SMTP has no use for: usages 0 and 1, an unknown type, a digest that is too short.",
             "RFC 7672 2.2: TLS stays mandatory, nobody is authenticated.", dane("0 1 1", "1 1 1", "3 1 9", "3 1 1 short"),
             (PostfixSender(DANE),), (OTHER, SENT), (TOOK_TLS, TOOK), sees="TLS 1.2, with a certificate that need not match anything."),
    Scenario("dane-unsigned-zone", 18, "TLSA 3 1 1 in a zone that is not signed.", "no DNSSEC, no DANE: the record counts for nothing.",
             dane("3 1 1", signed=""), (PostfixSender(DANE),), (OTHER, SENT), (TOOK_TLS, TOOK), sees="an ordinary session over TLS 1.2."),
    Scenario("dane-bogus", 19, "The signatures of the TLSA records are wrong: a DANE sender does not even connect; one without delivers.",
             "a broken signer, or an attack on DNS: no decision is not `no DANE`.", dane("3 1 1", broken="bogus-tlsa"),
             (PostfixSender(DANE), PostfixSender(MAY)), (r"TLSA lookup error", PUT_OFF, OTHER, SENT), (TOOK_TLS, TOOK),
             sees="one session, that of the second sender: an ordinary one over TLS 1.2."),
    Scenario("dane-expired-signatures", 20,
             "All signatures of the zone expired a month ago, and the resolver does not validate: one sender uses TLS, one does not.",
             "re-signing stopped: whoever validates cannot reach the domain, everybody else does not notice.",
             dane("3 1 1", broken="expired"), (PostfixSender(DANE), PostfixSender(CLEAR)), (OTHER, SENT), (TOOK_TLS, TOOK), validates=False,
             sees="an ordinary session over TLS 1.2, then one in clear though STARTTLS was offered."),
    Scenario("dane-server-without-starttls", 29, "TLSA 3 1 1, and the server does not offer STARTTLS; a DANE sender does not deliver.",
             "either the server lost its TLS, or somebody on its side of the path took the offer away.", dane("3 1 1"),
             (PostfixSender(DANE),),
             (NOT_OFFERED, PUT_OFF), (TOOK_NOTHING,), server=PostfixServer(NO_TLS),
             sees="EHLO without an offer, QUIT, no mail, on both sides."),
    Scenario("dane-sent-in-clear", 30, "TLSA 3 1 1, the server does not offer STARTTLS, and an opportunistic sender delivers in clear.",
             "the mail that DANE exists to prevent.", dane("3 1 1"), (PostfixSender(MAY),), (SENT,), (TOOK,), server=PostfixServer(NO_TLS),
             sees="no offer, and a mail in clear, on both sides."),
    Scenario("dane-offered-unused", 31, "TLSA 3 1 1, STARTTLS is offered, and the sender does not use TLS at all.",
             "the sender's fault: the domain did all it could.", dane("3 1 1"), (PostfixSender(CLEAR),), (SENT,), (TOOK,),
             sees="an offer that nobody takes, and a mail in clear, on both sides."),
]

NONE = [
    Scenario("dane-none-nsec", 21, "A signed zone without TLSA records; NSEC denies them. TLS 1.3.",
             "no DANE, and that is proven.", dane(), (PostfixSender(DANE),), (OTHER + r".*TLSv1\.3", SENT), (TOOK_TLS13, TOOK),
             server=PostfixServer(TLS_13), sees="an ordinary session over TLS 1.3."),
    Scenario("dane-none-nsec3", 22, "A signed zone without TLSA records; NSEC3 denies them.", "the same with hashed names.",
             dane(signed="nsec3"), (PostfixSender(DANE),), (OTHER, SENT), (TOOK_TLS, TOOK), sees="an ordinary session over TLS 1.2."),
    Scenario("mx-null", 28, "A null MX: the domain takes no mail. The sender gives up without a connection.",
             "RFC 7505: no SMTP session must come of it.", (Domain(null_mx=True),), (PostfixSender(DANE),), (r"nullMX", BOUNCED),
             sees="DNS, and no SMTP at all."),
    Scenario("no-policy", 37, "A domain with neither DNSSEC nor MTA-STS; Postfix sends over TLS 1.3, then OpenSMTPD.",
             "most of the world: encrypted, and nobody promised more.", dane(signed=""), (PostfixSender(MAY), OpensmtpdSender()),
             (OTHER + r".*TLSv1\.3", SENT, r"mta tls ciphers=TLSv1\.3", r"mta delivery .*result=\"Ok\""), (TOOK_TLS13, TOOK),
             server=PostfixServer(TLS_13),
             sees="two ordinary sessions over TLS 1.3."),
]

SEVERAL = [
    Scenario("mx-several", 25,
             "Three hosts with TLSA records: the first without STARTTLS, the second with another key, the third in order.",
             "a DANE sender goes on until one is in order; each session stands for itself.",
             (Domain(mx=(Mx("mx1", 10, ("3 1 1",), server=PostfixServer(NO_TLS)), Mx("mx2", 20, ("3 1 1 wrong",)),
                         Mx("mx3", 30, ("3 1 1",)))),), (PostfixSender(DANE),),
             (NOT_OFFERED + r" by host mx1", NO_TRUST, VERIFIED + r" to mx3", SENT), (TOOK_NOTHING, TOOK_TLS, TOOK),
             server=PostfixServer(TLS_12),
             sees="three sessions, and a mail in the third only."),
    Scenario("mx-elsewhere", 40, "An unsigned domain whose mail is hosted: the host's own zone is signed and has a TLSA record.",
             "the MX record is not protected, the host is: RFC 7672 2.2.1.",
             (Domain(signed="", mx=(Mx(tlsa=("3 1 1",), zone="provider"),)), Domain("provider")), (PostfixSender(DANE),),
             (r"TLS connection established to mx\.provider", SENT), (TOOK_TLS, TOOK),
             sees="an ordinary session over TLS 1.2; the SNI is the host's."),
]

SCENARIOS = MATCHING + BROKEN + NONE + SEVERAL
