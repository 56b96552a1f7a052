"""What is asked and what must come of it: domains below `example.`, and rows of (name, wanted)."""
import zones

HEX = "ab" * 32
GOOD = f"3 1 1 {HEX}"


def mx(name="mx", tlsa=(GOOD,), **more):
    """A mail host; nobody listens there."""
    return zones.Mx(name=name, tlsa=tlsa, v4="198.51.100.7", **more)


def domain(label, *hosts, **more):
    """LABEL.example."""
    made = zones.Domain(label=label, name=f"{label}.example", mx=hosts, **more)
    for host in hosts:
        host.origin = made.name
    return made


def chain(n):
    """mx, an alias of an alias ..."""
    return "@ MX 10 c0.{domain}.\n" + "".join(f"c{i} CNAME c{i + 1}.{{domain}}.\n" for i in range(n)) + f"c{n} A 198.51.100.7\n"


OLD_WEB = "203.0.113.97"
STS = '_mta-sts TXT "v=STSv1; id=20260101;"\nmta-sts A 203.0.113.80\n'
STS_LABELS = ("ok", "lf", "testing", "none", "mode", "nomx", "version", "age", "line", "badmx", "large", "empty", "redirect", "404", "type",
              "header", "wrong", "expired", "tls11", "slow")

DOMAINS = [
    domain("ok", mx(), more='_smtp._tls TXT "v=TLSRPTv1; rua=mailto:a@{domain}"\n'),
    domain("nsec3", mx(tlsa=()), signed="nsec3"),
    domain("none", mx(tlsa=())),
    domain("unusable", mx(tlsa=(f"0 0 1 {HEX}", "3 1 1 abcd"))),
    domain("some", mx(tlsa=(f"1 0 1 {HEX}", GOOD))),
    domain("unsigned", mx(), signed="", more=f"_25._tcp.mx TLSA {GOOD}\n"),
    domain("expired", mx(), broken="expired"),
    domain("bogus", mx(), broken="bogus-tlsa"),
    domain("null", null_mx=True),
    domain("implicit", more=f"@ A 198.51.100.7\n_25._tcp TLSA {GOOD}\n"),
    domain("loop", more="@ MX 10 mx.{domain}.\nmx CNAME a.{domain}.\na CNAME b.{domain}.\nb CNAME a.{domain}.\n"),
    domain("long", more=chain(10)),
    domain("alias", mx(cname="other")),
    domain("tlsa-alias", mx(tlsa_at="shared")),
    domain("out", more=f"@ MX 10 mx.{{domain}}.\nmx CNAME mx.unsigned.example.\n_25._tcp.mx TLSA {GOOD}\n"),
    domain("stop", more=f"@ MX 10 mx.{{domain}}.\nmx CNAME mx.bogus.example.\n_25._tcp.mx TLSA {GOOD}\n"),
    domain("through", more="@ MX 10 mx.{domain}.\nmx CNAME mx.ok.example.\n"),
    domain("many", mx(tlsa=tuple(f"3 1 1 {i:064x}" for i in range(600)))),
    domain("huge", mx(tlsa=tuple(f"3 1 1 {i:064x}" for i in range(5000)))),
    domain("hosts", more="".join(f"@ MX {i} h{i}.{{domain}}.\nh{i} A 198.51.100.8\n" for i in range(200))),
    domain("odd", mx(), more="@ MX 20 _odd.{domain}.\n"),
    domain("dots", more="@ MX 10 a\\.b.{domain}.\n"),
    *[domain(f"sts-{label}", mx(tlsa=()), more=STS.replace("203.0.113.80", OLD_WEB) if label == "tls11" else STS) for label in STS_LABELS],
    domain("sts-two", mx(tlsa=()), more=STS + '_mta-sts TXT "v=STSv1; id=2;"\n'),
    domain("sts-loopback", mx(tlsa=()), more=STS.replace("203.0.113.80", "127.0.0.1")),
    domain("sts-nohost", mx(tlsa=()), more='_mta-sts TXT "v=STSv1; id=1;"\n'),
]

# Each: members of `policy lookup --json` by their path; "..." at the end of a text is "begins so".
HOST, SET = "snapshot.domains.{}.mx.hosts.0", "snapshot.domains.{}.mx.hosts.0.tlsa"
MX = "snapshot.domains.{}.mx"


def sts(mode, fault="", decision="none", **more):
    """What is wanted of an MTA-STS row."""
    wanted = {"decision": decision, "snapshot.domains.{}.mta_sts.mode": mode}
    if fault:
        wanted["snapshot.domains.{}.mta_sts.fault"] = fault
    return {**wanted, **more}


FETCH, INVALID, PKI = "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid"
ROWS = {
    "ok": {"decision": "dane", MX + ".dnssec": "secure", HOST + ".addresses.dnssec": "secure", SET + ".dnssec": "secure",
           SET + ".records": [GOOD], SET + ".base": "mx.ok.example", "snapshot.domains.{}.tlsrpt": True},
    "nsec3": {"decision": "none", SET + ".dnssec": "secure", SET + ".records": []},
    "none": {"decision": "none", SET + ".dnssec": "secure", SET + ".records": []},
    "unusable": {"decision": "encrypt"},
    "some": {"decision": "dane", "hosts.0.tlsa.0.counts": False, "hosts.0.tlsa.1.counts": True},
    "unsigned": {"decision": "none", MX + ".dnssec": "insecure", HOST + ".addresses.dnssec": "insecure", SET + ".dnssec": "insecure"},
    "expired": {"decision": "undecided", MX + ".dnssec": "bogus"},
    "bogus": {"decision": "undecided", HOST + ".addresses.dnssec": "secure", SET + ".dnssec": "bogus", HOST + ".denial_broken": True},
    "null": {"decision": "no_mail"},
    "implicit": {"decision": "dane", "hosts.0.name": "implicit.example"},
    "nosuch": {"decision": "no_mail", MX + ".dnssec": "secure"},
    "loop": {"decision": "undecided", HOST + ".addresses.dnssec": "indeterminate"},
    "long": {"decision": "undecided", HOST + ".addresses.dnssec": "indeterminate"},
    "alias": {"decision": "dane", SET + ".base": "mx.alias.example"},
    "tlsa-alias": {"decision": "dane", SET + ".base": "mx.tlsa-alias.example", SET + ".records": [GOOD]},
    "out": {"decision": "dane", HOST + ".addresses.dnssec": "insecure", SET + ".dnssec": "secure", SET + ".base": "mx.out.example"},
    "stop": {"decision": "undecided", SET + ".dnssec": "bogus", SET + ".base": "mx.bogus.example"},
    "through": {"decision": "dane", SET + ".base": "mx.ok.example"},
    "moved": {"decision": "dane", "hosts.0.name": "mx.ok.example"},
    "many": {"decision": "dane", SET + ".more": True},
    "huge": {"decision": "undecided", SET + ".dnssec": "indeterminate"},
    "hosts": {"decision": "undecided", MX + ".more": True},
    "odd": {"decision": "undecided", MX + ".more": True, "hosts.0.decision": "dane"},
    "dots": {"decision": "undecided", MX + ".more": True},
    "silent": {"decision": "undecided", MX + ".dnssec": "indeterminate"},
    "lying": {"decision": "undecided", MX + ".dnssec": "indeterminate"},
    "keytrap": {"decision": "undecided"},
    "sts-ok": sts("enforce", decision="sts"),
    "sts-lf": sts("enforce", decision="sts"),
    "sts-testing": sts("testing", decision="testing"),
    "sts-none": sts("none"),
    "sts-mode": sts("unknown", INVALID),
    "sts-nomx": sts("unknown", INVALID),
    "sts-version": sts("unknown", INVALID),
    "sts-age": sts("unknown", INVALID),
    "sts-line": sts("unknown", INVALID),
    "sts-badmx": sts("unknown", INVALID),
    "sts-large": sts("unknown", INVALID),
    "sts-empty": sts("unknown", INVALID),
    "sts-redirect": sts("unknown", FETCH),
    "sts-404": sts("unknown", FETCH),
    "sts-type": sts("unknown", INVALID),
    "sts-header": sts("unknown", INVALID),
    "sts-wrong": sts("unknown", PKI),
    "sts-expired": sts("unknown", PKI),
    "sts-tls11": sts("unknown", FETCH),
    "sts-slow": sts("unknown", FETCH),
    "sts-two": sts("absent", INVALID),
    "sts-loopback": sts("unknown", FETCH),
    "sts-nohost": sts("unknown", FETCH),
}
SLOW = {"sts-slow"}  # a minute: only when asked for
