// Counters behind measure.h, and the wrapped functions of the C library that feed them.
#include "tests/limits/measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WALK_SHIFT = 4 }; // the library walks about 16 octets in the time of a basic block

static uint64_t operations, allocations;
static bool counting;
static uint32_t fail_at;
static bool failed;
static int64_t outstanding;

void __sanitizer_cov_trace_pc(void);
void *__real_malloc(size_t len);
void *__real_calloc(size_t n, size_t len);
void *__real_realloc(void *p, size_t len);
void *__real_aligned_alloc(size_t align, size_t len);
void __real_free(void *p);
void *__real_mmap64(void *at, size_t len, int prot, int flags, int fd, off_t off); // what mmap() is with 64-bit offsets
int __real_munmap(void *p, size_t len);
void *__real_memcpy(void *to, const void *from, size_t len);
void *__real_memmove(void *to, const void *from, size_t len);
void *__real_memset(void *to, int c, size_t len);
int __real_memcmp(const void *a, const void *b, size_t len);
void *__real_memchr(const void *p, int c, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t n, size_t len);
void *__wrap_realloc(void *p, size_t len);
void *__wrap_aligned_alloc(size_t align, size_t len);
void __wrap_free(void *p);
void *__wrap_mmap64(void *at, size_t len, int prot, int flags, int fd, off_t off);
int __wrap_munmap(void *p, size_t len);
void *__wrap_memcpy(void *to, const void *from, size_t len);
void *__wrap_memmove(void *to, const void *from, size_t len);
void *__wrap_memset(void *to, int c, size_t len);
int __wrap_memcmp(const void *a, const void *b, size_t len);
void *__wrap_memchr(const void *p, int c, size_t len);

uint64_t measure_operations(void)
{
	return operations;
}

uint64_t measure_allocations(void)
{
	return allocations;
}

void measure_start(void)
{
	operations = allocations = 0;
	counting = true;
}

void measure_stop(void)
{
	counting = false;
}

void measure_go_on(void)
{
	counting = true;
}

uint64_t measure_resident(void)
{
	unsigned long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f || fscanf(f, "%lu %lu", &size, &resident) != 2)
		abort();
	fclose(f);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

void measure_fail(uint32_t k)
{
	fail_at = k;
	failed = false;
	outstanding = 0;
}

void measure_fail_end(void)
{
	fail_at = 0;
}

bool measure_failed(void)
{
	return failed;
}

int64_t measure_outstanding(void)
{
	return outstanding;
}

// ---- called by instrumented code and through --wrap ----------------------------------------------------------

void __sanitizer_cov_trace_pc(void)
{
	operations += counting;
}

// True when this allocation is the one that has to fail.
static bool refuse(void)
{
	allocations += counting;
	if (!fail_at || --fail_at)
		return false;
	failed = true;
	errno = ENOMEM;
	return true;
}

static void *owned(void *p)
{
	outstanding += p != NULL;
	return p;
}

void *__wrap_malloc(size_t len)
{
	return refuse() ? NULL : owned(__real_malloc(len));
}

void *__wrap_calloc(size_t n, size_t len)
{
	return refuse() ? NULL : owned(__real_calloc(n, len));
}

void *__wrap_realloc(void *p, size_t len)
{
	if (refuse())
		return NULL;
	return p ? __real_realloc(p, len) : owned(__real_realloc(p, len));
}

void *__wrap_aligned_alloc(size_t align, size_t len)
{
	return refuse() ? NULL : owned(__real_aligned_alloc(align, len));
}

void __wrap_free(void *p)
{
	outstanding -= p != NULL;
	__real_free(p);
}

void *__wrap_mmap64(void *at, size_t len, int prot, int flags, int fd, off_t off)
{
	if (refuse())
		return MAP_FAILED;
	void *p = __real_mmap64(at, len, prot, flags, fd, off);
	outstanding += p != MAP_FAILED;
	return p;
}

int __wrap_munmap(void *p, size_t len)
{
	int err = __real_munmap(p, len);
	outstanding -= !err;
	return err;
}

static void walk(size_t len)
{
	operations += counting ? len >> WALK_SHIFT : 0;
}

void *__wrap_memcpy(void *to, const void *from, size_t len)
{
	walk(len);
	return __real_memcpy(to, from, len);
}

void *__wrap_memmove(void *to, const void *from, size_t len)
{
	walk(len);
	return __real_memmove(to, from, len);
}

void *__wrap_memset(void *to, int c, size_t len)
{
	walk(len);
	return __real_memset(to, c, len);
}

int __wrap_memcmp(const void *a, const void *b, size_t len)
{
	walk(len);
	return __real_memcmp(a, b, len);
}

// Counts what was walked over, not what might have been.
void *__wrap_memchr(const void *p, int c, size_t len)
{
	const char *hit = __real_memchr(p, c, len);
	walk(hit ? (size_t)(hit - (const char *)p) : len);
	return (void *)hit;
}
