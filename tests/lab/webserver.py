#!/usr/bin/env python3
"""Serves MTA-STS policies over HTTPS, one certificate a name.

    webserver.py ADDRESS FOLDER     FOLDER/NAME.pem, NAME.key and NAME.txt for each NAME (mta-sts.DOMAIN)
"""
import http.server
import pathlib
import ssl
import sys


class Policies(http.server.BaseHTTPRequestHandler):
    """One file for each name, at the place that RFC 8461 says."""
    folder = None

    def do_GET(self):  # pylint: disable=invalid-name
        """The policy of the name that was asked for."""
        path = self.folder / f"{pathlib.PurePath(self.headers.get('Host', '')).name}.txt"
        found = self.path == "/.well-known/mta-sts.txt" and path.is_file()
        body = path.read_bytes() if found else b""
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main():
    address, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    contexts = {}
    for pem in folder.glob("*.pem"):
        contexts[pem.stem] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[pem.stem].load_cert_chain(pem, pem.with_suffix(".key"))
    first = next(iter(contexts.values()))

    def choose(connection, name, _):
        connection.context = contexts.get(name, first)
    first.sni_callback = choose
    Policies.folder = folder
    server = http.server.ThreadingHTTPServer((address, 443), Policies)
    server.socket = first.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
