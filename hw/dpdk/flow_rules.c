// Steering: for each mail port four rules (IPv4 and IPv6, as source and as destination), and one below that drops.
#include "hw/dpdk/flow_rules.h"

#include "hw/log.h"

#include <rte_flow.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "hw/dpdk/no_transmit.h"

enum { RULE_QUEUES_MAX = 64 };

// One rule, laid out so that nothing in it moves.
struct rule {
	struct rte_flow_attr attr;
	struct rte_flow_item items[4];
	struct rte_flow_item_tcp tcp, tcp_mask;
	struct rte_flow_action actions[2];
	struct rte_flow_action_rss rss;
	struct rte_flow_action_queue queue;
	uint16_t queues[RULE_QUEUES_MAX];
	uint16_t mail_port; // 0: the one that drops
};

static void rule_to_queues(struct rule *r, const struct dpdk_flow_rules_config *c)
{
	if (c->queues == 1) {
		r->actions[0] = (struct rte_flow_action){.type = RTE_FLOW_ACTION_TYPE_QUEUE, .conf = &r->queue};
		return;
	}
	for (uint16_t i = 0; i < c->queues; i++)
		r->queues[i] = i;
	r->rss = (struct rte_flow_action_rss){.func = RTE_ETH_HASH_FUNCTION_DEFAULT, .types = c->rss->hashed,
		.key_len = c->rss->key_len, .key = c->rss->key, .queue_num = c->queues, .queue = r->queues};
	r->actions[0] = (struct rte_flow_action){.type = RTE_FLOW_ACTION_TYPE_RSS, .conf = &r->rss};
}

// `which`: bit 0 IPv6, bit 1 as destination.
static void rule_pass(struct rule *r, const struct dpdk_flow_rules_config *c, uint16_t mail_port, unsigned which)
{
	*r = (struct rule){.attr = {.ingress = 1, .priority = 0}, .mail_port = mail_port};
	if (which & 2) {
		r->tcp.hdr.dst_port = htons(mail_port);
		r->tcp_mask.hdr.dst_port = 0xffff;
	} else {
		r->tcp.hdr.src_port = htons(mail_port);
		r->tcp_mask.hdr.src_port = 0xffff;
	}
	r->items[0].type = RTE_FLOW_ITEM_TYPE_ETH;
	r->items[1].type = which & 1 ? RTE_FLOW_ITEM_TYPE_IPV6 : RTE_FLOW_ITEM_TYPE_IPV4;
	r->items[2] = (struct rte_flow_item){.type = RTE_FLOW_ITEM_TYPE_TCP, .spec = &r->tcp, .mask = &r->tcp_mask};
	r->items[3].type = RTE_FLOW_ITEM_TYPE_END;
	rule_to_queues(r, c);
	r->actions[1].type = RTE_FLOW_ACTION_TYPE_END;
}

static void rule_drop(struct rule *r)
{
	*r = (struct rule){.attr = {.ingress = 1, .priority = 1}};
	r->items[0].type = RTE_FLOW_ITEM_TYPE_ETH;
	r->items[1].type = RTE_FLOW_ITEM_TYPE_END;
	r->actions[0].type = RTE_FLOW_ACTION_TYPE_DROP;
	r->actions[1].type = RTE_FLOW_ACTION_TYPE_END;
}

// The i-th of all rules: those that pass first, so that nothing is dropped before all of them are there.
static void rule_make(struct rule *r, const struct dpdk_flow_rules_config *c, size_t i)
{
	if (i < 4 * c->n_mail_ports)
		rule_pass(r, c, c->mail_ports[i / 4], i & 3);
	else
		rule_drop(r);
}

static bool rule_refused(const struct rule *r, const struct rte_flow_error *e, char words[static DPDK_FLOW_WORDS])
{
	char what[24] = "to drop the rest";
	if (r->mail_port)
		snprintf(what, sizeof(what), "for port %u", r->mail_port);
	snprintf(words, DPDK_FLOW_WORDS, "none: all is received; the card refuses a rule %s (%.32s)", what,
		e->message ? e->message : "no reason given");
	return false;
}

bool dpdk_flow_rules_open(const struct dpdk_flow_rules_config *c, char words[static DPDK_FLOW_WORDS])
{
	struct rule r;
	struct rte_flow_error e = {0};
	size_t n = 4 * c->n_mail_ports + 1;
	if (!c->n_mail_ports || c->queues > RULE_QUEUES_MAX || (c->queues > 1 && !c->rss->hashed)) {
		snprintf(words, DPDK_FLOW_WORDS, "none: all is received; nothing to steer by");
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		rule_make(&r, c, i);
		if (rte_flow_validate(c->port, &r.attr, r.items, r.actions, &e) != 0)
			return rule_refused(&r, &e, words);
	}
	for (size_t i = 0; i < n; i++) {
		rule_make(&r, c, i);
		if (!rte_flow_create(c->port, &r.attr, r.items, r.actions, &e)) {
			dpdk_flow_rules_close(c->port);
			return rule_refused(&r, &e, words);
		}
	}
	snprintf(words, DPDK_FLOW_WORDS, "%zu rules: only mail ports arrive; DNS, fragments, tunnels, odd ports do not", n);
	return true;
}

void dpdk_flow_rules_close(uint16_t port)
{
	struct rte_flow_error e = {0};
	if (rte_flow_flush(port, &e) != 0)
		log_warn("dpdk", "port %u: its flow rules stay: %.80s", port, e.message ? e.message : "no reason given");
}
