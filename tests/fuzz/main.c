// Runs a fuzz target over every file of the seed directories named on the command line, or over single files.
//
// No fuzzer needed: each seed is fed whole, then its beginnings, always so that it ends where memory ends.
// A missing or empty directory is an error: a test that runs nothing has proved nothing.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

enum {
	SEED_LEN_MAX = 1 << 20, // 1 MiB, because a larger seed belongs into a corpus elsewhere
	BEGINNINGS_MAX = 256,   // 256, because the run of all seeds should stay below a few seconds
};

static uint8_t *memory_end; // the octet here cannot be touched

static void open_memory(void)
{
	long page = sysconf(_SC_PAGESIZE);
	uint8_t *p = mmap(NULL, SEED_LEN_MAX + (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || mprotect(p + SEED_LEN_MAX, (size_t)page, PROT_NONE) < 0) {
		perror("fuzz: guard page");
		exit(1);
	}
	memory_end = p + SEED_LEN_MAX;
}

static void run_lengths(const uint8_t *seed, size_t len)
{
	size_t step = len / BEGINNINGS_MAX + 1;
	for (size_t cut = 0; cut <= len; cut += step) {
		uint8_t *data = memory_end - (len - cut);
		if (len > cut)
			memcpy(data, seed, len - cut);
		(void)LLVMFuzzerTestOneInput(data, len - cut);
	}
}

static int run_file(const char *path)
{
	static uint8_t seed[SEED_LEN_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, seed, sizeof(seed));
	if (fd >= 0)
		close(fd);
	if (n < 0) {
		fprintf(stderr, "fuzz: %s: %s\n", path, strerror(errno));
		return 1;
	}
	run_lengths(seed, (size_t)n);
	return 0;
}

static int visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static int run_directory(const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, visible, alphasort);
	if (n <= 0) {
		fprintf(stderr, "fuzz: %s: %s\n", path, n < 0 ? strerror(errno) : "no seeds");
		return 1;
	}
	int failed = 0;
	for (int i = 0; i < n; i++) {
		char name[4096];
		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		failed |= run_file(name);
		free(entries[i]);
	}
	free(entries);
	printf("%s: %d seeds\n", path, n);
	return failed;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s SEEDS...\n", argv[0]);
		return 2;
	}
	open_memory();
	int failed = 0;
	for (int i = 1; i < argc; i++) {
		struct stat st;
		bool directory = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode);
		failed |= directory ? run_directory(argv[i]) : run_file(argv[i]);
	}
	return failed;
}
