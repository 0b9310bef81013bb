// SPDX-License-Identifier: MPL-2.0
#ifndef VSH_CSQLITE_SHIM_H
#define VSH_CSQLITE_SHIM_H
#include <sqlite3.h>
/// SQLITE_TRANSIENT is a cast that Swift cannot import: tells SQLite to copy the bytes bound.
static inline sqlite3_destructor_type vsh_sqlite_transient(void) { return SQLITE_TRANSIENT; }
#endif
