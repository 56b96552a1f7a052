// Every key of the schema arrives somewhere here (capture.workers in cli/read.c).
#include "cli/wire.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

void wire_dissect(struct dissect_config *out, const struct config *c, uint16_t worker, uint16_t n)
{
	*out = (struct dissect_config){
		.n_ports = c->ports_tcp.n,
		.checksums = (enum dissect_checksums)c->checksums,
		.flows_max = c->flows_max / n,
		.sessions_max = c->sessions_max / n,
		.reassembly_octets = ((uint64_t)c->reassembly_mib << 20) / n,
		.tls_outside_mail = c->tls_outside_mail,
		.tunnels = c->tunnels,
		.protocols = c->protocols,
		.keep_envelope = c->envelope == ENVELOPE_FULL,
		.worker = worker,
		.n_workers = n,
	};
	memcpy(out->ports, c->ports_tcp.port, c->ports_tcp.n * sizeof out->ports[0]);
}

// A system without CA certificates judges no paths; one that was named must be there.
const char *wire_trust_store(const struct config *c)
{
	static const char system[] = "/etc/ssl/certs/ca-certificates.crt"; // Debian's, and most others'
	if (strcmp(c->trust_store, "none") == 0)
		return NULL;
	if (strcmp(c->trust_store, "system") == 0)
		return access(system, R_OK) == 0 ? system : NULL;
	return c->trust_store;
}

void wire_judge(struct judge_config *out, const struct config *c)
{
	static_assert(sizeof out->severity == sizeof c->severity, "severities by catalogue index");
	*out = (struct judge_config){
		.record = {.host = c->sensor_name, .envelope = c->envelope},
		.taps = {{.name = c->taps.tap[0].name, .side = (enum tap_side)c->taps.tap[0].side}},
		.trust_store = wire_trust_store(c),
		.tls_records = c->tls_records,
		.sessions_max = c->sessions_max,
		.store_age_days = c->trust_store_age_days,
		.inventory = &c->inventory,
		.disabled = c->disable.id,
		.n_disabled = c->disable.n,
	};
	memcpy(out->severity, c->severity, sizeof out->severity);
}

void wire_storms(struct judge_config *out, const struct config *c)
{
	out->alerts_rate_per_s = c->alerts_rate_per_s;
	out->alerts_burst = c->alerts_burst;
}

static struct judge_tap tap_of(const struct config *c, const char *name)
{
	const struct config_tap *t = &c->taps.tap[config_tap_find(c, name)]; // config_check() has found it
	return (struct judge_tap){.name = t->name, .side = (enum tap_side)t->side};
}

void wire_taps(struct judge_config *out, const struct config *c)
{
	for (size_t i = 0; i < c->taps.n; i++)
		out->taps[i] = (struct judge_tap){.name = c->taps.tap[i].name, .side = (enum tap_side)c->taps.tap[i].side};
	for (size_t i = 0; i < c->pairs.n; i++) {
		const struct config_pair *p = &c->pairs.pair[i];
		out->pairs[i] = (struct judge_pair){
			.name = p->name,
			.outside = (uint8_t)config_tap_find(c, p->outside),
			.inside = (uint8_t)config_tap_find(c, p->inside),
		};
	}
	out->n_pairs = c->pairs.n;
}

void wire_two_taps(struct judge_config *out, const struct config *c)
{
	const struct config_pair *p = &c->pairs.pair[0];
	out->taps[0] = c->pairs.n > 0 ? tap_of(c, p->outside) : (struct judge_tap){.name = "outside"};
	out->taps[1] = c->pairs.n > 0 ? tap_of(c, p->inside) : (struct judge_tap){.name = "inside"};
	out->pairs[0] = (struct judge_pair){.name = c->pairs.n > 0 ? p->name : "pair", .outside = 0, .inside = 1};
	out->n_pairs = 1;
}

static const char *trust_anchor(const struct config *c)
{
	return strcmp(c->trust_anchor, "system") == 0 ? "/usr/share/dns/root.key" : c->trust_anchor; // Debian's dns-root-data
}

void wire_scout(struct wire_scout *out, const struct config *c, const struct options *o)
{
	*out = (struct wire_scout){
		.config = {
			.trust_anchor = o->trust_anchor != NULL ? o->trust_anchor : trust_anchor(c),
			.forward_to = out->forward_to,
			.n_forward_to = o->resolver != NULL ? 1 : c->forward_to.n,
			.mta_sts = c->mta_sts,
			.ca_file = wire_trust_store(c),
			.watchlist = out->watchlist,
			.n_watchlist = c->watchlist.n,
			.state_dir = o->state != NULL ? o->state : strcmp(c->state_dir, "none") != 0 ? c->state_dir : NULL,
		},
	};
	for (size_t i = 0; i < c->forward_to.n; i++)
		out->forward_to[i] = c->forward_to.text[i];
	if (o->resolver != NULL)
		out->forward_to[0] = o->resolver;
	for (size_t i = 0; i < c->watchlist.n; i++)
		out->watchlist[i] = c->watchlist.name[i];
}
