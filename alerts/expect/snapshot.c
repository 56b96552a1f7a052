// Reading a snapshot: jansson makes a tree of it, which is walked twice. The first time only looks, so that of a document
// that is wrong at its end nothing is given; the second time gives.
#include "alerts/expect/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/expect/snapshot_read.h"

static const char *const top_members[] = {"version", "as_of", "domains", "hosts", NULL};

// Names as members: each once, however it is written.
static void walk(struct reader *r, const json_t *members, const char *what,
                 void (*read)(struct reader *r, const json_t *value, const char *name))
{
	json_t *seen = json_object(), *value;
	const char *key;

	if (!seen)
		r->result = -ENOMEM;
	json_object_foreach((json_t *)(uintptr_t)members, key, value) {
		char name[POLICY_NAME];
		if (!reader_ok(r))
			break;
		size_t mark = reader_enter(r, "%s.%.60s", what, key);
		reader_host_name(r, key, strlen(key), name);
		if (reader_ok(r) && json_object_get(seen, name))
			reader_fail(r, "stands twice");
		else if (json_object_set_new(seen, name, json_true()) < 0 && reader_ok(r))
			r->result = -ENOMEM;
		if (reader_ok(r))
			read(r, value, name);
		reader_leave(r, mark);
	}
	json_decref(seen);
}

static void lone_host(struct reader *r, const json_t *value, const char *name)
{
	reader_host(r, value, name, false);
}

static void read_top(struct reader *r, const json_t *root)
{
	if (!reader_object(r, root, top_members))
		return;
	json_int_t version = json_integer_value(reader_required(r, root, "version", JSON_INTEGER));
	if (version != SNAPSHOT_VERSION)
		reader_fail(r, "\"version\" must be %d", SNAPSHOT_VERSION);
	reader_required(r, root, "as_of", JSON_STRING);
	r->as_of_s = reader_time(r, root, "as_of", 0);
	const json_t *domains = reader_required(r, root, "domains", JSON_OBJECT);
	const json_t *hosts = reader_member(r, root, "hosts", JSON_OBJECT);
	walk(r, hosts, "hosts", lone_host);
	walk(r, domains, "domains", reader_domain);
}

static int read_tree(const json_t *root, const struct snapshot_sink *sink, char *error)
{
	struct reader r = {.error = error, .room = calloc(1, sizeof(*r.room))};

	r.result = r.room ? 0 : -ENOMEM;
	for (int pass = 0; pass < 2 && reader_ok(&r); pass++) {
		r.sink = pass ? sink : NULL;
		r.described = json_object();
		if (r.described)
			read_top(&r, root);
		else
			r.result = -ENOMEM;
		json_decref(r.described);
	}
	free(r.room);
	return r.result;
}

int snapshot_read(const char *text, size_t len, const struct snapshot_sink *sink, char *error)
{
	json_error_t e;

	error[0] = '\0';
	if (len > SNAPSHOT_READ_MAX) {
		snprintf(error, SNAPSHOT_ERROR, "longer than %d MiB", SNAPSHOT_READ_MAX >> 20);
		return 1;
	}
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
	if (!root && json_error_code(&e) == json_error_out_of_memory)
		return -ENOMEM;
	if (!root) {
		// What is near may be anything; it is left out where it would reach a terminal.
		snprintf(error, SNAPSHOT_ERROR, "line %d, column %d: %.140s", e.line, e.column, e.text);
		for (char *c = error; *c; c++)
			if (*c < ' ' || *c > '~')
				*c = '?';
		return 1;
	}
	int r = read_tree(root, sink, error);
	json_decref(root);
	return r;
}

// All of a file, a pipe as well, but one octet more than we take ends it.
static int slurp(int fd, char **out, size_t *len)
{
	size_t cap = 1 << 16, used = 0;
	char *text = malloc(cap);
	ssize_t n = 1;

	while (text && used <= SNAPSHOT_READ_MAX) {
		n = read(fd, text + used, cap - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
		if (used < cap)
			continue;
		cap *= 2;
		char *larger = realloc(text, cap);
		if (!larger)
			free(text);
		text = larger;
	}
	int r = !text ? -ENOMEM : n < 0 ? -errno : 0;
	if (r)
		free(text);
	*out = r ? NULL : text;
	*len = used;
	return r;
}

int snapshot_read_file(const char *path, const struct snapshot_sink *sink, char *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;
	size_t len;

	error[0] = '\0';
	if (fd < 0)
		return -errno;
	int r = slurp(fd, &text, &len);
	close(fd);
	if (r)
		return r;
	r = snapshot_read(text, len, sink, error);
	free(text);
	return r;
}
