// What of the machine the worker may use: its directory, keys, certificates, some TCP ports; and how much.
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/expect/resolver.h"
#include "alerts/expect/scout_wire.h"
#include "hw/rights.h"

// The address sanitizer's shadow is larger than any limit; gcc and clang each say in their own way that it is there.
#if defined(__SANITIZE_ADDRESS__)
#define SHADOWED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SHADOWED 1
#endif
#endif

enum {
	FILES_MAX = 1024,             // sockets of questions and fetches
	FILE_OCTETS_MAX = 64 << 20,   // the cache file
	MEMORY_MAX = 1 << 30,         // caches, 16 names, TLS: measured below 100 MiB
	PORT_DNS = 53,
	PORT_HTTPS = 443,
};

static void limit(int what, rlim_t most)
{
	struct rlimit l;
	if (getrlimit(what, &l) == 0 && (l.rlim_max == RLIM_INFINITY || l.rlim_max > most)) {
		l = (struct rlimit){.rlim_cur = most, .rlim_max = most};
		setrlimit(what, &l);
	}
}

int scout_serve(int fd, const struct scout_config *config)
{
	signal(SIGPIPE, SIG_IGN);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, FILES_MAX);
	limit(RLIMIT_FSIZE, FILE_OCTETS_MAX);
#ifndef SHADOWED
	limit(RLIMIT_DATA, MEMORY_MAX);
#endif
	return scout_work(fd, config);
}

// ---- paths and ports ---------------------------------------------------------------------------------------------

static void add(const char **list, size_t *n, const char *path)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(list[i], path) == 0)
			return;
	if (*n < RIGHTS_PATHS_MAX)
		list[(*n)++] = path;
}

static void add_reading(struct rights_config *out, const char *path)
{
	add(out->read_paths, &out->n_read_paths, path);
}

static void add_writing(struct rights_config *out, const char *path)
{
	if (access(path, W_OK) == 0)
		add(out->write_dirs, &out->n_write_dirs, path);
	else
		add_reading(out, path);
}

static void add_port(struct rights_config *out, uint16_t port)
{
	for (size_t i = 0; i < out->n_tcp_ports; i++)
		if (out->tcp_ports[i] == port)
			return;
	if (out->n_tcp_ports < RIGHTS_PORTS_MAX)
		out->tcp_ports[out->n_tcp_ports++] = port;
}

// Certificates of the system are links to elsewhere, and are replaced by new files when it is updated: so directories are named.
static void add_ca(struct rights_config *out, const char *ca)
{
	static const char system[] = "/etc/ssl/certs";
	struct stat st;
	bool of_system = ca == NULL || strncmp(ca, system, sizeof system - 1) == 0;
	if (!of_system)
		add_reading(out, ca);
	if (!of_system && !(stat(ca, &st) == 0 && S_ISDIR(st.st_mode)))
		return;
	add_reading(out, system);
	add_reading(out, "/usr/share/ca-certificates");
	add_reading(out, "/usr/local/share/ca-certificates");
}

static void add_anchor(struct rights_config *out, const struct scout_config *config)
{
	static char dir[4096];
	const struct resolver_config r = {.trust_anchor = config->trust_anchor};
	add_reading(out, config->trust_anchor);
	if (!resolver_keeps_anchor(&r) || snprintf(dir, sizeof dir, "%s", config->trust_anchor) >= (int)sizeof dir)
		return;
	add_writing(out, dirname(dir));
}

void scout_rights(struct rights_config *out, const struct scout_config *config)
{
	if (config->state_dir != NULL)
		add_writing(out, config->state_dir);
	add_anchor(out, config);
	if (config->root_hints != NULL)
		add_reading(out, config->root_hints);
	add_port(out, PORT_DNS);
	if (config->mta_sts) {
		add_ca(out, config->ca_file);
		add_port(out, PORT_HTTPS);
	}
	for (size_t i = 0; i < config->n_forward_to; i++) {
		const char *at = strchr(config->forward_to[i], '@');
		if (at != NULL)
			add_port(out, (uint16_t)strtoul(at + 1, NULL, 10));
	}
}
