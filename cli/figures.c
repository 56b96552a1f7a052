// Numbers for people.
#include "cli/figures.h"

#include <stdio.h>
#include <string.h>

void figure_count(char out[static FIGURE_LEN], uint64_t n)
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)n), at = 0;
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
}

static void with_unit(char *out, double n, const char *const *units, const char *tail)
{
	size_t unit = 0;
	// 999.95 would be written 1000.0
	for (; n >= 999.95 && units[unit + 1] != NULL; unit++)
		n /= 1000;
	const char *space = units[unit][0] != '\0' || tail[0] != '\0' ? " " : "";
	if (unit == 0)
		snprintf(out, FIGURE_LEN, "%.0f%s%s%s", n, space, units[unit], tail);
	else
		snprintf(out, FIGURE_LEN, "%.1f%s%s%s", n, space, units[unit], tail);
}

void figure_octets(char out[static FIGURE_LEN], uint64_t n)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB", NULL};
	with_unit(out, (double)n, units, "");
}

void figure_rate(char out[static FIGURE_LEN], double per_second)
{
	static const char *const units[] = {"", "k", "M", "G", "T", NULL};
	with_unit(out, per_second, units, "");
}

void figure_span(char out[static FIGURE_LEN], uint64_t seconds)
{
	static const struct {
		uint64_t seconds;
		const char *unit;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;
	while (i < 3 && seconds < units[i].seconds)
		i++;
	unsigned long long first = seconds / units[i].seconds;
	unsigned long long second = i < 3 ? seconds % units[i].seconds / units[i + 1].seconds : 0;
	if (second > 0)
		snprintf(out, FIGURE_LEN, "%llu %s %llu %s", first, units[i].unit, second, units[i + 1].unit);
	else
		snprintf(out, FIGURE_LEN, "%llu %s", first, units[i].unit);
}

void figure_speed(char out[static FIGURE_LEN], uint64_t mbps)
{
	out[0] = '\0';
	if (mbps >= 1000 && mbps % 1000 == 0)
		snprintf(out, FIGURE_LEN, "%llu Gb/s", (unsigned long long)(mbps / 1000));
	else if (mbps > 0)
		snprintf(out, FIGURE_LEN, "%llu Mb/s", (unsigned long long)mbps);
}
