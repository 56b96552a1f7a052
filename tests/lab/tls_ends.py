"""TLS servers and clients of many makers, as the stories of TLS use them. Each server starter gives a stopper.

What speaks only TLS stands behind bridge.py, which says STARTTLS for it: a backend on loopback port 4433 at mx, or a
client that connects to port 2525 of its own loopback.
"""
import pathlib
import subprocess
import sys
import time

import certificates as c
import servers as s
from place import LAB, MX4, sh

BACKEND, FRONT = 4433, 2525
EHLO = "EHLO client.sender.example\\n"
MAIL = ["MAIL FROM:<alice@sender.example>\\nRCPT TO:<bob@rcpt.example>\\nDATA\\n", "Subject: hello\\n\\nA short mail.\\n.\\n"]
QUIT = "QUIT\\n"
BYE = "Q\\n"  # s_client's own word, without -quiet: it ends the connection
NSS = LAB / "nss"


def run(client, command, seconds=8):
    """A client's command line, in its namespace. Its own outcome does not matter: the tap's does."""
    with open(LAB / "client.log", "ab") as log:
        subprocess.run([*client.enter, "timeout", "-k", "1", str(seconds), "bash", "-c", command], stdin=subprocess.DEVNULL, stdout=log,
                       stderr=log, check=False)


def typed(*parts, pause=0.3):
    """A shell command that types these, one after the other."""
    return "(" + "".join(f"sleep {pause}; env printf '{p}'; " for p in parts) + f"sleep {pause})"


# ---- servers ---------------------------------------------------------------------------------------------------

def postfix(more, cert=None):
    """Postfix with TLS, and one of the certificates."""
    def serve(_client):
        chosen = ""
        if cert:
            path = c.make(cert)
            chosen = f"\nsmtpd_tls_cert_file = {path}\nsmtpd_tls_key_file = {path.with_suffix('.key')}"
        return s.postfix(more + chosen)
    return serve


def ciphers(text, protocols="TLSv1.2", more=""):
    """Postfix' settings for these suites and no others."""
    return f"{s.TLS_ON}\nsmtpd_tls_protocols = {protocols}\ntls_medium_cipherlist = {text}:@SECLEVEL=0\n{more}"


def exim(priority, more=""):
    """Exim (GnuTLS) with this priority string."""
    return lambda client: s.exim(f"{s.EXIM_TLS}\ntls_require_ciphers = {priority}{s.EXIM_NO_AUTH}\n{more}")


def behind(command, port=BACKEND):
    """A TLS server on loopback, given as a function that makes its command line, behind the bridge."""
    def serve(_client):
        backend = s.process([str(x) for x in command()], port, stdin=subprocess.PIPE, cwd=LAB)
        front = s.process([sys.executable, s.HERE / "bridge.py", "server", MX4, "25", str(port)], 25)
        return s.all_of(backend, front)
    return serve


def s_server(more="", cert="good"):
    """OpenSSL's s_server: `-rev` answers each line with the line turned round."""
    def command():
        path = c.make(cert)
        return ["openssl", "s_server", "-accept", BACKEND, "-cert", c.CERTS / f"{cert}-alone.pem", "-cert_chain", path, "-key",
                path.with_suffix(".key"), *more.format(lab=LAB).split()]
    return behind(command)


def gnutls_serv(more, cert="good"):
    """GnuTLS' server, as an echo."""
    def command():
        path = c.make(cert) if cert else None
        x509 = ["--x509certfile", path, "--x509keyfile", path.with_suffix(".key")] if cert else []
        return ["gnutls-serv", "--echo", "-q", "-p", BACKEND, *x509, *(m.format(lab=LAB, certs=c.CERTS) for m in more)]
    return behind(command)


def nss_store():
    """NSS' store with the good certificate."""
    if not NSS.exists():
        NSS.mkdir()
        sh(["certutil", "-N", "-d", NSS, "--empty-password"], **c.QUIET)
        sh(["pk12util", "-i", c.pkcs12("good"), "-d", NSS, "-W", "lab"], **c.QUIET)
    return NSS


def selfserv(*more):
    """NSS' server."""
    return behind(lambda: ["selfserv", "-d", nss_store(), "-n", "good", "-p", BACKEND, "-v", *more])


def java_server(protocols, suites, *options, cert="good"):
    """Java's JSSE."""
    return behind(lambda: ["java", *options, s.HERE / "Peer.java", "server", BACKEND, c.pkcs12(cert), protocols, suites])


def go_peer():
    """peer.go, built once."""
    if not (LAB / "peer").exists():
        sh(["go", "build", "-o", LAB / "peer", s.HERE / "peer.go"])
    return LAB / "peer"


def go_server(ech=False, groups="-"):
    """Go's crypto/tls; with ech it makes a key and publishes it in LAB/ech."""
    def command():
        path = c.make("good")
        return [go_peer(), "server", BACKEND, path, path.with_suffix(".key"), groups, *([LAB / "ech"] if ech else [])]
    return behind(command)


def truncated():
    """truncated.c, built once."""
    if not (LAB / "truncated").exists():
        sh(["gcc", s.HERE / "truncated.c", "-o", LAB / "truncated", "-lmbedtls", "-lmbedx509", "-lmbedcrypto"])
    return LAB / "truncated"


def mbedtls_server():
    """Mbed TLS."""
    return behind(lambda: [truncated(), "server", BACKEND, c.make("good"), c.CERTS / "good.key"])


def anonymoustls(_client):
    """A server as Exchange is one towards another Exchange."""
    path = c.make("self-signed")
    return s.process([sys.executable, s.HERE / "anonymoustls.py", "server", MX4, str(path), str(path.with_suffix(".key"))], 25)


# ---- clients ---------------------------------------------------------------------------------------------------

def s_client(more="", *parts, before="", port="25 -starttls smtp", quiet="-quiet"):
    """OpenSSL's s_client; without parts it delivers a mail."""
    words = typed(*(parts or [EHLO, *MAIL, QUIT]))
    return lambda client: run(client, f"{before} {words} | openssl s_client {quiet} -crlf -connect {MX4}:{port} "
                              + more.format(lab=LAB, certs=c.CERTS))


def gnutls_cli(priority, more="", parts=(EHLO, *MAIL, QUIT), port="25 --starttls-proto=smtp"):
    """GnuTLS' gnutls-cli."""
    return lambda client: run(client, f"{typed(*parts)} | gnutls-cli --insecure --verify-allow-broken --crlf --priority '{priority}' "
                              f"{more.format(lab=LAB, certs=c.CERTS)} -p {port} {MX4}")


def bridged(command, pause=0.0):
    """A client that knows only TLS, through a bridge at the client; the command line's {port} is the bridge's."""
    def play(client):
        stop = s.process([*client.enter, sys.executable, str(s.HERE / "bridge.py"), "client", str(FRONT), MX4, "25"])
        try:
            text = command() if callable(command) else command
            run(client, text.format(port=FRONT, lab=LAB, certs=c.CERTS, here=s.HERE))
            time.sleep(pause)
        finally:
            stop()
    return play


def tstclnt(more):
    """NSS' client."""
    return bridged(lambda: f"{typed(EHLO, QUIT)} | timeout 6 tstclnt -h 127.0.0.1 -p {{port}} -d {nss_store()} -o -a mx.rcpt.example {more}")


def java_client(protocols, suites, options=""):
    """Java's JSSE."""
    return bridged(f"java {options} {{here}}/Peer.java client {{port}} - {protocols} {suites}")


def go_client(groups="-", ech=False, name="mx.rcpt.example"):
    """Go's crypto/tls."""
    return bridged(lambda: f"{go_peer()} client {{port}} {name} {groups} {LAB / 'ech' if ech else ''}")


def mbedtls_client():
    """Mbed TLS."""
    return bridged(lambda: f"{truncated()} client {{port}}")


def postfix_sends(more):
    """A mail from a Postfix beside the client."""
    def play(client):
        stop = s.postfix(f"smtp_tls_security_level = may\ndefault_transport = smtp\nrelayhost = [{MX4}]\ninet_interfaces = 127.0.0.1\n{more}", "25",
                         "client.sender.example", client.enter, "postfix-client")
        try:
            run(client, "swaks --server 127.0.0.1 --from alice@sender.example --to bob@rcpt.example --helo own.sender.example --body 'A short mail.'")
            time.sleep(3)
        finally:
            stop()
    return play


def both(*plays):
    """One after the other."""
    def play(client):
        for p in plays:
            p(client)
    return play


def openssl_config(text):
    """A configuration file of OpenSSL for one client (OPENSSL_CONF)."""
    path = LAB / "openssl-client.cnf"

    def write(_client):
        pathlib.Path(path).write_text("openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\nsystem_default = lab\n[lab]\n" + text + "\n",
                                      encoding="ascii")
    return write, f"export OPENSSL_CONF={path};"


