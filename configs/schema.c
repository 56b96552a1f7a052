// The table of keys. A key stands here only when something reads it.
#include "configs/schema.h"

#include <assert.h>
#include <string.h>

#include "configs/nearest.h"

static const char *const words_checksums[] = {"auto", "require", "ignore", NULL}; // enum dissect_checksums
static const char *const words_side[] = {"mid", "client", "server", NULL};        // enum tap_side
static const char *const words_envelope[] = {"domains", "full", NULL};            // record_config.envelope

static const char *const words_tunnels[] = {"gre", "erspan", "vxlan", "geneve", NULL}; // enum dissect_tunnel bits
static const char *const words_polling[] = {"adaptive", "busy", NULL};            // enum config_polling
static const char *const words_none[] = {"none", NULL};
static const char *const words_system[] = {"system", NULL};
static const char *const words_scope[] = {"inventory", "own_mx", "partners", "any", NULL}; // enum config_scope
static const char *const words_store[] = {"system", "none", NULL};                // cli/wire.c

static_assert(CHECKSUMS_AUTO == 0 && CHECKSUMS_REQUIRE == 1 && CHECKSUMS_IGNORE == 2, "order of words_checksums");
static_assert(SCOPE_INVENTORY == 0 && SCOPE_OWN_MX == 1 && SCOPE_PARTNERS == 2 && SCOPE_ANY == 3, "order of words_scope");
static_assert(ENVELOPE_DOMAINS == 0 && ENVELOPE_FULL == 1, "order of words_envelope");

static_assert(TUNNEL_GRE == 1 && TUNNEL_ERSPAN == 2 && TUNNEL_VXLAN == 4 && TUNNEL_GENEVE == 8, "order of words_tunnels");
static_assert(POLLING_ADAPTIVE == 0 && POLLING_BUSY == 1, "order of words_polling");
static_assert(TAP_MID == 0 && TAP_CLIENT == 1 && TAP_SERVER == 2, "order of words_side");

#define AT(field) offsetof(struct config, field)

const struct config_key config_schema[] = {
	{"sensor.name", CONFIG_NAME, AT(sensor_name), 0, 0, NULL, "sensor-1",
		"Name of this sensor: `host` in every record."},
	{"sensor.state_dir", CONFIG_PATH, AT(state_dir), 0, 0, words_none, "none",
		"Directory of what is kept between runs, where --state is not given."},
	{"sensor.user", CONFIG_NAME, AT(user), 0, 0, words_none, "postwacht",
		"User that `run` becomes when root starts it; none: it stays root."},
	{"sensor.control", CONFIG_PATH, AT(control), 0, 0, words_none, "/run/postwacht/control.sock",
		"Socket that `status`, `top`, `stats` and `reload` ask."},
	{"sensor.control_group", CONFIG_NAME, AT(control_group), 0, 0, words_none, "none",
		"Group whose members may ask there, beside the user and root."},
	{"sensor.heartbeat_s", CONFIG_NUMBER, AT(heartbeat_s), 1, 3600, NULL, "30",
		"Seconds between two `stats` records of a running sensor: its sign of life."},
	{"taps", CONFIG_TAPS, AT(taps), 1, FACTS_TAPS, words_side, "[{name: tap0}]",
		"Where packets come from: a name, part of every session id; where it stands (side); for `run` its ports."},
	{"pairs", CONFIG_PAIRS, AT(pairs), 0, FACTS_TAPS, NULL, "[]",
		"Taps on both sides of a device, that see the same sessions: their records are compared."},
	{"capture.workers", CONFIG_NUMBER, AT(workers), 1, 16, NULL, "1",
		"Threads that dissect; the records are the same for any number."},
	{"capture.ports_tcp", CONFIG_PORTS, AT(ports_tcp), 1, DISSECT_PORTS_MAX, NULL, "[25, 465, 587, 2525, 24]",
		"TCP ports of mail servers; SMTP on other ports is recognised by its content."},
	{"capture.checksums", CONFIG_WORD, AT(checksums), 0, 0, words_checksums, "auto",
		"TCP checksums: auto accepts bad ones of a sender until it sent a good one, require drops them."},
	{"capture.tls_outside_mail", CONFIG_SWITCH, AT(tls_outside_mail), 0, 0, NULL, "off",
		"Write `tls` records of connections that are no mail, too: for laboratories, it is somebody's browsing."},
	{"capture.tunnels", CONFIG_WORDS, AT(tunnels), 0, 4, words_tunnels, "[]",
		"Tunnels of packet brokers that are opened; anybody can send such packets, so only those you have."},
	{"capture.steer", CONFIG_SWITCH, AT(steer), 0, 0, NULL, "off",
		"Let the card drop what is not for a mail port, where it can: odd ports are then not watched."},
	{"capture.protocols", CONFIG_SWITCH, AT(protocols), 0, 0, NULL, "on",
		"Classify what is not mail (nDPI, where built in): mail on odd ports is found, the rest counted."},
	{"capture.polling", CONFIG_WORD, AT(polling), 0, 0, words_polling, "adaptive",
		"Workers without packets: adaptive sleeps longer and longer, busy never does."},
	{"capture.pin", CONFIG_SWITCH, AT(pin), 0, 0, NULL, "on",
		"Give each worker a core of its own, near its card, where there are enough of them."},
	{"capture.hugepages", CONFIG_SWITCH, AT(hugepages), 0, 0, NULL, "on",
		"DPDK uses huge pages where there are any; without them it takes ordinary memory."},
	{"capture.dpdk_telemetry", CONFIG_SWITCH, AT(dpdk_telemetry), 0, 0, NULL, "off",
		"DPDK's own telemetry socket, for dpdk-telemetry.py."},
	{"capture.quiet_after_s", CONFIG_NUMBER, AT(quiet_after_s), 0, 86400, NULL, "300",
		"Seconds without a packet on a tap that are told as sensor.too-little-traffic; 0: never."},
	{"memory.flows_max", CONFIG_NUMBER, AT(flows_max), 1024, 16777216, NULL, "524288",
		"TCP connections followed at once, over all workers; beyond it the oldest are told early."},
	{"memory.sessions_max", CONFIG_NUMBER, AT(sessions_max), 64, 4194304, NULL, "65536",
		"Mail sessions whose facts are held at once, by workers and judge each; beyond it the oldest are told early."},
	{"memory.reassembly_mib", CONFIG_NUMBER, AT(reassembly_mib), 1, 65536, NULL, "64",
		"Memory for octets that arrived out of order or must wait, in MiB, over all workers."},
	{"memory.ring_mib", CONFIG_NUMBER, AT(ring_mib), 1, 1024, NULL, "16",
		"Facts on their way from each worker of `run` to the judge, in MiB."},
	{"memory.lane_mib", CONFIG_NUMBER, AT(lane_mib), 1, 1024, NULL, "16",
		"Packets on their way from the reader of a port with one queue to each worker, in MiB."},
	{"policy.trust_store", CONFIG_PATH, AT(trust_store), 0, 0, words_store, "system",
		"CA certificates that chains are judged against: a PEM file or a hashed directory."},
	{"policy.trust_anchor", CONFIG_PATH, AT(trust_anchor), 0, 0, words_system, "system",
		"DNSSEC keys of the root: a zone file, or RFC 5011 state, which is kept up to date."},
	{"policy.forward_to", CONFIG_FORWARDERS, AT(forward_to), 0, RESOLVER_FORWARDERS_MAX, NULL, "[]",
		"Resolvers that DNS questions are sent to; without them the root is asked and what is below it."},
	{"policy.resolve", CONFIG_SWITCH, AT(resolve), 0, 0, NULL, "on",
		"Whether `run` asks DNS what was promised: a question a name, from the management side."},
	{"policy.mta_sts", CONFIG_SWITCH, AT(mta_sts), 0, 0, NULL, "off",
		"Fetch MTA-STS policies: HTTPS requests to hosts of the domains that are looked up."},
	{"policy.watchlist", CONFIG_DOMAINS, AT(watchlist), 0, SCOUT_WATCHLIST_MAX, NULL, "[]",
		"Domains whose promises are looked up again and again, before any of their mail is seen."},
	{"policy.trust_store_age_days", CONFIG_NUMBER, AT(trust_store_age_days), 0, 36500, NULL, "1826",
		"Age of its newest certificate at which a public trust store is told to be old; 0: never."},
	{"policy.probe", CONFIG_SWITCH, AT(probe), 0, 0, NULL, "off",
		"Whether `postwacht probe` may connect to mail hosts from this machine."},
	{"policy.probe_ehlo", CONFIG_HOST, AT(probe_ehlo), 0, 0, words_system, "system",
		"Name that a probe gives itself in EHLO; it should resolve to this machine."},
	{"policy.probe_scope", CONFIG_WORD, AT(probe_scope), 0, 0, words_scope, "inventory",
		"Hosts that may be probed: own_mx and partners of the inventory, one of the two, or any."},
	{"inventory.own_networks", CONFIG_NETS, AT(inventory.own), 0, INVENTORY_NETS_MAX, NULL, "[]",
		"Networks that are ours; without them the direction of a session is unknown."},
	{"inventory.own_mx", CONFIG_MXS, AT(inventory.mx), 0, INVENTORY_MX_MAX, NULL, "[]",
		"Our mail hosts and their addresses: then we know whom a client meant to reach there."},
	{"inventory.senders", CONFIG_NETS, AT(inventory.senders), 0, INVENTORY_NETS_MAX, NULL, "[]",
		"Hosts that may send mail out, beside own_mx; without them smtp.unexpected-sender is never told."},
	{"inventory.partners", CONFIG_PARTNERS, AT(inventory.partners), 0, INVENTORY_PARTNERS_MAX, NULL, "[]",
		"What was agreed with others: mail with them has to be encrypted, or verified as well."},
	{"inventory.exempt", CONFIG_EXEMPT, AT(inventory.exempt), 0, INVENTORY_EXEMPT_MAX, NULL, "[]",
		"Whom and what no alert is raised about, and until when; session records are still written."},
	{"privacy.envelope", CONFIG_WORD, AT(envelope), 0, 0, words_envelope, "domains",
		"How much of mail addresses records and evidence show: domains only, or full addresses."},
	{"privacy.evidence", CONFIG_SWITCH, AT(evidence), 0, 0, NULL, "on",
		"Keep the packets of each alert below state_dir; never content or credentials."},
	{"evidence.memory_mib", CONFIG_NUMBER, AT(evidence_memory_mib), 1, 65536, NULL, "64",
		"Packets of open sessions that wait for an alert, in MiB."},
	{"evidence.disk_mib", CONFIG_NUMBER, AT(evidence_disk_mib), 1, 1048576, NULL, "1024",
		"Files of evidence, in MiB; the oldest go."},
	{"findings.disable", CONFIG_FINDINGS, AT(disable), 0, CONFIG_FINDINGS_MAX, NULL, "[]",
		"Findings that are never told, by id; `postwacht findings list` names them."},
	{"findings.severity", CONFIG_SEVERITIES, AT(severity), 0, CONFIG_FINDINGS_MAX, NULL, "{}",
		"Severities other than the catalogue's, as {id: critical | high | medium | low | info}."},
	{"records.tls", CONFIG_SWITCH, AT(tls_records), 0, 0, NULL, "on",
		"Write a `tls` record beside each encrypted session's `smtp` record, for EVE consumers."},
	{"outputs", CONFIG_OUTPUTS, AT(outputs), 0, SINKS_MAX, NULL, "[{type: stdout}]",
		"Where `run` sends its records: each is filtered, formatted and numbered by itself, and waits for nobody else."},
	{"outbox.alerts_mib", CONFIG_NUMBER, AT(outbox_alerts_mib), CONFIG_OUTBOX_LEAST_MIB, 1048576, NULL, "1024",
		"Alerts and heartbeats kept below state_dir until every output has them, and after, in MiB; the oldest go."},
	{"outbox.sessions_mib", CONFIG_NUMBER, AT(outbox_sessions_mib), CONFIG_OUTBOX_LEAST_MIB, 1048576, NULL, "1024",
		"The same for session records, apart from alerts: a flood of the one cannot push out the other."},
	{"outbox.keep_days", CONFIG_NUMBER, AT(outbox_keep_days), 0, 36500, NULL, "14",
		"Older records leave the outbox, delivered or not; 0: only when there is no room."},
	{"alerts.rate_per_s", CONFIG_NUMBER, AT(alerts_rate_per_s), 0, 1000000, NULL, "100",
		"Alerts a second that `run` tells one by one when there are very many; the others are counted, exactly. 0: all."},
	{"alerts.burst", CONFIG_NUMBER, AT(alerts_burst), 1, 1000000, NULL, "5000",
		"Alerts told at once before that rate holds."},
	{"metrics.listen", CONFIG_LISTEN, AT(metrics), 0, 0, words_none, "none",
		"Where /metrics and /healthz are served: unix:PATH, or an ADDRESS:PORT of this machine's loopback."},
};

const size_t config_schema_n = sizeof config_schema / sizeof config_schema[0];

const struct config_key *config_key_find(const char *name)
{
	for (size_t i = 0; i < config_schema_n; i++)
		if (strcmp(config_schema[i].name, name) == 0)
			return &config_schema[i];
	return NULL;
}

const char *config_key_nearest(const char *name)
{
	struct nearest best;
	nearest_start(&best, name);
	for (size_t i = 0; i < config_schema_n; i++) {
		const char *key = config_schema[i].name, *dot = strchr(key, '.');
		nearest_try(&best, key);
		// Somebody who wrote `workers` at the top meant capture.workers: a section left out costs nothing.
		if (dot != NULL && strcmp(dot + 1, name) == 0)
			return key;
	}
	return nearest_best(&best);
}

static void describe_words(const char *const *words, const char *rest, char *out, size_t len)
{
	size_t used = 0;
	for (size_t i = 0; words[i] != NULL && used < len; i++)
		used += (size_t)snprintf(out + used, len - used, "%s%s", i ? " | " : "", words[i]);
	if (used < len)
		snprintf(out + used, len - used, "%s", rest);
}

void config_key_describe(const struct config_key *k, char *out, size_t len)
{
	static const char *const plain[CONFIG_TYPES] = {
		[CONFIG_NAME] = "name",
		[CONFIG_TAPS] = "list of {name: NAME, side: mid | client | server, ports: [PORT, ...], bpf: FILTER}",
		[CONFIG_OUTPUTS] = "list of {type: file | stdout | unix | syslog | kafka | http, and what that type has}",
		[CONFIG_PAIRS] = "list of {name: NAME, outside: TAP, inside: TAP}",
		[CONFIG_SWITCH] = "on | off",
		[CONFIG_PORTS] = "list of ports",
		[CONFIG_NETS] = "list of networks",
		[CONFIG_MXS] = "list of {name, addresses, port}",
		[CONFIG_PARTNERS] = "list of {domain, level, networks, sensitive, owner, note}",
		[CONFIG_EXEMPT] = "list of networks and {network | domain, findings, owner, until, reason}",
		[CONFIG_FINDINGS] = "list of finding ids",
		[CONFIG_FORWARDERS] = "list of addresses, each with or without @port",
		[CONFIG_DOMAINS] = "list of domains",
		[CONFIG_SEVERITIES] = "map of finding id to severity",
	};
	if (k->type == CONFIG_NUMBER)
		snprintf(out, len, "%u..%u", k->min, k->max);
	else if (k->type == CONFIG_WORD)
		describe_words(k->words, "", out, len);
	else if (k->type == CONFIG_WORDS)
		describe_words(k->words, " (list)", out, len);
	else if (k->type == CONFIG_HOST)
		describe_words(k->words, " | host name", out, len);
	else if (k->type == CONFIG_NAME && k->words != NULL)
		describe_words(k->words, " | name", out, len);
	else if (k->type == CONFIG_PATH)
		describe_words(k->words, " | path", out, len);
	else if (k->type == CONFIG_LISTEN)
		describe_words(k->words, " | unix:PATH | 127.0.0.1:PORT | [::1]:PORT", out, len);
	else
		snprintf(out, len, "%s", plain[k->type]);
}
