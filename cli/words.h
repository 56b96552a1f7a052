// Plain words for what the records say in one, and the small formats every report shares.
#pragma once

#include <stdint.h>

#include "alerts/weak.h"
#include "cli/stdout.h"

const char *words_state(enum state s);
const char *words_verdict(enum verdict v);
const char *words_weak(enum weak w); // "3DES", "an RSA key below 2048 bits"
enum style words_severity_style(enum severity s);

// "-" is standard input.
const char *words_input(const char *name);
// What an errno of opening something means here.
const char *words_error(int error);
// What became of an input that is damaged at this octet.
const char *words_salvaged(uint64_t offset);

enum { WORDS_TIME_LEN = 32, WORDS_ADDRESS_LEN = 64, WORDS_ENDPOINT_LEN = 80 };

// "2026-11-23 20:42:09.123456 UTC"
void words_time(char out[static WORDS_TIME_LEN], uint64_t ns);
void words_address(char out[static WORDS_ADDRESS_LEN], const uint8_t addr[static 16], uint8_t ip_v);
// "192.0.2.1:25", "[2001:db8::1]:25"
void words_endpoint(char out[static WORDS_ENDPOINT_LEN], const uint8_t addr[static 16], uint8_t ip_v, uint16_t port);
