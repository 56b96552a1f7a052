// A domain's MTA-STS policy over time: what is in force after a look at DNS and, where one is due, a fetch. RFC 8461 3.3, 5.1, 10.2.
//
// A policy stays in force until its max_age ends, whatever becomes of the record and the web server: otherwise whoever can
// suppress them could turn protection off. One thread.
#pragma once

#include "alerts/expect/sts.h"

enum {
	STS_REFRESH_S = 86400,  // looked at again after a day, or half of max_age: RFC 8461 10.2
	STS_RETRY_S = 300,      // after a failure, RFC 8461 3.3: not more often
};

// What the TXT lookup said.
struct sts_seen {
	bool answered;          // false: no decision (bogus, indeterminate); `why` of the lookup
	enum sts_record record;
	char id[POLICY_STS_ID];
	char why[POLICY_WHY];
};

// What a fetch said. `fault` none: `policy` is valid.
struct sts_fetched {
	enum policy_sts_fault fault;
	bool gone;              // HTTP 404 or 410: nothing is published any more
	struct sts_policy policy;
	char why[POLICY_WHY];
};

// `kept` is what was known before (NULL: nothing).
bool sts_in_force(const struct policy_sts *kept, int64_t now_s);
bool sts_fetch_due(const struct policy_sts *kept, const struct sts_seen *seen, int64_t now_s);

// What is known from now on. `fetched` NULL: none was due, or none allowed yet (then the fault of before stays).
// out->mx points into `patterns`.
void sts_conclude(struct policy_sts *out, char (*patterns)[POLICY_NAME], const struct policy_sts *kept, const struct sts_seen *seen,
	const struct sts_fetched *fetched, int64_t now_s);
