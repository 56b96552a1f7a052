#!/usr/bin/env python3
"""What `postwacht doctor` says of outputs and the outbox, with receivers on loopback that are well, away, or not to be believed.

    doctor.py PROGRAM

The last line is `N passed, N failed`, with `, N skipped` where no small disk can be made.
"""
import base64
import contextlib
import http.server
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

from loopback import free_ports, make_ca, make_leaf, openssl

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "tools")]
from checks import Checks  # noqa: E402 pylint: disable=wrong-import-position


# ---- receivers -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def listener(serve, context=None, family=socket.AF_INET):
    """A port at which each connection is served by serve(connection); its number."""
    server = socket.create_server(("127.0.0.1" if family == socket.AF_INET else "::1", 0), family=family)
    ending = threading.Event()

    def loop():
        server.settimeout(0.1)
        while not ending.is_set():
            try:
                plain, _ = server.accept()
            except (TimeoutError, socket.timeout):
                continue
            try:
                plain.settimeout(5)
                with context.wrap_socket(plain, server_side=True) if context else plain as connection:
                    serve(connection)
            except (OSError, ssl.SSLError):
                pass
            plain.close()
    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        ending.set()
        thread.join()
        server.close()


def swallow(connection):
    """Reads until the other side ends."""
    while connection.recv(4096):
        pass


def silent(connection):
    """Answers nothing; a handshake neither."""
    connection.settimeout(6)
    swallow(connection)


def speaker(cert, key, ca=None):
    """A server's TLS; with `ca` it wants a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    if ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(ca)
    return context


class Api(http.server.BaseHTTPRequestHandler):
    """Elasticsearch or ClickHouse as far as doctor knows them."""

    password, token, table, status = "", "", True, 200

    def do_GET(self):
        """One answer."""
        wanted = self.token or "Basic " + base64.b64encode(f"postwacht:{self.password}".encode()).decode()
        status = 401 if (self.password or self.token) and self.headers.get("Authorization") != wanted else self.status
        body = (b"1\n" if self.table else b"0\n") if "EXISTS" in self.path else b"{}"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Quiet."""


@contextlib.contextmanager
def api(context=None, **more):
    """An HTTP server; its port."""
    handler = type("Handler", (Api,), more)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *args: None
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# ---- the program -----------------------------------------------------------------------------------------------------


class Doctor:
    """The program, asked about outputs."""

    def __init__(self, program, folder, checks):
        self.program, self.folder, self.checks = program, folder, checks
        self.before = []  # words before the program's

    def examine(self, outputs, state="none", user="none"):
        """Results of the checks `outputs` and `outbox`."""
        config = self.folder / "doctor.yaml"
        config.write_text(json.dumps({"sensor": {"user": user, "control": str(self.folder / "sock"), "state_dir": state},
                                      "policy": {"resolve": "off"}, "outputs": outputs}), encoding="ascii")
        done = subprocess.run([*self.before, self.program, "doctor", "--json", "--config", str(config)], capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode in (0, 1), done.stderr
        results = json.loads(done.stdout)["results"]
        invalid = [r["what"] for r in results if r["check"] == "configuration" and r["verdict"] == "fail"]
        assert not invalid, invalid
        return [r for r in results if r["check"] in ("outputs", "outbox")]

    def says(self, output, verdict, words, repair=None, check="outputs", **more):
        """The worst that is said of one output."""
        results = [r for r in self.examine([output] if output else [], **more) if r["check"] == check]
        found = [r for r in results if r["verdict"] == verdict and words in r["what"]]
        order = ["pass", "skip", "warn", "fail"]
        worst = max(results, key=lambda r: order.index(r["verdict"]))["verdict"]
        said = [(r["verdict"], r["what"], r["repair"]) for r in results]
        self.checks.check(found and worst == verdict, f"{output}: {verdict} {words!r} is not in {said}")
        if repair and found:
            self.checks.check(repair in (found[0]["repair"] or ""), f"{output}: repair {found[0]['repair']!r} is without {repair!r}")


def authority(doctor, name):
    """The file of its certificate."""
    make_ca(doctor.folder, name)
    return str(doctor.folder / f"{name}.pem")


def leaf(doctor, ca, name, alt, days=365):
    """Files of a certificate and its key."""
    make_leaf(doctor.folder, name, ca, alt, days)
    return str(doctor.folder / f"{name}.pem"), str(doctor.folder / f"{name}.key")


# ---- what is tried ---------------------------------------------------------------------------------------------------


def files(doctor):
    """Files and sockets of this machine."""
    folder = doctor.folder
    doctor.says({"type": "file", "path": str(folder / "eve.json")}, "pass", "can be written")
    doctor.says({"type": "file", "path": "/nonexistent/a/eve.json"}, "fail", "No such file", "install -d")
    doctor.says({"type": "file", "path": "/etc/eve.json"}, "fail", "may not write there", " -m 0750 /etc/postwacht, and name", user="nobody")
    doctor.says({"type": "file", "path": str(folder / "later" / "eve.json")}, "pass", "`run` makes it at its start, not at a reload")
    doctor.says({"type": "file", "path": str(folder)}, "fail", "is neither a file nor a pipe nor a device", f"path: {folder}/eve.json")
    doctor.says({"type": "file", "path": "/dev/null"}, "pass", "can be written")
    doctor.says({"type": "file", "path": "/dev/null", "rotate_mib": 1}, "fail", "cannot be rotated", "without rotate_mib")
    doctor.says({"type": "stdout"}, "pass", "standard output")
    path = str(folder / "receiver.sock")
    doctor.says({"type": "unix", "path": path}, "fail", "No such file", "start whoever listens")
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_UNIX, kind) as s:
            s.bind(path)
            if kind == socket.SOCK_STREAM:
                s.listen()
            doctor.says({"type": "unix", "path": path}, "pass", "somebody listens at")
        doctor.says({"type": "unix", "path": path}, "fail", "nobody listens there")
        os.unlink(path)


def syslog_in_clear(doctor):
    """UDP and TCP."""
    base = {"type": "syslog", "name": "siem", "transport": "tcp", "host": "127.0.0.1"}
    doctor.says({**base, "port": free_ports(1)[0]}, "fail", "Connection refused", "ss -ltn")
    with listener(swallow) as port:
        doctor.says({**base, "port": port}, "pass", "siem: 127.0.0.1 port")
        doctor.says({**base, "port": port, "host": "localhost"}, "warn", "records go in clear", "transport: tls")
    doctor.says({**base, "host": "no-such-host.invalid"}, "fail", "no-such-host.invalid: ", "getent ahosts")
    doctor.says({**base, "transport": "udp"}, "pass", "UDP does not say")
    doctor.says({**base, "transport": "udp", "events": ["alert"]}, "warn", "nobody elsewhere is sent stats", "events: [alert, stats]")
    doctor.says({**base, "transport": "udp", "host": "localhost"}, "warn", "UDP does not say", "transport: tls")


def syslog_tls(doctor, ca, other):
    """Certificates that are right, and each way in which they are not."""
    cert, key = leaf(doctor, "ca", "localhost", "DNS:localhost,IP:127.0.0.1")
    mine, my_key = leaf(doctor, "ca", "sensor", "DNS:sensor")
    foreign, foreign_key = leaf(doctor, "other", "stranger", "DNS:sensor")
    base = {"type": "syslog", "name": "siem", "host": "localhost", "ca": ca}
    with listener(swallow, speaker(cert, key)) as port:
        base["port"] = port
        doctor.says(base, "pass", "is localhost by its certificate, TLSv1.3")
        doctor.says({**base, "host": "127.0.0.1"}, "pass", "is 127.0.0.1 by its certificate")
        doctor.says({**base, "ca": other}, "fail", "certificate", "openssl s_client -connect localhost")
        doctor.says({**base, "server_name": "siem.example"}, "fail", "TLS as siem.example: hostname mismatch", "-verify_hostname siem.example")
        doctor.says({**base, "ca": "/nonexistent.pem"}, "fail", "ca /nonexistent.pem: No such file", "ca: PATH")
        doctor.says({**base, "ca": key}, "fail", "no certificate", "PEM files")
        doctor.says({**base, "cert": cert, "key": my_key}, "fail", "key values mismatch", "same pair")
        os.chmod(my_key, 0o604)
        doctor.says({**base, "cert": mine, "key": my_key}, "warn", "everybody may read it", "chmod o-rwx")
        os.chmod(my_key, 0o600)
    late, late_key = leaf(doctor, "ca", "late", "DNS:localhost", 5)
    with listener(swallow, speaker(cert, key)) as port:
        doctor.says({**base, "port": port, "cert": late, "key": late_key}, "warn", "the certificate of this sensor ends in", "systemctl reload")
    with listener(swallow, speaker(late, late_key)) as port:
        doctor.says({**base, "port": port}, "warn", "the certificate of the receiver ends in", "at the receiver")
    with listener(swallow, speaker(cert, key, ca)) as port:
        base["port"] = port
        doctor.says(base, "fail", "certificate required")
        doctor.says({**base, "cert": foreign, "key": foreign_key}, "fail", "unknown ca")
        doctor.says({**base, "cert": mine, "key": my_key}, "pass", "by its certificate")
    secret = str(doctor.folder / "passphrase.key")
    openssl("ec", "-in", my_key, "-aes128", "-passout", "pass:x", "-out", secret, folder=doctor.folder)
    doctor.says({**base, "cert": mine, "key": secret}, "fail", secret, "without a passphrase")
    with listener(swallow) as port:  # no TLS there
        doctor.says({**base, "port": port}, "fail", "no answer to the handshake")
    with listener(lambda c: c.sendall(b"220 mail.example ESMTP\r\n")) as port:
        doctor.says({**base, "port": port}, "fail", "TLS as localhost: ")


def kafka(doctor, ca):
    """Brokers: some are enough."""
    base = {"type": "kafka", "name": "fleet", "topic": "mail"}
    gone = f"127.0.0.1:{free_ports(1)[0]}"
    try:
        doctor.says({**base, "brokers": [gone]}, "fail", "Connection refused")
    except AssertionError as error:
        if "built without" in str(error):
            return
        raise
    with listener(swallow) as port:
        doctor.says({**base, "brokers": [f"127.0.0.1:{port}"]}, "pass", "1 of 1 brokers")
        doctor.says({**base, "brokers": [gone, f"127.0.0.1:{port}"]}, "warn", "Connection refused")
        doctor.says({**base, "brokers": [f"localhost:{port}"]}, "warn", "records go in clear", "sasl_ssl")
    cert, key = leaf(doctor, "ca", "broker", "IP:127.0.0.1")
    with listener(swallow, speaker(cert, key)) as port:
        secure = {**base, "brokers": [f"127.0.0.1:{port}"], "security": "ssl"}
        doctor.says({**secure, "ca": ca}, "pass", "1 of 1 brokers take connections, TLSv1.3")
        doctor.says(secure, "fail", "certificate", "-CAfile /etc/ssl/certs")


def over_http(doctor, ca):
    """Elasticsearch and ClickHouse."""
    base = {"type": "http", "name": "es", "api": "elasticsearch", "target": "mail"}
    password = doctor.folder / "password"
    password.write_text("secret\nnot this\n", encoding="ascii")
    password.chmod(0o600)
    user = {"user": "postwacht", "password_file": str(password)}
    doctor.says({**base, "url": f"http://127.0.0.1:{free_ports(1)[0]}"}, "fail", "Connection refused")
    with api() as port:
        doctor.says({**base, "url": f"http://127.0.0.1:{port}"}, "pass", "answers")
        doctor.says({**base, "url": f"http://localhost:{port}"}, "warn", "records go in clear", "https://")
        doctor.says({**base, "url": f"http://localhost:{port}", **user}, "warn", "records go in clear", "the password goes in clear")
    with api(status=500) as port:
        doctor.says({**base, "url": f"http://127.0.0.1:{port}"}, "warn", "HTTP 500", "Elasticsearch")
    with api(password="secret") as port:
        doctor.says({**base, "url": f"http://127.0.0.1:{port}"}, "fail", "anybody without a password", "user: NAME")
        doctor.says({**base, "url": f"http://127.0.0.1:{port}", **user}, "pass", "answers")
        password.write_text("wrong\n", encoding="ascii")
        doctor.says({**base, "url": f"http://127.0.0.1:{port}", **user}, "fail", "this user and password")
    password.write_text("key\n", encoding="ascii")
    for kind, scheme in (("elasticsearch", "ApiKey"), ("clickhouse", "Bearer")):
        for token, verdict, words in ((f"{scheme} key", "pass", "answers"), (f"{scheme} other", "fail", "does not take this token")):
            with api(token=token) as port:
                doctor.says({**base, "api": kind, "url": f"http://127.0.0.1:{port}", "password_file": str(password)}, verdict, words)
    for table, verdict, words in ((True, "pass", "answers"), (False, "fail", "has no table mail.records")):
        with api(table=table) as port:
            doctor.says({**base, "api": "clickhouse", "target": "mail.records", "url": f"http://127.0.0.1:{port}"}, verdict, words)
    cert, key = leaf(doctor, "ca", "es.example", "DNS:es.example,DNS:localhost")
    with api(speaker(cert, key)) as port:
        doctor.says({**base, "url": f"https://localhost:{port}", "ca": ca}, "pass", "answers")
        doctor.says({**base, "url": f"https://127.0.0.1:{port}", "ca": ca}, "fail", "IP address mismatch")
        doctor.says({**base, "url": f"https://127.0.0.1:{port}", "ca": ca, "server_name": "es.example"}, "pass", "answers")
        doctor.says({**base, "url": f"https://localhost:{port}"}, "fail", "certificate")
    with listener(lambda c: c.sendall(b"SSH-2.0-x\r\n")) as port:
        doctor.says({**base, "url": f"http://127.0.0.1:{port}"}, "fail", "takes connections, but", "curl -v")


def outbox(doctor):
    """Where records wait."""
    stdout = {"type": "stdout"}
    doctor.says(stdout, "warn", "go with the run", "state_dir: /var/lib/postwacht", check="outbox")
    said = [r["what"] for r in doctor.examine([stdout], state=str(doctor.folder / "a/state")) if r["check"] == "outbox"]
    doctor.checks.check(any(f"is not there yet; its disk is that of {doctor.folder}" in w for w in said), f"not there: {said}")
    doctor.checks.check(any(w.startswith(f"{doctor.folder}: ") or w.startswith(f"{doctor.folder} has ") for w in said), f"room not there: {said}")
    results = doctor.examine([stdout], state=str(doctor.folder))
    said = [r["what"] for r in results if r["check"] == "outbox"]
    doctor.checks.check(any("fdatasync() takes" in w or "cannot be tried" in w for w in said), f"no time of fdatasync in {said}")
    doctor.checks.check(any("for an outbox of at most 2.1 GB" in w or "the outbox may take 2.1 GB" in w for w in said), f"no room in {said}")
    if os.path.ismount("/dev/shm"):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
            results = doctor.examine([stdout], state=memory)
            doctor.checks.check(any(r["verdict"] == "warn" and "is on tmpfs" in r["what"] for r in results), f"tmpfs: {results}")
            doctor.checks.check(not os.listdir(memory), "something was left there")


def small_disks(doctor):
    """Advice that the configuration takes: no limits below the least. False: no disk can be made here."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        return False
    disk = doctor.folder / "disk"
    disk.mkdir()
    for size, words in (("40m", "at least 64 MiB of disk"), ("63m", "at least 64 MiB of disk"), ("64m", "sum up to 64, each at least 32"),
                        ("100m", "sum up to 100, each")):
        doctor.before = ["unshare", "-m", "sh", "-c", f"mount -t tmpfs -o size={size} tmpfs {disk} && exec \"$@\"", "sh"]
        doctor.says({"type": "stdout"}, "warn", f"{disk} has ", words, check="outbox", state=str(disk))
        doctor.says({"type": "stdout"}, "warn", f"{disk} has ", words, check="outbox", state=str(disk / "none/yet"))
    doctor.before = []
    return True


def main():
    program = os.path.abspath(sys.argv[1])
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="postwacht-doctor-") as folder:
        doctor = Doctor(program, pathlib.Path(folder), checks)
        ca, other = authority(doctor, "ca"), authority(doctor, "other")
        files(doctor)
        syslog_in_clear(doctor)
        syslog_tls(doctor, ca, other)
        kafka(doctor, ca)
        over_http(doctor, ca)
        outbox(doctor)
        checks.skipped += not small_disks(doctor)
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
