#!/usr/bin/env python3
"""Sink `http` against strict stand-ins of _bulk and of ClickHouse's INSERT, on good days and on bad ones. The real ones: bulk_full.py.

    bulk.py SINKDRIVE

The last line is `N passed, N failed`.
"""
import base64
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "live")]
import loopback  # noqa: E402 pylint: disable=wrong-import-position
import broker  # noqa: E402 pylint: disable=wrong-import-position
import made  # noqa: E402 pylint: disable=wrong-import-position
import sensor  # noqa: E402 pylint: disable=wrong-import-position
import syslog_kit  # noqa: E402 pylint: disable=wrong-import-position
from bulk_mock import Mock, hang_up  # noqa: E402 pylint: disable=wrong-import-position

HOSTILE = ['"', "\\", "\\u0000", "}}\n{", "\u2028", "\ud83d\ude00", "\x7f", "'; DROP TABLE x; --"]


def lines_of(n):
    """Small records of every kind, stamped, with text from the wire that would like to be more than a value."""
    row, out = made.Row(1790000000), []
    for i in range(n):
        kind = ("alert", "smtp", "tls", "anomaly", "stats")[i % 5]
        record = {"timestamp": "2026-11-23T20:42:09.123456+0000", "event_type": kind, "host": "sensor-1"}
        if kind == "alert":
            record["alert"] = {"signature_id": 3207001}
        own = {"v": 1, "helo": HOSTILE[i % len(HOSTILE)], "number": i}
        if kind in ("alert", "smtp", "anomaly"):
            own = {"v": 1, "id": f"01JDD3Z6W8Q4S8K2M0{i // 5:08d}", **own}  # one of a session's alert, record and anomaly
        out.append(row.stamp({**record, "smtp_tls": own}))
    return out


def drive(program, lines, *options, environment=()):
    """Exit code, and what it said."""
    run = subprocess.run([program, "http", *options], input="".join(line + "\n" for line in lines), stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE, text=True, env={**broker.environment(), **dict(environment)}, timeout=120, check=False)
    return run.returncode, run.stderr


def refused(said):
    """How many it counted."""
    return int(re.findall("^sent [0-9]+ refused ([0-9]+)", said, re.MULTILINE)[-1])


def good(checks, program, lines):
    """Everything arrives, octet for octet; twice sent is once taken."""
    for api, target in (("elasticsearch", "postwacht"), ("clickhouse", "postwacht.incoming")):
        server = Mock()
        for _ in range(2):
            code, said = drive(program, lines, f"api={api}", f"url={server.url()}", f"target={target}", "batch=50")
            checks.check(code == 0 and refused(said) == 0, f"{api}: {said}")
        checks.equal(server.lines(), lines, f"{api}: records")
        checks.check(not server.complaints, f"{api}: {server.complaints[:3]}")
        if api == "clickhouse":
            asked = [dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query)) for path, _, _ in server.requests]
            tokens = [a["insert_deduplication_token"] for a in asked]
            checks.check(len(set(tokens)) * 2 == len(tokens) and tokens[0] == "sensor-1:drive:alerts:1790000000:1-20:sessions:1790000000:1-30",
                         f"tokens {tokens[:2]}")
            checks.check(all(a["input_format_skip_unknown_fields"] == "1" and a["async_insert"] == "0" for a in asked), f"settings {asked[0]}")


def bad_days(checks, program, lines):
    """What passes: everything arrives all the same, and what was not taken was not counted as taken."""
    rows = {
        "503": lambda n, _: (503, "come back later") if n < 3 else None,
        "429": lambda n, _: (429, "{}") if n == 2 else None,
        "an answer of another kind": lambda n, _: (200, "<html>portal</html>") if n == 1 else None,
        "an answer without items": lambda n, _: (200, '{"items":[]}') if n == 1 else None,
        "nested beyond measure": lambda n, _: (200, "[" * 100000) if n == 1 else None,
        "hangs up": lambda n, _: hang_up() if n < 3 else None,  # libcurl itself asks once more
        "endless": lambda n, _: (200, b"x" * (2 << 20)) if n == 1 else None,
        "control octets": lambda n, _: (500, "\x1b[2J\r\nforged: line") if n == 1 else None,
    }
    for name, bad_day in rows.items():
        server = Mock(bad_day)
        code, said = drive(program, lines, "api=elasticsearch", f"url={server.url()}", "target=t", "tries=5", "pause_ms=10")
        checks.check(code == 0 and "trouble" in said and "\x1b" not in said and refused(said) == 0, f"{name}: exit code {code}: {said}")
        checks.equal(server.lines(), lines, f"{name}: records")
        checks.check(not server.complaints, f"{name}: {server.complaints[:3]}")
    for body in ("<html>portal</html>", "Ok.\n"):  # all good, say a portal, and a ClickHouse that has lost the question
        server = Mock(lambda n, _, body=body: (200, body) if n == 1 else None)
        code, said = drive(program, lines, "api=clickhouse", f"url={server.url()}", "target=t", "tries=5", "pause_ms=10")
        checks.check(code == 0 and "trouble" in said and refused(said) == 0, f"200 {body}: exit code {code}: {said}")
        checks.equal(server.lines(), lines, f"200 {body}: records")


def too_much(checks, program, lines):
    """Somebody in between hangs up on what he finds too large, and does not say so: less at once gets through."""
    for api in ("elasticsearch", "clickhouse"):
        server = Mock(lambda _, handler: hang_up() if len(handler.server.requests[-1][2]) > 20000 else None)
        code, said = drive(program, lines, f"api={api}", f"url={server.url()}", "target=t", "batch=200", "tries=9", "pause_ms=10")
        sizes = [len(body) for _, _, body in server.requests]
        checks.check(code == 0 and sizes[0] > 40000 and sizes[0] == sizes[1], f"{api}, too much: exit code {code}: {sizes}: {said[-300:]}")
        checks.equal(server.lines(), lines, f"{api}, too much: records")


def items(checks, program, lines):
    """Some of a batch: what is behind the first that failed is sent again, what can never be taken is counted and left."""
    server, turn = Mock(), {"n": 0}

    def now_and_then(document):
        turn["n"] += 1
        return 429 if turn["n"] % 7 == 0 else 503 if turn["n"] % 11 == 0 else 201

    server.item = now_and_then
    code, said = drive(program, lines, "api=elasticsearch", f"url={server.url()}", "target=t", "tries=20", "pause_ms=5")
    checks.check(code == 0 and refused(said) == 0, f"items that wait: {said[-300:]}")
    checks.check(sorted(server.lines()) == sorted(lines) and not server.complaints, f"items that wait: {len(server.lines())} {server.complaints[:2]}")
    server = Mock()
    server.item = lambda document: 400 if document["smtp_tls"]["number"] % 10 == 3 else 201
    code, said = drive(program, lines, "api=elasticsearch", f"url={server.url()}", "target=t", "batch=10")
    wanted = [x for x in lines if json.loads(x)["smtp_tls"]["number"] % 10 != 3]
    checks.check(code == 0 and refused(said) == len(lines) - len(wanted) and "refused for good" in said, f"refused items: {said[-300:]}")
    checks.equal(server.lines(), wanted, "refused items: the others")
    server = Mock()
    server.item = lambda document: 400
    code, said = drive(program, lines, "api=elasticsearch", f"url={server.url()}", "target=t", "batch=10", "tries=2", "pause_ms=5")
    checks.check(code == 1 and "all is refused" in said and refused(said) == 16, f"a wrong mapping: exit code {code}: {said[-300:]}")
    server = Mock()
    server.item = lambda document: 400 if document["event_type"] == "alert" else 201
    mixed = [x for x in lines if '"event_type":"alert"' in x] + [x for x in lines if '"event_type":"smtp"' in x]
    code, said = drive(program, mixed, "api=elasticsearch", f"url={server.url()}", "target=t", "batch=80", "tries=2", "pause_ms=5")
    checks.check(code == 1 and "all is refused" in said and refused(said) == 16, f"a mapping wrong for alerts: exit code {code}: {said[-300:]}")


def halves(checks, program, lines):
    """ClickHouse takes a batch or does not: the one row that it cannot read is found, counted, and left."""
    bad = [lines[i] for i in (0, 37, 38, 99)]

    def choosy(_, handler):
        rows = [json.loads(x)["line"] for x in handler.server.requests[-1][2].split("\n")[:-1]]
        code = {"X-ClickHouse-Exception-Code": "27"}
        return (400, "Code: 27. DB::Exception: Cannot parse input", code) if any(x in rows for x in bad) else None

    server = Mock(choosy)
    code, said = drive(program, lines, "api=clickhouse", f"url={server.url()}", "target=t", "batch=64")
    checks.check(code == 0 and refused(said) == len(bad), f"halves: exit code {code}: {said[-400:]}")
    checks.equal(server.lines(), [x for x in lines if x not in bad], "halves: the others")
    wrong = Mock(lambda *_: (400, "Code: 27. DB::Exception: Cannot parse input"))
    code, said = drive(program, lines, "api=clickhouse", f"url={wrong.url()}", "target=t", "batch=64")
    checks.check(code == 1 and "all is refused" in said and refused(said) == 16, f"a wrong table: exit code {code}: {said[-300:]}")
    old = Mock(lambda n, handler: (404, "Code: 115, e.displayText() = DB::Exception: Unknown setting async_insert")
               if "async_insert" in handler.path else None)
    code, said = drive(program, lines, "api=clickhouse", f"url={old.url()}", "target=t")
    checks.check(code == 0 and said.count("does not know all settings") == 1, f"old server: {said[-300:]}")
    checks.equal(old.lines(), lines, "old server: records")
    gone = Mock(lambda n, _: (404, "Code: 60. DB::Exception: Table t does not exist", {"X-ClickHouse-Exception-Code": "60"}))
    code, said = drive(program, lines, "api=clickhouse", f"url={gone.url()}", "target=t")
    checks.check(code == 1 and "does not exist" in said and refused(said) == 0, f"no table: {said[-300:]}")


def elsewhere(checks, program, lines):
    """Nothing goes where it was not meant to go."""
    other, thief = Mock(), Mock()
    server = Mock(lambda n, _: (302, "", {"Location": other.url() + "/_bulk"}))
    proxies = {name: thief.url() for name in ("http_proxy", "https_proxy", "all_proxy", "ALL_PROXY")}
    code, said = drive(program, lines[:5], "api=elasticsearch", f"url={server.url()}", "target=t", environment=proxies)
    checks.check(code == 1 and "status 302" in said and not other.requests, f"redirect: {said}")
    checks.check(not thief.requests and len(server.requests) == 1, "a proxy of the environment was used")
    for url in ("ftp://localhost/", "http://user:secret@localhost/", "http://localhost/?x=1", "localhost", "http://", "file:///etc/passwd", "http://a b/"):
        code, said = drive(program, lines[:1], "api=elasticsearch", f"url={url}", "target=t")
        checks.check(code == 3 and "url:" in said and "secret" not in said, f"{url}: exit code {code}: {said}")
    for target in ("a b", "a;b", "a.b.c", "1a", "a.", ".a", "a`b", "ä"):
        code, said = drive(program, lines[:1], "api=clickhouse", "url=http://localhost", f"target={target}")
        checks.check(code == 3 and "target:" in said, f"target {target}: exit code {code}: {said}")


def secured(checks, program, lines, d):
    """Certificates and passwords."""
    (d / "password").write_text("sesam\n")
    own = (d / "localhost.pem", d / "localhost.key")
    client = [f"cert={d}/sensor-1.pem", f"key={d}/sensor-1.key"]
    strict, lax = Mock(tls={"own": own, "ca": d / "ca.pem"}), Mock(tls={"own": own})
    other = Mock(tls={"own": (d / "other.example.pem", d / "other.example.key")})
    syslog_kit.make_leaf(d, "six", "ca", "IP:::1")
    six = Mock(tls={"own": (d / "six.pem", d / "six.key")})
    syslog_kit.openssl("ec", "-aes256", "-passout", "pass:secret", "-in", "sensor-1.key", "-out", "locked.key", folder=d)
    rows = [
        ("client certificate", strict, [f"ca={d}/ca.pem", *client], None),
        ("no client certificate", strict, [f"ca={d}/ca.pem"], ""),
        ("no more than it needs", lax, [f"ca={d}/ca.pem"], None),
        ("another CA", lax, [f"ca={d}/stranger-ca.pem"], "certificate"),
        ("the system's CAs", lax, [], "certificate"),
        ("another name", other, [f"ca={d}/ca.pem"], "certificate"),
        ("another name that is meant", other, [f"ca={d}/ca.pem", "server_name=other.example"], None),
        ("a wrong meant name", lax, [f"ca={d}/ca.pem", "server_name=other.example"], "certificate"),
        ("an address that is meant", six, [f"ca={d}/ca.pem", "server_name=::1"], None),
        ("a wrong meant address", lax, [f"ca={d}/ca.pem", "server_name=::1"], "certificate"),
        ("a key under a passphrase", strict, [f"ca={d}/ca.pem", client[0], f"key={d}/locked.key"], "private key"),
    ]
    for name, server, options, why in rows:
        n = len(server.requests)
        code, said = drive(program, lines[:5], "api=elasticsearch", f"url={server.url()}", "target=t", *options)
        checks.check(code == (0 if why is None else 1) and (why or "") in said, f"{name}: exit code {code}: {said}")
        checks.check(why is None or len(server.requests) == n, f"{name}: something was sent")
    (d / "empty.pem").touch()
    for options in ([f"ca={d}/empty.pem"], [f"ca={d}/ca.pem", f"cert={d}/empty.pem", client[1]], [f"ca={d}/ca.pem", client[0], f"key={d}/empty.pem"]):
        code, said = drive(program, [], "api=elasticsearch", f"url={lax.url()}", "target=t", *options)
        checks.check(code == 3 and "empty.pem: is empty" in said, f"{options}: exit code {code}: {said}")
    plain = Mock()
    for api, user, wanted in (("elasticsearch", "user=u", "Basic " + base64.b64encode(b"u:sesam").decode()), ("elasticsearch", None, "ApiKey sesam"),
                              ("clickhouse", None, "Bearer sesam")):
        options = [f"password_file={d}/password", *([user] if user else [])]
        code, said = drive(program, lines[:5], f"api={api}", f"url={plain.url()}", "target=t", *options)
        checks.check(code == 0 and plain.requests[-1][1].get("Authorization") == wanted, f"{api} {user}: {said}")
        checks.check("sesam" not in said, f"{api} {user}: the password was told")
    code, said = drive(program, lines[:5], "api=elasticsearch", "url=http://siem.example", "target=t", "user=u", f"password_file={d}/password")
    checks.check(code == 3 and "https only" in said, f"a password in clear: exit code {code}: {said}")


def slow(checks, program, lines):
    """One that takes and never answers is trouble within SINK_PATIENCE_S."""
    server = Mock(lambda n, _: time.sleep(60) or None)
    began = time.monotonic()
    code, said = drive(program, lines[:5], "api=elasticsearch", f"url={server.url()}", "target=t")
    took = time.monotonic() - began
    checks.check(code == 1 and 9 < took < 40 and "timed out" in said.lower(), f"slow: exit code {code} after {took:.1f} s: {said}")


def main():
    """All of it."""
    program, checks, lines = str(pathlib.Path(sys.argv[1]).resolve()), sensor.Checks(), lines_of(200)
    for part in (good, bad_days, too_much, items, halves, elsewhere, slow):
        part(checks, program, lines)
    with tempfile.TemporaryDirectory() as directory:
        loopback.certificates(directory, "localhost", "sensor-1", "other.example")
        secured(checks, program, lines, pathlib.Path(directory))
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
