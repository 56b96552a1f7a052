// Steering: the rules as a card gets them, and that a card which refuses any of them drops nothing.
//
// The card is this file: DPDK's calls are replaced at link time.
#include "hw/dpdk/flow_rules.h"

#include <rte_flow.h>

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { RULES_MAX = 64 };

static struct {
	int refuse_validate, refuse_create; // the n-th call, from 1; 0 none
	int validated, created, flushed;
	struct {
		bool v6, drop, rss;
		uint16_t src, dst;
		uint32_t priority;
	} rule[RULES_MAX];
} card;

int __wrap_rte_flow_validate(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item *items,
	const struct rte_flow_action *actions, struct rte_flow_error *e);
struct rte_flow *__wrap_rte_flow_create(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item *items,
	const struct rte_flow_action *actions, struct rte_flow_error *e);
int __wrap_rte_flow_flush(uint16_t port, struct rte_flow_error *e);

int __wrap_rte_flow_validate(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item *items,
	const struct rte_flow_action *actions, struct rte_flow_error *e)
{
	e->message = "not supported";
	assert_int_equal(attr->ingress, 1);
	assert_int_equal(attr->egress, 0);
	return ++card.validated == card.refuse_validate ? -ENOTSUP : 0;
}

struct rte_flow *__wrap_rte_flow_create(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item *items,
	const struct rte_flow_action *actions, struct rte_flow_error *e)
{
	if (card.created + 1 == card.refuse_create)
		return NULL;
	int i = card.created++;
	assert_int_equal(items[0].type, RTE_FLOW_ITEM_TYPE_ETH);
	card.rule[i].priority = attr->priority;
	card.rule[i].drop = actions[0].type == RTE_FLOW_ACTION_TYPE_DROP;
	card.rule[i].rss = actions[0].type == RTE_FLOW_ACTION_TYPE_RSS;
	if (items[1].type != RTE_FLOW_ITEM_TYPE_END) {
		const struct rte_flow_item_tcp *tcp = items[2].spec, *mask = items[2].mask;
		card.rule[i].v6 = items[1].type == RTE_FLOW_ITEM_TYPE_IPV6;
		assert_int_equal(items[2].type, RTE_FLOW_ITEM_TYPE_TCP);
		assert_int_equal(items[3].type, RTE_FLOW_ITEM_TYPE_END);
		card.rule[i].src = ntohs(tcp->hdr.src_port & mask->hdr.src_port);
		card.rule[i].dst = ntohs(tcp->hdr.dst_port & mask->hdr.dst_port);
		assert_int_equal(mask->hdr.tcp_flags, 0);
	}
	return (struct rte_flow *)&card.rule[i];
}

int __wrap_rte_flow_flush(uint16_t port, struct rte_flow_error *e)
{
	card.flushed++;
	return 0;
}

static const uint16_t ports[] = {25, 465, 587};
static const struct dpdk_rss rss = {.key_len = 40, .hashed = 1 << 4, .symmetric = true};

static bool steer(uint16_t queues, char words[static DPDK_FLOW_WORDS])
{
	const struct dpdk_flow_rules_config c = {.port = 3, .queues = queues, .rss = &rss, .mail_ports = ports, .n_mail_ports = 3};
	return dpdk_flow_rules_open(&c, words);
}

static void every_mail_port_passes_and_the_rest_is_dropped(void **state)
{
	for (uint16_t queues = 1; queues <= 4; queues += 3) {
		char words[DPDK_FLOW_WORDS];
		bool seen[3][4] = {0};
		memset(&card, 0, sizeof(card));
		assert_true(steer(queues, words));
		assert_int_equal(card.created, 13);
		for (int i = 0; i < 12; i++) {
			uint16_t port = card.rule[i].src ? card.rule[i].src : card.rule[i].dst;
			assert_false(card.rule[i].drop);
			assert_int_equal(card.rule[i].rss, queues > 1);
			assert_true(!card.rule[i].src != !card.rule[i].dst);
			for (int k = 0; k < 3; k++)
				if (ports[k] == port)
					seen[k][card.rule[i].v6 + 2 * !card.rule[i].src] = true;
		}
		for (int k = 0; k < 12; k++)
			assert_true(seen[k / 4][k % 4]);
		assert_true(card.rule[12].drop);
		assert_true(card.rule[12].priority > card.rule[0].priority);
		assert_non_null(strstr(words, "13 rules: only mail ports arrive"));
		assert_int_equal(card.flushed, 0);
	}
}

static void a_card_that_refuses_one_drops_nothing(void **state)
{
	for (int n = 1; n <= 13; n++) {
		char words[DPDK_FLOW_WORDS];
		memset(&card, 0, sizeof(card));
		card.refuse_validate = n;
		assert_false(steer(2, words));
		assert_int_equal(card.created, 0);
		assert_non_null(strstr(words, "all is received"));
		assert_non_null(strstr(words, n == 13 ? "to drop the rest" : n > 8 ? "port 587" : n > 4 ? "port 465" : "port 25"));
		memset(&card, 0, sizeof(card));
		card.refuse_create = n;
		assert_false(steer(2, words));
		assert_int_equal(card.flushed, 1); // those that were made are gone
		assert_non_null(strstr(words, "all is received"));
	}
}

static void without_a_hash_several_queues_cannot_be_steered_to(void **state)
{
	static const struct dpdk_rss none;
	const struct dpdk_flow_rules_config c = {.port = 3, .queues = 2, .rss = &none, .mail_ports = ports, .n_mail_ports = 3};
	char words[DPDK_FLOW_WORDS];
	memset(&card, 0, sizeof(card));
	assert_false(dpdk_flow_rules_open(&c, words));
	assert_int_equal(card.validated + card.created, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mail_port_passes_and_the_rest_is_dropped),
		cmocka_unit_test(a_card_that_refuses_one_drops_nothing),
		cmocka_unit_test(without_a_hash_several_queues_cannot_be_steered_to),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
