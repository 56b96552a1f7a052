"""A running sensor, for the tests beside this file: started, asked, stopped; its records and what it logs.

Everything lies in a directory of the test's own. The sensor stays root where the test is: the tests of rights have their own.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE.parent / "tools")]
import pcapkit  # noqa: E402 pylint: disable=wrong-import-position
from checks import SKIP, Checks, eventually, skip  # noqa: E402,F401 pylint: disable=wrong-import-position,unused-import

# What a record has of where it came from and not of what it says (P12 excludes these), and what only a live sensor tells.
PLACE = ("host", "in_iface", "pcap_cnt", "pcap_filename")
PLACE_SMTP_TLS = ("seq", "epoch", "chain", "pcap")


def own_namespace(*tools):
    """Starts this program again in a network namespace of its own, unless that is where it is."""
    missing = [t for t in ("ip", "sysctl", "unshare", *tools) if subprocess.run(["which", t], capture_output=True, check=False).returncode]
    if missing:
        skip(f"not installed: {' '.join(missing)}")
    if os.environ.get("LIVE_NAMESPACE"):
        subprocess.run("ip link set lo up", shell=True, check=True)
        return
    if os.geteuid() != 0 or subprocess.run(["unshare", "-n", "true"], check=False).returncode:
        skip("no rights to make a network namespace")
    done = subprocess.run(["unshare", "-n", sys.executable, *sys.argv], env={**os.environ, "LIVE_NAMESPACE": "1"}, check=False)
    sys.exit(done.returncode)


def veth(near, far):
    """A pair that carries what is sent on it and nothing of the kernel's own: no ARP, no IPv6 of itself."""
    subprocess.run(f"ip link add {near} type veth peer name {far}", shell=True, check=True)
    for name in (near, far):
        subprocess.run(f"sysctl -qw net.ipv6.conf.{name}.disable_ipv6=1; ip link set {name} arp off multicast off up; "
                       f"ethtool -K {name} gro off gso off tso off tx off rx off >/dev/null 2>&1 || true", shell=True, check=True)


def stripped(record):
    """A record without what P12 leaves out."""
    record = {k: v for k, v in record.items() if k not in PLACE}
    if isinstance(record.get("smtp_tls"), dict):
        record["smtp_tls"] = {k: v for k, v in record["smtp_tls"].items() if k not in PLACE_SMTP_TLS}
    return record


def comparable(records):
    """Records as a sorted list of texts, without `stats` and what the sensor tells of itself."""
    return sorted(json.dumps(stripped(r), sort_keys=True) for r in records if r["event_type"] != "stats" and not of_sensor(r))


def of_sensor(record):
    """Is it an alert about the sensor itself, that no session has?"""
    return record["event_type"] == "alert" and "src_ip" not in record


def read_records(path):
    """The records of a file, as far as it is there."""
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


class Player:
    """Plays a recording onto an interface, each time between other addresses: a new connection, not an old one again."""

    def __init__(self, recording, directory, interface="to"):
        self.packets = [(p, pcapkit.parse(p.octets)) for p in pcapkit.read(recording)]
        self.path = pathlib.Path(directory) / "played.pcap"
        self.interface = interface
        self.plays = 0

    def play(self, *options):
        """Once; None, so that it can stand behind an `or`."""
        self.plays += 1
        ends = sorted({s.src for _, s in self.packets if s} | {s.dst for _, s in self.packets if s})
        new = {end: bytes((10, self.plays >> 8 & 255, self.plays & 255, i + 1)) for i, end in enumerate(ends)}
        pcapkit.write(self.path, [p._replace(octets=pcapkit.build(pcapkit.replace(s, src=new[s.src], dst=new[s.dst])))
                                  for p, s in self.packets if s])
        subprocess.run(["tcpreplay", "-q", *(options or ["--topspeed"]), "-i", self.interface, str(self.path)], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True)


class Sensor:
    """`postwacht run`, in the foreground of a thread that reads its log. It writes records.json, or has the outputs of a configuration."""

    def __init__(self, program, directory, *arguments, settings=(), environment=None, prefix=(), config=None):
        self.directory = pathlib.Path(directory)
        self.records_path = self.directory / "records.json"
        self.socket = self.directory / "control.sock"
        self.log = []
        options = [f"sensor.control={self.socket}", "sensor.user=none", "policy.resolve=off", *settings]
        command = [*prefix, str(program), "run", *(["--config", str(config)] if config else ["--out", str(self.records_path)])]
        for option in options:
            command += ["--set", option]
        self.program = str(program)
        self.process = subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, errors="replace",
                                        env={**os.environ, **(environment or {})})
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()

    def _read_log(self):
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))

    def wait_log(self, text, seconds=30, since=0):
        """Until a line of the log has `text`; that line."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in self.log[since:]:
                if text in line:
                    return line
            if self.process.poll() is not None:
                self.reader.join(2)
                if not any(text in line for line in self.log[since:]):
                    break
            time.sleep(0.02)
        raise AssertionError(f"no {text!r} in the log:\n" + "\n".join(self.log[-30:]))

    def wait_ready(self, seconds=60):
        """Until it watches."""
        self.wait_log("supervisor: watching", seconds)

    def records(self):
        """What it has told so far."""
        return read_records(self.records_path)

    def wait_records(self, wanted, seconds=20):
        """Until `wanted` of its records says so; the records."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            records = self.records()
            if wanted(records):
                return records
            time.sleep(0.05)
        raise AssertionError(f"not among {len(self.records())} records; log:\n" + "\n".join(self.log[-20:]))

    def ask(self, command):
        """status or stats."""
        done = subprocess.run([self.program, command, "--json", "--socket", str(self.socket)], capture_output=True, text=True, timeout=30,
                              check=False)
        if done.returncode:
            raise AssertionError(f"{command}: {done.stderr}")
        return json.loads(done.stdout)

    def children(self):
        """Process ids by name, of the children that run."""
        return {c["name"]: c["pid"] for c in self.ask("status")["children"] if c["pid"]}

    def wait_end(self, seconds=120):
        """Until it ends by itself: a device that plays a file has an end."""
        self.process.wait(seconds)
        self.reader.join(5)
        return self.process.returncode

    def stop(self, seconds=60):
        """SIGTERM; the exit code and how long it took."""
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(seconds)
        self.reader.join(5)
        return self.process.returncode, time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
