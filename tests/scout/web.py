#!/usr/bin/env python3
"""An HTTPS server of MTA-STS policies, each wrong in its own way: mta-sts.BEHAVIOUR.example.

    web.py ADDRESS CERTIFICATE KEY WRONG_CERTIFICATE WRONG_KEY OLD_CERTIFICATE OLD_KEY
    web.py ADDRESS CERTIFICATE KEY      nothing newer than TLS 1.1
"""
import http.server
import ssl
import sys
import time

GOOD = "version: STSv1\r\nmode: enforce\r\nmx: mx.{domain}\r\nmx: *.{domain}\r\nmax_age: 604800\r\n"
BODIES = {
    "sts-ok": GOOD,
    "sts-lf": GOOD.replace("\r\n", "\n") + "color: blue\n",
    "sts-testing": GOOD.replace("enforce", "testing"),
    "sts-none": "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n",
    "sts-mode": GOOD.replace("enforce", "always"),
    "sts-nomx": "version: STSv1\r\nmode: enforce\r\nmax_age: 86400\r\n",
    "sts-version": GOOD.replace("STSv1", "STSv2"),
    "sts-age": GOOD.replace("604800", "forever"),
    "sts-line": GOOD + "this is no field\r\n",
    "sts-badmx": GOOD.replace("mx: mx.", "mx: _mx."),
    "sts-large": GOOD + "x: y\r\n" * 34000,
    "sts-empty": "",
}


class Policies(http.server.BaseHTTPRequestHandler):
    """The policy of the name that was asked for, or what is done instead."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # pylint: disable=invalid-name
        """One request."""
        domain = self.headers.get("Host", "").removeprefix("mta-sts.")
        label = domain.split(".", maxsplit=1)[0]
        if label == "sts-redirect":
            self.send_response(301)
            self.send_header("Location", f"https://mta-sts.sts-ok.example{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if label == "sts-404" or self.path != "/.well-known/mta-sts.txt":
            self.send_error(404)
            return
        body = BODIES.get(label, GOOD).format(domain=domain).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if label == "sts-type" else "text/plain; charset=utf-8")
        if label != "sts-large":  # which is found out while it arrives
            self.send_header("Content-Length", str(len(body)))
        else:
            self.send_header("Connection", "close")
        if label == "sts-header":
            self.send_header("X-Long", "x" * 40000)
        self.end_headers()
        for octet in body if label == "sts-slow" else ():
            self.wfile.write(bytes([octet]))
            time.sleep(2)
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_):
        """Silent."""


def context(certificate, key):
    """A server's."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    return made


class Server(http.server.ThreadingHTTPServer):
    """Handshakes in the connection's own thread, so that a bad one keeps nobody waiting."""
    context = None

    def finish_request(self, request, client_address):
        try:
            with self.context.wrap_socket(request, server_side=True) as connection:
                self.RequestHandlerClass(connection, client_address, self)
        except (OSError, ValueError):
            pass

    def handle_error(self, *_):
        """Clients that go away are what is tested."""


def main():
    good = context(*sys.argv[2:4])
    others = {}
    if len(sys.argv) == 4:
        good.minimum_version, good.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        good.set_ciphers("ALL:@SECLEVEL=0")
    else:
        others = {"mta-sts.sts-wrong.example": context(*sys.argv[4:6]), "mta-sts.sts-expired.example": context(*sys.argv[6:8])}

    def choose(connection, name, _):
        connection.context = others.get(name, good)
    good.sni_callback = choose
    Server.context = good
    Server((sys.argv[1], 443), Policies).serve_forever()


if __name__ == "__main__":
    main()
