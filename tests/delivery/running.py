#!/usr/bin/env python3
"""A running sensor, and the real rsyslog and syslog-ng as its receivers: the recipes, `outputs` and everything between.

    running.py [--packages DIR] PROGRAM

In a network namespace of its own: recordings are played to a sensor that tells a file, rsyslog and syslog-ng (TLS, client
certificates). rsyslog is killed while it receives, and comes back. Then each receiver's file is proved by `postwacht verify`, and has
the same alerts as the sensor's own. The last line is `N passed, N failed`.
"""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "live")]
import artifacts  # noqa: E402 pylint: disable=wrong-import-position
import programs  # noqa: E402 pylint: disable=wrong-import-position
import records  # noqa: E402 pylint: disable=wrong-import-position
import sensor  # noqa: E402 pylint: disable=wrong-import-position

STORIES = ("masked", "submission-auth-plain-clear", "smuggling-success", "command-injection")
ROUNDS = 12
CONFIG = """sensor: {{name: sensor-1, state_dir: {folder}/state, heartbeat_s: 1}}
taps: [{{name: tap0, ports: ["pcap:from"]}}]
outputs:
  - {{type: file, name: file, path: {folder}/eve.json, events: [smtp, tls, alert, anomaly, stats]}}
  - {{type: syslog, name: rsyslog, transport: tls, host: 127.0.0.1, port: {rsyslog}, server_name: siem.example, ca: {pki}/ca.pem,
     cert: {pki}/sensor-1.pem, key: {pki}/sensor-1.key, events: [smtp, tls, alert, anomaly, stats]}}
  - {{type: syslog, name: syslog-ng, transport: tls, host: 127.0.0.1, port: {syslog_ng}, server_name: siem.example, ca: {pki}/ca.pem,
     cert: {pki}/sensor-1.pem, key: {pki}/sensor-1.key, cookie: on, structured: on}}
"""


def alerts(lines):
    """Which alerts they are, once each, in order of their names."""
    return sorted({json.loads(line)["smtp_tls"]["id"] for line in lines if b'"event_type":"alert"' in line})


def settled(running):
    """Whether no output has anything waiting: but for heartbeats."""
    return all(output["waiting"]["alerts"] < 3 and output["waiting"]["sessions"] == 0 for output in running.ask("status")["outputs"])


def play(checks, program, folder, rsyslog, syslog_ng, pki):
    """The sensor's life."""
    (folder / "state").mkdir()
    (folder / "postwacht.yaml").write_text(CONFIG.format(folder=folder, pki=pki, rsyslog=rsyslog.tls, syslog_ng=syslog_ng.tls), encoding="ascii")
    players = [sensor.Player(programs.ROOT / "tests" / "replay" / name / "traffic.pcap", folder) for name in STORIES]
    for i, player in enumerate(players):
        player.plays = i * 1000
    with sensor.Sensor(program, folder, config=folder / "postwacht.yaml") as running:
        running.wait_ready()
        for turn in range(ROUNDS):
            for player in players:
                player.play()
            if turn == ROUNDS // 3:
                rsyslog.stop(signal.SIGKILL)
            if turn == ROUNDS // 2:
                rsyslog.start()
        checks.check(sensor.eventually(lambda: settled(running), 60), f"outputs do not come to an end: {running.ask('status')['outputs']}")
        code, _ = running.stop()
        checks.check(code == 0, f"exit code {code}: {running.log[-3:]}")
    own = (folder / "eve.json").read_bytes().splitlines()
    checks.check(len(alerts(own)) > ROUNDS, f"{len(alerts(own))} alerts")
    files = [folder / "eve.json", rsyslog.folder / "log" / "sensor-1" / "sessions.json"]
    for receiver, name in ((rsyslog, "rsyslog"), (syslog_ng, "syslog-ng")):
        files.append(receiver.folder / "log" / "sensor-1" / "alerts.json")
        got = receiver.wait_for("sensor-1/alerts.json", 1)
        checks.check(alerts(got) == alerts(own), f"{name}: {len(alerts(got))} alerts, the sensor's file has {len(alerts(own))}")
        checks.check(not receiver.lines("other.log"), f"{name}: other.log {receiver.lines('other.log')[:1]}")
        print(f"{name}: {len(alerts(got))} alerts in {len(got)} records", flush=True)
    sessions = [line for line in own if b'"event_type":"smtp"' in line]
    got = [line for line in rsyslog.lines("sensor-1/sessions.json") if b'"event_type":"smtp"' in line]
    checks.check({json.loads(line)["smtp_tls"]["session"] for line in got} == {json.loads(line)["smtp_tls"]["session"] for line in sessions},
                 f"rsyslog: {len(got)} sessions of {len(sessions)}")
    for path in files:
        code, said = records.verify(program, "--whole", path)
        checks.check(code == 0, f"verify {path}: {code} {said}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--packages", type=pathlib.Path, default=artifacts.CACHE / "syslog")
    parser.add_argument("program", type=pathlib.Path)
    options = parser.parse_args()
    root = programs.unpacked(options.packages) if os.geteuid() == 0 else None
    if root is None:
        sensor.skip("not root, or no packages")
    sensor.own_namespace("tcpreplay", "ethtool")
    sensor.veth("from", "to")
    checks = sensor.Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        pki = programs.certificates(folder / "pki", "siem.example", "sensor-1")
        rsyslog, syslog_ng = programs.Rsyslog(root, folder / "rsyslog", pki), programs.SyslogNg(root, folder / "syslog-ng", pki)
        try:
            rsyslog.start()
            syslog_ng.start()
            play(checks, options.program.resolve(), folder, rsyslog, syslog_ng, pki)
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            checks.check(False, str(error))
        finally:
            rsyslog.stop()
            syslog_ng.stop()
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
