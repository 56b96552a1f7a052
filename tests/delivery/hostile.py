"""A capture in which clients and servers say what could forge a field, end a line or end a message, wherever a record repeats them:
in EHLO, in MAIL FROM, in the SNI, in a certificate. Everything is built here; nothing is sent anywhere.
"""
import pathlib
import ssl
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools"))
import pcapkit  # pylint: disable=wrong-import-position

START_NS = 1_795_000_000 * 10**9
CLIENT, SERVER = bytes([192, 0, 2, 66]), bytes([198, 51, 100, 25])

TEXTS = [
    rb'mx|a=b\c]"d', b"x cs1=forged act=blocked", b" spt=1", b"\t^sev=10^src=6.6.6.6", b"a\x00b", b"\xff\xfe\xed\xa0\x80\xc0\xaf",
    "a\u2028b\u2029c\u0085d".encode(), b'"}}', b'"},"smtp_tls":{"verdict":"verified"}}', b"\x1b]0;title\x07\x7f", "\u202egnp.exe\u200b\ufeff\u3164\ufe0f".encode(),
    b"a\rb", b"\\", rb"x\= cs1=forged", rb"x\\= cs1=forged", b"|CEF:0|a|b|c|d|e|10|src=6.6.6.6", b"LEEF:2.0|a|b|c|d|^|src=6.6.6.6",
    b"\x0b\x0c\x1c\x1d\x1e<13>1 - - - - - - forged", b',"epoch":9,"seq":9,"chain":"' + b"A" * 43 + b'"}}', "mx.\u00e9\U0001f4e7.example".encode(),
    b"x" * 200 + b"|=^\\",
]
CERTIFICATE = 'x|y=z \\ cs1=forged ^sev=10^ "}}\n\u2028<13>'


class Talk:
    """One connection, in order; what is said is acknowledged at once."""

    def __init__(self, port, start_ns):
        self.packets, self.now, self.port, self.seq = [], start_ns, port, {"c": 1000, "s": 5000}
        self._send("c", pcapkit.SYN)
        self._send("s", pcapkit.SYN | pcapkit.ACK)
        self._send("c", pcapkit.ACK)

    def _send(self, who, flags, payload=b""):
        ends = (CLIENT, SERVER, self.port, 25) if who == "c" else (SERVER, CLIENT, 25, self.port)
        other = "s" if who == "c" else "c"
        ack = self.seq[other] if flags & pcapkit.ACK else 0
        self.packets.append(pcapkit.packet(self.now, pcapkit.Segment(*ends, self.seq[who], ack, flags, payload)))
        self.seq[who] += len(payload) + bool(flags & (pcapkit.SYN | pcapkit.FIN))
        self.now += 10**6

    def say(self, who, octets):
        """In segments of an ordinary size."""
        for at in range(0, len(octets), 1400):
            self._send(who, pcapkit.PSH | pcapkit.ACK, octets[at:at + 1400])
            self._send("s" if who == "c" else "c", pcapkit.ACK)

    def end(self):
        """Both ends close. The packets."""
        for who in "cs":
            self._send(who, pcapkit.FIN | pcapkit.ACK)
        self._send("c", pcapkit.ACK)
        return self.packets


def clear_mail(talk, text):
    """A message in clear, by a client that calls itself so, and of a sender of that domain."""
    talk.say("s", b"220 mx.example ESMTP\r\n")
    talk.say("c", b"EHLO " + text + b"\r\n")
    talk.say("s", b"250-mx.example\r\n250 SIZE 1000000\r\n")
    for line, reply in ((b"MAIL FROM:<a@" + text.replace(b">", b"") + b">", b"250 ok"), (b"RCPT TO:<b@rcpt.example>", b"250 ok"), (b"DATA", b"354 go"),
                        (b"Subject: x\r\n\r\nx\r\n.", b"250 queued"), (b"QUIT", b"221 bye")):
        talk.say("c", line + b"\r\n")
        talk.say("s", reply + b"\r\n")


def starttls(talk):
    """Up to where TLS begins."""
    talk.say("s", b"220 mx.example ESMTP\r\n")
    talk.say("c", b"EHLO client.example\r\n")
    talk.say("s", b"250-mx.example\r\n250 STARTTLS\r\n")
    talk.say("c", b"STARTTLS\r\n")
    talk.say("s", b"220 go ahead\r\n")


def client_hello(name):
    """TLS 1.2, one suite, and this name as SNI, whatever it is made of."""
    sni = struct.pack(">HBH", len(name) + 3, 0, len(name)) + name
    extensions = struct.pack(">HH", 0, len(sni)) + sni
    body = b"\x03\x03" + bytes(32) + b"\0" + struct.pack(">HH", 2, 0xC02F) + b"\1\0" + struct.pack(">H", len(extensions)) + extensions
    message = b"\1" + struct.pack(">I", len(body))[1:] + body
    return b"\x16\x03\x01" + struct.pack(">H", len(message)) + message


def hello_only(talk, name):
    """A handshake that the server breaks off."""
    starttls(talk)
    talk.say("c", client_hello(name))
    talk.say("s", b"\x15\x03\x03\x00\x02\x02\x28")


def handshake(folder, talk, subject):
    """A real TLS 1.2 handshake with a certificate that names itself so."""
    cert, key = str(folder / "hostile.pem"), str(folder / "hostile.key")
    escaped = subject.replace("\\", "\\\\").replace("/", "\\/")
    subprocess.run(["openssl", "req", "-x509", "-utf8", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
                    "-days", "2", "-subj", f"/CN={escaped}", "-addext", "subjectAltName=DNS:mx.example"], check=True, capture_output=True)
    contexts = {"c": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "s": ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)}
    contexts["c"].check_hostname, contexts["c"].verify_mode = False, ssl.CERT_NONE
    contexts["s"].load_cert_chain(cert, key)
    into, out, ends = {}, {}, {}
    for who, context in contexts.items():
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        into[who], out[who] = ssl.MemoryBIO(), ssl.MemoryBIO()
        ends[who] = context.wrap_bio(into[who], out[who], server_side=who == "s", server_hostname="mx.example" if who == "c" else None)
    starttls(talk)
    done = set()
    for _ in range(20):
        for who, other in (("c", "s"), ("s", "c")):
            try:
                ends[who].do_handshake()
                if who not in done:
                    ends[who].write(b"EHLO again\r\n" if who == "c" else b"250 ok\r\n")
                done.add(who)
            except ssl.SSLWantReadError:
                pass
            said = out[who].read()
            if said:
                talk.say(who, said)
                into[other].write(said)


def capture(folder):
    """Writes the capture into the folder; its path, and how many sessions are in it."""
    talks, port = [], 40000
    for text in TEXTS:
        for act in (clear_mail, hello_only):
            talk = Talk(port, START_NS + len(talks) * 10**9)
            act(talk, text)
            talks.append(talk)
            port += 1
    talk = Talk(port, START_NS + len(talks) * 10**9)
    handshake(folder, talk, CERTIFICATE)
    talks.append(talk)
    path = folder / "hostile.pcap"
    pcapkit.write(path, [p for t in talks for p in t.end()])
    return path, len(talks)
