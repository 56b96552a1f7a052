#!/usr/bin/env python3
"""Sink `http` against the real ones: OpenSearch, ClickHouse's own HTTP server (Debian's 18.16), and ClickHouse 25.5 (chDB).

    bulk_full.py POSTWACHT SINKDRIVE

Each part is skipped by itself where its program cannot be had. The last line is `N passed, N failed(, N skipped)`.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "live")]
import artifacts  # noqa: E402 pylint: disable=wrong-import-position
import bulk  # noqa: E402 pylint: disable=wrong-import-position
import loopback  # noqa: E402 pylint: disable=wrong-import-position
import made  # noqa: E402 pylint: disable=wrong-import-position
import opensearch  # noqa: E402 pylint: disable=wrong-import-position
import sensor  # noqa: E402 pylint: disable=wrong-import-position
import warehouse  # noqa: E402 pylint: disable=wrong-import-position

PATIENT = ["tries=1000", "pause_ms=200"]
PASSWORD = "sesam"


def again(process):
    """The same program once more, where it was."""
    return subprocess.Popen(process.args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def documents(node, index):
    """All of an index: id -> record."""
    node.ask("POST", f"/{index}/_refresh")
    hits = node.ask("POST", f"/{index}/_search", {"size": 10000})["hits"]["hits"]
    return {hit["_id"]: hit["_source"] for hit in hits}


def search(checks, program, lines):
    """OpenSearch: twice sent is once there; killed and back; what does not fit the mapping."""
    jars = opensearch.libraries()
    if jars is None:
        return False
    node = opensearch.Node(jars)
    options = ["api=elasticsearch", f"url=http://127.0.0.1:{node.port}"]
    try:
        for _ in range(2):
            code, said = bulk.drive(program, lines, *options, "target=postwacht", *PATIENT)
            checks.check(code == 0 and bulk.refused(said) == 0, f"OpenSearch: {said[-400:]}")
        got, wanted = documents(node, "postwacht"), [json.loads(x) for x in lines]
        order = lambda record: json.dumps(record, sort_keys=True)  # noqa: E731
        checks.check(sorted(got.values(), key=order) == sorted(wanted, key=order), f"OpenSearch: {len(got)} documents of {len(lines)} records")
        killed(checks, program, lines, node, options)
        odd = json.loads(next(x for x in lines if '"event_type":"alert"' in x))
        odd["flow_id"], odd["smtp_tls"]["id"] = "not a number", "01JDD3Z6W8Q4S8K2M0V9T5XN7A"
        code, said = bulk.drive(program, [made.text(odd)], *options, "target=postwacht")
        checks.check(code == 0 and bulk.refused(said) == 1 and len(documents(node, "postwacht")) == len(lines), f"OpenSearch, odd: {said}")
        node.ask("PUT", "/wrong", {"mappings": {"properties": {"timestamp": {"type": "long"}}}})
        code, said = bulk.drive(program, lines, *options, "target=wrong")
        checks.check(code == 1 and bulk.refused(said) <= 16 and "all is refused" in said, f"OpenSearch, a wrong mapping: exit code {code}: {said}")
        node.ask("PUT", "/_index_template/stream", {"index_patterns": ["stream*"], "data_stream": {"timestamp_field": {"name": "timestamp"}}})
        code, said = bulk.drive(program, lines, *options, "target=stream-postwacht")
        checks.check(code == 0 and len(documents(node, "stream-postwacht")) == len(lines), f"OpenSearch, a data stream: {said}")
    finally:
        node.stop()
    return True


def killed(checks, program, lines, node, options):
    """With -9, in the middle."""
    result = []
    thread = threading.Thread(target=lambda: result.append(bulk.drive(program, lines, *options, "target=killed", "batch=8", "wait_ms=30", *PATIENT)))
    thread.start()
    time.sleep(1)
    node.process.kill()
    node.process.wait()
    time.sleep(2)
    node.process = again(node.process)
    thread.join()
    code, said = result[0]
    checks.check(code == 0 and "trouble" in said, f"OpenSearch, killed: exit code {code}: {said[-400:]}")
    got = documents(node, "killed")
    checks.check(len(got) == len(lines), f"OpenSearch, killed: {len(got)} documents of {len(lines)} records")
    print(f"OpenSearch, killed: {said.count('trouble')} hand-overs failed, {len(got)} documents of {len(lines)} records")


def wire(checks, program, lines):
    """Debian's ClickHouse 18.16: its own HTTP and HTTPS, users, errors; killed and back."""
    with tempfile.TemporaryDirectory() as directory:
        d = pathlib.Path(directory)
        loopback.certificates(d, "localhost", "sensor-1")
        (d / "right").write_text(PASSWORD + "\n")
        (d / "wrong").write_text("nothing\n")
        store = warehouse.debian(d, PASSWORD)
        store.start()
        try:
            store.ask("CREATE TABLE t (line String, host String, seq UInt64, day Date DEFAULT today()) ENGINE = MergeTree(day, (host, seq), 8192)")
            plain, target = ["api=clickhouse", f"url=http://127.0.0.1:{store.port}"], ["target=default.t"]
            secure = ["api=clickhouse", f"url=https://localhost:{store.secure}", f"ca={d}/ca.pem", f"cert={d}/sensor-1.pem", f"key={d}/sensor-1.key"]
            rows = [
                ("http", [*plain, *target], None),
                ("https", [*secure, *target], None),
                ("https, a password", [*secure, *target, "user=sensor", f"password_file={d}/right"], None),
                ("https, a wrong password", [*secure, *target, "user=sensor", f"password_file={d}/wrong"], "assword"),
                ("https, no certificate", [*secure[:3], *target], ""),
                ("https, another CA", [*secure[:2], f"ca={d}/stranger-ca.pem", *secure[3:], *target], "certificate"),
                ("no table", [*plain, "target=nowhere"], "nowhere"),
            ]
            for name, options, why in rows:
                store.ask("TRUNCATE TABLE t")
                code, said = bulk.drive(program, lines[:100], *options)
                checks.check(code == (0 if why is None else 1) and (why or "") in said, f"ClickHouse 18.16, {name}: exit code {code}: {said[-400:]}")
                got = [r["line"] for r in store.rows("SELECT line FROM t")]
                checks.check(sorted(got) == sorted(lines[:100] if why is None else []), f"ClickHouse 18.16, {name}: {len(got)} rows")
            back(checks, program, lines, store, [*plain, *target])
        finally:
            store.kill()


def back(checks, program, lines, store, options):
    """Killed while it is written to."""
    store.ask("TRUNCATE TABLE t")
    result = []
    thread = threading.Thread(target=lambda: result.append(bulk.drive(program, lines, *options, "batch=8", "wait_ms=30", *PATIENT)))
    thread.start()
    while not store.rows("SELECT line FROM t") and thread.is_alive():
        time.sleep(0.05)
    store.kill()
    time.sleep(2)
    store.start()
    thread.join()
    code, said = result[0]
    got = [r["line"] for r in store.rows("SELECT line FROM t")]
    checks.check(code == 0 and "trouble" in said and set(got) == set(lines), f"ClickHouse 18.16, killed: exit code {code}, {len(set(got))} of {len(lines)}: {said[-400:]}")
    print(f"ClickHouse 18.16, killed: {said.count('trouble')} hand-overs failed, {len(got) - len(set(got))} rows twice")


def tokens(checks, program, lines):
    """ClickHouse 25.5: a batch that is sent again is kept out by its token, one that has grown is not; a row that it refuses is found."""
    with tempfile.TemporaryDirectory() as directory:
        store = warehouse.chdb(directory)
        store.start()
        try:
            store.ask("CREATE TABLE t (line String, seq UInt64, CONSTRAINT c CHECK NOT (line LIKE '%odd one%')) ENGINE = MergeTree ORDER BY seq "
                      "SETTINGS non_replicated_deduplication_window = 100")
            options = ["api=clickhouse", f"url=http://127.0.0.1:{store.port}", "target=t"]
            for n in (64, 64, 100, 64):
                code, said = bulk.drive(program, lines[:n], *options, "batch=100")
                checks.check(code == 0 and bulk.refused(said) == 0, f"tokens: {said}")
            got = [r["line"] for r in store.rows("SELECT line FROM t")]
            checks.check(len(got) == 164 and set(got) == set(lines[:100]), f"tokens: {len(got)} rows, {len(set(got))} different ones")
            odd = made.text({**json.loads(lines[3]), "note": "odd one"})
            store.ask("TRUNCATE TABLE t")
            code, said = bulk.drive(program, [*lines[:50], odd, *lines[50:90]], *options, "epoch=2")
            got = [r["line"] for r in store.rows("SELECT line FROM t")]
            checks.check(code == 0 and bulk.refused(said) == 1 and sorted(got) == sorted(lines[:90]), f"a refused row: {len(got)} rows: {said[-300:]}")
        finally:
            store.kill()


def main():
    """All that can be had."""
    program, sinkdrive = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
    checks, lines = sensor.Checks(), made.many(program, 400)
    for part in (search, wire, tokens):
        try:
            checks.skipped += part(checks, sinkdrive, lines) is False
        except SystemExit:  # skip() has said why
            checks.skipped += 1
    return checks.done() or (0 if checks.passed else sensor.SKIP)


if __name__ == "__main__":
    sys.exit(main())
