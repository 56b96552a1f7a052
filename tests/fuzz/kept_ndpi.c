// Opening nDPI takes 50 ms, and a fuzzer opens a worker for every input: here its modules are kept for the next one. What they
// remember does not matter (dissect/classify/ndpi.h: nothing is ever of the same address). Linked with --wrap.
#include <stddef.h>
#include <stdint.h>

struct ndpi_detection_module_struct;

struct ndpi_detection_module_struct *__real_ndpi_init_detection_module(uint32_t prefs);
void __real_ndpi_finalize_initialization(struct ndpi_detection_module_struct *m);
struct ndpi_detection_module_struct *__wrap_ndpi_init_detection_module(uint32_t prefs);
void __wrap_ndpi_finalize_initialization(struct ndpi_detection_module_struct *m);
void __wrap_ndpi_exit_detection_module(struct ndpi_detection_module_struct *m);

enum { KEPT = 8 };

static struct ndpi_detection_module_struct *kept[KEPT], *fresh;
static size_t n_kept;

struct ndpi_detection_module_struct *__wrap_ndpi_init_detection_module(uint32_t prefs)
{
	fresh = n_kept ? NULL : __real_ndpi_init_detection_module(prefs);
	return fresh ? fresh : kept[--n_kept];
}

void __wrap_ndpi_finalize_initialization(struct ndpi_detection_module_struct *m)
{
	if (m == fresh)
		__real_ndpi_finalize_initialization(m);
}

void __wrap_ndpi_exit_detection_module(struct ndpi_detection_module_struct *m)
{
	if (n_kept < KEPT)
		kept[n_kept++] = m; // never more than there are workers
}
