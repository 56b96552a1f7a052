#!/usr/bin/env python3
"""ClickHouse for tests: the one of the Python package chDB (25.5: its tables, views, functions and its Kafka engine are ClickHouse's own),
and Debian's server (18.16: its own HTTP interface, too old for most else).

    warehouse.py PORT FOLDER      chDB behind HTTP, as a process of its own; the HTTP in front of it is Python's, no ClickHouse's
"""
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import artifacts
import loopback

RECIPES = artifacts.ROOT / "configs" / "receivers" / "clickhouse"
QUESTIONS = RECIPES / "questions"


class Http:
    """Asks whoever speaks ClickHouse's HTTP at a port."""

    def __init__(self, port):
        self.port = port

    def ask(self, query, body=b"", **parameters):
        """Text of the answer."""
        url = f"http://127.0.0.1:{self.port}/?" + urllib.parse.urlencode({"query": query, **parameters})
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data=body, method="POST"), timeout=60) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query[:200]}: {error.read().decode()[:600]}") from error

    def rows(self, query):
        """As dictionaries."""
        return [json.loads(line) for line in self.ask(query + " FORMAT JSONEachRow").splitlines()]

    def question(self, name):
        """One of configs/receivers/clickhouse/questions."""
        return self.rows((QUESTIONS / f"{name}.sql").read_text(encoding="utf-8"))

    def script(self, name, replaced=()):
        """Runs a file of statements, with addresses of this place."""
        text = (RECIPES / name).read_text(encoding="utf-8")
        for old, new in replaced:
            assert old in text, f"{name} does not say {old}"
            text = text.replace(old, new)
        text = re.sub(r"^--.*\n", "", text, flags=re.MULTILINE)
        for statement in filter(None, map(str.strip, text.split(";\n"))):
            self.ask(statement)


class Program(Http):
    """A process of ours that speaks it."""

    def __init__(self, port, folder, command, environment):
        super().__init__(port)
        self.folder = pathlib.Path(folder)
        self.command, self.environment, self.process = command, environment, None

    def start(self):
        """Until it answers."""
        log = open(self.folder / "clickhouse.log", "ab")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(self.command, stdout=log, stderr=log, env=self.environment)  # pylint: disable=consider-using-with
        artifacts.started(self.process, lambda: loopback.listens(self.port), log.name)

    def kill(self):
        """At once."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


def chdb(folder):
    """25.5, not started."""
    interpreter = artifacts.python("chdb", artifacts.CHDB)
    port, = loopback.free_ports(1)
    return Program(port, folder, [str(interpreter), str(pathlib.Path(__file__).resolve()), str(port), str(pathlib.Path(folder) / "chdb")], os.environ)


CONFIG = """<yandex><logger><level>warning</level><console>1</console></logger><listen_host>127.0.0.1</listen_host>
<http_port>{http}</http_port><tcp_port>{tcp}</tcp_port><path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path>
<users_config>users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>
<mark_cache_size>104857600</mark_cache_size>{more}</yandex>
"""
SECURE = """<https_port>{port}</https_port><openSSL><server><certificateFile>{folder}/localhost.pem</certificateFile>
<privateKeyFile>{folder}/localhost.key</privateKeyFile><caConfig>{folder}/ca.pem</caConfig><verificationMode>strict</verificationMode>
<loadDefaultCAFile>false</loadDefaultCAFile></server></openSSL>"""
USERS = """<yandex><profiles><default></default></profiles><quotas><default></default></quotas><users>
<default><password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></default>
<sensor><password>{password}</password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></sensor>
</users></yandex>
"""


def debian(folder, password):
    """18.16, not started; https with client certificates at `.secure`. Certificates of localhost and its CA lie in the folder."""
    root = artifacts.debian("clickhouse-debian", artifacts.CLICKHOUSE)
    folder = pathlib.Path(folder)
    for name in ("data", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    http_port, tcp, secure = loopback.free_ports(3)
    (folder / "config.xml").write_text(CONFIG.format(http=http_port, tcp=tcp, folder=folder, more=SECURE.format(port=secure, folder=folder)))
    (folder / "users.xml").write_text(USERS.format(password=password))
    program = Program(http_port, folder, [str(root / "usr/sbin/clickhouse-server"), f"--config-file={folder}/config.xml"],
                      {**os.environ, "LD_LIBRARY_PATH": str(root / "usr/lib/x86_64-linux-gnu")})
    program.secure = secure
    return program


# ---- the process in which chDB runs ------------------------------------------------------------------------------------


def serve(port, folder):
    """ClickHouse's HTTP as far as sinks and tests use it: the query in the URL, settings beside it, data of an INSERT in the body."""
    from chdb import session  # pylint: disable=import-outside-toplevel,import-error
    here = session.Session(folder)

    class Handler(http.server.BaseHTTPRequestHandler):
        """One request after the other."""
        protocol_version = "HTTP/1.1"

        def answer(self, status, text, code=None):
            """All of it."""
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if code:
                self.send_header("X-ClickHouse-Exception-Code", code)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def do_HEAD(self):  # pylint: disable=invalid-name
            """Whether it is there."""
            self.answer(200, "Ok.\n")

        def do_POST(self):  # pylint: disable=invalid-name
            """A query."""
            asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            query = asked.pop("query")
            asked.pop("wait_end_of_query", None)
            if asked:
                settings = ", ".join(f"{name} = '{value}'" for name, value in asked.items())
                query = query.replace(" FORMAT ", f" SETTINGS {settings} FORMAT ", 1)
            try:
                self.answer(200, str(here.query(f"{query}\n{body}" if body else query, "TSV")))
            except Exception as error:  # pylint: disable=broad-exception-caught
                found = re.search(r"Code: (\d+)", str(error))
                self.answer(500, str(error), found[1] if found else "1")

        def log_message(self, *arguments):  # pylint: disable=arguments-differ
            """Not every request."""

    http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
