// ECS: the record under the names of Elastic's Common Schema (8 and 9), what has no name there below smtp_tls.
//
// The fields are rows, those of one object together: it is opened by the first that has a value. The text is JSON in plain
// ASCII, written by the same emitter as the record. event.original is left out: the line with its chain belongs in a file, not
// twice in an index.
#include "alerts/sink/format_ecs_parts.h"

#include "alerts/record_parts.h"

enum { COPY_DEPTH_MAX = 12 };

struct row {
	const char *name;
	uint32_t types;
	bool (*put)(struct ecs *e, const char *arg); // the value; false: there is none
	const char *arg;
};

// ---- what ECS has no name for ------------------------------------------------------------------------------------------

static void copy(struct ecs *e, const json_t *j, unsigned depth);

static void copy_members(struct ecs *e, const json_t *object, unsigned depth)
{
	// In the last shape but one: lists and tables that can be asked for elsewhere (postwacht stats).
	static const char *const large[] = {"counters", "workers", "children", "protocols", "ports", "evidence"};
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)object, name, value) {
		bool skip = depth == 0 && (strcmp(name, "truncated") == 0 || strcmp(name, "eve") == 0);
		for (size_t i = 0; !skip && e->view->shape->list_max <= 2 && i < sizeof(large) / sizeof(large[0]); i++)
			skip = strcmp(name, large[i]) == 0 && !json_is_string(value);
		if (skip)
			continue;
		json_put_cstr(&e->json, name);
		json_put_char(&e->json, ':');
		e->json.first = true;
		copy(e, value, depth + 1);
	}
}

static void copy_number(struct ecs *e, const json_t *j)
{
	char text[64];

	if (json_is_integer(j) && json_integer_value(j) >= 0) {
		json_put_u64(&e->json, (uint64_t)json_integer_value(j));
		return;
	}
	size_t n = json_dumpb(j, text, sizeof(text), JSON_ENCODE_ANY);
	json_separate(&e->json);
	json_put_raw(&e->json, n && n <= sizeof(text) ? text : "0", n && n <= sizeof(text) ? n : 1);
}

static void copy(struct ecs *e, const json_t *j, unsigned depth)
{
	json_t *entry;
	size_t i;

	if (depth > COPY_DEPTH_MAX) {
		json_put_null(&e->json);
		return;
	}
	switch (json_typeof(j)) {
	case JSON_OBJECT:
		json_open_object(&e->json);
		copy_members(e, j, depth);
		json_close_object(&e->json);
		break;
	case JSON_ARRAY:
		json_open_array(&e->json);
		json_array_foreach(j, i, entry) {
			if (i < e->view->shape->list_max)
				copy(e, entry, depth + 1);
		}
		json_close_array(&e->json);
		break;
	case JSON_STRING:
		ecs_put_bounded(e, json_string_value(j), json_string_length(j));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		json_put_flag(&e->json, json_is_true(j));
		break;
	case JSON_NULL:
		json_put_null(&e->json);
		break;
	default:
		copy_number(e, j);
	}
}

// Members of EVE that have no place in ECS; below smtp_tls.eve, so that they can never meet one of ours.
static bool put_rest(struct ecs *e, const char *path)
{
	const json_t *j = format_at(e->view->root, path);

	if (!j || !e->view->shape->own_whole)
		return false;
	copy(e, j, 1);
	return true;
}

static bool put_truncated(struct ecs *e, const char *arg)
{
	(void)arg;
	json_put_flag(&e->json, true);
	return e->view->truncated;
}

// ---- rows ------------------------------------------------------------------------------------------------------------

static const struct row rows[] = {
	{"@timestamp", OF_ALL, ecs_put_now, NULL},
	{"message", OF_ALL, ecs_put_message, NULL},
	{"ecs.version", OF_ALL, ecs_put_word, "8.17.0"},
	{"event.kind", OF(ALERT), ecs_put_word, "alert"},
	{"event.kind", OF(SMTP) | OF(TLS) | OF(ANOMALY), ecs_put_word, "event"},
	{"event.kind", OF(STATS), ecs_put_word, "metric"},
	{"event.category", OF_ALL, ecs_put_category, NULL},
	{"event.type", OF_ALL, ecs_put_type, NULL},
	{"event.outcome", OF_ALL, ecs_put_outcome, NULL},
	{"event.module", OF_ALL, ecs_put_word, "postwacht"},
	{"event.dataset", OF_ALL, ecs_put_dataset, NULL},
	{"event.id", OF_ALL, ecs_put_name, "smtp_tls.id"},
	{"event.code", OF(ALERT), ecs_put_name, "alert.metadata.finding.0"},
	{"event.code", OF(ANOMALY), ecs_put_name, "anomaly.event"},
	{"event.severity", OF(ALERT), ecs_put_count, "alert.severity"},
	{"event.reason", OF_ALL, ecs_put_reason, NULL},
	{"event.sequence", OF_ALL, ecs_put_count, "smtp_tls.seq"},
	{"event.start", OF_ALL, ecs_put_start, NULL},
	{"event.end", OF(SMTP), ecs_put_now, NULL},
	{"event.end", OF(ALERT), ecs_put_time, "smtp_tls.window.to"},
	{"event.duration", OF(SMTP), ecs_put_duration, NULL},
	{"rule.id", OF(ALERT), ecs_put_count_text, "alert.signature_id"},
	{"rule.name", OF(ALERT), ecs_put_name, "alert.signature"},
	{"rule.category", OF(ALERT), ecs_put_name, "alert.category"},
	{"rule.version", OF(ALERT), ecs_put_count_text, "alert.rev"},
	{"rule.ruleset", OF(ALERT), ecs_put_word, "smtp_tls"},
	{"threat.framework", OF(ALERT), ecs_put_word, "MITRE ATT&CK"},
	{"threat.technique.id", OF(ALERT), ecs_put_texts, "alert.metadata.mitre_technique_id"},
	{"source.ip", OF_ALL, ecs_put_ip, "src_ip"},
	{"source.port", OF_ALL, ecs_put_port, "src_port"},
	{"source.bytes", OF_ALL, ecs_put_count, "flow.bytes_toserver"},
	{"source.packets", OF_ALL, ecs_put_count, "flow.pkts_toserver"},
	{"destination.ip", OF_ALL, ecs_put_ip, "dest_ip"},
	{"destination.port", OF_ALL, ecs_put_port, "dest_port"},
	{"destination.domain", OF_ALL, ecs_put_either, "smtp_tls.expect.mx tls.sni"},
	{"destination.bytes", OF_ALL, ecs_put_count, "flow.bytes_toclient"},
	{"destination.packets", OF_ALL, ecs_put_count, "flow.pkts_toclient"},
	{"related.ip", OF_ALL, ecs_put_related_ip, NULL},
	{"network.transport", OF_ALL, ecs_put_lower, "proto"},
	{"network.protocol", OF_ALL, ecs_put_either, "app_proto anomaly.app_proto"},
	{"network.type", OF_ALL, ecs_put_ip_version, NULL},
	{"network.direction", OF_ALL, ecs_put_direction, NULL},
	{"network.community_id", OF_ALL, ecs_put_name, "community_id"},
	{"network.bytes", OF_ALL, ecs_put_bytes, NULL},
	{"network.packets", OF_ALL, ecs_put_packets, NULL},
	{"network.vlan.id", OF_ALL, ecs_put_count_text, "vlan.0"},
	{"network.inner.vlan.id", OF_ALL, ecs_put_count_text, "vlan.1"},
	{"email.direction", OF(SMTP), ecs_put_mail_direction, NULL},
	{"dns.id", OF(ANOMALY), ecs_put_count_text, "smtp_tls.dns.id"},
	{"dns.question.name", OF(ANOMALY), ecs_put_text, "smtp_tls.dns.name"},
	{"dns.question.type", OF(ANOMALY), ecs_put_name, "smtp_tls.dns.type"},
	{"tls.version", OF_ALL, ecs_put_version, NULL},
	{"tls.version_protocol", OF_ALL, ecs_put_protocol, NULL},
	{"tls.established", OF_ALL, ecs_put_flag, "smtp_tls.tls.completed"},
	{"tls.resumed", OF_ALL, ecs_put_flag, "smtp_tls.tls.resumed"},
	{"tls.cipher", OF_ALL, ecs_put_name, "smtp_tls.tls.cipher"},
	{"tls.curve", OF_ALL, ecs_put_name, "smtp_tls.tls.group"},
	{"tls.next_protocol", OF_ALL, ecs_put_lower, "smtp_tls.tls.alpn_selected"},
	{"tls.client.server_name", OF_ALL, ecs_put_text, "tls.sni"},
	{"tls.client.subject", OF_ALL, ecs_put_text, "smtp_tls.tls.client_cert.subject"},
	{"tls.client.not_before", OF_ALL, ecs_put_date, "smtp_tls.tls.client_cert.notbefore"},
	{"tls.client.not_after", OF_ALL, ecs_put_date, "smtp_tls.tls.client_cert.notafter"},
	{"tls.client.hash.sha256", OF_ALL, ecs_put_hash, "smtp_tls.tls.client_cert.sha256"},
	{"tls.server.subject", OF_ALL, ecs_put_text, "tls.subject"},
	{"tls.server.issuer", OF_ALL, ecs_put_text, "tls.issuerdn"},
	{"tls.server.not_before", OF_ALL, ecs_put_date, "tls.notbefore"},
	{"tls.server.not_after", OF_ALL, ecs_put_date, "tls.notafter"},
	{"tls.server.hash.sha1", OF_ALL, ecs_put_hash, "tls.fingerprint"},
	{"tls.server.hash.sha256", OF_ALL, ecs_put_hash, "smtp_tls.tls.cert.sha256"},
	{"tls.server.x509.serial_number", OF_ALL, ecs_put_hash, "tls.serial"},
	{"tls.server.x509.alternative_names", OF_ALL, ecs_put_texts, "tls.subjectaltname"},
	{"tls.server.x509.public_key_algorithm", OF_ALL, ecs_put_name, "smtp_tls.tls.cert.key"},
	{"tls.server.x509.public_key_size", OF_ALL, ecs_put_count, "smtp_tls.tls.cert.key_bits"},
	{"observer.vendor", OF_ALL, ecs_put_word, "postwacht"},
	{"observer.product", OF_ALL, ecs_put_word, "postwacht"},
	{"observer.version", OF_ALL, ecs_put_word, POSTWACHT_VERSION},
	{"observer.type", OF_ALL, ecs_put_word, "sensor"},
	{"observer.name", OF_ALL, ecs_put_text, "host"},
	{"observer.ingress.interface.name", OF_ALL, ecs_put_text, "in_iface"},
};

// Of the last shape: what every message has to have. Numbers and words of ours.
static const struct row least[] = {
	{"v", OF_ALL, ecs_put_count, "smtp_tls.v"},
	{"session", OF_ALL, ecs_put_name, "smtp_tls.session"},
	{"id", OF_ALL, ecs_put_name, "smtp_tls.id"},
	{"state", OF_ALL, ecs_put_name, "smtp_tls.state"},
	{"verdict", OF_ALL, ecs_put_name, "smtp_tls.verdict"},
	{"epoch", OF_ALL, ecs_put_count, "smtp_tls.epoch"},
	{"seq", OF_ALL, ecs_put_count, "smtp_tls.seq"},
	{"chain", OF_ALL, ecs_put_name, "smtp_tls.chain"},
};

static const struct row eve[] = {
	{"eve.event_type", OF_ALL, ecs_put_name, "event_type"},
	{"eve.flow_id", OF_ALL, put_rest, "flow_id"},
	{"eve.app_proto_orig", OF_ALL, put_rest, "app_proto_orig"},
	{"eve.severity", OF(ALERT), ecs_put_name, "alert.metadata.severity.0"},
	{"eve.confidence", OF(ALERT), ecs_put_name, "alert.metadata.confidence.0"},
	{"eve.subject", OF(ALERT), ecs_put_name, "alert.metadata.subject.0"},
	{"eve.evidence", OF(ALERT), ecs_put_name, "alert.metadata.evidence.0"},
	{"eve.smtp", OF_ALL, put_rest, "smtp"},
	{"eve.ja4", OF_ALL, put_rest, "tls.ja4"},
	{"eve.anomaly", OF(ANOMALY), put_rest, "anomaly"},
	{"eve.stats", OF(STATS), put_rest, "stats"},
	{"eve.pcap_cnt", OF_ALL, put_rest, "pcap_cnt"},
	{"eve.pcap_filename", OF_ALL, put_rest, "pcap_filename"},
	{"truncated", OF_ALL, put_truncated, NULL},
};

static void close_to(struct ecs *e, size_t depth)
{
	for (; e->depth > depth; e->depth--)
		json_close_object(&e->json);
}

// Opens and closes objects until `name` is a member of the one that is open.
static void member(struct ecs *e, const char *name)
{
	size_t level = 0;

	for (const char *dot; (dot = strchr(name, '.')); name = dot + 1, level++) {
		size_t len = (size_t)(dot - name);
		if (level < e->depth && e->open[level].len == len && memcmp(e->open[level].name, name, len) == 0)
			continue;
		close_to(e, level);
		json_put_string(&e->json, name, len);
		json_put_char(&e->json, ':');
		e->json.first = true;
		json_open_object(&e->json);
		e->open[level].name = name;
		e->open[level].len = len;
		e->depth = level + 1;
	}
	close_to(e, level);
	json_put_name(&e->json, name);
}

static void fields(struct ecs *e, const struct row *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!(row[i].types & 1u << e->view->type))
			continue;
		struct json_checkpoint before = json_checkpoint(&e->json);
		struct ecs was = *e;
		member(e, row[i].name);
		if (row[i].put(e, row[i].arg))
			continue;
		was.json = e->json;
		*e = was;
		json_rollback(&e->json, before);
	}
	close_to(e, 0);
}

size_t format_ecs(char *out, size_t cap, const struct format_view *v)
{
	struct ecs e = {.view = v};
	const json_t *own = format_at(v->root, "smtp_tls");

	json_init(&e.json, out, cap);
	json_open_object(&e.json);
	fields(&e, rows, sizeof(rows) / sizeof(rows[0]));
	json_key(&e.json, "smtp_tls");
	json_open_object(&e.json);
	if (v->shape->own_whole)
		copy_members(&e, own, 0);
	else
		fields(&e, least, sizeof(least) / sizeof(least[0]));
	fields(&e, eve, sizeof(eve) / sizeof(eve[0]));
	json_close_object(&e.json);
	json_close_object(&e.json);
	return json_ok(&e.json) ? json_len(&e.json) : 0;
}
