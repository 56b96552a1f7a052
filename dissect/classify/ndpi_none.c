// Without nDPI nothing is classified: see dissect/classify/ndpi.h.
#include "dissect/classify/ndpi.h"

#include <errno.h>

bool classifier_built_in(void)
{
	return false;
}

int classifier_open(struct classifier **out, const struct classifier_limits *limits)
{
	*out = NULL;
	return -ENOSYS;
}

void classifier_close(struct classifier **c)
{
	*c = NULL;
}

uint16_t classifier_begin(struct classifier *c, uint32_t owner)
{
	return 1;
}

uint16_t classifier_show(struct classifier *c, uint16_t place, uint32_t owner, const struct decoded *s, uint64_t time_ns)
{
	return CLASSIFIED_UNKNOWN;
}

void classifier_end(struct classifier *c, uint16_t place, uint32_t owner)
{
}

bool classifier_says_mail(uint16_t protocol)
{
	return false;
}

const char *classifier_name(const struct classifier *c, uint16_t protocol)
{
	return "";
}

size_t classifier_heap_octets(const struct classifier *c)
{
	return 0;
}
