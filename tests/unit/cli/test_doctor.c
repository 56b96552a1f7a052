// Checks of `doctor` that look at files, on machines that a test makes up: each passes, warns and fails.
#include "cli/doctor.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/postwacht-doctor-XXXXXX";

#define PCI "/sys/bus/pci/devices/"
#define CARD PCI "0000:81:00.0"
#define CONF(text) text

// A file is "PATH" and its text; a symbolic link has a text that begins with "->"; a directory has none (NULL).
struct file {
	const char *path, *text;
};

enum { FILES_MAX = 12 };

struct row {
	const char *name;
	void (*check)(struct doctor *d);
	const char *set;          // a setting; or NULL
	const char *port;         // of the only tap; or NULL
	enum doctor_verdict want; // the worst that was said
	const char *what;         // part of what was said with it
	const char *repair;       // part of its repair; NULL: none
	struct file files[FILES_MAX];
	bool plain_user;          // the sensor's user is not root
};

// A card that is as it should be, of which each row spoils something.
#define VFIO_DRIVER {"/sys/bus/pci/drivers/vfio-pci", NULL}
#define GOOD_CARD {CARD "/class", "0x020000"}, {CARD "/numa_node", "-1"}, {CARD "/iommu_group", "->../../kernel/iommu_groups/7"}, \
	{"/sys/bus/pci/kernel/iommu_groups/7/devices/0000:81:00.0", NULL}
#define DRIVER(name) {CARD "/driver", "->../../../bus/pci/drivers/" name}

static const struct row rows[] = {
	// memory
	{"memory suffices", doctor_memory, .want = DOCTOR_PASS, .what = "are available", .files = {{"/proc/meminfo", "MemTotal: 1 kB\nMemAvailable:   64000000 kB\n"}}},
	{"memory is tight", doctor_memory, .set = "memory.reassembly_mib=1000", .want = DOCTOR_WARN, .what = "1.8 GB are available",
		.repair = "sessions_max: 32768", .files = {{"/proc/meminfo", "MemAvailable:   1750000 kB\n"}}},
	{"memory is too little", doctor_memory, .set = "memory.reassembly_mib=60000", .want = DOCTOR_FAIL, .what = "8.2 GB are available",
		.repair = "memory: {", .files = {{"/proc/meminfo", "MemAvailable:   8000000 kB\n"}}},
	{"memory is not told", doctor_memory, .want = DOCTOR_SKIP, .what = "does not say"},
	// huge pages
	{"no card", doctor_hugepages, .port = "pcap:eth1", .want = DOCTOR_SKIP, .what = "no port is a card"},
	{"no huge pages", doctor_hugepages, .port = "0000:81:00.0", .want = DOCTOR_WARN, .what = "there are no huge pages; 256 MiB",
		.repair = "dpdk-hugepages.py -p 2M --setup 512M"},
	{"none reserved", doctor_hugepages, .port = "0000:81:00.0", .want = DOCTOR_WARN, .what = "there are no huge pages",
		.repair = "vm.nr_hugepages=256", .files = {{"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "0"}}},
	{"too few", doctor_hugepages, .port = "0000:81:00.0", .want = DOCTOR_WARN, .what = "100 of 200 of 2 MiB free; 256 MiB free are wanted",
		.repair = "dpdk-hugepages.py", .files = {{"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "200"},
			{"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "100"}}},
	{"not mounted", doctor_hugepages, .port = "0000:81:00.0", .want = DOCTOR_WARN, .what = "mounted nowhere", .repair = "mount -t hugetlbfs",
		.files = {{"/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "4"},
			{"/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages", "4"}, {"/proc/mounts", "proc /proc proc rw 0 0\n"}}},
	{"huge pages", doctor_hugepages, .port = "0000:81:00.0", .want = DOCTOR_PASS, .what = "4 of 4 of 1024 MiB free",
		.files = {{"/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "4"},
			{"/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages", "4"},
			{"/proc/mounts", "hugetlbfs /dev/hugepages hugetlbfs rw 0 0\n"}}},
	{"switched off", doctor_hugepages, .port = "0000:81:00.0", .set = "capture.hugepages=off", .want = DOCTOR_WARN, .what = "capture.hugepages is off",
		.repair = "capture: {hugepages: on}"},
	// iommu
	{"no card", doctor_iommu, .port = "pcap:eth1", .want = DOCTOR_SKIP, .what = "no card needs vfio"},
	{"a card of Mellanox", doctor_iommu, .port = "81:00.0", .want = DOCTOR_SKIP, .what = "no card needs vfio", .files = {DRIVER("mlx5_core")}},
	{"iommu on", doctor_iommu, .port = "0000:81:00.0", .want = DOCTOR_PASS, .what = "IOMMU is on",
		.files = {VFIO_DRIVER, {"/sys/kernel/iommu_groups/0", NULL}}},
	{"iommu off", doctor_iommu, .port = "0000:81:00.0", .want = DOCTOR_FAIL, .what = "no IOMMU", .repair = "intel_iommu=on iommu=pt",
		.files = {VFIO_DRIVER, {"/sys/kernel/iommu_groups", NULL}, {"/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N"}}},
	{"unsafe", doctor_iommu, .port = "0000:81:00.0", .want = DOCTOR_WARN, .what = "unsafe", .repair = "intel_iommu=on",
		.files = {VFIO_DRIVER, {"/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y"}}},
	{"vfio not loaded", doctor_iommu, .port = "pci:0000:81:00.0", .want = DOCTOR_FAIL, .what = "vfio-pci is not loaded",
		.repair = "modprobe vfio-pci", .files = {{"/sys/kernel/iommu_groups/0", NULL}}},
	// cards
	{"no card", doctor_cards, .port = "vdev:net_pcap0,rx_pcap=x", .want = DOCTOR_SKIP, .what = "no port is a card"},
	{"not there", doctor_cards, .port = "0000:81:00.0", .want = DOCTOR_FAIL, .what = "no device 0000:81:00.0", .repair = "--status-dev net"},
	{"no network card", doctor_cards, .port = "81:00.0", .want = DOCTOR_FAIL, .what = "no network card (class 0x010802)",
		.repair = "--status-dev net", .files = {{CARD "/class", "0x010802"}, DRIVER("nvme")}},
	{"kernel driver", doctor_cards, .port = "0000:81:00.0", .want = DOCTOR_FAIL, .what = "bound to ice, not to DPDK",
		.repair = "dpdk-devbind.py -b vfio-pci 0000:81:00.0; for good: driverctl set-override 0000:81:00.0 vfio-pci",
		.files = {GOOD_CARD, DRIVER("ice")}},
	{"no driver", doctor_cards, .port = "0000:81:00.0", .want = DOCTOR_FAIL, .what = "bound to no driver, not to DPDK",
		.repair = "dpdk-devbind.py -b vfio-pci", .files = {GOOD_CARD}},
	{"vfio", doctor_cards, .port = "0000:81:00.0,args=1", .want = DOCTOR_PASS, .what = "0000:81:00.0 is bound to vfio-pci",
		.files = {GOOD_CARD, DRIVER("vfio-pci")}},
	{"mlx5", doctor_cards, .port = "0000:81:00.0", .want = DOCTOR_PASS, .what = "stays with mlx5_core", .files = {GOOD_CARD, DRIVER("mlx5_core")}},
	{"uio", doctor_cards, .port = "0000:81:00.0", .want = DOCTOR_WARN, .what = "igb_uio", .repair = "dpdk-devbind.py -b vfio-pci 0000:81:00.0",
		.files = {GOOD_CARD, DRIVER("igb_uio")}},
	{"a group with others", doctor_cards, .port = "0000:81:00.0", .want = DOCTOR_FAIL, .what = "group with 0000:81:00.1, which the driver ice has",
		.repair = "dpdk-devbind.py -b vfio-pci 0000:81:00.1", .files = {GOOD_CARD, DRIVER("vfio-pci"),
			{"/sys/bus/pci/kernel/iommu_groups/7/devices/0000:81:00.1", NULL}, {PCI "0000:81:00.1/class", "0x020000"},
			{PCI "0000:81:00.1/driver", "->../drivers/ice"}}},
	{"a group with a bridge", doctor_cards, .port = "0000:81:00.0", .want = DOCTOR_PASS, .what = "is bound to vfio-pci",
		.files = {GOOD_CARD, DRIVER("vfio-pci"), {"/sys/bus/pci/kernel/iommu_groups/7/devices/0000:80:00.0", NULL},
			{PCI "0000:80:00.0/class", "0x060400"}, {PCI "0000:80:00.0/driver", "->../drivers/pcieport"}}},
	{"not the user's", doctor_cards, .port = "0000:81:00.0", .want = DOCTOR_WARN, .what = "user nobody may not open /dev/vfio/7",
		.repair = "/etc/udev/rules.d/90-postwacht.rules", .files = {GOOD_CARD, DRIVER("vfio-pci"), {"/dev/vfio/7", "(0600)"}}, .plain_user = true},
	{"the user's", doctor_cards, .port = "0000:81:00.0", .want = DOCTOR_PASS, .what = "is bound to vfio-pci",
		.files = {GOOD_CARD, DRIVER("vfio-pci"), {"/dev/vfio/7", "(0666)"}}, .plain_user = true},
	{"far from its workers", doctor_cards, .port = "0000:81:00.0", .set = "capture.workers=4", .want = DOCTOR_WARN,
		.what = "NUMA node 1, which has 3 cores (8-9,12)", .repair = "capture: {workers: 3}",
		.files = {{CARD "/class", "0x020000"}, {CARD "/numa_node", "1"}, DRIVER("vfio-pci"), {"/sys/devices/system/node/node1/cpulist", "8-9,12"}}},
	{"near its workers", doctor_cards, .port = "0000:81:00.0", .set = "capture.workers=3", .want = DOCTOR_PASS, .what = "is bound to vfio-pci",
		.files = {{CARD "/class", "0x020000"}, {CARD "/numa_node", "1"}, DRIVER("vfio-pci"), {"/sys/devices/system/node/node1/cpulist", "8-9,12"}}},
	// rights
	{"nothing to listen to", doctor_rights, .want = DOCTOR_PASS, .what = "no interface", .files = {{"/proc/self/status", "CapEff:\t0000000000000000\n"}}},
	{"no right", doctor_rights, .port = "pcap:eth1", .want = DOCTOR_FAIL, .what = "CAP_NET_RAW", .repair = "setcap cap_net_raw+ep",
		.files = {{"/proc/self/status", "Name:\tx\nCapEff:\t000001ffffffdfff\n"}}},
	{"the right", doctor_rights, .port = "vdev:net_pcap0,rx_iface=eth1", .want = DOCTOR_PASS, .what = "may be listened to",
		.files = {{"/proc/self/status", "Name:\tx\nCapEff:\t0000000000002000\n"}}},
	// unit
	{"no unit", doctor_unit, .want = DOCTOR_SKIP, .what = "meson install"},
	{"a unit", doctor_unit, .want = DOCTOR_PASS, .what = "/usr/lib/systemd/system/postwacht.service",
		.files = {{"/usr/lib/systemd/system/postwacht.service", ""}}},
	// clock: where time comes from; how good it is, is this machine's
	{"tsc", doctor_clock, .want = DOCTOR_PASS, .what = "tsc, which is quick",
		.files = {{"/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"}}},
	{"hpet", doctor_clock, .want = DOCTOR_WARN, .what = "hpet, which is slow", .repair = "tsc=reliable",
		.files = {{"/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n"}}},
	// cores
	{"too many workers", doctor_cores, .set = "capture.workers=16", .want = DOCTOR_FAIL, .what = "16 workers for ", .repair = "capture: {workers: "},
	{"one", doctor_cores, .want = DOCTOR_PASS, .what = "isolated from others: 2-5", .files = {{"/sys/devices/system/cpu/isolated", "2-5\n"}}},
	// what a configuration says
	{"no ports", doctor_configuration, .want = DOCTOR_WARN, .what = "no tap has ports", .repair = "taps: [{"},
	{"ports", doctor_configuration, .port = "pcap:eth1", .want = DOCTOR_PASS, .what = "every setting has its default"},
	{"no outputs", doctor_outputs, .set = "outputs=[]", .want = DOCTOR_WARN, .what = "there are no outputs", .repair = "outputs: ["},
	{"standard output", doctor_outputs, .want = DOCTOR_PASS, .what = "standard output"},
	{"no socket", doctor_outputs, .set = "outputs=[{type: unix, path: /nonexistent/sock}]", .want = DOCTOR_FAIL, .what = "unix: /nonexistent/sock: No such",
		.repair = "start whoever listens"},
	{"no log of the machine", doctor_outputs, .set = "outputs=[{type: syslog, transport: local}]", .want = DOCTOR_FAIL, .what = "/dev/log: No such file",
		.repair = "systemd-journald-dev-log.socket"},
	{"no key", doctor_outputs, .set = "outputs=[{type: syslog, host: siem.example, ca: /nonexistent/ca.pem}]", .want = DOCTOR_FAIL,
		.what = "syslog: ca /nonexistent/ca.pem: No such file", .repair = "outputs: {ca: PATH}"},
	{"no outbox", doctor_outbox, .want = DOCTOR_WARN, .what = "go with the run", .repair = "state_dir: /var/lib/postwacht"},
	{"no outbox yet, nor a disk for it", doctor_outbox, .set = "sensor.state_dir=/proc/none/state", .want = DOCTOR_WARN, .what = "/proc has 0 B left",
		.repair = "at least 64 MiB of disk"},
	{"a directory", doctor_outputs, .set = "outputs=[{type: file, path: /tmp}]", .want = DOCTOR_FAIL, .what = "neither a file nor a pipe nor a device",
		.repair = "path: /tmp/eve.json"},
	{"no rotation", doctor_outputs, .set = "outputs=[{type: file, path: /dev/null, rotate_mib: 1}]", .want = DOCTOR_FAIL, .what = "cannot be rotated",
		.repair = "without rotate_mib"},
	{"no metrics", doctor_metrics, .want = DOCTOR_SKIP, .what = "nobody is served"},
	{"metrics", doctor_metrics, .set = "metrics.listen=127.0.0.1:19259", .want = DOCTOR_PASS, .what = "can be served at 127.0.0.1:19259"},
	{"metrics, no directory", doctor_metrics, .set = "metrics.listen=unix:/nonexistent/a/sock", .want = DOCTOR_FAIL, .what = "No such file",
		.repair = "install -d"},
	{"no state", doctor_state_dir, .want = DOCTOR_WARN, .what = "kept nowhere", .repair = "state_dir: /var/lib/postwacht"},
	{"no socket", doctor_control, .set = "sensor.control=none", .want = DOCTOR_WARN, .what = "nobody to ask", .repair = "control: /run"},
	{"no such group", doctor_control, .set = "sensor.control_group=no-such-group-here", .want = DOCTOR_FAIL, .what = "there is no group",
		.repair = "groupadd --system no-such-group-here"},
	{"not in the group", doctor_control, .set = "sensor.control_group=daemon", .want = DOCTOR_FAIL, .what = "user nobody is not in daemon",
		.repair = "usermod -aG daemon nobody", .plain_user = true},
	{"dns is not asked", doctor_dnssec, .set = "policy.resolve=off", .want = DOCTOR_SKIP, .what = "policy.resolve is off"},
	{"no keys", doctor_dnssec, .set = "policy.trust_anchor=/nonexistent/root.key", .want = DOCTOR_FAIL, .what = "/nonexistent/root.key: No such file",
		.repair = "apt install dns-root-data"},
	{"not opened", doctor_open, .port = "pcap:eth1", .want = DOCTOR_SKIP, .what = "--open"},
	{"no interface", doctor_interfaces, .port = "pcap:no-such-if", .want = DOCTOR_FAIL, .what = "no interface no-such-if", .repair = "ip -br link"},
	{"not listened to", doctor_interfaces, .port = "0000:81:00.0", .want = DOCTOR_SKIP, .what = "no interface of the kernel"},
};

// ---- a machine ---------------------------------------------------------------------------------------------------

static void put(const struct file *f)
{
	char path[512];
	snprintf(path, sizeof path, "%s%s", folder, f->path);
	for (char *p = path + strlen(folder) + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	if (f->text == NULL) {
		assert_int_equal(mkdir(path, 0755), 0);
	} else if (strncmp(f->text, "->", 2) == 0) {
		assert_int_equal(symlink(f->text + 2, path), 0);
	} else {
		unsigned mode;
		FILE *out = fopen(path, "w");
		assert_non_null(out);
		fputs(f->text, out);
		fclose(out);
		if (sscanf(f->text, "(%o)", &mode) == 1)
			assert_int_equal(chmod(path, mode), 0);
	}
}

static int forget(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return at->level > 0 ? remove(path) : 0;
}

static int setup(void **state)
{
	return mkdtemp(folder) == NULL;
}

static int teardown(void **state)
{
	return rmdir(folder);
}

static const struct doctor_result *worst(const struct doctor *d, const char *what)
{
	static const int order[DOCTOR_VERDICTS] = {[DOCTOR_SKIP] = 0, [DOCTOR_PASS] = 1, [DOCTOR_WARN] = 2, [DOCTOR_FAIL] = 3};
	const struct doctor_result *r = &d->result[0];
	for (size_t i = 1; i < d->n_results; i++) {
		int a = order[d->result[i].verdict], b = order[r->verdict];
		if (a > b || (a == b && strstr(d->result[i].what, what) != NULL))
			r = &d->result[i];
	}
	return r;
}

static void examine(const struct row *row)
{
	static struct config config;
	static struct config_errors errors;
	static struct options options;
	static struct doctor d;
	config_init(&config);
	errors.n = 0;
	if (row->set != NULL)
		assert_int_equal(config_set(&config, row->set, &errors), 0);
	if (row->port != NULL) {
		config.taps.tap[0].n_ports = 1;
		snprintf(config.taps.tap[0].port[0], sizeof config.taps.tap[0].port[0], "%s", row->port);
	}
	for (size_t i = 0; i < FILES_MAX && row->files[i].path != NULL; i++)
		put(&row->files[i]);
	d = (struct doctor){.root = folder, .options = &options, .config = &config, .errors = &errors, .check = "it"};
	d.user = (struct doctor_user){.known = true, .root = !row->plain_user, .name = "root", .n_groups = 1, .groups = {row->plain_user ? 65534 : 0}};
	if (row->plain_user) {
		d.user.uid = 65534;
		strcpy(d.user.name, "nobody");
	}
	row->check(&d);
	assert_true(d.n_results > 0);
	const struct doctor_result *r = worst(&d, row->what);
	// How good this machine's clock is, is not the row's.
	if (row->check == doctor_clock)
		r = &d.result[1];
	if (r->verdict != row->want || strstr(r->what, row->what) == NULL)
		fail_msg("%s: %d \"%s\"", row->name, (int)r->verdict, r->what);
	if (row->repair != NULL ? strstr(r->repair, row->repair) == NULL : r->repair[0] != '\0')
		fail_msg("%s: repair \"%s\"", row->name, r->repair);
	nftw(folder, forget, 16, FTW_DEPTH | FTW_PHYS);
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		examine(&rows[i]);
}

// ---- directories -------------------------------------------------------------------------------------------------

static const struct {
	const char *name, *path;  // below the folder
	unsigned mode;            // of "/dir", which root owns
	bool plain_user;
	enum doctor_verdict want;
	const char *what;
} places[] = {
	{"there", "/dir", 0755, false, DOCTOR_PASS, "can be written"},
	{"not there", "/dir/state", 0755, false, DOCTOR_PASS, "`run` makes it at its start, not at a reload"},
	{"nor above it", "/dir/a/state", 0755, false, DOCTOR_FAIL, "No such file"},
	{"a file", "/dir/file", 0755, false, DOCTOR_FAIL, "is no directory"},
	{"not the user's", "/dir", 0755, true, DOCTOR_FAIL, "may not write there"},
	{"everybody's", "/dir", 0777, true, DOCTOR_PASS, "can be written"},
};

static void test_directories(void **state)
{
	static struct config config;
	static struct config_errors errors;
	static struct options options;
	static struct doctor d;
	char dir[64];
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		if (places[i].plain_user && geteuid() != 0)
			continue; // the directory would be the user's own
		config_init(&config);
		config.evidence = false;
		snprintf(dir, sizeof dir, "%s/dir", folder);
		assert_int_equal(mkdir(dir, 0700), 0);
		put(&(struct file){"/dir/file", ""});
		assert_int_equal(chmod(dir, places[i].mode), 0);
		snprintf(config.state_dir, sizeof config.state_dir, "%s%s", folder, places[i].path);
		d = (struct doctor){.root = "", .options = &options, .config = &config, .errors = &errors, .check = "it"};
		d.user = (struct doctor_user){.known = true, .root = !places[i].plain_user, .name = "nobody", .uid = 65534, .n_groups = 1, .groups = {65534}};
		doctor_state_dir(&d);
		if (d.n_results != 1 || d.result[0].verdict != places[i].want || strstr(d.result[0].what, places[i].what) == NULL)
			fail_msg("%s: %d \"%s\"", places[i].name, (int)d.result[0].verdict, d.result[0].what);
		assert_true((places[i].want == DOCTOR_FAIL) == (strstr(d.result[0].repair, "install -d -o nobody -g nobody") != NULL));
		nftw(folder, forget, 16, FTW_DEPTH | FTW_PHYS);
	}
}

static void test_free_space(void **state)
{
	static struct config config;
	static struct config_errors errors;
	static struct options options;
	static struct doctor d;
	config_init(&config);
	snprintf(config.state_dir, sizeof config.state_dir, "%s", folder);
	config.evidence_disk_mib = UINT32_MAX; // 4 PiB
	d = (struct doctor){.root = "", .options = &options, .config = &config, .errors = &errors, .check = "it", .user = {.root = true}};
	doctor_state_dir(&d);
	assert_int_equal(d.result[0].verdict, DOCTOR_WARN);
	assert_non_null(strstr(d.result[0].what, "evidence may take 4.5 PB"));
	assert_non_null(strstr(d.result[0].repair, "disk_mib: "));
}

// ---- names -------------------------------------------------------------------------------------------------------

static void test_names_of_ports(void **state)
{
	static const struct {
		const char *port, *pci, *interface;
	} names[] = {
		{"0000:81:00.0", "0000:81:00.0", NULL}, {"81:00.1", "0000:81:00.1", NULL}, {"pci:0000:81:00.0", "0000:81:00.0", NULL},
		{"0000:81:00.0,mprq_en=1", "0000:81:00.0", NULL}, {"pcap:eth1", NULL, "eth1"}, {"pcap:any", NULL, NULL},
		{"pcap:a-name-that-is-longer-than-any", NULL, "a-name-that-is-"}, {"vdev:net_pcap0,rx_iface=eth2,x=1", NULL, "eth2"},
		{"vdev:net_af_packet0,iface=eth3", NULL, "eth3"}, {"vdev:net_pcap0,rx_pcap=/tmp/x.pcap", NULL, NULL},
		{"eth1", NULL, NULL}, {"", NULL, NULL}, {"file:x", NULL, NULL},
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char got[16];
		assert_true(doctor_port_pci(names[i].port, got) == (names[i].pci != NULL));
		if (names[i].pci != NULL)
			assert_string_equal(got, names[i].pci);
		assert_true(doctor_port_interface(names[i].port, got) == (names[i].interface != NULL));
		if (names[i].interface != NULL)
			assert_string_equal(got, names[i].interface);
	}
}

static void test_rights_of_files(void **state)
{
	const struct doctor_user root = {.root = true}, user = {.uid = 5, .n_groups = 2, .groups = {6, 7}};
	assert_true(doctor_user_may(&root, 1, 1, 0, R_OK | W_OK));
	assert_true(doctor_user_may(&user, 5, 1, 0600, R_OK | W_OK));
	assert_false(doctor_user_may(&user, 5, 6, 0477, W_OK)); // the owner has the owner's bits only
	assert_true(doctor_user_may(&user, 1, 7, 0060, R_OK | W_OK));
	assert_false(doctor_user_may(&user, 1, 7, 0707, R_OK));
	assert_true(doctor_user_may(&user, 1, 1, 0006, R_OK | W_OK));
	assert_false(doctor_user_may(&user, 1, 1, 0660, R_OK));
}

// A configuration with errors: they are told, and nothing is judged by it.
static void test_bad_configuration(void **state)
{
	static struct config config;
	static struct config_errors errors;
	static struct options options;
	static struct doctor d;
	config_init(&config);
	errors.n = 0;
	assert_int_equal(config_set(&config, "capture.workers=99", &errors), 1);
	d = (struct doctor){.root = folder, .options = &options, .config = &config, .errors = &errors, .config_file = "/etc/x.yaml", .user = {.root = true}};
	doctor_examine(&d);
	assert_int_equal(d.result[0].verdict, DOCTOR_FAIL);
	assert_non_null(strstr(d.result[0].what, "capture.workers"));
	assert_non_null(strstr(d.result[0].repair, "postwacht check --config /etc/x.yaml"));
	for (size_t i = 0; i < d.n_results; i++)
		assert_string_not_equal(d.result[i].check, "memory");
	assert_true(d.n_results > 3); // the machine's own
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_directories),
		cmocka_unit_test(test_free_space),
		cmocka_unit_test(test_names_of_ports),
		cmocka_unit_test(test_rights_of_files),
		cmocka_unit_test(test_bad_configuration),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
