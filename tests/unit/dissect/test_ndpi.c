// nDPI behind our header: it forgets what it read, lives within its memory, and makes room.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dissect/classify/ndpi.h"

enum { ROOM = 1 << 20, REGION_MAX = 1 << 30 }; // larger ones are a sanitizer's

static uint8_t *packets, *look; // whose octets are ours: not searched

static int map(void **state)
{
	(void)state;
	uint8_t *apart = mmap(NULL, 4 * ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); // from all other mappings
	packets = apart + ROOM;
	look = packets + ROOM;
	return apart == MAP_FAILED || mprotect(packets, 2 * ROOM, PROT_READ | PROT_WRITE);
}

static bool in_region(int mem, uintptr_t from, uintptr_t to, const char *what)
{
	size_t n = strlen(what);
	for (uintptr_t at = from; at < to && from != (uintptr_t)packets; at += ROOM - n) {
		size_t len = to - at < ROOM ? to - at : ROOM;
		ssize_t got = pread(mem, look, len, (off_t)at);
		if (got > 0 && memmem(look, (size_t)got, what, n))
			return true;
	}
	return false;
}

// Whether anything this process can write holds `what`: heap, freed heap, stack, pools.
static bool in_memory(const char *what)
{
	int mem = open("/proc/self/mem", O_RDONLY);
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	bool found = false;
	assert_true(mem >= 0 && maps);
	while (!found && fgets(line, sizeof(line), maps)) {
		unsigned long from, to;
		char rights[5];
		if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) == 3 && rights[1] == 'w' && to - from < REGION_MAX)
			found = in_region(mem, from, to, what);
	}
	fclose(maps);
	close(mem);
	return found;
}

struct say {
	int d;
	const char *text;
	size_t len;
};

static struct decoded segment(const struct say *say, uint16_t port, const uint32_t *sent)
{
	struct decoded s = {.ip_v = 4, .proto = 6, .flags = TCP_ACK, .window = 1000, .seq = 1 + sent[say->d], .ack = 1 + sent[!say->d]};
	s.src[3] = (uint8_t)(1 + say->d);
	s.dst[3] = (uint8_t)(2 - say->d);
	s.src_port = say->d ? port : 40000;
	s.dst_port = say->d ? 40000 : port;
	s.payload_len = s.payload_wire_len = (uint32_t)(say->len ? say->len : strlen(say->text));
	s.payload = packets;
	memcpy(packets, say->text, s.payload_len);
	return s;
}

// Shows what is said until nDPI has an opinion; what that is.
static uint16_t show(struct classifier *c, uint16_t place, uint32_t owner, uint16_t port, const struct say *said)
{
	uint16_t protocol = CLASSIFIED_NOT_YET;
	uint32_t sent[2] = {0, 0};
	for (; said->text && protocol == CLASSIFIED_NOT_YET; said++) {
		struct decoded s = segment(said, port, sent);
		protocol = classifier_show(c, place, owner, &s, 1000000000);
		sent[said->d] += s.payload_len;
	}
	return protocol;
}

static struct classifier *begin(uint16_t flows, size_t heap_octets)
{
	const struct classifier_limits limits = {.flows = flows, .heap_octets = heap_octets};
	struct classifier *c;
	int err = classifier_open(&c, &limits);
	if (err == -ENOSYS)
		skip();
	assert_int_equal(err, 0);
	return c;
}

static const char hello[] =
	"\x16\x03\x01\x00\x57\x01\x00\x00\x53\x03\x03" "0123456789abcdef0123456789abcdef" "\x00\x00\x04\x13\x01\xc0\x2f\x01\x00\x00\x26"
	"\x00\x00\x00\x10\x00\x0e\x00\x00\x0bwww.example" "\x00\x0a\x00\x04\x00\x02\x00\x1d" "\x00\x0d\x00\x06\x00\x04\x04\x03\x08\x04";
// A handshake record that is longer than what is there: it waits for the rest, and keeps what it has.
static const char half[] = "\x16\x03\x01\x0f\xff\x01\x00\x0f\xfb\x03\x03zuckerhut-am-meer-7 zuckerhut-am-meer-7 zuckerhut-am-meer-7";

// Each says what nobody may find afterwards. Some of these protocols nDPI keeps user names and passwords of.
static const struct {
	const char *name;
	uint16_t port;
	const char *secret;
	struct say said[9];
} secrets[] = {
	{"ftp", 2121, "zuckerhut-am-meer-1", {{1, "220 ftp.example FTP server\r\n"}, {0, "USER somebody\r\n"}, {1, "331 Password\r\n"},
		{0, "PASS zuckerhut-am-meer-1\r\n"}, {1, "230 Logged in\r\n"}, {0, "PWD\r\n"}, {1, "257 \"/\"\r\n"}}},
	{"imap", 1143, "zuckerhut-am-meer-2", {{1, "* OK ready\r\n"}, {0, "a1 LOGIN somebody zuckerhut-am-meer-2\r\n"},
		{1, "a1 OK done\r\n"}, {0, "a2 SELECT INBOX\r\n"}, {1, "a2 OK\r\n"}}},
	{"pop3", 1110, "zuckerhut-am-meer-3", {{1, "+OK ready\r\n"}, {0, "USER somebody\r\n"}, {1, "+OK\r\n"},
		{0, "PASS zuckerhut-am-meer-3\r\n"}, {1, "+OK\r\n"}, {0, "STAT\r\n"}}},
	{"http", 18080, "enVja2VyaHV0LWFtLW1lZXItNA", {{0, "GET /x HTTP/1.1\r\nHost: www.example\r\nUser-Agent: curl/8\r\n"
		"Authorization: Basic enVja2VyaHV0LWFtLW1lZXItNA\r\n\r\n"}, {1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"}}},
	{"url", 18080, "zuckerhut-am-meer-5", {{0, "GET /login?p=zuckerhut-am-meer-5 HTTP/1.1\r\nHost: www.example\r\n"
		"User-Agent: curl/8\r\nReferer: http://www.example/\r\n\r\n"}, {1, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nhi"}}},
	{"telnet", 23, "zuckerhut-am-meer-6", {{1, "\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27\r\nlogin: "}, {0, "somebody\r\n"},
		{1, "Password: "}, {0, "zuckerhut-am-meer-6\r\n"}, {1, "welcome\r\n"}}},
	{"tls", 10443, "zuckerhut-am-meer-7", {{0, half, sizeof(half) - 1}}},
	{"smtp", 2526, "zuckerhut-am-meer-8", {{0, "AUTH PLAIN zuckerhut-am-meer-8\r\n"}, {1, "235 ok\r\n"}, {0, "MAIL FROM:<a@a.example>\r\n"},
		{1, "250 ok\r\n"}, {0, "RCPT TO:<b@b.example>\r\n"}, {1, "250 ok\r\n"}}},
};
enum { SECRETS = sizeof(secrets) / sizeof(*secrets) };

static void test_wiped(void **state)
{
	struct classifier *c = begin(16, 1 << 20);
	size_t kept = 0;
	(void)state;
	assert_false(in_memory(secrets[0].secret));
	for (uint32_t i = 0; i < SECRETS; i++) {
		uint16_t place = classifier_begin(c, i + 1);
		show(c, place, i + 1, secrets[i].port, secrets[i].said);
		kept += in_memory(secrets[i].secret);
		classifier_end(c, place, i + 1);
		if (in_memory(secrets[i].secret))
			fail_msg("%s: it is still there", secrets[i].name);
		assert_int_equal(classifier_heap_octets(c), 0);
	}
	assert_true(kept > 0); // or this looks in the wrong places
	classifier_close(&c);
}

// Closed, or pushed out, while it is looked at: the same.
static void test_wiped_without_end(void **state)
{
	(void)state;
	for (int how = 0; how < 2; how++) {
		struct classifier *c = begin(SECRETS, 1 << 20);
		for (uint32_t i = 0; i < SECRETS; i++)
			show(c, classifier_begin(c, i + 1), i + 1, secrets[i].port, secrets[i].said);
		for (uint32_t i = 0; how && i < SECRETS; i++)
			classifier_begin(c, 100 + i);
		if (!how)
			classifier_close(&c);
		for (uint32_t i = 0; i < SECRETS; i++)
			assert_false(in_memory(secrets[i].secret));
		classifier_close(&c);
	}
}

// Without memory nDPI knows less, or nothing, and goes on; with a little it is refused somewhere in the middle.
static void test_no_memory(void **state)
{
	static const size_t octets[] = {0, 8, 32, 100, 300, 1000, 3000};
	(void)state;
	for (size_t k = 0; k < sizeof(octets) / sizeof(*octets); k++) {
		struct classifier *c = begin(64, octets[k]);
		for (uint32_t i = 0; i < SECRETS; i++)
			show(c, classifier_begin(c, i + 1), i + 1, secrets[i].port, secrets[i].said);
		const struct say tls[] = {{0, hello, sizeof(hello) - 1}, {0}};
		show(c, classifier_begin(c, 50), 50, 10443, tls);
		assert_true(classifier_heap_octets(c) <= octets[k]);
		for (uint32_t i = 1; i <= 50; i++) {
			for (uint16_t place = 1; place <= 64; place++)
				classifier_end(c, place, i);
		}
		assert_int_equal(classifier_heap_octets(c), 0);
		classifier_close(&c);
	}
}

// Whoever began first makes room, and is told so.
static void test_room(void **state)
{
	static const struct say rest[] = {{0, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"}, {1, "HTTP/1.1 200 OK\r\n\r\n"}, {0}};
	struct classifier *c = begin(2, 1 << 20);
	uint16_t place[3];
	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		place[i] = classifier_begin(c, i + 1);
		assert_true(place[i] > 0);
	}
	assert_int_equal(place[2], place[0]);
	assert_int_equal(show(c, place[0], 1, 18080, rest), CLASSIFIED_LOST);
	classifier_end(c, place[0], 1); // not its own any more
	assert_string_equal(classifier_name(c, show(c, place[2], 3, 18080, rest)), "HTTP");
	assert_string_equal(classifier_name(c, show(c, place[1], 2, 18080, rest)), "HTTP");
	classifier_close(&c);
}

// No more than so many segments, and octets, whatever they are.
static void test_bounds(void **state)
{
	struct say said[CLASSIFIER_SEGMENTS + 2];
	static char long_one[ROOM / 2];
	struct classifier *c = begin(4, 1 << 20);
	uint32_t sent[2] = {0, 0};
	(void)state;
	memset(long_one, 'x', sizeof(long_one));
	uint16_t place = classifier_begin(c, 1);
	for (int i = 1; i <= CLASSIFIER_SEGMENTS; i++) {
		struct decoded s = segment(&(struct say){0, "\x01\x99\x77"}, 7, sent);
		assert_int_equal(classifier_show(c, place, 1, &s, 1), i < CLASSIFIER_SEGMENTS ? CLASSIFIED_NOT_YET : CLASSIFIED_UNKNOWN);
		sent[0] += 3;
	}
	said[0] = (struct say){0, long_one, sizeof(long_one)};
	said[1] = (struct say){0};
	place = classifier_begin(c, 2);
	assert_int_equal(show(c, place, 2, 7, said), CLASSIFIED_UNKNOWN);
	classifier_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wiped), cmocka_unit_test(test_wiped_without_end), cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_room),  cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, map, NULL);
}
