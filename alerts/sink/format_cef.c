// CEF 0 (ArcSight's Common Event Format, revision 26): what Microsoft Sentinel and ArcSight read.
//
//     CEF:0|postwacht|postwacht|VERSION|finding or event type|what it says|0..10|key=value key=value
//
// In the header a backslash and a pipe are escaped; in a value a backslash, an equals sign, CR and LF. Values hold spaces, so
// readers look for the next ` key=`: none can stand in a value, since its equals sign has a backslash before it.
// Keys are those of the dictionary; what it has no key for has one of ours, `pw...`, which Sentinel keeps in AdditionalExtensions.
#include "alerts/sink/format_parts.h"

static const char *header(uint32_t c)
{
	return c == '\\' ? "\\\\" : c == '|' ? "\\|" : NULL;
}

static const char *value(uint32_t c)
{
	switch (c) {
	case '\\':
		return "\\\\";
	case '=':
		return "\\=";
	case '\r':
		return "\\r";
	case '\n':
		return "\\n";
	default:
		return NULL;
	}
}

static const struct flat_dialect cef = {.between = " ", .header = header, .value = value, .backslash = "\\\\"};

// deviceDirection: 0 inbound, 1 outbound; there are no others.
static bool put_direction(struct flat *f, const char *arg)
{
	const char *word = format_direction(f->view);
	bool in = word && strcmp(word, "inbound") == 0, out = word && strcmp(word, "outbound") == 0;

	(void)arg;
	flat_word(f, in ? "0" : "1");
	return in || out;
}

static const struct flat_row rows[] = {
	{"rt", OF_ALL, flat_put_now, NULL},
	{"dvchost", OF_ALL, flat_put_text, "host"},
	{"deviceInboundInterface", OF_ALL, flat_put_text, "in_iface"},
	{"deviceExternalId", OF_ALL, flat_put_text, "smtp_tls.tap"},
	{"externalId", OF_ALL, flat_put_name, "smtp_tls.id"},
	{"cat", OF(ALERT), flat_put_name, "alert.category"},
	{"cat", OF(ANOMALY), flat_put_name, "anomaly.type"},
	{"cat", OF(SMTP) | OF(TLS), flat_put_word, "session"},
	{"cat", OF(STATS), flat_put_word, "heartbeat"},
	{"act", OF(ALERT), flat_put_name, "alert.action"},
	{"outcome", OF_ALL, flat_put_outcome, NULL},
	{"src", OF_ALL, flat_put_ip, "src_ip"},
	{"spt", OF_ALL, flat_put_port, "src_port"},
	{"dst", OF_ALL, flat_put_ip, "dest_ip"},
	{"dpt", OF_ALL, flat_put_port, "dest_port"},
	{"proto", OF_ALL, flat_put_name, "proto"},
	{"app", OF_ALL, flat_put_either, "app_proto anomaly.app_proto"},
	{"deviceDirection", OF_ALL, put_direction, NULL},
	{"dhost", OF_ALL, flat_put_either, "smtp_tls.expect.mx tls.sni"},
	{"destinationDnsDomain", OF_ALL, flat_put_text, "smtp_tls.expect.domain"},
	{"sourceDnsDomain", OF_ALL, flat_put_text, "smtp_tls.mail.from_domain"},
	{"start", OF_ALL, flat_put_ms, "flow.start smtp_tls.window.from"},
	{"end", OF(SMTP), flat_put_now, NULL},
	{"end", OF(ALERT), flat_put_ms, "smtp_tls.window.to"},
	{"in", OF_ALL, flat_put_count, "flow.bytes_toserver"},
	{"out", OF_ALL, flat_put_count, "flow.bytes_toclient"},
	{"cnt", OF(ALERT), flat_put_count, "smtp_tls.repeat.count"},
	{"reason", OF_ALL, flat_put_text, "smtp_tls.detail"},
	{"msg", OF_ALL, flat_put_list, "smtp_tls.why"},

	{"cs1", OF_SESSION, flat_put_name, "smtp_tls.verdict", "verdict"},
	{"cs2", OF_SESSION, flat_put_name, "smtp_tls.state", "state"},
	{"cs3", OF(ALERT), flat_put_name, "alert.metadata.confidence.0", "confidence"},
	{"cs4", OF_SESSION, flat_put_list, "smtp_tls.findings", "findings"},
	{"cs5", OF_SESSION, flat_put_text, "smtp.helo", "helo"},
	{"cs6", OF_SESSION, flat_put_name, "tls.version", "tlsVersion"},
	{"flexString1", OF_ALL, flat_put_name, "community_id", "communityId"},
	{"flexString2", OF_ALL, flat_put_name, "smtp_tls.session", "session"},

	{"pwDane", OF_SESSION, flat_put_name, "smtp_tls.dane"},
	{"pwIdentity", OF_SESSION, flat_put_name, "smtp_tls.identity"},
	{"pwExpected", OF_SESSION, flat_put_name, "smtp_tls.expect.level"},
	{"pwSni", OF_SESSION, flat_put_text, "tls.sni"},
	{"pwCipher", OF_SESSION, flat_put_name, "smtp_tls.tls.cipher"},
	{"pwCertSubject", OF_SESSION, flat_put_text, "tls.subject"},
	{"pwCertIssuer", OF_SESSION, flat_put_text, "tls.issuerdn"},
	{"pwCertSha256", OF_SESSION, flat_put_name, "smtp_tls.tls.cert.sha256"},
	{"pwJa4", OF_SESSION, flat_put_name, "tls.ja4"},
	{"pwRcptDomains", OF_SESSION, flat_put_list, "smtp_tls.mail.rcpt_domains"},
	{"pwRelated", OF(ALERT), flat_put_list, "smtp_tls.related"},
	{"pwTechnique", OF(ALERT), flat_put_list, "alert.metadata.mitre_technique_id"},
	{"pwSignatureId", OF(ALERT), flat_put_count, "alert.signature_id"},
	{"pwEvidence", OF(ALERT), flat_put_name, "alert.metadata.evidence.0"},
	{"pwFirstId", OF(ALERT), flat_put_name, "smtp_tls.repeat.first_id"},
	{"pwEnd", OF(SMTP), flat_put_name, "smtp_tls.end"},
	{"pwName", OF(ANOMALY), flat_put_text, "smtp_tls.dns.name"},
	{"pwFirstAnswer", OF(ANOMALY), flat_put_text, "smtp_tls.dns.first"},
	{"pwLaterAnswer", OF(ANOMALY), flat_put_text, "smtp_tls.dns.later"},

	{"pwUptime", OF(STATS), flat_put_count, "stats.uptime"},
	{"pwPackets", OF(STATS), flat_put_count, "stats.capture.kernel_packets"},
	{"pwDrops", OF(STATS), flat_put_count, "stats.capture.kernel_drops"},
	{"pwAlerts", OF(STATS), flat_put_count, "stats.detect.alert"},
	{"pwSessionsNow", OF(STATS), flat_put_count, "smtp_tls.sessions_now"},
	{"pwFindings", OF(STATS), flat_put_list, "smtp_tls.findings"},
	{"pwRecordsLost", OF(STATS), flat_put_count, "smtp_tls.records_lost"},
	{"pwAlertsLost", OF(STATS), flat_put_count, "smtp_tls.alerts_lost"},
	{"pwClockSynced", OF(STATS), flat_put_flag, "smtp_tls.clock.synced"},
	{"pwLast", OF(STATS), flat_put_flag, "smtp_tls.last"},

	{"pwFinal", OF_ALL, flat_put_flag, "smtp_tls.final"},
	{"pwTruncated", OF_ALL, flat_put_truncated, NULL},
	{"cn1", OF_ALL, flat_put_count, "smtp_tls.epoch", "epoch"},
	{"cn2", OF_ALL, flat_put_count, "smtp_tls.seq", "seq"},
};

static void put_either(struct flat *f, const char *path, const char *otherwise)
{
	size_t len;
	const char *p = format_name_at(f->view, path, &len);

	if (p)
		flat_header(f, p, len);
	else
		flat_word(f, otherwise);
}

// 9 critical, 8 high, 5 medium, 3 low; what is no alert 1, the heartbeat 0.
static unsigned severity(const struct format_view *v)
{
	static const uint8_t number[] = {
		[SEVERITY_INFO] = 1, [SEVERITY_LOW] = 3, [SEVERITY_MEDIUM] = 5, [SEVERITY_HIGH] = 8, [SEVERITY_CRITICAL] = 9};

	return v->type == RECORD_STATS ? 0 : number[format_severity(v)];
}

size_t format_cef(char *out, size_t cap, const struct format_view *v)
{
	static const char *const name[RECORD_TYPES] = {[RECORD_SMTP] = "SMTP session", [RECORD_TLS] = "TLS handshake",
		[RECORD_ALERT] = "alert", [RECORD_ANOMALY] = "anomaly", [RECORD_STATS] = "sensor heartbeat"};
	struct flat f;

	flat_init(&f, v, out, cap, &cef);
	flat_word(&f, "CEF:0|postwacht|postwacht|" POSTWACHT_VERSION "|");
	put_either(&f, v->type == RECORD_ALERT ? "alert.metadata.finding.0" : "event_type", format_event(v->type));
	flat_word(&f, "|");
	put_either(&f, v->type == RECORD_ALERT ? "alert.signature" : "anomaly.event", name[v->type]);
	flat_word(&f, "|");
	flat_number(&f, severity(v));
	flat_word(&f, "|");
	flat_fields(&f, rows, sizeof(rows) / sizeof(rows[0]));
	return f.overflow ? 0 : (size_t)(f.at - f.start);
}
