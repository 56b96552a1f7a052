// Which engine takes a name, and what is told when none does.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "capture/port.h"

static void test_names(void **state)
{
	static const struct {
		const char *name, *words; // words: in the refusal
	} rows[] = {
		{"eth1", "no capture engine takes \"eth1\""},
		{"", "no capture engine takes \"\""},
		{"pcap", "no capture engine"},
		{"file:/x.pcap", "postwacht read"},
		{"0000:81:00", "no capture engine"},
		{"0000:81:00.0x", "no capture engine"},
		{"000:81:00.0", "no capture engine"},
		{"0000:8g:00.0", "no capture engine"},
		{"81:00.0.", "no capture engine"},
#if HAVE_PCAP
		{"pcap:", "no interface"},
		{"pcap:no-such-if0", "no interface no-such-if0"},
		{"pcap:../../etc/passwd", "no interface"},
		{"pcap:nflog:5", "no interface"},
		{"pcap:a-name-longer-than-any-interface-can-have", "no interface"},
#else
		{"pcap:eth1", "needs libpcap"},
#endif
#if !HAVE_DPDK
		{"vdev:net_pcap0,rx_pcap=x.pcap", "needs DPDK"},
		{"pci:0000:81:00.0", "needs DPDK"},
		{"0000:81:00.0", "needs DPDK"},
		{"0000:AF:1f.7", "needs DPDK"},
		{"81:00.0", "needs DPDK"},
		{"0000:81:00.0,mprq_en=1", "needs DPDK"},
#endif
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct port_config c = {.name = rows[i].name, .bpf = "", .queues = 1};
		struct port *p = (struct port *)&c;
		char why[PORT_WHY] = "unset";
		assert_true(port_open(&p, &c, why) < 0);
		assert_null(p);
		if (!strstr(why, rows[i].words))
			fail_msg("%s: %s", rows[i].name, why);
	}
}

static void test_clocks(void **state)
{
	for (uint8_t c = PORT_CLOCK_SYSTEM; c <= PORT_CLOCK_CAPTURE; c++) {
		const struct port_about a = {.clock = c};
		assert_int_equal(port_is_live(&a), c != PORT_CLOCK_CAPTURE);
		assert_string_not_equal(port_clock_name(c), "unknown");
	}
	assert_string_equal(port_clock_name(200), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_clocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
