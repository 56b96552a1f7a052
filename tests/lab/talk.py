#!/usr/bin/env python3
"""A scripted SMTP client for what no real one does: sends a message octet for octet, then QUIT.

    talk.py ADDRESS PORT FILE [RECIPIENT]    FILE: message with C escapes, without the final dot
"""
import socket
import sys
import time


def reply(stream, command):
    """One whole reply, and its code to whoever reads the log."""
    line = stream.readline()
    while line[3:4] == b"-":
        line = stream.readline()
    print(f"{command}: {line[:3].decode()}")


def main():
    address, port, name, *rcpt = sys.argv[1:]
    rcpt = (rcpt or ["bob@rcpt.example"])[0].encode()
    with open(name, "rb") as f:
        message = f.read().replace(b"\n", b"").decode("unicode_escape").encode("latin-1")
    with socket.create_connection((address, int(port))) as s:
        print(f"connected to {address}")
        stream = s.makefile("rb")
        reply(stream, "greeting")
        for command in (b"EHLO client.sender.example", b"MAIL FROM:<alice@sender.example>", b"RCPT TO:<" + rcpt + b">", b"DATA"):
            s.sendall(command + b"\r\n")
            reply(stream, command.split()[0].decode())
        s.sendall(message + b"\r\n.\r\n")
        time.sleep(0.5)  # replies to what was smuggled arrive in the meantime
        s.sendall(b"QUIT\r\n")
        while stream.readline():
            pass


if __name__ == "__main__":
    main()
