#!/usr/bin/env python3
"""The recipes of receivers that cannot run here, read as they read them and held against real records: Wazuh, Splunk, Elastic, Sigma.

    recipes.py [--full] PROGRAM

PROGRAM is postwacht; record_samples of the same build has records that only a running sensor writes, formatdrive its formats.
--full: pySigma is fetched and converts the rules, which are then run on records; OpenSearch is fetched and takes them, too.
The last line is `N passed, N failed(, N skipped)`.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys

import elastic
import records
import sigma_rules
import splunk
import wazuh

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "tools")]
from checks import Checks  # noqa: E402 pylint: disable=wrong-import-position

RECEIVERS = records.ROOT / "configs" / "receivers"
# Every category, and every kind of record.
STORIES = ["stripped-by-path", "mask-command", "tls-downgraded-by-path", "dane-mismatch-delivered", "dane-sent-in-clear", "sts-sent-in-clear",
           "sts-certificate", "submission-auth-plain-clear", "auth-login-clear-failed", "server-auth-in-clear", "smuggling-success", "smuggling-attempt",
           "inject-command", "response-injection", "cert-expired", "cert-rsa-1024", "cert-unreadable", "cert-many-names", "tls-cipher-null", "tls-cipher-rc4",
           "tls-dh-768", "starttls-tls10", "overlap-first-valid", "synack-twice-late", "hijack-command", "nonstandard-port", "tls-alpn-http", "lmtp",
           "handshake-failed-tls12", "answer-454", "no-policy", "ordinary-hour", "ugly-octets", "tls13-resumed", "postfix-starttls-tls13", "ipv6",
           "implicit-tls-465", "ugly-worst"]


class Silent(Checks):
    """The quiet ones are many: they count as one when they are right."""

    def __init__(self):
        super().__init__()
        self.silent = 0

    def quiet(self, fine, text):
        """One of many."""
        self.silent += 1
        if not fine:
            self.check(False, text)


def formatted(drive, form, lines):
    """What a sink of this format sends."""
    run = subprocess.run([str(drive), form, str(records.EPOCH)], input=b"\n".join(lines) + b"\n", stdout=subprocess.PIPE, check=True)
    return run.stdout.split(b"\n")[:-1]


def outputs(checks, program):
    """What docs and recipes tell to write into postwacht.yaml is right."""
    texts = [(records.ROOT / "docs" / "receivers.md").read_text(encoding="utf-8")]
    texts += [path.read_text(encoding="utf-8") for path in sorted(RECEIVERS.rglob("*.*")) if path.suffix in (".conf", ".part")]
    entries = {entry for text in texts for entry in re.findall(r"\{type: [^{}]*\}", text)}
    for entry in sorted(entries):
        text = re.sub(r"(ca|cert|key): (?:F|\.\.\.)", r"\1: /etc/f.pem", entry)
        text = re.sub(r"host: (?:H|\.\.\.)", "host: siem.example", text).replace("url: U", "url: https://siem.example:9200")
        run = subprocess.run([str(program), "config", "show", "--set", f"outputs=[{text}]"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             check=False)
        checks.check(run.returncode == 0, f"{entry}: {run.stdout[-200:]}")
    checks.check(len(entries) >= 6, f"{len(entries)} entries of outputs")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("program", type=pathlib.Path)
    options = parser.parse_args()
    checks = Silent()
    lines = [line for name in STORIES for line in records.story(options.program, name)]
    checks.check(len(lines) > 100, f"{len(lines)} records")
    build = options.program.resolve().parent.parent / "tests"
    run = subprocess.run([str(build / "unit" / "alerts" / "record_samples")], stdout=subprocess.PIPE, check=True)
    samples = run.stdout.split(b"\n")[:-1]
    drive = build / "delivery" / "formatdrive"
    listed = subprocess.run([str(options.program), "findings", "list", "--json"], stdout=subprocess.PIPE, check=True)
    catalogue = json.loads(listed.stdout)
    # Of the samples, what a sensor says of itself; those with texts as long as any, and severities that are no alert's, are for others.
    ours = [line for line in samples if b'"event_type":"alert"' in line and b'"flow_id"' not in line and b'"host":"sensor-1"' in line
            and b'"severity":["info"]' not in line]
    checks.check(ours, "the samples have no alert of a sensor")
    checks.check(formatted(drive, "eve", lines + ours) == records.stamp(lines + ours), "a sink's stamp is another than alerts/sink/stamp.h says")
    queries = {}
    for part, run in (("wazuh", lambda folder: wazuh.check(checks, folder, lines + samples, catalogue)),
                      ("splunk", lambda folder: splunk.check(checks, folder, lines + ours)),
                      ("sigma", lambda folder: queries.update(sigma_rules.check(checks, folder, lines + ours, catalogue, options.full))),
                      ("elastic", lambda folder: elastic.check(checks, folder, formatted(drive, "eve", lines + ours), formatted(drive, "ecs", lines + ours),
                                                                      options.full, queries))):
        before, silent = checks.failed, checks.silent
        run(RECEIVERS / part)
        checks.check(checks.failed == before, f"{part}: see above")
        print(f"{part}: {checks.silent - silent} looks at {len(lines)} records and {len(samples)} samples", flush=True)
    outputs(checks, options.program)
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
