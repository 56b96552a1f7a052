// One decision, in the order of strength: a fresh policy, the one still in force, what DNS says.
#include "alerts/expect/sts_keep.h"

#include <string.h>

bool sts_in_force(const struct policy_sts *kept, int64_t now_s)
{
	return kept != NULL && kept->mode >= STS_MODE_NONE && kept->as_of_s + (int64_t)kept->max_age_s > now_s;
}

bool sts_fetch_due(const struct policy_sts *kept, const struct sts_seen *seen, int64_t now_s)
{
	if (!seen->answered || seen->record != STS_RECORD_VALID)
		return false;
	if (!sts_in_force(kept, now_s) || kept->fault != STS_FAULT_NONE || strcmp(kept->id, seen->id) != 0)
		return true;
	int64_t half_s = kept->max_age_s / 2, age_s = now_s - kept->as_of_s;
	return age_s < 0 || age_s >= (half_s < STS_REFRESH_S ? half_s : STS_REFRESH_S);
}

static bool has_pattern(const struct policy_sts *kept, const char *pattern)
{
	for (size_t i = 0; i < kept->n_mx; i++)
		if (strcmp(kept->mx[i], pattern) == 0)
			return true;
	return false;
}

static bool differs(const struct policy_sts *kept, const struct sts_policy *p)
{
	if (kept->mode != p->mode || kept->n_mx != p->n_mx || kept->max_age_s != p->max_age_s)
		return true;
	for (size_t i = 0; i < p->n_mx; i++)
		if (!has_pattern(kept, p->mx[i]))
			return true;
	return false;
}

static void take_policy(struct policy_sts *out, char (*patterns)[POLICY_NAME], const struct policy_sts *kept, const struct sts_seen *seen,
	const struct sts_policy *p, int64_t now_s)
{
	bool before = kept != NULL && kept->mode >= STS_MODE_NONE;
	*out = (struct policy_sts){
		.mode = p->mode,
		.id_unchanged = before && strcmp(kept->id, seen->id) == 0 && differs(kept, p),
		.n_mx = p->n_mx,
		.max_age_s = p->max_age_s,
		.as_of_s = now_s,
	};
	memcpy(out->id, seen->id, sizeof out->id);
	memcpy(patterns, p->mx, p->n_mx * sizeof p->mx[0]);
	out->mx = (const char (*)[POLICY_NAME])patterns;
}

static void say_why(struct policy_sts *out, const char *why)
{
	memccpy(out->why, why, '\0', sizeof out->why - 1);
}

// No policy from here and now: the one in force, else what the record says.
static void keep(struct policy_sts *out, char (*patterns)[POLICY_NAME], const struct policy_sts *kept, const struct sts_seen *seen,
                 int64_t now_s)
{
	bool absent = seen->answered && seen->record != STS_RECORD_VALID;
	*out = (struct policy_sts){.mode = absent ? STS_ABSENT : STS_UNKNOWN, .as_of_s = now_s};
	if (sts_in_force(kept, now_s)) {
		*out = *kept;
		memmove(patterns, kept->mx, kept->n_mx * sizeof kept->mx[0]);
		out->mx = (const char (*)[POLICY_NAME])patterns;
		out->removed = absent && kept->mode == STS_ENFORCE;
		out->fault = STS_FAULT_NONE;
		memset(out->why, 0, sizeof out->why);
	}
	if (!seen->answered) {
		out->fault = STS_FETCH_ERROR;
		say_why(out, seen->why);
	} else if (seen->record == STS_RECORD_BAD) {
		out->fault = STS_POLICY_INVALID;
		say_why(out, seen->why);
	}
}

void sts_conclude(struct policy_sts *out, char (*patterns)[POLICY_NAME], const struct policy_sts *kept, const struct sts_seen *seen,
	const struct sts_fetched *fetched, int64_t now_s)
{
	if (fetched != NULL && fetched->fault == STS_FAULT_NONE) {
		take_policy(out, patterns, kept, seen, &fetched->policy, now_s);
		return;
	}
	keep(out, patterns, kept, seen, now_s);
	if (fetched != NULL) {
		out->fault = (uint8_t)fetched->fault;
		out->removed = fetched->gone && sts_in_force(kept, now_s) && kept->mode == STS_ENFORCE;
		say_why(out, fetched->why);
	} else if (kept != NULL && seen->answered && seen->record == STS_RECORD_VALID && sts_fetch_due(kept, seen, now_s)) {
		out->fault = kept->fault;
		say_why(out, kept->why);
	}
}
