#!/usr/bin/env python3
"""A real Prometheus scrapes a sensor that runs, with the scrape configuration, the rules and the dashboard of configs/.

    prometheus.py PROGRAM

Its promtool reads the page and the rules, and tests the rules. Every query of the rules and the dashboard is answered by the
server, and names only metrics that were scraped. When the sensor is stopped, the rule about its silence is fired.
In a network namespace of its own. The last line is `N passed, N failed`; exit 77 where there is no prometheus.
"""
import http.client
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "live")]
import metrics  # noqa: E402 pylint: disable=wrong-import-position
import scraped  # noqa: E402 pylint: disable=wrong-import-position
import sensor  # noqa: E402 pylint: disable=wrong-import-position

CONFIGS = scraped.ROOT / "configs"
RULES = CONFIGS / "prometheus" / "postwacht.rules.yml"
TESTS = CONFIGS / "prometheus" / "postwacht.rules.test.yml"
SCRAPE = CONFIGS / "prometheus" / "postwacht.scrape.yml"
DASHBOARD = CONFIGS / "grafana" / "postwacht.json"
SERVER = ("127.0.0.1", 9390)
VARIABLES = {"$instance": ".*", "$__rate_interval": "1m", "$__range": "1h", "$__interval": "15s"}
OTHERS = {"up", "ALERTS"}  # metrics that Prometheus itself makes
FIRED_S = 60  # `for` of the rule about silence


def promtool(checks, *arguments, text=None):
    """Must have nothing to say against it."""
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, check=False)
    checks.check(done.returncode == 0 and not (text and (done.stdout + done.stderr).strip()), f"promtool {arguments}: {done.stdout}{done.stderr}")


# ---- what there is to ask -------------------------------------------------------------------------------------------


def rules():
    """[(alert, expression)], folded to a line; the file is ours, and plain."""
    text = RULES.read_text(encoding="utf-8")
    found = re.findall(r"- alert: (\w+)\n\s+expr: (?:>-\n((?:\s{10}.*\n)+?)(?=\s{8}\w)|(.*)\n)", text)
    return [(name, " ".join((folded or line).split())) for name, folded, line in found]


def queries():
    """Of the dashboard: [(panel, expression)], with its variables filled in."""
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    found = [(p["title"], t["expr"]) for p in board["panels"] for t in p.get("targets", [])]
    found += [(a["name"], a["expr"]) for a in board["annotations"]["list"] if "expr" in a]
    for name, value in VARIABLES.items():
        found = [(title, expression.replace(name, value)) for title, expression in found]
    return found


def metric_names(expression):
    """Those that an expression names."""
    return set(re.findall(r"\b(postwacht_\w+|up|ALERTS)\b(?!\s*\()", re.sub(r'"[^"]*"', '""', expression)))


def dashboard(checks):
    """What Grafana would stumble over: panels that lie on each other, ids that stand twice, a data source of somebody else."""
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    panels = board["panels"]
    checks.check(board["schemaVersion"] >= 38 and board["id"] is None and board["uid"] == "postwacht", "head of the dashboard")
    checks.check([v["name"] for v in board["templating"]["list"]] == ["datasource", "instance"], "variables")
    checks.check(len({p["id"] for p in panels}) == len(panels), "an id stands twice")
    taken = {}
    for p in panels:
        at = p["gridPos"]
        checks.check(at["x"] + at["w"] <= 24, f"{p['title']} is too wide")
        for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
            checks.check(cell not in taken, f"{p['title']} lies on {taken.get(cell)}") if cell in taken else taken.update({cell: p["title"]})
        sources = [p["datasource"], *(t["datasource"] for t in p["targets"])] if p["type"] != "row" else []
        checks.check(all(s == {"type": "prometheus", "uid": "${datasource}"} for s in sources), f"{p['title']}: data source")
    checks.check(len([p for p in panels if p["type"] == "row"]) == 5, "rows")


# ---- the server -----------------------------------------------------------------------------------------------------


class Prometheus:
    """On loopback, with the shipped files, turned faster."""

    def __init__(self, directory):
        self.directory = directory
        text = SCRAPE.read_text(encoding="utf-8").replace("scrape_interval: 15s", "scrape_interval: 1s\n    scrape_timeout: 1s")
        shutil.copy(RULES, directory / RULES.name)
        (directory / "prometheus.yml").write_text("global: {evaluation_interval: 1s}\n" + text, encoding="utf-8")
        with open(directory / "log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(["prometheus", f"--config.file={directory / 'prometheus.yml'}", f"--storage.tsdb.path={directory / 'data'}",
                                             f"--web.listen-address={SERVER[0]}:{SERVER[1]}", "--log.level=warn"], stdout=log, stderr=log)

    def ask(self, expression):
        """(what went wrong or "", result)."""
        c = http.client.HTTPConnection(*SERVER, timeout=20)
        c.request("GET", "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        got = c.getresponse()
        body = got.read()
        c.close()
        if got.status == 503:  # it begins
            return "not ready", []
        answer = json.loads(body)
        return answer.get("error", ""), answer.get("data", {}).get("result", [])

    def number(self, expression):
        """Of a query with one answer; None: it has none."""
        result = self.ask(expression)[1]
        return float(result[0]["value"][1]) if len(result) == 1 else None

    def ready(self):
        """Has scraped the sensor."""
        return self.number('up{job="postwacht"}') == 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)


def asked(checks, server, page):
    """Every query is understood and names what there is; what must have an answer has one."""
    names = scraped.names(page) | OTHERS
    for where, expression in rules() + queries():
        error, _ = server.ask(expression)
        checks.check(not error, f"{where}: {error}: {expression}")
        checks.check(metric_names(expression) and metric_names(expression) <= names, f"{where}: {metric_names(expression) - names}")
    empty = [where for where, expression in queries() if not server.ask(expression)[1]]
    checks.check(len(empty) <= 2, f"no answer for {empty}")
    fired = {r["metric"]["alertname"] for r in server.ask('ALERTS{alertstate="firing"}')[1]}
    checks.check(not fired - {"PostwachtClockUnsynced"}, f"fired with a sensor that is well: {fired}")
    for name in sorted(scraped.names(page)):
        checks.check(server.ask(name)[1], f"{name} was not stored")


def told(checks, server, page):
    """What is stored is what was on the page."""
    for name, labels in (("postwacht_sessions_total", {"verdict": "clear"}), ("postwacht_outbox_records_total", {"lane": "sessions"}),
                         ("postwacht_alert_durable_seconds_count", {})):
        wanted = scraped.value(page, name, **labels)
        inside = ",".join(f'{k}="{v}"' for k, v in labels.items())
        got = server.number(f"sum({name}{{{inside}}})")
        checks.check(got == wanted, f"{name}: {got}, not {wanted}")


def silence(checks, server, s):
    """The sensor is stopped: pending at once, fired after a minute."""
    state = 'ALERTS{alertname="PostwachtSensorSilent",alertstate="%s"}'
    checks.check(not server.ask(state % "pending")[1] and not server.ask(state % "firing")[1], "silent already")
    s.stop()
    checks.check(sensor.eventually(lambda: server.ask(state % "pending")[1]), "the sensor is stopped, and nobody notices")
    checks.check(sensor.eventually(lambda: server.ask(state % "firing")[1], FIRED_S + 20), "PostwachtSensorSilent is not fired")
    silent = {r["metric"]["alertname"] for r in server.ask('ALERTS{alertstate="firing"}')[1]}
    checks.check(silent == {"PostwachtSensorSilent"}, f"fired: {silent}")


def documented(checks):
    """docs/metrics.md has the rules that there are, and the tests have each."""
    page = (scraped.ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    names = [name for name, _ in rules()]
    checks.check(len(names) >= 20 and len(names) == RULES.read_text(encoding="utf-8").count("- alert:"), f"{len(names)} rules were read")
    checks.equal(re.findall(r"^\| `(Postwacht\w+)` \|", page, re.MULTILINE), names, "rules in docs/metrics.md")
    tested = TESTS.read_text(encoding="utf-8")
    for name in names:
        checks.check(f'alertname="{name}"' in tested, f"{name} has no test")


def main():
    program = sys.argv[1]
    sensor.own_namespace("tcpreplay", "prometheus", "promtool")
    sensor.veth("from", "to")
    checks = sensor.Checks()
    promtool(checks, "check", "rules", str(RULES))
    promtool(checks, "test", "rules", str(TESTS))
    documented(checks)
    dashboard(checks)
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        player = sensor.Player(metrics.RECORDING, directory)
        with metrics.start(program, directory / "sensor", "127.0.0.1:9325", "sensor.heartbeat_s=1") as s:
            s.wait_ready()
            player.play()
            (directory / "prometheus").mkdir()
            with Prometheus(directory / "prometheus") as server:
                checks.check(sensor.eventually(server.ready, 60), "no scrape")
                player.play()
                sensor.eventually(lambda: s.ask("status")["sessions"] >= 2)
                time.sleep(5)  # two scrapes at least, for rates
                page = scraped.get(metrics.WHERE, "/metrics")[2]
                promtool(checks, "check", "metrics", text=page)
                asked(checks, server, scraped.get(metrics.WHERE, "/metrics", scraped.OPENMETRICS)[2])
                told(checks, server, page)
                silence(checks, server, s)
            print((directory / "prometheus" / "log").read_text(encoding="utf-8"), end="")
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
