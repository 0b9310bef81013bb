// SPDX-License-Identifier: MPL-2.0
#ifndef VSH_CSQLITE_SHIM_H
#define VSH_CSQLITE_SHIM_H
#include <fcntl.h>
#include <sqlite3.h>
#include <stdint.h>
#include <unistd.h>
/// SQLITE_TRANSIENT is a cast that Swift cannot import: tells SQLite to copy the bytes bound.
static inline sqlite3_destructor_type vsh_sqlite_transient(void) { return SQLITE_TRANSIENT; }
/// sqlite3_db_config is variadic: leaves the write-ahead log in place when the last connection closes.
static inline int vsh_sqlite_keep_log(sqlite3 *db) {
    return sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

/// Opens like open(2), but never gives a number below 10: those are the script's.
static inline int vsh_sqlite_open(const char *path, int flags, int mode) {
    int fd = open(path, flags, mode);
    if (fd < 0 || fd >= 10) return fd;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
    if (high < 0) return fd;
    close(fd);
    return high;
}
static inline void vsh_sqlite_use_high_descriptors(void) {
    sqlite3_vfs *vfs = sqlite3_vfs_find(0);
    if (vfs && vfs->iVersion >= 3) vfs->xSetSystemCall(vfs, "open", (sqlite3_syscall_ptr)vsh_sqlite_open);
}

#endif
