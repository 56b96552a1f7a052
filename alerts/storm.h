// The valve for storms: when there are very many alerts, some are told one by one and the others counted, exactly.
//
// A bucket of tokens in packet time, which never runs backwards here: `burst` of them at first, `rate_per_s` more each second
// up to that, one taken by each alert that is told. All severities take from it, with reserves: low leaves half of the bucket to
// others, medium a quarter, high an eighth, critical nothing; so what weighs least is counted first. The first alert of a
// finding in ten seconds may take what is reserved, too: a flood of one thing does not hide another.
//
// What is done depends on the alerts and their times alone, not on when somebody looks at the clock between them (P12).
// Plain memory, all zero at the beginning; one thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "alerts/finding.h"

enum { STORM_PERIOD_S = 10, STORM_FINDINGS = 256, STORM_SEVERITIES = SEVERITY_CRITICAL + 1 };

struct storm_counts {
	uint64_t alerts;
	uint64_t by_severity[STORM_SEVERITIES];
	uint64_t by_finding[STORM_FINDINGS]; // by catalogue index
};

struct storm_report {
	uint64_t from_ns, to_ns;
	struct storm_counts counts;
};

struct storm {
	uint32_t rate_per_s, burst; // rate 0: everything is told
	uint64_t now_ns;
	uint64_t filled_ns, level;  // billionths of a token, as of then
	uint64_t fresh_ns;          // since then ...
	uint8_t told[STORM_FINDINGS / 8]; // ... these findings were told
	struct storm_counts total;
	struct storm_report open;   // since the last report; no alerts: none is due
};

// Rate and burst from now on; a burst of 0 is 1.
void storm_use(struct storm *s, uint32_t rate_per_s, uint32_t burst);

struct storm_offer {
	uint64_t time_ns;           // packet time of what decides it
	uint8_t finding, severity;
	uint64_t n;                 // alerts that it stands for
};
// True: tell it. False: it was counted.
bool storm_pass(struct storm *s, const struct storm_offer *o);

// True when what was counted is to be told by this time: ten seconds after the first of it, or now (`last`). It is in `out`
// then, and counting begins anew. To be asked before storm_pass() of the same time.
bool storm_due(struct storm *s, uint64_t time_ns, bool last, struct storm_report *out);
