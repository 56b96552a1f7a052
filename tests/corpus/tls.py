#!/usr/bin/env python3
"""Reads every capture of a corpus with known truth, mail or not: versions, suites, names and certificates as the truth has them.

    tls.py [--jobs N] [--verbose] PROGRAM [CORPUS]      CORPUS: default ../shared/corpus beside the repository

TLS outside mail is told only where capture.tls_outside_mail asks for it, as it does here. The truth of manifest.tsv is
per file: how many connections have which version, suite and SNI, and which leaf certificates there are; that of
smtp_conns.tsv is per connection. Rows of disputed_tls.tsv beside this file say where the truth is not, with the reason.
The last line is `N passed, N failed, N skipped`: one test for each column of each file that has TLS, and one for each leaf
of a mail connection.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import run  # noqa: E402 pylint: disable=wrong-import-position

OPTIONS = ("--set", "capture.tls_outside_mail=on", "--set", "capture.checksums=ignore")  # the truth did not ask for right ones
LEAF = re.compile(r"sha256=([0-9a-f]{64}) spki=([0-9a-f]{64})")
DRAFT = re.compile(r"TLS1\.3-(?:draft(\d+)|([0-9a-f]{4}))")
LISTED_MAX = {"sni": 4, "leaf_certs": 4, "ciphers": 6}  # manifest.tsv names no more of one file
TUNNELS = {"ipip", "6in4", "gtpu", "geneve", "teb", "gre", "vxlan", "erspan", "llc"}  # tags of what only the live engine looks into
COLUMNS = ("tls_versions", "ciphers", "sni", "leaf_certs", "leaf_spki")


def connections(program, path, more=()):
    """The connections with TLS, as records: of mail and of anything else, each once."""
    with tempfile.TemporaryDirectory(prefix="postwacht-tls-") as folder:
        out = pathlib.Path(folder) / "records.json"
        done = subprocess.run([program, "read", *OPTIONS, *more, "--out", out, path], capture_output=True, timeout=run.SECONDS_MAX, check=False)
        if done.returncode not in (0, 5):
            raise ValueError(f"exit code {done.returncode}: {done.stderr.decode(errors='replace')[-800:]}")
        told = [json.loads(line) for line in out.read_bytes().splitlines()] if out.exists() else []
    found = {}
    for r in told:  # of mail there is a record of the session and, where it is asked for, a copy for readers of EVE
        if r["event_type"] in ("smtp", "tls") and "smtp_tls" in r and "tls" in r["smtp_tls"]:
            found.setdefault(r["smtp_tls"]["session"], r)
    return list(found.values())


def facts_of(record):
    """What the truth has, too: (column, value) of one connection."""
    ours, tls = record["smtp_tls"]["tls"], record.get("tls", {})
    if tls.get("version"):
        yield "tls_versions", tls["version"].replace(" ", "")
    if "cipher" in ours and tls.get("version") != "SSLv2":  # ciphers of SSLv2 are not in the truth
        yield "ciphers", ours["cipher"]
    if tls.get("sni"):
        yield "sni", tls["sni"]
    cert = ours.get("cert", {})
    if cert.get("source") == "wire" and "spki_sha256" in cert:  # one that can be read: others are not in the truth
        yield "leaf_certs", cert["sha256"]
        yield "leaf_spki", cert["spki_sha256"]


def told(records):
    """Of each column, how often which value. Leaves are a set: the truth names each once."""
    found = {c: collections.Counter() for c in COLUMNS}
    for r in records:
        for column, value in facts_of(r):
            found[column][value] += 1
    return {c: collections.Counter(set(n)) if c.startswith("leaf") else n for c, n in found.items()}


def version(name):
    """The truth's name of a version as ours: drafts of TLS 1.3 by their number; tshark has no name for SSLv2."""
    if name == "?":
        return "SSLv2"
    draft = DRAFT.fullmatch(name)
    if not draft:
        return name
    return f"0x7f{int(draft[1]):02x}" if draft[1] else f"0x{draft[2]}"


def truth(row):
    """The same of a row of manifest.tsv."""
    wanted = {}
    for column in ("tls_versions", "ciphers", "sni"):
        parts = [] if row[column] == "-" else row[column].split(";")
        wanted[column] = collections.Counter({version(p.rpartition(":")[0]): int(p.rpartition(":")[2]) for p in parts})
    leaves = LEAF.findall(row["leaf_certs"])
    wanted["leaf_certs"] = collections.Counter({sha for sha, _ in leaves})
    wanted["leaf_spki"] = collections.Counter({spki for _, spki in leaves})
    return wanted


def differences(column, found, wanted, row):
    """In words, or None."""
    missing, extra = wanted - found, found - wanted
    source = "leaf_certs" if column == "leaf_spki" else column
    if len(row[source].split(";")) == LISTED_MAX.get(source):
        extra = collections.Counter()
    if TUNNELS & {tag.partition("=")[0] for tag in row["tags"].split(",")}:
        missing = collections.Counter()
    return None if not missing and not extra else f"missing {dict(missing)}, not in the truth {dict(extra)}"


def judge_file(program, corpus, row, disputed):
    """(name, what went wrong or None) of the columns of one file."""
    try:
        records = connections(program, corpus / row["file"])
    except (ValueError, OSError, subprocess.TimeoutExpired) as e:
        return [(row["file"], str(e))], []
    found, wanted = told(records), truth(row)
    outcome = []
    for column in COLUMNS:
        if found[column] or wanted[column]:
            wrong = None if (row["file"], column) in disputed else differences(column, found[column], wanted[column], row)
            outcome.append((f"{row['file']} {column}", wrong))
    return outcome, records


def judge_leaf(records, conn):
    """What is wrong with the leaf of this mail connection, or None."""
    same = run.find(records, conn)
    leaves = [(r["smtp_tls"]["tls"].get("cert", {}).get("sha256"), r["smtp_tls"]["tls"].get("cert", {}).get("spki_sha256")) for r in same]
    return None if (conn["leaf_sha256"], conn["leaf_spki_sha256"]) in leaves else f"{leaves}, truth {conn['leaf_sha256']} {conn['leaf_spki_sha256']}"


def arguments():
    """What was asked for."""
    parser = argparse.ArgumentParser(description="compares TLS of a corpus with its truth")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("corpus", type=pathlib.Path, nargs="?", default=run.DEFAULT)
    return parser.parse_args()


def outcomes(args, files):
    """(name, what went wrong or None) of every test."""
    disputed = {(d["file"], d["column"]) for d in run.table(run.HERE / "disputed_tls.tsv")}
    mail = collections.defaultdict(list)
    for conn in run.table(args.corpus / "smtp_conns.tsv"):
        if conn["leaf_sha256"] != "-":
            mail[conn["file"]].append(conn)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for row, (several, records) in zip(files, pool.map(lambda r: judge_file(str(args.program.resolve()), args.corpus, r, disputed), files)):
            yield from several
            for conn in mail[row["file"]]:
                yield f"{row['file']} leaf of connection {conn['stream']}", judge_leaf(records, conn)


def main():
    args = arguments()
    files = run.table(args.corpus / "manifest.tsv")
    if not files:
        print(f"corpus: no {args.corpus.name}/manifest.tsv, nothing was tested\n0 passed, 0 failed, 1 skipped")
        return 0
    passed = failed = 0
    for name, wrong in outcomes(args, files):
        passed, failed = passed + (wrong is None), failed + (wrong is not None)
        if wrong is not None:
            print(f"FAILED {name}: {wrong}")
        elif args.verbose:
            print(f"ok {name}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
