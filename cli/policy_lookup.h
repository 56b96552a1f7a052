// `policy lookup`: what was learned of a domain, for people (policy_lookup_text.c) and for programs.
#pragma once

#include <stdio.h>

#include "alerts/expect/store.h"
#include "cli/command.h"

void policy_lookup_print(FILE *out, const struct policy_domain *d, struct store *s, int64_t now_s);
