#!/usr/bin/env python3
"""Reads every capture of a corpus with known truth: no crash, no hang, and every SMTP connection as the truth has it.

    run.py [--jobs N] [--verbose] PROGRAM [CORPUS]      CORPUS: default ../shared/corpus beside the repository

Without the corpus nothing is tested, and that is said. Its README explains the columns of manifest.tsv and
smtp_conns.tsv. Rows of disputed.tsv beside this file say where the truth is not, what we say instead (`ours`), and why;
a row that is not needed fails.
The last line is `N passed, N failed, N skipped`: one test for each file, each connection and each disputed row.
"""
import argparse
import collections
import concurrent.futures
import csv
import ipaddress
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DEFAULT = HERE.parent.parent.parent / "shared" / "corpus"
SECONDS_MAX = 60
FORMATS = ("pcap", "pcapng")  # that we read; another one is refused with exit code 5
DAMAGE = ("file_truncated", "file_error")  # tags of files that end early or lie about themselves

# What the truth calls an outcome, and the states that agree with it. Its `mail_clear` counts MAIL commands whether they
# were accepted or not; we tell exposure only for accepted ones; and what is missing may make anything unknown.
CLEAR_OR_NOT = {"no_mail_probe", "unknown_gap", "refused"}
STATES = {
    "starttls_tls_established": {"starttls_ok", "tls_failed_no_mail", "unknown_gap"},
    "starttls_220_no_tls": {"tls_failed_no_mail", "unknown_gap"},
    "starttls_220_plaintext_continues": {"tls_failed_no_mail", "plain_after_handshake_fail", "unknown_gap"},
    "offered_not_used": CLEAR_OR_NOT,
    "offered_not_used_mail_clear": CLEAR_OR_NOT | {"plain_offered_unused"},
    "not_offered": CLEAR_OR_NOT,
    "not_offered_mail_clear": CLEAR_OR_NOT | {"plain_not_offered"},
    "helo_only": CLEAR_OR_NOT,
    "helo_only_mail_clear": CLEAR_OR_NOT | {"plain_helo_only"},
    "ehlo_reply_not_seen_mail_clear": {"unknown_gap"},
    "plaintext_220_on_465_then_client_hello": {"tls_failed_no_mail", "unknown_gap", "no_mail_probe", "implicit_tls"},
    "client_side_only": {"unknown_gap"},
    "server_side_only": {"unknown_gap", "refused"},
    "no_hello": CLEAR_OR_NOT | {"plain_helo_only"},
}
OFFERED = {"yes": {"yes"}, "no": {"no", "masked", "malformed"}, "n/a": {"not_asked", "unseen", "no"}}


def table(path):
    """Rows of a TSV file with a header; empty when there is none."""
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


class Disputes:
    """The rows of disputed.tsv, and which of them were needed."""

    def __init__(self, rows):
        self.ours = {(r["file"], r["stream"], r["field"]): r["ours"] for r in rows}
        self.needed = set()

    def settles(self, row, field, said):
        """Is it known that we say this here, and not what the truth says?"""
        key = (row["file"], row.get("stream", "-"), field)
        if self.ours.get(key) != str(said):
            return False
        self.needed.add(key)
        return True

    def outcomes(self):
        """(name, what is wrong or None) of each row, once everything was read."""
        for key in self.ours:
            wrong = None if key in self.needed else "not needed: we do not say this, or the truth says it too"
            yield f"disputed.tsv: {' '.join(key)}", wrong


# ---- one file --------------------------------------------------------------------------------------------------

def read(program, path, row, disputes):
    """(what went wrong or None, session records)."""
    with tempfile.TemporaryDirectory(prefix="postwacht-corpus-") as folder:
        out = pathlib.Path(folder) / "records.json"
        # The truth was made without asking for right checksums.
        command = [program, "read", "--set", "capture.checksums=ignore", "--out", out, path]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS_MAX, check=False)
        except subprocess.TimeoutExpired:
            return f"not done after {SECONDS_MAX} s", []
        damaged = any(tag in row["tags"] for tag in DAMAGE) or row["format"] not in FORMATS
        if done.returncode not in ((0, 5) if damaged else (0,)) and not disputes.settles(row, "exit", done.returncode):
            return f"exit code {done.returncode}: {done.stderr.decode(errors='replace')[-800:]}", []
        try:
            told = [json.loads(line) for line in out.read_bytes().splitlines()]
        except (OSError, ValueError) as e:
            return f"records: {e}", []
    return None, [r for r in told if r["event_type"] == "smtp"]


# ---- one connection --------------------------------------------------------------------------------------------

def ends_of(record):
    """Both ends as the truth writes them."""
    def end(address, port):
        return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return {end(record["src_ip"], record["src_port"]), end(record["dest_ip"], record["dest_port"])}


def expand(end):
    """An end with its IPv6 address without brackets or abbreviations, so that spelling does not matter."""
    address, _, port = end.rpartition(":")
    return f"{ipaddress.ip_address(address.strip('[]')).exploded}:{port}"


def find(sessions, row):
    """The sessions between these two ends; a tuple may have been used again."""
    wanted = {expand(e) for e in (row["client"], row["server"]) if not e.startswith("?")}
    return [s for s in sessions if wanted <= {expand(e) for e in ends_of(s)}]


def yes(value):
    """The truth's yes and no."""
    return value == "yes"


def disagreements(record, row):
    """(field, what we say, what the truth says)."""
    ours, tls = record["smtp_tls"], record.get("tls", {})
    ours_tls, up = ours.get("tls", {}), ours["starttls"]
    wanted_reply = int(row["starttls_reply"]) if row["starttls_reply"].isdigit() else None
    facts = {
        "starttls_offered": (up["offered"] in OFFERED[row["starttls_offered"]], up["offered"]),
        "starttls_cmd": (bool(up["requested"]) == yes(row["starttls_cmd"]), up["requested"]),
        "starttls_reply": (up["reply"] == wanted_reply, up["reply"]),
        "client_hello": (("offered_version" in ours_tls) == yes(row["client_hello"]), "offered_version" in ours_tls),
        "server_hello": (("cipher" in ours_tls) == yes(row["server_hello"]), "cipher" in ours_tls),
        "tls_version": (row["tls_version"] in ("-", tls.get("version", "-").replace(" ", "")), tls.get("version")),
        "cipher": (row["cipher"] in ("-", ours_tls.get("cipher")), ours_tls.get("cipher")),
        "sni": (row["sni"] in ("-", tls.get("sni")), tls.get("sni")),
        "mail_cmds": (ours["mail"]["transactions"] == int(row["mail_cmds"]), ours["mail"]["transactions"]),
        "auth_cmds": (ours["auth"]["in_clear"] == (int(row["auth_cmds"]) > 0), ours["auth"]["in_clear"]),
        "outcome": (ours["state"] in STATES[row["outcome"]], ours["state"]),
    }
    return [(field, said, row[field]) for field, (agrees, said) in facts.items() if not agrees]


def judge(sessions, row, disputes):
    """What is wrong with our record of this connection, or None."""
    found = find(sessions, row)
    if not found:
        return None if disputes.settles(row, "record", "none") else "no record"
    ours = min((disagreements(s, row) for s in found), key=len)
    wrong = [d for d in ours if not disputes.settles(row, d[0], d[1])]
    return "; ".join(f"{field}: {said}, truth {truth}" for field, said, truth in wrong) or None


# ---- all of them -----------------------------------------------------------------------------------------------

def arguments():
    """What was asked for."""
    parser = argparse.ArgumentParser(description="reads a corpus of captures with known truth")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("corpus", type=pathlib.Path, nargs="?", default=DEFAULT)
    return parser.parse_args()


def outcomes(args, files, conns, disputes):
    """(name, what went wrong or None) of every test."""
    def one(row):
        wrong, sessions = read(str(args.program.resolve()), args.corpus / row["file"], row, disputes)
        told = [(row["file"], wrong)]
        for conn in conns[row["file"]]:
            told.append((f"{row['file']} connection {conn['stream']}", judge(sessions, conn, disputes)))
        return told
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for several in pool.map(one, files):
            yield from several
    yield from disputes.outcomes()


def main():
    args = arguments()
    files = table(args.corpus / "manifest.tsv")
    if not files:
        print(f"corpus: no {args.corpus.name}/manifest.tsv, nothing was tested\n0 passed, 0 failed, 1 skipped")
        return 0
    conns = collections.defaultdict(list)
    for row in table(args.corpus / "smtp_conns.tsv"):
        conns[row["file"]].append(row)
    passed = failed = 0
    for name, wrong in outcomes(args, files, conns, Disputes(table(HERE / "disputed.tsv"))):
        passed, failed = passed + (wrong is None), failed + (wrong is not None)
        if wrong is not None:
            print(f"FAILED {name}: {wrong}")
        elif args.verbose:
            print(f"ok {name}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
