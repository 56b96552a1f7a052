// What is left to those who deliver is enough, and no more: keeper writes its outbox, courier reads it, sends, and answers who asks.
#include "tests/unit/hw/rights_work.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "hw/bell.h"

static bool landlocked;

// The outbox: segments of a fixed length that are written, synced and given up; somebody is rung.
static void keeper_work(void)
{
	struct rights_config c = config(RIGHTS_KEEPER);
	struct bell bell = {0};
	char lane[80], path[96], old[96];
	struct iovec parts[2] = {{(char[]){'a', 'b'}, 2}, {(char[]){'c'}, 1}};
	snprintf(lane, sizeof lane, "%s/alerts", dir);
	snprintf(path, sizeof path, "%s/1.seg", lane);
	snprintf(old, sizeof old, "%s/0.seg", lane);
	drop(&c);
	MUST(mkdir(lane, 0750) == 0);
	int at = open(lane, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = openat(at, "1.seg", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	int lock = openat(at, "lock", O_WRONLY | O_CREAT | O_CLOEXEC, 0200);
	MUST(at >= 0 && fd >= 0 && lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0 && unlinkat(at, "lock", 0) == 0);
	MUST(fallocate(fd, 0, 0, 4096) == 0 || errno == EOPNOTSUPP);
	MUST(pwritev(fd, parts, 2, 0) == 3 && pwrite(fd, "d", 1, 3) == 1 && fdatasync(fd) == 0 && fsync(at) == 0);
	bell_ring(&bell);
	bell_wait(&bell, bell_look(&bell), 1);
	MUST(ftruncate(fd, 4) == 0 && rename(path, old) == 0 && unlinkat(at, "0.seg", 0) == 0 && rmdir(lane) == 0);
}

static void keeper_works(void **state)
{
	in_a_child(keeper_work);
}

static void *resolving(void *arg)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	MUST(getaddrinfo("localhost", "514", &hints, &found) == 0 && found != NULL);
	freeaddrinfo(found);
	MUST(dlopen("libanl.so.1", RTLD_NOW) == NULL); // as modules of the name service: refused, and it lives on
	return arg;
}

// A file that is rotated, what a receiver needs, whoever asks for metrics at a socket that listened before.
static void courier_files(const char *outbox)
{
	char old[80], segment[96];
	snprintf(old, sizeof old, "%s.1", file);
	snprintf(segment, sizeof segment, "%s/1.seg", outbox);
	FILE *f = fopen(file, "ae");
	MUST(f != NULL && fputs("{}\n", f) >= 0 && fflush(f) == 0 && fsync(fileno(f)) == 0 && fclose(f) == 0);
	MUST(rename(file, old) == 0 && unlink(old) == 0);
	int fd = open(segment, O_RDONLY | O_CLOEXEC);
	MUST(fd >= 0 && read(fd, old, 3) == 3 && close(fd) == 0);
	snprintf(old, sizeof old, "%s/lock", outbox); // whoever can open it can keep the keeper out
	MUST(open(old, O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
	if (!landlocked)
		return;
	MUST(open(old, O_WRONLY | O_CLOEXEC) < 0 && errno == EACCES);
	MUST(open(segment, O_RDWR | O_CLOEXEC) < 0 && errno == EACCES);
	MUST(unlink(segment) < 0 && errno == EACCES && rename(segment, file) < 0 && errno == EACCES);
	snprintf(segment, sizeof segment, "%s/2.seg", outbox);
	MUST(open(segment, O_WRONLY | O_CREAT | O_CLOEXEC, 0640) < 0 && errno == EACCES);
}

static void courier_sends(int listening, const struct sockaddr_in *to)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), epoll = epoll_create1(EPOLL_CLOEXEC), wake = eventfd(0, EFD_CLOEXEC);
	int pair[2];
	char octet;
	struct epoll_event e = {.events = EPOLLIN, .data.fd = listening};
	struct sockaddr_un log = {.sun_family = AF_UNIX, .sun_path = "/nonexistent/log"};
	MUST(fd >= 0 && epoll >= 0 && wake >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &e) == 0);
	MUST(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0 && ioctl(fd, FIONBIO, &(int){0}) == 0);
	MUST(connect(fd, (const struct sockaddr *)to, sizeof *to) == 0 && epoll_wait(epoll, &e, 1, 1000) == 1);
	int asking = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	MUST(asking >= 0 && send(fd, "x", 1, MSG_NOSIGNAL) == 1 && recv(asking, &octet, 1, 0) == 1 && shutdown(fd, SHUT_WR) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	MUST(fd >= 0 && connect(fd, (struct sockaddr *)&log, sizeof log) < 0 && errno == ENOENT);
	MUST((fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)) >= 0 || errno == EAFNOSUPPORT);
}

static void courier_work(void)
{
	struct rights_config c = config(RIGHTS_COURIER);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof at;
	char names[RIGHTS_DIR], outbox[] = "/tmp/postwacht-outbox-XXXXXX", segment[64], lock[64];
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pthread_t t;
	MUST(bind(listening, (struct sockaddr *)&at, len) == 0 && listen(listening, 4) == 0);
	MUST(getsockname(listening, (struct sockaddr *)&at, &len) == 0 && mkdtemp(outbox) != NULL);
	snprintf(segment, sizeof segment, "%s/1.seg", outbox);
	int fd = open(segment, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	MUST(fd >= 0 && write(fd, "abc", 3) == 3 && close(fd) == 0);
	snprintf(lock, sizeof lock, "%s/lock", outbox);
	fd = open(lock, O_WRONLY | O_CREAT | O_CLOEXEC, 0200);
	MUST(fd >= 0 && close(fd) == 0);
	c.read_paths[c.n_read_paths++] = outbox;
	rights_read_names(&c, names);
	pid_t pid = fork(); // and whoever is left tidies up
	if (pid == 0) {
		drop(&c);
		courier_files(outbox);
		courier_sends(listening, &at);
		MUST(pthread_create(&t, NULL, resolving, NULL) == 0 && pthread_join(t, NULL) == 0);
		_exit(0);
	}
	int status = 1;
	MUST(waitpid(pid, &status, 0) == pid && unlink(segment) == 0 && unlink(lock) == 0 && rmdir(outbox) == 0);
	if (!WIFEXITED(status))
		_exit(255);
	_exit(WEXITSTATUS(status));
}

static void courier_works(void **state)
{
	landlocked = has_landlock(1);
	in_a_child(courier_work);
}

// Where sinks name all their ports, it reaches no other.
static void courier_work_at_ports(void)
{
	struct rights_config c = config(RIGHTS_COURIER);
	uint16_t allowed = listening_port(), other = listening_port();
	c.tcp_ports[c.n_tcp_ports++] = allowed;
	drop(&c);
	MUST(connects(allowed) && !connects(other));
}

static void courier_connects_where_it_may(void **state)
{
	if (!has_landlock(4))
		skip();
	in_a_child(courier_work_at_ports);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeper_works), cmocka_unit_test(courier_works), cmocka_unit_test(courier_connects_where_it_may),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
