// Reads live ports until nothing has come for a while, and prints in one JSON line what came to which worker.
//
//     live_count WORKERS IDLE_MS PORT...     "ready" on standard error once the ports are open
//
// LIVE_COUNT_BPF is a filter. With LIVE_COUNT_RIGHTS it gives up its rights as the sensor's watch does.
// A packet belongs to the worker its last octet says: neighbours differ.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/live.h"
#include "hw/clock.h"
#include "hw/rights.h"

struct reader {
	pthread_t thread;
	struct live *live;
	uint16_t worker;
	uint64_t packets, octets, marks, disordered, foreign, older; // older: than the one before by its time
	uint64_t time_ns;
	uint64_t sum; // of all octets: what arrived is what was sent
	int end;
};

static uint64_t idle_ns;
static uint64_t last_ns; // monotonic: when a packet came
static bool stop;
static uint16_t workers;

static uint32_t owner_of(void *ctx, const struct packet *p, bool fanned)
{
	return p->len ? p->data[p->len - 1] % workers : 0;
}

static void take(struct reader *r, const struct packet *p)
{
	if (p->kind == PACKET_TIME) {
		r->marks++;
		return;
	}
	r->packets++;
	r->older += p->time_ns < r->time_ns;
	r->time_ns = p->time_ns;
	r->octets += p->len;
	for (uint32_t i = 0; i < p->len; i++)
		r->sum += p->data[i];
	r->foreign += owner_of(NULL, p, true) != r->worker;
	__atomic_store_n(&last_ns, clock_mono_ns(), __ATOMIC_RELAXED);
}

static void *work(void *arg)
{
	struct reader *r = arg;
	struct source *s = live_source(r->live, r->worker);
	struct packet burst[PACKET_BURST];
	uint64_t seq = 0;
	while (live_fanned(r->live) || !__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		int n = source_burst(s, burst);
		if (n <= 0) {
			r->end = n;
			break;
		}
		if (n == SOURCE_IDLE) {
			live_wait(r->live, r->worker, 500);
			continue;
		}
		for (int i = 0; i < n; i++) {
			r->disordered += burst[i].seq <= seq;
			seq = burst[i].seq;
			take(r, &burst[i]);
		}
	}
	return NULL;
}

static void *read_all(void *arg)
{
	struct live *l = arg;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		int n = live_read(l);
		if (n <= 0)
			break;
		if (n == SOURCE_IDLE)
			live_wait(l, LIVE_READER, 500);
	}
	live_read_end(l);
	return NULL;
}

static void print(struct live *l, const struct reader *r)
{
	struct live_counts c;
	live_counts(l, &c);
	printf("{\"fanned\":%s,\"taken\":%lu,\"full\":%lu,\"workers\":[", live_fanned(l) ? "true" : "false", c.lanes_taken, c.lanes_full);
	for (uint16_t w = 0; w < workers; w++)
		printf("%s{\"packets\":%lu,\"octets\":%lu,\"sum\":%lu,\"marks\":%lu,\"disordered\":%lu,\"foreign\":%lu,\"older\":%lu,\"end\":%d}",
			w ? "," : "",
			r[w].packets, r[w].octets, r[w].sum, r[w].marks, r[w].disordered, r[w].foreign, r[w].older, r[w].end);
	printf("],\"ports\":[");
	for (size_t i = 0; i < live_n_ports(l); i++) {
		struct port_stats s;
		struct port_about a;
		live_port_stats(l, i, &s);
		live_port_about(l, i, &a);
		printf("%s{\"name\":\"%s\",\"clock\":\"%s\",\"rx_packets\":%lu,\"rx_octets\":%lu,\"missed\":%lu,\"errors\":%lu,\"tx_packets\":%lu,"
			"\"link_known\":%s,\"link_up\":%s}", i ? "," : "", a.name, port_clock_name(a.clock), s.rx_packets, s.rx_octets, s.missed,
			s.errors, s.tx_packets, s.link_known ? "true" : "false", s.link_up ? "true" : "false");
	}
	printf("]}\n");
}

int main(int argc, char **argv)
{
	static char buffer[65536];
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer)); // the library would look at the descriptor, which is forbidden later
	struct live_config c = {.owner = owner_of};
	struct reader reader[LIVE_WORKERS_MAX] = {0};
	struct live *l;
	char why[PORT_WHY];
	pthread_t fan;
	if (argc < 4 || argc - 3 > LIVE_PORTS_MAX)
		return 2;
	c.workers = workers = (uint16_t)atoi(argv[1]);
	idle_ns = strtoull(argv[2], NULL, 10) * 1000000;
	const char *bpf = getenv("LIVE_COUNT_BPF");
	for (int i = 3; i < argc; i++)
		c.port[c.n_ports++] = (struct live_port){.name = argv[i], .bpf = bpf ? bpf : "", .tap = (uint8_t)(i - 3)};
	if (live_open(&l, &c, why) < 0) {
		fprintf(stderr, "live_count: %s\n", why);
		return 1;
	}
	char words[RIGHTS_WORDS] = "", refused[RIGHTS_WORDS];
	const struct rights_config rights = {.profile = RIGHTS_WATCH};
	bool gave_up = getenv("LIVE_COUNT_RIGHTS");
	if (gave_up && rights_drop(&rights, words, refused) < 0) {
		fprintf(stderr, "live_count: %s\n", refused);
		return 1;
	}
	fprintf(stderr, "ready\n");
	last_ns = clock_mono_ns() + 2000000000; // the first may be late
	for (uint16_t w = 0; w < workers; w++) {
		reader[w] = (struct reader){.live = l, .worker = w};
		pthread_create(&reader[w].thread, NULL, work, &reader[w]);
	}
	if (live_fanned(l))
		pthread_create(&fan, NULL, read_all, l);
	for (int64_t silent = 0; silent < (int64_t)idle_ns;) {
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
		silent = (int64_t)(clock_mono_ns() - __atomic_load_n(&last_ns, __ATOMIC_RELAXED));
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	if (live_fanned(l))
		pthread_join(fan, NULL);
	for (uint16_t w = 0; w < workers; w++)
		pthread_join(reader[w].thread, NULL);
	print(l, reader);
	if (gave_up) { // closing would ask the kernel for what is forbidden now
		fflush(stdout);
		_exit(0);
	}
	live_close(&l);
	return 0;
}
