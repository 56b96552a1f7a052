// `postwacht policy export`: the cache as a snapshot, for `read --policy` and for people.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/expect/cache.h"
#include "cli/policy.h"
#include "hw/log.h"

static int write_out(const char *path, const char *text, size_t len)
{
	if (path == NULL || strcmp(path, "-") == 0) {
		fwrite(text, 1, len, stdout); // main sees whether it arrived
		return 0;
	}
	FILE *f = fopen(path, "w");
	bool good = f != NULL && fwrite(text, 1, len, f) == len;
	if (f != NULL && fclose(f) != 0)
		good = false;
	if (good)
		return 0;
	log_error("policy", "cannot write %s: %s", path, strerror(errno));
	return EXIT_TROUBLE;
}

int policy_export_run(const struct options *o)
{
	struct store *s;
	size_t len;
	uint32_t left_out;
	int rc = policy_state(o, "policy export");
	if (rc == 0)
		rc = policy_load(o, &s, true);
	if (rc != 0)
		return rc;
	char *text = cache_text(s, true, &len, &left_out);
	if (text == NULL) {
		log_error("policy", "no memory for the snapshot");
		rc = EXIT_TROUBLE;
	} else {
		policy_left_out(left_out);
		rc = write_out(o->out, text, len);
	}
	free(text);
	store_close(&s);
	return rc;
}
