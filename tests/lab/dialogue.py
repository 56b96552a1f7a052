#!/usr/bin/env python3
"""A client that says what it is told, for monitors and for manners that no MTA has. Writes a transcript in the form of swaks'.

    dialogue.py ADDRESS PORT STEP...

A step is a line to say, after which the reply is read, or one of these:
    :greeting  reads a reply     :tls [1.2]  STARTTLS and the handshake     :message TEXT  a message, \\n for its line ends, and its end
    :pause S   says nothing      :keepalive  TCP keep-alive segments each second    :close         ends the connection     :reset  resets it
    :leave     says QUIT, and ends the connection without the reply
"""
import socket
import ssl
import struct
import sys
import time


class Dialogue:
    """The connection, and how far it has come."""

    def __init__(self, address, port):
        self.connection = socket.create_connection((address, int(port)), timeout=20)
        self.stream, self.mark = self.connection.makefile("rb"), "-"
        print(f"=== Connected to {address}.")

    def say(self, text):
        """A line, and its reply."""
        print(f" {self.mark}> {text}")
        self.connection.sendall(text.encode() + b"\r\n")
        self.greeting()

    def greeting(self, _=""):
        """One whole reply."""
        line = b"---"
        while line[3:4] == b"-" or line == b"---":
            line = self.stream.readline()
            print(f"<{self.mark}  {line.decode(errors='replace').rstrip()}")

    def tls(self, version):
        """STARTTLS, and TLS of this version at most."""
        self.say("STARTTLS")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if version:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.connection = context.wrap_socket(self.connection)
        self.stream, self.mark = self.connection.makefile("rb"), "~"
        print(f"=== TLS started with cipher {self.connection.version()}:{self.connection.cipher()[0]}:{self.connection.cipher()[2]}")

    def message(self, text):
        """A message and its end."""
        self.connection.sendall(text.replace("\\n", "\r\n").encode() + b"\r\n.\r\n")
        self.greeting()

    def pause(self, seconds):
        """Nothing for a while."""
        time.sleep(float(seconds))

    def keepalive(self, _):
        """Keep-alive segments of TCP after a second of silence, each second."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL):
            self.connection.setsockopt(socket.IPPROTO_TCP, option, 1)

    def close(self, _=""):
        """The end."""
        self.stream.close()
        self.connection.close()

    def leave(self, _):
        """Impatient."""
        self.connection.sendall(b"QUIT\r\n")
        self.close()

    def reset(self, _):
        """Another end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


STEPS = ("greeting", "tls", "message", "pause", "keepalive", "close", "reset", "leave")


def main():
    address, port, *steps = sys.argv[1:]
    dialogue = Dialogue(address, port)
    for step in steps:
        word, _, rest = step.partition(" ")
        if word[:1] == ":" and word[1:] in STEPS:
            getattr(dialogue, word[1:])(rest)
        else:
            dialogue.say(step)
    if steps[-1] not in (":close", ":reset", ":leave"):
        dialogue.close()


if __name__ == "__main__":
    main()
