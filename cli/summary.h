// What a run found, for people and as JSON: blind spots first, because they limit everything after them.
#pragma once

#include <stdio.h>

#include "alerts/judge.h"
#include "capture/source.h"
#include "cli/command.h"

struct summary {
	const struct judge_summary *judge;
	const struct source *source;   // for names and damage
	const struct inventory_config *inventory; // for exemptions that ended
	const struct options *options; // for the command line to go on with
	bool early;                    // interrupted or stopped by an error: covers what was read until then
};

void summary_print(FILE *out, const struct summary *s);

// False when it could not be written.
bool summary_print_json(FILE *out, const struct summary *s);

// Catalogue indices of the findings met, worst severity first, then more sessions first. Returns how many.
size_t summary_rank(const struct judge_summary *j, uint16_t out[static 256]);
