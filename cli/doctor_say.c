// What checks of `doctor` are made with: saying, reading files of the kernel, names of ports.
#include "cli/doctor.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ---- saying ------------------------------------------------------------------------------------------------------

void doctor_say(struct doctor *d, enum doctor_verdict v, const char *format, ...)
{
	// The last place is overwritten: more than 16 ports with so many faults each do not exist.
	struct doctor_result *r = &d->result[d->n_results < DOCTOR_RESULTS_MAX ? d->n_results++ : DOCTOR_RESULTS_MAX - 1];
	*r = (struct doctor_result){.check = d->check, .verdict = v};
	va_list args;
	va_start(args, format);
	vsnprintf(r->what, sizeof r->what, format, args);
	va_end(args);
}

void doctor_repair(struct doctor *d, const char *format, ...)
{
	struct doctor_result *r = &d->result[d->n_results - 1];
	va_list args;
	va_start(args, format);
	vsnprintf(r->repair, sizeof r->repair, format, args);
	va_end(args);
}

// ---- files -------------------------------------------------------------------------------------------------------

static bool join(const struct doctor *d, char *out, const char *format, va_list args)
{
	size_t used = (size_t)snprintf(out, DOCTOR_PATH, "%s", d->root);
	return used < DOCTOR_PATH && (size_t)vsnprintf(out + used, DOCTOR_PATH - used, format, args) < DOCTOR_PATH - used;
}

#define JOIN(d, path, format) \
	do { \
		va_list args_; \
		va_start(args_, format); \
		if (!join(d, path, format, args_)) \
			path[0] = '\0'; \
		va_end(args_); \
	} while (0)

void doctor_path(const struct doctor *d, char out[static DOCTOR_PATH], const char *format, ...)
{
	JOIN(d, out, format);
}

static bool read_line(const char *path, char *out, size_t len)
{
	out[0] = '\0';
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, out, len - 1);
	close(fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return n >= 0;
}

bool doctor_line(const struct doctor *d, char *out, size_t len, const char *format, ...)
{
	char path[DOCTOR_PATH];
	JOIN(d, path, format);
	return read_line(path, out, len);
}

bool doctor_number(const struct doctor *d, uint64_t *out, const char *format, ...)
{
	char path[DOCTOR_PATH], line[64], *end;
	JOIN(d, path, format);
	*out = 0;
	if (!read_line(path, line, sizeof line) || !isdigit((unsigned char)line[0]))
		return false;
	*out = strtoull(line, &end, 10);
	return *end == '\0';
}

bool doctor_exists(const struct doctor *d, const char *format, ...)
{
	char path[DOCTOR_PATH];
	JOIN(d, path, format);
	return access(path, F_OK) == 0;
}

bool doctor_link(const struct doctor *d, char *out, size_t len, const char *format, ...)
{
	char path[DOCTOR_PATH], to[DOCTOR_PATH];
	JOIN(d, path, format);
	ssize_t n = readlink(path, to, sizeof to - 1);
	to[n > 0 ? n : 0] = '\0';
	const char *slash = strrchr(to, '/');
	snprintf(out, len, "%s", slash != NULL ? slash + 1 : to);
	return n > 0;
}

bool doctor_field(const struct doctor *d, uint64_t *out, const char *path, const char *name, int base)
{
	char full[DOCTOR_PATH], line[256];
	size_t len = strlen(name);
	bool found = false;
	*out = 0;
	doctor_path(d, full, "%s", path);
	FILE *f = fopen(full, "re");
	while (f != NULL && !found && fgets(line, sizeof line, f) != NULL) {
		found = strncmp(line, name, len) == 0 && line[len] == ':';
		if (found)
			*out = strtoull(line + len + 1, NULL, base);
	}
	if (f != NULL)
		fclose(f);
	return found;
}

bool doctor_user_may(const struct doctor_user *u, uid_t uid, gid_t gid, mode_t mode, int how)
{
	if (u->root)
		return true;
	int bits = mode & 7;
	if (u->uid == uid)
		bits = mode >> 6 & 7;
	else
		for (int i = 0; i < u->n_groups; i++)
			if (u->groups[i] == gid)
				bits = mode >> 3 & 7;
	return (bits & how) == how; // R_OK, W_OK and X_OK are the bits of a mode
}

// ---- ports -------------------------------------------------------------------------------------------------------

bool doctor_port_pci(const char *port, char address[static 16])
{
	unsigned domain = 0, bus, device, function;
	if (strncmp(port, "pci:", 4) == 0)
		port += 4;
	if (!isxdigit((unsigned char)port[0]))
		return false;
	if (sscanf(port, "%4x:%2x:%2x.%1u", &domain, &bus, &device, &function) != 4) {
		domain = 0;
		if (sscanf(port, "%2x:%2x.%1u", &bus, &device, &function) != 3)
			return false;
	}
	snprintf(address, 16, "%04x:%02x:%02x.%u", domain & 0xffff, bus & 0xff, device & 0xff, function & 7);
	return true;
}

bool doctor_port_interface(const char *port, char name[static 16])
{
	const char *at = NULL;
	if (strncmp(port, "pcap:", 5) == 0)
		at = port + 5;
	else if (strncmp(port, "vdev:", 5) == 0 && (at = strstr(port, "iface=")) != NULL) // "iface=", "rx_iface="
		at += 6;
	if (at == NULL)
		return false;
	snprintf(name, 16, "%.*s", (int)strcspn(at, ","), at);
	return name[0] != '\0' && strcmp(name, "any") != 0;
}

size_t doctor_each_port(struct doctor *d, void (*each)(struct doctor *d, const char *port))
{
	size_t n = 0;
	for (size_t t = 0; t < d->config->taps.n; t++)
		for (size_t p = 0; p < d->config->taps.tap[t].n_ports; p++, n++)
			if (each != NULL)
				each(d, d->config->taps.tap[t].port[p]);
	return n;
}

static size_t count(const struct doctor *d, bool (*is)(const char *port, char name[static 16]))
{
	char name[16];
	size_t n = 0;
	for (size_t t = 0; t < d->config->taps.n; t++)
		for (size_t p = 0; p < d->config->taps.tap[t].n_ports; p++)
			n += is(d->config->taps.tap[t].port[p], name);
	return n;
}

size_t doctor_count_pci(const struct doctor *d)
{
	return count(d, doctor_port_pci);
}

size_t doctor_count_interfaces(const struct doctor *d)
{
	return count(d, doctor_port_interface);
}
