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
		p->packet_ns = p->told_ns = packet->time_ns;
	p->taken_ns = mono_ns;
}

static bool due(const struct pace *p, uint64_t mono_ns)
{
	uint64_t last_ns = p->mark_ns > p->taken_ns ? p->mark_ns : p->taken_ns;
	return mono_ns - last_ns >= PACE_IDLE_NS && (!p->play || (p->packet_ns && mono_ns - p->taken_ns >= PACE_PLAY_NS));
}

bool pace_idle(struct pace *p, struct packet *mark, const struct pace_still *now)
{
	if (!due(p, now->mono_ns))
		return false;
	uint64_t time_ns = p->packet_ns ? p->packet_ns + (now->mono_ns - p->taken_ns) : now->wall_ns;
	time_ns = time_ns > now->late_ns ? time_ns - now->late_ns : 0;
	if (time_ns > now->held_ns)
		time_ns = now->held_ns;
	if (time_ns < p->told_ns)
		time_ns = p->told_ns;
	p->mark_ns = now->mono_ns;
	if (!time_ns)
		return false;
	p->told_ns = time_ns;
	*mark = (struct packet){.kind = PACKET_TIME, .time_ns = time_ns, .seq = next_seq(p, time_ns)};
	return true;
}
