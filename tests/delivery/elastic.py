"""What Elastic's ingest pipeline and index template make of records: by their words here, and, where it can be had, by a real
OpenSearch (the same processors, template and Lucene; Elasticsearch itself cannot be had here)."""
import json
import re

import opensearch
import records

# What the sensor knows better, or says besides: texts for people, its version, more of certificates, how long a session was.
ONLY_ONE = r"(message|threat\.framework|ecs\.version|event\.(ingested|duration)|observer\.version|tls\.(client\.(subject|not_|hash)|server\.x509|next_protocol)|dns\.|network\.inner)"
OUTCOMES = {"verified": "success", "encrypted": "success", "inconclusive": "unknown", "no_mail": "unknown"}
KINDS = {"alert": "alert", "stats": "metric"}


def outcome(record):
    """event.outcome; None where there is no verdict."""
    verdict = record["smtp_tls"].get("verdict")
    return verdict and OUTCOMES.get(verdict, "failure")


def at(document, path):
    """A value by its path; None."""
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def wanted(record):
    """What a document must say, worked out from the record once more: path and value."""
    tls, own = record.get("tls") or {}, record["smtp_tls"]
    out = {
        "@timestamp": record["timestamp"].replace("+0000", "Z"), "event.kind": KINDS.get(record["event_type"], "event"),
        "event.dataset": "postwacht." + record["event_type"], "event.id": own.get("id"), "event.outcome": outcome(record), "observer.name": record["host"],
        "source.ip": record.get("src_ip"), "source.port": record.get("src_port"), "destination.ip": record.get("dest_ip"),
        "destination.port": record.get("dest_port"), "network.community_id": record.get("community_id"), "network.protocol": record.get("app_proto"),
        "tls.version": tls.get("version", "").rpartition(" ")[2] or None, "tls.client.server_name": tls.get("sni"),
        "tls.server.subject": tls.get("subject"), "tls.cipher": (own.get("tls") or {}).get("cipher"), "smtp_tls.session": own.get("session"),
        "smtp_tls.verdict": own.get("verdict"), "smtp_tls.findings": own.get("findings"),
    }
    if "alert" in record:
        alert = record["alert"]
        out |= {"rule.id": str(alert["signature_id"]), "rule.name": alert["signature"], "rule.category": alert["category"], "event.severity": alert["severity"],
                "threat.technique.id": alert["metadata"].get("mitre_technique_id"),
                "event.code": alert["metadata"]["finding"][0], "smtp_tls.eve.confidence": alert["metadata"]["confidence"][0]}
    return out


def words(checks, folder, lines):
    """The files, by themselves."""
    files = {path.stem: json.loads(path.read_text(encoding="ascii")) for path in folder.glob("*.json")}
    checks.check(set(files) == {"ingest-pipeline", "index-template", "ilm-policy"}, f"files for Elastic: {sorted(files)}")
    template = files["index-template"]
    checks.check(template["template"]["settings"]["index.default_pipeline"] == "postwacht" and "data_stream" in template, "index-template.json")
    known = set().union(*(json.loads(line) for line in lines))
    text = json.dumps(files["ingest-pipeline"])
    names = set(re.findall(r"'(\w+)'", re.search(r"\['timestamp',[^]]*\]", text)[0]))  # what is taken away at the end
    checks.check(names <= known | {"in_iface", "vlan"}, f"the pipeline names what no record has: {names - known}")
    checks.check(known <= names | {"smtp_tls", "tls"}, f"the pipeline does not know {known - names}")
    return files


def bulk(node, target, lines, pipeline=""):
    """As the http sink hands records over: create, with the record's id where it has one. What was refused."""
    body = b""
    for n, line in enumerate(lines):
        body += json.dumps({"create": {"_index": target, "_id": f"n{n}"}}).encode() + b"\n" + line + b"\n"
    answer = node.ask("POST", f"/_bulk?refresh=true{pipeline}", body)
    return [item["create"] for item in answer["items"] if item["create"]["status"] != 201]


def stored(node, target, n):
    """Every document, by its number."""
    hits = node.ask("POST", f"/{target}/_search", {"size": 10000, "query": {"match_all": {}}})["hits"]["hits"]
    assert len(hits) == n, f"{target} has {len(hits)} documents of {n}"
    return {int(hit["_id"][1:]): hit["_source"] for hit in hits}


def run(checks, node, files, lines):
    """EVE through the pipeline, into a data stream of the template."""
    node.ask("PUT", "/_ingest/pipeline/postwacht", files["ingest-pipeline"])
    node.ask("PUT", "/_index_template/postwacht", files["index-template"])
    refused = bulk(node, "postwacht-mail", lines)
    checks.check(not refused, f"OpenSearch refuses {len(refused)} records: {json.dumps(refused[:1])[:600]}")
    documents = stored(node, "postwacht-mail", len(lines) - len(refused))
    for n, document in documents.items():
        record = json.loads(lines[n])
        checks.quiet("error" not in document and at(document, "event.ingested"), f"the pipeline fails: {document.get('error')}")
        for path, value in wanted(record).items():
            checks.quiet(at(document, path) == value, f"{record['event_type']}: {path} is {at(document, path)}, not {value}")
        left = set(document) & (set(record) - {"smtp_tls", "tls"})
        checks.quiet(not left, f"EVE's own names are left: {left}")
    again = bulk(node, "postwacht-mail", lines[:20])
    checks.check({item["status"] for item in again} == {409} and len(again) == min(20, len(lines)), "what is sent twice is stored twice")
    mapping = next(iter(node.ask("GET", "/postwacht-mail/_mapping").values()))["mappings"]
    for path, kind in (("@timestamp", "date"), ("source.ip", "ip"), ("destination.ip", "ip"), ("rule.name", "keyword"), ("event.severity", "long"),
                       ("tls.server.not_after", "date"), ("smtp_tls.verdict", "keyword"), ("smtp_tls.mail.in_clear", "long")):
        properties = mapping
        for name in path.split("."):
            properties = properties.get("properties", {}).get(name, {})
        checks.check(properties.get("type") == kind, f"{path} is mapped as {properties.get('type')}")
    found = node.ask("POST", "/postwacht-mail/_search", {"size": 0, "track_total_hits": True, "query": {"bool": {"filter": [
        {"term": {"event.kind": "alert"}}, {"range": {"event.severity": {"lte": 2}}}, {"range": {"@timestamp": {"gte": "2020-01-01"}}},
        {"term": {"source.ip": "0.0.0.0/0"}}]}}})["hits"]["total"]["value"]
    meant = sum(1 for r in map(json.loads, lines) if r["event_type"] == "alert" and r["alert"]["severity"] <= 2 and r.get("ip_v") == 4)
    checks.check(found == meant and found > 10, f"a query finds {found} alerts, {meant} are meant")


def queries(checks, node, lines, converted):
    """pySigma's Lucene, asked of the records as they are and of ECS: what it finds is what SQLite found."""
    node.ask("PUT", "/eve", {"settings": {"index.mapping.total_fields.limit": 2000}, "mappings": {"date_detection": False, "dynamic_templates": [
        {"words": {"match_mapping_type": "string", "mapping": {"type": "keyword"}}}]}})
    refused = bulk(node, "eve", lines)
    checks.check(not refused, f"OpenSearch refuses EVE: {json.dumps(refused[:1])[:400]}")
    for name, (for_eve, for_ecs, meant) in converted.items():
        for target, query in (("eve", for_eve), ("postwacht-mail", for_ecs)):
            hits = node.ask("POST", f"/{target}/_search", {"size": 10000, "_source": False, "query": {"query_string": {"query": query}}})["hits"]["hits"]
            got = {int(hit["_id"][1:]) for hit in hits}
            checks.check(got == meant, f"{name}: in {target} OpenSearch finds {len(got)} records, {len(meant)} are meant: {query}")


def plain(document):
    """Names and values; a time without its microseconds where they are none, nothing for null and an empty list."""
    return {name: re.sub(r"\.000000Z$", "Z", v) if isinstance(v, str) else v for name, v in records.leaves(document) if v not in (None, [])}


def both(checks, node, n):
    """Format ecs goes into the same data stream untouched, and says what the pipeline makes of EVE. What only one of them has is listed."""
    by_pipeline, by_sensor = stored(node, "postwacht-mail", n), stored(node, "postwacht-ecs", n)
    for number, document in by_pipeline.items():
        one, other = plain(document), plain(by_sensor[number])
        for path in set(one) | set(other):
            if not re.match(ONLY_ONE, path):
                checks.quiet(one.get(path) == other.get(path), f"{path}: {one.get(path)} by the pipeline, {other.get(path)} by format ecs")


def check(checks, folder, lines, ecs, full, converted):
    """All of it; what needs OpenSearch only where it can be had. `ecs`: the same records as format ecs has them."""
    files = words(checks, folder, lines)
    jars = opensearch.libraries() if full else None
    if jars is None:
        checks.skipped += full
        return
    node = opensearch.Node(jars)
    try:
        version = node.ask("GET", "/")["version"]["number"]
        run(checks, node, files, lines)
        queries(checks, node, lines, converted)
        refused = bulk(node, "postwacht-ecs", ecs)
        checks.check(not refused and len(ecs) == len(lines), f"OpenSearch refuses format ecs: {json.dumps(refused[:1])[:600]}")
        both(checks, node, len(lines))
        print(f"elastic: OpenSearch {version} took {len(lines)} records", flush=True)
    finally:
        node.stop()
