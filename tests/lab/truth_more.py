"""What the ends of ends_more.py wrote of it: further parsers of the kind of truth.py, which has the form."""
import re


def dovecot(text, mx, connection, at):
    """Dovecot's LMTP with verbose_ssl: connects, what OpenSSL says of the handshake, and mails saved."""
    out, open_by = [], {}
    for line in text.splitlines():
        opened = re.search(r"lmtp\((\d+)\): Info: Connect from (\S+)", line)
        sealed = re.search(r"lmtp\((\d+)\): .*SSL negotiation finished successfully", line)
        saved = re.search(r"lmtp\([^)]*\)<(\d+)>.*: saved mail to ", line)
        if opened:
            open_by[opened[1]] = connection(at(mx, opened[2]))
            out.append(open_by[opened[1]])
        elif sealed:
            open_by[sealed[1]]["tls"] = {"version": "TLS 1.3", "cipher": None}  # the configuration allows no other
        elif saved:
            open_by[saved[1]]["mails"] += 1
    return out


def postfix_lmtp(text, postfix_client):
    """Postfix' lmtp(8) writes what its smtp(8) writes, under its own name and of port 24."""
    return postfix_client(text.replace("/lmtp[", "/smtp[").replace("]:24", "]:25"))


def msmtp(text, connection):
    """msmtp --debug: its dialogue, with the TLS in words of GnuTLS, `(TLS1.3)-(ECDHE-X25519)-...`."""
    out = []
    for line in text.splitlines():
        opened = re.match(r"<-- 220 .*", line) and not out
        made = re.match(r"\s+\(TLS([\d.]+)(?:-\w+)?\)-", line)
        if opened:
            out.append(connection(re.search(r"^host += (\S+)", text, re.M)[1]))
        elif made:
            out[-1]["tls"] = {"version": f"TLS {made[1]}", "cipher": None}
        elif re.match(r"<-- 250 .*queued as", line):
            out[-1]["mails"] += 1
    return out
