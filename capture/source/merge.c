// Several taps as one source: their packets in the order of time.
//
// Each tap is a source of its own, whose packets are good until its next burst. So a burst of the whole ends where one of
// the taps has to be asked again: nothing is copied, and nobody is left with octets that are gone.
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "capture/source/ops.h"

struct arm {
	struct source *source;
	int at, n;            // of burst[]: next one, and how many there are
	bool ended;
	size_t n_files;       // of the taps before this one
	struct packet burst[PACKET_BURST];
};

struct merge {
	struct source base;
	uint64_t seq;
	int error;            // of a tap, told when what came before it was taken
	size_t n;
	struct arm arm[];
};

// Asks every tap that has nothing left. False when that has to wait: packets already in hand would be gone.
static bool refill(struct merge *m, int in_hand)
{
	for (size_t i = 0; i < m->n; i++) {
		struct arm *a = &m->arm[i];
		if (a->at < a->n || a->ended)
			continue;
		if (in_hand)
			return false;
		int n = source_burst(a->source, a->burst);
		a->at = 0;
		a->n = n > 0 ? n : 0;
		a->ended = n <= 0;
		if (n < 0 && !m->error)
			m->error = n;
	}
	return true;
}

// The tap whose next packet is the oldest. A packet without a time came after the one before it, which is all that is
// known: it goes at once.
static struct arm *oldest(struct merge *m)
{
	struct arm *best = NULL;
	for (size_t i = 0; i < m->n; i++) {
		struct arm *a = &m->arm[i];
		if (a->at < a->n && (!best || a->burst[a->at].time_ns < best->burst[best->at].time_ns))
			best = a;
	}
	return best;
}

static int merge_burst(struct source *s, struct packet burst[static PACKET_BURST])
{
	struct merge *m = (struct merge *)s;
	int n = 0;
	while (n < PACKET_BURST && !m->error && refill(m, n)) {
		struct arm *a = oldest(m);
		if (!a || m->error)
			break;
		struct packet *p = &burst[n++];
		*p = a->burst[a->at++];
		p->seq = ++m->seq;
		p->file = (uint16_t)(p->file + a->n_files);
		p->tap = (uint8_t)(a - m->arm);
	}
	return n ? n : m->error; // 0: SOURCE_END
}

static void merge_close(struct source *s)
{
	struct merge *m = (struct merge *)s;
	for (size_t i = 0; i < m->n; i++)
		source_close(&m->arm[i].source);
	free(m);
}

static void merge_progress(const struct source *s, uint64_t *done, uint64_t *total)
{
	const struct merge *m = (const struct merge *)s;
	bool known = true;
	*done = *total = 0;
	for (size_t i = 0; i < m->n; i++) {
		uint64_t part, whole;
		source_progress(m->arm[i].source, &part, &whole);
		*done += part;
		*total += whole;
		known &= whole != 0;
	}
	if (!known)
		*total = 0;
}

static const struct arm *arm_of(const struct merge *m, size_t file)
{
	const struct arm *a = &m->arm[m->n - 1];
	while (a > m->arm && file < a->n_files)
		a--;
	return a;
}

static const char *merge_file_name(const struct source *s, uint16_t file)
{
	const struct arm *a = arm_of((const struct merge *)s, file);
	return source_file_name(a->source, (uint16_t)(file - a->n_files));
}

static size_t merge_n_files(const struct source *s)
{
	const struct merge *m = (const struct merge *)s;
	return m->arm[m->n - 1].n_files + source_n_files(m->arm[m->n - 1].source);
}

static int merge_damage(const struct source *s, size_t index, struct source_damage *out)
{
	const struct merge *m = (const struct merge *)s;
	for (size_t i = 0; i < m->n; i++) {
		size_t n = 0;
		while (source_damage(m->arm[i].source, n, out) == 0) {
			if (index == n) {
				out->file = (uint16_t)(out->file + m->arm[i].n_files);
				return 0;
			}
			n++;
		}
		index -= n;
	}
	return -ENOENT;
}

static const struct source_ops merge_ops = {
	.name = "taps",
	.burst = merge_burst,
	.close = merge_close,
	.progress = merge_progress,
	.file_name = merge_file_name,
	.n_files = merge_n_files,
	.damage = merge_damage,
};

int source_taps_open(struct source **out, const struct source_file_config *taps, size_t n_taps, const char **bad_path)
{
	*out = NULL;
	*bad_path = NULL;
	if (n_taps == 0 || n_taps > SOURCE_TAPS_MAX)
		return -EINVAL;
	struct merge *m = calloc(1, sizeof(*m) + n_taps * sizeof(m->arm[0]));
	if (!m)
		return -ENOMEM;
	m->base.ops = &merge_ops;
	size_t n_files = 0;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n_taps; i++) {
		m->arm[i].n_files = n_files;
		rc = source_file_open(&m->arm[i].source, &taps[i], bad_path);
		m->n += rc == 0;
		n_files += rc == 0 ? source_n_files(m->arm[i].source) : 0;
	}
	if (rc == 0 && n_files > UINT16_MAX) // packet.file names a file with 16 bits
		rc = -E2BIG;
	if (rc < 0) {
		merge_close(&m->base);
		return rc;
	}
	*out = &m->base;
	return 0;
}
