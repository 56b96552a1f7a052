"""A sender of syslog: RFC 5424 messages over UDP, TCP with octet counting, TLS, and a socket like /dev/log."""
import socket
import ssl

from loopback import HOST


def message(octets, kind="alert", host="sensor-1", priority=129):
    """RFC 5424: no structured data, no BOM."""
    return f"<{priority}>1 2026-11-23T20:42:09.123456+00:00 {host} postwacht 4711 {kind} - ".encode() + octets


def counted(octets):
    """RFC 6587, 3.4.1."""
    return b"%d " % len(octets) + octets


class Stream:
    """TCP, or TLS with a certificate."""

    def __init__(self, port, pki=None, name=None, lines=False):
        self.lines = lines
        self.socket = socket.create_connection((HOST, port), timeout=10)
        if pki:
            context = ssl.create_default_context(cafile=pki / "ca.pem")
            if name:
                context.load_cert_chain(pki / f"{name}.pem", pki / f"{name}.key")
            self.socket = context.wrap_socket(self.socket, server_hostname="siem.example")

    def send(self, octets):
        """One message; it may leave in many segments."""
        self.socket.sendall(octets + b"\n" if self.lines else counted(octets))

    def close(self):
        """As a sender ends that has nothing more to say: waits until the other side has read it."""
        try:
            if isinstance(self.socket, ssl.SSLSocket):
                self.socket.unwrap()
            self.socket.shutdown(socket.SHUT_WR)
            while self.socket.recv(4096):
                pass
        except OSError:
            pass
        self.socket.close()


class Datagrams:
    """UDP, or a datagram socket in a file system."""

    def __init__(self, where):
        self.socket = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.socket.connect(where if isinstance(where, str) else (HOST, where))

    def send(self, octets):
        """One message."""
        self.socket.send(octets)

    def close(self):
        """Nobody waits."""
        self.socket.close()


def refused(port, pki, name, octets):
    """True: a receiver took the message of this client for nothing. TLS 1.3 tells a client only after its handshake."""
    try:
        stream = Stream(port, pki, name)
        stream.send(octets)
        stream.socket.settimeout(3)
        return stream.socket.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True
