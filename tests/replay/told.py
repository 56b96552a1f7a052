"""Told: sessions, findings and alerts are those of expect.json, and no others; and no secret is among them."""
import base64
import pathlib
import subprocess
import sys

from reader import CONFIDENCES, SECONDS_MAX, Failed, records

TOOLS = pathlib.Path(__file__).resolve().parents[1] / "tools"
# Of a session in expect.json: compared by themselves.
APART = {"unlike_log", "alerts", "tells", "silent", "may", "record", "with_policy"}
# Findings that say what a session was, not what is wrong with it: `silent` with a pattern does not mean them.
NO_FAULT = {"tls.no-sni", "tls.ech", "tls.pq-absent", "cert.expiring", "cert.changed", "cert.default-placeholder",
            "cert.missing", "cert.rpk", "cert.client-cert-seen"}


def alerts_of(told):
    """Of each session (client port): the highest confidence each alert was told with."""
    found = {}
    for r in told:
        if r["event_type"] == "alert":
            meta, of_session = r["alert"]["metadata"], found.setdefault(r["src_port"], {})
            sure = CONFIDENCES.index(meta["confidence"][0])
            of_session[meta["finding"][0]] = max(sure, of_session.get(meta["finding"][0], 0))
    return found


def in_range(sure, wanted):
    """Is the confidence the one that is wanted, "certain", or at least and at most that, "suspect..probable"?"""
    least, _, most = wanted.partition("..")
    return CONFIDENCES.index(least) <= sure <= CONFIDENCES.index(most or least)


def compare_alerts(name, found, wanted):
    """Exactly these alerts, each with its confidence."""
    if set(found) != set(wanted):
        raise Failed(f"{name}: alerts {sorted(found)}, expected {sorted(wanted)}")
    for finding, confidence in wanted.items():
        if not in_range(found[finding], confidence):
            raise Failed(f"{name}: {finding} is {CONFIDENCES[found[finding]]}, expected {confidence}")


def compare_part(name, found, wanted):
    """Everything that is expected stands there; lists of findings are sets."""
    for key, value in wanted.items():
        if key in APART:
            continue
        there = found.get(key)
        if isinstance(value, dict):
            compare_part(f"{name}.{key}", there or {}, value)
        elif (sorted(there) if key == "findings" else there) != (sorted(value) if key == "findings" else value):
            raise Failed(f"{name}.{key}: {there}, expected {value}")


def unwanted(found, wanted):
    """What was told though `silent` says that it must not be."""
    named = {p for p in wanted.get("silent", []) if "*" not in p}
    areas = tuple(p.rstrip("*") for p in wanted.get("silent", []) if "*" in p)
    allowed = NO_FAULT | set(wanted.get("tells", [])) | set(wanted.get("may", []))
    return {f for f in found if f in named or (areas and f.startswith(areas) and f not in allowed)}


def compare_session(name, record, alerts, wanted):
    """One session's record and alerts."""
    ours = record["smtp_tls"]
    compare_part(name, ours, wanted)
    compare_part(f"{name}.record", record, wanted.get("record", {}))
    if "alerts" in wanted:
        compare_alerts(name, alerts, wanted["alerts"])
    missing = set(wanted.get("tells", [])) - set(ours["findings"])
    extra = unwanted(set(ours["findings"]) | set(alerts), wanted)
    if missing or extra:
        raise Failed(f"{name}: does not tell {sorted(missing)}, tells {sorted(extra)}; all findings: {ours['findings']}")


def story_told(story, reader):
    """Sessions in the order in which they began."""
    octets = reader.read(story.capture)
    told = records(octets)
    sessions = [r for r in told if r["event_type"] == "smtp"]
    sessions.sort(key=lambda r: (r["flow"]["start"], r["src_port"]))
    alerts = alerts_of(told)
    if len(sessions) != len(story.expect["sessions"]):
        raise Failed(f"{len(sessions)} sessions, expected {len(story.expect['sessions'])}")
    for n, (session, wanted) in enumerate(zip(sessions, story.expect["sessions"]), 1):
        compare_session(f"session {n}", session, alerts.get(session["src_port"], {}), wanted)
    validate(reader)


def validate(reader):
    """The records against the schema."""
    done = subprocess.run([sys.executable, TOOLS / "schema_check.py", reader.folder / "records.json"], capture_output=True,
                          text=True, timeout=SECONDS_MAX, check=False)
    if done.returncode not in (0, 77):
        raise Failed(f"schema: {done.stderr[-1500:]}")


# ---- secret ----------------------------------------------------------------------------------------------------

def forms(secret):
    """How a secret could show itself."""
    octets = secret.encode()
    yield octets
    yield octets.hex().encode()
    yield octets[::-1].hex().encode()
    for lead in range(3):  # base64 of the secret at each alignment, without its uncertain ends
        text = base64.b64encode(b"\0" * lead + octets)
        yield text[4 if lead else 0:-4]


def story_secret(story, reader):
    """All that the program says about this story, in every way it has."""
    octets = reader.read(story.capture)
    reader.run("read", "--json", str(story.capture))
    reader.run("read", str(story.capture))
    for alert in (r for r in records(octets) if r["event_type"] == "alert"):
        reader.run("explain", alert["smtp_tls"]["id"], str(story.capture))
    refuse_secrets(story.expect.get("secrets", []), reader)


def refuse_secrets(secrets, reader):
    """None of them stands in anything the reader was told."""
    said = b"\n".join(reader.outputs).lower()
    for secret in secrets:
        for form in forms(secret):
            if len(form) >= 6 and form.lower() in said:
                raise Failed(f"'{secret}' is told, as {form.decode()}")
