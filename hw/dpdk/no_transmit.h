// We never transmit (P1): after this header nothing that sends can even be spelled.
//
// Included last, after DPDK's own headers, by every file that includes those. tests/tools/no_transmit.py proves that it bites
// and that the program has no such symbol. rte_eth_tx_queue_setup() stays: drivers that refuse to be without a transmit queue
// are given one, which nobody feeds (see port.c).
#pragma once

#pragma GCC poison rte_eth_tx_burst rte_eth_tx_prepare rte_eth_tx_buffer rte_eth_tx_buffer_flush rte_eth_tx_buffer_init
#pragma GCC poison rte_eth_tx_buffer_set_err_callback rte_eth_tx_done_cleanup rte_eth_dev_tx_queue_start rte_eth_fp_ops
#pragma GCC poison tx_pkt_burst tx_pkt_prepare eth_tx_burst_t rte_net_make_rarp_packet
