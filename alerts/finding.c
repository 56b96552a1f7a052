// Looking findings up, and how the quality of evidence limits what a finding may claim.
#include "alerts/finding.h"

#include <string.h>

const struct catalogue_row *catalogue_find(const char *id)
{
	for (size_t i = 0; i < catalogue_n; i++)
		if (strcmp(catalogue[i].id, id) == 0)
			return &catalogue[i];
	return NULL;
}

// One word for several bits: the one that would mislead most stands first. Octets nobody acknowledged may never have
// arrived, which for the reader is the same as a capture that stops too early.
static const struct {
	uint8_t bit;
	enum evidence evidence;
} evidence_order[] = {
	{Q_AMBIG, EVIDENCE_AMBIGUOUS},
	{Q_ONE_DIR, EVIDENCE_ONE_DIRECTION},
	{Q_MIDSTREAM, EVIDENCE_MIDSTREAM},
	{Q_GAP, EVIDENCE_GAP},
	{Q_TRUNC | Q_UNACKED, EVIDENCE_TRUNCATED},
};

enum evidence evidence_of(uint8_t quality)
{
	for (size_t i = 0; i < sizeof(evidence_order) / sizeof(evidence_order[0]); i++)
		if (quality & evidence_order[i].bit)
			return evidence_order[i].evidence;
	return EVIDENCE_COMPLETE;
}

enum confidence confidence_absence(enum confidence c, uint8_t quality)
{
	return quality && c > CONFIDENCE_SUSPECT ? CONFIDENCE_SUSPECT : c;
}
