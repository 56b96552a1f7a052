// Evidence of an alert: the packets of its session as a pcapng, with what they show as comments. See alerts/evidence.h.
//
// Comments are text of ours; what may come from the wire goes through the JSON emitter, which leaves ASCII without controls.
#include "alerts/evidence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/evidence_disk.h"
#include "alerts/evidence_shelf.h"
#include "alerts/json.h"
#include "alerts/pcapng_write.h"
#include "alerts/record_parts.h"

enum {
	ABOUT_MAX = 8192,   // octets of the JSON that says what the alert is: below RECORD_LEN_MAX
	COMMENT_MAX = 256,  // of what a packet shows
	COMMENTS_MAX = 8,   // findings that a packet is shown to show; more of them say the same
	INTERFACES_MAX = 4, // a session's packets are of one link, or of two
	PACKET_MORE = 64 + (COMMENTS_MAX + 1) * (COMMENT_MAX + 8), // octets of a packet in the file beside its own
};

struct evidence_store {
	struct evidence_shelf shelf;
	struct evidence_disk disk;
	struct evidence_packet packet[SHELF_SESSION_PACKETS];
	uint8_t *room; // a session's packets
	uint8_t *out;  // ... and the file
	size_t out_len;
};

int evidence_open(struct evidence_store **out, const struct evidence_config *c)
{
	struct evidence_store *e = calloc(1, sizeof(*e));
	*out = NULL;
	if (!e)
		return -ENOMEM;
	e->disk.dir = -1;
	int err = evidence_shelf_open(&e->shelf, c->memory_octets, c->session_octets);
	e->out_len = (size_t)e->shelf.session_octets + SHELF_SESSION_PACKETS * PACKET_MORE + 2 * ABOUT_MAX;
	e->room = malloc(e->shelf.session_octets);
	e->out = malloc(e->out_len);
	if (!err && (!e->room || !e->out))
		err = -ENOMEM;
	if (!err)
		err = evidence_disk_open(&e->disk, c->dir, c->disk_octets);
	if (err)
		evidence_close(&e);
	*out = e;
	return err;
}

void evidence_close(struct evidence_store **e)
{
	if (!*e)
		return;
	evidence_disk_close(&(*e)->disk);
	evidence_shelf_close(&(*e)->shelf);
	free((*e)->room);
	free((*e)->out);
	free(*e);
	*e = NULL;
}

void evidence_take(struct evidence_store *e, const struct message_evidence *m)
{
	evidence_shelf_put(&e->shelf, m);
}

void evidence_forget(struct evidence_store *e, uint64_t birth)
{
	evidence_shelf_forget(&e->shelf, birth);
}

struct evidence_counts evidence_counts(const struct evidence_store *e)
{
	return (struct evidence_counts){.packets = e->shelf.packets, .forgotten = e->shelf.forgotten, .files = e->disk.files,
		.removed = e->disk.removed, .errors = e->disk.errors};
}

// ---- what the alert is ---------------------------------------------------------------------------------------

static void about(struct json *j, const struct record_config *c, const struct record_alert *a)
{
	const struct session *s = a->session;
	json_open_object(j);
	json_field(j, "alert", word, a->id);
	json_field(j, "session", word, s->id);
	json_field(j, "finding", word, a->root->row->id);
	json_field(j, "signature_id", u64, a->root->row->signature_id);
	json_field(j, "signature", cstr, a->root->row->title);
	json_field(j, "severity", word, severity_name(a->root->severity));
	json_field(j, "confidence", word, confidence_name(a->root->confidence));
	json_field(j, "state", word, state_name(s->state));
	json_field(j, "verdict", word, verdict_name(s->verdict));
	json_field(j, "sensor", cstr, c->host ? c->host : "");
	json_field(j, "tap", cstr, s->tap ? s->tap : "");
	json_key(j, "time");
	record_time(j, a->time_ns);
	json_field(j, "detail", cstr, a->root->detail);
	json_key(j, "related");
	json_open_array(j);
	for (size_t i = 0; i < a->n_related; i++)
		json_put_word(j, a->related[i]->id);
	json_close_array(j);
	record_why_whole(j, s);
	json_close_object(j);
}

static void section(struct pcapng_write *w, const struct record_config *c, const struct record_alert *a)
{
	char text[ABOUT_MAX];
	struct json j;
	pcapng_write_section(w, "postwacht " POSTWACHT_VERSION);
	json_init(&j, text, sizeof(text));
	json_put_raw(&j, "postwacht: ", 11);
	json_put_text(&j, a->root->row->title, strlen(a->root->row->title));
	pcapng_write_comment(w, text, json_len(&j));
	json_init(&j, text, sizeof(text));
	about(&j, c, a);
	if (json_ok(&j))
		pcapng_write_comment(w, text, json_len(&j));
	pcapng_write_end(w);
}

// ---- what a packet shows -------------------------------------------------------------------------------------

static bool names(const struct finding *f, uint32_t frame)
{
	for (size_t i = 0; i < f->n_frames && i < FINDING_FRAMES_MAX; i++) {
		if (f->frames[i] == frame)
			return frame;
	}
	return false;
}

static void shows(struct pcapng_write *w, const struct finding *f, bool root)
{
	char text[COMMENT_MAX];
	struct json j;
	int n = snprintf(text, sizeof(text), "%s%s (%s, %s)", root ? "shows " : "also shows ", f->row->id, severity_name(f->severity),
		confidence_name(f->confidence));
	json_init(&j, text + n, sizeof(text) - (size_t)n);
	if (f->detail[0]) {
		json_put_raw(&j, ": ", 2);
		json_put_text(&j, f->detail, strlen(f->detail));
	}
	pcapng_write_comment(w, text, (size_t)n + json_len(&j));
}

static void findings(struct pcapng_write *w, const struct record_alert *a, uint32_t frame)
{
	const struct session *s = a->session;
	unsigned n = 0;
	if (names(a->root, frame)) {
		shows(w, a->root, true);
		n++;
	}
	for (size_t i = 0; i < s->n_findings && n < COMMENTS_MAX; i++) {
		const struct finding *f = &s->findings[i];
		if (f->row == a->root->row || !names(f, frame))
			continue;
		shows(w, f, false);
		n++;
	}
}

static void cut(struct pcapng_write *w, const struct evidence_packet *p)
{
	static const char *const reasons[EVIDENCE_CUTS] = {
		[EVIDENCE_CUT_PRIVATE] = "content, credentials or addresses, or what may be",
		[EVIDENCE_CUT_UNREAD] = "sent again, out of order, or never read",
		[EVIDENCE_CUT_ENCRYPTED] = "encrypted",
		[EVIDENCE_CUT_CONFLICT] = "octets came in two versions, and may be anything",
		[EVIDENCE_CUT_LONG] = "the packet is long",
	};
	char text[COMMENT_MAX];
	const char *reason = p->cut < EVIDENCE_CUTS && reasons[p->cut] ? reasons[p->cut] : "unknown";
	if (!p->cut_len)
		return;
	int n = snprintf(text, sizeof(text), "payload cut by postwacht: %lu octets were not kept (%s)", (unsigned long)p->cut_len, reason);
	pcapng_write_comment(w, text, (size_t)n);
}

// The number of an interface of this link type, made when it is the first of it.
static uint32_t interface(struct pcapng_write *w, uint16_t *types, uint32_t *n, uint16_t linktype, const char *tap)
{
	for (uint32_t i = 0; i < *n; i++) {
		if (types[i] == linktype)
			return i;
	}
	if (*n == INTERFACES_MAX)
		return INTERFACES_MAX;
	types[*n] = linktype;
	pcapng_write_interface(w, linktype, tap ? tap : "");
	pcapng_write_end(w);
	return (*n)++;
}

static uint32_t packets(struct pcapng_write *w, const struct evidence_store *e, const struct record_alert *a, size_t n)
{
	uint16_t types[INTERFACES_MAX];
	uint32_t n_types = 0, n_written = 0;
	for (size_t i = 0; i < n; i++) {
		const struct evidence_packet *p = &e->packet[i];
		struct pcapng_packet out = {.time_ns = p->time_ns, .wire_len = p->wire_len, .octets = p->octets, .len = p->len};
		out.interface = interface(w, types, &n_types, p->linktype, a->session->tap);
		if (out.interface == INTERFACES_MAX)
			continue;
		pcapng_write_packet(w, &out);
		findings(w, a, p->frame);
		cut(w, p);
		pcapng_write_end(w);
		n_written++;
	}
	return n_written;
}

// ---- the file ------------------------------------------------------------------------------------------------

bool evidence_write(struct evidence_store *e, const struct record_config *c, const struct record_alert *a, struct evidence_file *out)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = a->update ? 0 : evidence_shelf_get(&e->shelf, a->session->facts->birth, e->packet, e->room);
	struct pcapng_write w;
	uint8_t digest[32];
	if (!n)
		return false;
	pcapng_write_init(&w, e->out, e->out_len);
	section(&w, c, a);
	*out = (struct evidence_file){.n_packets = packets(&w, e, a, n)};
	if (w.overflow || !out->n_packets) {
		e->disk.errors += w.overflow;
		return false;
	}
	record_sha256(digest, e->out, pcapng_write_len(&w));
	for (size_t i = 0; i < sizeof(digest); i++) {
		out->sha256[2 * i] = hex[digest[i] >> 4];
		out->sha256[2 * i + 1] = hex[digest[i] & 15];
	}
	return evidence_disk_write(&e->disk, a->id, a->time_ns, e->out, pcapng_write_len(&w), out->file);
}
