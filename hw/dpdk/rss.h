// Receive side scaling: both directions of a connection on one queue, proven with the key the card says it uses.
//
// Toeplitz is symmetric when its key repeats every 16 bits: then swapping source and destination swaps equal contributions.
// The key is 0x6d5a again and again, as long as the card wants it (40 octets, 52 on some); hashed are addresses and TCP ports.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rte_eth_conf;
struct rte_eth_dev_info;

enum { DPDK_RSS_KEY = 64, DPDK_RSS_RETA = 512, DPDK_RSS_WORDS = 64 };

struct dpdk_rss {
	_Alignas(8) uint8_t key[DPDK_RSS_KEY]; // as the card reports it
	uint8_t key_len;                       // 0: it has no such thing
	bool symmetric;                        // proven
	uint64_t hashed;                       // RTE_ETH_RSS_*, as the card reports it
	uint16_t reta[DPDK_RSS_RETA];          // which queue, by the hash's low bits
	uint16_t n_reta;                       // 0: not known
	char words[DPDK_RSS_WORDS];
};

// Before the port is configured: asks for the hash. False when the card has none that fits.
bool dpdk_rss_want(struct dpdk_rss *r, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf);

// After it was started: spreads the table over the queues, reads key, kinds and table back, and tests.
void dpdk_rss_prove(struct dpdk_rss *r, uint16_t port, uint16_t queues, const struct rte_eth_dev_info *info);

// True when the key gives the same hash for both directions of connections of both families.
bool dpdk_rss_key_is_symmetric(const uint8_t *key, uint8_t key_len);

// Which queue a connection comes to. Only while n_reta is not 0.
uint16_t dpdk_rss_queue(const struct dpdk_rss *r, uint8_t ip_v, const uint8_t *src, const uint8_t *dst, uint16_t src_port,
	uint16_t dst_port);
