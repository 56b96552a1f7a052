// Any octets as the names of ports and sinks, and as an Accept header: one line stays one line, one label one label.
#include <stdlib.h>
#include <string.h>

#include "cli/metrics_private.h"
#include "tests/fuzz/fuzz.h"

static void require(bool condition)
{
	if (!condition)
		abort();
}

// The line of one sample: quotation marks that are no label's end are escaped, and nothing breaks it.
static void look_at_line(const char *line, const char *end)
{
	bool quoted = false;
	for (const char *p = line; p < end; p++) {
		require(*p >= ' ' && *p < 0x7f);
		if (quoted && *p == '\\')
			require(++p < end && (*p == '\\' || *p == '"'));
		else if (*p == '"')
			quoted = !quoted;
	}
	require(!quoted);
}

static void look_at_page(const char *page, size_t len)
{
	const char *end;
	for (const char *line = page; line < page + len; line = end + 1) {
		end = memchr(line, '\n', (size_t)(page + len - line));
		require(end != NULL);
		require(strncmp(line, "# ", 2) == 0 || strncmp(line, "postwacht_", 10) == 0);
		look_at_line(line, end);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct metrics_view view;
	static struct metrics_names names;
	static struct config config;
	static char page[METRICS_MAX];
	char accept[1024];
	size_t n = len < sizeof accept - 1 ? len : sizeof accept - 1;
	memcpy(accept, data, n);
	accept[n] = '\0';
	enum metrics_format format = metrics_accept(accept);
	require(format == METRICS_TEXT || format == METRICS_OPENMETRICS);
	require(format == METRICS_TEXT || strcasestr(accept, "application/openmetrics-text") != NULL);

	memset(&config, 0, sizeof config);
	config.taps.n = config.outputs.n = config.taps.tap[0].n_ports = 1;
	memcpy(config.taps.tap[0].port[0], data, len < sizeof config.taps.tap[0].port[0] ? len : sizeof config.taps.tap[0].port[0]);
	memcpy(config.outputs.output[0].name, data, len < sizeof config.outputs.output[0].name ? len : sizeof config.outputs.output[0].name);
	metrics_names(&names, &config);
	view.names = &names;
	memcpy(&view.state.durable, data, len < sizeof view.state.durable ? len : sizeof view.state.durable);
	size_t used = metrics_write(page, sizeof page, format, &view);
	require(used > 0);
	look_at_page(page, used);
	return 0;
}
