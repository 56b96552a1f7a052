// The words of a snapshot for our enums, and what is asked of a policy alone.
#include "alerts/expect/policy.h"

#include "alerts/expect/name.h"

static const char *const dnssec_names[] = {"unknown", "secure", "insecure", "bogus", "indeterminate"};
static const char *const sts_mode_names[] = {"unknown", "absent", "none", "testing", "enforce"};
static const char *const sts_fault_names[] = {"", "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid"};

// A value without a name would be a broken sender; it is printed, never read past the table.
#define NAME_IN(table, value) ((size_t)(value) < sizeof(table) / sizeof((table)[0]) ? (table)[value] : "invalid")

const char *policy_dnssec_name(enum policy_dnssec d)
{
	return NAME_IN(dnssec_names, d);
}

const char *policy_sts_mode_name(enum policy_sts_mode m)
{
	return NAME_IN(sts_mode_names, m);
}

const char *policy_sts_fault_name(enum policy_sts_fault f)
{
	return NAME_IN(sts_fault_names, f);
}

bool policy_sts_lists(const struct policy_sts *s, const char *host)
{
	for (size_t i = 0; i < s->n_mx; i++)
		if (name_fits(s->mx[i], host))
			return true;
	return false;
}
