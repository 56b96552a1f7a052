// Ports of DPDK as the watch has them: with the rights it keeps, and from an interface of the kernel.
//
//   test_capture_dpdk_watch STORIES --rights | --listen     77: this machine does not allow that
#include "hw/clock.h"
#include "hw/rights.h"
#include "tests/unit/capture/dpdk_fixture.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

// What the watch does after it has given up its rights: reads to the end, counts, closes. The kernel ends it where that is too
// much. Ends by _exit(), as the watch does.
static void run_rights(void)
{
	struct packet burst[PACKET_BURST];
	char words[RIGHTS_WORDS], why[RIGHTS_WORDS], path[128], name[160];
	struct port_stats stats;
	uint64_t seen = 0;
	dpdk_fixture_path(path, dpdk_fixture_stories[0]);
	snprintf(name, sizeof(name), "vdev:net_pcap0,rx_pcap=%s", path);
	struct port *p = dpdk_fixture_open(name, 1, false), *null = dpdk_fixture_open("vdev:net_null0", 1, false);
	const struct rights_config c = {.profile = RIGHTS_WATCH};
	if (rights_drop(&c, words, why) < 0)
		_exit(dpdk_fixture_skip(why));
	for (int n; (n = source_burst(p->ops->queue(p, 0), burst)) != SOURCE_END;)
		seen += n == SOURCE_IDLE ? 0 : (uint64_t)n;
	source_burst(null->ops->queue(null, 0), burst);
	p->ops->stats(p, &stats);
	port_close(&null);
	port_close(&p);
	_exit(seen > 10 && stats.rx_packets == seen && stats.link_up ? 0 : 1);
}

static int run_with_rights(void)
{
	int status = 0;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		run_rights();
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	if (WIFSIGNALED(status))
		printf("ended by the kernel: signal %d\n", WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static bool lo_up(int fd)
{
	struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	return ioctl(fd, SIOCSIFFLAGS, &r) == 0;
}

// What a datagram to ourselves looks like on the loopback: the kernel's time, all octets, and none of ours.
static void an_interface_is_heard_with_the_time_of_the_kernel(void **state)
{
	static const char said[] = "a datagram that nobody else sends";
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct packet burst[PACKET_BURST];
	struct port_about about;
	struct port_stats stats;
	struct port *p = dpdk_fixture_open("vdev:net_pcap0,rx_iface=lo", 1, false);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	uint64_t before = clock_wall_ns() / 1000 * 1000;
	bool heard = false;
	p->ops->about(p, &about);
	assert_int_equal(about.clock, PORT_CLOCK_KERNEL);
	assert_true(port_is_live(&about));
	assert_int_equal(sendto(fd, said, sizeof(said), 0, (struct sockaddr *)&to, sizeof(to)), sizeof(said));
	while (!heard) {
		int n = dpdk_fixture_next(p->ops->queue(p, 0), burst);
		assert_true(n > 0);
		for (int i = 0; i < n && !heard; i++)
			if (burst[i].len == 14 + 20 + 8 + sizeof(said) && memcmp(burst[i].data + 42, said, sizeof(said)) == 0) {
				assert_true(burst[i].time_ns >= before && burst[i].time_ns <= clock_wall_ns());
				heard = true;
			}
	}
	p->ops->stats(p, &stats);
	assert_int_equal(stats.tx_packets + stats.tx_octets, 0);
	assert_true(stats.rx_packets > 0);
	close(fd);
	port_close(&p);
}

static int run_listening(void)
{
	int fd = unshare(CLONE_NEWNET) == 0 ? socket(AF_INET, SOCK_DGRAM, 0) : -1;
	bool up = fd >= 0 && lo_up(fd);
	if (fd >= 0)
		close(fd);
	if (!up)
		return dpdk_fixture_skip("no network of one's own can be had here");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interface_is_heard_with_the_time_of_the_kernel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	if (argc < 3 || !dpdk_fixture_begin(argv[1]))
		return 1;
	int r = strcmp(argv[2], "--rights") == 0 ? run_with_rights() : run_listening();
	dpdk_fixture_end();
	return r;
}
