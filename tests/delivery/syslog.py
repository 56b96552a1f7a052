#!/usr/bin/env python3
"""Syslog and unix sockets against receivers that read, stop reading, close, reset, refuse, and lie about who they are.

    syslog.py SINKDRIVE [PATTERN]

Each check says what it is of; the last line: N passed, N failed. Everything is on loopback.
"""
import concurrent.futures
import os
import re
import socket
import ssl
import sys
import tempfile
import threading
import time
import warnings

from syslog_kit import HEAD, Driver, Stream, body, lines, make_certificates, reset, run, server_tls, split_counted

PROGRAM = sys.argv[1]
CHECKS = []
HOSTILE = [b'{"a":"x <13>1 2026-11-23T20:42:09Z h a 1 m - forged"}', b'{"a":"10 <13>1 - - - - - -"}', b'{"a":"]\\" [x@1 y=\\"z\\"]"}',
           b"{\"a\":\"\xc3\xa9\xe2\x82\xac\"}", b'{"a":"' + b"y" * 7000 + b'"}']


def check(function):
    CHECKS.append(function)
    return function


def expect(condition, *what):
    if not condition:
        raise AssertionError(" ".join(map(str, what)))


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
    server, wanted = Stream(talk), lines(1, 3000, 500)
    driver = run(PROGRAM, "syslog", wanted, batch=512, tries=5, pause_ms=50, port=server.port, **tcp())
    server.close()
    delivered(driver, len(wanted))
    expect(driver.trouble, driver.told)
    at_least(server.counted(), wanted)


@check
def tcp_receiver_restarts_between_batches_unnoticed():
    def talk(server, connection, n):
        server.read(connection, n, 1)
        time.sleep(0.1)
        connection.setblocking(False)
        server.got[n] += connection.recv(1 << 16)
        connection.close()
    server, wanted = Stream(talk), lines(1, 9)
    driver = run(PROGRAM, "syslog", wanted, batch=2, wait_ms=300, port=server.port, **tcp())
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
def tcp_receiver_does_not_read_for_15_s():
    def talk(server, connection, n):
        time.sleep(15)
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


@check
def what_is_unfinished_is_not_delivered_by_halves():
    """Given up with octets on their way: the receiver sees a reset, not an end behind half a message."""
    def talk(server, connection, n):
        server.read(connection, n, 1)
        time.sleep(2)
        server.read(connection, n)
    server = Stream(talk, rcvbuf=8192)
    driver = Driver(PROGRAM, "syslog", lines(1, 2000, 3000), port=server.port, framing="lf", **tcp())
    threading.Timer(1, driver.process.terminate).start()
    driver.end()
    server.close()
    expect(driver.status == 1 and server.ends == ["reset"], driver.told, server.ends)


@check
def the_end_of_the_sensor_is_not_waited_for():
    server = Stream(lambda s, c, n: time.sleep(20), rcvbuf=8192)
    driver = Driver(PROGRAM, "syslog", lines(1, 2000, 3000), port=server.port, **tcp())
    threading.Timer(1, driver.process.terminate).start()
    driver.end()
    expect(driver.status == 1 and driver.seconds < 3, driver.seconds, driver.told)


@check
def tcp_several_addresses():
    """localhost is both; whoever listens at one of them is found."""
    server, wanted = Stream(), lines(1, 3)
    delivered(run(PROGRAM, "syslog", wanted, transport="tcp", host="localhost", port=server.port), 2)
    server.close()
    exactly(server.counted(), wanted)
    driver = run(PROGRAM, "syslog", wanted, transport="tcp", host="no-such-name.invalid", port=1)
    expect(driver.status == 1 and "no-such-name.invalid:1" in driver.trouble[0], driver.told)


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
    server = Stream(lambda s, c, n: time.sleep(30))
    driver = run(PROGRAM, "syslog", lines(1, 10), port=server.port, **tls())
    expect(driver.status == 1 and 9 < driver.seconds < 13, driver.seconds, driver.told)


@check
def tls_receiver_closes_half_way():
    def talk(server, connection, n):
        if n > 0:
            return server.read(connection, n)
        server.read(connection, n, 100000)
        return connection.close()
    server, wanted = Stream(talk, server_tls(FOLDER.name, "good")), lines(1, 3000, 300)
    driver = run(PROGRAM, "syslog", wanted, batch=512, tries=5, pause_ms=50, port=server.port, **tls())
    server.close()
    delivered(driver, len(wanted))
    expect(driver.trouble, driver.told)
    at_least(server.counted(), wanted)


@check
def tls_receiver_does_not_read_for_a_while():
    def talk(server, connection, n):
        time.sleep(12)
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
    copy("intruder")
    driver = Driver(PROGRAM, "syslog", port=server.port, tries=60, pause_ms=100, **tls(**copies))
    driver.put(lines(1, 3) + [b"!close"])
    time.sleep(1)
    copy("client")
    driver.process.kill()
    driver.end()
    driver = Driver(PROGRAM, "syslog", port=server.port, **tls(**copies))
    driver.put(lines(1, 3) + [b"!reopen"] + lines(3, 5))
    time.sleep(1)
    copy("intruder")
    driver.put([b"!reopen"] + lines(5, 6))
    driver.end()
    server.close()
    expect(driver.status == 1 and driver.sent()[0] == 4 and driver.trouble, driver.told)
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
    server, wanted = Datagrams.__new__(Datagrams), lines(1, 400)
    server.socket = listener
    listener.settimeout(1)
    got = []
    reader = threading.Thread(target=lambda: got.extend(server.read()))
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
    driver = Driver(PROGRAM, "unix", lines(1, 4), path=path)
    driver.put([])
    time.sleep(0.5)
    driver.process.stdin.write(b"".join(w + b"\n" for w in lines(1, 4)))
    driver.process.stdin.close()
    driver.process.stdin = None
    driver.messages = []
    time.sleep(0.5)
    listener.close()
    driver.process.wait(20)
    told = driver.process.stderr.read().decode()
    expect(driver.process.returncode == 1 and "sent 0" in told, told)


@check
def local_as_syslog_3():
    listener, path = unix_socket(socket.SOCK_DGRAM, "log")
    listener.settimeout(2)
    driver = Driver(PROGRAM, "syslog", [b'{"event_type":"alert"}'], transport="local", path=path, facility=16)
    driver.put([])
    driver.process.stdin.write(b'{"event_type":"alert"}\n')
    driver.process.stdin.close()
    driver.process.stdin, driver.messages = None, []
    got = listener.recv(9999)
    expect(driver.process.wait(10) == 0, driver.process.stderr.read())
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


def attempt(one):
    began = time.monotonic()
    try:
        one()
        print(f"ok   {one.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
        return True
    except Exception as error:  # pylint: disable=broad-except
        print(f"FAIL {one.__name__}: {type(error).__name__}: {error}", flush=True)
        return False


def main():
    make_certificates(FOLDER.name)
    checks = [c for c in CHECKS if len(sys.argv) < 3 or re.search(sys.argv[2], c.__name__)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:  # most of the time is waiting
        passed = sum(pool.map(attempt, checks))
    print(f"{passed} passed, {len(checks) - passed} failed")
    return 0 if passed == len(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
