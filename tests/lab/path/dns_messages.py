"""As much of DNS messages as a forger and a small server need (RFC 1035): one question, answers, no compression."""
import socket
import struct
from typing import NamedTuple

A, MX, AAAA, TLSA = 1, 15, 28, 52
RESPONSE, AUTHORITATIVE, RECURSION = 0x8000, 0x0400, 0x0080


class Question(NamedTuple):
    """What is asked; `octets` is the question section as it was sent."""
    ident: int
    flags: int
    name: str
    kind: int
    octets: bytes


def name(text):
    """A name on the wire."""
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


def question(message):
    """The question of a query; None for anything else."""
    if len(message) < 17 or message[2] & 0x80 or message[4:6] != b"\0\x01":
        return None
    ident, flags = struct.unpack_from(">HH", message)
    at, labels = 12, []
    while at < len(message) and 0 < message[at] < 64:
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin-1").lower())
        at += 1 + message[at]
    if at + 5 > len(message):
        return None
    return Question(ident, flags, ".".join(labels), struct.unpack_from(">H", message, at + 1)[0], message[12:at + 5])


def rdata(kind, text):
    """The content of a record: an address, `10 host`, or `3 1 1 hex`."""
    if kind == A:
        return socket.inet_pton(socket.AF_INET, text)
    if kind == AAAA:
        return socket.inet_pton(socket.AF_INET6, text)
    words = text.split()
    if kind == MX:
        return struct.pack(">H", int(words[0])) + name(words[1])
    return bytes(int(w) for w in words[:3]) + bytes.fromhex(words[3])


def answer(asked, records, ttl=60):
    """The answer with these records (texts) to a question; none: NODATA."""
    flags = RESPONSE | AUTHORITATIVE | RECURSION | (asked.flags & 0x0100)
    out = struct.pack(">HHHHHH", asked.ident, flags, 1, len(records), 0, 0) + asked.octets
    for text in records:
        content = rdata(asked.kind, text)
        out += b"\xc0\x0c" + struct.pack(">HHIH", asked.kind, 1, ttl, len(content)) + content
    return out
