// Huge pages: what sysfs counts, and whether one can be had.
#include "hw/huge.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char pages_dir[] = "/sys/kernel/mm/hugepages";

static uint64_t free_pages(const char *size_dir)
{
	char path[320];
	snprintf(path, sizeof(path), "%s/%.200s/free_hugepages", pages_dir, size_dir);
	FILE *f = fopen(path, "re");
	unsigned long long n = 0;
	if (!f)
		return 0;
	if (fscanf(f, "%llu", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

// KiB in free pages of all sizes, and the smallest size of which there are some (0: none).
static uint64_t sum_free_kib(uint64_t *smallest_kib)
{
	DIR *d = opendir(pages_dir);
	uint64_t sum = 0;
	*smallest_kib = 0;
	if (!d)
		return 0;
	for (struct dirent *e; (e = readdir(d));) {
		unsigned long long kib;
		if (sscanf(e->d_name, "hugepages-%llukB", &kib) != 1)
			continue;
		uint64_t n = free_pages(e->d_name);
		sum += n * kib;
		if (n && (!*smallest_kib || kib < *smallest_kib))
			*smallest_kib = kib;
	}
	closedir(d);
	return sum;
}

uint64_t huge_free_mib(void)
{
	uint64_t smallest_kib;
	return sum_free_kib(&smallest_kib) / 1024;
}

// DPDK locks every mounted hugetlbfs before it uses huge pages at all, and for that must be able to open it.
static bool mounts_open(char why[static HUGE_WHY])
{
	FILE *f = fopen("/proc/mounts", "re");
	char line[1024], dir[512], type[64];
	bool ok = true;
	if (!f)
		return true;
	while (ok && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %511s %63s", dir, type) == 2 && strcmp(type, "hugetlbfs") == 0 && access(dir, R_OK) != 0) {
			snprintf(why, HUGE_WHY, "this user may not open %.100s", dir);
			ok = false;
		}
	fclose(f);
	return ok;
}

static bool mappable(uint64_t kib, char why[static HUGE_WHY])
{
	unsigned shift = (unsigned)__builtin_ctzll(kib) + 10;
	int fd = memfd_create("postwacht-huge", MFD_CLOEXEC | MFD_HUGETLB | shift << 26); // MFD_HUGE_SHIFT
	void *p = MAP_FAILED;
	if (fd >= 0)
		p = mmap(NULL, kib << 10, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		snprintf(why, HUGE_WHY, "mapping one of %llu KiB: %s", (unsigned long long)kib, strerror(errno));
	else
		munmap(p, kib << 10);
	if (fd >= 0)
		close(fd);
	return p != MAP_FAILED;
}

bool huge_usable(char why[static HUGE_WHY])
{
	uint64_t smallest_kib;
	sum_free_kib(&smallest_kib);
	if (!smallest_kib) {
		snprintf(why, HUGE_WHY, "none are free");
		return false;
	}
	return mounts_open(why) && mappable(smallest_kib, why);
}
