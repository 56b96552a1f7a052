#!/usr/bin/env python3
"""Writes the tables of code points, suites.inc, groups.inc, schemes.inc and primes.inc, from dissect/tls/registry/*.tsv.

    tables.py            writes them beside itself
    tables.py --check    exit 1 when one of them is not what would be written

The registries give a value and a name; what a suite or a group is made of follows from its name by the rules below.
Run by hand when a registry grows; the tables are committed. Needs libxxhash for the digests of the primes (77 without).
"""
import ctypes
import ctypes.util
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent

# Left of "_WITH_": key exchange and authentication. DH_anon and ECDH_anon are ephemeral: nobody has a static key.
EXCHANGE = {
    "NULL": ("NULL", "NULL"), "RSA": ("RSA", "RSA"), "DH_DSS": ("DH", "DSS"), "DH_RSA": ("DH", "RSA"),
    "DHE_DSS": ("DHE", "DSS"), "DHE_RSA": ("DHE", "RSA"), "DH_anon": ("DHE", "ANON"), "ECDH_ECDSA": ("ECDH", "ECDSA"),
    "ECDH_RSA": ("ECDH", "RSA"), "ECDHE_ECDSA": ("ECDHE", "ECDSA"), "ECDHE_RSA": ("ECDHE", "RSA"),
    "ECDH_anon": ("ECDHE", "ANON"), "PSK": ("PSK", "PSK"), "DHE_PSK": ("DHE_PSK", "PSK"), "PSK_DHE": ("DHE_PSK", "PSK"),
    "ECDHE_PSK": ("ECDHE_PSK", "PSK"), "RSA_PSK": ("RSA_PSK", "RSA"), "KRB5": ("KRB5", "KRB5"), "SRP_SHA": ("SRP", "SRP"),
    "SRP_SHA_RSA": ("SRP", "RSA"), "SRP_SHA_DSS": ("SRP", "DSS"), "GOSTR341094": ("GOST", "GOST"),
    "GOSTR341001": ("GOST", "GOST"), "GOSTR341112_256": ("GOST", "GOST"), "ECCPWD": ("OTHER", "OTHER"), "ECJPAKE": ("OTHER", "OTHER"),
}
EXPORT_EXCHANGE = {"RSA": "RSA_EXPORT", "DHE": "DHE_EXPORT"}  # weakened itself; elsewhere EXPORT weakens the cipher only
# A fresh key pair for each session. KEX_OTHER is password-authenticated: ECCPWD, ECJPAKE.
EPHEMERAL = {"DHE", "DHE_EXPORT", "ECDHE", "DHE_PSK", "ECDHE_PSK", "SRP", "ANY", "OTHER"}

# Right of it, without the hash: the first pattern that matches; bits of the key, or the name of the group that holds them.
CIPHERS = (
    (r"NULL", "NULL", "NONE", 0), (r"RC4_(\d+)", "RC4", "STREAM", 1), (r"RC2_CBC_(\d+)", "RC2", "CBC", 1),
    (r"DES40_CBC", "DES", "CBC", 40), (r"DES_CBC_(\d+)", "DES", "CBC", 1), (r"DES_CBC", "DES", "CBC", 56),
    (r"3DES_EDE_CBC", "3DES", "CBC", 112), (r"IDEA_CBC", "IDEA", "CBC", 128), (r"SEED_CBC", "SEED", "CBC", 128),
    (r"CHACHA20_POLY1305", "CHACHA20", "POLY1305", 256), (r"(?:ESTREAM_)?SALSA20", "OTHER", "STREAM", 256),
    (r"SM4_(GCM|CCM)", "OTHER", None, 128), (r"(?:28147_CNT|KUZNYECHIK.*|MAGMA.*)", "GOST", "OTHER", 256),
    (r"(AES|ARIA|CAMELLIA)_(\d+)_(CBC|GCM|CCM_8|CCM)", None, None, 2),
)
HASHES = {"NULL": "NULL", "MD5": "MD5", "SHA": "SHA1", "SHA1": "SHA1", "SHA256": "SHA256", "SHA384": "SHA384", "SM3": "OTHER",
          "IMIT": "OTHER", "GOSTR3411": "OTHER", "OMAC": "OTHER", "L": "OTHER", "S": "OTHER"}
POST_QUANTUM = re.compile(r"mlkem|kyber|frodo|ntru|sntrup|saber|sidh|sike|hqc|bike", re.I)
TLS12_HASHES = ("", "md5", "sha1", "sha224", "sha256", "sha384", "sha512")  # RFC 5246 7.4.1.4.1
TLS12_SIGNATURES = {1: "rsa_pkcs1", 2: "dsa", 3: "ecdsa"}


def registry(name):
    """Rows of a registry as lists of columns, ascending by value where there is one."""
    lines = (HERE / "registry" / f"{name}.tsv").read_text(encoding="ascii").splitlines()[1:]
    return [line.split("\t") for line in lines]


def bulk(right):
    """Cipher, mode, hash and key bits of what stands right of "_WITH_"."""
    cipher, _, mac = right.rpartition("_")
    if right.endswith(("_CCM", "_CCM_8")):  # RFC 6655 3, 7251 2: the PRF's hash is not in the name
        cipher, mac = right, "SHA256"
    for pattern, kind, mode, bits in CIPHERS:
        m = re.fullmatch(pattern, cipher)
        if not m:
            continue
        mode = mode or m[m.lastindex].replace("_", "")
        return kind or m[1], mode, HASHES[mac], int(m[bits]) if 0 < bits < 3 else bits
    raise ValueError(f"no rule for the cipher of {right}")


def suite(value, name):
    """One row of suites.inc."""
    if name.endswith("_SCSV"):  # a signal, never selected
        return f'S({value}, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, 0, 0, "{name}")\n'
    left, is_old, right = name[len("TLS_"):].partition("_WITH_")
    flags = []
    if not is_old:
        kex, auth, right = "ANY", "ANY", left
        flags.append("S_TLS13")
        right = {"SHA256_SHA256": "NULL_SHA256", "SHA384_SHA384": "NULL_SHA384"}.get(right, right)  # RFC 9150: integrity only
    else:
        kex, auth = EXCHANGE[re.sub(r"_EXPORT(1024)?$", "", left)]
    if "_EXPORT" in left:
        kex = EXPORT_EXCHANGE.get(kex, kex)
        flags.append("S_EXPORT")
    if kex in EPHEMERAL:
        flags.append("S_FS")
    return f'S({value}, {kex}, {auth}, {", ".join(map(str, bulk(right)))}, {" | ".join(flags) or 0}, "{name}")\n'


def group(value, name):
    """One row of groups.inc: the size of an elliptic curve's field, 0 for what is none."""
    m = re.match(r"(?:sec[tp]|brainpoolP)(\d+)", name)
    bits = {"x25519": 255, "x448": 448, "curveSM2": 256}.get(name, int(m[1]) if m else 0)
    hybrid = bool(POST_QUANTUM.search(name))
    return f'{{{value}, {0 if hybrid else bits}, {"true" if hybrid else "false"}, "{name}"}},\n'


def schemes():
    """Rows of schemes.inc: the registry, and the pairs of TLS 1.2 that it leaves unnamed."""
    names = {int(value, 16): name for value, name in registry("schemes")}
    for h, word in list(enumerate(TLS12_HASHES))[1:]:
        for s, algorithm in TLS12_SIGNATURES.items():
            names.setdefault(h << 8 | s, f"{algorithm}_{word}")
    return [f'{{0x{value:04X}, "{names[value]}"}},\n' for value in sorted(names)]


def arctan_inverse(x, bits):
    """arctan(1/x) * 2^bits."""
    term = total = (1 << bits) // x
    n, sign = 3, -1
    while term:
        term //= x * x
        total += sign * (term // n)
        n, sign = n + 2, -sign
    return total


def constant(word, bits):
    """floor(constant * 2^bits) for pi (Machin) and e."""
    room = bits + 64
    if word == "pi":
        return (16 * arctan_inverse(5, room) - 4 * arctan_inverse(239, room)) >> 64
    term = total = 1 << room
    n = 1
    while term:
        term //= n
        total += term
        n += 1
    return total >> 64


def prime_value(bits, word, rest):
    """RFC 2409, 3526 and 7919 spell their primes as a formula with a constant; others stand in hexadecimal."""
    if word == "hex":
        return int(rest, 16)
    return (1 << bits) - (1 << (bits - 64)) - 1 + ((constant(word, bits - 130) + int(rest)) << 64)


def primes():
    """Rows of primes.inc, ascending by digest."""
    library = ctypes.util.find_library("xxhash")
    if not library:
        print("libxxhash is not here")
        sys.exit(77)
    digest = ctypes.CDLL(library).XXH3_64bits
    digest.restype, digest.argtypes = ctypes.c_uint64, (ctypes.c_char_p, ctypes.c_size_t)
    rows = []
    for name, bits, flags, word, rest in registry("primes"):
        p = prime_value(int(bits), word, rest)
        if p.bit_length() != int(bits):
            raise ValueError(f"{name} has {p.bit_length()} bits")
        octets = p.to_bytes((p.bit_length() + 7) // 8, "big")
        marks = ["true" if word in flags.split(",") else "false" for word in ("rfc7919", "safe")]
        rows.append((digest(octets, len(octets)), f'"{name}", {bits}, {", ".join(marks)}'))
    return [f"{{0x{d:016X}, {rest}}},\n" for d, rest in sorted(rows)]


def tables():
    """Name of each file, and all of it."""
    written = "// Written by dissect/tls/tables.py from registry/"
    yield "suites.inc", (f"{written}suites.tsv (IANA, and the Salsa20 drafts), ascending by value, without GREASE.\n"
                         "// Value, key exchange, authentication, cipher, mode, hash, effective key bits, flags, name.\n"
                         + "".join(suite(*row) for row in registry("suites")))
    yield "groups.inc", (f"{written}groups.tsv (IANA, and Open Quantum Safe's), ascending by value, without GREASE.\n"
                         "// Value, field size of an elliptic curve, post-quantum, name.\n"
                         + "".join(group(*row) for row in registry("groups")))
    yield "schemes.inc", (f"{written}schemes.tsv (IANA, and Open Quantum Safe's) and the pairs of TLS 1.2, ascending.\n"
                          + "".join(schemes()))
    yield "primes.inc", (f"{written}primes.tsv, ascending by digest.\n"
                         "// Digest, name, bits, of RFC 7919, safe prime of known origin.\n" + "".join(primes()))


def main():
    stale = []
    for name, text in tables():
        path = HERE / name
        if "--check" not in sys.argv:
            path.write_text(text, encoding="ascii")
        elif not path.is_file() or path.read_text(encoding="ascii") != text:
            stale.append(f"{name} is not what dissect/tls/tables.py writes")
    print("\n".join(stale), end="\n" if stale else "")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
