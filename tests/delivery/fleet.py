#!/usr/bin/env python3
"""A fleet: simulated sensors -> a real Kafka broker -> ClickHouse's Kafka engine, tables and views -> the audit's questions.

    fleet.py POSTWACHT SINKDRIVE

Sensors replay what recordings say, with other hosts, times, domains, ids and their own stamps. The broker is killed with -9 twice, the
warehouse once, records are sent twice, one sensor loses its cursor, some records are held back on purpose. Every question of
configs/receivers/clickhouse/questions must give what Python computes from what was sent. ClickHouse is that of the package chDB:
its engines are ClickHouse's own, the HTTP server in front of them is not. The last line is `N passed, N failed`.
"""
import collections
import datetime
import json
import os
import pathlib
import random
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
import warehouse  # noqa: E402 pylint: disable=wrong-import-position

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
EPOCH = 1790000000
SESSIONS = 120  # of each sensor
PARTNERS = ["hospital.example", "council.example", "bank.example", "supplier.example", "school.example"]
ARRIVE_S = 120
TOPICS = artifacts.ROOT / "configs" / "receivers" / "kafka" / "topics.sh"


def loss_record(host, when, rng):
    """What a sensor says of a time in which it lost packets (alerts/record_sensor.c)."""
    lost = {"missed": rng.randrange(1, 9999), "errors": rng.randrange(9), "no_mbuf": 0, "lanes": rng.randrange(9), "facts": 3, "received": 100000}
    return {"timestamp": made.time_text(when), "event_type": "alert", "host": host,
            "alert": {"action": "allowed", "gid": 3207, "signature_id": 3207900, "severity": 3, "signature": "packets lost",
                      "metadata": {"finding": ["sensor.loss"], "severity": ["medium"], "confidence": ["certain"], "subject": ["sensor"]}},
            "smtp_tls": {"v": 1, "id": made.new_id(when, rng), "tap": "tap0", "findings": ["sensor.loss"],
                         "window": {"from": made.time_text(when - datetime.timedelta(seconds=9)), "to": made.time_text(when)}, "loss": lost,
                         "repeat": {"count": 1, "window_s": 300, "first_id": None}}}


def update_of(record, when, count, rng):
    """An alert's repeats, told at the end of their window."""
    own = {**record["smtp_tls"], "id": made.new_id(when, rng), "repeat": {"count": count, "window_s": 86400, "first_id": record["smtp_tls"]["id"]}}
    return {**record, "timestamp": made.time_text(when), "smtp_tls": own}


class Sensor:
    """One host: its records, the lines of its sink, which of them it holds back."""

    def __init__(self, stories, number):
        self.host, self.sink = f"sensor-{number}", "clickhouse" if number == 4 else "kafka"
        self.rng, self.records, self.rows = random.Random(number), [], []
        self.held_back = []  # (lane, epoch, first, last)
        self.lines = []      # as they are given to the sink: doubles, too
        self.sent = {}       # (lane, epoch, seq) -> line
        self.make(stories, number)
        self.stamp(number)

    def make(self, stories, number):
        """Sessions of four months, repeats, losses, heartbeats up to now: but sensor-2 has been silent for half an hour."""
        days = sorted(self.rng.choice([self.rng.uniform(0.1, 85), self.rng.uniform(95, 115)]) for _ in range(SESSIONS))
        for day in reversed(days):
            when = NOW - datetime.timedelta(days=day)
            domains = [("rcpt.example", self.rng.choice(PARTNERS)), ("sender.example", "ministry.example")]
            told = made.again(self.rng.choice(stories), self.host, when, self.rng, domains)
            for record in told:
                if record["event_type"] == "smtp" and self.rng.random() < 0.5:
                    record["smtp_tls"]["direction"] = self.rng.choice(["inbound", "outbound"])
            self.records += [r for r in told if r["event_type"] != "stats"]
            alerts = [r for r in told if r["event_type"] == "alert"]
            if alerts and self.rng.random() < 0.2:
                self.records.append(update_of(alerts[0], when + datetime.timedelta(hours=1), self.rng.randrange(2, 50), self.rng))
            if self.rng.random() < 0.1:
                self.records.append(loss_record(self.host, when, self.rng))
        beat = next(r for story in stories for r in story if r["event_type"] == "stats")
        last = 1800 if number == 2 else 5
        for seconds in range(last + 300, last - 1, -30):
            self.records.append({**beat, "host": self.host, "timestamp": made.time_text(NOW - datetime.timedelta(seconds=seconds))})

    def stamp(self, number):
        """Two rows where the cursor was lost (sensor-3): what was sent last is sent once more, with other numbers."""
        row = made.Row(EPOCH + number)
        for i, record in enumerate(self.records):
            self.put(row, record)
            if i % 50 == 49:
                self.lines += self.lines[-20:]  # the cursor was behind
            if number == 3 and i == len(self.records) // 2:
                row = made.Row(EPOCH + 1000)
                for before in self.records[i - 30:i + 1]:
                    self.put(row, before)
        holes = {1: [], 2: [("sessions", EPOCH + 2, 40, 44), ("alerts", EPOCH + 2, 1, 3)], 3: [("sessions", EPOCH + 1000, 7, 7)],
                 4: [("alerts", EPOCH + 4, 20, 39), ("sessions", EPOCH + 4, 10, 10)]}[number]
        for lane, epoch, first, last in holes:
            gone = {self.sent.pop((lane, epoch, seq)) for seq in range(first, last + 1)}
            self.lines = [x for x in self.lines if x not in gone]
        self.held_back = [hole for hole in holes if hole[2] == 1 or any(k[:2] == hole[:2] and k[2] > hole[3] for k in self.sent)]

    def put(self, row, record):
        """With its numbers."""
        line = row.stamp(record)
        self.sent[records.number(json.loads(line))] = line
        self.lines.append(line)

    def arrived(self):
        """Records, each once, as (host, id) or (host, time) tell them apart."""
        return [json.loads(line) for line in self.sent.values()]


def once(fleet, kind):
    """Of that type, each once whatever its numbers."""
    found = {}
    for one in fleet:
        for record in one.arrived():
            if record["event_type"] == kind:
                own = record["smtp_tls"]
                found[(record["host"], own.get("session" if kind == "smtp" else "id") or record["timestamp"])] = record
    return list(found.values())


def when_of(record):
    """Its time."""
    return datetime.datetime.strptime(record["timestamp"], "%Y-%m-%dT%H:%M:%S.%f%z")


def shown(when):
    """As ClickHouse shows it."""
    return when.astimezone(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")


def recent(record, days):
    """Within so many days."""
    return when_of(record) > NOW - datetime.timedelta(days=days)


def partner_of(record):
    """The other side, as docs/fleet.md says it."""
    own, mail = record["smtp_tls"], record["smtp_tls"].get("mail", {})
    expect = own.get("expect") or {}
    if own.get("direction") == "inbound":
        return mail.get("from_domain") or record.get("src_ip", "")
    rcpt = mail.get("rcpt_domains") or [None]
    return expect.get("domain") or rcpt[0] or expect.get("mx") or record.get("tls", {}).get("sni") or record.get("dest_ip", "")


# ---- the answers, computed from what was sent ---------------------------------------------------------------------------


def clear_domains(fleet):
    """Domain -> sessions, transactions, octets, sensors."""
    out = collections.defaultdict(lambda: [0, 0, 0, set()])
    for record in once(fleet, "smtp"):
        mail = record["smtp_tls"]["mail"]
        if recent(record, 90) and mail["in_clear"] > 0:
            for domain in {mail["from_domain"], *mail["rcpt_domains"]} - {None, ""}:
                row = out[domain]
                row[0] += 1
                row[1] += mail["in_clear"]
                row[2] += mail["octets_in_clear"]
                row[3].add(record["host"])
    return sorted([domain, row[0], row[1], row[2], sorted(row[3])] for domain, row in out.items())


def encrypted_share(fleet):
    """Month, partner -> sessions, of them encrypted."""
    out = collections.defaultdict(lambda: [0, 0])
    for record in once(fleet, "smtp"):
        if record["smtp_tls"]["verdict"] != "no_mail":
            row = out[(when_of(record).year * 100 + when_of(record).month, partner_of(record))]
            row[0] += 1
            row[1] += record["smtp_tls"]["state"] in ("starttls_ok", "implicit_tls")
    return sorted([*key, *row] for key, row in out.items())


def broken_promises(fleet):
    """Sessions."""
    return sorted([shown(when_of(r)), r["host"], r["smtp_tls"]["session"], r["smtp_tls"]["expect"]["level"], r["smtp_tls"]["verdict"]]
                  for r in once(fleet, "smtp") if recent(r, 90) and r["smtp_tls"]["expect"]["level"] in ("dane", "sts")
                  and r["smtp_tls"]["verdict"] in ("clear_against_policy", "mismatch"))


def losses(fleet):
    """Intervals."""
    out = []
    for record in once(fleet, "alert"):
        own = record["smtp_tls"]
        if own["findings"] == ["sensor.loss"]:
            lost = sum(own["loss"][name] for name in ("missed", "errors", "no_mbuf", "lanes"))
            out.append([record["host"], *(shown(when_of({"timestamp": own["window"][end]})) for end in ("from", "to")), lost])
    return sorted(out)


def top_findings(fleet):
    """Finding -> occurrences, alerts, partners."""
    out = collections.defaultdict(lambda: [0, 0, set()])
    for record in once(fleet, "alert"):
        if recent(record, 30):
            row = out[record["alert"]["metadata"]["finding"][0]]
            row[0] += record["smtp_tls"]["repeat"]["count"]
            row[1] += 1
            row[2].add(partner_of(record))
    return sorted([finding, row[0], row[1], len(row[2])] for finding, row in out.items())


def gaps(fleet):
    """What was held back."""
    return sorted([one.host, one.sink, lane, epoch, first, last] for one in fleet for lane, epoch, first, last in one.held_back)


def picked(rows, *names):
    """Columns of an answer, in the order of what Python computed."""
    return sorted([row[name] for name in names] for row in rows)


# ---- on their way ------------------------------------------------------------------------------------------------------


def send(one, program, options, failures):
    """A sensor's sink until it has handed over everything."""
    run = subprocess.run([program, *options, f"name={one.sink}", f"host_name={one.host}", "batch=32", "tries=1000", "pause_ms=200", "wait_ms=60"],
                         input="".join(line + "\n" for line in one.lines), text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                         env=broker.environment(), timeout=600, check=False)
    if run.returncode:
        failures.append(f"{one.host}: {run.stderr[-400:]}")


def on_their_way(fleet, program, kafka, store):
    """All sensors at once, while the broker is killed twice and the warehouse once."""
    failures, threads = [], []
    for one in fleet:
        options = ["kafka", f"brokers={kafka.at()}", "topic=postwacht.alerts", "topic_sessions=postwacht.sessions"] if one.sink == "kafka" else \
            ["http", "api=clickhouse", f"url=http://127.0.0.1:{store.port}", "target=postwacht.incoming"]
        threads.append(threading.Thread(target=send, args=(one, program, options, failures)))
        threads[-1].start()
    for _ in range(2):
        time.sleep(1.0)
        kafka.kill()
        time.sleep(0.5)
        kafka.start()
    store.kill()
    store.start()
    for thread in threads:
        thread.join()
    return failures


def all_there(fleet, store):
    """Waits until every record is in the warehouse; how many are missing."""
    wanted = sum(len(one.sent) for one in fleet)
    def missing():
        return wanted - int(store.ask("SELECT uniqExact(host, sink, lane, epoch, seq) FROM postwacht.records"))
    sensor.eventually(lambda: missing() <= 0, ARRIVE_S)
    return missing()


# ---- checks ------------------------------------------------------------------------------------------------------------


def questions(checks, fleet, store):
    """Each of them, against what was sent."""
    rows = [
        ("clear-domains", ("domain", "sessions", "transactions", "octets", "sensors"), clear_domains(fleet)),
        ("encrypted-share", ("month", "partner", "sessions", "encrypted_sessions"), encrypted_share(fleet)),
        ("broken-promises", ("time", "host", "id", "expect_level", "verdict"), broken_promises(fleet)),
        ("loss-intervals", ("host", "window_from", "window_to", "lost"), losses(fleet)),
        ("top-findings", ("finding", "occurrences_all", "alerts", "partners"), top_findings(fleet)),
        ("gaps", ("host", "sink", "lane", "epoch", "first_missing", "last_missing"), gaps(fleet)),
    ]
    for name, columns, wanted in rows:
        got = picked(store.question(name), *columns)
        checks.check(wanted != [] and got == wanted, f"{name}: got {got[:3]} of {len(got)}, wanted {wanted[:3]} of {len(wanted)}")
        print(f"{name}: {len(got)} rows")
    silent = store.question("silent-sensors")
    checks.check([r["host"] for r in silent] == ["sensor-2"] and silent[0]["last"] == shown(NOW - datetime.timedelta(seconds=1800)), f"silent: {silent}")
    shares = {r["percent"]: (r["encrypted_sessions"], r["sessions"]) for r in store.question("encrypted-share")}
    checks.check(all(abs(percent - 100 * e / n) < 0.051 for percent, (e, n) in shares.items()), "encrypted-share: percent")


def lines(checks, fleet, store, program):
    """What comes out is, octet for octet, what went in; the chain of a whole row holds; a forged line is seen."""
    for one in fleet:
        got = {(r["lane"], r["epoch"], r["seq"]): r["line"] for r in store.rows(
            f"SELECT lane, epoch, seq, line FROM postwacht.records FINAL WHERE host = '{one.host}' AND sink = '{one.sink}'")}
        checks.check(got == one.sent, f"{one.host}: {len(got)} lines, {len(one.sent)} were sent")
    exported = [r["line"] for r in store.question("lines")]
    row, whole = made.Row(EPOCH + 1), [x for key, x in sorted(fleet[0].sent.items(), key=lambda item: (item[0][1], item[0][0], item[0][2]))]
    checks.equal(exported, whole, "lines.sql")
    checks.check(sorted(row.stamp(json.loads(x.split(',"epoch":')[0] + "}}")) for x in exported) == sorted(exported), "the chain of the exported lines")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write("".join(line + "\n" for line in exported))
        file.flush()
        code, said = records.verify(program, file.name)
        checks.check(code == 0, f"postwacht verify: exit code {code}: {said}")
    checks.check(store.question("forged") == [], "forged: before anybody forged")
    victim = next(line for key, line in sorted(fleet[0].sent.items()) if key[0] == "sessions")
    forged = victim.replace('"in_clear":1', '"in_clear":0').replace('"v":1', '"v":1 ', 1)
    store.ask("INSERT INTO postwacht.incoming FORMAT JSONEachRow", json.dumps({"line": forged, "sink": "kafka"}).encode())
    store.ask("OPTIMIZE TABLE postwacht.records FINAL")
    found = store.question("forged")
    checks.check(len(found) == 1 and sorted(found[0]["lines"]) == sorted([victim, forged]), f"forged: {found}")


def main():
    """The whole of it."""
    program, sinkdrive = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
    jars, checks = artifacts.maven("kafka", artifacts.KAFKA), sensor.Checks()
    stories = made.told(program)
    fleet = [Sensor(stories, number) for number in (1, 2, 3, 4)]
    with tempfile.TemporaryDirectory() as directory:
        kafka, store = broker.Broker(jars, directory), warehouse.chdb(directory)
        kafka.start()
        store.start()
        try:
            run = subprocess.run([TOPICS, kafka.at()], env={**os.environ, "KAFKA_TOPICS": kafka.topics_tool(), "REPLICAS": "1", "MIN_INSYNC": "1"},
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            checks.check(run.returncode == 0, f"topics.sh: {run.stdout}")
            store.script("postwacht.sql")
            store.script("kafka.sql", [("kafka-1.example:9092,kafka-2.example:9092,kafka-3.example:9092", kafka.at())])
            failures = on_their_way(fleet, sinkdrive, kafka, store)
            checks.check(not failures, f"sinks: {failures}")
            missing = all_there(fleet, store)
            checks.check(missing == 0, f"{missing} records did not arrive")
            given, rows = sum(len(one.lines) for one in fleet), int(store.ask("SELECT count() FROM postwacht.records"))
            print(f"{len(fleet)} sensors, {sum(len(one.sent) for one in fleet)} records, {given} given to sinks, {rows} rows before merging")
            questions(checks, fleet, store)
            lines(checks, fleet, store, program)
        finally:
            store.kill()
            kafka.kill()
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
