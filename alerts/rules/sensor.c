// Rules on what the sensor itself could not see of a session: silence about it would read as compliance.
#include "alerts/rules/rule.h"

#include <inttypes.h>

enum {
	SENSOR_SURE_OCTETS = 64,    // beyond a stray segment: the shortest useful EHLO or greeting
	SENSOR_TALK_OCTETS = 4096,  // beyond any banner or tarpit: a dialogue this long has two sides
};

// A side without a single packet was not captured. A side with packets but no payload is believed to be silent until
// the other side has talked for longer than a dialogue without answers can last.
bool rule_one_direction(const struct rule_input *in, struct claim *c)
{
	const struct conn_facts *n = in->conn;
	if (n->end == END_OPEN || n->payload[DIR_C2S] == n->payload[DIR_S2C])
		return false;
	enum dir d = n->payload[DIR_C2S] ? DIR_C2S : DIR_S2C;
	bool silent = n->pkts[dir_other(d)] == 0;

	if (n->payload_octets[d] < (silent ? SENSOR_SURE_OCTETS : SENSOR_TALK_OCTETS))
		return false;
	c->confidence = silent ? CONFIDENCE_CERTAIN : CONFIDENCE_PROBABLE;
	c->quality = Q_ONE_DIR;
	claim_frame(c, &(struct mark){.frame = n->first_frame});
	claim_detail(c, "seen:%s:octets:%" PRIu64, d == DIR_C2S ? "client" : "server", n->payload_octets[d]);
	return true;
}

bool rule_truncated_input(const struct rule_input *in, struct claim *c)
{
	if (!in->conn->snaplen_cut)
		return false;
	c->confidence = CONFIDENCE_CERTAIN;
	c->quality = Q_TRUNC;
	claim_frame(c, &(struct mark){.frame = in->conn->first_frame});
	claim_detail(c, "packets_cut_by_capture");
	return true;
}

// Told once a run (alerts/judge_evaluate.c): no alert is without a session. What a store of today says of the same chains
// is not known.
bool rule_trust_store_old(const struct rule_input *in, struct claim *c)
{
	if (!in->store_age_days)
		return false;
	c->confidence = CONFIDENCE_CERTAIN;
	claim_frame(c, &(struct mark){.frame = in->conn->first_frame});
	claim_detail(c, "newest_ca_days:%" PRIu32, in->store_age_days);
	return true;
}

bool rule_of_sensor(const struct rule_input *in, struct claim *c)
{
	return false;
}
