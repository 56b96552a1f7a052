// Cycles a packet by stage, measured by running the same file through longer and longer parts of the path:
// source alone; source and whose each packet is; source and decode; source, decode and dissection with facts thrown away;
// and what packets as evidence cost on top of that.
//
//   stages FILE      one JSON line; each figure is the best of three passes
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/source.h"
#include "dissect/dissect.h"
#include "dissect/net/decode.h"
#include "hw/clock.h"

enum stage { STAGE_SOURCE, STAGE_OWNER, STAGE_DECODE, STAGE_DISSECT, STAGE_EVIDENCE, STAGES };

struct run {
	uint64_t cycles, packets, messages;
	uint64_t memory_octets;
};

static void count_message(void *ctx, const struct message *m, size_t len)
{
	struct run *r = ctx;
	(void)len;
	r->messages++;
	if (m->type == MESSAGE_COUNTERS)
		r->memory_octets = ((const struct message_counters *)m)->memory_octets;
}

static struct dissect *open_dissect(struct run *r, bool evidence)
{
	struct dissect_config config = {
		.ports = {25, 465, 587, 2525, 24},
		.n_ports = 5,
		.flows_max = 524288,
		.sessions_max = 131072,
		.reassembly_octets = 64 << 20,
		.n_workers = 1,
		.evidence = evidence,
		.emit = count_message,
		.emit_ctx = r,
	};
	struct dissect *d;
	if (dissect_open(&d, &config)) {
		fprintf(stderr, "stages: no memory\n");
		exit(1);
	}
	return d;
}

static struct run run_stage(const char *path, enum stage stage)
{
	struct source_file_config config = {.paths = &path, .n_paths = 1};
	struct source *source;
	const char *bad;
	if (source_file_open(&source, &config, &bad)) {
		fprintf(stderr, "stages: cannot open %s\n", bad);
		exit(1);
	}
	struct run r = {0};
	struct dissect *d = stage >= STAGE_DISSECT ? open_dissect(&r, stage == STAGE_EVIDENCE) : NULL;
	static uint64_t counter[DISSECT_COUNTERS];
	struct packet burst[PACKET_BURST];
	struct decoded decoded;
	struct dissect_owner owner = {.n_workers = 3};
	uint64_t begin = clock_cycles();
	for (int n; (n = source_burst(source, burst)) > 0; r.packets += (uint64_t)n) {
		if (stage == STAGE_OWNER) {
			for (int i = 0; i < n; i++)
				r.messages += dissect_owner(&owner, &burst[i], true);
		} else if (stage == STAGE_DECODE) {
			for (int i = 0; i < n; i++)
				(void)decode_packet(&burst[i], &decoded, false, 0, counter);
		} else if (d) {
			dissect_burst(d, burst, (size_t)n);
		}
	}
	if (d)
		dissect_finish(d);
	r.cycles = clock_cycles() - begin;
	dissect_close(&d);
	source_close(&source);
	return r;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: stages FILE\n");
		return 2;
	}
	struct run best[STAGES];
	memset(best, 0, sizeof(best));
	for (int pass = 0; pass < 3; pass++) {
		for (int stage = 0; stage < STAGES; stage++) {
			struct run r = run_stage(argv[1], (enum stage)stage);
			if (!best[stage].cycles || r.cycles < best[stage].cycles)
				best[stage] = r;
		}
	}
	double n = best[0].packets ? (double)best[0].packets : 1;
	double source = (double)best[STAGE_SOURCE].cycles / n, owner = (double)best[STAGE_OWNER].cycles / n,
		   decode = (double)best[STAGE_DECODE].cycles / n, dissect = (double)best[STAGE_DISSECT].cycles / n,
		   evidence = (double)best[STAGE_EVIDENCE].cycles / n;
	printf("{\"packets\":%lu,\"messages\":%lu,\"cycles_per_packet\":{\"source\":%.1f,\"owner\":%.1f,\"decode\":%.1f,\"flow_stream_dissect\":%.1f,"
		   "\"all\":%.1f,\"evidence\":%.1f},\"memory_octets\":%lu}\n",
		best[0].packets, best[STAGE_DISSECT].messages, source, owner - source, decode - source, dissect - decode, dissect, evidence - dissect,
		best[STAGE_DISSECT].memory_octets);
	return 0;
}
