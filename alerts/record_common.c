// What every record begins with: shape, time, addresses, flow.
#include "alerts/record_parts.h"

#include <arpa/inet.h>
#include <assert.h>

// Tried in this order. 64 entries and 1,024 octets are more than facts or findings hold. The last one always fits:
// below 30 texts and lists of 2, each octet at most 6 long (\u00XX), stay under 4 KiB beside 3 KiB of our own words.
static const struct record_shape shapes[] = {{64, 1024}, {8, 128}, {2, 16}};

size_t record_render(char *out, const struct record_config *c, void (*body)(struct record_writer *w, const void *what),
                     const void *what)
{
	struct record_writer w = {.config = c};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		json_init(&w.json, out, RECORD_LEN_MAX - 1); // with its newline a line is not above the cap
		w.shape = &shapes[i];
		w.truncated = i > 0;
		body(&w, what);
		if (json_ok(&w.json))
			return json_len(&w.json);
	}
	assert(!"the last shape fits");
	return 0;
}

void record_text(struct record_writer *w, const struct facts *f, struct text t)
{
	if (t.len)
		json_put_string(&w->json, facts_text(f, t), t.len < w->shape->text_max ? t.len : w->shape->text_max);
	else
		json_put_null(&w->json);
}

void record_bounded(struct record_writer *w, const char *s)
{
	json_put_string(&w->json, s, strnlen(s, w->shape->text_max));
}

// Two decimal digits at p.
static void two(char *p, unsigned v)
{
	p[0] = (char)('0' + v / 10);
	p[1] = (char)('0' + v % 10);
}

// Year, month and day of a day counted from 1970-01-01: eras of 400 years that begin in March, so that the leap day
// is the last of its year. A few divisions; gmtime() would ask for the time zone's lock.
static void put_date(char *p, uint32_t days)
{
	uint32_t z = days + 719468;
	uint32_t era = z / 146097, of_era = z % 146097;
	uint32_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint32_t march_month = (5 * of_year + 2) / 153;
	uint32_t month = march_month < 10 ? march_month + 3 : march_month - 9;
	uint32_t year = year_of_era + era * 400 + (month <= 2);

	two(p, year / 100 % 100);
	two(p + 2, year % 100);
	two(p + 5, month);
	two(p + 8, of_year - (153 * march_month + 2) / 5 + 1);
}

void record_time(struct json *j, uint64_t time_ns)
{
	char text[] = "\"0000-00-00T00:00:00.000000+0000\"";
	uint64_t us = time_ns / 1000;
	uint32_t second = (uint32_t)(us / 1000000 % 86400), fraction = (uint32_t)(us % 1000000);

	put_date(text + 1, (uint32_t)(us / 1000000 / 86400));
	two(text + 12, second / 3600);
	two(text + 15, second / 60 % 60);
	two(text + 18, second % 60);
	two(text + 21, fraction / 10000);
	two(text + 23, fraction / 100 % 100);
	two(text + 25, fraction % 100);
	json_separate(j);
	json_put_raw(j, text, sizeof(text) - 1);
}

// The base name: directories are the operator's business, and differ between two readers of one capture.
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

void record_head(struct record_writer *w, const char *event_type, uint64_t time_ns, uint32_t frame, uint16_t file)
{
	struct json *j = &w->json;
	const struct record_config *c = w->config;
	const char *path = c->file_name ? c->file_name(c->file_ctx, file) : NULL;

	json_open_object(j);
	json_key(j, "timestamp");
	record_time(j, time_ns);
	json_field(j, "event_type", word, event_type);
	if (c->host) {
		json_key(j, "host");
		record_bounded(w, c->host);
	}
	if (c->in_iface) {
		json_key(j, "in_iface");
		record_bounded(w, c->in_iface);
	}
	if (path && frame) {
		json_field(j, "pcap_cnt", u64, frame);
		json_key(j, "pcap_filename");
		record_bounded(w, base_name(path));
	}
}

// inet_ntop() prints IPv4 through snprintf(), which would be a sixth of a record's time.
static char *put_ip4(char *p, const uint8_t addr[4])
{
	for (int i = 0; i < 4; i++) {
		if (addr[i] >= 100)
			*p++ = (char)('0' + addr[i] / 100);
		if (addr[i] >= 10)
			*p++ = (char)('0' + addr[i] / 10 % 10);
		*p++ = (char)('0' + addr[i] % 10);
		*p++ = '.';
	}
	return p - 1;
}

void record_address(struct json *j, uint8_t ip_v, const uint8_t addr[16])
{
	char text[INET6_ADDRSTRLEN + 2] = "\"";
	char *end;

	if (ip_v == 6) {
		inet_ntop(AF_INET6, addr, text + 1, INET6_ADDRSTRLEN);
		end = text + strlen(text);
	} else {
		end = put_ip4(text + 1, addr);
	}
	*end++ = '"';
	json_separate(j);
	json_put_raw(j, text, (size_t)(end - text));
}

static void vlan(struct json *j, const struct conn_facts *c)
{
	if (!c->n_vlan)
		return;
	json_key(j, "vlan");
	json_open_array(j);
	for (size_t i = 0; i < c->n_vlan && i < 2; i++)
		json_put_u64(j, c->vlan[i]);
	json_close_array(j);
}

const char *record_app_proto(const struct facts *f)
{
	if (f->tls.completed || (!f->smtp.seen && (f->tls.records[DIR_C2S] || f->tls.records[DIR_S2C])))
		return "tls";
	return f->smtp.seen ? "smtp" : NULL;
}

// EVE's app_proto is what the connection became; app_proto_orig, what it was before STARTTLS.
static void app_proto(struct json *j, const struct facts *f)
{
	const char *name = record_app_proto(f);

	if (name)
		json_field(j, "app_proto", word, name);
	if (f->smtp.seen && f->tls.completed)
		json_field(j, "app_proto_orig", word, "smtp");
}

void record_head_session(struct record_writer *w, const char *event_type, const struct session *s, uint64_t time_ns,
                         uint32_t frame)
{
	struct json *j = &w->json;
	const struct conn_facts *c = &s->facts->conn;
	char community_id[32];

	record_head(w, event_type, time_ns, frame, c->file);
	record_community_id(community_id, c);
	json_field(j, "flow_id", u64, s->flow_id);
	json_key(j, "src_ip");
	record_address(j, c->ip_v, c->src);
	json_field(j, "src_port", u64, c->src_port);
	json_key(j, "dest_ip");
	record_address(j, c->ip_v, c->dst);
	json_field(j, "dest_port", u64, c->dst_port);
	json_field(j, "proto", word, "TCP");
	json_field(j, "ip_v", u64, c->ip_v);
	vlan(j, c);
	json_field(j, "community_id", word, community_id);
	app_proto(j, s->facts);
}

void record_flow(struct record_writer *w, const struct conn_facts *c)
{
	struct json *j = &w->json;

	json_key(j, "flow");
	json_open_object(j);
	json_field(j, "pkts_toserver", u64, c->pkts[DIR_C2S]);
	json_field(j, "pkts_toclient", u64, c->pkts[DIR_S2C]);
	json_field(j, "bytes_toserver", u64, c->octets[DIR_C2S]);
	json_field(j, "bytes_toclient", u64, c->octets[DIR_S2C]);
	json_key(j, "start");
	record_time(j, c->start_ns);
	json_close_object(j);
}

void record_why_whole(struct json *j, const struct session *s)
{
	json_key(j, "why");
	json_open_array(j);
	for (size_t i = 0; i < s->n_why; i++)
		json_put_cstr(j, s->why[i]);
	json_close_array(j);
}
