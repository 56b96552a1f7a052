#!/usr/bin/env python3
"""One root alert per session and subject, over every recorded story: one_alert.py PROGRAM FOLDER

An alert that is told again because it grew louder or surer (repeat.first_id names the one before) is the same alert.
Two attacks of different kinds may meet in one session: such pairs are named below, with the reason. Also: an alert
belongs to a session that has a record, and says of it what the record says. Exit: 0 fine, 1 some story is not.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

APART = {
    frozenset(("starttls.not-offered", "smuggle.success")): "the missing offer is old news, the forged message is not",
    frozenset(("auth.cleartext-plain", "auth.bruteforce-cleartext")): "who loses a password is not who guesses it",
}


def records(program, capture, folder):
    """The records of a capture."""
    out = pathlib.Path(folder) / "records.json"
    subprocess.run([program, "read", "--out", str(out), str(capture)], check=True, stdout=subprocess.DEVNULL)
    return [json.loads(line) for line in out.read_bytes().splitlines()]


def breaches(told):
    """What is wrong with the records of one story, in words."""
    sessions = {r["smtp_tls"]["session"]: r for r in told if r["event_type"] == "smtp"}
    roots, ids = {}, set()
    for record in told:
        if record["event_type"] != "alert":
            continue
        own, metadata = record["smtp_tls"], record["alert"]["metadata"]
        finding, subject = metadata["finding"][0], metadata["subject"][0]
        if "session" not in own:
            if subject != "sensor":
                yield f"{finding} is told of no session"
            continue
        if own["session"] not in sessions:
            yield f"{finding} is told of session {own['session']}, which has no record"
        elif sessions[own["session"]]["flow_id"] != record["flow_id"]:
            yield f"{finding} has another flow_id than its session's record"
        if own["id"] in ids:
            yield f"two records have the id {own['id']}"
        ids.add(own["id"])
        roots.setdefault((own["session"], subject), set()).add(finding)
    for (session, subject), found in roots.items():
        if len(found) > 1 and frozenset(found) not in APART:
            yield f"session {session}, {subject}: {' and '.join(sorted(found))}"


def main():
    """Every story below the folder."""
    program, stories = sys.argv[1], sorted(pathlib.Path(sys.argv[2]).glob("*/traffic.pcap*"))
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for capture in stories:
            for breach in breaches(records(program, capture, folder)):
                print(f"{capture.parent.name}: {breach}")
                failed += 1
    print(f"{len(stories)} stories, {failed} breaches")
    return 1 if failed or not stories else 0


if __name__ == "__main__":
    sys.exit(main())
