// Ports, opened for a moment: what their drivers say, and whether both directions of a connection come to one queue.
#include <stdio.h>
#include <string.h>

#include "capture/port.h"
#include "cli/doctor.h"
#include "cli/wire.h"

enum { TRIES = 64 };

// How many of some connections have their directions on two queues, by the port's own account of its card.
static unsigned split(const struct port *p)
{
	unsigned n = 0;
	for (unsigned i = 0; i < TRIES; i++) {
		const uint8_t a[16] = {10, (uint8_t)(i * 37), 3, (uint8_t)(i + 1)}, b[16] = {192, 0, 2, (uint8_t)(i * 11)};
		uint16_t from = (uint16_t)(1024 + i * 977), to = i % 2 ? 25 : 587;
		n += p->ops->queue_of(p, 4, a, b, from, to) != p->ops->queue_of(p, 4, b, a, to, from);
		n += p->ops->queue_of(p, 6, a, b, from, to) != p->ops->queue_of(p, 6, b, a, to, from);
	}
	return n;
}

static void hash(struct doctor *d, const struct port *p, const struct port_about *a)
{
	if (a->queues < 2 || p->ops->queue_of == NULL) {
		doctor_say(d, DOCTOR_SKIP, "%s has one queue: packets are handed to workers by the sensor itself", a->name);
		return;
	}
	unsigned n = split(p);
	if (a->rss_symmetric && n == 0) {
		doctor_say(d, DOCTOR_PASS, "%s brings both directions of a connection to one of %u queues (%s)", a->name, a->queues, a->rss);
		return;
	}
	doctor_say(d, DOCTOR_WARN, "%s brings directions of connections to different queues (%s; %u of %u tried): the sensor uses one reader",
		a->name, a->rss, n, 2U * TRIES);
	doctor_repair(d, "capture: {workers: 1}, or a card with a symmetric hash");
}

static void say(struct doctor *d, const struct port_about *a, const struct port_stats *s)
{
	bool down = s->link_known && !s->link_up;
	doctor_say(d, down ? DOCTOR_WARN : DOCTOR_PASS, "%s: %s, %u queue%s, time by %s, flow control %s; %s%s", a->name, a->driver, a->queues,
		a->queues == 1 ? "" : "s", port_clock_name(a->clock), a->flow_control, a->offload, down ? "; no link" : "");
	if (s->tx_packets + s->tx_octets + s->tx_errors > 0)
		doctor_say(d, DOCTOR_FAIL, "%s has sent %llu packets", a->name, (unsigned long long)s->tx_packets);
}

static void one(struct doctor *d, const char *name)
{
	const struct config *c = d->config;
	struct port_config pc = {
		.name = name,
		.bpf = "",
		.queues = (uint16_t)c->workers,
		.n_mail_ports = c->ports_tcp.n,
		.steer = c->steer,
		.hugepages = c->hugepages,
		.linkup_wait_ms = 3000,
	};
	char why[PORT_WHY];
	struct port *p;
	memcpy(pc.mail_ports, c->ports_tcp.port, c->ports_tcp.n * sizeof pc.mail_ports[0]);
	if (port_open(&p, &pc, why) < 0) {
		doctor_say(d, DOCTOR_FAIL, "%s", why);
		return;
	}
	struct port_about about;
	struct port_stats stats;
	p->ops->about(p, &about);
	p->ops->stats(p, &stats);
	say(d, &about, &stats);
	hash(d, p, &about);
	port_close(&p);
}

void doctor_open(struct doctor *d)
{
	if (!d->options->open)
		doctor_say(d, DOCTOR_SKIP, "ports are not opened; with --open, while no sensor runs, their drivers are asked");
	else if (doctor_each_port(d, NULL) == 0)
		doctor_say(d, DOCTOR_SKIP, "no tap has ports");
	else
		doctor_each_port(d, one);
}
