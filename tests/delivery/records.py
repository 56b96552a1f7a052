"""Records to deliver: real ones that `postwacht read` makes of tests/replay, stamped as a sink stamps them, and hostile ones.

The stamp is written here a second time, from the words of alerts/sink/stamp.h alone.
"""
import base64
import hashlib
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STORIES = ROOT / "tests" / "replay"
RECORD_MAX = 7 * 1024  # alerts/record.h
ALERTS, SESSIONS = range(2)  # alert and stats; smtp, tls and anomaly
LANES = ("alerts", "sessions")
EPOCH = 1790000000

# Text that a client may say, as the records escape it (\u for controls), and as anybody else might write it into JSON.
HOSTILE = ['"', "\\", '\\"', "\\u0022", "\u2028\u2029", "\u0000", "\u0007\u001b[31m", "\r\n<13>1 - forged - - - - x", "%msg% %d %n", "#012#000",
           "${MESSAGE} $(env HOME)", "@cee: {", "CEF:0|a|b|", "a=b|c^d", "\u00e9\u65e5\u672c\U0001f4e7", "\u007f", "}}", "][", " ", "  x  ", "\ufeff", "\ufffd"]


def read(program, *arguments):
    """The lines that the program makes of a capture."""
    run = subprocess.run([str(program), "read", "--out", "-", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return run.stdout.split(b"\n")[:-1]


def verify(program, *words):
    """`postwacht verify`: its exit code, and the end of what it says."""
    run = subprocess.run([str(program), "verify", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return run.returncode, run.stdout[-500:]


def story(program, name, tap="inside"):
    """A story's records, with what its README's files let us know. `tap`: where there are two."""
    folder = STORIES / name
    options = ["--policy", folder / "policy.json"] if (folder / "policy.json").exists() else []
    if (folder / "config.yaml").exists():
        options += ["--config", folder / "config.yaml"]
    captures = [folder / f for f in ("traffic.pcap", "traffic.pcapng", tap + ".pcap") if (folder / f).exists()]
    return read(program, *options, captures[0]) if captures else []


def lane(record):
    """Which of the two rows it is numbered in."""
    return ALERTS if record["event_type"] in ("alert", "stats") else SESSIONS


def number(record):
    """What it is told apart by: the name of its lane, epoch, number."""
    return LANES[lane(record)], record["smtp_tls"]["epoch"], record["smtp_tls"]["seq"]


def leaves(value, path=""):
    """(dotted name, value) of all that is no object."""
    for name, member in value.items():
        if isinstance(member, dict):
            yield from leaves(member, f"{path}{name}.")
        else:
            yield path + name, member


def hostile(alert):
    """Copies of an alert that say what an attacker likes to say, and one as long as records get."""
    record = json.loads(alert)
    lines = []
    for text in [*HOSTILE, "".join(HOSTILE)]:
        record["smtp"] = {"helo": text}
        lines += [json.dumps(record, separators=(",", ":"), ensure_ascii=ascii_only).encode() for ascii_only in (True, False)]
    record["smtp"] = {"helo": ""}
    room = RECORD_MAX - len(json.dumps(record, separators=(",", ":")))
    for filler in ("A", "\\", '"', "\u00e9"):
        size = len(json.dumps(filler)) - 2
        record["smtp"] = {"helo": filler * (room // size)}
        lines.append(json.dumps(record, separators=(",", ":")).encode())
    return lines


class Row:
    """Numbers and links of one output."""

    def __init__(self, epoch=EPOCH):
        self.epoch, self.seq = epoch, [0, 0]
        self.link = [hashlib.sha256(b"postwacht" + epoch.to_bytes(8, "big") + bytes([row])).digest() for row in (ALERTS, SESSIONS)]

    def stamp(self, line):
        """The line with its place: ... ,"epoch":E,"seq":N,"chain":"..."}} as alerts/sink/stamp.h says."""
        row = lane(json.loads(line))
        self.seq[row] += 1
        body = line[:-2] if b'"smtp_tls":{' in line and line.endswith(b"}}") else line[:-1] + b',"smtp_tls":{"v":1'
        covered = body + b',"epoch":%d,"seq":%d' % (self.epoch, self.seq[row])
        self.link[row] = hashlib.sha256(self.link[row] + covered).digest()
        return covered + b',"chain":"' + base64.urlsafe_b64encode(self.link[row]).rstrip(b"=") + b'"}}'


def stamp(lines, epoch=EPOCH):
    """All of them."""
    row = Row(epoch)
    return [row.stamp(line) for line in lines]


def stripped(lines):
    """Without their stamps."""
    return [line[:line.rindex(b',"epoch":')] + b"}}" for line in lines]


def is_record(line):
    """Records are printable ASCII; what others may write into JSON is not."""
    return line.isascii() and b"\x7f" not in line


def sample(program):
    """Some hundred lines of every kind, not stamped."""
    lines = []
    for name in ("stripped-by-path", "dane-mismatch-delivered", "sts-sent-in-clear", "submission-auth-plain-clear", "smuggling-success",
                 "cert-expired", "tls-cipher-null", "overlap-first-valid", "ordinary-hour", "starttls-tls10", "ugly-octets"):
        lines += story(program, name)
    alert = next(line for line in lines if b'"event_type":"alert"' in line)
    return lines + hostile(alert)
