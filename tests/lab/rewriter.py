#!/usr/bin/env python3
"""A man on the path between an SMTP client and a real server: forwards a connection and plays one named attack (attacks.py).

    rewriter.py ATTACK LISTEN-ADDRESS LISTEN-PORT SERVER-ADDRESS SERVER-PORT

Placed beside the server the tap sees what the client is made to believe; placed beside the client it sees what the
server is made to believe. It serves one connection after the other until it is killed.
"""
import socket
import sys

from attacks import ATTACKS, pump


def main():
    attack, address, port, to_address, to_port = sys.argv[1:]
    with socket.create_server((address, int(port))) as listener:
        while True:
            client, _ = listener.accept()
            with client, socket.create_connection((to_address, int(to_port))) as server:
                try:
                    pump(ATTACKS[attack](client, server))
                except OSError:
                    pass  # one side was reset: so is the path


if __name__ == "__main__":
    main()
