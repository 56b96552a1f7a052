// Sequence numbers that grow with packet time, and marks.
#include "capture/pace.h"

enum { STEP = 16 }; // the lowest four bits are the worker's

#define TIME_MAX (UINT64_C(1) << 62) // the year 2116; twice a seq has to fit. A file may claim more: its packets follow one another

void pace_init(struct pace *p, uint8_t worker, bool play, uint64_t mono_ns)
{
	*p = (struct pace){.seq = worker, .worker = worker, .play = play, .taken_ns = mono_ns, .mark_ns = mono_ns};
}

static uint64_t next_seq(struct pace *p, uint64_t time_ns)
{
	uint64_t seq = (time_ns & ~(uint64_t)(STEP - 1)) | p->worker;
	p->seq = seq > p->seq && time_ns < TIME_MAX ? seq : p->seq + STEP;
	return p->seq;
}

void pace_packet(struct pace *p, struct packet *packet, uint64_t mono_ns)
{
	packet->seq = next_seq(p, packet->time_ns);
	if (packet->time_ns)
		p->time_ns = packet->time_ns;
	p->taken_ns = mono_ns;
}

bool pace_due(const struct pace *p, uint64_t mono_ns)
{
	uint64_t last = p->mark_ns > p->taken_ns ? p->mark_ns : p->taken_ns;
	return mono_ns - last >= PACE_IDLE_NS;
}

bool pace_idle(struct pace *p, struct packet *mark, uint64_t mono_ns, uint64_t settled_ns)
{
	if (!pace_due(p, mono_ns))
		return false;
	uint64_t time_ns = settled_ns;
	if (p->play) {
		if (!p->time_ns || mono_ns - p->taken_ns < PACE_PLAY_NS)
			return false;
		time_ns = p->time_ns + (mono_ns - (p->mark_ns > p->taken_ns ? p->mark_ns : p->taken_ns));
	}
	if (time_ns < p->time_ns)
		time_ns = p->time_ns;
	p->time_ns = time_ns;
	p->mark_ns = mono_ns;
	*mark = (struct packet){.kind = PACKET_TIME, .time_ns = time_ns, .seq = next_seq(p, time_ns)};
	return true;
}
