// Any octets as a policy file, and as TXT records: refused with a reason, or values that hold what sts.h promises.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/expect/name.h"
#include "alerts/expect/sts.h"
#include "tests/fuzz/fuzz.h"

enum { TXT_MAX = 8 };

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void printable(const char *why)
{
	for (; *why != '\0'; why++)
		require(*why >= ' ' && *why <= '~');
}

static void policy(const char *text, size_t len)
{
	static struct sts_policy p;
	char why[POLICY_WHY], name[POLICY_NAME];
	bool good = sts_policy_read(&p, text, len, why);
	printable(why);
	require(good == (why[0] == '\0'));
	if (!good)
		return;
	require(p.mode >= STS_MODE_NONE && p.mode <= STS_ENFORCE && p.max_age_s <= STS_MAX_AGE_MAX);
	require(p.n_mx <= POLICY_STS_MX_MAX && (p.n_mx > 0 || p.mode == STS_MODE_NONE));
	for (size_t i = 0; i < p.n_mx; i++) {
		const char *at = p.mx[i] + (strncmp(p.mx[i], "*.", 2) == 0 ? 2 : 0);
		require(name_from_wire(name, (const uint8_t *)at, strlen(at)) && strcmp(name, at) == 0);
	}
}

// The octets cut into records of a length that the first says.
static void records(const uint8_t *data, size_t len)
{
	struct sts_txt txt[TXT_MAX];
	char id[POLICY_STS_ID], why[POLICY_WHY];
	size_t each = len > 0 ? data[0] % 64u + 1 : 1, n = 0;
	for (size_t at = 1; at < len && n < TXT_MAX; at += each)
		txt[n++] = (struct sts_txt){.octets = data + at, .len = len - at < each ? len - at : each};
	enum sts_record got = sts_record_read(txt, n, id, why);
	printable(why);
	require((got == STS_RECORD_VALID) == (id[0] != '\0'));
	require((got == STS_RECORD_BAD) == (why[0] != '\0'));
	for (size_t i = 0; id[i] != '\0'; i++)
		require(isalnum((unsigned char)id[i]));
	(void)sts_tlsrpt_read(txt, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	policy((const char *)data, len);
	records(data, len);
	return 0;
}
