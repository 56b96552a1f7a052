// A symmetric hash: asked for, read back, tested.
#include "hw/dpdk/rss.h"

#include <rte_ethdev.h>
#include <rte_thash.h>

#include <stdio.h>
#include <string.h>

#include "hw/dpdk/no_transmit.h"

enum {
	RSS_KEY_USUAL = 40, // what a card that does not say wants
	RSS_WORDS_V4 = 3,   // of 32 bits: two addresses, two ports
	RSS_WORDS_V6 = 9,
};

// Connections by address and port. Without the extension header kinds: they hash another address than the one we read.
#define RSS_KINDS ((RTE_ETH_RSS_IP & ~RTE_ETH_RSS_IPV6_EX) | (RTE_ETH_RSS_TCP & ~RTE_ETH_RSS_IPV6_TCP_EX))

bool dpdk_rss_want(struct dpdk_rss *r, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	uint64_t kinds = RSS_KINDS & info->flow_type_rss_offloads;
	uint8_t len = info->hash_key_size ? info->hash_key_size : RSS_KEY_USUAL;
	memset(r, 0, sizeof(*r));
	if (!kinds || len < RSS_KEY_USUAL || len > DPDK_RSS_KEY)
		return false;
	for (uint8_t i = 0; i < len; i++)
		r->key[i] = i & 1 ? 0x5a : 0x6d;
	r->key_len = len;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf = (struct rte_eth_rss_conf){.rss_key = r->key, .rss_key_len = len, .rss_hf = kinds};
	return true;
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// The card's arithmetic. `ports`: they are hashed, too.
static uint32_t rss_hash(const uint8_t *key, uint8_t ip_v, const uint8_t *src, const uint8_t *dst, uint32_t ports, bool with_ports)
{
	uint32_t tuple[RSS_WORDS_V6];
	uint32_t n = 0, words = ip_v == 6 ? 4 : 1;
	for (uint32_t i = 0; i < words; i++)
		tuple[n++] = be32(src + 4 * i);
	for (uint32_t i = 0; i < words; i++)
		tuple[n++] = be32(dst + 4 * i);
	if (with_ports)
		tuple[n++] = ports;
	return rte_softrss(tuple, n, key);
}

// Octets that take every value; always the same ones.
static void fill(uint8_t *p, size_t len, uint32_t *state)
{
	for (size_t i = 0; i < len; i++) {
		*state = *state * 1664525 + 1013904223;
		p[i] = (uint8_t)(*state >> 24); // its low bits hardly change
	}
}

bool dpdk_rss_key_is_symmetric(const uint8_t *key, uint8_t key_len)
{
	_Alignas(8) uint8_t aligned[DPDK_RSS_KEY] = {0};
	uint8_t ends[36];
	uint32_t state = 1, first = 0;
	bool same = true, varied = false;
	if (key_len < RSS_KEY_USUAL || key_len > DPDK_RSS_KEY)
		return false;
	memcpy(aligned, key, key_len);
	for (int round = 0; round < 128 && same; round++) { // two families in turn, each time other ends
		fill(ends, sizeof(ends), &state);
		const uint8_t *a = ends, *b = ends + 16;
		uint32_t ports = be32(ends + 32), turned = ports << 16 | ports >> 16;
		uint8_t ip_v = round & 1 ? 6 : 4;
		uint32_t hash = rss_hash(aligned, ip_v, a, b, ports, true);
		same = hash == rss_hash(aligned, ip_v, b, a, turned, true) &&
		       rss_hash(aligned, ip_v, a, b, 0, false) == rss_hash(aligned, ip_v, b, a, 0, false);
		first = round ? first : hash;
		varied = varied || hash != first;
	}
	return same && varied; // a key of zeros is symmetric and spreads nothing
}

// Queues in turn. Cards keep the table in groups of 64.
static void rss_spread(struct dpdk_rss *r, uint16_t port, uint16_t queues, uint16_t n)
{
	struct rte_eth_rss_reta_entry64 table[DPDK_RSS_RETA / RTE_ETH_RETA_GROUP_SIZE];
	uint16_t groups = (uint16_t)((n + RTE_ETH_RETA_GROUP_SIZE - 1) / RTE_ETH_RETA_GROUP_SIZE);
	if (!n || n > DPDK_RSS_RETA)
		return;
	memset(table, 0, sizeof(table));
	for (uint16_t i = 0; i < n; i++) {
		table[i / RTE_ETH_RETA_GROUP_SIZE].mask |= 1ULL << i % RTE_ETH_RETA_GROUP_SIZE;
		table[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] = i % queues;
	}
	rte_eth_dev_rss_reta_update(port, table, n); // whatever it says: what holds is read back
	for (uint16_t g = 0; g < groups; g++)
		memset(table[g].reta, 0xff, sizeof(table[g].reta));
	if (rte_eth_dev_rss_reta_query(port, table, n) != 0)
		return;
	for (uint16_t i = 0; i < n; i++) {
		r->reta[i] = table[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
		if (r->reta[i] >= queues)
			return;
	}
	r->n_reta = n;
}

void dpdk_rss_prove(struct dpdk_rss *r, uint16_t port, uint16_t queues, const struct rte_eth_dev_info *info)
{
	_Alignas(8) uint8_t key[DPDK_RSS_KEY] = {0};
	struct rte_eth_rss_conf conf = {.rss_key = key, .rss_key_len = r->key_len};
	rss_spread(r, port, queues, info->reta_size);
	if (rte_eth_dev_rss_hash_conf_get(port, &conf) != 0) {
		snprintf(r->words, sizeof(r->words), "toeplitz, not proven: its key cannot be read");
		return;
	}
	if (!conf.rss_key)
		memset(key, 0, sizeof(key));
	memcpy(r->key, key, sizeof(key));
	r->hashed = conf.rss_hf;
	r->symmetric = conf.rss_hf && dpdk_rss_key_is_symmetric(r->key, r->key_len);
	bool tcp = conf.rss_hf & (RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV6_TCP);
	snprintf(r->words, sizeof(r->words), "toeplitz %u octets, %s%s", r->key_len, tcp ? "ip+tcp" : "ip only",
		r->symmetric ? "" : ", not symmetric");
}

uint16_t dpdk_rss_queue(const struct dpdk_rss *r, uint8_t ip_v, const uint8_t *src, const uint8_t *dst, uint16_t src_port,
	uint16_t dst_port)
{
	uint64_t kind = ip_v == 6 ? RTE_ETH_RSS_NONFRAG_IPV6_TCP : RTE_ETH_RSS_NONFRAG_IPV4_TCP;
	uint32_t hash = rss_hash(r->key, ip_v, src, dst, (uint32_t)src_port << 16 | dst_port, r->hashed & kind);
	return r->reta[hash % r->n_reta];
}
