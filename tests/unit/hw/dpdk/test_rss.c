// The symmetric hash: which keys are, what the card computes, and that what is claimed was read back from the device.
//
// The device is net_null: it keeps key and table as a card does, and hashes nothing.
#include "hw/dpdk/eal.h"
#include "hw/dpdk/rss.h"

#include <rte_dev.h>
#include <rte_ethdev.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

// The verification suite that all makers of cards test with, of Microsoft's page on RSS.
static const uint8_t microsoft[40] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
	0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

static void keys(void **state)
{
	static const struct {
		const char *name;
		uint8_t a, b, len;
		bool want;
	} rows[] = {
		{"0x6d5a again and again", 0x6d, 0x5a, 40, true},
		{"as long as an E810 wants it", 0x6d, 0x5a, 52, true},
		{"one octet again and again", 0x55, 0x55, 40, true},
		{"nothing but zeros spreads nothing", 0, 0, 40, false},
		{"too short for IPv6", 0x6d, 0x5a, 39, false},
		{"longer than we keep", 0x6d, 0x5a, 65, false},
	};
	uint8_t key[80];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t k = 0; k < sizeof(key); k++)
			key[k] = k & 1 ? rows[i].b : rows[i].a;
		if (dpdk_rss_key_is_symmetric(key, rows[i].len) != rows[i].want)
			fail_msg("%s", rows[i].name);
	}
	assert_false(dpdk_rss_key_is_symmetric(microsoft, sizeof(microsoft)));
	for (size_t bit = 0; bit < 319; bit++) { // one bit off is not symmetric, wherever it is; no hash uses the last
		for (size_t k = 0; k < 40; k++)
			key[k] = k & 1 ? 0x5a : 0x6d;
		key[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		if (dpdk_rss_key_is_symmetric(key, 40))
			fail_msg("bit %zu turned round", bit);
	}
}

static void the_queue_is_the_cards(void **state)
{
	struct dpdk_rss r = {.key_len = 40, .hashed = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV6_TCP, .n_reta = 512};
	static const uint8_t src4[] = {66, 9, 149, 187}, dst4[] = {161, 142, 100, 80};
	static const uint8_t src6[] = {0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, 0, 0, 0, 0, 0, 0, 0, 7};
	static const uint8_t dst6[] = {0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x00, 0x03, 0, 0, 0, 0, 0, 0, 0, 1};
	memcpy(r.key, microsoft, sizeof(microsoft));
	for (uint16_t i = 0; i < 512; i++)
		r.reta[i] = i;
	assert_int_equal(dpdk_rss_queue(&r, 4, src4, dst4, 2794, 1766), 0x51ccc178 & 511);
	assert_int_equal(dpdk_rss_queue(&r, 6, src6, dst6, 2794, 1766), 0x40207d3d & 511);
	r.hashed = RTE_ETH_RSS_IPV4; // addresses only
	assert_int_equal(dpdk_rss_queue(&r, 4, src4, dst4, 2794, 1766), 0x323e8fc2 & 511);
}

static uint16_t attach(struct rte_eth_dev_info *info)
{
	uint16_t port;
	assert_int_equal(rte_eal_hotplug_add("vdev", "net_null0", ""), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name("net_null0", &port), 0);
	assert_int_equal(rte_eth_dev_info_get(port, info), 0);
	return port;
}

static void detach(uint16_t port)
{
	rte_eth_dev_stop(port);
	rte_eth_dev_close(port);
	rte_eal_hotplug_remove("vdev", "net_null0");
}

static void proven_is_what_the_device_says(void **state)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf;
	struct dpdk_rss r;
	uint16_t port = attach(&info);
	memset(&conf, 0, sizeof(conf));
	assert_true(dpdk_rss_want(&r, &info, &conf));
	assert_int_equal(conf.rxmode.mq_mode, RTE_ETH_MQ_RX_RSS);
	assert_int_equal(conf.rx_adv_conf.rss_conf.rss_hf & ~info.flow_type_rss_offloads, 0);
	assert_int_equal(rte_eth_dev_configure(port, 4, 0, &conf), 0);

	dpdk_rss_prove(&r, port, 4, &info); // net_null has its own key until it is told one
	assert_false(r.symmetric);
	assert_non_null(strstr(r.words, "not symmetric"));

	dpdk_rss_want(&r, &info, &conf);
	assert_int_equal(rte_eth_dev_rss_hash_update(port, &conf.rx_adv_conf.rss_conf), 0);
	dpdk_rss_prove(&r, port, 4, &info);
	assert_true(r.symmetric);
	assert_string_equal(r.words, "toeplitz 40 octets, ip+tcp");
	assert_int_equal(r.n_reta, info.reta_size);
	unsigned count[4] = {0};
	for (uint16_t i = 0; i < r.n_reta; i++)
		count[r.reta[i]]++;
	for (int q = 0; q < 4; q++)
		assert_int_equal(count[q], r.n_reta / 4);
	for (uint16_t i = 1; i < 2000; i++) { // both directions meet, and not all on one queue
		const uint8_t a[4] = {192, 0, 2, 1}, b[4] = {198, 51, (uint8_t)(i >> 8), (uint8_t)i};
		uint16_t there = dpdk_rss_queue(&r, 4, a, b, (uint16_t)(1024 + 7 * i), 25), back = dpdk_rss_queue(&r, 4, b, a, 25, (uint16_t)(1024 + 7 * i));
		assert_int_equal(there, back);
		count[there]++;
	}
	for (int q = 0; q < 4; q++)
		assert_true(count[q] > 300);
	detach(port);
}

static void a_card_without_a_hash_is_not_asked_for_one(void **state)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf;
	struct dpdk_rss r;
	memset(&info, 0, sizeof(info));
	memset(&conf, 0, sizeof(conf));
	assert_false(dpdk_rss_want(&r, &info, &conf));
	info.flow_type_rss_offloads = RTE_ETH_RSS_NONFRAG_IPV4_TCP;
	info.hash_key_size = 16;
	assert_false(dpdk_rss_want(&r, &info, &conf));
	assert_int_equal(conf.rxmode.mq_mode, 0);
	info.hash_key_size = 52;
	assert_true(dpdk_rss_want(&r, &info, &conf));
	assert_int_equal(conf.rx_adv_conf.rss_conf.rss_key_len, 52);
}

static int start(void **state)
{
	const struct dpdk_eal_config c = {.memory_mib = 1};
	char why[DPDK_WHY] = "";
	int r = dpdk_eal_start(&c, why);
	if (r < 0)
		print_error("%s\n", why);
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),
		cmocka_unit_test(the_queue_is_the_cards),
		cmocka_unit_test(proven_is_what_the_device_says),
		cmocka_unit_test(a_card_without_a_hash_is_not_asked_for_one),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
