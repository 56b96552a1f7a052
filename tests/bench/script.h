// A session to be put on the wire: who says which octets, in order. TLS octets are real: made by two OpenSSL ends
// that talk through memory.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dissect/facts.h"

struct utterance {
	enum dir d;
	uint32_t len;
	uint8_t *octets; // owned by the script
};

struct script {
	struct utterance *said;
	size_t n;
};

enum script_kind { SCRIPT_TLS13, SCRIPT_TLS12, SCRIPT_CLEAR, SCRIPT_IMPLICIT };

struct script_config {
	enum script_kind kind;
	uint32_t message_octets; // of each mail
	uint32_t n_messages;
};

// Exits with a message when OpenSSL fails: a benchmark without TLS would lie.
void script_make(struct script *s, const struct script_config *config, uint32_t number);
void script_free(struct script *s);
