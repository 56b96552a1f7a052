// What every command prints with.
#include "cli/stdout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/json.h"
#include "hw/log.h"

enum { WIDTH = 100, JSON_CAP = 4 * 1024 * 1024 }; // 4 MiB: the catalogue with all its texts is a tenth of that

int stdout_flush(void)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	int error = errno != 0 ? errno : EIO;
	log_error("output", "cannot write to standard output: %s", strerror(error));
	return -error;
}

bool stdout_colour(FILE *out)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	if ((no_color != NULL && no_color[0] != '\0') || (term != NULL && strcmp(term, "dumb") == 0))
		return false;
	return isatty(fileno(out)) == 1;
}

void stdout_styled(FILE *out, bool colour, enum style style, const char *text)
{
	static const char *const codes[] = {"", "1", "1;31", "33", "32", "2"};
	if (colour && style != STYLE_PLAIN)
		fprintf(out, "\033[%sm%s\033[0m", codes[style], text);
	else
		fputs(text, out);
}

void stdout_escaped(FILE *out, const void *text, size_t len)
{
	const unsigned char *p = text;
	for (size_t i = 0; i < len; i++) {
		if (p[i] >= ' ' && p[i] < 0x7f)
			fputc(p[i], out);
		else
			fprintf(out, "\\x%02x", p[i]);
	}
}

void stdout_shell(FILE *out, const char *word)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_-+:=@%,";
	if (word[0] != '\0' && strspn(word, safe) == strlen(word)) {
		fputs(word, out);
		return;
	}
	fputs("$'", out);
	for (const unsigned char *p = (const unsigned char *)word; *p != '\0'; p++) {
		if (*p < ' ' || *p >= 0x7f)
			fprintf(out, "\\x%02x", *p);
		else if (*p == '\'' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else
			fputc(*p, out);
	}
	fputc('\'', out);
}

void stdout_wrap(FILE *out, unsigned indent, const char *text)
{
	size_t room = WIDTH - indent;
	while (*text != '\0') {
		size_t len = strlen(text);
		if (len > room) {
			for (len = room; len > 0 && text[len] != ' '; len--)
				;
			if (len == 0) // a word longer than the line
				len = strcspn(text, " ");
		}
		fprintf(out, "%*s", (int)indent, "");
		stdout_escaped(out, text, len);
		fputc('\n', out);
		text += len;
		text += strspn(text, " ");
	}
}

bool stdout_json(FILE *out, void (*build)(struct json *j, const void *ctx), const void *ctx)
{
	char *buffer = malloc(JSON_CAP);
	if (buffer == NULL) {
		log_error("output", "no memory for the JSON");
		return false;
	}
	struct json j;
	json_init(&j, buffer, JSON_CAP);
	build(&j, ctx);
	bool good = json_ok(&j);
	if (good) {
		fwrite(buffer, 1, json_len(&j), out);
		fputc('\n', out);
	} else {
		log_error("output", "the JSON is longer than %d octets; not written", JSON_CAP);
	}
	free(buffer);
	return good;
}
