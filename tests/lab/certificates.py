"""Certificates of the lab beyond the self-made one: authorities, and a leaf for every way to be right or wrong.

`make(NAME)` writes LAB/certs/NAME.pem (the leaf, then what is sent with it) and NAME.key. `ROOT` is the trust store that
stories take along as ca.pem; `other root` is no part of it. Dates count from the recording: the capture's time is "now".
"""
import dataclasses
import datetime
import subprocess

from place import LAB, sh

CERTS = LAB / "certs"
ROOT = CERTS / "root.pem"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
NAME = "mx.rcpt.example"
CONFIG = """
[ca]
default_ca = lab
[lab]
database = {certs}/index.txt
serial = {certs}/serial
new_certs_dir = {certs}
default_md = sha256
policy = any
unique_subject = no
email_in_dn = no
[any]
commonName = optional
organizationName = optional
organizationalUnitName = optional
countryName = optional
[req]
distinguished_name = none
[none]
"""
LEAF = "basicConstraints = CA:FALSE\nkeyUsage = digitalSignature, keyEncipherment, keyAgreement\nextendedKeyUsage = serverAuth, clientAuth\n"
AUTHORITY = "basicConstraints = critical, CA:TRUE\nkeyUsage = keyCertSign, cRLSign\nsubjectKeyIdentifier = hash\n"


@dataclasses.dataclass
class Leaf:
    """How a leaf differs from a good one. Days count from now."""
    key: str = "rsa:2048"
    days: tuple = (-30, 1800)
    names: tuple = (NAME,)
    subject: str = f"/CN={NAME}"
    digest: str = "sha256"
    issuer: str = "intermediate"  # or "itself"
    sent: tuple = ("intermediate",)
    more: str = ""


LEAVES = {
    "good": Leaf(),
    "expired": Leaf(days=(-400, -20)),
    "not-yet-valid": Leaf(days=(800, 1800)),  # far off: the stories are also told a year later
    "expiring": Leaf(days=(-80, 5)),
    "other-authority": Leaf(issuer="other intermediate", sent=("other intermediate", "other root")),
    "incomplete": Leaf(sent=()),
    "wrong-name": Leaf(names=("mail.elsewhere.example",), subject="/CN=mail.elsewhere.example"),
    "common-name-only": Leaf(names=()),
    "wildcard": Leaf(names=("*.rcpt.example",), subject="/CN=*.rcpt.example"),
    "many-names": Leaf(names=tuple(f"mx{n}.customer-{n:03d}.example" for n in range(250)) + (NAME,), subject="/CN=mx0.customer-000.example"),
    "rsa-1024": Leaf(key="rsa:1024"),
    "rsa-1024-intermediate": Leaf(issuer="weak intermediate", sent=("weak intermediate",)),
    "sha1": Leaf(digest="sha1"),
    "md5": Leaf(digest="md5"),
    "sha1-intermediate": Leaf(issuer="sha1 intermediate", sent=("sha1 intermediate",)),
    "sha1-self-signed": Leaf(digest="sha1", issuer="itself", sent=()),
    "self-signed": Leaf(issuer="itself", sent=()),
    "p-256": Leaf(key="ec:P-256"),
    "p-224": Leaf(key="ec:P-224"),
    "ed25519": Leaf(key="ed25519"),
    "must-staple": Leaf(more="tlsfeature = status_request\n"),
    "google-placeholder": Leaf(issuer="itself", sent=(), names=("invalid2.invalid",),
                               subject="/OU=No SNI provided; please fix your client./CN=invalid2.invalid"),
    "client": Leaf(names=("client.sender.example",), subject="/CN=client.sender.example"),
}


def key(path, kind):
    """A private key: rsa:BITS, ec:CURVE, ed25519."""
    algorithm, _, size = kind.partition(":")
    options = {"rsa": ["-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{size}"],
               "ec": ["-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{size}"],
               "ed25519": ["-algorithm", "ED25519"]}[algorithm]
    sh(["openssl", "genpkey", *options, "-out", path], **QUIET)


def at(days):
    """A day from now, as `openssl ca` wants it."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")


def sign(name, issuer, extensions, leaf):
    """NAME.pem for NAME.key, signed by the issuer's key or its own."""
    (CERTS / "extensions").write_text(extensions, encoding="ascii")
    config = ["-config", CERTS / "ca.cnf"]
    sh(["openssl", "req", "-new", *config, "-key", CERTS / f"{name}.key", "-subj", leaf.subject, "-out", CERTS / "request.pem"], **QUIET)
    by = ["-selfsign", "-keyfile", CERTS / f"{name}.key"]
    if issuer != name:
        by = ["-cert", CERTS / f"{issuer}.pem", "-keyfile", CERTS / f"{issuer}.key"]
    digest = "default" if leaf.key == "ed25519" and issuer == name else leaf.digest
    sh(["openssl", "ca", "-batch", *config, *by, "-md", digest, "-startdate", at(leaf.days[0]), "-enddate", at(leaf.days[1]), "-notext",
        "-rand_serial", "-preserveDN", "-extfile", CERTS / "extensions", "-in", CERTS / "request.pem", "-out", CERTS / f"{name}.pem"], **QUIET)


def authorities():
    """Two roots and their intermediates."""
    if ROOT.exists():
        return
    CERTS.mkdir(exist_ok=True)
    (CERTS / "ca.cnf").write_text(CONFIG.format(certs=CERTS), encoding="ascii")
    (CERTS / "index.txt").touch()
    long = (-60, 3600)
    for name, issuer, how in (
            ("root", "root", Leaf(subject="/O=Lab/CN=Lab Root", days=long)),
            ("intermediate", "root", Leaf(subject="/O=Lab/CN=Lab Intermediate", days=long)),
            ("sha1 intermediate", "root", Leaf(subject="/O=Lab/CN=Lab Intermediate SHA-1", days=long, digest="sha1")),
            ("weak intermediate", "root", Leaf(subject="/O=Lab/CN=Lab Intermediate 1024", days=long, key="rsa:1024")),
            ("other root", "other root", Leaf(subject="/O=Elsewhere/CN=Other Root", days=long)),
            ("other intermediate", "other root", Leaf(subject="/O=Elsewhere/CN=Other Intermediate", days=long))):
        key(CERTS / f"{name}.key", how.key)
        sign(name, issuer, AUTHORITY, how)


def make(name):
    """The leaf of this name and what is sent with it, once."""
    return issue(name, LEAVES[name])


def issue(name, leaf):
    """NAME.pem, NAME-alone.pem and NAME.key, unless they are there."""
    authorities()
    path = CERTS / f"{name}.pem"
    if path.exists():
        return path
    key(CERTS / f"{name}.key", leaf.key)
    names = f"subjectAltName = {', '.join('DNS:' + n for n in leaf.names)}\n" if leaf.names else ""
    sign(name, name if leaf.issuer == "itself" else leaf.issuer, LEAF + names + leaf.more, leaf)
    leaf_pem = path.read_text(encoding="ascii")
    (CERTS / f"{name}-alone.pem").write_text(leaf_pem, encoding="ascii")
    path.write_text(leaf_pem + "".join((CERTS / f"{s}.pem").read_text(encoding="ascii") for s in leaf.sent), encoding="ascii")
    return path


def staple(name, revoked=False):
    """An OCSP response for this leaf by its issuer, as DER."""
    make(name)
    issuer, out = LEAVES[name].issuer, CERTS / f"{name}.ocsp"
    serial = sh(["openssl", "x509", "-noout", "-serial", "-in", CERTS / f"{name}-alone.pem"], capture_output=True,
                text=True).stdout.strip().split("=")[1]
    end, when = at(1700)[2:], at(-3)[2:]
    (CERTS / "ocsp-index.txt").write_text(f"R\t{end}\t{when},keyCompromise\t{serial}\tunknown\t/CN={NAME}\n" if revoked else
                                          f"V\t{end}\t\t{serial}\tunknown\t/CN={NAME}\n", encoding="ascii")
    issued = CERTS / f"{issuer}.pem"
    sh(["openssl", "ocsp", "-index", CERTS / "ocsp-index.txt", "-CA", issued, "-rsigner", issued, "-rkey", CERTS / f"{issuer}.key",
        "-issuer", issued, "-cert", CERTS / f"{name}-alone.pem", "-ndays", "1000", "-respout", out], **QUIET)
    return out


def pkcs12(name):
    """The leaf with its key, for those who want them in one file; the password is `lab`."""
    make(name)
    out = CERTS / f"{name}.p12"
    sh(["openssl", "pkcs12", "-export", "-in", CERTS / f"{name}.pem", "-inkey", CERTS / f"{name}.key", "-name", name, "-passout",
        "pass:lab", "-out", out], **QUIET)
    return out


def dh(bits):
    """Diffie-Hellman parameters of this size, made up here; 2048 bits take a minute or two."""
    path = CERTS / f"dh-{bits}.pem"
    if path.exists():
        return path
    CERTS.mkdir(exist_ok=True)
    sh(["openssl", "dhparam", "-out", path, str(bits)], **QUIET)
    return path
