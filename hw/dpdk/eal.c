// Starting DPDK: which profile, its arguments, where its log goes.
#include "hw/dpdk/eal.h"

#include "hw/huge.h"
#include "hw/log.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <rte_version.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

enum {
	EAL_ARGS = 16,
	EAL_ARG = 64,
	// Reserved where there are no huge pages, beside what the first port wants; untouched pages cost nothing. 512 MiB,
	// because sixteen ports of one queue fit, and its bookkeeping (80 octets a page of 4 KiB) stays at 10 MiB.
	EAL_PLAIN_MIB = 512,
	// Left over for DPDK's own tables beside the packets.
	EAL_SPARE_MIB = 32,
	EAL_SAID = 160,
};

// An address that no machine has: with it on the list of wanted devices, no other one is attached by itself.
#define EAL_NO_DEVICE "ffff:ff:1f.7"

// Of the process, because DPDK's environment is: it can be started once.
static struct {
	bool tried, huge;
	int outcome;
	char why[DPDK_WHY];
	pthread_mutex_t lock; // the two below
	bool listening;
	char said[EAL_SAID];
} eal = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct eal_args {
	char text[EAL_ARGS][EAL_ARG];
	char *argv[EAL_ARGS + 1];
	int n;
};

static void arg(struct eal_args *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void arg(struct eal_args *a, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(a->text[a->n], EAL_ARG, format, args);
	va_end(args);
	a->argv[a->n] = a->text[a->n];
	a->n++;
}

// DPDK is full of words about what it tries. Its errors are our warnings: whether a port is lost is said by whoever opens it.
static enum log_level eal_level(int theirs)
{
	if (theirs <= 0 || theirs > (int)RTE_LOG_WARNING)
		return LOG_LEVEL_DEBUG;
	return theirs <= (int)RTE_LOG_ERR ? LOG_LEVEL_WARN : LOG_LEVEL_INFO;
}

static void eal_line(enum log_level level, const char *line, size_t len)
{
	if (!len)
		return;
	pthread_mutex_lock(&eal.lock);
	bool listening = eal.listening;
	if (listening && level == LOG_LEVEL_WARN) {
		level = LOG_LEVEL_INFO;
		if (!eal.said[0]) // the first is the cause, the rest are its consequences
			snprintf(eal.said, sizeof(eal.said), "%.*s", (int)(len < sizeof(eal.said) ? len : sizeof(eal.said) - 1), line);
	}
	pthread_mutex_unlock(&eal.lock);
	log_write(level, "dpdk", "%.*s", (int)len, line);
}

static ssize_t eal_log_write(void *cookie, const char *text, size_t len)
{
	enum log_level level = eal_level(rte_log_cur_msg_loglevel());
	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;
		eal_line(level, text + at, n);
		at += n + 1;
	}
	return (ssize_t)len;
}

static int eal_log_open(void)
{
	FILE *f = fopencookie(NULL, "w", (cookie_io_functions_t){.write = eal_log_write});
	if (!f)
		return -ENOMEM;
	setvbuf(f, NULL, _IOFBF, 1024); // DPDK flushes behind each message
	return rte_openlog_stream(f) < 0 ? -ENOMEM : 0;
}

void dpdk_eal_listen_begin(void)
{
	pthread_mutex_lock(&eal.lock);
	eal.listening = true;
	eal.said[0] = '\0';
	pthread_mutex_unlock(&eal.lock);
}

const char *dpdk_eal_listen_end(void)
{
	pthread_mutex_lock(&eal.lock);
	eal.listening = false;
	pthread_mutex_unlock(&eal.lock);
	return eal.said;
}

// Whether to use huge pages; what is decided is said, because it costs or gives a lot.
static bool eal_choose(const struct dpdk_eal_config *c)
{
	uint64_t free_mib = huge_free_mib();
	uint64_t want_mib = c->memory_mib + EAL_SPARE_MIB;
	char why[HUGE_WHY];
	if (!c->hugepages)
		log_info("dpdk", "huge pages are switched off: ordinary memory is used");
	else if (!free_mib)
		log_info("dpdk", "no huge pages are free: ordinary memory is used; for more than some Gbit/s set vm.nr_hugepages");
	else if (free_mib < want_mib)
		log_warn("dpdk", "%llu MiB of huge pages are free, %llu are wanted: ordinary memory is used; set vm.nr_hugepages higher",
			(unsigned long long)free_mib, (unsigned long long)want_mib);
	else if (!huge_usable(why))
		log_warn("dpdk", "huge pages cannot be used: %s; ordinary memory is used", why);
	else
		return true;
	return false;
}

// The first processor we may run on, for DPDK's main thread. It is not kept there.
static int eal_processor(const cpu_set_t *set)
{
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, set))
			return i;
	return 0;
}

// Without an IOMMU cards are given physical addresses, and DPDK would see from the groups of vfio that there is one.
static bool eal_no_iommu(void)
{
	FILE *f = fopen("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "re");
	int c = f ? fgetc(f) : 'N';
	if (f)
		fclose(f);
	return c == 'Y' && geteuid() == 0;
}

static void eal_args(struct eal_args *a, const struct dpdk_eal_config *c, bool huge, int processor)
{
	arg(a, "postwacht");
	arg(a, "--lcores=0@%d", processor);
	arg(a, "-a");
	arg(a, EAL_NO_DEVICE);
	if (huge) {
		arg(a, "--in-memory");
		if (eal_no_iommu())
			arg(a, "--iova-mode=pa");
	} else {
		arg(a, "--no-huge");
		arg(a, "--no-shconf");
		arg(a, "-m");
		arg(a, "%u", EAL_PLAIN_MIB + c->memory_mib);
	}
	arg(a, "--file-prefix=postwacht");
	if (!c->telemetry)
		arg(a, "--no-telemetry");
	a->argv[a->n] = NULL;
}

// DPDK makes a directory even when it will put nothing there. Where another one of us has its telemetry, it stays.
static void eal_tidy(void)
{
	char dir[512];
	snprintf(dir, sizeof(dir), "%s", rte_eal_get_runtime_dir());
	if (!dir[0] || rmdir(dir) != 0)
		return;
	char *slash = strrchr(dir, '/');
	if (slash && slash != dir) {
		*slash = '\0';
		rmdir(dir); // fails when others use it: good
	}
}

// Started with every signal blocked, so that the threads it makes inherit that, and without the affinity it gives us.
static int eal_init(struct eal_args *a)
{
	cpu_set_t before;
	sigset_t all, mask;
	bool known = sched_getaffinity(0, sizeof(before), &before) == 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	int r = rte_eal_init(a->n, a->argv);
	int err = r < 0 ? rte_errno : 0;
	closelog(); // opened by DPDK, to /dev/log
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	if (known)
		sched_setaffinity(0, sizeof(before), &before);
	return -err;
}

static int eal_start(const struct dpdk_eal_config *c, char why[static DPDK_WHY])
{
	if (eal_log_open() < 0) {
		snprintf(why, DPDK_WHY, "DPDK cannot be started: no memory for its log");
		return -ENOMEM;
	}
	cpu_set_t set;
	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	eal.huge = eal_choose(c);
	struct eal_args a = {.n = 0};
	eal_args(&a, c, eal.huge, eal_processor(&set));
	dpdk_eal_listen_begin();
	int r = eal_init(&a);
	const char *said = dpdk_eal_listen_end();
	if (!c->telemetry)
		eal_tidy();
	if (r < 0) {
		snprintf(why, DPDK_WHY, "DPDK cannot be started with %s: %s", eal.huge ? "huge pages" : "ordinary memory",
			said[0] ? said : strerror(-r));
		return r;
	}
	log_info("dpdk", "%s, memory from %s%s", rte_version(), eal.huge ? "huge pages" : "ordinary pages",
		c->telemetry ? ", telemetry on" : "");
	return 0;
}

int dpdk_eal_start(const struct dpdk_eal_config *c, char why[static DPDK_WHY])
{
	if (!eal.tried) {
		eal.tried = true;
		eal.outcome = eal_start(c, eal.why);
	}
	if (eal.outcome < 0)
		snprintf(why, DPDK_WHY, "%s", eal.why);
	return eal.outcome;
}

bool dpdk_eal_huge(void)
{
	return eal.huge;
}
