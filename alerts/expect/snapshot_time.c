// Reading is printing backwards: a text is a time when that time is printed as this text.
#include "alerts/expect/snapshot_time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LAST_S INT64_C(253402300799) // 9999-12-31T23:59:59Z

void snapshot_time_text(char out[static SNAPSHOT_TIME], int64_t time_s)
{
	time_t t = (time_t)(time_s < 0 ? 0 : time_s > LAST_S ? LAST_S : time_s);
	struct tm tm;

	gmtime_r(&t, &tm);
	if (!strftime(out, SNAPSHOT_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm))
		out[0] = '\0';
}

bool snapshot_time_read(const char *text, size_t len, int64_t *out)
{
	char again[SNAPSHOT_TIME];
	struct tm tm = {0};

	if (len != SNAPSHOT_TIME - 1)
		return false;
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!end || *end)
		return false;
	*out = timegm(&tm);
	if (*out < 0 || *out > LAST_S)
		return false;
	snapshot_time_text(again, *out);
	return strcmp(text, again) == 0;
}
