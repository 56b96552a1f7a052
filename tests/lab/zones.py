"""The domains of a scenario: what they publish, as zone files below a private, signed root.

A scenario says in a few lines what its domains look like (`Domain`, `Mx`, `Sts`); this makes zone files of it, signs
them with ldns-signzone (ECDSA P-256) and keeps the keys of the root and of `example.` for the whole run.
"""
import dataclasses
import datetime
import hashlib
import pathlib
import subprocess

import certificates
from place import DNS4, LAB, WEB4, sh

ZONES = LAB / "zones"
TTL = 3600
HEAD = "$ORIGIN {origin}\n$TTL " + str(TTL) + "\n@ SOA ns.example. hostmaster.example. 1 3600 900 604800 300\n@ NS ns.example.\n"
DIGESTS = {0: lambda octets: octets, 1: lambda octets: hashlib.sha256(octets).digest(), 2: lambda octets: hashlib.sha512(octets).digest()}


@dataclasses.dataclass
class Mx:
    """One mail exchanger: its names and addresses, its certificate, its TLSA records, and who listens there.

    A TLSA record is written "USAGE SELECTOR TYPE": of the certificate that the server shows (usage 1, 3) or of the
    authority that issued it (0, 2). A fourth word makes it wrong: `wrong` (of another key), `next` (of a key that is
    not in use yet), `short` (an octet is missing), or the hex digits themselves.
    """
    name: str = "mx"
    preference: int = 10
    tlsa: tuple = ()
    leaf: dict = dataclasses.field(default_factory=dict)  # how its certificate differs from a good one: certificates.Leaf
    server: object = None  # an end of ends.py; the scenario's `server` if there is none
    families: str = "4"  # "46": an AAAA record, too
    cname: str = ""  # the MX record names this alias of the host
    tlsa_at: str = ""  # the TLSA name is an alias of this name
    zone: str = ""  # the label of another domain of the scenario, in whose zone the host's name is
    v4: str = ""  # the scenario fills in the rest
    v6: str = ""
    number: int = 0
    origin: str = ""  # the zone of the host's name

    @property
    def host(self):
        """The host's name, without the last dot."""
        return f"{self.name}.{self.origin}"

    @property
    def exchange(self):
        """The name in the MX record."""
        return f"{self.cname}.{self.origin}" if self.cname else self.host

    @property
    def addresses(self):
        """What its address records say."""
        return [self.v4] * ("4" in self.families) + [self.v6] * ("6" in self.families)

    @property
    def certificate(self):
        """The file names of its certificate and key, without suffix."""
        return certificates.CERTS / self.host

    def issue(self):
        """Makes its certificate."""
        certificates.issue(self.host, certificates.Leaf(**{"names": (self.host,), "subject": f"/CN={self.host}", **self.leaf}))

    def associations(self):
        """Its TLSA records as they are published: "3 1 1 HEX"."""
        return [self._association(record) for record in self.tlsa]

    def _association(self, record):
        usage, selector, kind, *change = record.split()
        change = change[0] if change else ""
        if change not in ("", "wrong", "next", "short"):
            return record
        leaf = certificates.Leaf(**self.leaf)
        name = self.host if usage in "13" or leaf.issuer == "itself" else leaf.issuer
        if change in ("wrong", "next"):
            name = f"{change}.{self.host}"
            certificates.issue(name, certificates.Leaf(names=(self.host,), subject=f"/CN={self.host}"))
        alone = certificates.CERTS / f"{name}-alone.pem"
        data = DIGESTS.get(int(kind), DIGESTS[1])(der(alone if alone.exists() else certificates.CERTS / f"{name}.pem", selector))
        return f"{usage} {selector} {kind} {(data[:-1] if change == 'short' else data).hex()}"


@dataclasses.dataclass
class Sts:
    """MTA-STS: what https://mta-sts.DOMAIN/.well-known/mta-sts.txt says. `mx` may have {domain} in it."""
    mode: str = "enforce"
    mx: tuple = ("mx.{domain}",)
    max_age: int = 604800
    identity: str = "20260101"
    leaf: dict = dataclasses.field(default_factory=dict)  # of the web server

    def policy(self, domain):
        """The file, and what of it is in a snapshot."""
        hosts = [pattern.format(domain=domain) for pattern in self.mx]
        text = "".join(f"{line}\r\n" for line in ["version: STSv1", f"mode: {self.mode}", *(f"mx: {host}" for host in hosts),
                                                  f"max_age: {self.max_age}"])
        return text, {"id": self.identity, "mode": self.mode, "mx": hosts, "max_age": self.max_age}


@dataclasses.dataclass
class Domain:
    """A recipient's domain: SCENARIO.example, or LABEL-SCENARIO.example."""
    label: str = ""
    mx: tuple = ()
    signed: str = "nsec"  # nsec, nsec3, or "": no DS record above it and no signatures
    broken: str = ""  # bogus-tlsa: the signatures of its TLSA records are wrong; expired: all its signatures are old
    null_mx: bool = False
    sts: Sts = None
    more: str = ""  # further lines of the zone; {domain} is its name
    name: str = ""  # the scenario fills it in

    @property
    def status(self):
        """What a validating resolver makes of its answers."""
        return "insecure" if not self.signed else "bogus" if self.broken == "expired" else "secure"

    def text(self, hosts):
        """The zone, unsigned; `hosts` are those of the scenario whose names are in it."""
        lines = [HEAD.format(origin=self.name + ".")]
        lines += [f"@ MX {mx.preference} {mx.exchange}." for mx in self.mx] + ["@ MX 0 ."] * self.null_mx
        for mx in hosts:
            lines += [f"{mx.host}. {'AAAA' if ':' in a else 'A'} {a}" for a in mx.addresses]
            lines += [f"{mx.exchange}. CNAME {mx.host}."] if mx.cname else []
            lines += [f"_25._tcp.{mx.host}. CNAME {mx.tlsa_at}"] if mx.tlsa_at else []
            lines += [f"{mx.tlsa_at or f'_25._tcp.{mx.host}.'} TLSA {record}" for record in mx.associations()]
        if self.sts:
            lines += [f'_mta-sts TXT "v=STSv1; id={self.sts.identity};"', f"mta-sts A {WEB4}"]
        return "\n".join(lines) + "\n" + self.more.format(domain=self.name) + "\n"


def der(pem, selector):
    """The certificate (selector 0) or its public key (1)."""
    what = ["-outform", "DER"] if selector == "0" else ["-noout", "-pubkey"]
    out = sh(["openssl", "x509", "-in", pem, *what], capture_output=True).stdout
    return out if selector == "0" else sh(["openssl", "pkey", "-pubin", "-outform", "DER"], input=out, capture_output=True).stdout


# ---- signing ---------------------------------------------------------------------------------------------------

def key(origin):
    """The key of a zone, made once: the name of its files."""
    made = sorted(ZONES.glob(f"K{origin}+013+*.key"))
    if made:
        return made[0].with_suffix("")
    done = sh(["ldns-keygen", "-r", "/dev/urandom", "-a", "ECDSAP256SHA256", "-k", origin], cwd=ZONES, capture_output=True, text=True)
    return ZONES / done.stdout.strip()


def delegation(origin):
    """The DS record of a zone."""
    return pathlib.Path(f"{key(origin)}.ds").read_text(encoding="ascii").replace("\tIN\t", f" {TTL} IN ")


def day(days):
    """A day from now, as ldns-signzone wants it."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%S")


def sign(origin, text, denial="nsec", days=(-1, 30)):
    """Writes the zone, signed; gives its file."""
    plain, signed = ZONES / (origin.rstrip(".") or "root"), ZONES / ((origin.rstrip(".") or "root") + ".signed")
    plain.write_text(text, encoding="ascii")
    denial = ["-n", "-t", "0", "-s", ""] if denial == "nsec3" else []
    sh(["ldns-signzone", *denial, "-i", day(days[0]), "-e", day(days[1]), "-o", origin, "-f", signed, plain, key(origin)],
       stdout=subprocess.DEVNULL)
    return signed


def other_digit(digit):
    """Any other digit of base64."""
    return "B" if digit == "A" else "A"


def spoil(path, kind):
    """Makes the signatures of this type of record wrong."""
    lines = path.read_text(encoding="ascii").split("\n")
    for n, line in enumerate(lines):
        fields = line.split()
        if fields[3:5] == ["RRSIG", kind]:
            fields[-1] = "".join(map(other_digit, fields[-1][:8])) + fields[-1][8:]
            lines[n] = " ".join(fields)
    path.write_text("\n".join(lines), encoding="ascii")


def write(domains, more=""):
    """All zones of a scenario: (origin, file). Hosts of one domain may have their names in another's zone. `more`: lines of `example.`"""
    ZONES.mkdir(exist_ok=True)
    hosts = [mx for domain in domains for mx in domain.mx]
    out, above = [], [HEAD.format(origin="example."), f"ns A {DNS4}\n", more]
    for domain in domains:
        origin = domain.name + "."
        text = domain.text([mx for mx in hosts if mx.origin == domain.name])
        above.append(f"{origin} NS ns.example.\n")
        if domain.signed:
            above.append(delegation(origin))
            out.append((origin, sign(origin, text, domain.signed, (-60, -30) if domain.broken == "expired" else (-1, 30))))
        else:
            out.append((origin, ZONES / domain.name))
            out[-1][1].write_text(text, encoding="ascii")
        if domain.broken == "bogus-tlsa":
            spoil(out[-1][1], "TLSA")
    root = HEAD.format(origin=".") + f"example. NS ns.example.\nns.example. A {DNS4}\n" + delegation("example.")
    return [(".", sign(".", root)), ("example.", sign("example.", "".join(above))), *out]
