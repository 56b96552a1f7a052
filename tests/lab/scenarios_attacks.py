"""Scenarios of somebody on the path. Numbers 130 to 199.

`wire` changes segments, `proxy` ends the connection and speaks to both sides (on_path.py says what each act does, and
which tap sees what of it). What the sender's log says is what the client was made to believe.
"""
import certificates
from ends import CLEAR, DANE, MAY, EximSender, OpensmtpdSender, PostfixSender, PostfixServer, SwaksSender
from on_path import proxy, wire
from scenario import Scenario
from talk_sender import TalkSender
from zones import Domain, Mx

SENT, PUT_OFF = r"status=sent", r"status=deferred"
TLS = r"TLS connection established to"
TOOK_CLEAR = r"disconnect from .* ehlo=1 mail=1 "
TOOK_TLS = r"TLS connection established from .*TLSv1\.2"
EXIM_TRIES_TLS = "  hosts_try_dane ="


def plain(*tlsa):
    """A domain with one host, and its TLSA records."""
    return (Domain(mx=(Mx(tlsa=tlsa),)),)


def postfix(name, number, what, why, path, client_says, server_says=(), more=MAY, **rest):
    """A Postfix sends one mail to a Postfix."""
    return Scenario(name, number, what, why, rest.pop("domains", None) or plain(), (PostfixSender(more),), client_says, server_says, path=path, **rest)


STRIPPED = [
    postfix("strip-inline", 130, "A device removes the line with STARTTLS from the EHLO reply and shifts the sequence numbers.",
            "the classic attack; nothing else of the connection is out of place.", wire("strip-inline"), (SENT,), (TOOK_CLEAR,),
            domains=plain("3 1 1"),
            sees="inside an offer that the client does not use, outside a server that has none; both are quiet about TCP."),
    postfix("strip-proxy", 131, "The same by a transparent proxy that ends both connections.", "each tap sees a connection of its own.",
            proxy("strip"), (SENT,), (TOOK_CLEAR,), domains=plain("3 1 1"), sees="as strip-inline, with other sequence numbers."),
    Scenario("mask-inline", 132, "A firewall with SMTP inspection overwrites banner and keywords in place; Exim sends.",
             "the residue tells who did it.", plain(), (EximSender(EXIM_TRIES_TLS),), (r"=> bob",), (TOOK_CLEAR,), path=wire("mask-inline"),
             sees="outside the masked offer and banner, inside an offer that is not used."),
    postfix("mask-inline-postfix", 182, "The same firewall; Postfix takes a masked greeting for a PIX, and sends HELO.",
            "a workaround that gives up TLS by itself.", wire("mask-inline"), (r"enabling PIX workarounds", SENT), (r"helo=1 mail=1 ",),
            sees="outside the masked greeting, on both sides HELO."),
    postfix("mask-command", 133, "The client's STARTTLS is overwritten on its way.", "the other half of what such firewalls do.",
            wire("mask-command"), (SENT,), (r"disconnect from .* mail=1 ",),
            sees="outside STARTTLS and a 500 that no server gives after its offer, inside a run of X."),
    postfix("refuse-ehlo", 134, "EHLO is answered 502 on the path; the client falls back to HELO.", "a downgrade without touching STARTTLS.",
            proxy("refuse-ehlo"), (SENT,), (r"disconnect from .* helo=1 mail=1 ",), sees="outside the refusal, inside a client that knows no EHLO."),
]

ANSWERED = [
    postfix(f"answer-{code}", number, f"STARTTLS is answered {code} on the path; the server never sees it.", "a refusal in the server's name.",
            proxy(f"reject-{code}"), (SENT,), (TOOK_CLEAR,), sees="outside the refusal, inside an offer that is not used.")
    for number, code in ((135, 454), (136, 500), (137, 502))
] + [
    postfix("swallow-220", 138, "The server is let into TLS, and the client is told 454.", "the two sides stand in different states.",
            proxy("swallow"), (PUT_OFF,), sees="outside a refusal and then nothing, inside a 220 and what is no handshake."),
]

BROKEN = [
    postfix("rst-at-starttls", 139, "Both ends are reset at STARTTLS, with another TTL than theirs.", "TLS is prevented, the mail waits.",
            wire("rst-at-starttls ttl=200"), (r"lost connection|Connection reset",), sees="a reset at the upgrade that came from elsewhere."),
    postfix("rst-at-220", 140, "Only the client is reset at the server's 220, which follows its own reset.", "nobody goes on behind his own reset.",
            wire("rst-at-220 to=client drop=no ttl=41"), (r"lost connection|Connection reset|status=deferred",),
            sees="outside a reset and the same side's 220 behind it; inside the client's reset alone."),
    Scenario("rst-at-clienthello-exim", 141, "The ClientHello of an Exim is answered with resets; it tries again in clear at once.",
             "fallback that was brought about: the modern way to strip.", plain(), (EximSender(EXIM_TRIES_TLS),), (r"=> bob",),
             (r"disconnect from .* mail=1 ",), path=wire("rst-at-clienthello ttl=200"), sees="a forged reset, then the mail in clear."),
    Scenario("rst-at-clienthello-opensmtpd", 142, "The same with OpenSMTPD.", "another sender without patience.", plain(), (OpensmtpdSender(),),
             (r"result=\"Ok\"",), (r"disconnect from .* mail=1 ",), path=wire("rst-at-clienthello ttl=200"), sees="the same."),
    postfix("rst-off-window", 143, "Resets with stepped numbers at STARTTLS, none the expected one.",
            "RFC 5961: the ends ask again and go on.", wire("rst-off-window"), (TLS, SENT), (TOOK_TLS,), sees="a burst of resets in a good session."),
    postfix("close-at-starttls", 144, "A proxy closes both connections at STARTTLS.", "an end without a reset says nothing of who did it.",
            proxy("close-at-starttls"), (PUT_OFF,), sees="outside STARTTLS and the end, inside a probe."),
    Scenario("close-at-clienthello-exim", 145, "A proxy closes at Exim's ClientHello; it tries again in clear.",
             "fallback, but nothing shows that the fault was forged.", plain(), (EximSender(EXIM_TRIES_TLS),), (r"delivering unencrypted",),
             path=proxy("close-at-clienthello"), sees="a failed handshake, then another connection in clear."),
    Scenario("fail-hellos", 146, "A proxy ends every handshake whose hello offers TLS 1.3; a second sender offers TLS 1.2 at most and gets through.",
             "the better hellos are failed until a worse one comes.", plain(),
             (PostfixSender(MAY), PostfixSender(MAY + "\nsmtp_tls_protocols = <=TLSv1.2")), (PUT_OFF, TLS, SENT), (TOOK_TLS,),
             path=proxy("fail-hellos floor=1.3 how=alert"), sees="a failed handshake and a good one."),
]

MALLORY = f"terminate-tls tls=1.2 cert={certificates.CERTS}/mallory.pem key={certificates.CERTS}/mallory.key"


def mallory(path):
    """Has a certificate of the same authority as the servers, for another name."""
    certificates.issue("mallory", certificates.Leaf(names=("mallory.example",), subject="/CN=mallory.example"))
    return proxy(MALLORY)(path)


BETWEEN = [
    postfix("terminate-tls", 147, "A proxy speaks TLS to both sides, to the client with a certificate of its own; the sender does not look.",
            "TLSA says another key: only policy knows.", mallory, (TLS, SENT), (TOOK_TLS,), domains=plain("3 1 1"),
            sees="outside the foreign certificate, inside the true one; nothing else is odd."),
    postfix("terminate-tls-dane", 148, "The same against a sender that asks for TLSA.", "it refuses, as it must.", mallory,
            (r"Server certificate not trusted|not verified|status=deferred",), more=DANE, domains=plain("3 1 1"),
            sees="outside the foreign certificate and no mail; inside a handshake that nobody used."),
    postfix("inject-command", 149, "A command is put behind STARTTLS, in clear, for the server to read inside TLS.", "CVE-2011-0411.",
            proxy("inject-command"), (TLS,), sees="inside the command behind STARTTLS, outside nothing."),
    postfix("inject-response", 150, "A reply is put behind the 220, in clear, for the client to read inside TLS.", "the same against clients.",
            proxy("inject-response"), (SENT,), (TOOK_TLS,), sees="outside the reply behind 220, inside nothing."),
]


HASTY = MAY + "".join(f"\nsmtp_{step}_timeout = 4s" for step in ("helo", "starttls", "mail", "rcpt", "quit"))  # some of this never ends


def injected(name, number, act, what, says, server_says=(), **rest):
    """A forged reply reaches the client before the true one: what `length` it has matters to what follows."""
    return [postfix(f"{name}{'' if length == 'equal' else '-' + length}", number + n, f"{what} The forged one is {word} the true one.",
                    "a race: two versions of the same octets outside.", wire(f"{act} ttl=41 length={length} after=0.1"), says[n], server_says,
                    HASTY, sees="outside both replies, the forged one first and from another distance; inside the true one.", **rest)
            for n, (length, word) in enumerate((("equal", "as long as"), ("shorter", "shorter than"), ("longer", "longer than")))]


RACED = (injected("inject-454", 151, "inject-454", "A forged 454 to STARTTLS.", ((PUT_OFF,), (PUT_OFF,), (PUT_OFF,))) +
         injected("inject-ehlo-reply", 154, "inject-ehlo-reply", "A forged EHLO reply without the offer.", ((SENT,), (r"status=",), (PUT_OFF,))) +
         [postfix("inject-banner", 157, "A forged greeting of another server.", "the client takes the first one.",
                  wire("inject-banner ttl=41 after=0.1"), (r"status=",), sees="outside both greetings, inside the true one.")])


def decoy(which, number, how, what, sees, says=(TLS, SENT), server_says=(TOOK_TLS,)):
    """Other octets stand where the client's next command stands."""
    return postfix(f"overlap-{which}-{how}", number,
                   f"A decoy in the client's name {'before' if which == 'first' else 'behind'} its STARTTLS: {what}.",
                   "evasion: a sensor that reads what the server drops sees another dialogue.", wire(f"overlap-{which} how={how}"), says, server_says,
                   sees=sees)


DECOYS = [
    decoy("first", 158, "checksum", "its checksum is wrong", "the good session; the decoy is told, not read."),
    decoy("first", 159, "md5", "it has a TCP MD5 option", "two versions; the server took the later one."),
    decoy("first", 160, "ttl", "it dies between the taps", "outside two versions, inside one."),
    decoy("first", 161, "valid", "the server takes it", "two versions; the server took the first one.", (r"status=",), ()),
    decoy("last", 162, "checksum", "its checksum is wrong", "the good session; the decoy is told, not read."),
    decoy("last", 163, "ttl", "it dies between the taps", "outside two versions, inside one."),
    decoy("last", 164, "valid", "the server has the true one already", "two versions; the server took the first one."),
    postfix("synack-twice-checksum", 166, "A forged SYN/ACK with a wrong checksum comes first.", "the client takes the true one.",
            wire("synack-twice take=true"), (TLS, SENT), (TOOK_TLS,), sees="a good session."),
    postfix("synack-twice-late", 167, "A forged SYN/ACK comes behind the true one.", "the client ignores it.",
            wire("synack-twice take=late"), (TLS, SENT), (TOOK_TLS,), sees="outside two answers and a good session, inside the session."),
    postfix("checksum-content", 168, "An EHLO reply without the offer and with a wrong checksum stands before the true one.",
            "who reads it sees a stripped session.", wire("checksum-content"), (TLS, SENT), (TOOK_TLS,),
            sees="a good session; outside the decoy is told, not read."),
    postfix("checksum-mail", 169, "A MAIL FROM of somebody else with a wrong checksum stands before the true one.",
            "who reads it names the wrong sender.", wire("checksum-mail"), (SENT,), (TOOK_CLEAR,), more=CLEAR,
            sees="the true sender in clear; the decoy is told, not read."),
]

HIJACKED = [
    Scenario("hijack-command", 170, "A command is put into the client's stream, and nobody shifts the numbers.",
             "Joncheray 1995: the ends drop each other's segments from then on.", plain(), (SwaksSender("--timeout 7s"),), (r"Connected to",),
             path=wire("hijack-desync inject=command"), sees="outside a server that acknowledges what the client never sent."),
]

SMUGGLED = (r"Subject: outer\r\n\r\nouter text\r\n.\n"
            r"MAIL FROM:<mallory@sender.example>\r\nRCPT TO:<RECIPIENT>\r\nDATA\r\nSubject: inner\r\n\r\ninner text")
CLIENTS = [
    Scenario("smuggled", 172, "A message with CRLF.LF and a second one behind it, and the server takes both.", "SEC Consult 2023; CVE-2023-51764.",
             plain(), (TalkSender(SMUGGLED),), (r"DATA: 354",), (r"disconnect from .* mail=2 ",),
             server=PostfixServer("smtpd_tls_security_level = may\nsmtpd_forbid_bare_newline = no"), sees="one message sent, two accepted."),
    Scenario("smuggling-refused", 173, "The same message, and the server does not fall for it.", "an attempt is no success.",
             plain(), (TalkSender(SMUGGLED),), (r"DATA: 354",), (r"disconnect from .* mail=1 ",),
             server=PostfixServer("smtpd_tls_security_level = may\nsmtpd_forbid_bare_newline = normalize\nsmtpd_forbid_bare_newline_exclusions ="),
             sees="one message sent, one accepted."),
]


def forged_dns(name, number, act, what, why, says, server_says=(), more=DANE, **rest):
    """The sender's own questions are answered on the path."""
    mallory = Domain(label="mallory", mx=(Mx(),))
    victim = Domain(mx=(Mx(tlsa=("3 1 1",)),))
    return postfix(name, number, what, why, wire(act.format(evil=f"mx.mallory-{name}.example")), says, server_says, more, domains=(victim, mallory), **rest)


DNS = [
    forged_dns("dns-mx-forged", 174, "dns mx={evil} only=dns-mx-forged.example", "The MX answer names another host; the sender's resolver does not validate.",
               "the mail goes to somebody else, over good TLS.", (TLS, SENT), (TOOK_TLS,), MAY, resolver="mx", validates=False,
               sees="outside the forged answer, inside the true one."),
    forged_dns("dns-mx-forged-validating", 176, "dns mx={evil} only=dns-mx-forged-validating.example", "The same, and the sender's resolver validates.",
               "bogus: no mail leaves.", (r"status=(deferred|bounced)",), sees="no session with the wrong host."),
    forged_dns("dns-tlsa-removed", 178, "dns tlsa=none", "The TLSA answer is emptied for a sender that believes its resolver.",
               "DANE becomes opportunistic TLS.", (r"(Untrusted|Anonymous|Trusted) TLS connection established to", SENT), (TOOK_TLS,), resolver="mx", validates=False,
               sees="outside no TLSA, inside the true one; the session itself is good."),
    forged_dns("dns-double-answer", 180, "dns mx={evil} only=dns-double-answer.example mode=race", "The forged MX answer races the true one.",
               "two answers to one question.", (SENT,), (), MAY, resolver="mx", validates=False, sees="outside two answers, inside one."),
]

SCENARIOS = STRIPPED + ANSWERED + BROKEN + BETWEEN + RACED + DECOYS + HIJACKED + CLIENTS + DNS
