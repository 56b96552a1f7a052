// LEEF 2.0 (IBM's Log Event Extended Format): what QRadar reads.
//
//     LEEF:2.0|postwacht|postwacht|VERSION|finding or event type|^|key=value^key=value
//
// The format has no escapes. The delimiter is the caret, which the header says, because a tab is a control character that
// transports change; a caret or a pipe in a text is named, as \x5e or \x7c. A key stands once; those that IBM's list has not
// are ours.
#include "alerts/sink/format_parts.h"

static const char *becomes(uint32_t c)
{
	return c == '|' ? "\\x7c" : c == '^' ? "\\x5e" : NULL;
}

static const struct flat_dialect leef = {.between = "^", .header = becomes, .value = becomes, .backslash = "\\"};

// 9 critical, 8 high, 5 medium, 3 low, 1 all else: of 1 to 10.
static bool put_severity(struct flat *f, const char *arg)
{
	static const uint8_t number[] = {
		[SEVERITY_INFO] = 1, [SEVERITY_LOW] = 3, [SEVERITY_MEDIUM] = 5, [SEVERITY_HIGH] = 8, [SEVERITY_CRITICAL] = 9};

	(void)arg;
	flat_number(f, number[format_severity(f->view)]);
	return true;
}

static const struct flat_row rows[] = {
	{"devTime", OF_ALL, flat_put_now, NULL}, // without devTimeFormat: epoch in ms
	{"sev", OF_ALL, put_severity, NULL},
	{"cat", OF(ALERT), flat_put_name, "alert.category"},
	{"cat", OF(ANOMALY), flat_put_name, "anomaly.type"},
	{"cat", OF(SMTP) | OF(TLS), flat_put_word, "session"},
	{"cat", OF(STATS), flat_put_word, "heartbeat"},
	{"src", OF_ALL, flat_put_ip, "src_ip"},
	{"srcPort", OF_ALL, flat_put_port, "src_port"},
	{"dst", OF_ALL, flat_put_ip, "dest_ip"},
	{"dstPort", OF_ALL, flat_put_port, "dest_port"},
	{"proto", OF_ALL, flat_put_name, "proto"},
	{"srcBytes", OF_ALL, flat_put_count, "flow.bytes_toserver"},
	{"dstBytes", OF_ALL, flat_put_count, "flow.bytes_toclient"},
	{"srcPackets", OF_ALL, flat_put_count, "flow.pkts_toserver"},
	{"dstPackets", OF_ALL, flat_put_count, "flow.pkts_toclient"},

	{"eventType", OF_ALL, flat_put_event, NULL},
	{"sensor", OF_ALL, flat_put_text, "host"},
	{"iface", OF_ALL, flat_put_text, "in_iface"},
	{"tap", OF_ALL, flat_put_text, "smtp_tls.tap"},
	{"app", OF_ALL, flat_put_either, "app_proto anomaly.app_proto"},
	{"communityId", OF_ALL, flat_put_name, "community_id"},
	{"eventId", OF_ALL, flat_put_name, "smtp_tls.id"},
	{"session", OF_ALL, flat_put_name, "smtp_tls.session"},
	{"signature", OF(ALERT), flat_put_name, "alert.signature"},
	{"signatureId", OF(ALERT), flat_put_count, "alert.signature_id"},
	{"action", OF(ALERT), flat_put_name, "alert.action"},
	{"severity", OF(ALERT), flat_put_name, "alert.metadata.severity.0"},
	{"confidence", OF(ALERT), flat_put_name, "alert.metadata.confidence.0"},
	{"subject", OF(ALERT), flat_put_name, "alert.metadata.subject.0"},
	{"evidence", OF(ALERT), flat_put_name, "alert.metadata.evidence.0"},
	{"technique", OF(ALERT), flat_put_list, "alert.metadata.mitre_technique_id"},
	{"outcome", OF_ALL, flat_put_outcome, NULL},
	{"verdict", OF_ALL, flat_put_name, "smtp_tls.verdict"},
	{"state", OF_ALL, flat_put_name, "smtp_tls.state"},
	{"identity", OF_ALL, flat_put_name, "smtp_tls.identity"},
	{"dane", OF_ALL, flat_put_name, "smtp_tls.dane"},
	{"direction", OF_ALL, flat_put_name, "smtp_tls.direction"},
	{"expected", OF_ALL, flat_put_name, "smtp_tls.expect.level"},
	{"expectedDomain", OF_ALL, flat_put_text, "smtp_tls.expect.domain"},
	{"expectedMx", OF_ALL, flat_put_text, "smtp_tls.expect.mx"},
	{"findings", OF_ALL, flat_put_list, "smtp_tls.findings"},
	{"related", OF(ALERT), flat_put_list, "smtp_tls.related"},
	{"reason", OF_ALL, flat_put_text, "smtp_tls.detail"},
	{"why", OF_ALL, flat_put_list, "smtp_tls.why"},
	{"count", OF(ALERT), flat_put_count, "smtp_tls.repeat.count"},
	{"firstId", OF(ALERT), flat_put_name, "smtp_tls.repeat.first_id"},
	{"helo", OF_ALL, flat_put_text, "smtp.helo"},
	{"mailFromDomain", OF_ALL, flat_put_text, "smtp_tls.mail.from_domain"},
	{"rcptDomains", OF_ALL, flat_put_list, "smtp_tls.mail.rcpt_domains"},
	{"tlsVersion", OF_ALL, flat_put_name, "tls.version"},
	{"cipher", OF_ALL, flat_put_name, "smtp_tls.tls.cipher"},
	{"sni", OF_ALL, flat_put_text, "tls.sni"},
	{"certSubject", OF_ALL, flat_put_text, "tls.subject"},
	{"certIssuer", OF_ALL, flat_put_text, "tls.issuerdn"},
	{"certSha256", OF_ALL, flat_put_name, "smtp_tls.tls.cert.sha256"},
	{"ja4", OF_ALL, flat_put_name, "tls.ja4"},
	{"startTime", OF_ALL, flat_put_ms, "flow.start"},
	{"end", OF(SMTP), flat_put_name, "smtp_tls.end"},
	{"windowFrom", OF(ALERT), flat_put_ms, "smtp_tls.window.from"},
	{"windowTo", OF(ALERT), flat_put_ms, "smtp_tls.window.to"},
	{"anomaly", OF(ANOMALY), flat_put_name, "anomaly.event"},
	{"dnsName", OF(ANOMALY), flat_put_text, "smtp_tls.dns.name"},
	{"dnsFirst", OF(ANOMALY), flat_put_text, "smtp_tls.dns.first"},
	{"dnsLater", OF(ANOMALY), flat_put_text, "smtp_tls.dns.later"},
	{"uptime", OF(STATS), flat_put_count, "stats.uptime"},
	{"packets", OF(STATS), flat_put_count, "stats.capture.kernel_packets"},
	{"drops", OF(STATS), flat_put_count, "stats.capture.kernel_drops"},
	{"alerts", OF(STATS), flat_put_count, "stats.detect.alert"},
	{"sessionsNow", OF(STATS), flat_put_count, "smtp_tls.sessions_now"},
	{"recordsLost", OF(STATS), flat_put_count, "smtp_tls.records_lost"},
	{"alertsLost", OF(STATS), flat_put_count, "smtp_tls.alerts_lost"},
	{"clockSynced", OF(STATS), flat_put_flag, "smtp_tls.clock.synced"},
	{"last", OF(STATS), flat_put_flag, "smtp_tls.last"},
	{"final", OF_ALL, flat_put_flag, "smtp_tls.final"},
	{"truncated", OF_ALL, flat_put_truncated, NULL},
	{"epoch", OF_ALL, flat_put_count, "smtp_tls.epoch"},
	{"seq", OF_ALL, flat_put_count, "smtp_tls.seq"},
};

size_t format_leef(char *out, size_t cap, const struct format_view *v)
{
	struct flat f;
	size_t len;
	const char *id = v->type == RECORD_ALERT ? format_name_at(v, "alert.metadata.finding.0", &len) : NULL;

	flat_init(&f, v, out, cap, &leef);
	flat_word(&f, "LEEF:2.0|postwacht|postwacht|" POSTWACHT_VERSION "|");
	if (id)
		flat_header(&f, id, len);
	else
		flat_word(&f, format_event(v->type));
	flat_word(&f, "|^|");
	flat_fields(&f, rows, sizeof(rows) / sizeof(rows[0]));
	return f.overflow ? 0 : (size_t)(f.at - f.start);
}
