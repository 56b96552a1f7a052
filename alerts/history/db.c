// The copy on disk: DIR/history.sqlite, one table a kind, a row's value as it is in memory. The only one that knows SQLite.
//
// Memory is the truth: a batch is one transaction of what changed, so a kill at any point leaves the batch before it, whole,
// with the sessions it was learned from (and, of db_loss.c, when the sensor was blind). A copy that cannot be read is moved
// aside and begun anew. One process at a time holds the lock; readers need none (WAL).
#include "alerts/history/db.h"

#include "hw/clock.h"
#include "hw/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HISTORY_SCHEMA = 2,   // PRAGMA user_version
	BUSY_MS = 2000,       // a reader may be at it
	LAYOUT = 0x3634656c,  // "le64": rows are of machines that are like this one
};

int history_db_errno(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CANTOPEN:
		return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
		return -EBADMSG;
	default:
		return -EIO;
	}
}

int history_db_run(struct history_db *db, const char *text)
{
	return history_db_errno(sqlite3_exec(db->sql, text, NULL, NULL, NULL));
}

// One number that a statement gives; -errno.
static int ask(struct history_db *db, const char *text, int64_t *out)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db->sql, text, -1, &s, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return rc == SQLITE_DONE ? -ENOENT : history_db_errno(rc);
}

// ---- schema ----------------------------------------------------------------------------------------------------

static int create(struct history *h)
{
	char text[256];
	int r = history_db_run(h->db, "CREATE TABLE about(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
			   "CREATE TABLE learned(page INTEGER PRIMARY KEY, sessions BLOB NOT NULL);");

	for (size_t k = 0; !r && k < KIND_N; k++) {
		snprintf(text, sizeof(text), "CREATE TABLE %s(key BLOB PRIMARY KEY, seen INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID",
			history_kinds[k].name);
		r = history_db_run(h->db, text);
	}
	snprintf(text, sizeof(text), "INSERT INTO about VALUES('seed', %" PRId64 "),('layout', %d),('next', 0)", (int64_t)h->seed, LAYOUT);
	return r ? r : history_db_run(h->db, text);
}

// From each version to the next; a new one is added at the end.
static int (*const steps[])(struct history *h) = {create, history_db_loss_create};
static_assert(sizeof(steps) / sizeof(steps[0]) == HISTORY_SCHEMA, "a step for each version");

static int migrate(struct history *h, char *error)
{
	int64_t version = 0, layout = 0, seed = 0;
	char text[64];
	int r = ask(h->db, "PRAGMA user_version", &version);

	if (!r && (version < 0 || version > HISTORY_SCHEMA)) {
		snprintf(error, HISTORY_ERROR, "its history is of version %" PRId64 ", this program knows %d", version, HISTORY_SCHEMA);
		return -ENOTSUP;
	}
	if (!r && version < HISTORY_SCHEMA)
		r = history_db_run(h->db, "BEGIN IMMEDIATE");
	for (int64_t v = version; !r && v < HISTORY_SCHEMA; v++)
		r = steps[v](h);
	snprintf(text, sizeof(text), "PRAGMA user_version = %d; COMMIT", HISTORY_SCHEMA);
	if (!r && version < HISTORY_SCHEMA)
		r = history_db_run(h->db, text);
	if (!r)
		r = ask(h->db, "SELECT value FROM about WHERE name = 'layout'", &layout);
	if (!r && layout != LAYOUT) {
		snprintf(error, HISTORY_ERROR, "its history is of another kind of machine");
		return -ENOTSUP;
	}
	if (!r)
		r = ask(h->db, "SELECT value FROM about WHERE name = 'seed'", &seed);
	h->seed = (uint64_t)seed;
	return r == -ENOENT ? -EBADMSG : r;
}

// ---- reading ---------------------------------------------------------------------------------------------------

static void load_row(struct history *h, enum history_kind kind, const void *key, uint64_t seen_ns, const void *value)
{
	struct history_key k;
	max_align_t there[sizeof(struct history_pair) / sizeof(max_align_t) + 32];

	memcpy(&k, key, sizeof(k));
	static_assert(sizeof(struct row_server) <= sizeof(there) && sizeof(struct row_cert) <= sizeof(there), "the largest rows");
	memcpy(there, value, history_kinds[kind].value_len);
	if (k.used != 1 || !history_kinds[kind].sane(there))
		return;
	if (kind == KIND_PAIR) // connections are numbered anew in each run
		for (size_t i = 0; i < HISTORY_FAILURES; i++)
			((struct history_pair *)(void *)there)->failure[i].birth = 0;
	memcpy(history_make(h, kind, &k, seen_ns), there, history_kinds[kind].value_len);
}

static int load_kind(struct history *h, enum history_kind kind)
{
	sqlite3_stmt *s = NULL;
	char text[96];
	int rc;

	snprintf(text, sizeof(text), "SELECT key, seen, value FROM %s ORDER BY seen", history_kinds[kind].name);
	rc = sqlite3_prepare_v2(h->db->sql, text, -1, &s, NULL);
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(s);
		if (rc == SQLITE_ROW && sqlite3_column_bytes(s, 0) == HISTORY_KEY_LEN &&
		    sqlite3_column_bytes(s, 2) == (int)history_kinds[kind].value_len)
			load_row(h, kind, sqlite3_column_blob(s, 0), (uint64_t)sqlite3_column_int64(s, 1), sqlite3_column_blob(s, 2));
	}
	sqlite3_finalize(s);
	struct history_table *t = &h->table[kind];
	for (uint32_t i = 0; i < t->n_dirty; i++)
		history_row_at(t, t->dirty[i])->dirty = 0;
	t->n_dirty = 0;
	return history_db_errno(rc);
}

static int load_learned(struct history *h)
{
	sqlite3_stmt *s = NULL;
	struct history_learned *l = &h->learned;
	int64_t next = 0;
	int r = ask(h->db, "SELECT value FROM about WHERE name = 'next'", &next);
	int rc = sqlite3_prepare_v2(h->db->sql, "SELECT page, sessions FROM learned ORDER BY page", -1, &s, NULL);

	l->next = next > 0 ? (uint64_t)next - (uint64_t)next % LEARNED_PAGE : 0;
	while (!r && (rc == SQLITE_OK || rc == SQLITE_ROW)) {
		uint64_t page[LEARNED_PAGE];
		rc = sqlite3_step(s);
		if (rc != SQLITE_ROW || sqlite3_column_bytes(s, 1) != sizeof(page))
			continue;
		memcpy(page, sqlite3_column_blob(s, 1), sizeof(page));
		l->next = (uint64_t)sqlite3_column_int64(s, 0) * LEARNED_PAGE;
		for (size_t i = 0; i < LEARNED_PAGE && page[i]; i++)
			history_learned_put(h, page[i]);
	}
	sqlite3_finalize(s);
	l->written = l->next;
	return r ? r : history_db_errno(rc);
}

static int load(struct history *h)
{
	int r = load_learned(h);

	for (size_t k = 0; !r && k < KIND_N; k++)
		r = load_kind(h, (enum history_kind)k);
	h->counts.evicted = 0;
	return r;
}

// ---- opening ---------------------------------------------------------------------------------------------------

static int prepare(struct history_db *db)
{
	char text[128];
	// Once rights are given up nothing can be written elsewhere, so not in /tmp either.
	int r = history_db_run(db, "PRAGMA temp_store = MEMORY");
	if (r)
		return r;
	int rc = sqlite3_prepare_v2(db->sql, "INSERT OR REPLACE INTO learned VALUES(?,?)", -1, &db->page, NULL);

	for (size_t k = 0; rc == SQLITE_OK && k < KIND_N; k++) {
		snprintf(text, sizeof(text), "INSERT OR REPLACE INTO %s VALUES(?,?,?)", history_kinds[k].name);
		rc = sqlite3_prepare_v2(db->sql, text, -1, &db->put[k], NULL);
		snprintf(text, sizeof(text), "DELETE FROM %s WHERE key = ?", history_kinds[k].name);
		if (rc == SQLITE_OK)
			rc = sqlite3_prepare_v2(db->sql, text, -1, &db->drop[k], NULL);
	}
	return history_db_errno(rc);
}

static void shut(struct history_db *db)
{
	for (size_t k = 0; k < KIND_N; k++) {
		sqlite3_finalize(db->put[k]);
		sqlite3_finalize(db->drop[k]);
		db->put[k] = db->drop[k] = NULL;
	}
	sqlite3_finalize(db->page);
	db->page = NULL;
	sqlite3_close(db->sql);
	db->sql = NULL;
	db->open = false;
}

// SQLite gives its helper files the mode of the first.
static int begin_file(const struct history_db *db)
{
	int fd = open(db->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int open_file(struct history *h, char *error)
{
	struct history_db *db = h->db;
	int r = begin_file(db);

	if (!r)
		r = history_db_errno(sqlite3_open_v2(db->path, &db->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
	if (!r) {
		sqlite3_extended_result_codes(db->sql, 1);
		sqlite3_busy_timeout(db->sql, BUSY_MS);
		// A file of somebody else's making may hold views and triggers: they are not ours.
		sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(db->sql, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
		sqlite3_db_config(db->sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		r = history_db_run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cell_size_check = ON");
	}
	if (!r)
		r = migrate(h, error);
	if (!r)
		r = load(h);
	return r ? r : prepare(db);
}

// With its helper files: a journal left behind would be applied to the new one.
static int move_aside(struct history_db *db)
{
	static const char *const parts[] = {"", "-wal"};
	uint64_t now_s = clock_wall_ns() / HISTORY_SECOND_NS;
	char from[PATH_MAX + 8], to[PATH_MAX + 64];

	for (size_t i = 0; i < 2; i++) {
		snprintf(from, sizeof(from), "%s%s", db->path, parts[i]);
		snprintf(to, sizeof(to), "%s.corrupt-%" PRIu64 "%s", db->path, now_s, parts[i]);
		if (rename(from, to) < 0 && errno != ENOENT)
			return -errno;
	}
	snprintf(from, sizeof(from), "%s-shm", db->path);
	unlink(from);
	log_error("state", "%s cannot be read; it was moved to %s.corrupt-%" PRIu64 " and begun anew", db->path, db->path, now_s);
	return 0;
}

static int take_lock(struct history_db *db, const char *dir)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/history.lock", dir) >= (int)sizeof(path) ||
	    snprintf(db->path, sizeof(db->path), "%s/history.sqlite", dir) >= (int)sizeof(db->path) - 64)
		return -ENAMETOOLONG;
	db->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (db->lock < 0)
		return -errno;
	if (flock(db->lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return 0;
}

int history_db_open(struct history *h, const char *dir, char *error)
{
	struct history_db *db = h->db = calloc(1, sizeof(*db));

	if (!db)
		return -ENOMEM;
	db->lock = -1;
	if (mkdir(dir, 0750) < 0 && errno != EEXIST)
		return -errno;
	int r = take_lock(db, dir);
	if (r == -EBUSY)
		snprintf(error, HISTORY_ERROR, "another process uses it");
	if (!r)
		r = open_file(h, error);
	if (r == -EBADMSG) {
		shut(db);
		history_forget_all(h);
		r = move_aside(db);
		if (!r)
			r = open_file(h, error);
	}
	return r;
}

void history_db_close(struct history_db **db)
{
	if (!*db)
		return;
	shut(*db);
	if ((*db)->lock >= 0)
		close((*db)->lock);
	free(*db);
	*db = NULL;
}

// ---- writing ---------------------------------------------------------------------------------------------------

static int begin(struct history_db *db)
{
	int r = db->open ? 0 : history_db_run(db, "BEGIN IMMEDIATE");
	db->open = !r;
	return r;
}

// What goes before the next batch goes with it. A failure shows when the batch is committed: the row is there too long.
void history_db_forget(struct history *h, enum history_kind kind, const struct history_key *key)
{
	struct history_db *db = h->db;

	if (!db || !db->drop[kind] || begin(db))
		return;
	sqlite3_bind_blob(db->drop[kind], 1, key, sizeof(*key), SQLITE_STATIC);
	sqlite3_step(db->drop[kind]);
	sqlite3_reset(db->drop[kind]);
}

static int write_row(struct history_db *db, enum history_kind kind, const struct history_row *r)
{
	sqlite3_stmt *s = db->put[kind];

	sqlite3_bind_blob(s, 1, &r->key, sizeof(r->key), SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)r->seen_ns);
	sqlite3_bind_blob(s, 3, r + 1, (int)history_kinds[kind].value_len, SQLITE_STATIC);
	int rc = sqlite3_step(s);
	sqlite3_reset(s);
	return history_db_errno(rc);
}

static int write_learned(struct history *h)
{
	struct history_learned *l = &h->learned;
	uint64_t page = l->written / LEARNED_PAGE, last = l->next / LEARNED_PAGE;
	char text[160];
	int r = 0;

	if (l->written == l->next)
		return 0;
	if (last >= LEARNED_MAX / LEARNED_PAGE && page < last - LEARNED_MAX / LEARNED_PAGE + 1)
		page = last - LEARNED_MAX / LEARNED_PAGE + 1;
	for (; !r && page <= last; page++) {
		uint64_t out[LEARNED_PAGE] = {0};
		uint64_t from = page * LEARNED_PAGE;
		for (uint64_t i = from; i < from + LEARNED_PAGE && i < l->next; i++)
			out[i - from] = l->ring[i % LEARNED_MAX];
		sqlite3_bind_int64(h->db->page, 1, (sqlite3_int64)page);
		sqlite3_bind_blob(h->db->page, 2, out, sizeof(out), SQLITE_STATIC);
		r = history_db_errno(sqlite3_step(h->db->page));
		sqlite3_reset(h->db->page);
	}
	snprintf(text, sizeof(text),
		"UPDATE about SET value = %" PRIu64 " WHERE name = 'next'; DELETE FROM learned WHERE page < %" PRId64, l->next,
		(int64_t)last - LEARNED_MAX / LEARNED_PAGE + 1);
	return r ? r : history_db_run(h->db, text);
}

static int write_all(struct history *h)
{
	int r = begin(h->db);

	if (!r)
		r = write_learned(h);
	for (size_t k = 0; !r && k < KIND_N; k++) {
		struct history_table *t = &h->table[k];
		for (uint32_t i = 0; !r && i < t->n_dirty; i++)
			r = write_row(h->db, (enum history_kind)k, history_row_at(t, t->dirty[i]));
	}
	if (!r)
		r = history_db_loss_write(h);
	if (!r)
		r = history_db_run(h->db, "COMMIT");
	h->db->open = false;
	if (r)
		sqlite3_exec(h->db->sql, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

static void all_written(struct history *h)
{
	for (size_t k = 0; k < KIND_N; k++) {
		struct history_table *t = &h->table[k];
		for (uint32_t i = 0; i < t->n_dirty; i++)
			history_row_at(t, t->dirty[i])->dirty = 0;
		t->n_dirty = 0;
	}
	h->learned.written = h->learned.next;
	h->n_losses = 0;
}

static void all_changed(struct history *h)
{
	for (size_t k = 0; k < KIND_N; k++) {
		struct history_table *t = &h->table[k];
		t->n_dirty = 0;
		for (uint32_t i = 0; i < t->n_sets * HISTORY_WAYS; i++) {
			struct history_row *r = history_row_at(t, i);
			r->dirty = r->key.used;
			if (r->key.used)
				t->dirty[t->n_dirty++] = i;
		}
	}
	h->learned.written = h->learned.next > LEARNED_MAX ? h->learned.next - LEARNED_MAX : 0;
}

// An empty file in place of the one that broke.
static int begin_anew(struct history *h)
{
	char error[HISTORY_ERROR] = "";
	uint64_t seed = h->seed;

	shut(h->db);
	int r = move_aside(h->db);
	if (!r)
		r = begin_file(h->db);
	if (!r)
		r = history_db_errno(sqlite3_open_v2(h->db->path, &h->db->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
	if (!r)
		r = history_db_run(h->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
	if (!r)
		r = migrate(h, error);
	h->seed = seed;
	all_changed(h);
	return r ? r : prepare(h->db);
}

int history_db_write(struct history *h)
{
	if (!h->db->sql || !h->db->page) // broken before, and nothing better could be made
		return -EIO;
	int r = write_all(h);

	if (r == -EBADMSG) {
		r = begin_anew(h);
		if (!r)
			r = write_all(h);
	}
	if (!r)
		all_written(h);
	return r;
}
