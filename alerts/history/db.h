// Between the files of the copy on disk (db.c, db_loss.c); nobody else includes it.
#pragma once

#include "alerts/history/private.h"

#include <limits.h>
#include <sqlite3.h>

struct history_db {
	sqlite3 *sql;
	sqlite3_stmt *put[KIND_N], *drop[KIND_N], *page;
	int lock;
	bool open;            // a transaction is
	char path[PATH_MAX];
};

// -errno of what SQLite answered; 0 where that was no error.
int history_db_errno(int rc);
// Statements without an answer. 0 or -errno.
int history_db_run(struct history_db *db, const char *text);

// db_loss.c: the table; what is waiting into it, within a transaction.
int history_db_loss_create(struct history *h);
int history_db_loss_write(struct history *h);
