"""A zone whose signatures cost as much as can be: many keys and many signatures that share one tag (CVE-2023-50387).

None of them is valid, so a validator that does not bound itself tries every signature with every key.
"""
import base64
import hashlib
import secrets

from zones import day

KEYS, SIGNATURES, TAG = 150, 150, 12345


def tag(rdata):
    """RFC 4034 appendix B."""
    total = sum(octet << 8 if n % 2 == 0 else octet for n, octet in enumerate(rdata))
    return (total + (total >> 16)) & 0xffff


def key():
    """DNSKEY rdata with our tag: RSA/SHA-256, 1024 bits that nobody has factors of; its last octets carry the tag."""
    while True:
        modulus = bytearray(secrets.token_bytes(128))
        modulus[0] |= 0x80
        rdata = bytearray(b"\x01\x01\x03\x08" + b"\x03\x01\x00\x01" + modulus)
        rdata[-3:-1] = b"\0\0"
        rdata[-1] |= 1
        missing = (TAG - tag(rdata)) & 0xffff
        # The two octets straddle a word: low octet of one, high octet of the next.
        rdata[-3], rdata[-2] = missing & 0xff, missing >> 8
        for order in ((-3, -2), (-2, -3)):
            rdata[order[0]], rdata[order[1]] = missing & 0xff, missing >> 8
            if tag(rdata) == TAG and rdata[-1] & 1:
                return bytes(rdata)


def name_of(origin):
    """In wire format."""
    return b"".join(bytes([len(label)]) + label.encode() for label in origin.rstrip(".").split(".")) + b"\0"


def zone(origin, head):
    """(zone file text, DS line of the parent)."""
    keys = [key() for _ in range(KEYS)]
    lines = [head, f"@ MX 10 mx.{origin}\nmx A 198.51.100.9\n_25._tcp.mx TLSA 3 1 1 {'ab' * 32}\n"]
    lines += [f"@ DNSKEY 257 3 8 {base64.b64encode(k[4:]).decode()}\n" for k in keys]
    for owner, kind, labels in (("@", "DNSKEY", 2), ("@", "MX", 2), ("mx", "A", 3), ("_25._tcp.mx", "TLSA", 5), ("@", "SOA", 2)):
        lines += [f"{owner} RRSIG {kind} 8 {labels} 3600 {day(30)} {day(-1)} {TAG} {origin} "
                  f"{base64.b64encode(secrets.token_bytes(128)).decode()}\n" for _ in range(SIGNATURES if kind != "DNSKEY" else 100)]
    digests = [hashlib.sha256(name_of(origin) + k).hexdigest() for k in keys[:8]]
    return "".join(lines), "".join(f"{origin} DS {TAG} 8 2 {digest}\n" for digest in digests)
