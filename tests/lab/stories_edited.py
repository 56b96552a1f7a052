"""Stories that no program at hand can play: recorded with real ones, then the octets of TLS are changed (tests/tools/tlsedit.py)."""
import hashlib
import struct

import certificates as c
import servers as s
import tlsedit as e
from stories import Story
from tls_ends import EHLO, QUIT, postfix, s_client

BASE = "a Postfix server limited to TLS 1.2, openssl s_client. Edited afterwards with tests/tools/tlsedit.py, because no program at hand does it: "
GREASE = (0x0A0A, 0xFAFA, 0x3A3A, 0x5A5A)


def noise(label, length):
    """Octets that look encrypted, always the same."""
    return hashlib.shake_128(label.encode()).digest(length)


def edited(name, what, why, how, after, more="-servername mx.rcpt.example", parts=(EHLO, QUIT), server=s.TLS_12):
    """A session of Postfix and s_client, and what was made of it."""
    return Story(name, what, why, BASE + how, postfix(server, "self-signed"), s_client(more, *parts), after)


# ---- hellos ----------------------------------------------------------------------------------------------------

def offer_deflate(hello):
    """DEFLATE, then none."""
    hello.compression = b"\1\0"


def choose_deflate(hello):
    """DEFLATE."""
    hello.compression = b"\1"


def sentinel(hello):
    """What a server of TLS 1.3 says to a client of TLS 1.2."""
    hello.random = hello.random[:24] + b"DOWNGRD\1"


def grease(hello):
    """RFC 8701: values that mean nothing, wherever they may stand."""
    hello.suites = struct.pack(">H", GREASE[0]) + hello.suites
    hello.extensions = [(GREASE[1], b"")] + hello.extensions + [(GREASE[2], b"\0")]
    for n, (kind, body) in enumerate(hello.extensions):
        if kind == 43:
            hello.extensions[n] = kind, bytes([body[0] + 2]) + struct.pack(">H", GREASE[3]) + body[1:]
        elif kind in (10, 51):
            value = struct.pack(">H", GREASE[0]) + (b"" if kind == 10 else b"\0\1\0")
            hello.extensions[n] = kind, struct.pack(">H", len(body) - 2 + len(value)) + value + body[2:]


def long_name(hello):
    """A host name of 300 octets."""
    name = b".".join([b"a" * 59] * 5) + b"x"
    entry = b"\0" + struct.pack(">H", len(name)) + name
    hello.extensions = [(k, struct.pack(">H", len(entry)) + entry) if k == 0 else (k, b) for k, b in hello.extensions]


def choose_tls10(hello):
    """TLS 1.0, by a server that never heard of supported_versions."""
    hello.version = 0x0301


def modern(hello):
    """The client offers no less than TLS 1.2."""
    hello.extensions = [(k, b"\4\3\4\3\3") if k == 43 else (k, b) for k, b in hello.extensions]


def choose_tls13(hello):
    """TLS 1.3, to a client that offers 1.2."""
    hello.extensions.append((43, b"\3\4"))


def extension_not_offered(hello):
    """The server answers an extension that was not offered: max_fragment_length."""
    hello.extensions.append((1, b"\1"))


# ---- framing ---------------------------------------------------------------------------------------------------

def in_pieces(size):
    """Every handshake record that is not encrypted, in records of this many octets."""
    def change(_side, n, octets):
        if n:
            return octets
        return b"".join(e.record(kind, body[at:at + size], version) for kind, version, body in e.records(octets)
                        for at in range(0, len(body), size))
    return e.edit(change)


def coalesced(_side, n, octets):
    """The server's messages in one record."""
    parts = list(e.records(octets))
    return e.record(e.HANDSHAKE, b"".join(body for _, _, body in parts)) if not n and len(parts) > 1 else octets


def broken_certificate(side, n, octets):
    """The certificate's octets are no certificate."""
    if side == "client" or n:
        return octets
    out = b""
    for kind, version, body in e.records(octets):
        if body[:1] == b"\x0b":
            body = body[:10] + noise("certificate", len(body) - 10)
        out += e.record(kind, body, version)
    return out


# ---- SSLv2 and heartbeats --------------------------------------------------------------------------------------

def v2(body):
    """A record of SSLv2 with its header of two octets."""
    return struct.pack(">H", 0x8000 | len(body)) + body


def sslv2(packets):
    """The whole exchange: hellos, CLIENT-MASTER-KEY, and what would be encrypted."""
    der = s.sh(["openssl", "x509", "-in", c.make("self-signed"), "-outform", "DER"], capture_output=True).stdout
    kinds = b"\x01\x00\x80\x07\x00\xc0\x02\x00\x80"
    hello = b"\1\0\2" + struct.pack(">HHH", len(kinds), 0, 16) + kinds + noise("challenge", 16)
    answer = b"\4\0\1\0\2" + struct.pack(">HHH", len(der), 3, 16) + der + kinds[:3] + noise("connection", 16)
    key = b"\2\x01\x00\x80" + struct.pack(">HHH", 0, 256, 0) + noise("key", 256)
    client = [v2(hello), v2(key) + v2(noise("finished", 33)), v2(noise("mail", 80)), v2(noise("quit", 22))]
    server = [v2(answer), v2(noise("verify", 33)) + v2(noise("finished too", 33)), v2(noise("reply", 60))]
    return e.flights(client, server)(packets)


def heartbleed(packets):
    """Heartbeats are agreed on; one in clear claims 16384 octets and has none; the server answers with its memory."""
    def agree(hello):
        hello.extensions.append((15, b"\1"))
    packets = e.hellos(agree, agree)(packets)
    request = e.record(24, b"\1\x40\0")
    answer = e.record(24, b"\2\x04\0" + noise("memory", 1024) + noise("padding", 16))
    return e.flights([None, request], [None, answer])(packets)


STORIES = [
    edited("tls-sslv2", "STARTTLS, then SSL 2.0 with RC4.", "dead since 1996, forbidden since 2011 (RFC 6176).",
           "everything after the 220 is SSLv2, from its specification, with a real certificate; what would be encrypted is noise.", sslv2),
    edited("tls-compression", "Client and server agree on DEFLATE inside TLS.", "CRIME.",
           "both hellos have compression method 1; Debian's libraries have none.", e.hellos(offer_deflate, choose_deflate)),
    edited("tls-heartbleed", "A heartbeat in clear that claims 16384 octets and has none, and an answer of a kilobyte.", "CVE-2014-0160.",
           "heartbeats are agreed on in the hellos, and take the place of the client's key exchange.", heartbleed),
    edited("tls-sentinel-ignored", "The client offers TLS 1.3, the server's random says that it knows it too, TLS 1.2 comes of it, and the client goes on.",
           "a client that does not check, or a middlebox that copies the random.", "the last octets of the server's random are the sentinel.",
           e.hellos(None, sentinel)),
    edited("tls-version-not-offered", "The server chooses TLS 1.3, and the client offered 1.2 at most.", "a ServerHello that answers another hello.",
           "the ServerHello has supported_versions; the client ends with alert 110, and what follows is gone.",
           lambda packets: e.flights([None, e.record(21, b"\2\x6e")], [None])(e.hellos(None, choose_tls13)(packets)), "-tls1_2"),
    edited("tls-server-too-old", "An old server chooses TLS 1.0, and the client's list has 1.2 and 1.3 only.",
           "must not be taken for a changed hello: a server that never heard of the list goes by the old field (RFC 8446 4.2.1).",
           "the version in the ServerHello and supported_versions of the ClientHello; the client ends with alert 70, and what follows is gone.",
           lambda packets: e.flights([None, e.record(21, b"\2\x46")], [None])(e.hellos(modern, choose_tls10)(packets))),
    edited("tls-extension-not-offered", "The server answers an extension that the client did not offer.", "a ServerHello that answers another hello.",
           "the ServerHello has max_fragment_length; the client ends with alert 110.",
           lambda packets: e.flights([None, e.record(21, b"\2\x6e")], [None])(e.hellos(None, extension_not_offered)(packets))),
    edited("tls-grease", "A ClientHello full of GREASE (RFC 8701), as browsers send it.", "must stay silent: reserved values are nothing.",
           "suites, groups, key shares, versions and extensions with GREASE values.", e.hellos(grease)),
    edited("tls-sni-too-long", "The SNI has 300 octets.", "no DNS name is so long.", "the extension's content.", e.hellos(long_name)),
    edited("tls-hello-in-pieces", "The hellos and the certificate in records of 7 octets.", "allowed, and a way to hide from those who do not put them together.",
           "the same octets in other records.", in_pieces(7), "-tls1_2"),
    edited("tls-flight-coalesced", "All of the server's messages in one record.", "as GnuTLS and schannel do it: nothing special.", "the same messages in one record.",
           e.edit(coalesced)),
    edited("cert-unreadable", "The Certificate message holds noise.", "what cannot be read is said so, and judged no further.",
           "the certificate's octets.", e.edit(broken_certificate), "-tls1_2"),
]
