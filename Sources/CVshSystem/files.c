// SPDX-License-Identifier: MPL-2.0
#include "vsh_file.h"
#include "result.h"
#include <dirent.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

_Static_assert(VSH_AT_CURRENT == AT_FDCWD && VSH_AT_NO_FOLLOW == AT_SYMLINK_NOFOLLOW && VSH_AT_EFFECTIVE == AT_EACCESS &&
                   VSH_AT_REMOVE_DIRECTORY == AT_REMOVEDIR && VSH_AT_FOLLOW == AT_SYMLINK_FOLLOW &&
                   VSH_AT_EMPTY_PATH == AT_EMPTY_PATH,
               "AT_");
_Static_assert(VSH_RENAME_NO_REPLACE == RENAME_NOREPLACE && VSH_RENAME_EXCHANGE == RENAME_EXCHANGE, "RENAME_");
_Static_assert(VSH_RESOLVE_NO_CROSS_DEVICE == RESOLVE_NO_XDEV && VSH_RESOLVE_NO_MAGIC_LINKS == RESOLVE_NO_MAGICLINKS &&
                   VSH_RESOLVE_NO_SYMBOLIC_LINKS == RESOLVE_NO_SYMLINKS && VSH_RESOLVE_BENEATH == RESOLVE_BENEATH &&
                   VSH_RESOLVE_IN_ROOT == RESOLVE_IN_ROOT,
               "RESOLVE_");
_Static_assert(VSH_TIME_NOW == UTIME_NOW && VSH_TIME_OMIT == UTIME_OMIT, "UTIME_");

enum { DESCRIPTOR_PATH_SIZE = 32 };
static void descriptor_path(int fd, char *path) { snprintf(path, DESCRIPTOR_PATH_SIZE, "/proc/self/fd/%d", fd); }

// Descriptors

int vsh_open(int at, const char *path, int flags, mode_t mode) { return RESULT(openat(at, path, flags, mode)); }

int vsh_open_resolved(int at, const char *path, int flags, mode_t mode, uint64_t resolve) {
  struct open_how how = {.flags = (uint64_t)flags, .resolve = resolve};
  if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) how.mode = mode & 07777;  // else EINVAL
  long fd = -1;
  for (int i = 0; i < 16; i++) {
    fd = syscall(SYS_openat2, at, path, &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN) break;
  }
  return fd < 0 ? -errno : (int)fd;
}

int vsh_close(int fd) {
  int result = RESULT(close(fd));
  return result == -EINTR ? 0 : result;
}

ssize_t vsh_read(int fd, void *buffer, size_t count) { return RESULT(read(fd, buffer, count)); }
ssize_t vsh_write(int fd, const void *bytes, size_t count) { return RESULT(write(fd, bytes, count)); }

int vsh_write_all(int fd, const void *bytes, size_t count, size_t *written) {
  size_t done = 0;
  int error = 0;
  while (done < count && error == 0) {
    ssize_t result = write(fd, (const char *)bytes + done, count - done);
    if (result >= 0) done += (size_t)result;
    else if (errno != EINTR) error = -errno;
  }
  if (written) *written = done;
  return error;
}

ssize_t vsh_read_at(int fd, void *buffer, size_t count, int64_t offset) { return RETRY(pread(fd, buffer, count, offset)); }
ssize_t vsh_write_at(int fd, const void *bytes, size_t count, int64_t offset) {
  return RETRY(pwrite(fd, bytes, count, offset));
}
int64_t vsh_seek(int fd, int64_t offset, int whence) { return RESULT(lseek(fd, offset, whence)); }

int vsh_dup_to(int fd, int to, int close_on_exec) {
  if (fd == to) return RESULT(fcntl(fd, F_SETFD, close_on_exec ? FD_CLOEXEC : 0)) < 0 ? -errno : to;
  int result;
  do result = dup3(fd, to, close_on_exec ? O_CLOEXEC : 0);
  while (result < 0 && (errno == EINTR || errno == EBUSY));
  return result < 0 ? -errno : result;
}

int vsh_dup_above(int fd, int minimum, int close_on_exec) {
  return RESULT(fcntl(fd, close_on_exec ? F_DUPFD_CLOEXEC : F_DUPFD, minimum));
}

int vsh_pipe(int fds[2], int flags) { return RESULT(pipe2(fds, flags)); }
int vsh_pipe_capacity(int fd, int size) {
  return RESULT(size > 0 ? fcntl(fd, F_SETPIPE_SZ, size) : fcntl(fd, F_GETPIPE_SZ));
}

int vsh_readable_bytes(int fd) {
  int count = 0, result = RESULT(ioctl(fd, FIONREAD, &count));
  return result < 0 ? result : count;
}

int vsh_connect_local(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if (length >= sizeof address.sun_path) return -ENAMETOOLONG;
  memcpy(address.sun_path, path, length);
  int fd = RESULT(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd < 0) return fd;
  int result = RESULT(connect(fd, (struct sockaddr *)&address, sizeof address));
  if (result == 0) return fd;
  close(fd);
  return result;
}

int vsh_descriptor_flags(int fd) { return RESULT(fcntl(fd, F_GETFD)); }
int vsh_set_descriptor_flags(int fd, int flags) { return RESULT(fcntl(fd, F_SETFD, flags)); }
int vsh_status_flags(int fd) { return RESULT(fcntl(fd, F_GETFL)); }
int vsh_set_status_flags(int fd, int flags) { return RESULT(fcntl(fd, F_SETFL, flags)); }

int vsh_lock_range(int fd, int type, int64_t start, int64_t length, int wait) {
  struct flock lock = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  return RESULT(fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock));
}

int vsh_lock(int fd, int operation) { return RESULT(flock(fd, operation)); }
int vsh_truncate(int fd, int64_t length) { return RETRY(ftruncate(fd, length)); }
int vsh_allocate(int fd, int mode, int64_t offset, int64_t length) { return RETRY(fallocate(fd, mode, offset, length)); }
int vsh_sync(int fd) { return RETRY(fsync(fd)); }
int vsh_sync_data(int fd) { return RETRY(fdatasync(fd)); }
int vsh_memory_file(const char *name, unsigned flags) { return RESULT(memfd_create(name, flags)); }
int vsh_close_range(unsigned first, unsigned last, unsigned flags) {
  return (int)RESULT(syscall(SYS_close_range, first, last, flags));
}

void *vsh_map(size_t length, int writable, int shared, int fd, int64_t offset, int *error) {
  int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  int kind = (shared ? MAP_SHARED : MAP_PRIVATE) | (fd < 0 ? MAP_ANONYMOUS : 0);
  void *address = mmap(NULL, length, protection, kind, fd, offset);
  *error = address == MAP_FAILED ? -errno : 0;
  return address == MAP_FAILED ? NULL : address;
}

void vsh_populate(void *address, size_t length) { (void)madvise(address, length, 23 /* MADV_POPULATE_WRITE */); }
int vsh_unmap(void *address, size_t length) { return RESULT(munmap(address, length)); }
int vsh_sync_map(void *address, size_t length) { return RETRY(msync(address, length, MS_SYNC)); }

int vsh_clone(int from, int to) { return RETRY(ioctl(to, FICLONE, from)); }
ssize_t vsh_copy_range(int from, int to, size_t count) { return RESULT(copy_file_range(from, NULL, to, NULL, count, 0)); }
ssize_t vsh_tee(int from, int to, size_t count, unsigned flags) { return RESULT(tee(from, to, count, flags)); }

// Status

int vsh_stat(int at, const char *path, int flags, struct vsh_status *status) {
  struct statx x;
  // STATX_MNT_ID
  if (RETRY(statx(at, path, flags, STATX_BASIC_STATS | STATX_BTIME | 0x1000, &x)) < 0) return -errno;
  status->device = makedev(x.stx_dev_major, x.stx_dev_minor);
  status->rdevice = makedev(x.stx_rdev_major, x.stx_rdev_minor);
  status->inode = x.stx_ino;
  status->size = x.stx_size;
  status->blocks = x.stx_blocks;
  status->mount = x.stx_mask & 0x1000 ? x.stx_mnt_id : 0;
  status->access_seconds = x.stx_atime.tv_sec;
  status->modify_seconds = x.stx_mtime.tv_sec;
  status->change_seconds = x.stx_ctime.tv_sec;
  status->birth_seconds = x.stx_mask & STATX_BTIME ? x.stx_btime.tv_sec : 0;
  status->access_nanoseconds = x.stx_atime.tv_nsec;
  status->modify_nanoseconds = x.stx_mtime.tv_nsec;
  status->change_nanoseconds = x.stx_ctime.tv_nsec;
  status->birth_nanoseconds = x.stx_mask & STATX_BTIME ? x.stx_btime.tv_nsec : 0;
  status->mode = x.stx_mode;
  status->links = x.stx_nlink;
  status->owner = x.stx_uid;
  status->group = x.stx_gid;
  status->block_size = x.stx_blksize;
  status->attributes = x.stx_attributes & x.stx_attributes_mask;
  return 0;
}

int vsh_file_system(int fd, struct vsh_file_system *info) {
  struct statfs raw;
  int result = RETRY(fstatfs(fd, &raw));
  if (result < 0) return result;
  *info = (struct vsh_file_system){
      .type = (uint64_t)raw.f_type,
      .block_size = (uint64_t)(raw.f_frsize ? raw.f_frsize : raw.f_bsize),
      .blocks = raw.f_blocks,
      .free_blocks = raw.f_bfree,
      .available_blocks = raw.f_bavail,
      .files = raw.f_files,
      .free_files = raw.f_ffree,
      .name_max = (uint64_t)raw.f_namelen,
      .flags = (uint64_t)raw.f_flags,
  };
  memcpy(&info->id, &raw.f_fsid, sizeof info->id);
  return 0;
}

// Directories

ssize_t vsh_read_directory(int fd, void *buffer, size_t capacity) { return RETRY(getdents64(fd, buffer, capacity)); }

size_t vsh_next_entry(const void *buffer, size_t offset, struct vsh_entry *entry) {
  const struct dirent64 *raw = (const void *)((const char *)buffer + offset);
  entry->name = raw->d_name;
  entry->length = strlen(raw->d_name);
  entry->inode = raw->d_ino;
  entry->type = raw->d_type;
  return offset + raw->d_reclen;
}

int vsh_make_directory(int at, const char *path, mode_t mode) { return RETRY(mkdirat(at, path, mode)); }
int vsh_unlink(int at, const char *path, int flags) { return RETRY(unlinkat(at, path, flags)); }
int vsh_rename(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
  return RETRY(renameat2(from_at, from, to_at, to, flags));
}
int vsh_link(int from_at, const char *from, int to_at, const char *to, int flags) {
  return RETRY(linkat(from_at, from, to_at, to, flags));
}

int vsh_link_descriptor(int fd, int to_at, const char *to) {
  int result = RETRY(linkat(fd, "", to_at, to, AT_EMPTY_PATH));
  if (result != -ENOENT && result != -EPERM) return result;  // no CAP_DAC_READ_SEARCH
  char path[DESCRIPTOR_PATH_SIZE];
  descriptor_path(fd, path);
  return RETRY(linkat(AT_FDCWD, path, to_at, to, AT_SYMLINK_FOLLOW));
}

int vsh_symbolic_link(const char *target, int at, const char *path) { return RETRY(symlinkat(target, at, path)); }
ssize_t vsh_read_link(int at, const char *path, char *buffer, size_t capacity) {
  return RETRY(readlinkat(at, path, buffer, capacity));
}
int vsh_make_node(int at, const char *path, mode_t mode, uint64_t device) { return RETRY(mknodat(at, path, mode, device)); }
int vsh_change_directory(const char *path) { return RETRY(chdir(path)); }
int vsh_change_directory_descriptor(int fd) { return RETRY(fchdir(fd)); }

// Metadata

int vsh_access(int at, const char *path, int how, int flags) { return RETRY(faccessat(at, path, how, flags)); }

int vsh_change_mode(int at, const char *path, mode_t mode, int flags) {
  if (flags & AT_EMPTY_PATH && !*path) {
    int result = RETRY(fchmod(at, mode));
    if (result != -EBADF) return result;
    char name[DESCRIPTOR_PATH_SIZE];  // opened with O_PATH
    descriptor_path(at, name);
    return RETRY(chmod(name, mode));
  }
  return RETRY(fchmodat(at, path, mode, flags));
}

int vsh_change_owner(int at, const char *path, uid_t owner, gid_t group, int flags) {
  return RETRY(fchownat(at, path, owner, group, flags));
}

int vsh_set_times(int at, const char *path, int64_t access_seconds, int64_t access_nanoseconds, int64_t modify_seconds,
                  int64_t modify_nanoseconds, int flags) {
  struct timespec times[2] = {{access_seconds, access_nanoseconds}, {modify_seconds, modify_nanoseconds}};
  return path ? RETRY(utimensat(at, path, times, flags)) : RETRY(futimens(at, times));
}
