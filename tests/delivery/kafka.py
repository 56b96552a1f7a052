#!/usr/bin/env python3
"""Sink `kafka` against a real Apache Kafka broker: every record arrives, in order of its key, and twice only as the same record.

    kafka.py POSTWACHT SINKDRIVE

The broker is not there at first, is killed with -9 in the middle and started again, is frozen for longer than anybody waits; its
listeners are plain, TLS with client certificates, TLS with SCRAM-SHA-256. What arrived is read by Apache's own consumer.
The last line is `N passed, N failed`. Skipped (77) where Kafka's Maven artifacts cannot be had.
"""
import collections
import json
import pathlib
import queue
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "live")]
import artifacts  # noqa: E402 pylint: disable=wrong-import-position
import broker  # noqa: E402 pylint: disable=wrong-import-position
import made  # noqa: E402 pylint: disable=wrong-import-position
import records  # noqa: E402 pylint: disable=wrong-import-position
import sensor  # noqa: E402 pylint: disable=wrong-import-position

TROUBLE_S = 14  # a hand-over that waits for nothing, and what is told of it


class Drive:
    """sinkdrive with a topic of its own, fed through a pipe."""

    def __init__(self, program, *options):
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [program, "kafka", *options], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=broker.environment())

        self.lines, self.said = queue.SimpleQueue(), []
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self.write, lambda: self.said.extend(self.process.stderr))]
        for thread in self.threads:
            thread.start()

    def write(self):
        """It takes lines only as fast as it hands them over."""
        try:
            while (lines := self.lines.get()) is not None:
                self.process.stdin.write("".join(line + "\n" for line in lines))
                self.process.stdin.flush()
            self.process.stdin.close()
        except BrokenPipeError:
            pass

    def feed(self, lines):
        """More to send."""
        self.lines.put(lines)

    def had(self, n, patience_s=60):
        """Until so many are handed over, of lines that end with `!sent`."""
        end = time.monotonic() + patience_s
        while f"had {n}\n" not in self.said:
            assert time.monotonic() < end, f"not within {patience_s} s: {self.said}"
            time.sleep(0.02)

    def end(self, patience_s=120):
        """Exit code and what it said, when all is handed over or given up."""
        self.lines.put(None)
        try:
            self.process.wait(patience_s)
        finally:
            self.process.kill()
        for thread in self.threads:
            thread.join()
        return self.process.returncode, "".join(self.said)


def drive(program, lines, *options):
    """All at once."""
    d = Drive(program, *options)
    d.feed(lines)
    return d.end()


def number(line):
    """What a record is told apart by."""
    return records.number(json.loads(line))


def arrived(checks, name, sent, got, doubles=True):
    """Every record, octet for octet; in the order of its key; a double only as the very same record."""
    texts = [m.value for m in got]
    checks.equal(sorted(set(texts)), sorted(set(sent)), f"{name}: records")
    if not doubles:
        checks.check(len(texts) == len(set(texts)), f"{name}: {len(texts) - len(set(texts))} came twice")
    by_number = collections.defaultdict(set)
    for value in texts:
        by_number[number(value)].add(value)
    checks.check(all(len(values) == 1 for values in by_number.values()), f"{name}: two records of one number")
    order = {value: i for i, value in enumerate(sent)}
    firsts = collections.defaultdict(list)
    for m in got:
        if m.key is not None and m.value in order and order[m.value] not in firsts[m.key]:
            firsts[m.key].append(order[m.value])
    checks.check(all(places == sorted(places) for places in firsts.values()), f"{name}: not in order of its key")
    partitions = collections.defaultdict(set)
    for m in got:
        partitions[m.key].add(m.partition)
    checks.check(all(len(p) == 1 for key, p in partitions.items() if key is not None), f"{name}: one key in two partitions")
    return len(texts) - len(set(texts))


def murmur2(octets):
    """As Apache's client hashes keys (org.apache.kafka.common.utils.Utils)."""
    m, h = 0x5bd1e995, 0x9747b28c ^ len(octets)
    whole = len(octets) // 4 * 4
    for at in range(0, whole, 4):
        k = int.from_bytes(octets[at:at + 4], "little") * m & 0xffffffff
        k = (k ^ k >> 24) * m & 0xffffffff
        h = h * m & 0xffffffff ^ k
    if len(octets) > whole:
        h = (h ^ int.from_bytes(octets[whole:], "little")) * m & 0xffffffff
    h = (h ^ h >> 13) * m & 0xffffffff
    return (h ^ h >> 15) & 0x7fffffff


def plain(checks, kafka, program, lines):
    """Topics, keys, headers; nothing twice where nothing happened."""
    kafka.topic("one.alerts")
    kafka.topic("one.sessions", partitions=4)
    code, said = drive(program, lines, f"brokers={kafka.at()}", "topic=one.alerts", "topic_sessions=one.sessions")
    checks.check(code == 0, f"plain: {said}")
    alerts, sessions = kafka.read("one.alerts"), kafka.read("one.sessions")
    arrived(checks, "plain, alerts", [x for x in lines if number(x)[0] == "alerts"], alerts, doubles=False)
    arrived(checks, "plain, sessions", [x for x in lines if number(x)[0] == "sessions"], sessions, doubles=False)
    wrong = collections.Counter()
    for m in alerts + sessions:
        record = json.loads(m.value)
        finding = record["alert"]["metadata"]["finding"][0] if "alert" in record else None
        key = record.get("community_id") or record["smtp_tls"].get("id")
        wrong["event_type"] += m.headers.get("event_type") != record["event_type"]
        wrong["host"] += m.headers.get("host") != "sensor-1"
        wrong["sink"] += m.headers.get("sink") != "drive"
        wrong["finding"] += m.headers.get("finding") != finding
        wrong["key"] += m.key != key
    for m in sessions:
        wrong["partition"] += m.key is not None and murmur2(m.key.encode()) % 4 != m.partition
    checks.check(not +wrong, f"plain: {dict(+wrong)}")


def absent(checks, kafka, program, lines):
    """Not there at first; killed in the middle; back each time."""
    kafka.topic("two")
    kafka.kill()
    d = Drive(program, f"brokers={kafka.at()}", "topic=two", "batch=16", "tries=1000", "pause_ms=200", "wait_ms=20")
    third = len(lines) // 3
    d.feed(lines[:third])
    time.sleep(2)
    kafka.start()
    d.feed(lines[third:2 * third])
    time.sleep(1.5)
    kafka.kill()
    d.feed(lines[2 * third:])
    time.sleep(4)
    kafka.start()
    code, said = d.end()
    checks.check(code == 0, f"absent: {said[-600:]}")
    doubles = arrived(checks, "absent", lines, kafka.read("two"))
    print(f"absent, killed: {len(lines)} records, {doubles} of them twice, {said.count('trouble')} hand-overs failed")


def storm(checks, kafka, program, lines):
    """Killed again and again while it is written to."""
    kafka.topic("three")
    d = Drive(program, f"brokers={kafka.at()}", "topic=three", "batch=64", "tries=1000", "pause_ms=100", "wait_ms=5")
    step = len(lines) // 6
    for i in range(6):
        d.feed(lines[i * step:(i + 1) * step if i < 5 else len(lines)])
        time.sleep(0.4)
        kafka.kill()
        kafka.start()
    code, said = d.end()
    checks.check(code == 0, f"storm: {said[-600:]}")
    doubles = arrived(checks, "storm", lines, kafka.read("three"))
    print(f"killed six times: {len(lines)} records, {doubles} of them twice, {said.count('trouble')} hand-overs failed")


def frozen(checks, kafka, program, lines):
    """A broker that neither answers nor hangs up is trouble after SINK_PATIENCE_S; nothing is sent afterwards by itself."""
    kafka.topic("four", partitions=1)
    d = Drive(program, f"brokers={kafka.at()}", "topic=four", "batch=8", "tries=3", "pause_ms=100")
    d.feed([*lines[:8], "!sent"])
    d.had(8)
    kafka.freeze(True)
    began = time.monotonic()
    d.feed(lines[8:16])
    time.sleep(TROUBLE_S)
    kafka.freeze(False)
    d.feed(lines[16:])
    code, said = d.end()
    checks.check(code == 0 and "trouble" in said, f"frozen: exit code {code}, {said[-600:]}")
    checks.check(time.monotonic() - began < 60, "frozen: it took more than a minute")
    arrived(checks, "frozen", lines, kafka.read("four"))
    d = Drive(program, f"brokers={kafka.at()}", "topic=four", "batch=8", "tries=1")
    d.feed([*lines[:8], "!sent"])
    d.had(8)
    before = len(kafka.read("four"))
    kafka.freeze(True)
    d.feed([x.replace('"v":1', '"v":1,"late":true') for x in lines[:8]])
    code, said = d.end()
    kafka.freeze(False)
    checks.check(code == 1, f"frozen, given up: exit code {code}")
    late = len(kafka.read("four")) - before
    print(f"given up on a frozen broker, which then woke: {late} of 8 messages were on their way to it")
    checks.check(late in (0, 8), f"frozen, given up: {late} messages")


def secured(checks, kafka, program, lines):
    """Each way in, and each way to be kept out."""
    d = kafka.folder
    own = [f"cert={d}/sensor-1.pem", f"key={d}/sensor-1.key"]
    ssl = [f"brokers=localhost:{kafka.ssl}", "topic=five", "security=ssl", "tries=1"]
    sasl = [f"brokers=localhost:{kafka.sasl}", "topic=five", "security=sasl_ssl", "tries=1", f"ca={d}/ca.pem"]
    kafka.topic("five")
    (d / "wrong").write_text("not this one\n")
    rows = [
        ("TLS", [*ssl, f"ca={d}/ca.pem", *own], None),
        ("SCRAM", [*sasl, f"user={broker.USER}", f"password_file={d}/password"], None),
        ("TLS without a certificate", [*ssl, f"ca={d}/ca.pem"], "certificate"),
        ("TLS, another CA", [*ssl, f"ca={d}/stranger-ca.pem", *own], "certificate verify failed"),
        ("TLS, the system's CAs", [*ssl, *own], "certificate verify failed"),
        ("TLS, another name", [f"brokers=127.0.0.1:{kafka.ssl}", *ssl[1:], f"ca={d}/ca.pem", *own], "certificate"),
        ("SCRAM, another password", [*sasl, f"user={broker.USER}", f"password_file={d}/wrong"], "Authentication failed"),
        ("SCRAM, another user", [*sasl, "user=nobody", f"password_file={d}/password"], "Authentication failed"),
        ("plain, to a TLS port", [f"brokers=localhost:{kafka.ssl}", "topic=five", "tries=1"], "down"),
        ("no such topic", [f"brokers={kafka.at()}", "topic=nowhere", "tries=1"], "topic nowhere"),
        ("nobody there", ["brokers=127.0.0.1:1", "topic=five", "tries=1"], "refused"),
    ]
    for name, options, why in rows:
        code, said = drive(program, lines[:20], *options)
        trouble = " ".join(re.findall("^trouble (.*)", said, re.MULTILINE))
        checks.check(code == (0 if why is None else 1) and (why or "") in trouble, f"{name}: exit code {code}: {said[-400:]}")
        checks.check(said.count("warn:") <= 13, f"{name}: {said.count('warn:')} lines in the log")
    arrived(checks, "secured", lines[:20], kafka.read("five"))
    code, said = drive(program, lines[:1], *sasl, f"user={broker.USER}", "password_file=/nonexistent")
    checks.check(code == 3 and "/nonexistent" in said, f"no password file: exit code {code}: {said}")
    code, said = drive(program, lines[:1], *ssl, f"ca={d}/ca.pem", f"cert={d}/sensor-1.pem", f"key={d}/other.example.key")
    checks.check(code == 3 and "key" in said, f"another's key: exit code {code}: {said}")


def too_long(checks, kafka, program, lines):
    """What the topic never takes is refused and counted, and holds nothing up."""
    limit = 1600
    kafka.topic("six", partitions=1, max_message_bytes=limit)
    long = [x for x in lines if len(x) > 6000]
    short = [x for x in lines if len(x) < 1000]
    lot = short[:7] + [made.text({**json.loads(short[7]), "filler": json.dumps(list(range(700)))})] + short[8:20] if not long else lot_of(short, long)
    code, said = drive(program, lot, f"brokers={kafka.at()}", "topic=six", "batch=20", "tries=3")
    got = [m.value for m in kafka.read("six")]
    refused = int(re.findall("refused ([0-9]+)", said)[-1])
    checks.check(code == 0 and refused + len(set(got)) == len(lot) and refused >= 1, f"too long: exit code {code}, {refused} refused: {said[-300:]}")
    checks.check(set(got) <= set(lot), "too long: something else arrived")


def wrong_topic(checks, kafka, program, lines):
    """A topic that takes nothing (its limit is too small), or nothing without a key (it is compacted): a few are given up, no more."""
    bare = [made.text({k: v for k, v in json.loads(x).items() if k != "community_id"}).replace('"id":', '"no":') for x in lines[:60]]
    kafka.topic("seven", partitions=1, max_message_bytes=100)
    kafka.topic("eight", partitions=1, cleanup_policy="compact")
    for topic, lot in (("seven", lines[:60]), ("eight", bare)):
        code, said = drive(program, lot, f"brokers={kafka.at()}", f"topic={topic}", "batch=20", "tries=2")
        refused = int(re.findall("refused ([0-9]+)", said)[-1])
        checks.check(code == 1 and refused == 16 and "all is refused" in said, f"{topic}: exit code {code}, {refused} refused: {said[-300:]}")


def greedy(checks, _kafka, program, lines):
    """Somebody in a broker's place announces an answer of 90 MiB: no memory is given for it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            connection, _ = listener.accept()
            try:
                connection.recv(4096)
                connection.sendall((90 << 20).to_bytes(4, "big") + bytes(60))
                connection.recv(4096)
            except OSError:
                pass
            connection.close()
    threading.Thread(target=serve, daemon=True).start()
    code, said = drive(program, lines[:1], f"brokers=127.0.0.1:{listener.getsockname()[1]}", "topic=t")
    checks.check(code == 1 and "Invalid response size 94371840" in said, f"greedy: exit code {code}: {said[-400:]}")


def lot_of(short, long):
    """A long one among others."""
    return short[:7] + long[:1] + short[7:20]


def main():
    """All of them, one broker."""
    program, sinkdrive = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
    jars = artifacts.maven("kafka", artifacts.KAFKA)
    checks, lines = sensor.Checks(), made.many(program, 900)
    with tempfile.TemporaryDirectory() as directory:
        kafka = broker.Broker(jars, directory)
        kafka.start()
        try:
            for part in (plain, absent, storm, secured, too_long, wrong_topic, greedy):
                part(checks, kafka, sinkdrive, lines)
            frozen(checks, kafka, sinkdrive, lines[:40])
        finally:
            kafka.kill()
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
