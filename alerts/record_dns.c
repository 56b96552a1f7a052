// A question that was answered twice, as an `anomaly`: its client asked, and no session of mail shows what came of it.
#include "alerts/dns/race.h"
#include "alerts/record_parts.h"

static const char *type_name(uint16_t type)
{
	switch (type) {
	case DNS_A:
		return "A";
	case DNS_AAAA:
		return "AAAA";
	case DNS_MX:
		return "MX";
	default:
		return "TLSA";
	}
}

static void put_dns(struct record_writer *w, const struct race_double *d)
{
	struct json *j = &w->json;

	json_key(j, "smtp_tls");
	json_open_object(j);
	json_field(j, "v", u64, RECORD_SMTP_TLS_VERSION);
	json_key(j, "dns");
	json_open_object(j);
	json_field(j, "id", u64, d->id);
	json_key(j, "name");
	record_bounded(w, d->qname);
	json_field(j, "type", word, type_name(d->qtype));
	json_field(j, "confidence", word, confidence_name(d->certain ? CONFIDENCE_CERTAIN : CONFIDENCE_SUSPECT));
	json_key(j, "first");
	record_bounded(w, d->said[0]);
	json_key(j, "later");
	record_bounded(w, d->said[1]);
	json_close_object(j);
	if (w->truncated)
		json_field(j, "truncated", flag, true);
	json_close_object(j);
}

static void double_event(struct record_writer *w, const void *what)
{
	const struct race_double *d = what;
	struct json *j = &w->json;

	record_head(w, "anomaly", d->time_ns[1], d->frame[1], d->file);
	json_key(j, "src_ip");
	record_address(j, d->ip_v, d->client);
	json_field(j, "src_port", u64, d->client_port);
	json_key(j, "dest_ip");
	record_address(j, d->ip_v, d->server);
	json_field(j, "dest_port", u64, d->server_port);
	json_field(j, "proto", word, "UDP");
	json_field(j, "ip_v", u64, d->ip_v);
	json_key(j, "anomaly");
	json_open_object(j);
	json_field(j, "app_proto", word, "dns");
	json_field(j, "type", word, "applayer");
	json_field(j, "event", word, "dns_double_answer");
	json_field(j, "layer", word, "proto_parser");
	json_close_object(j);
	put_dns(w, d);
	json_close_object(j);
}

size_t record_dns_double(char *out, const struct record_config *c, const struct race_double *d)
{
	return record_render(out, c, double_event, d);
}
