"""The real syslog sink against the real receivers, driven by sinkdrive (tests/delivery/sinkdrive.c)."""
import json
import signal
import subprocess
import time

import loopback
import records

SENSOR = "sensor-1"


def settings(receiver, way):
    """What stands in postwacht.yaml for it."""
    out = {"host": loopback.HOST}
    if way == "tls":
        out |= {"transport": "tls", "port": receiver.tls, "ca": receiver.pki / "ca.pem", "cert": receiver.pki / f"{SENSOR}.pem",
                "key": receiver.pki / f"{SENSOR}.key", "server_name": "siem.example"}
    elif way == "udp":
        out |= {"transport": "udp", "port": receiver.udp, "batch": 1, "wait_ms": 5}
    else:
        out |= {"transport": "tcp", "port": receiver.tcp}
    return out


def start(sink, **given):
    """The driver, that waits for lines."""
    command = [str(sink), "syslog", *(f"{key}={value}" for key, value in given.items())]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(driver, lines):
    """Everything that is left to say, and what became of it."""
    _, told = driver.communicate(b"".join(line + b"\n" for line in lines), timeout=120)
    return driver.returncode, told.decode(errors="replace")[-600:]


def every_way(checks, receiver, sink, lines, rows, what):
    """Each transport, with and without what may be set; each as a sensor of its own name. UDP may lose some: then the numbers tell."""
    ways = {"tls": {}, "tcp": {}, "udp": {}, "cookie": {"cookie": 1}, "structured": {"structured": 1}}
    for way, more in ways.items():
        name = "sink-" + way
        code, told = finish(start(sink, host_name=name, **settings(receiver, way), **more), lines)
        checks.check(code == 0 and f"sent {len(lines)} refused 0" in told, f"{what}, sink, {way}: {code} {told}")
        for file, wanted in zip(("alerts.json", "sessions.json"), rows):
            got = receiver.wait_for(f"{name}/{file}", len(wanted), 5 if way == "udp" else 15)
            if way == "udp":
                print(f"{what}, sink, udp: {len(got)} of {len(wanted)} arrived", flush=True)
                wanted = [line for line in wanted if line in got] if len(got) > len(wanted) // 4 else wanted
            checks.equal(got, wanted, f"{what}, sink, {way}: {file}")


def refused(checks, receiver, sink, lines, what):
    """A sink whose certificate the receiver does not take says so, and counts nothing as sent."""
    for name in (SENSOR + "0", "stranger"):
        given = settings(receiver, "tls") | {"cert": receiver.pki / f"{name}.pem", "key": receiver.pki / f"{name}.key"}
        code, told = finish(start(sink, host_name="sink-refused", tries=2, **given), lines[:3])
        checks.check(code == 1 and "trouble" in told and "sent 0" in told, f"{what}, sink with the certificate of {name}: {code} {told}")
    checks.check(not (receiver.folder / "log" / "sink-refused").exists(), f"{what}: a stranger's record is kept")


def killed(checks, receiver, sink, alerts, program, what):
    """kill -9 of the receiver while the sink sends: nothing is missing, what came twice is the same line with the same number."""
    many = records.stamp(records.stripped(alerts) * 20)
    for way in ("tls", "tcp"):
        name = f"sink-killed-{way}"
        driver = start(sink, host_name=name, tries=300, pause_ms=50, batch=16, wait_ms=15, **settings(receiver, way))
        driver.stdin.write(b"".join(line + b"\n" for line in many[:200]))
        driver.stdin.flush()
        for part in (many[200:900], many[900:]):
            receiver.wait_for(f"{name}/alerts.json", 150)
            receiver.stop(signal.SIGKILL)
            receiver.start()
            if part is many[900:]:
                break
            driver.stdin.write(b"".join(line + b"\n" for line in part))
            driver.stdin.flush()
            time.sleep(0.3)
        code, told = finish(driver, many[900:])
        checks.check(code == 0 and "refused 0" in told, f"{what}, sink, killed, {way}: {code} {told}")
        got = receiver.wait_for(f"{name}/alerts.json", len(many))
        seen = {}
        for line in got:
            try:
                seen.setdefault(json.loads(line)["smtp_tls"]["seq"], set()).add(line)
            except ValueError:
                checks.check(False, f"{what}, sink, killed, {way}: half a line: {line[-120:]}")
        checks.check(all(seen.get(i + 1) == {line} for i, line in enumerate(many)), f"{what}, sink, killed, {way}: "
                     f"{len(set(range(1, len(many) + 1)) - set(seen))} of {len(many)} are missing, or changed")
        code, said = records.verify(program, "--whole", receiver.folder / "log" / name / "alerts.json")
        checks.check(code == 0, f"{what}, sink, killed, {way}: verify: {code} {said}")
        print(f"{what}, sink, {way}: killed twice: {len(many)} records, none missing, {len(got) - len(seen)} came twice", flush=True)
