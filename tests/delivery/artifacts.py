"""Receivers that Debian has not, or not new enough: fetched once by Maven and pip, by name, into build-full-receivers beside this tree.
What cannot be had is told, and the test is skipped (77)."""
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path += [str(HERE.parent / "lab"), str(HERE.parent / "tools")]
import packages  # noqa: E402 pylint: disable=wrong-import-position
from checks import eventually, skip  # noqa: E402,F401 pylint: disable=wrong-import-position,unused-import

CACHE = ROOT / "build-full-receivers"
KAFKA = ["org.apache.kafka:kafka_2.13:3.9.1", "org.apache.kafka:kafka-tools:3.9.1"]
CHDB = ["chdb==3.6.0", "pyarrow"]  # ClickHouse 25.5; Kafka tables of the 4.x that were tried cannot be made
CLICKHOUSE = ["clickhouse-server clickhouse-common"]
PATIENCE_S = 900
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>test</groupId><artifactId>test</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>{}</dependencies></project>
"""
DEPENDENCY = "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"


def fetch(folder, command):
    """Once: a folder without `ready` in it is begun again."""
    if (folder / "ready").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        command(folder)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stdout", None) or b""
        skip(f"{folder.name} cannot be had here: {error} {said.decode(errors='replace')[-300:].strip()}")
    (folder / "ready").touch()
    return folder


def run(*command, cwd=None):
    """With what it says kept, for when it fails."""
    subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S, check=True)


def maven(name, artifacts):
    """Folder of jars."""
    if not shutil.which("mvn") or not shutil.which("java"):
        skip("no mvn, or no java")

    def get(folder):
        wanted = "".join(DEPENDENCY.format(*artifact.split(":")) for artifact in artifacts)
        (folder / "pom.xml").write_text(POM.format(wanted), encoding="ascii")
        run("mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={folder}/jars", cwd=folder)
    return fetch(CACHE / name, get) / "jars"


def python(name, packages):
    """A Python that has them. What the packages would bring along is named, or not needed."""
    def get(folder):
        run(sys.executable, "-m", "venv", str(folder / "venv"))
        run(str(folder / "venv/bin/python"), "-m", "pip", "install", "-q", "--no-deps", *packages)
    return fetch(CACHE / name, get) / "venv/bin/python"


def debian(name, rows):
    """Folder of Debian packages, unpacked over each other."""
    return fetch(CACHE / name, lambda folder: packages.unpack(folder, rows)) / "root"


def started(process, ready, log, seconds=60):
    """Waits until a receiver is ready, which it must be while it runs. `log`: where it says what is wrong."""
    good = eventually(lambda: process.poll() is not None or ready(), seconds) and process.poll() is None
    assert good, f"{process.args[0]} does not start: {pathlib.Path(log).read_text(errors='replace')[-2000:]}"
