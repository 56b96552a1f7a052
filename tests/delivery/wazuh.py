"""What Wazuh's rules would make of records: a small interpreter of <if_sid> and <field>, and of the regular expressions that Wazuh
calls osregex. Wazuh itself cannot be had here; how its decoder flattens JSON and orders rules was read in its source (4.9)."""
import json
import re
import xml.etree.ElementTree as xml

from records import leaves

# The two stock rules that ours hang on, in our own words: JSON with a timestamp and an event_type; of these, alerts.
STOCK = """<group name="stock,">
<rule id="86600" level="0"><field name="timestamp">\\.+</field><field name="event_type">\\.+</field><description>any</description></rule>
<rule id="86601" level="3"><if_sid>86600</if_sid><field name="event_type">^alert$</field><description>alert</description></rule>
</group>"""
FIELDS_MAX = 256  # analysisd.decoder_order_size
LEVELS = {1: 14, 2: 12, 3: 8, 4: 4}
GROUPS = {
    "SMTP TLS downgrade": "tls_downgrade", "SMTP TLS failure": "tls_failure", "SMTP TLS policy": "tls_policy",
    "SMTP TLS weak parameters": "tls_weak", "SMTP TLS certificate": "tls_certificate", "SMTP command injection": "command_injection",
    "SMTP smuggling": "smuggling", "SMTP cleartext exposure": "cleartext", "SMTP credential exposure": "credentials",
    "SMTP protocol anomaly": "protocol_anomaly", "Path tampering": "path_tampering", "Middlebox interference": "middlebox",
    "Reconnaissance": "recon", "Sensor visibility": "sensor",
}
CLASSES = {"w": "[A-Za-z0-9_@-]", "d": "[0-9]", "s": " ", "t": "\t", "p": "[()*+,\\-.:;<=>?\\[\\]!\"'#$%&|{}]", "W": "[^A-Za-z0-9_@-]", "D": "[^0-9]",
           "S": "[^ ]", ".": "."}


def osregex(text):
    """As one of Python: a dot is a dot, a backslash makes a class, and only a class can be repeated."""
    out, i = "", 0
    while i < len(text):
        if text[i] == "\\":
            c = text[i + 1]
            out += CLASSES.get(c, re.escape(c))
            i += 2
            if c in CLASSES and text[i:i + 1] in ("+", "*"):
                out += text[i]
                i += 1
            continue
        out += text[i] if text[i] in "^$|()" else re.escape(text[i])
        i += 1
    return re.compile(out, re.DOTALL)


def flat(record):
    """The fields that Wazuh's JSON decoder makes. Lists are one text; null is none here."""
    return {name: str(v).lower() if isinstance(v, bool) else json.dumps(v) if isinstance(v, list) else str(v)
            for name, v in leaves(record) if v is not None}


def rules_of(text):
    """Rules in their order; several roots, as rule files have."""
    out = []
    for group in xml.fromstring(f"<all>{text}</all>").iter("group"):
        for rule in group.iter("rule"):
            out.append({"id": int(rule.get("id")), "level": int(rule.get("level")), "groups": group.get("name").strip(",").split(","),
                        "parent": int(rule.findtext("if_sid", "0")), "description": rule.findtext("description"),
                        "fields": [(f.get("name"), osregex(f.text)) for f in rule.iter("field")],
                        "mitre": [i.text for i in rule.iter("id")], "tags": {child.tag for child in rule}})
    return out


def match(rules, fields, parent=0):
    """The rule that a record ends at: at each step the highest level first, then the order of the file; then its children."""
    for rule in sorted((r for r in rules if r["parent"] == parent), key=lambda r: -r["level"]):
        if all(name in fields and pattern.search(fields[name]) for name, pattern in rule["fields"]):
            return match(rules, fields, rule["id"]) or rule
    return None


def check(checks, folder, lines, catalogue):
    """The rules by themselves, and every record by them."""
    text = (folder / "local_rules.xml").read_text(encoding="ascii")
    ours = rules_of(text)
    part = xml.fromstring(f"<all>{(folder / 'ossec.conf.part').read_text(encoding='ascii')}</all>")
    checks.check(part.findtext("localfile/log_format") == "json" and part.findtext("localfile/location", "").startswith("/var/log/postwacht/"), "ossec.conf")
    ids = [rule["id"] for rule in ours]
    checks.check(len(ids) == len(set(ids)) and all(100700 <= i <= 100799 for i in ids), "ids of Wazuh's rules: one of them twice, or out of 100700 to 100799")
    checks.check(all(rule["parent"] == 86601 or rule["parent"] in ids[:ids.index(rule["id"])] for rule in ours), "a rule stands before its parent")
    checks.check(all(rule["tags"] <= {"if_sid", "field", "description", "options", "mitre"} for rule in ours), "an element that is not interpreted here")
    rules = rules_of(STOCK) + ours

    records = [json.loads(line) for line in lines]
    known = set().union(*(flat(r) for r in records if r["event_type"] == "alert"))
    used = {name for rule in ours for name, _ in rule["fields"]} | {n for rule in ours for n in re.findall(r"\$\(([^)]+)\)", rule["description"])}
    checks.check(used <= known, f"fields that no alert has: {used - known}")

    techniques = {}
    for row in catalogue:
        techniques.setdefault(row["category"], set()).update(row["mitre"].split())
    checks.check(set(techniques) == set(GROUPS), f"categories: {set(techniques) ^ set(GROUPS)}")
    for rule in ours:
        category = next((p.pattern[1:-1].replace("\\ ", " ") for n, p in rule["fields"] if n == "alert.category"), None)
        checks.check(not rule["mitre"] or set(rule["mitre"]) <= techniques.get(category, set()), f"{rule['id']}: no finding of {category} has all of {rule['mitre']}")

    for record in records:
        fields = flat(record)
        checks.quiet(len(fields) <= FIELDS_MAX, f"{len(fields)} fields are more than Wazuh's decoder takes: {record['event_type']}")
        rule = match(rules, fields)
        if record["event_type"] != "alert":
            checks.quiet(rule and rule["level"] == 0, f"a record that is no alert ends at {rule}")
            continue
        alert = record["alert"]
        group = GROUPS.get(alert["category"])  # none: a sample whose texts are as long as any
        checks.quiet(rule["level"] == LEVELS[alert["severity"]] and (("postwacht_" + group in rule["groups"]) if group else rule["id"] < 100705),
                     f"{alert['category']}, {alert['severity']} ends at {rule['id']}")
    # Every cell of the table, also those that no recording has.
    for category, group in GROUPS.items():
        for severity, level in LEVELS.items():
            fields = {"timestamp": "t", "event_type": "alert", "alert.gid": "3207", "alert.severity": str(severity), "alert.category": category}
            rule = match(rules, fields)
            checks.quiet(rule["level"] == level and "postwacht_" + group in rule["groups"], f"{category}, {severity}: {rule['id']}")
    new = match(rules, {"timestamp": "t", "event_type": "alert", "alert.gid": "3207", "alert.severity": "2", "alert.category": "Something new"})
    checks.check(new["id"] == 100702, "an unknown category does not become an alert of its severity")
    foreign = match(rules, {"timestamp": "t", "event_type": "alert", "alert.gid": "1", "alert.severity": "1", "alert.category": "Path tampering"})
    checks.check(foreign["id"] == 86601, "an alert of Suricata itself is taken for ours")
