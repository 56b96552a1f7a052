#!/usr/bin/env python3
"""Both ends of a delivery between two Exchange servers: X-ANONYMOUSTLS, then TLS, then SMTP inside.

    anonymoustls.py server ADDRESS CERT KEY      port 25
    anonymoustls.py client ADDRESS

Exchange cannot run here. The words in clear are its own: X-ANONYMOUSTLS is answered 220 as STARTTLS is,
and the TLS is OpenSSL's through Python's ssl.
"""
import socket
import ssl
import sys

CAPABILITIES = b"250-mx.rcpt.example Hello [192.0.2.10]\r\n250-SIZE 37748736\r\n250-PIPELINING\r\n250-STARTTLS\r\n250-X-ANONYMOUSTLS\r\n250 XRDST\r\n"
REPLIES = {b"EHLO": CAPABILITIES, b"MAIL": b"250 2.1.0 Sender OK\r\n", b"RCPT": b"250 2.1.5 Recipient OK\r\n",
           b"DATA": b"354 Start mail input; end with <CRLF>.<CRLF>\r\n", b"QUIT": b"221 2.0.0 Service closing transmission channel\r\n"}


def talk(stream, until):
    """Answers commands until one of these."""
    while command := stream.readline():
        word = command[:4].upper()
        if word in until:
            return
        stream.write(REPLIES.get(word, b"250 2.0.0 OK\r\n"))
        stream.flush()
        if word == b"DATA":
            while stream.readline() not in (b".\r\n", b""):
                pass
            stream.write(b"250 2.6.0 Queued mail for delivery\r\n")
            stream.flush()
        if word == b"QUIT":
            return


def serve(address, cert, key):
    """One connection after the other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key)
    with socket.create_server((address, 25)) as listener:
        while True:
            connection, _ = listener.accept()
            connection.sendall(b"220 mx.rcpt.example Microsoft ESMTP MAIL Service ready\r\n")
            talk(connection.makefile("rwb"), (b"X-AN",))
            connection.sendall(b"220 2.0.0 SMTP server ready\r\n")
            with context.wrap_socket(connection, server_side=True) as inside:
                talk(inside.makefile("rwb"), ())


def say(stream, *commands):
    """Commands, and their replies."""
    for command in commands:
        stream.write(command + b"\r\n")
        stream.flush()
        while stream.readline()[3:4] == b"-":
            pass


def send(address):
    """One mail."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((address, 25)) as connection:
        stream = connection.makefile("rwb")
        stream.readline()
        say(stream, b"EHLO client.sender.example", b"X-ANONYMOUSTLS")
        with context.wrap_socket(connection) as inside:
            say(inside.makefile("rwb"), b"EHLO client.sender.example", b"MAIL FROM:<alice@sender.example>", b"RCPT TO:<bob@rcpt.example>",
                b"DATA", b"Subject: hello\r\n\r\nA short mail.\r\n.", b"QUIT")


if __name__ == "__main__":
    if sys.argv[1] == "server":
        serve(*sys.argv[2:])
    else:
        send(sys.argv[2])
