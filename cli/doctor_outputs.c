// Outputs: that what is written to can be written, and that who is sent to can be reached. No record is sent.
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "alerts/sink/near.h"
#include "cli/doctor.h"
#include "cli/reach.h"
#include "configs/endpoint.h"

// ---- files -------------------------------------------------------------------------------------------------------

// What opens it (alerts/sink/file_path.c) takes files, pipes and devices; and rotates files only. True: nothing was said.
static bool check_type(struct doctor *d, const struct sink_config *o)
{
	struct stat st;
	if (stat(o->path, &st) < 0 || S_ISREG(st.st_mode))
		return true;
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode)) {
		doctor_say(d, DOCTOR_FAIL, "output %.160s is neither a file nor a pipe nor a device", o->path);
		doctor_repair(d, S_ISDIR(st.st_mode) ? "outputs: {path: %.200s/eve.json}" : "ls -l %.200s; outputs: {path: PATH}", o->path);
	} else if (o->rotate_mib > 0) {
		doctor_say(d, DOCTOR_FAIL, "output %.160s is no regular file and cannot be rotated", o->path);
		doctor_repair(d, "outputs: {path: %.200s} without rotate_mib", o->path);
	} else {
		return true;
	}
	return false;
}

static void check_file(struct doctor *d, const struct sink_config *o)
{
	char copy[SINK_PATH + 1];
	struct stat st;
	snprintf(copy, sizeof copy, "%s", o->path);
	if (!check_type(d, o) || !doctor_directory(d, "directory of output", dirname(copy), 0750))
		return;
	if (stat(o->path, &st) == 0 && !doctor_user_may(&d->user, st.st_uid, st.st_gid, st.st_mode, W_OK)) {
		doctor_say(d, DOCTOR_FAIL, "output %.160s: user %s may not write to it", o->path, doctor_user_name(d));
		doctor_repair(d, "chown %s %.200s", doctor_user_name(d), o->path);
	} else {
		doctor_say(d, DOCTOR_PASS, "output %.160s can be written", o->path);
	}
}

// A file that a sink reads when it starts, as the sensor's user. True: it can. Otherwise it was said.
static bool readable(struct doctor *d, const struct sink_config *o, const char *what, const char *path, bool secret)
{
	struct stat st;
	if (path[0] == '\0')
		return true;
	if (stat(path, &st) < 0) {
		doctor_say(d, DOCTOR_FAIL, "%s: %s %.120s: %s", o->name, what, path, strerror(errno));
		doctor_repair(d, "ls -l %.200s; outputs: {%s: PATH}", path, what);
		return false;
	}
	if (!doctor_user_may(&d->user, st.st_uid, st.st_gid, st.st_mode, R_OK)) {
		doctor_say(d, DOCTOR_FAIL, "%s: %s %.120s: user %s may not read it", o->name, what, path, doctor_user_name(d));
		doctor_repair(d, "chown %s %.200s", doctor_user_name(d), path);
		return false;
	}
	if (secret && st.st_mode & S_IROTH) {
		doctor_say(d, DOCTOR_WARN, "%s: %s %.120s: everybody may read it", o->name, what, path);
		doctor_repair(d, "chmod o-rwx %.200s", path);
	}
	return true;
}

static bool own_files(struct doctor *d, const struct sink_config *o)
{
	bool good = readable(d, o, "ca", o->ca, false);
	good &= readable(d, o, "cert", o->cert, false);
	good &= readable(d, o, "key", o->key, true);
	return readable(d, o, "password_file", o->password_file, true) && good;
}

// ---- sockets of this machine -------------------------------------------------------------------------------------

// 0, or -errno. Datagrams and streams are both taken.
static int try_socket(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int rc = -EPROTOTYPE;
	if (strlen(path) >= sizeof a.sun_path)
		return -ENAMETOOLONG;
	strcpy(a.sun_path, path);
	for (int type = SOCK_STREAM; rc == -EPROTOTYPE && type <= SOCK_DGRAM; type += SOCK_DGRAM - SOCK_STREAM) {
		int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0)
			return -errno;
		rc = connect(fd, (const struct sockaddr *)&a, sizeof a) == 0 ? 0 : -errno;
		close(fd);
	}
	return rc;
}

static void check_socket(struct doctor *d, const struct sink_config *o, const char *path, const char *repair)
{
	struct stat st;
	int rc = try_socket(path);
	if (rc < 0) {
		doctor_say(d, DOCTOR_FAIL, "%s: %.160s: %s", o->name, path, rc == -ECONNREFUSED ? "nobody listens there" : strerror(-rc));
		doctor_repair(d, "%s", repair);
	} else if (stat(path, &st) == 0 && !doctor_user_may(&d->user, st.st_uid, st.st_gid, st.st_mode, W_OK)) {
		doctor_say(d, DOCTOR_FAIL, "%s: %.160s: user %s may not write to it", o->name, path, doctor_user_name(d));
		doctor_repair(d, "chgrp %s %.200s && chmod g+w %.100s", doctor_user_name(d), path, path);
	} else {
		doctor_say(d, DOCTOR_PASS, "%s: somebody listens at %.160s", o->name, path);
	}
}

// ---- receivers ---------------------------------------------------------------------------------------------------

static const struct reach_tls *tls_of(const struct sink_config *o, const char *host, struct reach_tls *out)
{
	*out = (struct reach_tls){
		.ca = o->ca[0] != '\0' ? o->ca : NULL,
		.cert = o->cert[0] != '\0' ? o->cert : NULL,
		.key = o->key[0] != '\0' ? o->key : NULL,
		.name = o->server_name[0] != '\0' ? o->server_name : host,
	};
	return out;
}

static void say_unreached(struct doctor *d, const struct sink_config *o, const struct reach *r, const char *host, uint16_t port,
	const struct reach_tls *tls)
{
	const char *ca = tls != NULL && tls->ca != NULL ? tls->ca : "/etc/ssl/certs/ca-certificates.crt";
	switch (r->step) {
	case REACH_OWN_FILES:
		doctor_say(d, DOCTOR_FAIL, "%s: %s", o->name, r->why);
		doctor_repair(d, "ca, cert and key are PEM files, key without a passphrase and of the same pair as cert");
		break;
	case REACH_NAME:
		doctor_say(d, DOCTOR_FAIL, "%s: %.100s: %.120s", o->name, host, r->why);
		doctor_repair(d, "getent ahosts %.200s; or its address in outputs", host);
		break;
	case REACH_CONNECT:
		doctor_say(d, DOCTOR_FAIL, "%s: %.100s port %u (%s): %s", o->name, host, port, r->address, r->why);
		doctor_repair(d, "ss -ltn 'sport = :%u' on the receiver, for whether it listens; then firewalls between", port);
		break;
	default:
		doctor_say(d, DOCTOR_FAIL, "%s: %.80s port %u, TLS as %.60s: %.100s", o->name, host, port, tls != NULL ? tls->name : host, r->why);
		doctor_repair(d, "openssl s_client -connect %.100s:%u -CAfile %.120s -verify_hostname %.100s </dev/null", host, port, ca,
			tls != NULL ? tls->name : host);
	}
}

static void say_in_clear(struct doctor *d, const struct sink_config *o, const char *repair)
{
	doctor_say(d, DOCTOR_WARN, "%s: records go in clear: whoever is between can read and change them", o->name);
	doctor_repair(d, "%s", repair);
}

enum { ENDS_SOON_DAYS = 14 };

static void say_ends(struct doctor *d, const struct sink_config *o, const struct reach *r)
{
	if (r->whose == NULL || r->ends_in_days >= ENDS_SOON_DAYS)
		return;
	doctor_say(d, DOCTOR_WARN, "%s: the certificate of %s ends in %d days: nothing is delivered then", o->name, r->whose, r->ends_in_days);
	if (strcmp(r->whose, "this sensor") != 0)
		doctor_repair(d, "renew it at the receiver");
	else
		doctor_repair(d, "renew it under its name, then systemctl %s postwacht", o->type == SINK_SYSLOG ? "reload" : "restart");
}

static void check_syslog(struct doctor *d, const struct sink_config *o)
{
	static const uint16_t standard[] = {[TRANSPORT_UDP] = 514, [TRANSPORT_TCP] = 601, [TRANSPORT_TLS] = 6514};
	static const char better[] = "outputs: {transport: tls, ca: PATH}, where the receiver can (configs/receivers)";
	char path[DOCTOR_PATH];
	struct reach r;
	struct reach_tls tls;
	if (o->transport == TRANSPORT_LOCAL) {
		doctor_path(d, path, "/dev/log");
		check_socket(d, o, path, "systemctl start systemd-journald-dev-log.socket, or rsyslog or syslog-ng");
		return;
	}
	uint16_t port = o->port != 0 ? o->port : standard[o->transport];
	const struct reach_tls *how = o->transport == TRANSPORT_TLS ? tls_of(o, o->host, &tls) : NULL;
	bool near = sink_address_near(o->host);
	if (how != NULL && !own_files(d, o))
		return;
	bool good = o->transport == TRANSPORT_UDP ? reach_name(&r, o->host) : reach_tcp(&r, o->host, port, how, DOCTOR_WAIT_MS);
	if (!good) {
		say_unreached(d, o, &r, o->host, port, how);
	} else if (o->transport == TRANSPORT_UDP) {
		doctor_say(d, near ? DOCTOR_PASS : DOCTOR_WARN, "%s: %.100s is %s; whether anybody has what is sent, UDP does not say", o->name,
			o->host, r.address);
		if (!near)
			doctor_repair(d, "%s", better);
	} else if (how != NULL) {
		doctor_say(d, DOCTOR_PASS, "%s: %.80s port %u (%s) is %.60s by its certificate, %s", o->name, o->host, port, r.address,
			how->name, r.tls);
		say_ends(d, o, &r);
	} else {
		doctor_say(d, DOCTOR_PASS, "%s: %.100s port %u (%s) takes connections", o->name, o->host, port, r.address);
		if (!near)
			say_in_clear(d, o, better);
	}
}

// Any broker tells of the others, so one that can be reached is enough to begin with.
static void check_kafka(struct doctor *d, const struct sink_config *o)
{
	unsigned n = 0, reached = 0;
	struct reach r, first = {.whose = NULL}; // whose certificate ends first
	struct reach_tls tls;
	bool secure = strcmp(o->security, "plaintext") != 0, near = true;
	if (!own_files(d, o))
		return;
	for (const char *at = o->brokers; at != NULL; n++) {
		size_t len = strcspn(at, ",");
		struct endpoint e;
		endpoint_parse(&e, at, len);
		at = at[len] == ',' ? at + len + 1 : NULL;
		uint16_t port = e.port != 0 ? e.port : 9092;
		near &= sink_address_near(e.host);
		const struct reach_tls *how = secure ? tls_of(o, e.host, &tls) : NULL;
		if (!reach_tcp(&r, e.host, port, how, DOCTOR_WAIT_MS))
			say_unreached(d, o, &r, e.host, port, how);
		else if (reached++ == 0 || (r.whose != NULL && r.ends_in_days < first.ends_in_days))
			first = r;
	}
	if (reached == 0)
		return;
	for (unsigned i = 0; i < n - reached; i++) // those that were said: not as bad as nobody
		if (d->n_results > i)
			d->result[d->n_results - 1 - i].verdict = DOCTOR_WARN;
	doctor_say(d, DOCTOR_PASS, "%s: %u of %u brokers take connections%s%s", o->name, reached, n, secure ? ", " : "",
		secure ? first.tls : "");
	say_ends(d, o, &first);
	if (!secure && !near)
		say_in_clear(d, o, "outputs: {security: ssl} or sasl_ssl, with a listener of the brokers for it");
}

static void check_http(struct doctor *d, const struct sink_config *o)
{
	struct endpoint e;
	struct reach r;
	struct reach_tls tls;
	bool secure;
	if (!endpoint_parse_url(&e, o->url, &secure) || !own_files(d, o))
		return;
	const struct reach_tls *how = secure ? tls_of(o, e.host, &tls) : NULL;
	if (!reach_tcp(&r, e.host, e.port, how, DOCTOR_WAIT_MS)) {
		say_unreached(d, o, &r, e.host, e.port, how);
		return;
	}
	doctor_http(d, o);
	say_ends(d, o, &r);
	if (!secure && !sink_address_near(e.host))
		say_in_clear(d, o,
			o->password_file[0] != '\0' ? "outputs: {url: https://...}: the password goes in clear, too" : "outputs: {url: https://...}");
}

// A sensor that says nothing and a link without mail look the same to who gets alerts only.
static void check_sign_of_life(struct doctor *d)
{
	bool elsewhere = false, told = strcmp(d->config->metrics, "none") != 0;
	for (size_t i = 0; i < d->config->outputs.n; i++) {
		const struct sink_config *o = &d->config->outputs.output[i];
		if (o->type != SINK_KAFKA && o->type != SINK_HTTP && (o->type != SINK_SYSLOG || o->transport == TRANSPORT_LOCAL))
			continue;
		elsewhere = true;
		told |= (o->events & 1u << RECORD_STATS) != 0;
	}
	if (!elsewhere || told)
		return;
	doctor_say(d, DOCTOR_WARN, "nobody elsewhere is sent stats, the sign of life: that a sensor is dead will not be seen there");
	doctor_repair(d, "outputs: {events: [alert, stats]}; or metrics, and its rules (configs/prometheus)");
}

void doctor_outputs(struct doctor *d)
{
	for (size_t i = 0; i < d->config->outputs.n; i++) {
		const struct sink_config *o = &d->config->outputs.output[i];
		switch ((enum sink_type)o->type) {
		case SINK_FILE:
			check_file(d, o);
			break;
		case SINK_UNIX:
			check_socket(d, o, o->path, "start whoever listens there before the sensor; it is tried again all the time");
			break;
		case SINK_SYSLOG:
			check_syslog(d, o);
			break;
		case SINK_KAFKA:
			check_kafka(d, o);
			break;
		case SINK_HTTP:
			check_http(d, o);
			break;
		case SINK_STDOUT:
		case SINK_TYPES:
			doctor_say(d, DOCTOR_PASS, "records go to standard output");
		}
	}
	check_sign_of_life(d);
	if (d->config->outputs.n > 0)
		return;
	doctor_say(d, DOCTOR_WARN, "there are no outputs: nothing that is found is told");
	doctor_repair(d, "outputs: [{type: file, path: /var/log/postwacht/eve.json}]");
}
