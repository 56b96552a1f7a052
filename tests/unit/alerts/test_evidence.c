// Evidence: what waits on the shelf and who gives way; what lies on disk and what goes; the judge's alerts name their file.
#include "alerts/evidence.h"
#include "alerts/evidence_disk.h"
#include "alerts/evidence_shelf.h"
#include "alerts/judge_private.h"
#include "alerts/record_parts.h"
#include "capture/source.h"
#include "tests/unit/alerts/judge_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MESSAGE_MAX = sizeof(struct message_evidence) + EVIDENCE_LEN_MAX };

static char dir[] = "/tmp/postwacht-evidence-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int make_dir(void **state)
{
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

// A packet of `len` octets, each of which is the low half of its frame number.
static const struct message_evidence *packet_of(uint64_t birth, uint32_t frame, uint64_t time_ns, uint16_t len)
{
	static union {
		struct message_evidence m;
		uint8_t room[MESSAGE_MAX];
	} u;
	memset(&u, 0, sizeof(u));
	u.m.head = (struct message){.seq = frame, .birth = birth, .time_ns = time_ns, .type = MESSAGE_EVIDENCE};
	u.m.time_ns = time_ns;
	u.m.frame = frame;
	u.m.wire_len = len + 10u;
	u.m.linktype = 1;
	u.m.len = len;
	memset(u.m.octets, (int)(frame & 0xff), len);
	return &u.m;
}

// ---- the shelf -----------------------------------------------------------------------------------------------

static struct evidence_packet out[SHELF_SESSION_PACKETS];
static uint8_t room[SHELF_SESSION_OCTETS];

static void check_packets(const struct evidence_shelf *s, uint64_t birth, size_t n)
{
	assert_int_equal(evidence_shelf_get(s, birth, out, room), n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(out[i].wire_len, out[i].len + 10);
		for (size_t k = 0; k < out[i].len; k++)
			assert_int_equal(out[i].octets[k], out[i].frame & 0xff);
	}
}

static void shelf_keeps(void **state)
{
	struct evidence_shelf s;
	assert_int_equal(evidence_shelf_open(&s, 1 << 20, 0), 0);
	for (uint32_t i = 1; i <= 20; i++) // of lengths that end before, at and behind the end of a block
		evidence_shelf_put(&s, packet_of(i % 2, i, 1000 - (i == 7 ? 500 : 0) + i, (uint16_t)(i == 1 ? 0 : 40 + 61 * i)));
	check_packets(&s, 0, 10);
	check_packets(&s, 1, 10);
	assert_int_equal(out[0].frame, 7); // in the order of time
	assert_int_equal(out[1].frame, 1);
	evidence_shelf_forget(&s, 1);
	evidence_shelf_forget(&s, 1);
	check_packets(&s, 1, 0);
	check_packets(&s, 0, 10);
	evidence_shelf_forget(&s, 0);
	assert_int_equal(s.blocks.n_used, 0);
	assert_int_equal(s.sessions.n_used, 0);
	assert_int_equal(s.oldest, 0);
	assert_int_equal(s.newest, 0);
	evidence_shelf_close(&s);
}

static void shelf_gives_way(void **state)
{
	struct evidence_shelf s;
	assert_int_equal(evidence_shelf_open(&s, 64 << 10, 0), 0);
	for (uint32_t i = 1; i <= 40; i++) // 64 KiB are 128 blocks; a session of 3000 octets takes six
		for (uint32_t k = 0; k < 3; k++)
			evidence_shelf_put(&s, packet_of(i, i, i, 960));
	assert_int_equal(s.packets, 120);
	assert_int_equal(s.forgotten, (40 - 21) * 3);
	check_packets(&s, 40 - 21, 0);
	check_packets(&s, 40 - 20, 3);
	check_packets(&s, 40, 3);
	assert_true(s.blocks.n_used <= 128);
	evidence_shelf_close(&s);
	// Many small ones: as many as there is room for.
	assert_int_equal(evidence_shelf_open(&s, 64 << 10, 0), 0);
	for (uint32_t i = 1; i <= 1000; i++)
		evidence_shelf_put(&s, packet_of(i, i, i, 40));
	assert_int_equal(s.sessions.n_used, 64);
	assert_int_equal(s.forgotten, 1000 - 64);
	check_packets(&s, 1000, 1);
	evidence_shelf_close(&s);
}

// One session takes what is its own, and no more.
static void shelf_bounds(void **state)
{
	struct evidence_shelf s;
	assert_int_equal(evidence_shelf_open(&s, 1 << 20, 0), 0);
	for (uint32_t i = 1; i <= 200; i++)
		evidence_shelf_put(&s, packet_of(1, i, i, 40));
	check_packets(&s, 1, SHELF_SESSION_PACKETS);
	for (uint32_t i = 1; i <= 200; i++)
		evidence_shelf_put(&s, packet_of(2, i, i, 2000));
	assert_true(evidence_shelf_get(&s, 2, out, room) == SHELF_SESSION_OCTETS / (2000 + 32));
	evidence_shelf_close(&s);
	// A shelf that is smaller than one session.
	assert_int_equal(evidence_shelf_open(&s, 4096, 0), 0);
	for (uint32_t i = 1; i <= 20; i++)
		evidence_shelf_put(&s, packet_of(i % 2, i, i, 2000));
	assert_true(s.blocks.n_used <= 8);
	evidence_shelf_close(&s);
}

// ---- the disk ------------------------------------------------------------------------------------------------

// Of the n-th alert.
static const char *id_of(unsigned n)
{
	static char id[RECORD_ID_LEN + 1];
	snprintf(id, sizeof(id), "01M85VCVR0F8X46G%010u", n);
	return id;
}

static unsigned n_files(void)
{
	unsigned n = 0;
	DIR *d = opendir(dir);
	for (struct dirent *e; (e = readdir(d));) {
		char path[300];
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		DIR *day = evidence_disk_is_day(e->d_name) ? opendir(path) : NULL;
		for (struct dirent *f; day && (f = readdir(day));)
			n += f->d_name[0] != '.';
		if (day)
			closedir(day);
	}
	closedir(d);
	return n;
}

static bool there(const char *name)
{
	char path[300];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

static void disk_names(void **state)
{
	assert_true(evidence_disk_is_file("01M85VCVR0F8X46G0000000001.pcapng"));
	assert_false(evidence_disk_is_file("01M85VCVR0F8X46G0000000001"));
	assert_false(evidence_disk_is_file("01M85VCVR0F8X46G000000000I.pcapng"));
	assert_false(evidence_disk_is_file("../../../../etc/passwd.pcapng"));
	assert_false(evidence_disk_is_file(".pcapng"));
	assert_true(evidence_disk_is_day("20261123"));
	assert_false(evidence_disk_is_day("2026112"));
	assert_false(evidence_disk_is_day("202611233"));
	assert_false(evidence_disk_is_day(".."));
	struct evidence_disk d;
	char name[EVIDENCE_NAME_MAX];
	assert_int_equal(evidence_disk_open(&d, dir, 1 << 20), 0);
	assert_false(evidence_disk_write(&d, "../../../../../etc/passwdX", FIXTURE_START_NS, "x", 1, name));
	assert_int_equal(d.errors, 1);
	assert_int_equal(n_files(), 0);
	evidence_disk_close(&d);
}

static void disk_writes(void **state)
{
	struct evidence_disk d;
	char name[EVIDENCE_NAME_MAX], path[300], octets[8] = "";
	struct stat st;
	snprintf(path, sizeof(path), "%s/deep/er", dir);
	umask(022);
	assert_int_equal(evidence_disk_open(&d, path, 1 << 20), 0);
	assert_true(evidence_disk_write(&d, id_of(1), FIXTURE_START_NS, "octets", 6, name));
	assert_string_equal(name, "20261123/01M85VCVR0F8X46G0000000001.pcapng");
	assert_true(evidence_disk_write(&d, id_of(1), FIXTURE_START_NS, "other!", 6, name)); // once more
	assert_int_equal(d.octets, 4096);
	assert_int_equal(fstatat(d.dir, name, &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(fstatat(d.dir, "20261123", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
	int fd = openat(d.dir, name, O_RDONLY);
	assert_int_equal(read(fd, octets, sizeof(octets)), 6);
	assert_string_equal(octets, "other!");
	close(fd);
	evidence_disk_close(&d);
}

static void disk_bounds(void **state)
{
	struct evidence_disk d;
	char name[EVIDENCE_NAME_MAX], first[EVIDENCE_NAME_MAX] = "";
	static const char octets[10000];
	assert_int_equal(evidence_disk_open(&d, dir, 640 << 10), 0);
	for (unsigned i = 0; i < 100; i++) { // ten a day; each takes three pages
		assert_true(evidence_disk_write(&d, id_of(i), FIXTURE_START_NS + i / 10 * 86400 * SECOND, octets, sizeof(octets), name));
		if (!i)
			strcpy(first, name);
		assert_true(d.octets <= 640 << 10);
	}
	assert_false(there(first));
	assert_false(there("20261123")); // a day of which nothing is left
	assert_true(there(name));
	assert_int_equal(d.files, 100);
	assert_int_equal(n_files(), 100 - d.removed);
	assert_true(n_files() >= 48 && n_files() <= 53);
	evidence_disk_close(&d);
	// What is there counts, and what was left behind in the middle of it goes.
	char path[300];
	snprintf(path, sizeof(path), "%s/20261130/%s.unfinished", dir, id_of(7));
	close(open(path, O_CREAT | O_WRONLY, 0600));
	unsigned before = n_files();
	uint64_t octets_before = d.octets;
	assert_int_equal(evidence_disk_open(&d, dir, 640 << 10), 0);
	assert_int_equal(d.octets, octets_before);
	assert_int_equal(n_files(), before - 1);
	evidence_disk_close(&d);
	assert_int_equal(evidence_disk_open(&d, dir, 64 << 10), 0);
	assert_int_equal(n_files(), 5);
	evidence_disk_close(&d);
}

// Whatever is wrong with the disk, the judge goes on.
static void disk_fails(void **state)
{
	struct evidence_disk d;
	char name[EVIDENCE_NAME_MAX], path[300];
	assert_int_equal(evidence_disk_open(&d, dir, 1 << 20), 0);
	snprintf(path, sizeof(path), "%s/20261123", dir);
	close(open(path, O_CREAT | O_WRONLY, 0600)); // where the day's directory should be
	assert_false(evidence_disk_write(&d, id_of(1), FIXTURE_START_NS, "x", 1, name));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/tmp", path), 0); // ... or somebody else's
	assert_false(evidence_disk_write(&d, id_of(1), FIXTURE_START_NS, "x", 1, name));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(d.errors, 2);
	assert_true(evidence_disk_write(&d, id_of(1), FIXTURE_START_NS, "x", 1, name));
	evidence_disk_close(&d);
	assert_true(evidence_disk_open(&d, "/proc/nowhere", 1 << 20) < 0);
}

// ---- the judge -----------------------------------------------------------------------------------------------

static void open_with_evidence(void)
{
	struct evidence_config evidence = {.dir = dir, .memory_octets = 1 << 20, .disk_octets = 1 << 20};
	struct judge_config c = config_default();
	c.evidence = &evidence;
	open_judge(&c);
}

static void send_packets(uint64_t birth)
{
	for (uint32_t frame = 1; frame <= 14; frame++) {
		const struct message_evidence *m = packet_of(birth, frame, FIXTURE_START_NS + frame, 60);
		assert_int_equal(judge_take(judge, &m->head, sizeof(*m) + m->len), 0);
	}
}

static const json_t *pcap_of(size_t line)
{
	return json_object_get(json_object_get(told.line[line], "smtp_tls"), "pcap");
}

// The file that an alert names: its digest, and how many packets a reader finds in it.
static void check_file(const json_t *pcap, unsigned n)
{
	char path[400], hex[65];
	static uint8_t octets[1 << 16];
	uint8_t digest[32];
	const char *bad, *name = json_string_value(json_object_get(pcap, "file"));
	assert_non_null(name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	size_t len = fread(octets, 1, sizeof(octets), f);
	fclose(f);
	record_sha256(digest, octets, len);
	for (size_t i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(json_string_value(json_object_get(pcap, "sha256")), hex);
	assert_non_null(memmem(octets, len, "shows starttls.not-offered", 26));
	assert_non_null(memmem(octets, len, "\"sensor\":\"sensor-1\"", 19));
	struct source *s;
	struct packet burst[PACKET_BURST];
	const char *paths[] = {path};
	struct source_damage damage;
	assert_int_equal(source_file_open(&s, &(struct source_file_config){paths, 1}, &bad), 0);
	assert_int_equal(source_burst(s, burst), n);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(burst[i].time_ns, FIXTURE_START_NS + i + 1);
		assert_int_equal(burst[i].len, 60);
		assert_int_equal(burst[i].wire_len, 70);
		assert_int_equal(burst[i].data[0], i + 1);
	}
	assert_int_equal(source_burst(s, burst), SOURCE_END);
	assert_int_equal(source_damage(s, 0, &damage), -ENOENT);
	source_close(&s);
}

static void alert_names_file(void **state)
{
	static struct facts f;
	not_offered(&f);
	open_with_evidence();
	send_packets(f.birth);
	send_whole(&f);
	assert_int_equal(told.n, 2);
	check_file(pcap_of(0), 14);
	send_packets(2); // nothing is left of the first
	send_packets(2);
	judge_finish(judge);
	close_judge();
	assert_int_equal(n_files(), 1);
}

// A repeat that is only counted has no file, and its update none either.
static void repeats(void **state)
{
	static struct facts f;
	not_offered(&f);
	open_with_evidence();
	for (uint64_t i = 1; i <= 3; i++) {
		f.birth = i;
		f.conn.isn[0] = (uint32_t)i;
		send_packets(i);
		send_whole(&f);
	}
	assert_int_equal(n_files(), 1);
	told_clear();
	judge_finish(judge);
	assert_int_equal(told.n, 1);
	assert_null(json_object_get(pcap_of(0), "file"));
	assert_non_null(json_object_get(pcap_of(0), "frames"));
	close_judge();
	assert_int_equal(n_files(), 1);
}

static void without_packets(void **state)
{
	static struct facts f;
	not_offered(&f);
	open_with_evidence();
	send_whole(&f);
	assert_null(json_object_get(pcap_of(0), "file"));
	close_judge();
	assert_int_equal(n_files(), 0);
}

static void nowhere(void **state)
{
	static struct facts f;
	struct judge_config c = config_default();
	not_offered(&f);
	open_judge(&c);
	send_packets(f.birth);
	send_whole(&f);
	assert_null(json_object_get(pcap_of(0), "file"));
	close_judge();
}

static void bad_messages(void **state)
{
	struct message_evidence *m = (struct message_evidence *)packet_of(1, 1, 1, 100);
	size_t len = sizeof(*m) + 100;
	assert_true(judge_check(&m->head, len));
	for (size_t i = 0; i < len; i++)
		assert_false(judge_check(&m->head, i));
	assert_false(judge_check(&m->head, len + 1));
	m->dir = 2;
	assert_false(judge_check(&m->head, len));
	m->dir = 0;
	m->cut = EVIDENCE_CUTS;
	assert_false(judge_check(&m->head, len));
	m->cut = 0;
	m->len = EVIDENCE_LEN_MAX + 1;
	assert_false(judge_check(&m->head, sizeof(*m) + m->len));
}

int main(void)
{
#define ON_DISK(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shelf_keeps), cmocka_unit_test(shelf_gives_way), cmocka_unit_test(shelf_bounds),
		ON_DISK(disk_names), ON_DISK(disk_writes), ON_DISK(disk_bounds), ON_DISK(disk_fails),
		ON_DISK(alert_names_file), ON_DISK(repeats), ON_DISK(without_packets), cmocka_unit_test(nowhere), cmocka_unit_test(bad_messages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
