#!/usr/bin/env python3
"""status, stats, top and reload against a sensor that runs: what they say is what happened.

    asked.py PROGRAM

In a network namespace of its own. The last line is `N passed, N failed`; exit 77 where a namespace cannot be had.
"""
import json
import os
import pathlib
import pty
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]
import sensor  # noqa: E402 pylint: disable=wrong-import-position

RECORDING = HERE.parent / "replay" / "dane-ee-sha256" / "outside.pcap"


class Asker:
    """The program beside the sensor."""

    def __init__(self, program, path, checks):
        self.program, self.path, self.checks = program, path, checks

    def run(self, *arguments, path=None):
        """(exit code, standard output, standard error)."""
        done = subprocess.run([self.program, *arguments, "--socket", str(path or self.path)], capture_output=True, text=True, timeout=30,
                              check=False)
        return done.returncode, done.stdout, done.stderr

    def expect(self, arguments, code, *words, path=None):
        """The exit code, and words of what was printed."""
        got, out, err = self.run(*arguments, path=path)
        self.checks.check(got == code, f"{arguments}: exit code {got}, not {code}: {err}")
        for word in words:
            self.checks.check(word in out + err, f"{arguments}: {word!r} is not in\n{out}{err}")
        return out


def say(path, octets):
    """One line over the socket; what came."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(5)
        s.connect(str(path))
        s.sendall(octets)
        got = b""
        while part := s.recv(65536):
            got += part
    return got


def shown(asker):
    """What was played is what is shown."""
    played = 20
    subprocess.run(["tcpreplay", "-q", "--topspeed", f"--loop={played}", "--unique-ip", "-i", "to", str(RECORDING)], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True)
    sensor.eventually(lambda: json.loads(asker.run("status", "--json")[1])["sessions"] >= played)
    status = json.loads(asker.run("status", "--json")[1])
    stats = json.loads(asker.run("stats", "--json")[1])
    checks = asker.checks
    checks.check(status["sessions"] >= played, f"sessions {status['sessions']}")
    checks.check(status["ports"][0]["tx_packets"] == 0, f"tx_packets {status['ports'][0]}")
    ledger = status["ledger"]
    checks.check(ledger["rx"] == ledger["dissected"] + ledger["lanes_full"] + ledger["in_flight"], f"ledger {ledger}")
    checks.check(stats["counters"]["packets"] == stats["ledger"]["dissected"] > 0, f"{stats['counters']} {stats['ledger']}")
    checks.check(sum(stats["verdicts"].values()) == stats["sessions"], f"verdicts {stats['verdicts']} of {stats['sessions']}")
    checks.check(sum(stats["states"].values()) == stats["sessions"], f"states {stats['states']} of {stats['sessions']}")
    checks.check([c["name"] for c in status["children"]] == ["watch", "judge", "keeper", "courier"], f"children {status['children']}")
    checks.check(all(c["rights"] for c in status["children"]), f"rights {status['children']}")
    asker.expect(["status"], 0, "on sensor-1", "Ports", "pcap:from", "nothing sent", "Processes", "watch", "Packets", "received =", "dissected")
    asker.expect(["stats"], 0, "packets taken from the source", "sessions told", "Verdicts")
    asker.expect(["top", "--once"], 0, "PORT", "pcap:from", "WORKER", "VERDICT")
    rates = json.loads(asker.run("top", "--json")[1])
    checks.check(0.9 < rates["seconds"] < 5 and rates["packets_per_s"] == 0, f"rates {rates}")


def on_terminal(asker, leave):
    """top on a terminal: refreshed each second, left by `leave`, and the terminal as it was."""
    child, master = pty.fork()
    if child == 0:
        os.execv(asker.program, [asker.program, "top", "--socket", str(asker.path)])
    before = termios.tcgetattr(master)
    text, end, left = b"", time.monotonic() + 20, False
    while time.monotonic() < end:
        if not left and text.count(b"\x1b[H") >= 3:
            left = True
            leave(child, master)
        if select.select([master], [], [], 0.2)[0]:
            try:
                part = os.read(master, 65536)
            except OSError: # the end of a terminal
                break
            text += part
    gone, code = os.waitpid(child, os.WNOHANG)
    if not gone:
        time.sleep(0.5)
        gone, code = os.waitpid(child, os.WNOHANG)
    if not gone:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    name = leave.__name__
    asker.checks.check(left, f"top, {name}: refreshed {text.count(b'[H')} times: {text[-300:]}")
    asker.checks.check(bool(gone) and code == 0, f"top, {name}: ended {gone} with {code}")
    asker.checks.check(b"VERDICT" in text and text.endswith(b"\x1b[?25h\x1b[?1049l"), f"top, {name}: {text[-100:]}")
    asker.checks.check(bool(before[3] & termios.ECHO), "the terminal did not echo before")
    os.close(master)


def key_q(_, master):
    """q."""
    os.write(master, b"q")


def ctrl_c(_, master):
    """Ctrl-C, as a key."""
    os.write(master, b"\x03")


def ctrl_d(_, master):
    """The end of input."""
    os.write(master, b"\x04")


def terminated(child, _):
    """By signal."""
    os.kill(child, signal.SIGTERM)


def reloaded(asker, config):
    """A setting that may change, one that needs a new start, an error."""
    asker.expect(["reload"], 0, "nothing changed")
    text = config.read_text(encoding="ascii")
    config.write_text(text + "records: {tls: off}\nmemory: {flows_max: 2048}\n", encoding="ascii")
    asker.expect(["reload"], 0, "changed: records.tls", "only after a new start: memory.flows_max")
    status = json.loads(asker.run("status", "--json")[1])
    asker.checks.check(status["config"]["generation"] == 2 and status["config"]["file"] == str(config), f"config {status['config']}")
    config.write_text(text + "records: {tlss: off}\n", encoding="ascii")
    asker.expect(["reload"], 3, f"{config}:", "records.tls", "nothing has changed")
    answer = asker.run("reload", "--json")
    asker.checks.check(answer[0] == 3 and not json.loads(answer[1])["valid"], f"reload --json {answer}")
    config.write_text(text, encoding="ascii")
    asker.expect(["reload"], 0, "changed: records.tls")


def at_the_socket(asker, s):
    """What is no question is refused, and who says nothing is not waited for."""
    checks = asker.checks
    checks.check(b'"ok":false' in say(asker.path, b"GET / HTTP/1.0\r\n\r\n"), "HTTP")
    checks.check(b'"ok":false' in say(asker.path, b"x" * 5000 + b"\n"), "a long line")
    silent = [socket.socket(socket.AF_UNIX) for _ in range(16)]
    for sock in silent:
        sock.connect(str(asker.path))
    began = time.monotonic()
    asker.expect(["status"], 0, "Ports")
    checks.check(time.monotonic() - began < 4, f"sixteen silent clients cost {time.monotonic() - began:.1f} s")
    for sock in silent:
        sock.close()
    mode = os.stat(asker.path).st_mode & 0o7777
    checks.check(mode == 0o660, f"mode {mode:o}")
    checks.check(b'"ok":true' in say(asker.path, b'{"v":1,"command":"stop"}\n'), "stop")
    code = s.wait_end(20)
    checks.check(code == 0, f"stop: exit code {code}: {s.log[-5:]}")
    checks.check(any("stop asked for by user" in line for line in s.log), "who asked for stop is not in the log")
    checks.check(not asker.path.exists(), "the socket stays")


def main():
    sensor.own_namespace("tcpreplay")
    sensor.veth("from", "to")
    checks = sensor.Checks()
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        config = directory / "postwacht.yaml"
        config.write_text("# a sensor\n", encoding="ascii")
        asker = Asker(sys.argv[1], directory / "control.sock", checks)
        asker.expect(["status"], 1, "no sensor answers on", "is `postwacht run` there?")
        with sensor.Sensor(sys.argv[1], directory, "--config", str(config), "pcap:from") as s:
            s.wait_ready()
            shown(asker)
            for leave in (key_q, ctrl_c, ctrl_d, terminated):
                on_terminal(asker, leave)
            reloaded(asker, config)
            at_the_socket(asker, s)
        asker.expect(["reload"], 1, "no sensor answers on")
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
