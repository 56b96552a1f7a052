// `postwacht run`: checks what is configured, prepares what needs the rights of root, gives them up, and hands over to the
// supervisor.
#include "cli/run.h"

#include <errno.h>
#include <ftw.h>
#include <libgen.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "alerts/outbox/outbox.h"
#include "cli/settings.h"
#include "cli/supervisor.h"
#include "cli/wire.h"
#include "hw/clock.h"
#include "hw/log.h"
#include "hw/rights.h"

static const char default_config[] = "/etc/postwacht/postwacht.yaml";

const struct config *run_config(const struct run *r)
{
	return &r->board->config[__atomic_load_n(&r->board->state.config_generation, __ATOMIC_ACQUIRE) % BOARD_CONFIGS];
}

void run_tell_rights(struct run *r, enum child child, const char *words)
{
	struct sensor_child *c = &r->board->state.child[child];
	snprintf(c->rights, sizeof c->rights, "%s", words);
	log_info(c->name, "%s", words);
}

void run_sleep_us(uint32_t us)
{
	nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000L}, NULL);
}

void run_tell_config(struct run *r)
{
	char *text = NULL;
	size_t len;
	uint8_t digest[32];
	FILE *f = open_memstream(&text, &len);
	if (f == NULL)
		return;
	config_print(f, run_config(r), CONFIG_VIEW_ALL);
	fclose(f);
	EVP_Digest(text, len, digest, NULL, EVP_sha256(), NULL);
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(r->board->state.config_sha256 + 2 * i, 3, "%02x", digest[i]);
	free(text);
}

// ---- what is configured ------------------------------------------------------------------------------------------

static bool is_libpcap(const char *port)
{
	return strncmp(port, "pcap:", 5) == 0;
}

// Ports of the command line take the place of the first tap's.
int run_override(struct config *c, const struct options *o)
{
	struct config_tap *t = &c->taps.tap[0];
	for (size_t i = 0; i < o->n_operands; i++) {
		if (strlen(o->operands[i]) > CONFIG_PORT_MAX) {
			log_error("usage", "a port's name has at most %d octets", CONFIG_PORT_MAX);
			return EXIT_USAGE;
		}
		snprintf(t->port[i], sizeof t->port[i], "%s", o->operands[i]);
		t->n_ports = i + 1;
	}
	if (o->workers > 0)
		c->workers = (uint32_t)o->workers;
	if (o->out == NULL)
		return 0;
	c->outputs = (struct config_outputs){.n = 1};
	config_output_init(&c->outputs.output[0], strcmp(o->out, "-") == 0 ? SINK_STDOUT : SINK_FILE);
	if (strlen(o->out) > CONFIG_PATH_MAX) {
		log_error("usage", "--out has at most %d octets", CONFIG_PATH_MAX);
		return EXIT_USAGE;
	}
	if (c->outputs.output[0].type == SINK_FILE)
		snprintf(c->outputs.output[0].path, sizeof c->outputs.output[0].path, "%s", o->out);
	return 0;
}

static int check_taps(const struct config *c)
{
	for (size_t i = 0; i < c->taps.n; i++) {
		const struct config_tap *t = &c->taps.tap[i];
		if (t->n_ports == 0) {
			log_error("config", "tap %s has no ports; write taps: [{name: %s, ports: [\"pcap:eth1\"]}], or name a port after `run`",
				t->name, t->name);
			return EXIT_CONFIG;
		}
		for (size_t p = 0; p < t->n_ports && t->bpf[0] != '\0'; p++) {
			if (is_libpcap(t->port[p]))
				continue;
			log_error("config", "tap %s: bpf is for pcap: ports only, and %s is none", t->name, t->port[p]);
			return EXIT_CONFIG;
		}
	}
	return 0;
}

// ---- preparing ---------------------------------------------------------------------------------------------------

struct owner {
	const char *user; // NULL: nobody else
	uid_t uid;
	gid_t gid;
};

static int find_owner(struct owner *o, const struct config *c)
{
	*o = (struct owner){.user = NULL};
	if (geteuid() != 0 || strcmp(c->user, "none") == 0)
		return 0;
	const struct passwd *p = getpwnam(c->user);
	if (p == NULL) {
		log_error("run", "there is no user %s to become; make it (systemd-sysusers, or useradd -r %s), or --set sensor.user=none", c->user,
			c->user);
		return EXIT_TROUBLE;
	}
	*o = (struct owner){.user = c->user, .uid = p->pw_uid, .gid = p->pw_gid};
	return 0;
}

// Made when missing, and then the owner's. A name that may not be on disk yet: what is promised to be there is below it.
static int make_dir(const char *dir, mode_t mode, const struct owner *o)
{
	int error = mkdir(dir, mode) < 0 ? errno : 0;
	if (error != 0 && error != EEXIST) {
		log_error("run", "cannot make %s: %s", dir, strerror(error));
		return EXIT_TROUBLE;
	}
	(void)outbox_sync_parent(dir);
	if (error == EEXIST)
		return 0;
	if (o->user != NULL && chown(dir, o->uid, o->gid) < 0) {
		log_error("run", "cannot give %s to %s: %s", dir, o->user, strerror(errno));
		return EXIT_TROUBLE;
	}
	return 0;
}

static int make_dir_of(const char *path, mode_t mode, const struct owner *o)
{
	char copy[CONFIG_PATH_MAX + 1];
	snprintf(copy, sizeof copy, "%s", path);
	return make_dir(dirname(copy), mode, o);
}

// Without a state directory the outbox goes with the run: what is not delivered then is gone.
static int make_passing_store(struct run *r, const struct owner *o)
{
	const char *tmp = getenv("TMPDIR");
	snprintf(r->store, sizeof r->store, "%s/postwacht-XXXXXX", tmp != NULL && strlen(tmp) < CONFIG_PATH_MAX / 2 ? tmp : "/tmp");
	if (mkdtemp(r->store) == NULL || (o->user != NULL && chown(r->store, o->uid, o->gid) < 0)) {
		log_error("run", "cannot make %s: %s; set sensor.state_dir", r->store, strerror(errno));
		return EXIT_TROUBLE;
	}
	r->passing = true;
	return 0;
}

static int prepare_store(struct run *r, const struct owner *o)
{
	static const char *const parts[] = {"outbox", "delivery"};
	char path[CONFIG_PATH_MAX + 16];
	int code = 0;
	if (strcmp(r->start.state_dir, "none") == 0)
		code = make_passing_store(r, o);
	else
		snprintf(r->store, sizeof r->store, "%s", r->start.state_dir);
	for (size_t i = 0; code == 0 && i < sizeof parts / sizeof parts[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", r->store, parts[i]);
		code = make_dir(path, 0750, o);
	}
	return code;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)remove(path);
	return 0;
}

static void remove_passing_store(const struct run *r)
{
	if (r->passing)
		nftw(r->store, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int prepare_dirs(const struct config *c, const struct owner *o)
{
	int code = 0;
	if (strcmp(c->state_dir, "none") != 0)
		code = make_dir(c->state_dir, 0750, o);
	if (code == 0 && strcmp(c->control, "none") != 0)
		code = make_dir_of(c->control, 0755, o);
	if (code == 0 && strncmp(c->metrics, "unix:", 5) == 0)
		code = make_dir_of(c->metrics + 5, 0755, o);
	for (size_t i = 0; code == 0 && i < c->outputs.n; i++)
		if (c->outputs.output[i].type == SINK_FILE)
			code = make_dir_of(c->outputs.output[i].path, 0750, o);
	return code;
}

// Without keys of the root nothing can be validated, and what is not validated is no promise.
static void open_scout(struct run *r)
{
	static struct wire_scout wire;
	int fds[2];
	r->scout_ask = r->scout_serve = -1;
	if (!r->start.resolve || r->options->policy != NULL)
		return;
	wire_scout(&wire, &r->start, r->options);
	if (access(wire.config.trust_anchor, R_OK) < 0) {
		log_warn("run", "%s: %s; DNS is not asked (install dns-root-data, or set policy.trust_anchor)", wire.config.trust_anchor,
			strerror(errno));
		return;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return;
	r->scout_ask = fds[0];
	r->scout_serve = fds[1];
}

static int drop_rights(const struct owner *o)
{
	const struct rights_config c = {
		.profile = RIGHTS_SUPERVISOR,
		.user = o->user,
		.keep_caps = UINT64_C(1) << CAP_NET_RAW | UINT64_C(1) << CAP_NET_ADMIN | UINT64_C(1) << CAP_IPC_LOCK | UINT64_C(1) << CAP_SYS_NICE,
	};
	char words[RIGHTS_WORDS], why[RIGHTS_WORDS];
	if (rights_drop(&c, words, why) == 0) {
		log_info("supervisor", "%s", words);
		return 0;
	}
	log_error("run", "cannot give up rights: %s", why);
	return EXIT_TROUBLE;
}

int run_run(const struct options *o)
{
	static struct run r;
	struct owner owner;
	const char *fallback = access(default_config, R_OK) == 0 ? default_config : NULL;
	log_set_level(LOG_LEVEL_INFO);
	r = (struct run){.options = o, .config_path = fallback, .supervisor = getpid(), .scout_ask = -1, .scout_serve = -1};
	int code = settings_load(&r.start, o, fallback);
	if (code == 0)
		code = run_override(&r.start, o);
	if (code == 0)
		code = check_taps(&r.start);
	if (code == 0)
		code = find_owner(&owner, &r.start);
	if (code == 0)
		code = prepare_dirs(&r.start, &owner);
	if (code == 0)
		code = prepare_store(&r, &owner);
	if (code != 0)
		return code;
	int rc = board_open(&r.board, (uint16_t)r.start.workers, (size_t)r.start.ring_mib << 20);
	if (rc < 0) {
		log_error("run", "no memory for the rings: %s; lower memory.ring_mib", strerror(-rc));
		return EXIT_TROUBLE;
	}
	r.board->config[0] = r.start;
	r.board->state.started_ns = r.board->run = clock_wall_ns();
	run_tell_config(&r);
	open_scout(&r);
	snprintf(r.board->config_file, sizeof r.board->config_file, "%s", o->config != NULL ? o->config : fallback != NULL ? fallback : "");
	notify_open(&r.notify);
	code = drop_rights(&owner);
	if (code == 0)
		code = supervisor_run(&r);
	remove_passing_store(&r);
	_exit(code); // what runs at exit may do what is forbidden now (hw/rights.h)
}
