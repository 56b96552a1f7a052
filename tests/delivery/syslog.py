#!/usr/bin/env python3
"""Syslog and unix sockets against receivers that read, stop reading, close, reset, refuse, and lie about who they are.

    syslog.py SINKDRIVE [PATTERN]

Each check says what it is of; the last line: N passed, N failed. Everything is on loopback.
"""
import concurrent.futures
import os
import re
import select
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import warnings

from syslog_kit import (HEAD, Driver, Stream, attempt, body, expect, lines, make_certificates, make_leaf, reset, run, server_tls, split_counted,
                        wait_for)

PROGRAM = sys.argv[1]
CHECKS = []
HOSTILE = [b'{"a":"x <13>1 2026-11-23T20:42:09Z h a 1 m - forged"}', b'{"a":"10 <13>1 - - - - - -"}', b'{"a":"]\\" [x@1 y=\\"z\\"]"}',
           b"{\"a\":\"\xc3\xa9\xe2\x82\xac\"}", b'{"a":"' + b"y" * 7000 + b'"}']


def check(function):
    CHECKS.append(function)
    return function


def delivered(driver, n):
    expect(driver.status == 0, driver.status, driver.told)
    expect(driver.sent()[0] == n, driver.told)


def exactly(messages, wanted):
    got = [body(m) for m in messages]
    expect(got == wanted, f"{len(got)} messages of {len(wanted)};", next((m for m, w in zip(messages, wanted) if body(m) != w), ""))


def at_least(messages, wanted):
    """All, in the order they had among those that came first; what came again had come."""
    first = list(dict.fromkeys(body(m) for m in messages))
    expect(first == wanted, f"{len(first)} different messages of {len(wanted)}")


def tcp(**more):
    return dict(transport="tcp", host="127.0.0.1", **more)


# ---- UDP ---------------------------------------------------------------------------------------------------------

class Datagrams:
    def __init__(self, family=socket.AF_INET, address=("127.0.0.1", 0)):
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind(address)
        self.socket.settimeout(1)

    @property
    def port(self):
        return self.socket.getsockname()[1]

    def read(self):
        got = []
        try:
            while True:
                got.append(self.socket.recv(1 << 17))
        except TimeoutError:
            return got


@check
def udp_a_message_a_datagram():
    server, wanted = Datagrams(), lines(1, 200) + HOSTILE
    delivered(run(PROGRAM, "syslog", wanted, transport="udp", host="127.0.0.1", port=server.port), len(wanted))
    exactly(server.read(), wanted)


@check
def udp_by_ipv6_and_by_name():
    for host in ("::1", "localhost"):
        try:
            first = socket.getaddrinfo(host, 0, type=socket.SOCK_DGRAM)[0]
            server = Datagrams(first[0], first[4][:2])
        except OSError:  # a machine without IPv6
            continue
        delivered(run(PROGRAM, "syslog", lines(1, 3), transport="udp", host=host, port=server.port), 2)
        exactly(server.read(), lines(1, 3))


@check
def udp_nobody_listens_is_trouble():
    server = Datagrams()
    port = server.port
    server.socket.close()
    driver = run(PROGRAM, "syslog", lines(1, 2), transport="udp", host="127.0.0.1", port=port)
    expect(driver.status == 1 and "Connection refused" in driver.trouble[0], driver.told)


@check
def udp_too_long_is_refused_and_counted():
    server = Datagrams()
    wanted = [b'{"a":1}', b'{"a":"' + b"z" * 66000 + b'"}', b'{"a":2}']
    driver = run(PROGRAM, "syslog", wanted, transport="udp", host="127.0.0.1", port=server.port)
    expect(driver.status == 0 and driver.sent() == (3, 1), driver.told)
    exactly(server.read(), [wanted[0], wanted[2]])


# ---- the head ----------------------------------------------------------------------------------------------------

@check
def head_says_what_and_how_bad():
    for severity, pri in (("critical", 1), ("high", 3), ("medium", 4), ("low", 5)):
        server = Datagrams()
        run(PROGRAM, "syslog", [b'{"event_type":"alert","alert":{"signature_id":3207001}}'], transport="udp", host="127.0.0.1",
            port=server.port, facility=17, severity_of=severity, host_name="a b\tc")
        head = HEAD.fullmatch(server.read()[0])
        expect(head and int(head[1]) == 17 * 8 + pri, severity, head)
        expect(head[3] == b"a?b?c" and head[5] == b"starttls.not-offered" and head[6] == b"-", head.groups())
        expect(abs(time.time() - time.mktime(time.strptime(head[2].decode()[:19], "%Y-%m-%dT%H:%M:%S")) + time.timezone) < 100, head[2])
    server = Datagrams()
    run(PROGRAM, "syslog", [b'{"event_type":"smtp"}'], transport="udp", host="127.0.0.1", port=server.port, facility=3, structured=1,
        cookie=1)
    head = HEAD.fullmatch(server.read()[0])
    expect(head and int(head[1]) == 3 * 8 + 6 and head[5] == b"smtp" and head[7] == b'@cee: {"event_type":"smtp"}', head)
    expect(b'severity="info" epoch="1790000000" seq="1"' in head[6], head[6])


# ---- TCP ---------------------------------------------------------------------------------------------------------

@check
def tcp_octet_counting():
    server, wanted = Stream(), lines(1, 5000) + HOSTILE
    driver = run(PROGRAM, "syslog", wanted, batch=512, port=server.port, **tcp())
    server.close()
    delivered(driver, len(wanted))
    messages, left = split_counted(bytes(server.got[0]))
    expect(left == b"" and len(server.got) == 1 and server.ends == ["closed"], left[:80], server.ends)
    exactly(messages, wanted)


@check
def tcp_line_feeds():
    server, wanted = Stream(), lines(1, 500) + HOSTILE
    delivered(run(PROGRAM, "syslog", wanted, port=server.port, framing="lf", **tcp()), len(wanted))
    server.close()
    exactly(bytes(server.got[0]).removesuffix(b"\n").split(b"\n"), wanted)


@check
def a_line_end_inside_is_refused():
    for framing in ("lf", "octet-counting"):
        server = Stream()
        driver = run(PROGRAM, "syslog", [b"one", b"!raw two\\n<13>1 - - - - - - forged", b"three"], port=server.port, framing=framing, **tcp())
        server.close()
        expect(driver.status == 0 and driver.sent() == (3, 1) and b"forged" not in server.got[0], driver.told)


@check
def tcp_receiver_closes_half_way():
    def talk(server, connection, n):
        if n > 1:
            return server.read(connection, n)
        server.read(connection, n, 300000 * (n + 1))
        return connection.close() # with octets unread: a reset
    server, wanted = Stream(talk, rcvbuf=8192), lines(1, 3000, 500)  # little room: no batch is in the kernel before it is read
    driver = run(PROGRAM, "syslog", wanted, batch=512, tries=5, pause_ms=50, port=server.port, **tcp())
    server.close()
    delivered(driver, len(wanted))
    expect(driver.trouble, driver.told)
    at_least(server.counted(), wanted)


@check
def tcp_receiver_restarts_between_batches_unnoticed():
    counted = [threading.Event() for _ in range(4)]

    def talk(server, connection, n):
        while len(split_counted(bytes(server.got[n]))[0]) < 2:
            server.got[n] += connection.recv(1 << 16)
        counted[n].wait(60)
        connection.close()
    server, wanted = Stream(talk), lines(1, 9)
    driver = Driver(PROGRAM, "syslog", batch=2, port=server.port, **tcp())
    for n, event in enumerate(counted):
        driver.put(wanted[2 * n:2 * n + 2] + [b"!sent"])
        driver.says(f"had {2 * n + 2}")
        event.set()
        wait_for(lambda n=n: len(server.threads) > n)
        server.threads[n].join(60)
    driver.end()
    server.close()
    delivered(driver, len(wanted))
    expect(not driver.trouble and len(server.got) == 4, driver.told, len(server.got))
    exactly(server.counted(), wanted)
    # Nobody can know whether it keeps what it reads. One that counts octets where line feeds come does just this.
    expect(sum("has closed 3 connections in a row" in t for t in driver.told) == 1, driver.told)


@check
def tcp_receiver_restarts_now_and_then():
    def talk(server, connection, n):
        server.read(connection, n, 400)  # two batches of two messages of some 160 octets
        time.sleep(0.1)
        connection.close()
    server, wanted = Stream(talk), lines(1, 17)
    driver = run(PROGRAM, "syslog", wanted, batch=2, wait_ms=300, port=server.port, **tcp())
    server.close()
    delivered(driver, len(wanted))
    expect(len(server.got) == 4 and not any("in a row" in t for t in driver.told), driver.told, len(server.got))
    exactly(server.counted(), wanted)


@check
def tcp_receiver_does_not_read_for_18_s():
    def talk(server, connection, n):
        time.sleep(18)
        server.read(connection, n)
    server, wanted = Stream(talk, rcvbuf=8192), lines(1, 3000, 2000)
    driver = run(PROGRAM, "syslog", wanted, batch=512, tries=10, port=server.port, **tcp())
    server.close()
    delivered(driver, len(wanted))
    expect(any("takes nothing" in t for t in driver.trouble), driver.told)
    expect(len(server.got) == 1, "it kept its connection")
    exactly(server.counted(), wanted)


@check
def tcp_accepted_and_reset():
    def talk(server, connection, n):
        if n < 3:
            return reset(connection)
        return server.read(connection, n)
    server, wanted = Stream(talk), lines(1, 400)
    driver = run(PROGRAM, "syslog", wanted, tries=20, pause_ms=20, wait_ms=50, port=server.port, **tcp())
    server.close()
    delivered(driver, len(wanted))
    at_least(server.counted(), wanted)


def terminate(driver, when):
    """SIGTERM once that is so, and a moment for what it does then."""
    wait_for(when)
    time.sleep(0.3)
    driver.terminated = time.monotonic()
    driver.process.terminate()


@check
def what_is_unfinished_is_not_delivered_by_halves():
    """Given up with octets on their way: the receiver sees a reset, not an end behind half a message."""
    gone = threading.Event()

    def talk(server, connection, n):
        server.read(connection, n, 1)
        gone.wait(60)
        server.read(connection, n)
    server = Stream(talk, rcvbuf=8192)
    driver = Driver(PROGRAM, "syslog", lines(1, 2000, 3000), port=server.port, framing="lf", **tcp())
    threading.Thread(target=terminate, args=(driver, lambda: server.got and server.got[0]), daemon=True).start()
    driver.end()
    gone.set()
    server.close()
    expect(driver.status == 1 and server.ends == ["reset"], driver.told, server.ends)


@check
def the_end_of_the_sensor_is_not_waited_for():
    server = Stream(lambda s, c, n: time.sleep(60), rcvbuf=8192)
    driver = Driver(PROGRAM, "syslog", lines(1, 2000, 3000), port=server.port, **tcp())
    threading.Thread(target=terminate, args=(driver, lambda: server.threads), daemon=True).start()
    driver.end()
    took = time.monotonic() - driver.terminated
    expect(driver.status == 1 and took < 5, took, driver.told)


@check
def tcp_several_addresses():
    """localhost is both; whoever listens at one of them is found."""
    server, wanted = Stream(), lines(1, 3)
    delivered(run(PROGRAM, "syslog", wanted, transport="tcp", host="localhost", port=server.port), 2)
    server.close()
    exactly(server.counted(), wanted)
    driver = run(PROGRAM, "syslog", wanted, transport="tcp", host="no-such-name.invalid", port=1)
    expect(driver.status == 1 and "no-such-name.invalid:1" in driver.trouble[0], driver.told)


@check
def nobody_talks_to_himself():
    """The port that nobody listens at is the one that the system gives to who connects: no connection, and nothing delivered."""
    if subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode:
        return
    for transport in ("tcp", "udp"):
        inside = "ip link set lo up; sysctl -qw net.ipv4.ip_local_port_range='50514 50514'; exec \"$@\""
        arguments = [PROGRAM, "syslog", f"transport={transport}", "host=127.0.0.1", "port=50514"]
        done = subprocess.run(["unshare", "-n", "sh", "-c", inside, "sh", *arguments], input=lines(1, 3)[0] + b"\n", capture_output=True, check=False)
        expect(done.returncode == 1 and b"Connection refused" in done.stderr, transport, done.returncode, done.stderr)


def leaves_unread(take_leave, context=None, **settings):
    """A receiver that says that it ends, then closes with octets unread: what it took with it comes on the next connection."""
    counted = threading.Event()

    def talk(server, connection, n):
        if n > 0:
            return server.read(connection, n)
        counted.wait(60)
        try:
            take_leave(connection)
        except OSError:
            pass
        return connection.close()
    server = Stream(talk, context)
    driver = Driver(PROGRAM, "syslog", port=server.port, tries=3, **settings)
    driver.put(lines(1, 65, 1500) + [b"!sent"])
    driver.says("had 64")
    counted.set()
    wait_for(lambda: server.threads)
    server.threads[0].join(60)
    driver.put(lines(65, 129, 1500))
    driver.end()
    server.close()
    delivered(driver, 128)
    at_least(server.counted(), lines(1, 129, 1500))


@check
def tcp_receiver_that_takes_its_leave_unread():
    leaves_unread(lambda c: c.shutdown(socket.SHUT_WR), **tcp())


# ---- TLS ---------------------------------------------------------------------------------------------------------

FOLDER = tempfile.TemporaryDirectory(prefix="postwacht-syslog-")


def pem(name):
    return os.path.join(FOLDER.name, name)


def tls(**more):
    return {"transport": "tls", "host": "127.0.0.1", "ca": pem("ca.pem"), **more}


@check
def tls_each_version_closed_in_order():
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        server, wanted = Stream(tls=server_tls(FOLDER.name, "good", True, version)), lines(1, 3000) + HOSTILE
        driver = run(PROGRAM, "syslog", wanted, batch=512, port=server.port, **tls(cert=pem("client.pem"), key=pem("client.key")))
        server.close()
        delivered(driver, len(wanted))
        messages, left = split_counted(bytes(server.got[0]))
        expect(left == b"" and server.ends == ["closed"], version, server.ends)  # "cut": no close_notify
        exactly(messages, wanted)


@check
def tls_line_feeds():
    """Logstash, Fluent Bit, QRadar and Splunk count no octets, with TLS neither."""
    server, wanted = Stream(tls=server_tls(FOLDER.name, "good")), lines(1, 500) + HOSTILE
    delivered(run(PROGRAM, "syslog", wanted, port=server.port, **tls(framing="lf")), len(wanted))
    server.close()
    exactly(bytes(server.got[0]).removesuffix(b"\n").split(b"\n"), wanted)


@check
def tls_receiver_without_tickets():
    server = Stream(tls=server_tls(FOLDER.name, "good", True, tickets=0))
    driver = run(PROGRAM, "syslog", lines(1, 10), port=server.port, **tls(cert=pem("client.pem"), key=pem("client.key")))
    server.close()
    delivered(driver, 9)
    exactly(server.counted(), lines(1, 10))


@check
def tls_receiver_that_only_talks():
    """Neither a ticket nor a refusal, but octets without end: it gets its messages all the same."""
    def talk(server, connection, n):
        stop = threading.Event()

        def flood():
            while not stop.is_set():
                try:
                    connection.send(b"x" * 16384)
                except OSError:
                    return
        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        server.read(connection, n)
        stop.set()
        thread.join(5)
    server = Stream(talk, server_tls(FOLDER.name, "good", True, tickets=0))
    driver = run(PROGRAM, "syslog", lines(1, 10), port=server.port, **tls(cert=pem("client.pem"), key=pem("client.key")))
    server.close()
    delivered(driver, 9)
    exactly(server.counted(), lines(1, 10))


def tls_refused(words, certificate="good", ask=False, version=None, talk=None, receiver=None, **settings):
    server = receiver or Stream(talk, server_tls(FOLDER.name, certificate, ask, version))
    driver = run(PROGRAM, "syslog", lines(1, 10), port=server.port, **tls(**settings))
    server.close()
    expect(driver.status == 1 and driver.sent()[0] == 0, driver.told)
    expect(re.search(words, driver.trouble[0]), words, "is not in", driver.trouble)
    expect(not any(server.got), "octets were sent")


@check
def tls_wrong_name():
    tls_refused("certificate: .*IP address mismatch", "other")
    tls_refused("certificate: [Hh]ostname mismatch", "other", host="localhost")
    tls_refused("certificate: [Hh]ostname mismatch", "good", server_name="another.example")


@check
def tls_wildcards():
    """A star stands for the whole first label and no other (RFC 9525 6.3)."""
    make_leaf(FOLDER.name, "star", "ca", "DNS:*.siem.example")
    make_leaf(FOLDER.name, "part", "ca", "DNS:lo*.siem.example")
    server = Stream(tls=server_tls(FOLDER.name, "star"))
    delivered(run(PROGRAM, "syslog", lines(1, 10), port=server.port, **tls(server_name="log.siem.example")), 9)
    server.close()
    for certificate, name in (("star", "a.log.siem.example"), ("star", "siem.example"), ("part", "log.siem.example")):
        tls_refused("certificate: [Hh]ostname mismatch", certificate, server_name=name)


@check
def tls_name_as_told():
    for settings in ({"server_name": "siem.example"}, {"host": "localhost"}, {"server_name": "127.0.0.1", "host": "localhost"}):
        server = Stream(tls=server_tls(FOLDER.name, "good"))
        delivered(run(PROGRAM, "syslog", lines(1, 10), port=server.port, **tls(**settings)), 9)
        server.close()


@check
def tls_wrong_ca():
    tls_refused("certificate: .*(unable to get local issuer|self.signed)", "foreign", host="localhost")


@check
def tls_expired():
    tls_refused("certificate: certificate has expired", "expired", host="localhost")


@check
def tls_client_certificate_is_asked_for():
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        tls_refused("alert|closed the connection", ask=True, version=version)
        tls_refused("unknown ca|alert|closed the connection", ask=True, version=version, cert=pem("intruder.pem"), key=pem("intruder.key"))


@check
def tls_too_old():
    context = server_tls(FOLDER.name, "good")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    tls_refused("version|alert|closed", receiver=Stream(tls=context))


@check
def tls_receiver_speaks_no_tls():
    def talk(server, connection, n):
        connection.recv(1000)
        connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
    tls_refused("wrong version number|record", receiver=Stream(talk))


@check
def tls_receiver_says_nothing():
    server = Stream(lambda s, c, n: time.sleep(90))
    driver = run(PROGRAM, "syslog", lines(1, 10), port=server.port, **tls())
    expect(driver.status == 1 and 9 < driver.seconds < 60, driver.seconds, driver.told)


@check
def tls_receiver_closes_half_way():
    def talk(server, connection, n):
        if n > 0:
            return server.read(connection, n)
        server.read(connection, n, 100000)
        return connection.close()
    server, wanted = Stream(talk, server_tls(FOLDER.name, "good"), rcvbuf=8192), lines(1, 3000, 300)
    driver = run(PROGRAM, "syslog", wanted, batch=512, tries=5, pause_ms=50, port=server.port, **tls())
    server.close()
    delivered(driver, len(wanted))
    expect(driver.trouble, driver.told)
    at_least(server.counted(), wanted)


@check
def tls_receiver_that_takes_its_leave_unread():
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        leaves_unread(lambda c: c.unwrap(), server_tls(FOLDER.name, "good", version=version), **tls())


@check
def tls_receiver_does_not_read_for_a_while():
    def talk(server, connection, n):
        time.sleep(18)
        server.read(connection, n)
    server, wanted = Stream(talk, server_tls(FOLDER.name, "good"), rcvbuf=8192), lines(1, 3000, 2000)
    driver = run(PROGRAM, "syslog", wanted, batch=512, tries=10, port=server.port, **tls())
    server.close()
    delivered(driver, len(wanted))
    expect(any("takes nothing" in t for t in driver.trouble) and len(server.got) == 1, driver.told)
    exactly(server.counted(), wanted)


@check
def tls_files_are_looked_at_first():
    bad = [({"ca": ""}, "needs the CA"), ({"ca": pem("none.pem")}, "none.pem: No such file"), ({"ca": pem("good.key")}, "good.key"),
           ({"cert": pem("client.pem"), "key": pem("good.key")}, "good.key: key values mismatch"),
           ({"cert": pem("client.pem"), "key": pem("locked.key")}, "locked.key")]
    for settings, words in bad:
        driver = run(PROGRAM, "syslog", [], port=1, **tls(**settings))
        expect(driver.status == 3 and words in driver.trouble[0] and driver.seconds < 5, driver.told)


@check
def tls_files_are_read_again_at_sighup():
    server = Stream(tls=server_tls(FOLDER.name, "good", True))
    copies = {"cert": pem("copy.pem"), "key": pem("copy.key")}

    def copy(name):
        for kind, path in (("pem", copies["cert"]), ("key", copies["key"])):
            with open(pem(f"{name}.{kind}"), "rb") as a, open(path, "wb") as b:
                b.write(a.read())
    copy("client")
    driver = Driver(PROGRAM, "syslog", port=server.port, **tls(**copies))
    driver.put(lines(1, 3) + [b"!reopen"] + lines(3, 5) + [b"!sent"])
    driver.says("had 4")
    copy("intruder")
    driver.put([b"!reopen"] + lines(5, 6))
    driver.end()
    server.close()
    expect(driver.status == 1 and driver.sent()[0] == 4 and driver.trouble, driver.told)
    expect(len(server.got) == 3, len(server.got), "connections")
    exactly(server.counted(), lines(1, 5))


# ---- this machine ------------------------------------------------------------------------------------------------

def unix_socket(kind, name):
    path = pem(name)
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, kind)
    listener.bind(path)
    return listener, path


@check
def unix_stream_a_record_a_line():
    listener, path = unix_socket(socket.SOCK_STREAM, "stream")
    server, wanted = Stream(listener=listener), lines(1, 2000) + HOSTILE
    driver = run(PROGRAM, "unix", wanted + [b"!raw a\\nb"], batch=512, path=path)
    server.close()
    expect(driver.status == 0 and driver.sent() == (len(wanted) + 1, 1), driver.told)
    expect(bytes(server.got[0]) == b"".join(w + b"\n" for w in wanted), "octets differ")


@check
def unix_reader_that_dies_unread():
    def talk(server, connection, n):
        if n == 0:
            time.sleep(0.5)
            connection.recv(100)
            return connection.close()
        return server.read(connection, n)
    listener, path = unix_socket(socket.SOCK_STREAM, "dies")
    server, wanted = Stream(talk, listener=listener), lines(1, 60)
    driver = run(PROGRAM, "unix", wanted, tries=3, path=path)
    server.close()
    delivered(driver, len(wanted))
    expect(driver.trouble and bytes(server.got[1]) == b"".join(w + b"\n" for w in wanted), driver.told, len(server.got))


@check
def unix_datagrams():
    listener, path = unix_socket(socket.SOCK_DGRAM, "datagram")
    wanted, got = lines(1, 400), []
    listener.settimeout(60)
    reader = threading.Thread(target=lambda: got.extend(listener.recv(1 << 17) for _ in wanted))
    reader.start()
    delivered(run(PROGRAM, "unix", wanted, path=path), len(wanted))
    reader.join()
    expect(got == [w + b"\n" for w in wanted], len(got))
    listener.close()
    driver = run(PROGRAM, "unix", wanted, path=path)
    expect(driver.status == 1 and "Connection refused" in driver.trouble[0], driver.told)


@check
def unix_datagrams_unread_do_not_count():
    listener, path = unix_socket(socket.SOCK_DGRAM, "unread")
    driver = Driver(PROGRAM, "unix", path=path)
    driver.put(lines(1, 4) + [b"!sent"])
    expect(select.select([listener], [], [], 60)[0], "nothing came")
    time.sleep(0.5)
    listener.close()
    driver.end()
    expect(driver.status == 1 and driver.sent()[0] == 0, driver.told)


@check
def local_as_syslog_3():
    listener, path = unix_socket(socket.SOCK_DGRAM, "log")
    listener.settimeout(60)
    driver = Driver(PROGRAM, "syslog", transport="local", path=path, facility=16)
    driver.put([b'{"event_type":"alert"}', b"!sent"])
    got = listener.recv(9999)
    delivered(driver.end(), 1)
    expect(re.fullmatch(rb'<129>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d postwacht\[\d+\]: \{"event_type":"alert"\}', got), got)


@check
def local_stream_ends_with_nul():
    listener, path = unix_socket(socket.SOCK_STREAM, "logstream")
    server = Stream(listener=listener)
    delivered(run(PROGRAM, "syslog", lines(1, 4), transport="local", path=path), 3)
    server.close()
    messages = bytes(server.got[0]).split(b"\0")
    expect(len(messages) == 4 and messages[3] == b"" and messages[2].endswith(lines(3, 4)[0]), messages)


@check
def local_nobody_there():
    driver = run(PROGRAM, "syslog", lines(1, 4), transport="local", path=pem("nobody"))
    expect(driver.status == 1 and "No such file" in driver.trouble[0], driver.told)


def main():
    make_certificates(FOLDER.name)
    checks = [c for c in CHECKS if len(sys.argv) < 3 or re.search(sys.argv[2], c.__name__)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:  # most of the time is waiting
        passed = sum(pool.map(attempt, checks))
    print(f"{passed} passed, {len(checks) - passed} failed")
    return 0 if passed == len(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
