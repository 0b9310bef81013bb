// SPDX-License-Identifier: MPL-2.0
//
// Files and directories. `at` is a directory descriptor, or VSH_AT_CURRENT. Negative errno on failure.
// EINTR is returned where a call can wait for another process (open of a FIFO, read, write, lock); elsewhere the call
// is repeated.
#ifndef VSH_FILE_H
#define VSH_FILE_H
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

// Names that <fcntl.h> hides without _GNU_SOURCE; files.c checks those that have numbers here.
enum {
  VSH_O_PATH = __O_PATH,
  VSH_O_TMPFILE = __O_TMPFILE,
  VSH_O_DIRECT = __O_DIRECT,
  VSH_O_NOATIME = __O_NOATIME,
  VSH_AT_CURRENT = -100,
  VSH_AT_NO_FOLLOW = 0x100,
  VSH_AT_EFFECTIVE = 0x200,
  VSH_AT_REMOVE_DIRECTORY = 0x200,
  VSH_AT_FOLLOW = 0x400,
  VSH_AT_EMPTY_PATH = 0x1000,
  VSH_RENAME_NO_REPLACE = 1,
  VSH_RENAME_EXCHANGE = 2,
  VSH_RESOLVE_NO_CROSS_DEVICE = 1,
  VSH_RESOLVE_NO_MAGIC_LINKS = 2,
  VSH_RESOLVE_NO_SYMBOLIC_LINKS = 4,
  VSH_RESOLVE_BENEATH = 8,
  VSH_RESOLVE_IN_ROOT = 16,
};

int vsh_open(int at, const char *_Nonnull path, int flags, mode_t mode);
/// openat2. -EAGAIN (a rename raced with RESOLVE_BENEATH or IN_ROOT) is tried again up to 16 times.
int vsh_open_resolved(int at, const char *_Nonnull path, int flags, mode_t mode, uint64_t resolve);
/// close. Never repeated: the descriptor is gone even after EINTR, which is hidden.
int vsh_close(int fd);
ssize_t vsh_read(int fd, void *_Nullable buffer, size_t count);
ssize_t vsh_write(int fd, const void *_Nullable bytes, size_t count);
/// Writes all bytes, going on after EINTR and short writes; on failure `*written` says how far it came.
int vsh_write_all(int fd, const void *_Nullable bytes, size_t count, size_t *_Nullable written);
ssize_t vsh_read_at(int fd, void *_Nullable buffer, size_t count, int64_t offset);
ssize_t vsh_write_at(int fd, const void *_Nullable bytes, size_t count, int64_t offset);
int64_t vsh_seek(int fd, int64_t offset, int whence);
/// dup3; goes on after EINTR and EBUSY. `to == from` only sets or clears close-on-exec.
int vsh_dup_to(int fd, int to, int close_on_exec);
/// fcntl(F_DUPFD or F_DUPFD_CLOEXEC): the lowest free number from `minimum` on.
int vsh_dup_above(int fd, int minimum, int close_on_exec);
int vsh_pipe(int fds[_Nonnull 2], int flags);
/// F_GETPIPE_SZ, F_SETPIPE_SZ (`size` 0: only ask).
int vsh_pipe_capacity(int fd, int size);
/// FIONREAD: bytes that can be read now.
int vsh_readable_bytes(int fd);
/// A stream to the socket of that name, which does not block; -EAGAIN: its server is busy.
int vsh_connect_local(const char *path);
int vsh_descriptor_flags(int fd);
int vsh_set_descriptor_flags(int fd, int flags);
int vsh_status_flags(int fd);
int vsh_set_status_flags(int fd, int flags);
/// fcntl record lock on an open file description (F_OFD_SETLK, F_OFD_SETLKW); type: F_RDLCK, F_WRLCK, F_UNLCK.
int vsh_lock_range(int fd, int type, int64_t start, int64_t length, int wait);
/// flock; LOCK_SH 1, LOCK_EX 2, LOCK_NB 4, LOCK_UN 8.
int vsh_lock(int fd, int operation);
int vsh_truncate(int fd, int64_t length);
int vsh_allocate(int fd, int mode, int64_t offset, int64_t length);
int vsh_sync(int fd);
int vsh_sync_data(int fd);
int vsh_memory_file(const char *_Nonnull name, unsigned flags);
/// close_range (`flags`: 2 unshare, 4 close-on-exec).
int vsh_close_range(unsigned first, unsigned last, unsigned flags);
/// mmap of a file; `shared`, else a private copy. NULL and a negative errno in `*error`.
void *_Nullable vsh_map(size_t length, int writable, int shared, int fd, int64_t offset, int *_Nonnull error);
void vsh_populate(void *_Nonnull address, size_t length);
int vsh_unmap(void *_Nonnull address, size_t length);
int vsh_sync_map(void *_Nonnull address, size_t length);

/// ioctl(FICLONE): `to` shares all of `from`'s blocks.
int vsh_clone(int from, int to);
/// copy_file_range from and to the current offsets. The bytes copied; EINTR is returned.
ssize_t vsh_copy_range(int from, int to, size_t count);
/// tee: copies up to `count` bytes of a pipe into another without consuming them.
ssize_t vsh_tee(int from, int to, size_t count, unsigned flags);

/// Times are seconds and nanoseconds since 1970; birth is 0,0 where unknown.
struct vsh_status {
  uint64_t device, inode, rdevice, size, blocks, mount;
  int64_t access_seconds, modify_seconds, change_seconds, birth_seconds;
  uint32_t access_nanoseconds, modify_nanoseconds, change_nanoseconds, birth_nanoseconds;
  uint32_t mode, links, owner, group, block_size;
  uint64_t attributes;  // STATX_ATTR_… that are set
};
/// statx with all basic fields, birth time and mount. `flags`: VSH_AT_NO_FOLLOW, VSH_AT_EMPTY_PATH.
int vsh_stat(int at, const char *_Nonnull path, int flags, struct vsh_status *_Nonnull status);

struct vsh_file_system {
  uint64_t type, block_size, blocks, free_blocks, available_blocks, files, free_files, name_max, flags, id;
};
int vsh_file_system(int fd, struct vsh_file_system *_Nonnull info);

/// getdents64: bytes filled, 0 at the end.
ssize_t vsh_read_directory(int fd, void *_Nonnull buffer, size_t capacity);
/// One entry of a buffer filled by vsh_read_directory.
struct vsh_entry {
  const char *_Null_unspecified name;  // NUL-terminated, inside the buffer
  size_t length;  // without NUL
  uint64_t inode;
  uint8_t type;  // DT_…
};
/// The entry at `offset`; returns the offset of the one after it.
size_t vsh_next_entry(const void *_Nonnull buffer, size_t offset, struct vsh_entry *_Nonnull entry);

int vsh_make_directory(int at, const char *_Nonnull path, mode_t mode);
int vsh_unlink(int at, const char *_Nonnull path, int flags);
int vsh_rename(int from_at, const char *_Nonnull from, int to_at, const char *_Nonnull to, unsigned flags);
int vsh_link(int from_at, const char *_Nonnull from, int to_at, const char *_Nonnull to, int flags);
/// Gives a name to a file opened with O_TMPFILE, through /proc when AT_EMPTY_PATH is not permitted.
int vsh_link_descriptor(int fd, int to_at, const char *_Nonnull to);
int vsh_symbolic_link(const char *_Nonnull target, int at, const char *_Nonnull path);
ssize_t vsh_read_link(int at, const char *_Nonnull path, char *_Nonnull buffer, size_t capacity);
int vsh_make_node(int at, const char *_Nonnull path, mode_t mode, uint64_t device);
int vsh_change_directory(const char *_Nonnull path);
int vsh_change_directory_descriptor(int fd);

/// `how`: R_OK 4, W_OK 2, X_OK 1, F_OK 0; `flags`: VSH_AT_EFFECTIVE, VSH_AT_NO_FOLLOW.
int vsh_access(int at, const char *_Nonnull path, int how, int flags);
/// fchmodat; with VSH_AT_NO_FOLLOW -EOPNOTSUPP for symbolic links, with VSH_AT_EMPTY_PATH and "" the descriptor itself.
int vsh_change_mode(int at, const char *_Nonnull path, mode_t mode, int flags);
int vsh_change_owner(int at, const char *_Nonnull path, uid_t owner, gid_t group, int flags);
enum { VSH_TIME_NOW = 0x3fffffff, VSH_TIME_OMIT = 0x3ffffffe };  // in place of nanoseconds
/// utimensat; with `path` NULL, the descriptor `at` itself.
int vsh_set_times(int at, const char *_Nullable path, int64_t access_seconds, int64_t access_nanoseconds,
                  int64_t modify_seconds, int64_t modify_nanoseconds, int flags);

// Extended attributes: of `fd` when `path` is NULL, else of the path; `follow`: of a symbolic link's target.
/// Names, each NUL-terminated; capacity 0 asks for the size.
ssize_t vsh_list_attributes(int fd, const char *_Nullable path, int follow, char *_Nullable buffer, size_t capacity);
ssize_t vsh_get_attribute(int fd, const char *_Nullable path, int follow, const char *_Nonnull name,
                          void *_Nullable buffer, size_t capacity);
/// `flags`: 1 create only, 2 replace only.
int vsh_set_attribute(int fd, const char *_Nullable path, int follow, const char *_Nonnull name,
                      const void *_Nullable value, size_t count, int flags);
int vsh_remove_attribute(int fd, const char *_Nullable path, int follow, const char *_Nonnull name);
#endif
