// Large tables: one mapping each, a guard behind it.
#include "hw/pages.h"

#include <stdint.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

// With the guard; 0: more than can be addressed.
static size_t whole(size_t len)
{
	return len > SIZE_MAX - 2 * PAGE ? 0 : (len + PAGE - 1) / PAGE * PAGE + PAGE;
}

void *pages_map(size_t len)
{
	size_t n = whole(len);
	void *p = n ? mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) : MAP_FAILED;
	if (p == MAP_FAILED)
		return NULL;
	if (mprotect((char *)p + n - PAGE, PAGE, PROT_NONE) < 0) {
		munmap(p, n);
		return NULL;
	}
	return p;
}

void pages_unmap(void *p, size_t len)
{
	if (p)
		munmap(p, whole(len));
}
