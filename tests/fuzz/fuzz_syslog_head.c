// The head of a message of syslog, whatever the record and the host are called: it reads as RFC 5424 says, with nothing left over.
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/sink/syslog_form.h"
#include "tests/fuzz/fuzz.h"

static void require(bool condition)
{
	if (!condition)
		abort();
}

static const char *word(const char *p, size_t max)
{
	size_t n = 0;
	while (p[n] > ' ' && p[n] <= '~')
		n++;
	require(n > 0 && n <= max && p[n] == ' ');
	return p + n + 1;
}

static const char *value(const char *p)
{
	while (*p != '=') // name
		require(islower((unsigned char)*p++));
	require(p[1] == '"');
	for (p += 2; *p != '"'; p++) {
		require(*p >= ' ' && *p <= '~' && *p != ']');
		if (*p == '\\') {
			p++;
			require(*p == '"' || *p == '\\' || *p == ']');
		}
	}
	return p + 1;
}

static const char *structured(const char *p)
{
	if (*p == '-')
		return p + 1;
	static const char id[] = "[postwacht@32473";
	require(strncmp(p, id, sizeof id - 1) == 0);
	for (p += sizeof id - 1; *p == ' ';)
		p = value(p + 1);
	require(*p == ']');
	return p + 1;
}

static void check_5424(const char *p, const struct syslog_form *f)
{
	char *end;
	require(*p++ == '<');
	unsigned long pri = strtoul(p, &end, 10);
	require(pri <= 191 && end > p && *end == '>');
	require(end[1] == '1' && end[2] == ' ' && end[3 + 26] == 'Z');
	p = word(end + 3, 27);
	p = word(p, SYSLOG_HOST);
	p = word(p, 48);
	p = word(p, 128);
	p = structured(word(p, SYSLOG_MSGID));
	require(strcmp(p, f->cookie ? " @cee: " : " ") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char host[300] = "", id[128] = "", out[SYSLOG_HEAD_MAX + 1];
	struct outbox_about about;
	struct syslog_form f;
	if (len < 2 + sizeof about)
		return 0;
	const struct sink_config c = {.facility = data[1] % 24, .cookie = data[0] & 1, .structured = data[0] & 2,
		.transport = data[0] & 4 ? TRANSPORT_LOCAL : TRANSPORT_TLS};
	memcpy(&about, data + 2, sizeof about);
	data += 2 + sizeof about;
	len -= 2 + sizeof about;
	size_t half = len / 2;
	memcpy(host, data, half < sizeof host - 1 ? half : sizeof host - 1);
	memcpy(id, data + half, len - half < sizeof id - 1 ? len - half : sizeof id - 1);
	const struct sink_message m = {.octets = "", .about = &about, .id = id, .seq = len, .epoch = UINT64_MAX};
	syslog_form_init(&f, &c, host);
	size_t n = syslog_head(out, &f, &m);
	require(n > 0 && n < sizeof out - 1); // never cut
	out[n] = '\0';
	require(strlen(out) == n);
	if (!f.local)
		check_5424(out, &f);
	for (size_t i = 0; i < n; i++)
		require(out[i] >= ' ' && out[i] <= '~');
	return 0;
}
