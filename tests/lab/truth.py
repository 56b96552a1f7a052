"""What the ends of a scenario wrote of it themselves: truth.json, for either tap.

Each parser takes the log of one end and gives its connections across the path, in order: server (address), tls (None,
or version and cipher as a record names them), mails (MAIL commands that were accepted; Exim's server tells of whole
messages only), in_clear (those of them outside TLS). `tls.cipher` is None where the log does not name the suite.
"""
import functools
import re
import subprocess

import truth_more

VERSIONS = {"TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1", "TLSv1.2": "TLS 1.2", "TLSv1.3": "TLS 1.3",
            "TLS1.0": "TLS 1.0", "TLS1.1": "TLS 1.1", "TLS1.2": "TLS 1.2", "TLS1.3": "TLS 1.3"}
LATER = r"(?:in reply to|after) (?:pipelined )?(?:RCPT TO|DATA|end of (?:DATA|data))"  # MAIL was accepted before this was refused
HASHES = {"AES_256_GCM": "SHA384", "AES_128_GCM": "SHA256", "CHACHA20_POLY1305": "SHA256"}


@functools.cache
def iana():
    """OpenSSL's names of suites, and those of the registry."""
    lines = subprocess.run(["openssl", "ciphers", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    return {line.split()[2]: line.split()[0] for line in lines}


def tls(version, cipher):
    """As a record says it."""
    return {"version": VERSIONS.get(version, version), "cipher": iana().get(cipher)}


def gnutls(text):
    """TLS1.2:ECDHE_SECP256R1__RSA_SHA256__AES_256_GCM:256, as Exim's X= has it."""
    version, suite, *_ = text.split(":")
    parts = suite.split("__")
    if parts[-1] not in HASHES:
        return {"version": VERSIONS[version], "cipher": None}
    signed = "_ECDSA" if "ECDSA" in parts[-2] else "_RSA"
    exchange = "" if version == "TLS1.3" else f"{parts[0].split('_')[0]}{signed}_WITH_"
    return {"version": VERSIONS[version], "cipher": f"TLS_{exchange}{parts[-1]}_{HASHES[parts[-1]]}"}


def connection(server, of_tls=None, mails=0):
    """One connection; what is in clear follows."""
    return {"server": server, "tls": of_tls, "mails": mails, "in_clear": 0}


def settled(connections):
    """Mails outside TLS are in clear."""
    for c in connections:
        c["in_clear"] = 0 if c["tls"] else c["mails"]
    return connections


# ---- servers: which of the host's addresses it was follows from the client's family ------------------------------

def at(mx, peer):
    """The address of this host that the client spoke to."""
    return mx.v6 if ":" in peer else mx.v4


def postfix_server(text, mx):
    """smtpd_tls_loglevel = 1: connect, TLS connection established, disconnect with its counts."""
    out, open_by = [], {}
    for line in text.splitlines():
        found = re.search(r"/smtpd\[(\d+)\]: (.*)", line)
        if not found:
            continue
        pid, said = found.groups()
        peer = re.match(r"connect from \S+\[(.*)\]", said)
        made = re.match(r".* TLS connection established from \S+: (\S+) with cipher (\S+)", said)
        counts = re.match(r"disconnect from .* commands=\d", said)
        if peer:
            open_by[pid] = connection(at(mx, peer[1]))
            out.append(open_by[pid])
        elif made:
            open_by[pid]["tls"] = tls(*made.groups())
        elif counts:
            mails = re.search(r" mail=(\d+)", said)
            open_by[pid]["mails"] = int(mails[1]) if mails else 0
    return settled(out)


def exim_server(text, mx):
    """log_selector +smtp_connection: a line for each connection, and for each mail."""
    out, open_by = [], {}
    for line in text.splitlines():
        opened = re.search(r"SMTP connection from (?:\S+ )?\[(.*?)\]:(\d+) .*\(TCP/IP connection count", line)
        took = re.search(r"<= .* \[(.*?)\]:(\d+) .*P=esmtp(s?)\S*(?: X=(\S+))?", line)
        if opened:
            open_by[opened.groups()] = connection(at(mx, opened[1]))
            out.append(open_by[opened.groups()])
        elif took:
            c = open_by[took.groups()[:2]]
            c["mails"] += 1
            c["tls"] = gnutls(took[4]) if took[3] else None
    return settled(out)


def nobody(text, mx):
    """Nobody listens: nothing is there."""
    return []


# ---- senders ---------------------------------------------------------------------------------------------------

def postfix_client(text):
    """smtp_tls_loglevel = 1: TLS connection established, and a status line that names the relay."""
    out, open_by, last_mail = [], {}, {}
    for line in text.splitlines():
        found = re.search(r"/smtp\[(\d+)\]: (.*)", line)
        if not found:
            continue
        pid, said = found.groups()
        made = re.match(r".* TLS connection established to \S+?\[([^]]*)\]:25: (\S+) with cipher (\S+)", said)
        status = re.match(r"(\S+): to=.* relay=\S+?\[([^]]*)\]:25, (conn_use=\d+, )?.*status=(\w+)", said)
        trouble = re.match(r"(?:\S+: )?(?:SSL_connect error to|TLS is required, but was not offered by host|"
                           r"Cannot start TLS: handshake failure.*|Server certificate not \w+|"
                           r"host (?=\S+ refused to talk)).*?(?:\[([^]]*)\]|$)", said)
        if made:
            open_by[pid] = connection(made[1], tls(made[2], made[3]))
            out.append(open_by[pid])
        elif status:
            again = last_mail.get(pid) == (status[1], status[2])
            c = open_by.get(pid)
            if not c or c["server"] != status[2] or (c.get("told") and not again and not status[3]):
                open_by[pid] = c = connection(status[2])
                out.append(c)
            c["mails"] += bool(status[4] == "sent" or re.search(LATER, said)) and not again
            c["told"], last_mail[pid] = True, (status[1], status[2])
        elif trouble and trouble[1] and (not open_by.get(pid) or open_by[pid]["server"] != trouble[1]):
            open_by[pid] = connection(trouble[1])
            out.append(open_by[pid])
    for c in out:
        c.pop("told", None)
    return settled(out)


def exim_client(text):
    """A delivery line names host and suite; another one says that a handshake failed."""
    out = []
    for line in text.splitlines():
        failed = re.search(r"TLS session: .*delivering unencrypted to H=\S+ (?:DS )?\[(.*?)\]", line)
        sent = re.search(r" => .* H=\S+ (?:DS )?\[(.*?)\]", line)
        fell_back = re.search(r" TLS session: .*: delivering unencrypted to H=\S+ (?:DS )?\[(.*?)\]", line)
        put_off = fell_back or re.search(r" H=\S+ (?:DS )?\[(.*?)\](?::25)?: .*(?:TLS|certificate|DANE|SMTP error)", line)
        if sent:
            suite = re.search(r" X=(\S+)", line)
            out.append(connection(sent[1], gnutls(suite[1]) if suite else None, 1))
        elif failed or put_off:
            out.append(connection((failed or put_off)[1], None, int(bool(re.search(LATER, line)))))
    return settled(out)


def opensmtpd_client(text):
    """Session ids: connected, tls, delivery."""
    out, by_id = [], {}
    for line in text.splitlines():
        session, _, said = line.partition(" ")
        opened = re.match(r"mta connecting .*?(?:address=|smtps?(?:\+\w+)?://)([0-9a-f.:]+?)(?::25| |$)", said)
        made = re.match(r"mta tls ciphers=(?:version=)?(TLSv[\d.]+)[:,](?:cipher=)?([\w-]+)", said)
        if opened:
            by_id[session] = connection(opened[1])
            out.append(by_id[session])
        elif made and session in by_id:
            by_id[session]["tls"] = tls(*made.groups())
        elif said.startswith("mta delivery") and "result=\"Ok\"" in said and session in by_id:
            by_id[session]["mails"] += 1
    return settled(out)


def swaks(text):
    """Its transcript: < and > are in clear, with ~ in TLS."""
    out, asked = [], False
    for line in text.splitlines():
        opened = re.match(r"=== Connected to (\S+?)\.?$", line)
        made = re.match(r"=== TLS started with cipher (\S+?):(\S+?):", line)
        if opened:
            out.append(connection(opened[1]))
        elif made:
            out[-1]["tls"] = tls(*made.groups())
        elif re.match(r" [-~]> MAIL", line):
            asked = True
        elif asked and re.match(r"<[-~*]", line):
            out[-1]["mails"] += line[4:5] == "2"
            asked = False
    return settled(out)


def talk(text):
    """talk.py repeats what was said; it knows no TLS."""
    out = []
    for line in text.splitlines():
        opened = re.match(r"connected to (\S+)", line)
        if opened:
            out.append(connection(opened[1]))
        out[-1]["mails"] += line == "MAIL: 250"
    return settled(out)


SERVERS = {"postfix-server": postfix_server, "exim-server": exim_server, "nobody": nobody,
           "dovecot-lmtp": lambda text, mx: settled(truth_more.dovecot(text, mx, connection, at))}
SENDERS = {"postfix-client": postfix_client, "exim-client": exim_client, "opensmtpd-client": opensmtpd_client, "swaks": swaks, "talk": talk,
           "postfix-lmtp": lambda text: truth_more.postfix_lmtp(text, postfix_client), "operator": lambda text: [],
           "msmtp": lambda text: settled(truth_more.msmtp(text, connection))}


def outside(senders):
    """What the senders say of it, one after the other."""
    return [c for sender in senders for c in SENDERS[sender.kind](sender.log())]


def inside(hosts):
    """What the servers say of it, host by host."""
    return [c for mx in hosts for c in SERVERS[mx.server.kind](mx.server.log(mx), mx)]
