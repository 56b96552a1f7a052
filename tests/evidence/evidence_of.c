// What would be kept of captures: every packet that travels as evidence, and the files that the judge writes for alerts.
//
//   evidence_of domains|full (CAPTURE OUT)...
//
// OUT: a pcapng of all that travelled; OUT.json: the judge's records, whose pcap.file stands below OUT.files.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/evidence.h"
#include "alerts/judge.h"
#include "alerts/pcapng_write.h"
#include "capture/source.h"
#include "dissect/dissect.h"

enum { OUT_LEN = 64 << 20, LINKTYPES_MAX = 8 };

struct run {
	struct judge *judge;
	FILE *records;
	struct pcapng_write w;
	uint16_t linktype[LINKTYPES_MAX];
	uint32_t n_linktypes;
};

static uint8_t out[OUT_LEN];

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "evidence_of: %s\n", what);
	exit(1);
}

static uint32_t interface(struct run *r, uint16_t linktype)
{
	uint32_t i = 0;
	while (i < r->n_linktypes && r->linktype[i] != linktype)
		i++;
	must(i < LINKTYPES_MAX, "too many link types");
	if (i == r->n_linktypes) {
		r->linktype[r->n_linktypes++] = linktype;
		pcapng_write_interface(&r->w, linktype, "");
		pcapng_write_end(&r->w);
	}
	return i;
}

static void take(void *ctx, const struct message *m, size_t len)
{
	struct run *r = ctx;
	if (m->type == MESSAGE_EVIDENCE) {
		const struct message_evidence *e = (const void *)m;
		struct pcapng_packet p = {.interface = interface(r, e->linktype), .time_ns = e->time_ns, .wire_len = e->wire_len,
			.octets = e->octets, .len = e->len};
		pcapng_write_packet(&r->w, &p);
		pcapng_write_end(&r->w);
	}
	must(judge_take(r->judge, m, len) == 0, "the judge refuses a message");
}

static void write_record(void *ctx, const struct record_about *about, const char *line, size_t len)
{
	struct run *r = ctx;
	(void)about;
	fwrite(line, 1, len, r->records);
}

static void dissect_file(struct run *r, const char *path, bool full)
{
	struct dissect_config config = {
		.ports = {25, 465, 587, 2525, 24},
		.n_ports = 5,
		.flows_max = 16384,
		.sessions_max = 4096,
		.reassembly_octets = 16 << 20,
		.keep_envelope = full,
		.n_workers = 1,
		.evidence = true,
		.emit = take,
		.emit_ctx = r,
	};
	const struct source_file_config file = {.paths = &path, .n_paths = 1};
	struct dissect *d;
	struct source *s;
	const char *bad;
	struct packet burst[PACKET_BURST];
	must(source_file_open(&s, &file, &bad) == 0, "cannot open a capture");
	must(dissect_open(&d, &config) == 0, "no memory");
	for (int n; (n = source_burst(s, burst)) > 0;)
		dissect_burst(d, burst, (size_t)n);
	dissect_finish(d);
	dissect_close(&d);
	source_close(&s);
}

static void run_one(const char *capture, const char *name, bool full)
{
	struct run r = {0};
	char records[4096], dir[4096];
	const struct evidence_config evidence = {.dir = dir, .memory_octets = 16 << 20, .disk_octets = UINT64_C(1) << 30};
	struct judge_config judge = {
		.record = {.host = "sensor", .envelope = full ? ENVELOPE_FULL : ENVELOPE_DOMAINS},
		.taps = {{.name = "tap"}},
		.sessions_max = 4096,
		.evidence = &evidence,
		.write = write_record,
		.write_ctx = &r,
	};
	const char *bad;
	memset(judge.severity, -1, sizeof(judge.severity));
	snprintf(dir, sizeof(dir), "%s.files", name);
	snprintf(records, sizeof(records), "%s.json", name);
	r.records = fopen(records, "w");
	must(r.records != NULL, "cannot write records");
	must(judge_open(&r.judge, &judge, &bad) == 0, "cannot open the judge");
	pcapng_write_init(&r.w, out, sizeof(out));
	pcapng_write_section(&r.w, "evidence_of");
	pcapng_write_end(&r.w);
	dissect_file(&r, capture, full);
	judge_finish(r.judge);
	judge_close(&r.judge);
	fclose(r.records);
	FILE *f = fopen(name, "w");
	must(f && !r.w.overflow && fwrite(out, 1, pcapng_write_len(&r.w), f) == pcapng_write_len(&r.w) && fclose(f) == 0, "cannot write");
}

int main(int argc, char **argv)
{
	bool usage = argc >= 4 && argc % 2 == 0 && (!strcmp(argv[1], "domains") || !strcmp(argv[1], "full"));
	if (!usage) {
		fprintf(stderr, "usage: evidence_of domains|full (CAPTURE OUT)...\n");
		return 2;
	}
	for (int i = 2; i < argc; i += 2)
		run_one(argv[i], argv[i + 1], !strcmp(argv[1], "full"));
	return 0;
}
