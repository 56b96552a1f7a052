#!/usr/bin/env python3
"""Installs a build below an empty directory and looks at what is there: files, the unit, the user, the first configuration.

    run.py BUILD
The unit is judged by systemd's own tools where they are installed. The last line is `N passed, N failed(, N skipped)`.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "tools")]
from checks import Checks  # noqa: E402 pylint: disable=wrong-import-position

EXPOSURE_MAX = 25  # tenths, of `systemd-analyze security`: what a sensor needs of a machine is worth 2.1


class Tried(Checks):
    """With programs that may be missing."""

    def tool(self, *command):
        """A program's exit status and what it said; None where it is not installed."""
        if shutil.which(command[0]) is None:
            print(f"skipped: {command[0]} is not installed")
            self.skipped += 1
            return None
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


def introspect(build, what):
    """The build's own words, as JSON."""
    done = subprocess.run(["meson", "introspect", what, build], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def files(checks, prefix, man):
    """Everything that belongs there, and that it says where it is."""
    share = "share/postwacht/"
    wanted = ["bin/postwacht", "lib/systemd/system/postwacht.service", "lib/sysusers.d/postwacht.conf", "lib/tmpfiles.d/postwacht.conf",
              "share/bash-completion/completions/postwacht", "share/zsh/site-functions/_postwacht", share + "postwacht.yaml",
              share + "tap.yaml", share + "pci.conf", share + "50-tap.network", share + "70-postwacht-vfio.rules",
              share + "postwacht.logrotate", share + "examples/kafka-fleet.yaml",
              share + "prometheus/postwacht.rules.yml", share + "prometheus/postwacht.scrape.yml", share + "grafana/postwacht.json"]
    receivers = pathlib.Path(__file__).resolve().parent.parent.parent / "configs" / "receivers"
    recipes = [str(path.relative_to(receivers)) for path in receivers.rglob("*") if path.is_file() and path.name != "meson.build"]
    checks.check(len(recipes) > 5 and not (prefix / share / "receivers" / "meson.build").exists(), f"recipes: {recipes}")
    wanted += [share + "receivers/" + name for name in recipes]
    if man:
        wanted += ["share/man/man1/postwacht.1", "share/man/man5/postwacht.yaml.5"]
    for name in wanted:
        path = prefix / name
        checks.check(path.is_file() and path.stat().st_size > 0, f"{name} is not there")
        if path.is_file() and name.startswith(("lib/", share)):
            checks.check(not re.search("@[a-z]+@", path.read_text(encoding="utf-8")), f"{name} has a place that was not filled in")


def completions(checks, prefix):
    """They are scripts, and know the commands."""
    bash = prefix / "share/bash-completion/completions/postwacht"
    result = checks.tool("bash", "-n", str(bash))
    checks.check(result is None or result[0] == 0, f"bash: {result}")
    words = subprocess.run(["bash", "-c", f"source {bash}; COMP_WORDS=(postwacht r); COMP_CWORD=1; _postwacht; echo ${{COMPREPLY[@]}}"],
                           capture_output=True, text=True, check=False).stdout.split()
    checks.check("read" in words and "run" in words and "status" not in words, f"bash completes r to {words}")
    checks.check((prefix / "share/zsh/site-functions/_postwacht").read_text(encoding="utf-8").startswith("#compdef postwacht\n"),
                 "zsh does not see what its file is for")


def configuration(checks, prefix, destination):
    """The first configuration is made where there is none, is right, and is never replaced."""
    program, first = prefix / "bin/postwacht", destination / "etc/postwacht/postwacht.yaml"
    for name in ("tap.yaml", "postwacht.yaml", "examples/elastic.yaml", "examples/siem-tls.yaml"):
        done = subprocess.run([program, "check", "--config", prefix / "share/postwacht" / name], capture_output=True, text=True, check=False)
        checks.check(done.returncode == 0, f"{name}: {done.stdout}{done.stderr}")
    checks.check("warn: config: outputs: siem: ca /etc/postwacht/siem-ca.pem: No such file" in done.stderr, f"what is missing: {done.stderr}")
    rules = prefix / "lib/tmpfiles.d/postwacht.conf"
    command = ("systemd-tmpfiles", "--create", f"--root={destination}", str(rules))
    result = checks.tool(*command)
    if result is None:
        return
    checks.check(first.is_file() and "pcap:eth1" in first.read_text(encoding="utf-8"), f"no first configuration: {result}")
    if first.is_file():
        first.write_text("# mine\n", encoding="utf-8")
        checks.tool(*command)
        checks.check(first.read_text(encoding="utf-8") == "# mine\n", "a configuration that was there is replaced")


def unit(checks, prefix, destination):
    """The unit, as systemd reads it, and what it leaves open."""
    source = (prefix / "lib/systemd/system/postwacht.service").read_text(encoding="utf-8")
    checks.check(f"ExecStart=/{prefix.relative_to(destination)}/bin/postwacht run\n" in source, "the unit starts another program")
    # The same with paths that exist here.
    here = destination / "postwacht.service"
    here.write_text(source.replace("=/" + str(prefix.relative_to(destination)), f"={prefix}"), encoding="utf-8")
    result = checks.tool("systemd-analyze", "verify", "--man=no", str(here))
    checks.check(result is None or (result[0] == 0 and "postwacht.service" not in result[1]), f"systemd-analyze verify: {result}")
    result = checks.tool("systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE_MAX}", "--no-pager", str(here))
    checks.check(result is None or result[0] == 0, f"systemd-analyze security: {result and result[1][-200:]}")
    if result is not None:
        print(result[1].strip().splitlines()[-1])
    (destination / "etc").mkdir(exist_ok=True)
    result = checks.tool("systemd-sysusers", f"--root={destination}", str(prefix / "lib/sysusers.d/postwacht.conf"))
    made = destination / "etc/passwd"
    checks.check(result is None or (made.is_file() and "postwacht:x:" in made.read_text(encoding="utf-8")), f"systemd-sysusers: {result}")


def main():
    checks = Tried()
    build = pathlib.Path(sys.argv[1]).resolve()
    options = {o["name"]: o["value"] for o in introspect(str(build), "--buildoptions")}
    with tempfile.TemporaryDirectory() as name:
        destination = pathlib.Path(name)
        done = subprocess.run(["meson", "install", "-C", str(build), "--no-rebuild", "--destdir", name], capture_output=True, text=True, check=False)
        checks.check(done.returncode == 0, f"meson install: {done.stdout[-500:]}{done.stderr[-500:]}")
        prefix = destination / options["prefix"].lstrip("/")
        files(checks, prefix, shutil.which("scdoc") is not None)
        completions(checks, prefix)
        unit(checks, prefix, destination)
        configuration(checks, prefix, destination)
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
