// The part of the summary about exemptions: sessions they kept quiet, and those that ended before the last packet.
#pragma once

#include <stdio.h>

#include "alerts/json.h"
#include "cli/summary.h"

void exemptions_print(FILE *out, const struct summary *s);
void exemptions_put(struct json *j, const struct summary *s);
