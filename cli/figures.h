// Numbers for people: groups of three, octets and rates with a unit, spans of time in the two largest units.
#pragma once

#include <stdint.h>

enum { FIGURE_LEN = 32 };

void figure_count(char out[static FIGURE_LEN], uint64_t n);           // "1,234,567"
void figure_octets(char out[static FIGURE_LEN], uint64_t n);          // "1.2 GB"
void figure_span(char out[static FIGURE_LEN], uint64_t seconds);      // "3 d 4 h", "12 s"
void figure_speed(char out[static FIGURE_LEN], uint64_t mbps);        // "10 Gb/s"; 0: ""
// Of a number a second: "12", "3.4 k", "1.2 M".
void figure_rate(char out[static FIGURE_LEN], double per_second);
