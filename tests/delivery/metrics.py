#!/usr/bin/env python3
"""/metrics and /healthz of a sensor that runs: what they say is what happened, and who asks rudely changes nothing.

    metrics.py PROGRAM

In a network namespace of its own. The last line is `N passed, N failed`; exit 77 where a namespace cannot be had.
"""
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

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "live")]
import scraped  # noqa: E402 pylint: disable=wrong-import-position
import sensor  # noqa: E402 pylint: disable=wrong-import-position
from sensor import eventually  # noqa: E402 pylint: disable=wrong-import-position

RECORDING = HERE.parent / "replay" / "masked" / "traffic.pcap"
WHERE = ("127.0.0.1", 9325)
LIFE_S = 10  # of a connection
SLOW = 100
SEVERITIES = {"critical": 1, "high": 2, "medium": 3, "low": 4}


class Seen:
    """Both pages, and what status and stats say, at one moment or nearly so: each is sampled once a second."""

    def __init__(self, s):
        self.page, self.old = scraped.get(WHERE, "/metrics", scraped.OPENMETRICS), scraped.get(WHERE, "/metrics")
        self.status, self.stats = s.ask("status"), s.ask("stats")

    def differ(self):
        """What the page says otherwise than they."""
        port, counters = self.status["ports"][0], self.stats["counters"]
        rows = [
            ("postwacht_packets_total", {"tap": "tap0", "port": "pcap:from"}, port["rx_packets"]),
            ("postwacht_packet_bytes_total", {"port": "pcap:from"}, port["rx_octets"]),
            ("postwacht_dissected_packets_total", {}, self.status["ledger"]["dissected"]),
            ("postwacht_transmitted_packets_total", {}, 0),
            ("postwacht_sessions_total", {}, self.status["sessions"]),
            ("postwacht_session_states_total", {}, self.status["sessions"]),
            ("postwacht_alerts_total", {}, self.status["alerts"]),
            ("postwacht_dissect_total", {"counter": "packets"}, counters["packets"]),
            ("postwacht_dissect_total", {"counter": "flow_opened"}, counters["flow_opened"]),
            ("postwacht_process_up", {"process": "watch"}, 1),
            ("postwacht_process_restarts_total", {}, 0),
            *(("postwacht_sessions_total", {"verdict": verdict}, number) for verdict, number in self.stats["verdicts"].items())]
        got = [scraped.value(self.page[2], name, **labels) for name, labels, _ in rows]
        return [f"{name} {labels}: {n}, not {number}" for n, (name, labels, number) in zip(got, rows) if n != number]


def told(checks, s, player):
    """Numbers are those of status and stats; both formats say the same; the documentation says what each is."""
    played, seen = 5, []
    for _ in range(played):
        player.play()
    checks.check(eventually(lambda: s.ask("status")["sessions"] >= played, 60), "sessions are not told")
    eventually(lambda: seen.append(Seen(s)) or not seen[-1].differ())
    page, old, text = seen[-1].page, seen[-1].old, seen[-1].page[2]
    checks.check(not seen[-1].differ(), f"{seen[-1].differ()}")
    checks.check(page[0] == 200 and page[1]["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8", f"{page[:2]}")
    checks.check(old[0] == 200 and old[1]["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", f"{old[:2]}")
    checks.check(page[2].endswith("\n# EOF\n") and "# EOF" not in old[2], "# EOF")
    checks.equal(sorted(map(str, scraped.samples(page[2]))), sorted(map(str, scraped.samples(old[2]))), "series of the two formats")
    checks.equal([str(f) for f in scraped.documented()], [str(f) for f in scraped.families(page[2])], "docs/metrics.md")
    checks.check(scraped.value(text, "postwacht_sessions_total", verdict="clear") >= played, "no mail in clear")
    ago = time.time() - scraped.value(text, "postwacht_last_packet_timestamp_seconds", port="pcap:from")
    checks.check(0 <= ago < 300, f"the last packet came {ago:.1f} s ago")
    lived = time.time() - scraped.value(text, "postwacht_start_time_seconds")
    checks.check(0 < lived < 600, f"started {lived:.1f} s ago")
    numbers = {severity: scraped.value(text, "postwacht_alerts_total", severity=severity) for severity in SEVERITIES}

    def written():
        records = [r["alert"]["severity"] for r in s.records() if r["event_type"] == "alert"]
        return {severity: records.count(number) for severity, number in SEVERITIES.items()}
    eventually(lambda: written() == numbers)
    checks.check(written() == numbers, f"alerts: {numbers}, not {written()}")


def health(checks, s):
    """As status says it."""
    code, headers, body = scraped.get(WHERE, "/healthz")
    answer, wanted = json.loads(body), s.ask("status")["health"]
    checks.check(headers["Content-Type"] == "application/json", f"{headers}")
    checks.check(code == (200 if answer["fine"] else 503), f"{code}: {body}")
    checks.check(answer == {"v": 1, **wanted}, f"{answer} is not {wanted}")
    page = scraped.get(WHERE, "/metrics")[2]
    checks.check(scraped.value(page, "postwacht_healthy") == answer["fine"], "postwacht_healthy")
    checks.check(scraped.get(WHERE, "/healthz", method="HEAD")[::2] == (code, ""), "HEAD")
    for path, method, status in (("/", "GET", 404), ("/metrics", "POST", 405), ("/metrics/x", "GET", 404), ("/metrics", "OPTIONS", 405)):
        checks.check(scraped.get(WHERE, path, method=method)[0] == status, f"{method} {path}")


class Slow(threading.Thread):
    """Says one octet now and then, as long as it is listened to; and then comes again."""
    over = threading.Event()

    def __init__(self):
        super().__init__(daemon=True)
        self.lived = 0.0

    def run(self):
        while not self.over.wait(0.05):
            began = time.monotonic()
            try:
                self._talk()
            except OSError:
                pass
            self.lived = max(self.lived, time.monotonic() - began)

    def _talk(self):
        with socket.create_connection(WHERE, timeout=60) as c:
            c.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
            c.settimeout(0.5)
            while not self.over.is_set():
                c.sendall(b"x")
                try:
                    if not c.recv(100):
                        break
                except TimeoutError:
                    pass


def rude(octets):
    """Sends, and is gone."""
    try:
        with socket.create_connection(WHERE, timeout=5) as c:
            c.sendall(octets)
    except OSError:
        pass


def robust(checks, s, player):
    """Slow, many, huge and senseless requests: records are written on, and who asks properly is answered."""
    children = s.children()
    before = s.ask("status")["sessions"]
    answers = []
    one = Slow()
    one.start()
    eventually(lambda: one.lived > 0, 6 * LIFE_S)
    checks.check(LIFE_S - 2 < one.lived <= 2 * LIFE_S, f"a slow client lived for {one.lived:.1f} s")
    slow = [Slow() for _ in range(SLOW)]
    for client in slow:
        client.start()
    for i in range(20):
        player.play()
        rude(os.urandom(4096))
        rude(b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 100000)
        rude(b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\n\r\n")
        rude(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n" + b"z" * i)
        try:
            answers.append(scraped.get(WHERE, "/healthz", timeout=10)[0] in (200, 503))
        except OSError:
            answers.append(False)
    # A hundred who come again at once may push out whoever comes between two of them. Were they not pushed out, there were no answers.
    checks.check(answers.count(True) >= 10, f"{answers.count(True)} of {len(answers)} answers among {SLOW} slow clients")
    Slow.over.set()
    for client in [one, *slow]:
        client.join(10)
    checks.check(scraped.get(WHERE, "/metrics")[0] == 200, "no answer afterwards")
    checks.check(eventually(lambda: s.ask("status")["sessions"] >= before + 20), "sessions were not told meanwhile")
    status = s.ask("status")
    checks.check(status["ledger"]["lanes_full"] == 0 and status["alerts_lost"] == 0, f"lost: {status['ledger']}")
    checks.check(eventually(lambda: len([r for r in s.records() if r["event_type"] == "smtp"]) >= status["sessions"]), "records are missing")
    checks.check(s.children() == children, f"{children} are now {s.children()}")


def killed(checks, s):
    """The next courier listens at the same place."""
    pid = s.children()["courier"]
    os.kill(pid, signal.SIGKILL)
    checks.check(eventually(lambda: scraped.value(scraped.get(WHERE, "/metrics", timeout=60)[2], "postwacht_process_restarts_total",
                                                  process="courier") == 1, 60), "no answer after the courier was killed")


def listening(where):
    """The courier has its place. `wait_ready` does not wait for it: a sensor that watches does so before anything is delivered."""
    return eventually(lambda: scraped.get(where, "/healthz")[0] in (200, 503), 60)


def start(program, directory, listen, *more):
    """A sensor that is told where to listen."""
    directory.mkdir(exist_ok=True)
    settings = [f"metrics.listen={listen}", f"sensor.state_dir={directory / 'state'}", "outbox.alerts_mib=64", "outbox.sessions_mib=64", *more]
    return sensor.Sensor(program, directory, "pcap:from", settings=settings)


def over_unix(checks, program, directory):
    """Mode 0660; what a sensor left that was killed is in nobody's way, what another one uses is."""
    path = directory / "run" / "metrics.sock"
    with start(program, directory, f"unix:{path}") as s:
        checks.check(listening(path), "no listener")
        checks.check(os.stat(path).st_mode & 0o7777 == 0o660, "mode")
        checks.check(scraped.get(path, "/metrics")[0] == 200, "over a unix socket")
        with start(program, directory / "other", f"unix:{path}") as other:
            code = other.wait_end(60)
            checks.check(code != 0 and any("metrics" in line and str(path) in line for line in other.log), f"{code}: {other.log[-5:]}")
        checks.check(scraped.get(path, "/healthz")[0] in (200, 503), "the first has its place")
        s.process.kill()
        s.process.wait()
    checks.check(path.exists(), "a socket that was left")
    with start(program, directory, f"unix:{path}") as s:
        checks.check(listening(path), "no listener where another was left")
        checks.check(scraped.get(path, "/metrics")[0] == 200, "after a sensor that was killed")
        code, _ = s.stop()
        checks.check(code == 0, f"exit code {code}: {s.log[-5:]}")


def refused(checks, program, directory):
    """Where others could reach it, or where somebody else is."""
    for listen in ("0.0.0.0:9325", "localhost:9325", "[::]:9325", "9325"):
        config = directory.with_suffix(".yaml")
        config.write_text(f"metrics:\n  listen: \"{listen}\"\n", encoding="ascii")
        done = subprocess.run([program, "check", "--config", config], capture_output=True, text=True, check=False)
        checks.check(done.returncode == 3 and f"{config}:2:11: metrics.listen" in done.stderr, f"{listen}: {done.returncode} {done.stderr}")
    with socket.create_server(WHERE):
        with start(program, directory, "127.0.0.1:9325") as s:
            code = s.wait_end(60)
            checks.check(code != 0 and any("127.0.0.1:9325" in line and "in use" in line for line in s.log), f"{code}: {s.log[-5:]}")


def main():
    program = sys.argv[1]
    sensor.own_namespace("tcpreplay")
    sensor.veth("from", "to")
    checks = sensor.Checks()
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        player = sensor.Player(RECORDING, directory)
        with start(program, directory / "tcp", "127.0.0.1:9325") as s:
            s.wait_ready()
            checks.check(listening(WHERE), "no listener")
            told(checks, s, player)
            health(checks, s)
            robust(checks, s, player)
            killed(checks, s)
            code, took = s.stop()
            checks.check(code == 0 and took < 10, f"exit code {code} after {took:.1f} s: {s.log[-5:]}")
        over_unix(checks, program, directory / "unix")
        refused(checks, program, directory / "refused")
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
