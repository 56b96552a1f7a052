// What is left is enough: each process does its work after it has given up its rights. (The scout's questions: tests/scout.)
#include "tests/unit/hw/rights_work.h"

#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include <sqlite3.h>

#include "hw/log.h"

// ---- watch -------------------------------------------------------------------------------------------------------

static void *thread(void *arg)
{
	const struct timespec short_time = {.tv_nsec = 1000000};
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	MUST(pthread_setaffinity_np(pthread_self(), sizeof one, &one) == 0);
	pthread_setname_np(pthread_self(), "worker");
	for (size_t n = 64; n < 64 << 20; n *= 4) {
		char *p = malloc(n);
		MUST(p != NULL);
		memset(p, 1, n);
		MUST((p = realloc(p, n * 2)) != NULL);
		free(p);
	}
	nanosleep(&short_time, NULL);
	return arg;
}

static void watch_work(void)
{
	struct rights_config c = config(RIGHTS_WATCH);
	int pipes[2], counter = eventfd(0, EFD_CLOEXEC);
	uint64_t one = 1;
	pthread_t t[2];
	char sys[32];
	int counters = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	MUST(pipe(pipes) == 0 && counter >= 0 && counters >= 0);
	drop(&c);
	for (int i = 0; i < 2; i++)
		MUST(pthread_create(&t[i], NULL, thread, NULL) == 0);
	for (int i = 0; i < 2; i++)
		MUST(pthread_join(t[i], NULL) == 0);
	MUST(write(counter, &one, 8) == 8 && read(counter, &one, 8) == 8 && write(pipes[1], "", 1) == 1);
	MUST(pread(counters, sys, sizeof sys, 0) > 0);
	MUST(open("/proc/self/stat", O_RDONLY) < 0 && errno == EACCES);
	log_warn("rights", "a line of the log, as it must be");
	struct pollfd p = {.fd = pipes[0], .events = POLLIN};
	MUST(poll(&p, 1, 1000) == 1 && clock() != (clock_t)-1);
}

static void watch_works(void **state)
{
	in_a_child(watch_work);
}

// Every call that hands octets to a socket, with a packet socket that is open and hears what is sent on the loopback interface.
static pid_t listener(const struct rights_attempt *a)
{
	struct sockaddr_ll where = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex("lo")};
	struct rights_config c = config(RIGHTS_WATCH);
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	MUST(fd >= 0 && bind(fd, (struct sockaddr *)&where, sizeof where) == 0);
	drop(&c);
	a->attempt();
	_exit(0);
}

static int loopback_up(void)
{
	struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = ioctl(fd, SIOCSIFFLAGS, &r);
	close(fd);
	return rc;
}

static int frames_on(int fd)
{
	uint8_t frame[2048];
	int n = 0;
	while (recv(fd, frame, sizeof frame, MSG_DONTWAIT) > 0)
		n++;
	return n;
}

static void transmit_work(void)
{
	size_t tried = 0;
	MUST(unshare(CLONE_NEWNET) == 0 && loopback_up() == 0);
	struct sockaddr_ll where = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex("lo")};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)), status;
	MUST(fd >= 0 && bind(fd, (struct sockaddr *)&where, sizeof where) == 0);
	for (size_t i = 0; i < rights_attempts_n; i++) {
		if (strncmp(rights_attempts[i].name, "transmit by ", 12) != 0)
			continue;
		tried++;
		MUST(waitpid(listener(&rights_attempts[i]), &status, 0) > 0);
		MUST(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS && frames_on(fd) == 0);
	}
	MUST(tried == 7);
	for (size_t i = 0; i < rights_attempts_n; i++) // and without giving up anything it is heard
		if (strcmp(rights_attempts[i].name, "transmit by write") == 0)
			rights_attempts[i].attempt();
	MUST(frames_on(fd) > 0);
}

static void watch_cannot_transmit(void **state)
{
	if (geteuid() != 0)
		skip();
	in_a_child(transmit_work);
}

// DPDK's telemetry thread answers whoever connects; what was open before is written to no more than without it.
static void telemetry_work(void)
{
	struct rights_config c = config(RIGHTS_WATCH);
	struct sockaddr_un where = {.sun_family = AF_UNIX};
	int pair[2];
	snprintf(where.sun_path, sizeof where.sun_path, "%s/telemetry", dir);
	int listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), asking = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	MUST(dup2(pair[0], 60) == 60 && close(pair[0]) == 0); // so that there is a gap
	MUST(bind(listening, (struct sockaddr *)&where, sizeof where) == 0 && listen(listening, 1) == 0);
	MUST(connect(asking, (struct sockaddr *)&where, sizeof where) == 0 && unlink(where.sun_path) == 0);
	c.telemetry = true;
	drop(&c);
	int fd = accept(listening, NULL, NULL);
	MUST(fd > 60 && write(fd, "x", 1) == 1);
	(void)!write(60, "x", 1);
}

static void telemetry_answers_only_who_asks(void **state)
{
	pid_t pid = fork();
	if (pid == 0) {
		telemetry_work();
		_exit(0);
	}
	int status = status_of(pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS); // at the last line
}

// A card that stays with its kernel driver: its files may be read and it may be asked; sending is still forbidden.
static void kernel_card_work(void)
{
	struct rights_config c = config(RIGHTS_WATCH);
	struct ifreq r = {.ifr_name = "lo"};
	int pair[2];
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	c.kernel_card = true;
	c.read_paths[c.n_read_paths++] = "/sys";
	drop(&c);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	MUST(fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &r) == 0);
	MUST(open("/sys/class/net", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0);
	MUST(open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0);
	(void)!write(pair[0], "x", 1);
}

static void a_card_asks_the_kernel_and_sends_nothing(void **state)
{
	if (!has_landlock(1))
		skip();
	pid_t pid = fork();
	if (pid == 0) {
		kernel_card_work();
		_exit(0);
	}
	int status = status_of(pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS); // at the last line
}

// ---- judge --------------------------------------------------------------------------------------------------------

static void judge_work(void)
{
	struct rights_config c = config(RIGHTS_JUDGE);
	sqlite3 *db;
	int pair[2];
	char octet;
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	drop(&c);
	MUST(sqlite3_open(file, &db) == SQLITE_OK);
	MUST(sqlite3_exec(db, "PRAGMA journal_mode=WAL; CREATE TABLE t(x); BEGIN; INSERT INTO t VALUES(1); COMMIT; PRAGMA "
		"wal_checkpoint(TRUNCATE); VACUUM; SELECT * FROM t ORDER BY random();", NULL, NULL, NULL) == SQLITE_OK);
	MUST(sqlite3_close(db) == SQLITE_OK && unlink(file) == 0);
	MUST(send(pair[0], "q", 1, MSG_NOSIGNAL) == 1 && recv(pair[1], &octet, 1, 0) == 1);
}

static void judge_works(void **state)
{
	in_a_child(judge_work);
}

// ---- scout -------------------------------------------------------------------------------------------------------

static void scout_work_at_ports(void)
{
	struct rights_config c = config(RIGHTS_SCOUT);
	uint16_t allowed = listening_port(), other = listening_port();
	c.tcp_ports[c.n_tcp_ports++] = allowed;
	drop(&c);
	MUST(connects(allowed) && !connects(other));
}

static void scout_connects_where_it_may(void **state)
{
	if (!has_landlock(4))
		skip();
	in_a_child(scout_work_at_ports);
}

// ---- supervisor --------------------------------------------------------------------------------------------------

// A child that it starts again opens its own things and gives up the rest.
static void begin_again(void)
{
	struct rights_config c = config(RIGHTS_WATCH), s = config(RIGHTS_SCOUT);
	pid_t pid = fork();
	if (pid == 0) {
		if (geteuid() == 0) // it has kept what that needs
			MUST(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)) >= 0);
		drop(&c);
		_exit(0);
	}
	int status;
	MUST(waitpid(pid, &status, 0) == pid && status == 0);
	pid = fork();
	if (pid == 0) {
		drop(&s);
		MUST(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0);
		MUST(kill(getppid(), 0) != 0); // not reached: it ends here
		_exit(0);
	}
	MUST(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void supervisor_work(void)
{
	struct rights_config c = config(RIGHTS_SUPERVISOR);
	struct sockaddr_un where = {.sun_family = AF_UNIX};
	sigset_t set;
	int status;
	c.keep_caps = UINT64_C(1) << 13; // CAP_NET_RAW
	drop(&c);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && signalfd(-1, &set, SFD_CLOEXEC) >= 0);
	snprintf(where.sun_path, sizeof where.sun_path, "%s/control", dir);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	MUST(bind(fd, (struct sockaddr *)&where, sizeof where) == 0 && chmod(where.sun_path, 0660) == 0 && listen(fd, 1) == 0);
	MUST(unlink(where.sun_path) == 0 && access("/etc/passwd", R_OK) == 0);
	begin_again();
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	MUST(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
}

static void supervisor_works(void **state)
{
	in_a_child(supervisor_work);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(watch_works), cmocka_unit_test(watch_cannot_transmit), cmocka_unit_test(telemetry_answers_only_who_asks),
		cmocka_unit_test(a_card_asks_the_kernel_and_sends_nothing),
		cmocka_unit_test(judge_works), cmocka_unit_test(scout_connects_where_it_may),
		cmocka_unit_test(supervisor_works),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
