// What tests of DPDK's ports share.
#include "tests/unit/capture/dpdk_fixture.h"

#include "hw/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

char dpdk_fixture_folder[] = "/tmp/postwacht-dpdk-XXXXXX";

const char *const dpdk_fixture_stories[DPDK_FIXTURE_STORIES] = {"postfix-starttls-tls13", "ipv6", "ordinary-hour"};

struct port *dpdk_fixture_open(const char *name, uint16_t queues, bool hugepages)
{
	const struct port_config c = {.name = name, .bpf = "", .queues = queues, .hugepages = hugepages, .linkup_wait_ms = 1000};
	char why[PORT_WHY] = "";
	struct port *p = NULL;
	int r = dpdk_port_open(&p, &c, why);
	if (r != 0)
		print_error("%s: %s\n", name, why);
	assert_int_equal(r, 0);
	return p;
}

int dpdk_fixture_next(struct source *s, struct packet burst[static PACKET_BURST])
{
	uint64_t end_ns = clock_mono_ns() + 5000000000;
	for (;;) {
		int n = source_burst(s, burst);
		if (n != SOURCE_IDLE)
			return n;
		assert_true(clock_mono_ns() < end_ns);
	}
}

void dpdk_fixture_path(char path[static 128], const char *name)
{
	snprintf(path, 128, "%s/%s.pcap", dpdk_fixture_folder, name);
}

static bool copy_story(const char *from_dir, const char *story)
{
	char command[512], path[128];
	dpdk_fixture_path(path, story);
	snprintf(command, sizeof(command), "cp '%s/%s/traffic.pcap' '%s' && chmod 644 '%s'", from_dir, story, path, path);
	return system(command) == 0;
}

bool dpdk_fixture_begin(const char *stories_dir)
{
	bool ok = mkdtemp(dpdk_fixture_folder) && chmod(dpdk_fixture_folder, 0755) == 0;
	setenv("RUNTIME_DIRECTORY", dpdk_fixture_folder, 1);
	for (size_t i = 0; ok && i < DPDK_FIXTURE_STORIES; i++)
		ok = copy_story(stories_dir, dpdk_fixture_stories[i]);
	return ok;
}

void dpdk_fixture_end(void)
{
	char command[64];
	snprintf(command, sizeof(command), "rm -rf %s", dpdk_fixture_folder);
	if (system(command) != 0)
		print_error("%s is left behind\n", dpdk_fixture_folder);
}

int dpdk_fixture_skip(const char *why)
{
	printf("skipped: %s\n", why);
	fflush(stdout); // some ways end without
	return 77;
}
