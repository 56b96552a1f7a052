// The source that is not there: takes every name and refuses it with a reason.
//
// It also documents what an open function owes its caller: no source on failure, -errno, and words for the operator.
#include "capture/source/ops.h"

#include <errno.h>

int none_open_name(struct source **out, const char *name, const char **reason)
{
	*out = NULL;
	*reason = *name ? "no capture engine of this build takes this name" : "the name of a source is empty";
	return -ENODEV;
}
