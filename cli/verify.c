// `postwacht verify PATH...`: is what was written still there, unchanged, in its order?
#include "cli/verify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alerts/outbox/segment.h"
#include "alerts/sink/sink.h"
#include "alerts/verify/segments.h"
#include "cli/words.h"
#include "hw/log.h"

enum { AGAIN = 5 }; // half a second: a group is written in one

static void note_row(void *ctx, const struct verify_row *row)
{
	struct verify_log *l = ctx;
	l->records += row->records;
	l->newest = *row;
	if (l->n_rows < VERIFY_ROWS_SHOWN)
		l->row[l->n_rows++] = *row;
	else
		l->rows_more++;
}

static void trouble(struct verify_log *l, const char *file, int rc)
{
	const char *words = rc == -EBADMSG ? "gzip that is damaged, cut short, or followed by something else" :
		rc == -EPROTONOSUPPORT ? "an outbox of another version" : rc == -EAGAIN ? "it changes while it is read" : words_error(-rc);
	if (l->trouble[0] == '\0')
		snprintf(l->trouble, sizeof l->trouble, "%.180s: %s", words_input(file), words);
}

// ---- lines -------------------------------------------------------------------------------------------------------

static void read_file(struct rows *r, struct verify_log *l, const char *path)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int rc = fd < 0 ? -errno : rows_file(r, fd, standard ? words_input(path) : path);
	if (rc < 0)
		trouble(l, path, rc);
	if (fd >= 0 && !standard)
		close(fd);
}

static int verify_lines(struct verify_log *l, const struct options *o, const struct cursor *cursor)
{
	const struct rows_config config = {.others = o->others, .whole = o->whole};
	struct rows *r;
	if (rows_open(&r, &config, &l->verify) < 0) {
		log_error("verify", "out of memory");
		return EXIT_TROUBLE;
	}
	for (size_t i = 0; i < l->n_files; i++)
		read_file(r, l, l->file[i]);
	rows_end(r, cursor);
	l->compared = cursor != NULL;
	l->unproved = rows_unproved(r);
	rows_close(&r);
	return 0;
}

// ---- outbox ------------------------------------------------------------------------------------------------------

static void look_at_outbox(struct verify_log *l)
{
	const char *path = l->file[0];
	uint64_t first;
	const char *slash = strrchr(path, '/');
	bool segment = segment_is(slash != NULL ? slash + 1 : path, &first);
	int fd = open(path, O_RDONLY | O_CLOEXEC | (segment ? 0 : O_DIRECTORY));
	int rc = fd < 0 ? -errno : segment ? segments_one(&l->verify, fd, path) : segments_lane(&l->verify, fd, path);
	if (rc < 0)
		trouble(l, path, rc);
	if (fd >= 0)
		close(fd);
}

static void verify_outbox(struct verify_logs *logs, struct verify_log *l)
{
	if (!l->absent)
		look_at_outbox(l);
	if (l->box > 0)
		verify_box_compare(&logs->box[l->box - 1], l);
}

// ---- the sensor's own account ------------------------------------------------------------------------------------

// The only one there is; else all of them are told.
static int find_output(const char *state, char name[static SINK_NAME + 1])
{
	char path[1024], all[512] = "";
	size_t n = 0, len;
	snprintf(path, sizeof path, "%.900s/delivery", state);
	DIR *d = opendir(path);
	if (d == NULL) {
		log_error("verify", "cannot open %s: %s; check --state", path, strerror(errno));
		return EXIT_TROUBLE;
	}
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		if (!verify_cursor_name(e->d_name, &len) || len > SINK_NAME)
			continue;
		snprintf(name, SINK_NAME + 1, "%.*s", (int)len, e->d_name);
		snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", n++ > 0 ? ", " : "", name);
	}
	closedir(d);
	if (n == 1)
		return 0;
	if (n == 0)
		log_error("usage", "%s has no cursor: the sensor has delivered nothing from there", path);
	else
		log_error("usage", "say with --output which one the files are of: %s", all);
	return EXIT_USAGE;
}

static int load_cursor(const struct options *o, struct cursor *c)
{
	char name[SINK_NAME + 1], path[1200];
	int code = 0;
	if (o->output == NULL)
		code = find_output(o->state, name);
	else
		snprintf(name, sizeof name, "%s", o->output);
	if (code != 0)
		return code;
	snprintf(path, sizeof path, "%.900s/delivery/%s.cursor", o->state, name);
	int rc = cursor_read(path, c);
	if (rc == 0)
		return 0;
	log_error("verify", "%s: %s", path, rc == -ENODATA ? "is damaged" : strerror(-rc));
	return EXIT_TROUBLE;
}

// Before the files: what is written meanwhile makes them longer than it says, never shorter.
static int find_cursor(const struct verify_logs *l, const struct options *o, struct cursor *c, const struct cursor **found)
{
	size_t logs = 0;
	for (size_t i = 0; i < l->n; i++)
		logs += !l->log[i].outbox;
	*found = NULL;
	if (o->output != NULL && (o->state == NULL || strchr(o->output, '/') != NULL)) {
		log_error("usage", "--output is the name of an output, together with --state");
		return EXIT_USAGE;
	}
	if (o->state == NULL || logs == 0)
		return 0;
	if (logs > 1) {
		log_error("usage", "--state is for the files of one output; these are of %zu", logs);
		return EXIT_USAGE;
	}
	*found = c;
	return load_cursor(o, c);
}

// ---- together ----------------------------------------------------------------------------------------------------

bool verify_complete(const struct verify_log *l)
{
	return l->trouble[0] == '\0' && !l->verify.unfinished && !l->unproved && l->verify.unfit == VERIFY_FIT;
}

int verify_code(const struct verify_log *l)
{
	if (verify_faults(&l->verify) > 0)
		return EXIT_TROUBLE;
	return verify_complete(l) ? EXIT_FINE : EXIT_INCOMPLETE;
}

static int worst_code(const struct verify_logs *l)
{
	int worst = EXIT_FINE;
	for (size_t i = 0; i < l->n; i++) {
		int code = verify_code(&l->log[i]);
		if (code == EXIT_TROUBLE || worst == EXIT_FINE)
			worst = code;
	}
	return worst;
}

int verify_run(const struct options *o)
{
	struct verify_logs logs = {.n = 0};
	struct cursor cursor;
	const struct cursor *found = NULL;
	int code = verify_logs_find(&logs, o->operands, o->n_operands);
	if (code == 0)
		code = find_cursor(&logs, o, &cursor, &found);
	for (size_t i = 0; code == 0 && i < logs.n; i++) {
		struct verify_log *l = &logs.log[i];
		l->verify.row = note_row;
		l->verify.again = AGAIN;
		l->verify.ctx = l;
		if (l->outbox)
			verify_outbox(&logs, l);
		else
			code = verify_lines(l, o, found);
		if (code == 0 && !o->json)
			verify_say(l);
	}
	if (code == 0) {
		code = worst_code(&logs);
		if (o->json && !verify_say_json(&logs))
			code = EXIT_TROUBLE;
	}
	verify_logs_free(&logs);
	return code;
}
