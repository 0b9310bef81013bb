// SPDX-License-Identifier: MPL-2.0
#ifndef VSH_CSQLITE_SHIM_H
#define VSH_CSQLITE_SHIM_H
#include <sqlite3.h>
/// SQLITE_TRANSIENT is a cast that Swift cannot import: tells SQLite to copy the bytes bound.
static inline sqlite3_destructor_type vsh_sqlite_transient(void) { return SQLITE_TRANSIENT; }
/// sqlite3_db_config is variadic: leaves the write-ahead log in place when the last connection closes.
static inline int vsh_sqlite_keep_log(sqlite3 *db) {
    return sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}
#endif
