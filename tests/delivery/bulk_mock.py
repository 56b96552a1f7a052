"""A strict stand-in for _bulk of Elasticsearch and for INSERT of ClickHouse: what is not as they want it is answered as they would; what
they would do on a bad day is done on request. No search engine and no database: those are in bulk_full.py."""
import http.server
import json
import ssl
import threading
import urllib.parse


def hang_up():
    """The connection ends, and there is no answer."""
    raise ConnectionAbortedError


class Mock(http.server.ThreadingHTTPServer):
    """Keeps what it took: `taken` of ids (or lines) in order, `requests` of (path, headers, body)."""
    daemon_threads = True

    def __init__(self, bad_day=None, tls=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.taken, self.requests, self.complaints = {}, [], []
        self.bad_day = bad_day or (lambda number, server: None)  # (number of the request, server) -> (status, body, headers) or None: a good one
        self.scheme = "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls["own"])
            if "ca" in tls:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(tls["ca"])
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
            self.scheme = "https"
        self.port = self.server_address[1]
        self.item = lambda document: 201  # status of a new item
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """Handshakes fail here on purpose."""

    def url(self, host="localhost"):
        """Where it is."""
        return f"{self.scheme}://{host}:{self.port}"

    def lines(self):
        """As they were sent."""
        return list(self.taken.values())

    def complain(self, what):
        """A request that neither would take."""
        self.complaints.append(what)


def create(server, action, source):
    """One item of _bulk."""
    try:
        action, document = json.loads(action), json.loads(source)
    except ValueError as error:
        server.complain(f"not JSON: {error}")
        return {"create": {"status": 400, "error": {"type": "parse_exception", "reason": str(error)}}}
    if list(action) != ["create"] or set(action["create"]) != {"_index", "_id"} or len(action["create"]["_id"].encode()) > 512:
        server.complain(f"action {action}")
    key = action["create"]["_id"]
    if key in server.taken:
        if server.taken[key] != source:
            server.complain(f"{key} is another record now")
        return {"create": {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "document already exists"}}}
    status = server.item(document)
    if status != 201:
        kind = {400: "document_parsing_exception", 429: "es_rejected_execution_exception"}.get(status, "unavailable_shards_exception")
        return {"create": {"status": status, "error": {"type": kind, "reason": "as it was told"}}}
    server.taken[key] = source
    return {"create": {"status": 201}}


def bulk(server, headers, body):
    """All items."""
    if headers.get("Content-Type") != "application/x-ndjson" or not body.endswith("\n"):
        server.complain(f"not NDJSON: {headers.get('Content-Type')}")
    lines = body.split("\n")[:-1]
    if len(lines) % 2:
        server.complain(f"{len(lines)} lines")
    return json.dumps({"items": [create(server, lines[i], lines[i + 1]) for i in range(0, len(lines) - 1, 2)]})


def insert(server, query, body):
    """Rows of JSONEachRow."""
    if not query.startswith("INSERT INTO ") or not query.endswith(" FORMAT JSONEachRow"):
        server.complain(f"query {query}")
    for text in body.split("\n")[:-1]:
        row = json.loads(text)
        server.taken[(row["lane"], row["epoch"], row["seq"])] = row["line"]
    return ""


class Handler(http.server.BaseHTTPRequestHandler):
    """One request."""
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, headers=()):
        """All of it."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if isinstance(body, bytes) else body.encode())

    def do_HEAD(self):  # pylint: disable=invalid-name
        """Is anybody there?"""
        self.answer(200, "")

    def do_POST(self):  # pylint: disable=invalid-name
        """A batch."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        server = self.server
        server.requests.append((self.path, dict(self.headers), body))
        bad = server.bad_day(len(server.requests), self)
        if bad is not None:
            self.answer(*bad)
            return
        path = urllib.parse.urlsplit(self.path)
        if path.path == "/_bulk":
            self.answer(200, bulk(server, self.headers, body))
        else:
            self.answer(200, insert(server, dict(urllib.parse.parse_qsl(path.query))["query"], body))

    def log_message(self, *arguments):  # pylint: disable=arguments-differ
        """Not every request."""
