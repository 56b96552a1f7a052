// What must not be possible, tried. Each attempt is harmless where it succeeds: arguments are such that the kernel, once it takes
// the call at all, finds nothing to do.
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "hw/rights.h"

enum { FDS_MAX = 64 };

// Returns when the kernel took the call, even if it found its arguments wanting.
static void took(long rc)
{
	if (rc < 0 && (errno == EPERM || errno == EACCES || errno == ENOSYS))
		_exit(RIGHTS_REFUSED);
}

// ---- files -------------------------------------------------------------------------------------------------------

static void read_a_file(void)
{
	took(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static void list_a_directory(void)
{
	took(open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static void write_elsewhere(void)
{
	char path[64];
	snprintf(path, sizeof path, "/tmp/postwacht-attempt-%d", (int)getpid());
	took(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	unlink(path);
}

static void make_a_directory(void)
{
	char path[64];
	snprintf(path, sizeof path, "/tmp/postwacht-attempt-%d", (int)getpid());
	took(mkdir(path, 0700));
	rmdir(path);
}

static void make_a_device(void)
{
	took(mknod("", S_IFCHR | 0600, 0x103));
}

static void change_a_mode(void)
{
	took(chmod("", 0600));
}

static void set_an_attribute(void)
{
	took(setxattr("", "user.a", "", 0, 0));
}

static void make_a_link(void)
{
	took(link("", ""));
}

static void mount_something(void)
{
	took(mount("none", "/", "no-such-filesystem", 0, NULL));
}

static void change_the_root(void)
{
	took(chroot(""));
}

// ---- networks ----------------------------------------------------------------------------------------------------

static void internet_stream(void)
{
	took(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static void internet_datagram(void)
{
	took(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static void internet_raw(void)
{
	took(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
}

static void unix_socket(void)
{
	took(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static void packet_socket(void)
{
	took(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static void netlink_socket(void)
{
	took(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static void crypto_socket(void)
{
	int fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 && errno == EAFNOSUPPORT)
		return; // a kernel without it took the call all the same
	took(fd);
}

static void connect_something(void)
{
	const struct sockaddr_in to = {.sin_family = AF_INET};
	took(connect(-1, (const struct sockaddr *)&to, sizeof to));
}

static void bind_something(void)
{
	const struct sockaddr_in at = {.sin_family = AF_INET};
	took(bind(-1, (const struct sockaddr *)&at, sizeof at));
}

static void listen_somewhere(void)
{
	took(listen(-1, 1));
}

static void accept_somebody(void)
{
	took(accept4(-1, NULL, NULL, SOCK_CLOEXEC));
}

// ---- transmitting: by each call that hands octets to a socket ----------------------------------------------------

// A packet socket that is open; -1: none, and the call still has to end us.
static int packet_fd(void)
{
	for (int fd = 0; fd < FDS_MAX; fd++) {
		int domain = 0;
		socklen_t len = sizeof domain;
		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_PACKET)
			return fd;
	}
	return -1;
}

// To a multicast address of nobody, of an ethertype of nobody.
static uint8_t frame[60] = {0x03, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 0, 0x01, 0x88, 0xb5};

static void transmit_sendto(void)
{
	took(sendto(packet_fd(), frame, sizeof frame, MSG_DONTWAIT, NULL, 0));
}

static void transmit_sendmsg(void)
{
	struct iovec part = {frame, sizeof frame};
	const struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
	took(sendmsg(packet_fd(), &m, MSG_DONTWAIT));
}

static void transmit_sendmmsg(void)
{
	struct iovec part = {frame, sizeof frame};
	struct mmsghdr m = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};
	took(sendmmsg(packet_fd(), &m, 1, MSG_DONTWAIT));
}

static void transmit_write(void)
{
	took(write(packet_fd(), frame, sizeof frame));
}

static void transmit_writev(void)
{
	const struct iovec part = {frame, sizeof frame};
	took(writev(packet_fd(), &part, 1));
}

static void transmit_sendfile(void)
{
	took(sendfile(packet_fd(), -1, NULL, sizeof frame));
}

static void transmit_splice(void)
{
	took(splice(-1, NULL, packet_fd(), NULL, sizeof frame, 0));
}

static void set_a_socket_option(void)
{
	took(setsockopt(-1, SOL_SOCKET, SO_PRIORITY, frame, sizeof(int)));
}

static void rename_a_descriptor(void)
{
	took(dup2(packet_fd(), STDERR_FILENO));
}

static void set_an_interface(void)
{
	struct ifreq r = {.ifr_flags = IFF_UP};
	took(ioctl(-1, SIOCSIFFLAGS, &r));
}

// ---- other processes ---------------------------------------------------------------------------------------------

static void execute(void)
{
	char *const none[] = {NULL};
	took(execve("", none, none));
}

static void execute_a_descriptor(void)
{
	char *const none[] = {NULL};
	took(syscall(SYS_execveat, -1, "", none, none, AT_EMPTY_PATH));
}

static void fork_once(void)
{
	pid_t pid = fork();
	took(pid);
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static void debug_another(void)
{
	took(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static void read_anothers_memory(void)
{
	char octet;
	const struct iovec here = {&octet, 1}, there = {&octet, 1};
	took(process_vm_readv(getppid(), &here, 1, &there, 1, 0));
}

static void take_anothers_descriptor(void)
{
	took(syscall(SYS_pidfd_getfd, -1, 0, 0));
}

static void signal_another(void)
{
	took(kill(getppid(), 0));
}

static void new_namespace(void)
{
	took(unshare(CLONE_NEWUSER));
}

// ---- the kernel --------------------------------------------------------------------------------------------------

static void load_bpf(void)
{
	union bpf_attr attr;
	memset(&attr, 0, sizeof attr);
	took(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr));
}

static void load_a_module(void)
{
	took(syscall(SYS_finit_module, -1, "", 0));
}

static void use_io_uring(void)
{
	took(syscall(SYS_io_uring_setup, 0, NULL));
}

static void handle_page_faults(void)
{
	took(syscall(SYS_userfaultfd, O_CLOEXEC));
}

static void set_the_clock(void)
{
	took(clock_settime(CLOCK_MONOTONIC, &(struct timespec){0})); // which nobody can
}

static void become_root(void)
{
	took(syscall(SYS_setresuid, 0, 0, 0));
}

static void write_and_run_memory(void)
{
	took(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
}

static void run_written_memory(void)
{
	static _Alignas(4096) char page[4096];
	took(mprotect(page, sizeof page, PROT_READ | PROT_EXEC));
}

static void run_a_file(void)
{
	took(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, -1, 0) == MAP_FAILED ? -1 : 0);
}

#define W (1u << RIGHTS_WATCH)
#define J (1u << RIGHTS_JUDGE)
#define S (1u << RIGHTS_SCOUT)
#define K (1u << RIGHTS_KEEPER)
#define C (1u << RIGHTS_COURIER)
#define P (1u << RIGHTS_SUPERVISOR)

// Whoever may write has no packet socket: the supervisor closes what it does not hand on.
const struct rights_attempt rights_attempts[] = {
	{"open a file for reading", read_a_file, P},
	{"list a directory", list_a_directory, P},
	{"write a file elsewhere", write_elsewhere, P},
	{"make a directory elsewhere", make_a_directory, P},
	{"make a device", make_a_device, 0},
	{"change a file's mode", change_a_mode, P},
	{"set a file's attribute", set_an_attribute, 0},
	{"make another name of a file", make_a_link, P},
	{"mount", mount_something, 0},
	{"change the root", change_the_root, 0},
	{"make an internet socket (stream)", internet_stream, S | C | P},
	{"make an internet socket (datagram)", internet_datagram, S | C | P},
	{"make a raw internet socket", internet_raw, P},
	{"make a unix socket", unix_socket, C | P},
	{"make a packet socket", packet_socket, P},
	{"make a netlink socket", netlink_socket, P},
	{"make a crypto socket", crypto_socket, 0},
	{"connect", connect_something, S | C | P},
	{"bind", bind_something, S | P},
	{"listen", listen_somewhere, P},
	{"accept", accept_somebody, C | P},
	{"transmit by sendto", transmit_sendto, J | S | C | P},
	{"transmit by sendmsg", transmit_sendmsg, J | S | C | P},
	{"transmit by sendmmsg", transmit_sendmmsg, S | C | P},
	{"transmit by write", transmit_write, J | S | K | C | P},
	{"transmit by writev", transmit_writev, J | S | K | C | P},
	{"transmit by sendfile", transmit_sendfile, P},
	{"transmit by splice", transmit_splice, P},
	{"set an option of a socket", set_a_socket_option, S | C | P},
	{"give a descriptor another number", rename_a_descriptor, P},
	{"set an interface (ioctl)", set_an_interface, P},
	{"execute a program", execute, 0},
	{"execute an open file", execute_a_descriptor, 0},
	{"fork", fork_once, P},
	{"debug another process", debug_another, 0},
	{"read another process's memory", read_anothers_memory, 0},
	{"take another process's descriptor", take_anothers_descriptor, 0},
	{"signal another process", signal_another, P},
	{"make a namespace", new_namespace, 0},
	{"load BPF", load_bpf, 0},
	{"load a module", load_a_module, 0},
	{"use io_uring", use_io_uring, 0},
	{"handle page faults", handle_page_faults, 0},
	{"set the clock", set_the_clock, 0},
	{"become root", become_root, P},
	{"map memory to write and run", write_and_run_memory, 0},
	{"run memory that was written", run_written_memory, 0},
	{"run a file's memory", run_a_file, P},
};
const size_t rights_attempts_n = sizeof rights_attempts / sizeof rights_attempts[0];
