"""Receivers of tests on loopback: ports for them, whether they listen, and certificates for both sides."""
import pathlib
import socket
import subprocess

HOST = "127.0.0.1"
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def free_ports(n):
    """Ports that nobody listens at, now."""
    held = [socket.socket() for _ in range(n)]
    for s in held:
        s.bind((HOST, 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def listens(port, kind="tcp"):
    """Whether somebody does, on loopback or any address. He does not notice."""
    for table in (kind, kind + "6"):
        for line in pathlib.Path("/proc/net/" + table).read_text(encoding="ascii").splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            if int(local.rpartition(":")[2], 16) == port and state == ("0A" if kind == "tcp" else "07"):
                return True
    return False


def openssl(*arguments, folder):
    """Must work."""
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_ca(folder, name):
    """An authority: NAME.pem, NAME.key."""
    openssl("req", "-x509", *KEY, "-keyout", name + ".key", "-out", name + ".pem", "-days", "730", "-subj", "/CN=" + name, folder=folder)


def make_leaf(folder, name, ca, names, days=365):
    """A certificate for these names ("DNS:x,IP:y"): NAME.pem, and NAME.key (PKCS #8)."""
    openssl("req", *KEY, "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/O=Lab/CN=" + name, "-addext", "subjectAltName=" + names,
            folder=folder)
    openssl("x509", "-req", "-in", name + ".csr", "-CA", ca + ".pem", "-CAkey", ca + ".key", "-CAcreateserial", "-out", name + ".pem",
            "-days", str(days), "-copy_extensions", "copy", folder=folder)


def certificates(folder, *names):
    """`ca`, another one (`stranger-ca`), and one for each name: of the first, but that of `stranger`."""
    for ca in ("ca", "stranger-ca"):
        make_ca(folder, ca)
    for name in names:
        make_leaf(folder, name, "stranger-ca" if name == "stranger" else "ca", "DNS:" + name)
