// Standard output and standard error for people: colour where a terminal wants it, text of strangers made harmless.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

// 0, or -errno after the reason was logged: what was written did not all arrive.
int stdout_flush(void);

// Colour belongs on a terminal, unless NO_COLOR is set or TERM is dumb.
bool stdout_colour(FILE *out);

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_RED, STYLE_YELLOW, STYLE_GREEN, STYLE_DIM };

// `text` in a style when `colour`, else as it is.
void stdout_styled(FILE *out, bool colour, enum style style, const char *text);

// Text that came from the wire or from a file: everything but printable ASCII as \xNN.
void stdout_escaped(FILE *out, const void *text, size_t len);

// A word for a shell: in $'quotes' (bash, zsh, ksh) where it needs them.
void stdout_shell(FILE *out, const char *word);

// Paragraphs: breaks `text` at spaces so that no line is longer than 100 columns, each after `indent` spaces.
void stdout_wrap(FILE *out, unsigned indent, const char *text);

// JSON built by `build` in a buffer that fits it; a line. False when it did not fit or memory ran out.
struct json;
bool stdout_json(FILE *out, void (*build)(struct json *j, const void *ctx), const void *ctx);
