#!/usr/bin/env python3
"""Any child may die at any time: it is back within a second, and the time in which nobody did its work is told (P11).

    kill.py PROGRAM

Also: SIGTERM ends within five seconds, with and without traffic; SIGHUP takes another configuration while nothing flows, and
opens a rotated file again; a configuration with errors changes nothing else. The last line is `N passed, N failed`.
"""
import os
import pathlib
import signal
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]
import sensor  # noqa: E402 pylint: disable=wrong-import-position

RECORDING = sensor.HERE.parent / "replay" / "masked" / "traffic.pcap"
BACK_S = 1.0


def sessions(records):
    """Records of sessions."""
    return [r for r in records if r["event_type"] == "smtp"]


def told_restart(records, name):
    """The alert that says that a child was started again."""
    return [r for r in records if r["event_type"] == "alert" and r["alert"]["metadata"]["finding"] == ["sensor.child-restarted"]
            and name in str(r["smtp_tls"])]


def restarted(checks, s, player, name):
    """Kills one child and looks how it comes back."""
    pid = s.children()[name]
    since = len(s.log)
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    s.wait_log(f"{name} works again", since=since)
    took = time.monotonic() - began
    # Sanitizers make starting slow; the promise is about the program that is installed.
    most = BACK_S if not slow(s.program) else 10
    checks.check(took < most, f"{name} was away for {took:.2f} s")
    checks.check(s.children()[name] != pid, f"{name} has the same process id")
    records = s.wait_records(lambda r: told_restart(r, name))
    window = told_restart(records, name)[-1]["smtp_tls"].get("window")
    checks.check(bool(window) and window["from"] <= window["to"], f"{name}: blind interval {window}")
    before = len(sessions(records))
    player.play()
    s.wait_records(lambda r: len(sessions(r)) > before or player.play())
    checks.check(True, f"{name}: sessions are told again")


def slow(program):
    """Built with a sanitizer?"""
    return b"__asan_init" in pathlib.Path(program).read_bytes()


def reload(checks, s, player, config):
    """Nothing flows, and yet the new configuration works at once."""
    config.write_text("sensor: {name: renamed}\nfindings: {disable: [starttls.masked-keyword]}\n", encoding="utf-8")
    since = len(s.log)
    s.process.send_signal(signal.SIGHUP)
    s.wait_log("reload: changed: sensor.name, findings.disable", since=since)
    time.sleep(0.3)
    player.play()
    records = s.wait_records(lambda r: any(x["host"] == "renamed" and x["event_type"] == "smtp" for x in r) or player.play())
    masked = [r for r in records if r["host"] == "renamed" and r["event_type"] == "alert" and "starttls.masked" in str(r["alert"])]
    checks.check(not masked, "a finding that was switched off is told")
    config.write_text("sensor: {nam: x}\n", encoding="utf-8")
    since = len(s.log)
    s.process.send_signal(signal.SIGHUP)
    s.wait_log("the old one stays", since=since)
    config.write_text("sensor: {name: renamed}\ncapture: {workers: 2}\nfindings: {disable: [starttls.masked-keyword]}\n", encoding="utf-8")
    since = len(s.log)
    s.process.send_signal(signal.SIGHUP)
    line = s.wait_log("reload: ", since=since)
    checks.check("need a new start: capture.workers" in line, line)


def rotated(checks, s, player, config):
    """A log rotation moves the file; SIGHUP opens the name again, and no line is lost or cut, whatever the configuration is worth."""
    for text in ("sensor: {name: rotated}\n", "sensor: {nam: x}\n"):
        config.write_text(text, encoding="utf-8")
        moved = s.records_path.with_suffix(".1")
        s.records_path.rename(moved)
        s.process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        player.play()
        s.wait_records(lambda r: bool(sessions(r)) or player.play())
        checks.check(moved.read_text(encoding="utf-8").endswith("\n"), "the rotated file ends inside a line")


def main():
    """One sensor, its children killed one after the other."""
    program = str(pathlib.Path(sys.argv[1]).resolve())
    sensor.own_namespace("tcpreplay")
    sensor.veth("to", "from")
    checks = sensor.Checks()
    with tempfile.TemporaryDirectory() as directory:
        player = sensor.Player(RECORDING, directory)
        config = pathlib.Path(directory) / "postwacht.yaml"
        config.write_text("sensor: {name: first}\n", encoding="utf-8")
        with sensor.Sensor(program, directory, "--config", str(config), "pcap:from", settings=[f"sensor.state_dir={directory}/state"]) as s:
            s.wait_ready()
            player.play()
            s.wait_records(lambda r: bool(sessions(r)) or player.play())
            for name in ("watch", "judge", "keeper", "courier"):
                restarted(checks, s, player, name)
            reload(checks, s, player, config)
            rotated(checks, s, player, config)
            code, took = s.stop()
            checks.check(code == 0 and took < 5, f"SIGTERM: exit code {code} after {took:.1f} s: {s.log[-3:]}")
            checks.check(not s.socket.exists(), "the control socket is still there")
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
