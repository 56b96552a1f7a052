"""A page of metrics, asked for and read, for the tests beside this file."""
import http.client
import pathlib
import re
import socket
import typing

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
SAMPLE = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Unix(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def get(where, path, accept=None, method="GET", timeout=15):
    """(status, headers, body). `where`: (host, port), or the path of a unix socket."""
    c = http.client.HTTPConnection(*where, timeout=timeout) if isinstance(where, tuple) else Unix(where, timeout)
    try:
        c.request(method, path, headers={"Accept": accept} if accept else {})
        answer = c.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode("ascii")
    finally:
        c.close()


class Family(typing.NamedTuple):
    """As OpenMetrics has it, but for its name, which is that of the samples."""
    name: str
    kind: str
    unit: str
    help: str
    labels: tuple


def samples(page):
    """{(name, ((label, value), ...)): number}"""
    found = {}
    for line in page.splitlines():
        if line.startswith("#"):
            continue
        name, labels, number = SAMPLE.match(line).groups()
        found[name, tuple(LABEL.findall(labels or ""))] = float(number)
    return found


def value(page, name, **labels):
    """The sum of what has these labels."""
    return sum(n for (other, has), n in samples(page).items() if other == name and labels.items() <= dict(has).items())


def families(page):
    """Of an OpenMetrics page, in its order."""
    found, current = [], {}
    for line in page.splitlines():
        what = re.match(r"# (HELP|TYPE|UNIT) (\w+) (.*)$", line)
        if what and what[1] == "HELP":
            current = {"name": what[2], "HELP": what[3], "UNIT": "", "labels": ()}
            found.append(current)
        elif what:
            current[what[1]] = what[3]
        elif not line.startswith("#"):
            labels = tuple(k for k, _ in LABEL.findall(SAMPLE.match(line)[2] or "") if k != "le")
            current["labels"] = labels
    ends = {"counter": "_total", "info": "_info"}
    return [Family(f["name"] + ends.get(f["TYPE"], ""), f["TYPE"], f["UNIT"], f["HELP"], f["labels"]) for f in found]


def documented():
    """The families in docs/metrics.md."""
    row = re.compile(r"^\| `(postwacht_\w+)` \| (\w+) \| (\w*) \| ([\w, ]*) \| (.*) \|$")
    lines = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8").splitlines()
    return [Family(m[1], m[2], m[3], m[5], tuple(filter(None, m[4].split(", ")))) for m in map(row.match, lines) if m]


def names(page):
    """Every name that a query may use."""
    return {name for name, _ in samples(page)}
