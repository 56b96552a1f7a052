// What `postwacht explain` tells, for people and as JSON.
#pragma once

#include <stdio.h>

#include "cli/confirm.h"
#include "cli/transcript.h"
#include "cli/wanted.h"

struct explanation {
	const struct wanted *wanted;
	const struct transcript *transcript;
	const struct confirm *confirm;
	const char *file; // the capture the session begins in
};

void explain_print(FILE *out, const struct explanation *e);

// Parts of it.
void explain_heading(FILE *out, bool colour, const char *text);
void explain_print_tls(FILE *out, const struct session *s, bool colour);
void explain_print_policy(FILE *out, const struct session *s, bool colour);
void explain_print_agreed(FILE *out, const struct session *s);
void explain_print_afterwards(FILE *out, const struct session *s);

// False when it could not be written.
bool explain_print_json(FILE *out, const struct explanation *e);
