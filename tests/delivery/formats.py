#!/usr/bin/env python3
"""Records in ECS, CEF and LEEF: read back by parsers of another hand (format_parsers.py), field by field, text by text.

    formats.py POSTWACHT FORMATDRIVE RECORD_SAMPLES [--golden]

Records come from captures: ordinary ones, and one in which the wire tries to forge fields and messages (hostile.py); and from
RECORD_SAMPLES, one of every kind there is, the longest included. golden/*.txt hold a real record of each kind and what it becomes;
--golden writes them anew. The example of docs/delivery*.md that proves that nothing is missing is run, too.
The last line is `N passed, N failed(, N skipped)`.
"""
import base64
import hashlib
import ipaddress
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import hostile
import records
from format_parsers import Malformed, UNFIT, at, meant_cef, meant_leef, read_cef, read_cef_simply, read_leef

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "tools")]
from checks import Checks  # noqa: E402 pylint: disable=wrong-import-position

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
STORIES = ["answer-454", "cert-many-names", "cert-expired", "dane-mismatch-delivered", "dns-double-answer", "exim-starttls", "implicit-tls-465",
           "overlap-last-valid", "helo-only", "auth-login-clear-failed"]
FORMAT_MAX, EPOCH = 8 * 1024 - 512, 1790000000
FIELDS = json.loads((HERE / "ecs_fields.json").read_text(encoding="ascii"))
VERSION = re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text(encoding="utf-8"))[1]


def told(drive, form, lines):
    """The messages, as octets."""
    run = subprocess.run([drive, form, str(EPOCH)], input=b"\n".join(lines) + b"\n", capture_output=True, check=False)
    if run.returncode:
        print(run.stderr.decode(errors="replace")[:500])
    return run.stdout.split(b"\n")[:-1]


# ---- one message -------------------------------------------------------------------------------------------------------


def is_one_line(octets):
    """Valid UTF-8, nothing in it that anything takes for the end of a line, not too long."""
    text = octets.decode("utf-8", errors="strict")
    return len(text.splitlines()) == 1 and not UNFIT.search(text) and len(octets) <= FORMAT_MAX


def was_cut(record, fields, key):
    """The message has less than the record: only its form can be checked."""
    return fields.get(key) == "true" and not at(record, "smtp_tls.truncated")


def check_flat(c, record, line, read, meant, key):
    """CEF or LEEF: exactly the fields that were meant."""
    header, fields = read(line)
    wanted_header, wanted = meant(record)
    if at(record, "smtp_tls.truncated") or fields.get(key):
        wanted[key] = "true"
    for i, part in enumerate(wanted_header):
        c.check(header[4 + i] == part, f"header {part!r} is {header[4 + i]!r}")
    c.check(header[1:4] == ["postwacht", "postwacht", VERSION], f"header {header[1:4]}")
    if was_cut(record, fields, key):
        return c.check(set(fields) <= set(wanted), f"fields too many: {set(fields) - set(wanted)}")
    differs = {k for k in set(fields) | set(wanted) if fields.get(k) != wanted.get(k)}
    return c.check(not differs, [(k, fields.get(k), wanted.get(k)) for k in differs])


def is_date(value):
    """RFC 3339, UTC."""
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", value))


def is_ip(value):
    """Either version."""
    try:
        return bool(ipaddress.ip_address(value))
    except ValueError:
        return False


TYPES = {"keyword": lambda v: isinstance(v, str), "match_only_text": lambda v: isinstance(v, str), "boolean": lambda v: isinstance(v, bool), "date": is_date,
         "ip": is_ip, "long": lambda v: isinstance(v, int) and not isinstance(v, bool) and 0 <= v < 2**63}


def ecs_fault(name, value):
    """Why a field is none of ECS; None: it is."""
    field = FIELDS["fields"].get(name)
    if not field:
        return "no such field"
    values = value if isinstance(value, list) else [value]
    if field.get("array", False) != isinstance(value, list) or not values:
        return "one where there are many, or the other way"
    if not all(TYPES[field["type"]](v) for v in values):
        return f"no {field['type']}"
    if "values" in field and not set(values) <= set(field["values"]):
        return f"{values} are not allowed"
    return None


def check_ecs(c, record, line):
    """Only fields that ECS has, of its types; what was said stands in them."""
    root = json.loads(line)
    own = root.pop("smtp_tls")
    for name, value in records.leaves(root):
        c.check(not ecs_fault(name, value), f"{name} = {value!r}: {ecs_fault(name, value)}")
    expected = {t for category in root["event"]["category"] for t in FIELDS["event_types"][category]}
    c.check(set(root["event"]["type"]) <= expected, f"{root['event']['type']} of {root['event']['category']}")
    if own.get("truncated"):
        return c.check(own.get("seq") == record["smtp_tls"]["seq"] and root["@timestamp"][:26] == record["timestamp"][:26], "cut too short")
    eve = own.pop("eve")
    c.check(own == record["smtp_tls"], "smtp_tls is another one")
    for path, value in (("source.ip", "src_ip"), ("source.port", "src_port"), ("destination.ip", "dest_ip"), ("tls.client.server_name", "tls.sni"),
                        ("tls.server.subject", "tls.subject"), ("tls.server.issuer", "tls.issuerdn"), ("event.id", "smtp_tls.id"),
                        ("event.severity", "alert.severity"), ("event.code", "alert.metadata.finding.0" if "alert" in record else "anomaly.event"),
                        ("network.community_id", "community_id"), ("rule.name", "alert.signature"), ("observer.name", "host"),
                        ("threat.technique.id", "alert.metadata.mitre_technique_id"), ("tls.server.x509.alternative_names", "tls.subjectaltname"),
                        ("event.sequence", "smtp_tls.seq"), ("tls.cipher", "smtp_tls.tls.cipher"), ("source.bytes", "flow.bytes_toserver")):
        c.check(at(root, path) == (None if at(record, value) in ("", []) else at(record, value)), f"{path}: {at(root, path)!r} of {at(record, value)!r}")
    c.check(root["@timestamp"] == record["timestamp"][:26] + "Z", "@timestamp")
    c.check(eve.get("smtp") == record.get("smtp") and eve.get("stats") == record.get("stats"), "what ECS has no name for")
    hashed = (at(record, "tls.fingerprint") or "").replace(":", "").upper() or None
    return c.check(at(root, "tls.server.hash.sha1") == hashed, "tls.server.hash.sha1")


def check_lines(c, drive, lines, source):
    """All formats of all of them."""
    eve = told(drive, "eve", lines)
    c.check(len(eve) == len(lines), f"{source}: {len(eve)} lines of {len(lines)}")
    records = [json.loads(line) for line in eve]
    for form in ("ecs", "cef", "leef"):
        messages = told(drive, form, lines)
        c.check(len(messages) == len(lines), f"{source}: {len(messages)} messages of {form} from {len(lines)} records")
        for record, octets in zip(records, messages):
            try:
                c.check(is_one_line(octets), f"{source}, {form}: not one line: {octets[:200]}")
                line = octets.decode()
                if form == "ecs":
                    c.check(octets.isascii(), f"{source}: ECS that is not ASCII")
                    check_ecs(c, record, line)
                elif form == "cef":
                    check_flat(c, record, line, read_cef, meant_cef, "pwTruncated")
                    c.check(sorted(read_cef_simply(line)) == sorted(read_cef(line)[1]), f"{source}: a simple reader finds other fields")
                else:
                    check_flat(c, record, line, read_leef, meant_leef, "truncated")
            except (Malformed, ValueError, KeyError) as e:
                c.check(False, f"{source}, {form}: {e!r} in {octets[:300]}")


# ---- golden lines ------------------------------------------------------------------------------------------------------


def kind_of(line):
    """The name of a golden file."""
    record = json.loads(line)
    kind = record["event_type"]
    if kind == "alert":
        return "alert" if "flow_id" in record else "alert-sensor"
    if kind == "stats":
        return "stats-live" if "ledger" in record["smtp_tls"] else "stats"
    return kind + ("-dns" if "dns" in record["smtp_tls"] else "") + ("-certificate" if "subject" in record.get("tls", {}) else "")


def golden_lines(drive, line):
    """The record, and what it becomes: version and all but that as it is."""
    return [line] + [told(drive, form, [line])[0].replace(VERSION.encode(), b"@VERSION@") for form in ("eve", "ecs", "cef", "leef")]


def golden(c, drive):
    """Messages are as they were: whoever changes a field shall see it."""
    files = sorted((HERE / "golden").glob("*.txt"))
    c.check(len(files) >= 8, f"{len(files)} golden files")
    for path in files:
        lines = path.read_bytes().splitlines()
        c.check(golden_lines(drive, lines[0]) == lines, f"{path.name}: another message than before (--golden writes them anew)")


def write_golden(drive, lines):
    """One file a kind."""
    (HERE / "golden").mkdir(exist_ok=True)
    seen = set()
    for line in lines:
        if kind_of(line) not in seen:
            seen.add(kind_of(line))
            (HERE / "golden" / f"{kind_of(line)}.txt").write_bytes(b"\n".join(golden_lines(drive, line)) + b"\n")


# ---- the example of the documentation -----------------------------------------------------------------------------------


def pages():
    """The text of what is written about delivery."""
    return [page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").glob("delivery*.md"))]


def shown(c):
    """The alert that the documentation shows in each format is the golden one."""
    lines = (HERE / "golden" / "alert.txt").read_text(encoding="utf-8").splitlines()[1:]
    for form, between, line in zip(("EVE", "ECS", "CEF", "LEEF"), ("", "", " ", ""), lines):
        found = [m[1] for text in pages() for m in re.finditer(rf"^{form}:\n\n```\w+\n(.*?)\n```$", text, re.DOTALL | re.MULTILINE)]
        same = [re.sub(r"(?<=[|\"])\d+\.\d+\.\d+(?=[|\"],?(?:\"type|starttls))", "@VERSION@", f.replace("\n", between)) == line for f in found]
        c.check(same == [True], f"docs/delivery*.md shows another {form}")


def example():
    """The program that the page about delivery shows."""
    for text in pages():
        found = re.search(r"```python\n(# chain\.py.*?)```", text, re.DOTALL)
        if found:
            return found[1]
    return None


def chain(c, drive, lines, folder):
    """It says of a whole file that it is whole, and of one that somebody changed where."""
    text = example()
    if not c.check(text, "docs/delivery*.md has no example chain.py"):
        return
    program, eve = folder / "chain.py", told(drive, "eve", lines)
    program.write_text(text, encoding="utf-8")
    first, cut = eve[3], len(eve) - 2

    def say(these):
        (folder / "eve.json").write_bytes(b"\n".join(these) + b"\n")
        run = subprocess.run([sys.executable, str(program), str(folder / "eve.json")], capture_output=True, text=True, check=False)
        return run.stdout + run.stderr

    c.check(not re.search("missing|changed", say(eve)), say(eve))
    for what, these, want in (
            ("a line that is gone", eve[:3] + eve[4:], "missing \n"),
            ("a line near the end that is gone", eve[:cut - 1] + eve[cut:], "missing \n"),
            ("a line that was changed", eve[:3] + [first.replace(b'"v":1', b'"v":2', 1)] + eve[4:], "changed"),
            ("a line from another row", eve[:3] + [told(drive, "eve", [lines[0]])[0].replace(b'"seq":1,', stamp_seq(first))] + eve[4:], "changed"),
            ("what the sensor gave up", given_up(eve), "(given up by the sensor)")):
        c.check(want in say(these), f"{what} is not told: {say(these)}")
    c.check(not re.search("missing|changed", say(eve[:3] + [first] + eve[3:])), "a line that came twice is called something else")


def stamp_seq(line):
    """Its number, as it stands in it."""
    return re.search(rb'"seq":\d+,', line)[0]


def given_up(eve):
    """The first row's second record, with the third's number and the link that the sensor then writes: it passes over what it gave up."""
    stamp = re.compile(rb',"seq":(\d+),"chain":"([\w-]{43})"}}$')
    row = [line for line in eve if json.loads(line)["event_type"] in ("alert", "stats")]
    before = base64.urlsafe_b64decode(stamp.search(row[0])[2] + b"=")
    covered = row[1][:stamp.search(row[1]).start()] + b',"seq":3'
    link = base64.urlsafe_b64encode(hashlib.sha256(before + covered).digest()).rstrip(b"=")
    return [row[0], covered + b',"chain":"' + link + b'"}}']


def holes(c, drive, lines, folder):
    """The line for jq says which numbers are missing."""
    found = [m[1] for text in pages() for m in re.finditer(r"^```sh\n(jq .*?)```$", text, re.DOTALL | re.MULTILINE)]
    if not c.check(len(found) == 1, "docs/delivery*.md has no line for jq"):
        return
    if not shutil.which("jq"):
        print("jq is not installed: its line was not tried")
        c.skipped += 1
        return
    eve = told(drive, "eve", lines)
    third = next(line for line in eve if b'"seq":3,' in line and json.loads(line)["event_type"] in ("alert", "stats"))
    for gone, want in (([], ""), ([third], f"{EPOCH}: 3 to 3 missing\n")):
        (folder / "eve.json").write_bytes(b"\n".join(line for line in eve if line not in gone) + b"\n")
        run = subprocess.run(["sh", "-c", found[0]], cwd=folder, capture_output=True, text=True, check=False)
        c.check(run.stdout == want, f"jq says {run.stdout!r}{run.stderr!r}, not {want!r}")


def main(arguments):
    """Everything."""
    if len(arguments) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    program, drive, samples = arguments[:3]
    c, ordinary = Checks(), []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for story in STORIES:
            lines = records.story(program, story, "outside")
            c.check(len(lines) > 1, f"{story}: {len(lines)} records")
            check_lines(c, drive, lines, story)
            ordinary += lines
        capture, sessions = hostile.capture(folder)
        lines = records.read(program, capture)
        c.check(sum(b'"event_type":"smtp"' in line for line in lines) == sessions, "hostile: sessions")
        text = b"".join(lines).decode()
        c.check(all(part in text for part in ("cs1=forged", "^sev=10^", "\\u2028", "\\u0000", "<13>", "\\u202e")), "hostile: the wire was not repeated")
        check_lines(c, drive, lines, "hostile")
        made = subprocess.run([samples], stdout=subprocess.PIPE, check=True).stdout.splitlines()
        check_lines(c, drive, made, "samples")
        if "--golden" in arguments:
            write_golden(drive, ordinary + made)
        golden(c, drive)
        shown(c)
        chain(c, drive, ordinary, folder)
        holes(c, drive, ordinary, folder)
    return c.done()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
