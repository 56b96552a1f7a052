// Rows of the SMTP tests: a transcript and what its facts must say, as "name=value" words.
#pragma once

#include "tests/unit/feed.h"

struct smtp_row {
	const char *name;
	const char *script[40];
	const char *want;  // "offer=3 clear.not_offered=1"; names in the table of expect.c, values in decimal or 0x...
	uint8_t quality;   // of every place
};

// Plays a row in all cuts and checks its words.
void smtp_row_check(const struct smtp_row *row);
