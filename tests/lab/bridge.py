#!/usr/bin/env python3
"""Puts SMTP's STARTTLS before a program that knows only TLS, at either end; octets of TLS pass through untouched.

    bridge.py server LISTEN-ADDRESS PORT BACKEND-PORT    greets, answers EHLO and STARTTLS (or LHLO, X-ANONYMOUSTLS), then
                                                         joins the connection with the TLS server on loopback
    bridge.py client LISTEN-PORT ADDRESS PORT            a TLS client connects here; says EHLO and STARTTLS for it first
"""
import socket
import sys
import threading


def line(connection):
    """One line, octet by octet: what follows it is somebody else's."""
    text = b""
    while not text.endswith(b"\n"):
        octet = connection.recv(1)
        if not octet:
            raise OSError("ended early")
        text += octet
    return text


def reply(connection):
    """One whole reply."""
    while line(connection)[3:4] == b"-":
        pass


def serve(connection):
    """The server's part before TLS."""
    connection.sendall(b"220 mx.rcpt.example ESMTP\r\n")
    while True:
        command = line(connection).upper().split()
        if command[:1] in ([b"EHLO"], [b"LHLO"]):
            connection.sendall(b"250-mx.rcpt.example\r\n250-PIPELINING\r\n250-X-ANONYMOUSTLS\r\n250 STARTTLS\r\n")
        elif command in ([b"STARTTLS"], [b"X-ANONYMOUSTLS"]):
            connection.sendall(b"220 2.0.0 Ready to start TLS\r\n")
            return
        else:
            connection.sendall(b"502 5.5.1 Not implemented\r\n")


def ask(connection):
    """The client's part before TLS."""
    reply(connection)
    for command in (b"EHLO client.sender.example\r\n", b"STARTTLS\r\n"):
        connection.sendall(command)
        reply(connection)


def pump(here, there):
    """One direction, until it ends."""
    try:
        while octets := here.recv(65536):
            there.sendall(octets)
        there.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # reset: so is the other side


def join(a, b):
    """Both directions."""
    for s in (a, b):
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    other = threading.Thread(target=pump, args=(a, b), daemon=True)
    other.start()
    pump(b, a)
    other.join(5)


def main():
    role, *rest = sys.argv[1:]
    listen = (rest[0], int(rest[1])) if role == "server" else ("127.0.0.1", int(rest[0]))
    target = ("127.0.0.1", int(rest[2])) if role == "server" else (rest[1], int(rest[2]))
    with socket.create_server(listen) as listener:
        while True:
            came, _ = listener.accept()
            try:
                with came:
                    if role == "server":
                        serve(came)
                    with socket.create_connection(target) as other:
                        if role == "client":
                            ask(other)
                        join(came, other)
            except OSError:
                pass  # the next one may do better


if __name__ == "__main__":
    main()
