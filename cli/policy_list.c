// `postwacht policy list`: the cache, one domain a line.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "alerts/expect/snapshot_time.h"
#include "alerts/json.h"
#include "alerts/session.h"
#include "cli/policy.h"
#include "cli/stdout.h"

enum { ROW_JSON = 4096, AGE_LEN = 32 };

static void age(char out[static AGE_LEN], int64_t s)
{
	static const struct {
		int64_t s;
		const char *unit;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	if (s < 0) {
		snprintf(out, AGE_LEN, "future");
		return;
	}
	size_t i = 0;
	while (i < 3 && s < 2 * units[i].s)
		i++;
	snprintf(out, AGE_LEN, "%lld %s", (long long)(s / units[i].s), units[i].unit);
}

static void print_row(const struct policy_row *r, int64_t now_s)
{
	char old[AGE_LEN], tlsa[16];
	age(old, now_s - r->as_of_s);
	snprintf(tlsa, sizeof tlsa, "%u/%u", r->n_usable, r->n_hosts);
	printf("%-8s %-13s %-6s %-8s %-8s ", expect_level_name(r->level), policy_dnssec_name(r->dnssec), tlsa,
		policy_sts_mode_name(r->sts), old);
	stdout_escaped(stdout, r->name, strlen(r->name));
	putchar('\n');
}

// Rows one by one: a full cache is longer than one buffer.
static bool print_json(const struct policy_row *r, bool first)
{
	char text[ROW_JSON];
	struct json j;
	json_init(&j, text, sizeof text);
	json_open_object(&j);
	json_field(&j, "domain", cstr, r->name);
	json_field(&j, "level", word, expect_level_name(r->level));
	json_field(&j, "dnssec", word, policy_dnssec_name(r->dnssec));
	json_field(&j, "hosts", u64, r->n_hosts);
	json_field(&j, "hosts_tlsa_usable", u64, r->n_usable);
	json_field(&j, "sts_mode", word, policy_sts_mode_name(r->sts));
	char as_of[SNAPSHOT_TIME];
	snapshot_time_text(as_of, r->as_of_s);
	json_field(&j, "as_of", word, as_of);
	json_field(&j, "why", cstr, r->why);
	json_close_object(&j);
	if (!json_ok(&j))
		return false;
	printf("%s%.*s", first ? "" : ",", (int)json_len(&j), text);
	return true;
}

int policy_list_run(const struct options *o)
{
	struct store *s;
	int rc = policy_state(o, "policy list");
	if (rc == 0)
		rc = policy_load(o, &s, true);
	if (rc != 0)
		return rc;
	const struct policy_domain *d;
	bool first = true;
	int64_t now_s = time(NULL);
	puts(o->json ? "{\"v\":1,\"domains\":[" : "LEVEL    DNSSEC        TLSA   MTA-STS  AGE      DOMAIN");
	for (uint32_t at = 0; (d = store_next_domain(s, &at)) != NULL; first = false) {
		struct policy_row row;
		policy_row(&row, s, d);
		if (!o->json)
			print_row(&row, now_s);
		else if (!print_json(&row, first))
			rc = EXIT_TROUBLE;
	}
	if (o->json)
		puts("]}");
	store_close(&s);
	return rc;
}
