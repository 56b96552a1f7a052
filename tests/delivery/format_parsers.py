"""CEF, LEEF and EVE read by another hand, and what of a record is meant to stand in which field: written from the formats' papers and
docs/delivery.md, not from the program's tables.
"""
import calendar
import re
import time

# What is named instead of sent: controls, separators of lines and paragraphs, the invisible and what turns text round, what is no
# character.
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
                   "\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff" + "".join(chr(plane << 16 | low) for plane in range(1, 17) for low in (0xFFFE, 0xFFFF)) + "]")


class Malformed(Exception):
    """No message of that format."""


def name_of(character):
    """How a character is written that is only named."""
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


# ---- reading -----------------------------------------------------------------------------------------------------------


def split_unescaped(text, separator, times):
    """At the first `times` separators that no backslash takes."""
    parts, part, rest = [], "", iter(range(len(text)))
    for at in rest:
        if text[at] == "\\" and at + 1 < len(text):
            part += text[at:at + 2]
            next(rest)
        elif text[at] == separator:
            parts.append(part)
            part = ""
            if len(parts) == times:
                return parts + [text[at + 1:]]
        else:
            part += text[at]
    raise Malformed(f"only {len(parts)} separators")


def unescape(text, letters):
    """Without the backslashes; any that is before something else is an error."""
    out, rest = "", iter(text)
    for character in rest:
        if character != "\\":
            out += character
            continue
        taken = next(rest, None)
        if taken not in letters:
            raise Malformed(f"an escape that is none: \\{taken}")
        out += letters[taken]
    return out


def read_cef(line):
    """(header, fields): the header's seven parts, the extension as a dictionary."""
    header = [unescape(p, {"\\": "\\", "|": "|"}) for p in split_unescaped(line, "|", 7)[:7]]
    extension = split_unescaped(line, "|", 7)[7]
    fields, at = {}, 0
    key = re.compile(r"(?:^| )([A-Za-z0-9]+)=")
    while at < len(extension):
        start = key.match(extension, at)
        if not start:
            raise Malformed(f"no field at {extension[at:at + 20]!r}")
        after = next((m.start() for m in key.finditer(extension, start.end())), len(extension))
        if start[1] in fields:
            raise Malformed(f"{start[1]} twice")
        value = extension[start.end():after]
        if re.search(r"(?<!\\)(?:\\\\)*=", value):
            raise Malformed("a bare equals sign")
        fields[start[1]] = unescape(value, {"\\": "\\", "=": "=", "n": "\n", "r": "\r"})
        at = after
    return header, fields


def read_cef_simply(line):
    """Keys only, as found by the one expression that many receivers have: it knows nothing of escapes."""
    return re.findall(r"(?:^|\s)(\w+)=(?=.*?(?:\s\w+=|$))", split_unescaped(line, "|", 7)[7])


def read_leef(line):
    """(header, fields) of LEEF 2.0."""
    parts = line.split("|", 6)
    if len(parts) != 7 or parts[0] != "LEEF:2.0" or len(parts[5]) != 1:
        raise Malformed("no header of LEEF 2.0")
    fields = {}
    for field in parts[6].split(parts[5]):
        key, equals, value = field.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z0-9]+", key) or key in fields:
            raise Malformed(f"no field: {field!r}")
        fields[key] = value
    return parts[:6], fields


# ---- what is meant -----------------------------------------------------------------------------------------------------


def at(record, path):
    """A member, or None."""
    for name in path.split("."):
        if isinstance(record, list):
            record = record[int(name)] if int(name) < len(record) else None
        else:
            record = record.get(name) if isinstance(record, dict) else None
    return record


def milliseconds(text):
    """Since 1970, of a timestamp of ours."""
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) * 1000 + int(text[20:23])


OUTCOME = {"verified": "success", "encrypted": "success", "clear": "failure", "clear_against_policy": "failure", "mismatch": "failure",
           "weak": "failure", "inconclusive": "unknown", "no_mail": "unknown"}
SEVERITY = {"critical": 9, "high": 8, "medium": 5, "low": 3}


def severity(record):
    """Of CEF and LEEF; the heartbeat's is the caller's."""
    return SEVERITY.get(at(record, "alert.metadata.severity.0"), 1) if record["event_type"] == "alert" else 1


ALERT, SMTP, TLS, ANOMALY, STATS = "alert", "smtp", "tls", "anomaly", "stats"
COMMON = [  # CEF, LEEF, member; any type
    ("dvchost", "sensor", "host"), ("deviceInboundInterface", "iface", "in_iface"), ("deviceExternalId", "tap", "smtp_tls.tap"),
    ("externalId", "eventId", "smtp_tls.id"), ("src", "src", "src_ip"), ("spt", "srcPort", "src_port"), ("dst", "dst", "dest_ip"),
    ("dpt", "dstPort", "dest_port"), ("proto", "proto", "proto"), ("in", "srcBytes", "flow.bytes_toserver"), ("out", "dstBytes", "flow.bytes_toclient"),
    ("destinationDnsDomain", "expectedDomain", "smtp_tls.expect.domain"), ("sourceDnsDomain", "mailFromDomain", "smtp_tls.mail.from_domain"),
    ("reason", "reason", "smtp_tls.detail"), ("msg", "why", "smtp_tls.why"), ("cs1", "verdict", "smtp_tls.verdict"), ("cs2", "state", "smtp_tls.state"),
    ("cs5", "helo", "smtp.helo"), ("cs6", "tlsVersion", "tls.version"), ("flexString1", "communityId", "community_id"),
    ("flexString2", "session", "smtp_tls.session"), ("pwDane", "dane", "smtp_tls.dane"), ("pwIdentity", "identity", "smtp_tls.identity"),
    ("pwExpected", "expected", "smtp_tls.expect.level"), ("pwSni", "sni", "tls.sni"), ("pwCipher", "cipher", "smtp_tls.tls.cipher"),
    ("pwCertSubject", "certSubject", "tls.subject"), ("pwCertIssuer", "certIssuer", "tls.issuerdn"), ("pwCertSha256", "certSha256", "smtp_tls.tls.cert.sha256"),
    ("pwJa4", "ja4", "tls.ja4"), ("pwRcptDomains", "rcptDomains", "smtp_tls.mail.rcpt_domains"), ("pwFinal", "final", "smtp_tls.final"),
    ("cn1", "epoch", "smtp_tls.epoch"), ("cn2", "seq", "smtp_tls.seq"), (None, "srcPackets", "flow.pkts_toserver"), (None, "dstPackets", "flow.pkts_toclient"),
    (None, "direction", "smtp_tls.direction"), (None, "expectedMx", "smtp_tls.expect.mx"), (None, "findings", "smtp_tls.findings"),
]
OF_TYPE = {
    ALERT: [("cat", "cat", "alert.category"), ("act", "action", "alert.action"), ("cnt", "count", "smtp_tls.repeat.count"),
            ("cs3", "confidence", "alert.metadata.confidence.0"), ("pwRelated", "related", "smtp_tls.related"),
            ("pwTechnique", "technique", "alert.metadata.mitre_technique_id"), ("pwSignatureId", "signatureId", "alert.signature_id"),
            ("pwEvidence", "evidence", "alert.metadata.evidence.0"), ("pwFirstId", "firstId", "smtp_tls.repeat.first_id"),
            (None, "signature", "alert.signature"), (None, "severity", "alert.metadata.severity.0"), (None, "subject", "alert.metadata.subject.0")],
    SMTP: [("pwEnd", "end", "smtp_tls.end")],
    TLS: [],
    ANOMALY: [("cat", "cat", "anomaly.type"), ("pwName", "dnsName", "smtp_tls.dns.name"), ("pwFirstAnswer", "dnsFirst", "smtp_tls.dns.first"),
              ("pwLaterAnswer", "dnsLater", "smtp_tls.dns.later"), (None, "anomaly", "anomaly.event")],
    STATS: [("pwUptime", "uptime", "stats.uptime"), ("pwPackets", "packets", "stats.capture.kernel_packets"), ("pwDrops", "drops", "stats.capture.kernel_drops"),
            ("pwAlerts", "alerts", "stats.detect.alert"), ("pwSessionsNow", "sessionsNow", "smtp_tls.sessions_now"),
            ("pwRecordsLost", "recordsLost", "smtp_tls.records_lost"), ("pwAlertsLost", "alertsLost", "smtp_tls.alerts_lost"),
            ("pwClockSynced", "clockSynced", "smtp_tls.clock.synced"), ("pwLast", "last", "smtp_tls.last")],
}
LABELS = {"cs1": "verdict", "cs2": "state", "cs3": "confidence", "cs4": "findings", "cs5": "helo", "cs6": "tlsVersion", "flexString1": "communityId",
          "flexString2": "session", "cn1": "epoch", "cn2": "seq"}


def text_of(value, named):
    """As it stands in a field; None: there is no field."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        told = [named(v) for v in value if v]
        return ", ".join(told) if told else None
    return None if value in (None, "") else named(str(value))


def both(record, which, named):
    """Fields that come from a member each."""
    kind, fields = record["event_type"], {}
    for row in COMMON + OF_TYPE[kind]:
        value = text_of(at(record, row[2]), named)
        if row[which] and value is not None:
            fields[row[which]] = value
    app = at(record, "app_proto") or at(record, "anomaly.app_proto")
    if app:
        fields["app"] = app
    verdict = at(record, "smtp_tls.verdict")
    if verdict:
        fields["outcome"] = OUTCOME[verdict]
    if kind in (SMTP, TLS):
        fields["cat"] = "session"
    if kind == STATS:
        fields["cat"] = "heartbeat"
    return fields


def put_times(record, fields, start, window_from, window_to):
    """Times of the connection, or of what a sensor's alert is about."""
    for key, path in ((start, "flow.start"), (window_from, "smtp_tls.window.from"), (window_to, "smtp_tls.window.to")):
        if at(record, path):
            fields[key] = str(milliseconds(at(record, path)))


def meant_cef(record):
    """(header, fields) that a receiver of CEF must find. Texts as they are after unescaping."""
    def named(text):
        return UNFIT.sub(lambda m: m[0] if m[0] in "\r\n" else name_of(m[0]), text)

    kind = record["event_type"]
    fields = both(record, 0, named)
    fields["rt"] = str(milliseconds(record["timestamp"]))
    put_times(record, fields, "start", "start", "end")
    if kind == SMTP:
        fields["end"] = fields["rt"]
    host = at(record, "smtp_tls.expect.mx") or at(record, "tls.sni")
    if host:
        fields["dhost"] = named(host)
    findings = text_of(at(record, "smtp_tls.findings"), named)
    if findings:
        fields["pwFindings" if kind == STATS else "cs4"] = findings
    if at(record, "smtp_tls.direction") in ("inbound", "outbound"):
        fields["deviceDirection"] = "01"[record["smtp_tls"]["direction"] == "outbound"]
    fields.update({key + "Label": label for key, label in LABELS.items() if key in fields})
    name = {ALERT: at(record, "alert.signature"), ANOMALY: at(record, "anomaly.event"), SMTP: "SMTP session", TLS: "TLS handshake",
            STATS: "sensor heartbeat"}[kind]
    return [at(record, "alert.metadata.finding.0") or kind, name, "0" if kind == STATS else str(severity(record))], fields


def meant_leef(record):
    """The same of LEEF."""
    def named(text):
        return re.sub(r"[|^]", lambda m: name_of(m[0]), UNFIT.sub(lambda m: name_of(m[0]), text))

    fields = both(record, 1, named)
    fields.update(devTime=str(milliseconds(record["timestamp"])), sev=str(severity(record)), eventType=record["event_type"])
    put_times(record, fields, "startTime", "windowFrom", "windowTo")
    return [at(record, "alert.metadata.finding.0") or record["event_type"]], fields
