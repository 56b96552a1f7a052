#!/usr/bin/env python3
"""A scripted SMTP client for what no real one does: sends a message octet for octet, then QUIT.

    talk.py ADDRESS PORT FILE    FILE: message with C escapes, without the final dot
"""
import socket
import sys
import time


def reply(stream):
    """One whole reply."""
    line = stream.readline()
    while line[3:4] == b"-":
        line = stream.readline()
    return line


def main():
    address, port, name = sys.argv[1:]
    with open(name, "rb") as f:
        message = f.read().replace(b"\n", b"").decode("unicode_escape").encode("latin-1")
    with socket.create_connection((address, int(port))) as s:
        stream = s.makefile("rb")
        reply(stream)
        for command in (b"EHLO client.sender.example", b"MAIL FROM:<alice@sender.example>", b"RCPT TO:<bob@rcpt.example>", b"DATA"):
            s.sendall(command + b"\r\n")
            reply(stream)
        s.sendall(message + b"\r\n.\r\n")
        time.sleep(0.5)  # replies to what was smuggled arrive in the meantime
        s.sendall(b"QUIT\r\n")
        while stream.readline():
            pass


if __name__ == "__main__":
    main()
