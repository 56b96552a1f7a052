// The members of a snapshot's values, into an object that is open.
#pragma once

#include "alerts/expect/policy.h"
#include "alerts/json.h"

void snapshot_print_time(struct json *j, int64_t time_s);
// `around_s`: the as_of of what the host stands in.
void snapshot_print_host(struct json *j, const struct policy_host *h, int64_t around_s);
// `hosts`: for each of d->mx what is known of it, NULL where it is not described here.
void snapshot_print_domain(struct json *j, const struct policy_domain *d, const struct policy_host *const *hosts, int64_t around_s);
