// The files of the name service, as glibc reads them (resolv.conf(5), nsswitch.conf(5), gai.conf(5), host.conf(5), hosts(5)).
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/rights.h"

static void add(struct rights_config *c, const char *path)
{
	for (size_t i = 0; i < c->n_read_paths; i++)
		if (strcmp(c->read_paths[i], path) == 0)
			return;
	if (c->n_read_paths < RIGHTS_PATHS_MAX)
		c->read_paths[c->n_read_paths++] = path;
}

void rights_read_names(struct rights_config *c, char dir[static RIGHTS_DIR])
{
	static const char *const files[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/host.conf"};
	char real[PATH_MAX];
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		add(c, files[i]);
	if (realpath(files[0], real) == NULL || strcmp(real, files[0]) == 0)
		return;
	const char *of = dirname(real);
	if (strcmp(of, "/") != 0 && snprintf(dir, RIGHTS_DIR, "%s", of) < RIGHTS_DIR)
		add(c, dir);
}
