// Every key of the schema arrives somewhere here (capture.workers in cli/read.c).
#include "cli/wire.h"

#include <assert.h>
#include <string.h>

void wire_dissect(struct dissect_config *out, const struct config *c, uint16_t worker, uint16_t n)
{
	*out = (struct dissect_config){
		.n_ports = c->ports_tcp.n,
		.checksums = (enum dissect_checksums)c->checksums,
		.flows_max = c->flows_max / n,
		.sessions_max = c->sessions_max / n,
		.reassembly_octets = ((uint64_t)c->reassembly_mib << 20) / n,
		.keep_envelope = c->envelope == ENVELOPE_FULL,
		.worker = worker,
		.n_workers = n,
	};
	memcpy(out->ports, c->ports_tcp.port, c->ports_tcp.n * sizeof out->ports[0]);
}

void wire_judge(struct judge_config *out, const struct config *c)
{
	static_assert(sizeof out->severity == sizeof c->severity, "severities by catalogue index");
	*out = (struct judge_config){
		.record = {.host = c->sensor_name, .envelope = c->envelope},
		.tap = c->tap.name,
		.tls_records = c->tls_records,
		.sessions_max = c->sessions_max,
		.n_own = c->own_networks.n,
		.n_exempt = c->exempt.n,
		.disabled = c->disable.id,
		.n_disabled = c->disable.n,
	};
	memcpy(out->own, c->own_networks.net, c->own_networks.n * sizeof out->own[0]);
	memcpy(out->exempt, c->exempt.net, c->exempt.n * sizeof out->exempt[0]);
	memcpy(out->severity, c->severity, sizeof out->severity);
}
