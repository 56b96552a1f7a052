// Finding a row of the catalogue by what people type.
#pragma once

#include "alerts/finding.h"

// By id or signature number; NULL, and the error logged: there is none.
const struct catalogue_row *findings_find(const char *word);
