"""What the tests of delivery share: the driver of a sink, receivers of syslog on loopback, and certificates of every kind."""

import os
import pathlib
import re
import select
import socket
import ssl
import subprocess
import sys
import threading
import time

from loopback import make_ca, make_leaf, openssl

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "tools")]
from checks import eventually  # noqa: E402 pylint: disable=wrong-import-position

HEAD = re.compile(rb"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([!-~]{1,255}) postwacht (\d+) ([!-~]{1,32}) "
                  rb'(-|\[postwacht@32473(?: [a-z]+="(?:[^"\\\]]|\\["\\\]])*")+\]) (.*)', re.DOTALL)


def lines(first, end, width=0, kind=None):
    """Records as the outbox hands them out, numbered."""
    return [b'{"event_type":"%s","fill":"%s","smtp_tls":{"v":1,"id":"ID%08d","epoch":1790000000,"seq":%d}}' %
            (kind or (b"alert" if i % 3 else b"smtp"), b"x" * width, i, i) for i in range(first, end)]


def wait_for(wanted, seconds=60):
    """Until it is so. Nothing here is waited for by a time that may be too short where there are many tests and few cores."""
    if not eventually(wanted, seconds):
        raise AssertionError(f"not within {seconds} s")


class Driver:
    """One run of sinkdrive. `told` are the lines it says, as it says them."""

    def __init__(self, program, kind, messages=(), **settings):
        settings = {"rights": 1, **settings}
        arguments = [program, kind] + [f"{key}={value}" for key, value in settings.items()]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.messages, self.told = messages, []
        said, self.process.stderr = self.process.stderr, None
        self.reader = threading.Thread(target=lambda: self.told.extend(map(self.line, said)), daemon=True)
        self.reader.start()
        self.began = time.monotonic()

    @staticmethod
    def line(octets):
        return octets.decode(errors="replace").rstrip("\n")

    def says(self, words, seconds=60):
        """Until it has."""
        wait_for(lambda: any(words in line for line in self.told), seconds)

    def put(self, messages):
        self.process.stdin.write(b"".join(m + b"\n" for m in messages))
        self.process.stdin.flush()

    def end(self, timeout=90):
        rest = b"".join(m + b"\n" for m in self.messages)
        try:
            self.out, _ = self.process.communicate(rest, timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.out, _ = self.process.communicate()
            self.told.append("never ended")
        self.seconds = time.monotonic() - self.began
        self.reader.join(10)
        self.status = self.process.returncode
        if any("ERROR: AddressSanitizer" in line or "runtime error:" in line for line in self.told):
            self.status = 99
        return self

    @property
    def trouble(self):
        return [t[8:] for t in self.told if t.startswith("trouble ")]

    def sent(self):
        counts = [re.fullmatch(r"sent (\d+) refused (\d+)", t) for t in self.told]
        return next((tuple(map(int, c.groups())) for c in counts if c), None)


def run(program, kind, messages, **settings):
    return Driver(program, kind, messages, **settings).end()


def split_counted(octets):
    """Messages of an octet-counted stream, and what is left over."""
    messages = []
    while True:
        count = re.match(rb"([1-9]\d*) ", octets)
        if not count or len(octets) < count.end() + int(count[1]):
            return messages, octets
        messages.append(octets[count.end():count.end() + int(count[1])])
        octets = octets[count.end() + int(count[1]):]


def body(message):
    """What follows the head of RFC 5424; None where that is none."""
    head = HEAD.fullmatch(message)
    return head[7] if head else None


class Stream:
    """Listens; each connection is given to `talk(server, connection)`, or read to its end. `got` are the octets of each connection."""

    def __init__(self, talk=None, tls=None, address=("127.0.0.1", 0), rcvbuf=None, listener=None):
        self.talk, self.tls, self.got, self.ends, self.errors = talk, tls, [], [], []
        if listener is None:
            listener = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if rcvbuf:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
            listener.bind(address)
        self.listener = listener
        self.listener.listen(16)
        self.port = listener.getsockname()[1] if listener.family != socket.AF_UNIX else None
        self.threads = []
        self.accepting = threading.Thread(target=self.serve, daemon=True)
        self.accepting.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.got.append(bytearray())
            self.ends.append(None)
            thread = threading.Thread(target=self.one, args=(connection, len(self.got) - 1), daemon=True)
            thread.start()
            self.threads.append(thread)

    def one(self, connection, n):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            if self.talk:
                self.talk(self, connection, n)
            else:
                self.read(connection, n)
        except (OSError, ssl.SSLError) as error:
            self.errors.append(error)
        finally:
            connection.close()

    def read(self, connection, n, octets=None):
        """Until that many, or the end. How it ended stands in `ends`."""
        while octets is None or len(self.got[n]) < octets:
            try:
                part = connection.recv(65536)
            except ssl.SSLEOFError:
                self.ends[n] = "cut"
                return
            except ConnectionResetError:
                self.ends[n] = "reset"
                return
            if not part:
                self.ends[n] = "closed"
                return
            self.got[n] += part

    def close(self):
        """Whoever has connected is heard to his end."""
        while select.select([self.listener], [], [], 0)[0]:
            time.sleep(0.01)
        self.listener.shutdown(socket.SHUT_RDWR)
        self.accepting.join(5)
        self.listener.close()
        for thread in self.threads:
            thread.join(20)

    def counted(self):
        """Messages of all connections, in order."""
        return [m for octets in self.got for m in split_counted(bytes(octets))[0]]


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def expect(condition, *what):
    if not condition:
        raise AssertionError(" ".join(map(str, what)))


def attempt(one):
    """Whether a check held. Each is told, and what it took."""
    began = time.monotonic()
    try:
        one()
        print(f"ok   {one.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
        return True
    except Exception as error:  # pylint: disable=broad-except
        print(f"FAIL {one.__name__}: {type(error).__name__}: {error}", flush=True)
        return False


# ---- certificates ------------------------------------------------------------------------------------------------

def make_certificates(folder):
    for ca in ("ca", "stranger"):
        make_ca(folder, ca)
    make_leaf(folder, "good", "ca", "DNS:siem.example,DNS:localhost,IP:127.0.0.1")
    make_leaf(folder, "other", "ca", "DNS:other.example")
    make_leaf(folder, "foreign", "stranger", "DNS:localhost")
    make_leaf(folder, "expired", "ca", "DNS:localhost", days=-1)
    make_leaf(folder, "client", "ca", "DNS:sensor-1")
    make_leaf(folder, "intruder", "stranger", "DNS:sensor-1")
    openssl("ec", "-aes256", "-passout", "pass:secret", "-in", "client.key", "-out", "locked.key", folder=folder)


def server_tls(folder, name, ask=False, version=None, tickets=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key"))
    if ask:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(os.path.join(folder, "ca.pem"))
    if version:
        context.minimum_version = context.maximum_version = version
    if tickets is not None:
        context.num_tickets = tickets
    return context
