"""A real Apache Kafka broker (KRaft, one node, loopback) from its Maven artifacts, and Apache's own tools beside it."""
import collections
import os
import pathlib
import signal
import subprocess

import artifacts
import loopback

SETTINGS = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{plain},SSL://127.0.0.1:{ssl},SASL_SSL://127.0.0.1:{sasl},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},SSL://localhost:{ssl},SASL_SSL://localhost:{sasl}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
ssl.keystore.type=PEM
ssl.keystore.location={folder}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
listener.name.ssl.ssl.client.auth=required
sasl.enabled.mechanisms=SCRAM-SHA-256
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
"""
CLUSTER = "4L6g3nShT-eMCtK--X86sw"
USER, PASSWORD = "sensor", "a secret with = and ; in it"

Message = collections.namedtuple("Message", "partition offset key headers value")


class Broker:
    """It, with listeners for each security. Ports stay the same when it is killed and started again."""

    def __init__(self, jars, folder):
        self.jars, self.folder = jars, pathlib.Path(folder)
        self.plain, self.ssl, self.sasl, self.controller = loopback.free_ports(4)
        self.process = None
        loopback.certificates(self.folder, "localhost", "sensor-1", "other.example")
        (self.folder / "broker.pem").write_text((self.folder / "localhost.key").read_text() + (self.folder / "localhost.pem").read_text())
        (self.folder / "password").write_text(PASSWORD + "\nonly the first line counts\n")
        (self.folder / "server.properties").write_text(SETTINGS.format(
            folder=folder, plain=self.plain, ssl=self.ssl, sasl=self.sasl, controller=self.controller))
        self.java("kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(self.folder / "server.properties"),
                  "--add-scram", f"SCRAM-SHA-256=[name={USER},password=\"{PASSWORD}\"]")

    def command(self, name, *arguments):
        """Of a class of theirs."""
        return ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", f"{self.jars}/*", name, *arguments]

    def java(self, name, *arguments, **how):
        """Runs one of their tools to its end."""
        done = subprocess.run(self.command(name, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False, **how)
        assert done.returncode == 0, f"{name}: {done.stdout[-500:]} {done.stderr[-500:]}"
        return done.stdout

    def start(self):
        """Until it answers."""
        log = open(self.folder / "log", "ab")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            self.command("kafka.Kafka", str(self.folder / "server.properties")), stdout=log, stderr=log, start_new_session=True)
        artifacts.started(self.process, lambda: all(map(loopback.listens, (self.plain, self.ssl, self.sasl))), log.name)

    def kill(self):
        """As a power cut ends it."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self, frozen):
        """It neither answers nor closes anything."""
        self.process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    def at(self, port=None, host="127.0.0.1"):
        """For `brokers`."""
        return f"{host}:{port or self.plain}"

    def topics_tool(self):
        """A program that does as kafka-topics.sh does, for scripts."""
        tool = self.folder / "kafka-topics"
        tool.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in self.command("org.apache.kafka.tools.TopicCommand")) + ' "$@" 2>/dev/null\n')
        tool.chmod(0o755)
        return str(tool)

    def topic(self, name, partitions=3, **settings):
        """Makes one."""
        more = [word for key, value in settings.items() for word in ("--config", f"{key.replace('_', '.')}={value}")]
        self.java("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.at(), "--create", "--topic", name, "--partitions", str(partitions),
                  *more)

    def read(self, topic, patience_ms=4000):
        """All that is in it, in the order of each partition, by Apache's console consumer."""
        shown = [word for name in ("partition", "offset", "key", "headers") for word in ("--property", f"print.{name}=true")]
        out = self.java("org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", self.at(), "--topic", topic, "--from-beginning",
                        "--timeout-ms", str(patience_ms), *shown)
        messages = []
        for line in out.decode().splitlines():
            partition, offset, headers, key, value = line.split("\t", 4)
            pairs = dict(pair.split(":", 1) for pair in headers.split(",")) if headers != "NO_HEADERS" else {}
            messages.append(Message(int(partition.split(":")[1]), int(offset.split(":")[1]), None if key == "null" else key, pairs, value))
        return messages


def environment():
    """For programs built with sanitizers."""
    return {**os.environ, "ASAN_OPTIONS": "abort_on_error=0:detect_stack_use_after_return=0", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
