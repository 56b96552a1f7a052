#!/usr/bin/env python3
"""Real receivers with the recipes of configs/receivers: what arrived, record by record, octet by octet.

    receivers.py [--packages DIR] PROGRAM     rsyslog and syslog-ng of Debian, on loopback

Records are sent by a sender of these tests, and by the real sink (tests/delivery/sinkdrive of the same build); what the receivers
wrote is proved by `postwacht verify`.

The packages are unpacked below DIR (build-full-receivers), never installed. The last line is `N passed, N failed(, N skipped)`.
"""
import argparse
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import artifacts
import driven
import loopback
import programs
import records
import talk

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "tools")]
from checks import Checks, skip  # noqa: E402 pylint: disable=wrong-import-position

SENSOR = "sensor-1"
FILES = ("alerts.json", "sessions.json")


def rows(lines):
    """Alerts and sessions, apart."""
    return [[line for line in lines if records.lane(json.loads(line)) == row] for row in (records.ALERTS, records.SESSIONS)]


def missing(lines):
    """Numbers that a row lacks, up to its last."""
    seen = {json.loads(line)["smtp_tls"]["seq"] for line in lines}
    return sorted(set(range(1, max(seen, default=0) + 1)) - seen)


def send(stream, lines, host=SENSOR, prefix=b"", pause_s=0.0):
    """All of them, as one sensor does."""
    for line in lines:
        stream.send(talk.message(prefix + line, json.loads(line)["event_type"], host))
        if pause_s:
            time.sleep(pause_s)
    stream.close()


def arrived(checks, receiver, lines, host, what):
    """Each row is in its file, in order, octet for octet."""
    for name, wanted in zip(FILES, rows(lines)):
        checks.equal(receiver.wait_for(f"{host}/{name}", len(wanted)), wanted, f"{what}: {name}")


def transports(checks, receiver, lines, what):
    """The same records every way that there is. The name of the sensor tells them apart."""
    ways = {
        "tls": lambda: talk.Stream(receiver.tls, receiver.pki, SENSOR),
        "tcp": lambda: talk.Stream(receiver.tcp),
        "udp": lambda: talk.Datagrams(receiver.udp),
        "cookie": lambda: talk.Stream(receiver.tcp),
    }
    if isinstance(receiver, programs.Rsyslog):  # syslog-ng's syslog() counts octets, and nothing else
        ways["line-ends"] = lambda: talk.Stream(receiver.tcp, lines=True)
    for way, stream in ways.items():
        # A receive buffer of the kernel holds some 200 KiB: UDP has nothing that slows a sender down.
        send(stream(), lines, way, b"@cee: " if way == "cookie" else b"", 0.01 if way == "udp" else 0)
        arrived(checks, receiver, lines, way, f"{what}, {way}")
    checks.check(not receiver.lines("other.log"), f"{what}: {len(receiver.lines('other.log'))} records are in other.log")


def strangers(checks, receiver, lines, what):
    """Only sensors may write, however often somebody else tries, and after a sensor was there."""
    for turn in range(5):
        send(talk.Stream(receiver.tls, receiver.pki, SENSOR), lines[:1], "lets-in")
        for name in (SENSOR + "0", "stranger", None):
            told = talk.message(lines[0], "alert", "stays-out")
            checks.check(talk.refused(receiver.tls, receiver.pki, name, told), f"{what}, turn {turn}: a client with the certificate {name} is let in")
    arrived(checks, receiver, lines[:1] * 5, "lets-in", f"{what}: the sensor itself")
    checks.check(not (receiver.folder / "log" / "stays-out").exists(), f"{what}: a stranger's record is kept")


def oddities(checks, receiver, lines, what):
    """What is no record goes to other.log; no name of a host leads out of the directory."""
    before = {p for p in receiver.folder.rglob("*") if p.is_file()}
    odd = [b"hello", b"[1,2]", b'{"no":"event"}', b'{"event_type":', b'{"event_type":"alert"', b"@cee: what"]
    stream = talk.Stream(receiver.tcp)
    for octets in odd:
        stream.send(talk.message(octets, host="odd"))
    for host in ("../../../etc", "..", "a/b", "/etc/x", "%msg%", "$(env)", "-"):
        stream.send(talk.message(lines[0], host=host))
    stream.close()
    other = receiver.wait_for("other.log", len(odd))
    checks.check(len([line for line in other if any(line.endswith(octets.removeprefix(b"@cee: ")) for octets in odd)]) == len(odd),
                 f"{what}: other.log has {other}")
    for path in {p for p in receiver.folder.rglob("*") if p.is_file()} - before:
        inside = path.relative_to(receiver.folder).parts
        checks.check(inside[0] == "log" and len(inside) <= 3, f"{what}: wrote {path}")
    checks.check(not receiver.lines("odd/alerts.json"), f"{what}: what is no record stands among alerts")


def verified(checks, receiver, lines, program, what):
    """`postwacht verify` takes what the receiver wrote, and sees one record less, or one octet else."""
    proved = records.stamp(filter(records.is_record, records.stripped(lines)))
    for way, prefix in (("proved", b""), ("proved-cookie", b"@cee: ")):
        send(talk.Stream(receiver.tls, receiver.pki, SENSOR), proved, way, prefix)
        arrived(checks, receiver, proved, way, f"{what}, {way}")
        for name in FILES:
            path = receiver.folder / "log" / way / name
            code, said = records.verify(program, "--whole", path)
            checks.check(code == 0, f"{what}: verify {way}/{name}: {code} {said}")
            lines = path.read_bytes().splitlines(keepends=True)
            at = len(lines) // 2
            changed = lines[at].replace(b'"timestamp":"2', b'"timestamp":"3', 1)
            for bad in (lines[:at] + lines[at + 1:], [*lines[:at], changed, *lines[at + 1:]]):
                copy = receiver.folder / "changed.json"
                copy.write_bytes(b"".join(bad))
                code, said = records.verify(program, copy)
                checks.check(code == 1, f"{what}: verify of a changed file: {code} {said}")


def killed(checks, receiver, lines, what):
    """kill -9 in the middle of a stream, and again: whole lines, in order, and the numbers say what is missing."""
    many = records.stamp(records.stripped(rows(lines)[records.ALERTS]) * 20)
    at = 0
    for end in (len(many) // 3, 2 * len(many) // 3, len(many)):
        stream = talk.Stream(receiver.tls, receiver.pki, SENSOR)
        for line in many[at:end]:
            stream.send(talk.message(line, host="killed"))
        at = end
        if end < len(many):
            receiver.stop(signal.SIGKILL)
            receiver.start()
        stream.close()
    time.sleep(1)
    got, places = receiver.lines("killed/alerts.json"), {line: i for i, line in enumerate(many)}
    checks.check(all(line in places for line in got), f"{what}: a line is not as it was sent: {[x[-200:] for x in got if x not in places][:1]}")
    order = [places.get(line, -1) for line in got]
    checks.check(order == sorted(set(order)), f"{what}: lines are doubled, or in another order")
    checks.check(got and got[-1] == many[-1], f"{what}: what was sent after it came back is not there")
    lost = sorted(set(range(len(many))) - set(order))
    checks.check([i + 1 for i in lost] == missing(got), f"{what}: {len(lost)} records are lost, and their numbers do not say so")
    print(f"{what}: killed twice while {len(many)} records were on their way: {len(got)} are there, {len(missing(got))} shown missing by their numbers",
          flush=True)


def rotated(checks, receiver, lines, what):
    """logrotate: the file is moved away, then SIGHUP. Nothing is lost between."""
    alerts = rows(lines)[records.ALERTS]
    half = len(alerts) // 2
    send(talk.Stream(receiver.tls, receiver.pki, SENSOR), alerts[:half], "rotated")
    path = receiver.folder / "log" / "rotated" / "alerts.json"
    receiver.wait_for("rotated/alerts.json", half)
    path.rename(path.with_suffix(".1"))
    receiver.process.send_signal(signal.SIGHUP)
    time.sleep(1)
    send(talk.Stream(receiver.tls, receiver.pki, SENSOR), alerts[half:], "rotated")
    after = receiver.wait_for("rotated/alerts.json", len(alerts) - half)
    checks.equal(receiver.lines("rotated/alerts.1") + after, alerts, f"{what}: rotated")
    checks.check((path.stat().st_mode & 0o777) == 0o640, f"{what}: a file has the mode {path.stat().st_mode:o}")


def kept_out(checks, receiver, lines, what):
    """A file that cannot be opened for a while: what comes meanwhile waits."""
    alerts = rows(lines)[records.ALERTS]
    path = receiver.folder / "log" / "kept-out" / "alerts.json"
    path.mkdir(parents=True)
    for made in (path.parent, path):
        os.chown(made, programs.NOBODY, programs.NOBODY)
    send(talk.Stream(receiver.tls, receiver.pki, SENSOR), alerts, "kept-out")
    time.sleep(2)
    path.rmdir()
    checks.equal(receiver.wait_for("kept-out/alerts.json", len(alerts), 30), alerts, f"{what}: kept out")


def other_driver(checks, make, lines, what, _sink, _program):
    """What the recipe says of ossl: strangers to the authority stay out. Whether other names do is told, not judged."""
    receiver = make([('"gtls"', '"ossl"')])
    receiver.start()
    try:
        send(talk.Stream(receiver.tls, receiver.pki, SENSOR), lines, SENSOR)
        arrived(checks, receiver, lines, SENSOR, what)
        told = talk.message(lines[0], "alert", "stays-out")
        for name in ("stranger", None) * 5:
            checks.check(talk.refused(receiver.tls, receiver.pki, name, told), f"{what}: a client with the certificate {name} is let in")
        lets_in = sum(not talk.refused(receiver.tls, receiver.pki, SENSOR + "0", told) for _ in range(5))
        print(f"{what}: a certificate with a name that is not permitted was let in {lets_in} times of 5", flush=True)
    finally:
        receiver.stop()


def urgent(checks, receiver, lines, what):
    """The filter on severity."""
    wanted = [line for line in rows(lines)[records.ALERTS] if json.loads(line).get("alert", {}).get("severity", 9) <= 2]
    got = receiver.lines("urgent.json")
    checks.check(wanted and got[:len(wanted)] == wanted, f"{what}: urgent.json has {len(got)} lines")


def network_receiver(checks, make, lines, what, sink, program):
    """Everything that both must do."""
    receiver = make()
    fine, said = receiver.checked()
    checks.check(fine, f"{what} has something to say of its recipe: {said}")
    receiver.start()
    try:
        transports(checks, receiver, lines, what)
        verified(checks, receiver, lines, program, what)
        if isinstance(receiver, programs.SyslogNg):
            urgent(checks, receiver, lines, what)
        else:  # syslog-ng waits, too, but for a minute
            kept_out(checks, receiver, lines, what)
        strangers(checks, receiver, lines, what)
        oddities(checks, receiver, lines, what)
        rotated(checks, receiver, lines, what)
        killed(checks, receiver, lines, what)
        if sink.exists():
            ours = [line for line in lines if b"\x7f" not in line]  # the sink refuses control characters: records have none
            driven.every_way(checks, receiver, sink, ours, rows(ours), what)
            driven.refused(checks, receiver, sink, lines, what)
            driven.killed(checks, receiver, sink, list(filter(records.is_record, rows(ours)[records.ALERTS])), program, what)
    finally:
        receiver.stop()
    print(f"{what}: {len(lines)} records, every way", flush=True)


def local(checks, make, lines, what, sink, _program):
    """A socket like /dev/log, as the sink and as logger(1) write to it."""
    receiver = make()
    lines = [line for line in lines if b"\x7f" not in line]
    fine, said = receiver.checked()
    checks.check(fine, f"{what} has something to say of its recipe: {said}")
    path = receiver.folder / "log.socket"
    receiver.start(ready=path.exists)
    try:
        for prefix in (b"", b"@cee: "):
            stream = talk.Datagrams(str(path))
            for line in lines:
                stream.send(b"<129>Nov 23 20:42:09 postwacht[4711]: " + prefix + line)
            stream.send(b"<129>Nov 23 20:42:09 logger: " + lines[0])
            stream.send(b"<129>Nov 23 20:42:09 postwacht[4711]: outbox: full")
            stream.close()
        times = 2
        if sink.exists():
            times = 3
            code, told = driven.finish(driven.start(sink, transport="local", path=path), lines)
            checks.check(code == 0 and f"sent {len(lines)} refused 0" in told, f"{what}, sink: {code} {told}")
        for name, wanted in zip(FILES, rows(lines)):
            checks.equal(receiver.wait_for(name, times * len(wanted)), wanted * times, f"{what}: {name}")
    finally:
        receiver.stop()


def agent(port, got, n):
    """Takes what rsyslog passes on: octet counted."""
    listener = socket.create_server((loopback.HOST, port))
    listener.settimeout(20)
    connection, _ = listener.accept()
    connection.settimeout(20)
    stream = connection.makefile("rb")
    while len(got) < n:
        digits = b""
        while not digits.endswith(b" "):
            digits += stream.read(1)
        got.append(stream.read(int(digits)))
    connection.close()
    listener.close()


def cef(checks, make, lines, what, sink, _program):
    """CEF goes through untouched: to a file, and on to an agent. What the sensor writes, and what a hostile text could come to."""
    port, = loopback.free_ports(1)
    receiver = make([('port="28330"', f'port="{port}"')])
    fine, said = receiver.checked()
    checks.check(fine, f"{what} has something to say of its recipe: {said}")
    got = []
    events = [b"CEF:0|postwacht|postwacht|0.8|3207005|SMTP STARTTLS \\| \\\\ stripped|10|" + rest for rest in
              (b"src=192.0.2.1 msg=a\\=b \\\\ c", b'msg="q" ] \\r\\n %msg% #012', "cs1=\u00e9\u2028 cs1Label=helo".encode(), b"msg=" + b"A" * 7000)]
    if sink.exists():
        alerts = [line for line in rows(lines)[records.ALERTS] if b'"event_type":"alert"' in line and records.is_record(line)]
        run = subprocess.run([str(sink.parent / "formatdrive"), "cef"], input=b"\n".join(records.stripped(alerts)) + b"\n", stdout=subprocess.PIPE, check=True)
        events += run.stdout.split(b"\n")[:-1]
        checks.check(len(events) == 4 + len(alerts), f"{what}: {len(events)} events of {len(alerts)} alerts")
    receiver.start(ready=lambda: loopback.listens(receiver.tcp))
    thread = threading.Thread(target=agent, args=(port, got, len(events)), daemon=True)
    thread.start()
    try:
        stream = talk.Stream(receiver.tcp)
        for event in [*events, b"something else"]:
            stream.send(talk.message(event))
        stream.close()
        checks.equal(receiver.wait_for("alerts.cef", len(events)), events, f"{what}: file")
        thread.join(25)
        checks.equal([message[message.index(b"CEF:"):] for message in got], events, f"{what}: agent")
        checks.check(all(message.startswith(b"<129>") for message in got), f"{what}: {got[:1]}")
    finally:
        receiver.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--packages", type=pathlib.Path, default=artifacts.CACHE / "syslog")
    parser.add_argument("program", type=pathlib.Path)
    options = parser.parse_args()
    checks = Checks()
    if os.geteuid() != 0:
        skip("not root")
    root = programs.unpacked(options.packages)
    if root is None:
        skip("no packages")
    sink = options.program.resolve().parent.parent / "tests" / "delivery" / "sinkdrive"
    if not sink.exists():
        checks.skipped += 1
        print(f"skipped: the real sink: no {sink}")
    lines = records.stamp(records.sample(options.program))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        pki = programs.certificates(folder / "pki", "siem.example", SENSOR, SENSOR + "0", "stranger")
        cases = [
            (network_receiver, "rsyslog", lambda: programs.Rsyslog(root, folder / "rsyslog", pki)),
            (network_receiver, "syslog-ng", lambda: programs.SyslogNg(root, folder / "syslog-ng", pki)),
            (other_driver, "rsyslog, ossl", lambda more: programs.Rsyslog(root, folder / "ossl", pki, more=more)),
            (local, "rsyslog, local", lambda: programs.Rsyslog(root, folder / "local", pki, "postwacht-local.conf")),
            (cef, "rsyslog, CEF", lambda more: programs.Rsyslog(root, folder / "cef", pki, "postwacht-cef.conf", more)),
        ]
        for case, what, make in cases:
            try:
                case(checks, make, lines, what, sink, options.program)
            except (AssertionError, OSError) as error:
                checks.check(False, f"{what}: {error}")
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
