// `postwacht pcap ID`: the packets that were kept for an alert, from the state directory.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/evidence.h"
#include "alerts/evidence_disk.h"
#include "cli/command.h"
#include "cli/settings.h"
#include "cli/wanted.h"
#include "hw/log.h"

static const char standard_config[] = "/etc/postwacht/postwacht.yaml";

enum { SHOWN_MAX = 10, PATH_LEN = 4096 };

struct search {
	const char *id;       // as typed: all of it, or its beginning
	int dir;              // of evidence
	size_t n;             // files that fit
	char name[SHOWN_MAX][EVIDENCE_NAME_MAX]; // relative to it
};

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

// What of directory `at`, called `day` (NULL: the directory of days), fits. False: it cannot be read.
static bool look(struct search *s, int at, const char *day)
{
	DIR *d = at < 0 ? NULL : fdopendir(at);
	if (d == NULL) {
		if (at >= 0)
			close(at);
		return false;
	}
	bool good = true;
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		if (day == NULL && evidence_disk_is_day(e->d_name)) {
			good = look(s, openat(s->dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), e->d_name) && good;
		} else if (day != NULL && evidence_disk_is_file(e->d_name) && strncasecmp(e->d_name, s->id, strlen(s->id)) == 0) {
			if (s->n < SHOWN_MAX)
				snprintf(s->name[s->n], sizeof s->name[0], "%.*s/%.*s", EVIDENCE_DAY_LEN, day, EVIDENCE_NAME_MAX - 10, e->d_name);
			s->n++;
		}
	}
	closedir(d);
	return good;
}

static int tell_ambiguous(const struct search *s)
{
	size_t shown = s->n < SHOWN_MAX ? s->n : SHOWN_MAX;
	log_error("pcap", "\"%s\" fits %zu alerts; give more of the id:", s->id, s->n);
	for (size_t i = 0; i < shown; i++)
		log_error("pcap", "  %.*s", RECORD_ID_LEN, s->name[i] + EVIDENCE_DAY_LEN + 1);
	if (s->n > shown)
		log_error("pcap", "  and %zu more", s->n - shown);
	return EXIT_TROUBLE;
}

static int find(struct search *s, const char *dir)
{
	s->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0) {
		log_error("pcap", "cannot open %s: %s; check --state", dir, strerror(errno));
		return EXIT_TROUBLE;
	}
	if (!look(s, openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), NULL))
		log_warn("pcap", "not all of %s can be read: %s", dir, strerror(errno));
	qsort(s->name, s->n < SHOWN_MAX ? s->n : SHOWN_MAX, sizeof s->name[0], by_name);
	if (s->n > 1)
		return tell_ambiguous(s);
	if (s->n == 1)
		return 0;
	log_error("pcap", "no packets of an alert \"%s\" in %s: only a live sensor keeps them, for alerts but not for sessions, and the "
		"oldest give way", s->id, dir);
	return EXIT_TROUBLE;
}

static int copy(int in, FILE *out)
{
	char octets[1 << 16];
	for (ssize_t n; (n = read(in, octets, sizeof octets)) != 0;) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && fwrite(octets, 1, (size_t)n, out) != (size_t)n)
			return -errno;
	}
	return 0;
}

static FILE *create(const char *path, int in)
{
	struct stat from, to;
	if (fstat(in, &from) == 0 && stat(path, &to) == 0 && from.st_dev == to.st_dev && from.st_ino == to.st_ino) {
		errno = EEXIST; // it would be emptied
		return NULL;
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0640);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	if (f == NULL && fd >= 0)
		close(fd);
	return f;
}

static int write_out(const struct search *s, const char *path)
{
	bool standard = strcmp(path, "-") == 0;
	if (standard && isatty(STDOUT_FILENO)) {
		log_error("usage", "packets are nothing for a terminal; give --out FILE, or a pipe");
		return EXIT_USAGE;
	}
	int in = openat(s->dir, s->name[0], O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	FILE *out = standard ? stdout : in < 0 ? NULL : create(path, in);
	int rc = in < 0 || out == NULL ? -errno : copy(in, out);
	if (!standard && out != NULL && fclose(out) != 0 && rc == 0)
		rc = -errno;
	if (in >= 0)
		close(in);
	if (rc == 0)
		return EXIT_FINE; // main sees whether standard output took it
	log_error("pcap", "cannot write %s to %s: %s", s->name[0], path, strerror(-rc));
	return EXIT_TROUBLE;
}

static int check_id(const char *id)
{
	size_t len = strlen(id);
	if (len >= WANTED_PREFIX_MIN && len <= RECORD_ID_LEN)
		return 0;
	log_error("usage", "an id has %d characters, of which at least %d must be given, not \"%s\"", RECORD_ID_LEN, WANTED_PREFIX_MIN, id);
	return EXIT_USAGE;
}

// --state, or what the configuration says.
static int state_of(const struct options *o, char *dir, size_t len)
{
	static struct config config;
	int rc = 0;
	const char *state = o->state;
	if (state == NULL) {
		rc = settings_load(&config, o, access(standard_config, R_OK) == 0 ? standard_config : NULL);
		state = strcmp(config.state_dir, "none") != 0 ? config.state_dir : NULL;
	}
	if (rc == 0 && state == NULL) {
		log_error("usage", "packets are kept in the sensor's state directory: give --state DIR, or its --config");
		rc = EXIT_USAGE;
	}
	if (rc == 0)
		snprintf(dir, len, "%s/" EVIDENCE_DIR, state);
	return rc;
}

int packets_run(const struct options *o)
{
	char dir[PATH_LEN];
	struct search s = {.id = o->operands[0], .dir = -1};
	int rc = check_id(s.id);
	if (rc == 0)
		rc = state_of(o, dir, sizeof dir);
	if (rc == 0)
		rc = find(&s, dir);
	if (rc == 0 && o->out != NULL)
		rc = write_out(&s, o->out);
	else if (rc == 0)
		printf("%s/%s\n", dir, s.name[0]);
	if (s.dir >= 0)
		close(s.dir);
	return rc;
}
