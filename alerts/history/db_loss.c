// When the sensor was blind, on disk: a report says so beside what it counts. docs/design/0020-loss.md.
//
// One row an interval and tap; one that grew replaces what it was. Nothing here is read back: memory begins anew with each run.
#include "alerts/history/db.h"

#include <stdio.h>

enum { LOSS_ROWS = 65536 }; // the oldest go; more is a sensor that should be looked at

int history_db_loss_create(struct history *h)
{
	return history_db_run(h->db,
		"CREATE TABLE loss(from_ns INTEGER NOT NULL, to_ns INTEGER NOT NULL, tap TEXT NOT NULL, blind INTEGER NOT NULL,"
		" missed INTEGER NOT NULL, errors INTEGER NOT NULL, no_mbuf INTEGER NOT NULL, lanes INTEGER NOT NULL,"
		" facts INTEGER NOT NULL, received INTEGER NOT NULL, PRIMARY KEY(from_ns, tap)) WITHOUT ROWID");
}

static sqlite3_int64 as_integer(uint64_t value)
{
	return value < INT64_MAX ? (sqlite3_int64)value : INT64_MAX;
}

static int write_one(sqlite3_stmt *s, const struct history_loss_row *l)
{
	sqlite3_bind_int64(s, 1, as_integer(l->interval.from_ns));
	sqlite3_bind_int64(s, 2, as_integer(l->interval.to_ns));
	sqlite3_bind_text(s, 3, l->tap, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 4, l->interval.blind);
	for (int i = 0; i < LOSS_NUMBERS; i++)
		sqlite3_bind_int64(s, 5 + i, as_integer(l->interval.n[i]));
	int rc = sqlite3_step(s);
	sqlite3_reset(s);
	return history_db_errno(rc);
}

int history_db_loss_write(struct history *h)
{
	sqlite3_stmt *s = NULL;
	char text[160];

	if (!h->n_losses)
		return 0;
	int r = history_db_errno(sqlite3_prepare_v2(h->db->sql, "INSERT OR REPLACE INTO loss VALUES(?,?,?,?,?,?,?,?,?,?)", -1, &s, NULL));
	for (size_t i = 0; !r && i < h->n_losses; i++)
		r = write_one(s, &h->loss[i]);
	sqlite3_finalize(s);
	snprintf(text, sizeof(text),
		"DELETE FROM loss WHERE from_ns < (SELECT from_ns FROM loss ORDER BY from_ns DESC LIMIT 1 OFFSET %d)", LOSS_ROWS - 1);
	return r ? r : history_db_run(h->db, text);
}
