// How to confirm a session by hand: commands that can be pasted into a shell.
#pragma once

#include <stddef.h>

#include "dissect/facts.h"

enum { CONFIRM_MAX = 4, CONFIRM_LEN = 1024 };

struct confirm {
	size_t n;
	struct {
		const char *what; // "the packets", ...
		char command[CONFIRM_LEN];
	} step[CONFIRM_MAX];
};

// `file` is the capture the session is in. Names from the wire are used only where they are plain host names.
void confirm_build(struct confirm *c, const struct facts *f, const char *file);

// Adds how to see the earlier session a finding's detail refers to (":session:ID"), where it does.
void confirm_earlier(struct confirm *c, const char *detail, const char *file);
