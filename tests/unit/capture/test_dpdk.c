// Ports of DPDK, without any card: files that net_pcap plays come out as our own reader reads them, octet for octet.
//
//   test_capture_dpdk STORIES [--nobody | --hugepages]     as whoever runs it; as a plain user; with huge pages made for it
//
// DPDK can be started once a process, so each way is a process of its own. 77: this machine does not allow that way.
#include "capture/port.h"
#include "hw/clock.h"
#include "hw/dpdk/eal.h"
#include "tests/unit/capture/build.h"
#include "tests/unit/capture/dpdk_fixture.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static bool want_huge;

static void refused(const char *name, int want, const char *word)
{
	const struct port_config c = {.name = name, .bpf = "", .queues = 1, .hugepages = want_huge};
	char why[PORT_WHY] = "";
	struct port *p = (struct port *)1;
	int r = dpdk_port_open(&p, &c, why);
	if (r >= 0 || (want && r != want) || !strstr(why, word))
		print_error("%s: %d, \"%s\", not about \"%s\"\n", name, r, why, word);
	assert_true(r < 0 && (!want || r == want));
	assert_null(p);
	assert_non_null(strstr(why, word));
	assert_null(strstr(why, "huge")); // a fault of a port is not told as one of memory
}

// Every packet of the file, in order, and then the end. Returns how many.
static uint64_t same_as_file(struct source *s, const char *path)
{
	const struct source_file_config config = {.paths = &path, .n_paths = 1};
	struct packet want[PACKET_BURST], got[PACKET_BURST];
	struct source *file;
	const char *bad;
	uint64_t seen = 0;
	int n_got = 0, at = 0;
	assert_int_equal(source_file_open(&file, &config, &bad), 0);
	for (int n; (n = source_burst(file, want)) > 0;) {
		for (int i = 0; i < n; i++, at++, seen++) {
			if (at == n_got) {
				n_got = dpdk_fixture_next(s, got);
				at = 0;
				assert_true(n_got > 0 && n_got <= PACKET_BURST);
			}
			assert_int_equal(got[at].len, want[i].len);
			assert_int_equal(got[at].wire_len, want[i].len);
			assert_int_equal(got[at].time_ns, want[i].time_ns / 1000 * 1000);
			assert_int_equal(got[at].linktype, 1);
			assert_memory_equal(got[at].data, want[i].data, want[i].len);
		}
	}
	assert_int_equal(at, n_got);
	assert_int_equal(dpdk_fixture_next(s, got), SOURCE_END);
	assert_int_equal(source_burst(s, got), SOURCE_END);
	source_close(&file);
	return seen;
}

static void a_story_comes_out_as_it_is_in_the_file(void **state)
{
	for (size_t i = 0; i < DPDK_FIXTURE_STORIES; i++) {
		char path[128], name[160];
		struct port_about about;
		struct port_stats stats;
		dpdk_fixture_path(path, dpdk_fixture_stories[i]);
		snprintf(name, sizeof(name), "vdev:net_pcap0,rx_pcap=%s", path);
		struct port *p = dpdk_fixture_open(name, 1, want_huge);
		uint64_t n = same_as_file(p->ops->queue(p, 0), path);
		assert_true(n > 10);
		p->ops->about(p, &about);
		assert_string_equal(about.name, name);
		assert_string_equal(about.driver, "net_pcap");
		assert_int_equal(about.queues, 1);
		assert_int_equal(about.tx_queues, 0);
		assert_int_equal(about.clock, PORT_CLOCK_CAPTURE);
		assert_true(about.rss_symmetric);
		assert_null(p->ops->queue_of);
		assert_null(p->ops->queue(p, 1));
		p->ops->stats(p, &stats);
		assert_int_equal(stats.rx_packets, n);
		assert_int_equal(stats.missed + stats.errors + stats.no_mbuf, 0);
		assert_int_equal(stats.tx_packets + stats.tx_octets + stats.tx_errors, 0);
		assert_true(stats.link_up);
		port_close(&p);
		assert_null(p);
	}
}

static void two_ports_at_once(void **state)
{
	char path[2][128], name[2][192];
	struct port *p[2];
	for (int i = 0; i < 2; i++) {
		dpdk_fixture_path(path[i], dpdk_fixture_stories[i]);
		snprintf(name[i], sizeof(name[i]), "vdev:net_pcap%d,rx_pcap=%.120s", i, path[i]);
		p[i] = dpdk_fixture_open(name[i], 1, want_huge);
	}
	refused(name[1], -EEXIST, "in use already");
	for (int i = 0; i < 2; i++)
		assert_true(same_as_file(p[i]->ops->queue(p[i], 0), path[i]) > 0);
	port_close(&p[0]);
	port_close(&p[1]);
}

static void a_device_with_two_files_has_two_queues(void **state)
{
	char path[2][128], name[320];
	struct port_about about;
	dpdk_fixture_path(path[0], dpdk_fixture_stories[0]);
	dpdk_fixture_path(path[1], dpdk_fixture_stories[1]);
	snprintf(name, sizeof(name), "vdev:net_pcap0,rx_pcap=%s,rx_pcap=%s", path[0], path[1]);
	struct port *p = dpdk_fixture_open(name, 1, want_huge); // one was wanted, but no file may be left unread
	p->ops->about(p, &about);
	assert_int_equal(about.queues, 2);
	assert_non_null(strstr(about.rss, "operator"));
	for (uint16_t q = 0; q < 2; q++)
		assert_true(same_as_file(p->ops->queue(p, q), path[q]) > 0);
	port_close(&p);
}

static void write_file(const char *path, const struct build *b)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(b->octets, 1, b->len, f), b->len);
	fclose(f);
}

// Longer than a buffer, as long as one, and two bursts of them, so that the copies have to be handed out in two.
static void jumbo_frames_are_put_together(void **state)
{
	static const uint32_t lens[] = {60, 2047, 2048, 2049, 9000, 9018, 60, 16000};
	char path[128], name[160];
	struct build *b = calloc(1, sizeof(*b));
	build_pcap(b, 0xa1b2c3d4, 1);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		build_pcap_record(b, 1000, (uint32_t)i, lens[i], lens[i]);
	dpdk_fixture_path(path, "jumbo");
	write_file(path, b);
	free(b);
	snprintf(name, sizeof(name), "vdev:net_pcap0,rx_pcap=%s", path);
	struct port *p = dpdk_fixture_open(name, 1, want_huge);
	assert_int_equal(same_as_file(p->ops->queue(p, 0), path), sizeof(lens) / sizeof(lens[0]));
	port_close(&p);
}

// 64 packets of 60,000 octets do not fit the buffer for copies at once.
static void more_copies_than_fit_come_in_several_bursts(void **state)
{
	char path[128], name[160];
	dpdk_fixture_path(path, "huge");
	FILE *f = fopen(path, "w");
	static struct build b;
	memset(&b, 0, sizeof(b));
	build_pcap(&b, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < 64; i++) {
		build_pcap_record(&b, 1000 + i, i, 60000, 60000);
		assert_int_equal(fwrite(b.octets, 1, b.len, f), b.len);
		b.len = b.n_marks = 0;
	}
	fclose(f);
	snprintf(name, sizeof(name), "vdev:net_pcap0,rx_pcap=%s", path);
	struct port *p = dpdk_fixture_open(name, 1, want_huge);
	assert_int_equal(same_as_file(p->ops->queue(p, 0), path), 64);
	port_close(&p);
}

static void what_cannot_be_is_told(void **state)
{
	char sll[128], name[200], text[128];
	struct build *b = calloc(1, sizeof(*b));
	build_pcap(b, 0xa1b2c3d4, 113);
	build_pcap_record(b, 1, 1, 60, 60);
	dpdk_fixture_path(sll, "sll");
	write_file(sll, b);
	free(b);
	dpdk_fixture_path(text, "text");
	FILE *f = fopen(text, "w");
	fputs("this is no capture, it is a sentence\n", f);
	fclose(f);
	snprintf(name, sizeof(name), "vdev:net_pcap0,rx_pcap=%s", sll);
	refused(name, -EPROTONOSUPPORT, "link type 113");
	snprintf(name, sizeof(name), "vdev:net_pcap0,rx_pcap=%s", text);
	refused(name, 0, "DPDK says");
	refused("vdev:net_pcap0,rx_pcap=/nonexistent/x.pcap", -ENOENT, "/nonexistent/x.pcap: No such file");
	refused("vdev:net_pcap0,rx_iface=nosuch0", 0, "nosuch0");
	refused("vdev:net_pcap0,rx_pcap=/dev/null,tx_pcap=/tmp/x.pcap", -EINVAL, "never does");
	refused("vdev:net_pcap0,iface=lo", -EINVAL, "never does");
	refused("vdev:net_nosuch0", -ENODEV, "no driver for net_nosuch0");
	refused("vdev:", -EINVAL, "no device is named");
	refused("pci:eth1", -EINVAL, "no PCI address");
	refused("0000:fe:1f.7", 0, "there is no PCI device 0000:fe:1f.7");
}

static void a_card_of_the_kernel_is_named_with_what_to_do(void **state)
{
	char name[64] = "";
	FILE *f = popen("ls /sys/bus/pci/devices 2>/dev/null | head -n 1", "r"); // whatever it is, DPDK does not have it
	if (f && fgets(name, sizeof(name), f))
		name[strcspn(name, "\n")] = '\0';
	if (f)
		pclose(f);
	if (!name[0])
		skip();
	refused(name, 0, "dpdk-devbind.py");
}

static void what_a_device_makes_itself_has_the_time_of_the_system(void **state)
{
	struct packet burst[PACKET_BURST];
	struct port_about about;
	struct port_stats stats;
	struct port *p = dpdk_fixture_open("vdev:net_null0,size=64,copy=1", 2, want_huge);
	uint64_t begin_ns = clock_mono_ns(), n = 0, earliest = clock_wall_ns();
	p->ops->about(p, &about);
	assert_int_equal(about.clock, PORT_CLOCK_SYSTEM);
	assert_int_equal(about.queues, 2);
	assert_int_equal(about.tx_queues, 0);
	while (clock_mono_ns() - begin_ns < 200000000) {
		int got = dpdk_fixture_next(p->ops->queue(p, n & 1), burst);
		assert_true(got > 0);
		for (int i = 0; i < got; i++) {
			assert_int_equal(burst[i].len, 64);
			assert_true(burst[i].time_ns >= earliest);
		}
		n += (uint64_t)got;
	}
	p->ops->stats(p, &stats);
	assert_int_equal(stats.rx_packets, n);
	assert_int_equal(stats.rx_octets, 64 * n);
	assert_int_equal(stats.tx_packets, 0);
	assert_true(n > 10000); // some hundred thousand a second with sanitizers on a busy machine
	print_message("net_null: %.1f million packets a second\n", (double)n / 0.2 / 1e6);
	port_close(&p);
}

static void a_file_that_goes_round_does_not_end(void **state)
{
	struct packet burst[PACKET_BURST];
	char path[128], name[200];
	struct port_about about;
	dpdk_fixture_path(path, dpdk_fixture_stories[0]);
	snprintf(name, sizeof(name), "vdev:net_pcap0,rx_pcap=%s,infinite_rx=1", path);
	struct port *p = dpdk_fixture_open(name, 1, want_huge);
	p->ops->about(p, &about);
	assert_int_equal(about.clock, PORT_CLOCK_SYSTEM);
	for (uint64_t n = 0; n < 100000;) {
		int got = dpdk_fixture_next(p->ops->queue(p, 0), burst);
		assert_true(got > 0);
		n += (uint64_t)got;
	}
	port_close(&p);
}

static void steering_that_cannot_be_drops_nothing_and_says_so(void **state)
{
	const struct port_config c = {.name = "vdev:net_null0", .bpf = "", .queues = 1, .steer = true, .mail_ports = {25, 465}, .n_mail_ports = 2,
		.hugepages = want_huge};
	char why[PORT_WHY];
	struct port_about about;
	struct port *p;
	assert_int_equal(dpdk_port_open(&p, &c, why), 0);
	p->ops->about(p, &about);
	assert_false(about.steered);
	assert_non_null(strstr(about.offload, "all is received"));
	assert_non_null(strstr(about.offload, "port 25"));
	port_close(&p);
}

static void the_process_is_as_before(void **state)
{
	cpu_set_t *before = *state, now;
	sigset_t mask;
	char dir[128];
	assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
	assert_true(CPU_EQUAL(before, &now));
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGTERM), 0);
	assert_int_equal(dpdk_eal_huge(), want_huge);
	snprintf(dir, sizeof(dir), "%s/dpdk", dpdk_fixture_folder); // where it was told to put what it has to
	assert_int_not_equal(access(dir, F_OK), 0);
}

static int run(void)
{
	static cpu_set_t affinity;
	sched_getaffinity(0, sizeof(affinity), &affinity);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_story_comes_out_as_it_is_in_the_file),
		cmocka_unit_test(two_ports_at_once),
		cmocka_unit_test(a_device_with_two_files_has_two_queues),
		cmocka_unit_test(jumbo_frames_are_put_together),
		cmocka_unit_test(more_copies_than_fit_come_in_several_bursts),
		cmocka_unit_test(what_cannot_be_is_told),
		cmocka_unit_test(a_card_of_the_kernel_is_named_with_what_to_do),
		cmocka_unit_test(what_a_device_makes_itself_has_the_time_of_the_system),
		cmocka_unit_test(a_file_that_goes_round_does_not_end),
		cmocka_unit_test(steering_that_cannot_be_drops_nothing_and_says_so),
		cmocka_unit_test_prestate(the_process_is_as_before, &affinity),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Becomes a plain user for good. False: it cannot.
static bool become_nobody(void)
{
	const struct passwd *pw = getpwnam("nobody");
	if (geteuid() != 0 || !pw || chown(dpdk_fixture_folder, pw->pw_uid, pw->pw_gid) != 0)
		return false;
	return setgroups(0, NULL) == 0 && setgid(pw->pw_gid) == 0 && setuid(pw->pw_uid) == 0 &&
	       prctl(PR_SET_DUMPABLE, 1) == 0; // or the leak sanitizer cannot look at us
}

static const char huge_pages[] = "/proc/sys/vm/nr_hugepages";

static long huge_now(void)
{
	FILE *f = fopen(huge_pages, "re");
	long n = -1;
	if (f && fscanf(f, "%ld", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

static bool huge_set(long n)
{
	FILE *f = fopen(huge_pages, "we");
	bool ok = f && fprintf(f, "%ld\n", n) > 0;
	return f && fclose(f) == 0 && ok;
}

static int run_hugepages(void)
{
	enum { MORE = 96 }; // 192 MiB
	long was = huge_now();
	if (was < 0 || !huge_set(was + MORE))
		return dpdk_fixture_skip("huge pages cannot be reserved here");
	want_huge = true;
	int r = huge_now() >= was + MORE ? run() : dpdk_fixture_skip("this machine has no room for huge pages");
	huge_set(was);
	return r;
}

int main(int argc, char **argv)
{
	const char *way = argc > 2 ? argv[2] : "";
	int r;
	if (argc < 2 || !dpdk_fixture_begin(argv[1]))
		return 1;
	if (strcmp(way, "--hugepages") == 0)
		r = run_hugepages();
	else if (strcmp(way, "--nobody") == 0 && !become_nobody())
		r = dpdk_fixture_skip("only root can become somebody else");
	else
		r = run();
	dpdk_fixture_end();
	return r;
}
