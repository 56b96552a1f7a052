// A state directory has more to say than its outbox: how far each output came is known in files of their own. An end that was cut
// off, or a whole lane, is missed there and nowhere else.
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/verify.h"

bool verify_cursor_name(const char *name, size_t *len)
{
	const char *end = strstr(name, ".cursor");
	*len = end != NULL ? (size_t)(end - name) : 0;
	return *len > 0 && strcmp(end, ".cursor") == 0;
}

static bool add(struct verify_box *b, const struct cursor *c)
{
	if (b->n == VERIFY_CURSORS)
		return true;
	struct verify_known *more = realloc(b->known, (b->n + 1) * sizeof *more);
	if (more == NULL)
		return false;
	b->known = more;
	more[b->n] = (struct verify_known){.outbox = c->outbox};
	for (enum outbox_lane lane = 0; lane < OUTBOX_LANES; lane++)
		more[b->n].next[lane] = c->lane[lane].seq;
	b->n++;
	return true;
}

// What is written meanwhile makes the outbox longer than they say, never shorter. What cannot be read says nothing: outputs that
// are gone leave theirs behind, and an outbox alone is verified, too.
bool verify_box_read(struct verify_box *b)
{
	char path[VERIFY_PATH + 300];
	struct cursor c;
	size_t len;
	bool good = true;
	DIR *d = opendir(b->delivery);
	for (struct dirent *e; good && d != NULL && (e = readdir(d)) != NULL;) {
		if (!verify_cursor_name(e->d_name, &len) || (e->d_type != DT_REG && e->d_type != DT_UNKNOWN))
			continue;
		snprintf(path, sizeof path, "%s/%s", b->delivery, e->d_name);
		if (cursor_read(path, &c) == 0 && c.outbox != 0)
			good = add(b, &c);
	}
	if (d != NULL)
		closedir(d);
	return good;
}

// Number of the newest record that an output has looked at; it looks at nothing that is not on disk. False: none knows this outbox.
static bool newest_known(const struct verify_box *b, uint64_t epoch, enum outbox_lane lane, uint64_t *seq)
{
	bool any = false;
	*seq = 0;
	for (size_t i = 0; epoch != 0 && i < b->n; i++) {
		if (b->known[i].outbox != epoch)
			continue;
		any = true;
		if (b->known[i].next[lane] > *seq + 1)
			*seq = b->known[i].next[lane] - 1;
	}
	return any;
}

void verify_box_compare(struct verify_box *b, struct verify_log *l)
{
	uint64_t reached = l->absent ? 0 : l->newest.reached, newest;
	if (!l->absent)
		b->epoch = l->newest.epoch;
	if (l->trouble[0] != '\0')
		return;
	enum outbox_lane lane = l->absent ? l->lane : l->newest.lane;
	l->compared = newest_known(b, b->epoch, lane, &newest);
	if (newest <= reached)
		return;
	const struct verify_problem p = {.fault = VERIFY_SHORT, .at = {.file = l->name}, .numbered = true, .epoch = b->epoch, .seq = newest,
		.lane = lane, .from = reached + 1, .to = newest, .before = reached};
	verify_note(&l->verify, &p, "", 0);
}
