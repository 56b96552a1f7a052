"""Mail servers on loopback for the tests of `postwacht probe`: one that behaves, and others that do not."""

import socket
import ssl
import subprocess
import threading
import time

NAME = "mx1.partner.example"


def certificate(folder):
    """A self-signed certificate for NAME and its key."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", cert, "-days", "30", "-subj", "/CN=" + NAME,
                    "-addext", "subjectAltName=DNS:" + NAME], check=True, capture_output=True)
    return cert, key


class Server:
    """One listener; `talk(connection, server)` is the behaviour, `heard` everything that clients said in lines."""

    def __init__(self, talk, files=None, version=None, address=("127.0.0.1", 0)):
        self.talk, self.heard, self.n = talk, [], 0
        self.tls = None
        if files:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*files)
            if version:
                self.tls.maximum_version = version
        self.listener = socket.create_server(address)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            self.n += 1
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        try:
            self.talk(connection, self)
        except (OSError, ssl.SSLError):
            pass
        finally:
            connection.close()

    def line(self, connection):
        text = b""
        while not text.endswith(b"\n"):
            octet = connection.recv(1)
            if not octet:
                raise OSError("closed")
            text += octet
        self.heard.append(text.decode("latin-1").strip())
        return self.heard[-1]


def commands(connection, server, tls):
    """Answers commands until STARTTLS or QUIT; says which."""
    while True:
        verb = server.line(connection).split()[0].upper()
        if verb == "EHLO":
            offer = b"" if tls else b"250-STARTTLS\r\n"
            connection.sendall(b"250-" + NAME.encode() + b" at your service\r\n250-SIZE 1000000\r\n" + offer + b"250 8BITMIME\r\n")
        elif verb == "STARTTLS" and server.tls and not tls:
            connection.sendall(b"220 go ahead\r\n")
            return verb
        elif verb == "QUIT":
            connection.sendall(b"221 bye\r\n")
            return verb
        else:
            connection.sendall(b"502 no\r\n")


def good(connection, server):
    connection.sendall(b"220-" + NAME.encode() + b"\r\n220 ESMTP\r\n")
    if commands(connection, server, False) == "QUIT":
        return
    with server.tls.wrap_socket(connection, server_side=True) as inside:
        commands(inside, server, True)


def says(text, then=None):
    """Sends this and waits for the client to go, or does something else."""
    def talk(connection, server):
        connection.sendall(text)
        while then is None and connection.recv(4096):
            pass
        if then:
            then(connection, server)
    return talk


def endless(connection, server):
    while True:
        connection.sendall(b"220-" + b"a" * 500 + b"\r\n")


def huge_line(connection, server):
    connection.sendall(b"220 ")
    while True:
        connection.sendall(b"a" * 4096)


def drip(connection, server):
    """A line that never ends, slowly: every octet in time, the whole not."""
    connection.sendall(b"220 ")
    while True:
        connection.sendall(b"a")
        time.sleep(0.05)


def at_starttls(answer, then=None):
    """Behaves until STARTTLS, then says this."""
    def talk(connection, server):
        connection.sendall(b"220 ready\r\n")
        server.line(connection)
        connection.sendall(b"250-mx\r\n250 STARTTLS\r\n")
        server.line(connection)
        connection.sendall(answer)
        if then:
            then(connection, server)
        while True:
            if server.line(connection).upper() == "QUIT":
                connection.sendall(b"221 bye\r\n")
                return
    return talk


def handshake(connection, server):
    with server.tls.wrap_socket(connection, server_side=True) as inside:
        commands(inside, server, True)
    raise OSError("done")


def silent_inside(connection, server):
    with server.tls.wrap_socket(connection, server_side=True) as inside:
        while inside.recv(4096):
            pass
    raise OSError("done")
