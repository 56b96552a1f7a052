// Configuration, user, and the places on disk that a sensor writes to.
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/figures.h"

enum { FREE_LEAST_MIB = 64 }; // for history and policy; and so that a log has room to say that there is none

void doctor_configuration(struct doctor *d)
{
	for (size_t i = 0; i < d->errors->n; i++)
		doctor_say(d, DOCTOR_FAIL, "%.250s", d->errors->line[i]);
	if (d->errors->n > 0) {
		const char *file = d->config_file;
		doctor_repair(d, "postwacht check%s%s; checks that need the configuration were left out", file != NULL ? " --config " : "",
			file != NULL ? file : "");
		return;
	}
	if (d->config_file != NULL)
		doctor_say(d, DOCTOR_PASS, "%.200s is valid", d->config_file);
	else
		doctor_say(d, DOCTOR_PASS, "there is no file: every setting has its default");
	if (doctor_each_port(d, NULL) > 0)
		return;
	doctor_say(d, DOCTOR_WARN, "no tap has ports: `run` has nothing to watch");
	doctor_repair(d, "taps: [{name: tap0, ports: [\"pcap:eth1\"]}] in /etc/postwacht/postwacht.yaml, or `postwacht run pcap:eth1`");
}

// ---- user --------------------------------------------------------------------------------------------------------

static void fill_user(struct doctor_user *u, const struct passwd *p)
{
	*u = (struct doctor_user){.known = true, .root = p->pw_uid == 0, .uid = p->pw_uid, .n_groups = DOCTOR_GROUPS_MAX};
	snprintf(u->name, sizeof u->name, "%s", p->pw_name);
	if (getgrouplist(p->pw_name, p->pw_gid, u->groups, &u->n_groups) < 0)
		u->n_groups = DOCTOR_GROUPS_MAX; // the rest of them did not fit
}

void doctor_find_user(struct doctor *d)
{
	const char *name = d->config->user;
	const struct passwd *p = geteuid() != 0 || strcmp(name, "none") == 0 ? getpwuid(geteuid()) : getpwnam(name);
	if (p != NULL)
		fill_user(&d->user, p);
	else
		d->user = (struct doctor_user){.known = false, .uid = geteuid(), .root = geteuid() == 0};
}

void doctor_user_check(struct doctor *d)
{
	if (geteuid() != 0) {
		doctor_say(d, DOCTOR_PASS, "not started by root: a sensor started so stays user %s",
			d->user.known ? d->user.name : "(without a name)");
	} else if (strcmp(d->config->user, "none") == 0) {
		doctor_say(d, DOCTOR_WARN, "sensor.user is none: the sensor stays root, so what takes it over is nearly root");
		doctor_repair(d, "useradd --system --no-create-home --shell /usr/sbin/nologin postwacht; then sensor: {user: postwacht}");
	} else if (!d->user.known) {
		doctor_say(d, DOCTOR_FAIL, "there is no user %s for the sensor to become", d->config->user);
		doctor_repair(d, "useradd --system --no-create-home --shell /usr/sbin/nologin %s", d->config->user);
	} else {
		doctor_say(d, DOCTOR_PASS, "the sensor becomes user %s", d->user.name);
	}
}

// ---- directories -------------------------------------------------------------------------------------------------

const char *doctor_user_name(const struct doctor *d)
{
	return d->user.known ? d->user.name : geteuid() == 0 && strcmp(d->config->user, "none") != 0 ? d->config->user : "root";
}

// Whether the sensor could make `path`: `run` makes the last component, as whoever starts it.
static bool can_be_made(const struct doctor *d, const char *path)
{
	char copy[DOCTOR_PATH];
	struct stat st;
	snprintf(copy, sizeof copy, "%s", path);
	if (stat(dirname(copy), &st) < 0 || !S_ISDIR(st.st_mode))
		return false;
	return geteuid() == 0 || doctor_user_may(&d->user, st.st_uid, st.st_gid, st.st_mode, W_OK | X_OK);
}

// /var/log, /etc, /tmp: what others have files in is not taken from them. What is called after us is ours.
static bool of_others(const char *path)
{
	DIR *dir = strstr(path, "postwacht") == NULL ? opendir(path) : NULL;
	int entries = 0;
	while (dir != NULL && entries < 3 && readdir(dir) != NULL) // "." and ".." stand in each
		entries++;
	if (dir != NULL)
		closedir(dir);
	return entries > 2;
}

bool doctor_directory(struct doctor *d, const char *what, const char *path, unsigned mode)
{
	struct stat st;
	if (stat(path, &st) < 0) {
		bool later = errno == ENOENT && can_be_made(d, path);
		doctor_say(d, later ? DOCTOR_PASS : DOCTOR_FAIL, "%s %.160s: %s%s", what, path, strerror(errno),
			later ? "; `run` makes it at its start, not at a reload" : "");
		if (!later)
			doctor_repair(d, "install -d -o %s -g %s -m %04o %.200s", doctor_user_name(d), doctor_user_name(d), mode, path);
		return false;
	}
	if (!S_ISDIR(st.st_mode)) {
		doctor_say(d, DOCTOR_FAIL, "%s %.160s is no directory", what, path);
		doctor_repair(d, "rm %.200s; install -d -o %s -g %s -m %04o %.200s", path, doctor_user_name(d), doctor_user_name(d), mode, path);
		return false;
	}
	if (doctor_user_may(&d->user, st.st_uid, st.st_gid, st.st_mode, W_OK | X_OK))
		return true;
	bool theirs = of_others(path);
	doctor_say(d, DOCTOR_FAIL, "%s %.160s: user %s may not write there", what, path, doctor_user_name(d));
	doctor_repair(d, "install -d -o %s -g %s -m %04o %.200s%s%s", doctor_user_name(d), doctor_user_name(d), mode, path,
		theirs ? "/postwacht" : "", theirs ? ", and name that directory" : "");
	return false;
}

static void free_space(struct doctor *d, const char *path)
{
	struct statvfs v;
	char left[FIGURE_LEN], most[FIGURE_LEN];
	uint64_t evidence = d->config->evidence ? (uint64_t)d->config->evidence_disk_mib << 20 : 0;
	if (statvfs(path, &v) < 0) {
		doctor_say(d, DOCTOR_WARN, "%.160s: free space is not known: %s", path, strerror(errno));
		return;
	}
	uint64_t octets = (uint64_t)v.f_bavail * v.f_frsize;
	figure_octets(left, octets);
	figure_octets(most, evidence);
	if (octets < (uint64_t)FREE_LEAST_MIB << 20)
		doctor_say(d, DOCTOR_FAIL, "%.160s has only %s left", path, left);
	else if (octets < evidence)
		doctor_say(d, DOCTOR_WARN, "%.160s has %s left, and evidence may take %s (evidence.disk_mib)", path, left, most);
	else
		doctor_say(d, DOCTOR_PASS, "%.160s can be written, and has %s left", path, left);
	if (octets < evidence || octets < (uint64_t)FREE_LEAST_MIB << 20)
		doctor_repair(d, "df -h %.200s; make room there, or set evidence: {disk_mib: %llu}", path, (unsigned long long)(octets >> 21));
}

void doctor_state_dir(struct doctor *d)
{
	const char *path = d->config->state_dir;
	if (strcmp(path, "none") == 0) {
		doctor_say(d, DOCTOR_WARN, "sensor.state_dir is none: history, policy and evidence are kept nowhere");
		doctor_repair(d, "install -d -o %s -g %s -m 0750 /var/lib/postwacht; then sensor: {state_dir: /var/lib/postwacht}",
			doctor_user_name(d), doctor_user_name(d));
	} else if (doctor_directory(d, "state directory", path, 0750)) {
		free_space(d, path);
	}
}

static bool in_group(const struct doctor_user *u, gid_t gid)
{
	for (int i = 0; i < u->n_groups; i++)
		if (u->groups[i] == gid)
			return true;
	return u->root;
}

void doctor_control(struct doctor *d)
{
	const char *path = d->config->control, *group = d->config->control_group;
	char copy[CONFIG_PATH_MAX + 1];
	if (strcmp(path, "none") == 0) {
		doctor_say(d, DOCTOR_WARN, "sensor.control is none: status, stats, top and reload have nobody to ask");
		doctor_repair(d, "sensor: {control: /run/postwacht/control.sock}");
		return;
	}
	if (strcmp(group, "none") != 0) {
		const struct group *g = getgrnam(group);
		if (g == NULL) {
			doctor_say(d, DOCTOR_FAIL, "sensor.control_group: there is no group %s", group);
			doctor_repair(d, "groupadd --system %s; usermod -aG %s %s", group, group, doctor_user_name(d));
			return;
		}
		if (!in_group(&d->user, g->gr_gid)) {
			doctor_say(d, DOCTOR_FAIL, "sensor.control_group: user %s is not in %s, so it cannot give the socket to it",
				doctor_user_name(d), group);
			doctor_repair(d, "usermod -aG %s %s", group, doctor_user_name(d));
			return;
		}
	}
	snprintf(copy, sizeof copy, "%s", path);
	if (doctor_directory(d, "directory of the control socket", dirname(copy), 0755))
		doctor_say(d, DOCTOR_PASS, "control socket %.160s", path);
}
