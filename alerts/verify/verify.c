// Faults: all are counted, the first is kept.
#include "alerts/verify/verify.h"

#include <stdio.h>
#include <string.h>

uint64_t verify_faults(const struct verify *v)
{
	uint64_t n = 0;
	for (size_t i = 0; i < VERIFY_FAULTS; i++)
		n += v->faults[i];
	return n;
}

bool verify_first(const struct verify *v)
{
	return verify_faults(v) == 0;
}

void verify_note(struct verify *v, const struct verify_problem *p, const char *line, size_t len)
{
	if (verify_first(v)) {
		v->problem = *p;
		v->problem.len = len < sizeof v->problem.text ? len : sizeof v->problem.text;
		memcpy(v->problem.text, line, v->problem.len);
		snprintf(v->file[0], VERIFY_PATH, "%s", p->at.file != NULL ? p->at.file : "");
		v->problem.at.file = v->file[0];
	}
	v->faults[p->fault]++;
}

void verify_unfinished(struct verify *v, const struct verify_place *at)
{
	v->unfinished = true;
	v->unfinished_at = *at;
	snprintf(v->file[1], VERIFY_PATH, "%s", at->file);
	v->unfinished_at.file = v->file[1];
}
