#!/usr/bin/env python3
"""The parsers of the ends' logs: a table of lines that real programs wrote, and the connections that they tell of."""
import dataclasses
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import truth  # noqa: E402 pylint: disable=wrong-import-position


@dataclasses.dataclass
class Mx:
    """What a parser asks of a host."""
    v4: str = "198.51.100.7"
    v6: str = "2001:db8:51::7"


HOST, SMTP = "mx.a.example[198.51.100.7]", "Nov 27 02:44:12 client postfix/smtp[908]: "
MADE = f"{SMTP}Untrusted TLS connection established to {HOST}:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n"
SMTPD = "Nov 27 02:44:12 client postfix/smtpd[7]: "
AT = "2026-11-27 02:44:12 1xWlwN-00004a-26 "
AES13 = {"version": "TLS 1.3", "cipher": "TLS_AES_256_GCM_SHA384"}
AES12 = {"version": "TLS 1.2", "cipher": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"}


def status(queue_id, what, more=""):
    """Postfix's line about a delivery."""
    return f"{SMTP}{queue_id}: to=<bob@a.example>, relay={HOST}:25, {more}delay=0, delays=0/0/0/0, dsn=2.0.0, status={what}\n"


# Name, kind of log, text, (server, tls, mails, mails in clear) of each connection.
ROWS = [
    ("Postfix sends over TLS", "postfix-client", MADE + status("A1", "sent (250 Ok)"), [("198.51.100.7", AES13, 1, 0)]),
    ("Postfix sends in clear", "postfix-client", status("A1", "sent (250 Ok)"), [("198.51.100.7", None, 1, 1)]),
    ("two mails on one connection", "postfix-client", MADE + status("A1", "sent (250 Ok)") + status("B2", "sent (250 Ok)", "conn_use=2, "),
     [("198.51.100.7", AES13, 2, 0)]),
    ("two recipients of one mail", "postfix-client", status("A1", "sent (250 Ok)") + status("A1", "sent (250 Ok)"),
     [("198.51.100.7", None, 1, 1)]),
    ("two connections in clear", "postfix-client", status("A1", "sent (250 Ok)") + status("B2", "sent (250 Ok)"),
     [("198.51.100.7", None, 1, 1)] * 2),
    ("the recipient is refused", "postfix-client", status("A1", f"bounced (host {HOST} said: 554 no (in reply to RCPT TO command))"),
     [("198.51.100.7", None, 1, 1)]),
    ("no STARTTLS at a DANE host", "postfix-client",
     status("A1", f"deferred (TLS is required, but was not offered by host {HOST})"), [("198.51.100.7", None, 0, 0)]),
    ("the next host is better", "postfix-client",
     f"{SMTP}A1: TLS is required, but was not offered by host mx1.a.example[198.51.100.6]\n" + MADE + status("A1", "sent (250 Ok)"),
     [("198.51.100.6", None, 0, 0), ("198.51.100.7", AES13, 1, 0)]),
    ("no connection at all", "postfix-client", f"{SMTP}A1: to=<bob@a.example>, relay=none, delay=0, status=bounced (nullMX)\n", []),
    ("Exim sends over TLS", "exim-client", AT + "=> bob@a.example R=out T=out H=mx.a.example DS [198.51.100.7]:25 "
     "X=TLS1.2:ECDHE_SECP256R1__RSA_SHA256__AES_256_GCM:256 CV=dane DN=\"CN=mx\" K C=\"250 Ok\"\n", [("198.51.100.7", AES12, 1, 0)]),
    ("Exim falls back", "exim-client", AT + "TLS session: (gnutls_handshake): Error in protocol version: delivering unencrypted to "
     "H=mx.a.example [198.51.100.7] (not in hosts_require_tls)\n" + AT + "=> bob@a.example R=out T=out H=mx.a.example [198.51.100.7]:25 K\n",
     [("198.51.100.7", None, 0, 0), ("198.51.100.7", None, 1, 1)]),
    ("Exim's recipient is refused", "exim-client", AT + "** bob@a.example R=out T=out H=mx.a.example [198.51.100.7]:25: SMTP error from "
     "remote mail server after RCPT TO:<bob@a.example>: 554 no\n", [("198.51.100.7", None, 1, 1)]),
    ("OpenSMTPD sends over TLS", "opensmtpd-client", "a2b2ff646b6675df mta connecting address=smtp://198.51.100.7:25 host=198.51.100.7\n"
     "a2b2ff646b6675df mta connected\na2b2ff646b6675df mta tls ciphers=TLSv1.3:TLS_AES_256_GCM_SHA384:256\n"
     "a2b2ff646b6675df mta delivery evpid=7f to=<bob@a.example> result=\"Ok\" stat=\"250 2.0.0 Ok\"\n", [("198.51.100.7", AES13, 1, 0)]),
    ("swaks over TLS", "swaks", "=== Trying 198.51.100.7:25...\n=== Connected to 198.51.100.7.\n -> STARTTLS\n<-  220 2.0.0 Ready\n"
     "=== TLS started with cipher TLSv1.3:TLS_AES_256_GCM_SHA384:256\n ~> MAIL FROM:<alice@sender.example>\n<~  250 2.1.0 Ok\n",
     [("198.51.100.7", AES13, 1, 0)]),
    ("swaks is told 530", "swaks", "=== Connected to 198.51.100.7.\n -> MAIL FROM:<alice@sender.example>\n<** 530 5.7.0 No\n",
     [("198.51.100.7", None, 0, 0)]),
    ("Postfix takes a mail over TLS", "postfix-server", f"{SMTPD}connect from unknown[192.0.2.10]\n{SMTPD}Anonymous TLS connection established "
     "from unknown[192.0.2.10]: TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)\n"
     f"{SMTPD}disconnect from unknown[192.0.2.10] ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7\n", [("198.51.100.7", AES12, 1, 0)]),
    ("Postfix refuses MAIL, over IPv6", "postfix-server", f"{SMTPD}connect from unknown[2001:db8::10]\n"
     f"{SMTPD}disconnect from unknown[2001:db8::10] ehlo=1 mail=0/1 quit=1 commands=2/3\n", [("2001:db8:51::7", None, 0, 0)]),
    ("Exim takes a mail", "exim-server", "2026-11-27 02:44:12 SMTP connection from [192.0.2.10]:4711 I=[198.51.100.7]:25 (TCP/IP connection "
     "count = 1)\n" + AT + "<= alice@sender.example H=(client.sender.example) [192.0.2.10]:4711 I=[198.51.100.7]:25 P=esmtps "
     "X=TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256 CV=no S=700\n", [("198.51.100.7", AES13, 1, 0)]),
]


def main():
    failed = 0
    for name, kind, text, wanted in ROWS:
        found = truth.SENDERS[kind](text) if kind in truth.SENDERS else truth.SERVERS[kind](text, Mx())
        found = [(c["server"], c["tls"], c["mails"], c["in_clear"]) for c in found]
        if found != wanted:
            failed += 1
            print(f"FAILED {name}\n  {found}\n  expected {wanted}")
    print(f"{len(ROWS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
