"""Sigma rules: pySigma reads, judges and converts them; its SQL for SQLite is run on real records, so that each finds what it is for."""
import json
import pathlib
import re
import sqlite3
import subprocess
import sys

import artifacts
import records

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = ["pysigma==1.5.1", "pysigma-backend-sqlite==2.0.0", "pysigma-backend-elasticsearch==2.1.1", "pysigma-backend-splunk==2.1.0"]

# Which finding, or verdict of a session, must be found by which rule: written down again, from the catalogue and not from the rules.
MEANT = {
    "smtp_tls_starttls_stripped": r"starttls\.(stripped|masked-keyword|command-mangled|fallback-induced)",
    "smtp_tls_dane_mismatch": r"dane\.mismatch",
    "smtp_tls_auth_in_clear": r"auth\.cleartext-(plain|challenge)",
    "smtp_tls_starttls_injection": r"starttls\.injection-(command|response|effect)",
    "smtp_tls_smtp_smuggling": r"smuggle\.(attempt|success)",
    "smtp_tls_sensor_blind": r"sensor\.(loss|one-direction|truncated-input|arm-lost|too-little-traffic|rss-asymmetric|child-restarted|state-evicted)",
    "smtp_tls_sensor_alerts_lost": r"sensor\.(outbox-trouble|alert-suppressed)",
}
SESSIONS = {"smtp_tls_clear_against_policy": "clear_against_policy"}


def meant(name, record):
    """Whether the rule is for this record."""
    if name in SESSIONS:
        return record["event_type"] == "smtp" and record["smtp_tls"]["verdict"] == SESSIONS[name]
    return record["event_type"] == "alert" and re.fullmatch(MEANT[name], record["alert"]["metadata"]["finding"][0]) is not None


def flat(record):
    """Columns. A list of one is that one, as in any index; longer ones are a text, and no rule may ask for them."""
    return {name: v if not isinstance(v, list) else v[0] if len(v) == 1 else json.dumps(v)
            for name, v in records.leaves(record) if v is not None}


def table(rows):
    """The records in SQLite, in memory."""
    flats = [flat(row) for row in rows]
    columns = sorted(set().union(*flats))
    base = sqlite3.connect(":memory:")
    base.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, 2000)
    base.execute("CREATE TABLE logs (n INTEGER, " + ", ".join(f"`{c}`" for c in columns) + ")")
    statement = "INSERT INTO logs VALUES (?" + ", ?" * len(columns) + ")"
    base.executemany(statement, [[n, *[str(v) if isinstance(v, int) and abs(v) >> 62 else v for v in (f.get(c) for c in columns)]]
                                 for n, f in enumerate(flats)])
    return base


def environment(directory):
    """A Python that has pySigma, or None."""
    python = directory.resolve() / "bin" / "python3"
    try:
        if not (directory / "ready").exists():
            subprocess.run([sys.executable, "-m", "venv", str(directory)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            subprocess.run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)
            (directory / "ready").touch()
    except (OSError, subprocess.SubprocessError) as error:
        print(f"skipped: no pySigma: {error}")
        return None
    return python


def plain(checks, folder, catalogue):
    """What needs no library: each rule's words."""
    known, ids = {row["finding"] for row in catalogue}, []
    paths = sorted(folder.glob("smtp_tls_*.yml"))
    checks.check({p.stem for p in paths} == set(MEANT) | set(SESSIONS), f"rules: {[p.stem for p in paths]}")
    for path in paths:
        text = path.read_text(encoding="ascii")
        ids.append(re.search(r"^id: ([0-9a-f-]{36})$", text, re.MULTILINE)[1])
        named = set(re.findall(r"\b((?:starttls|dane|auth|smuggle|sensor|tls|cert)\.[a-z0-9-]+)$", text, re.MULTILINE))
        checks.check(named <= known, f"{path.name} names findings that are not in the catalogue: {named - known}")
        checks.check("product: postwacht\n  service: smtp_tls\n" in text, f"{path.name} has another source of logs")
    checks.check(len(set(ids)) == len(ids), "two rules have one id")
    return paths


def check(checks, folder, lines, catalogue, full):
    """The rules, by their words; with pySigma, by what they find: for each rule its Lucene for
    EVE and ECS, and the numbers of the lines it is for."""
    paths = plain(checks, folder, catalogue)
    python = environment(artifacts.CACHE / "sigma") if full else None
    if python is None:
        checks.skipped += len(paths) if full else 0
        return {}
    run = subprocess.run([str(python), str(HERE / "sigma_convert.py"), str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    checks.check(run.returncode == 0, f"pySigma: {run.stderr[-800:]}")
    if run.returncode:
        return {}
    said = json.loads(run.stdout)
    checks.check(not said["issues"], f"pySigma's validators: {said['issues']}")
    rows = [json.loads(line) for line in lines]
    base, out = table(rows), {}
    for name, queries in said["queries"].items():
        got = {row[0] for row in base.execute(queries["sqlite"].replace("SELECT *", "SELECT n"))}
        wanted = {n for n, record in enumerate(rows) if meant(name, record)}
        checks.check(got == wanted, f"{name} finds {len(got)} records, {len(wanted)} are meant: {queries['sqlite']}")
        checks.check(wanted or name == "smtp_tls_sensor_alerts_lost", f"no record for {name}")
        checks.check(queries["splunk"].startswith('sourcetype="postwacht:eve" ') and queries["lucene"], f"{name}: {queries}")
        out[name] = queries["lucene"], queries["lucene, ECS"], wanted
        print(f"sigma: {name}: {len(got)}: {queries['lucene']}")
    return out
