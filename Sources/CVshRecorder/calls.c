// SPDX-License-Identifier: MPL-2.0
//
// Calls on names, made for the program. Where the shell's own directories lie below the root of a sandbox, Landlock cannot keep
// programs from them, and a call that was only looked at could be led there by another thread or process.
// So these calls are made here: the directory that a name is in is opened, and looked at, and the call is made relative
// to it and through no link; the program gets the result.
#include "calls.h"
#include <linux/audit.h>
#include <sched.h>

/// A call was made: its answer.
static int answer(const struct caller *c, int result) { return know_answer(c->slot, result < 0 ? -errno : ANSWER_DONE); }

/// The same for one that gave a name away. A recorder that died may have made it already.
static int answer_gone(const struct caller *c, int result) {
  if (result < 0 && errno == ENOENT && c->slot->is_repeated) result = 0;
  return answer(c, result);
}

bool is_just_made(const struct caller *c, const struct spot *spot) {
  struct statx x;
  if (!c->slot->is_repeated || statx(spot->directory, spot->name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &x) < 0) return false;
  return x.stx_mask & STATX_BTIME && clock_now() - ((int64_t)x.stx_btime.tv_sec * 1000000000 + x.stx_btime.tv_nsec) < 100000000;
}

/// The same for one that made a name.
static int answer_made(const struct caller *c, int result, const struct spot *spot) {
  if (result < 0 && errno == EEXIST) {
    if (is_just_made(c, spot)) result = 0;
    else errno = EEXIST;
  }
  return answer(c, result);
}

void take_mask(pid_t pid) {
  static _Thread_local bool has_mask;
  if (!has_mask) has_mask = unshare(CLONE_FS) == 0;
  if (has_mask) umask(mask_of(pid));
}

void drop_mask(void) { umask(077); }

bool path_of(int fd, char *path) {
  char link[32];
  struct stat status;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t count = readlink(link, path, PATH_MAX - 1);
  if (count < 0 && errno == ENAMETOOLONG) count = 0;
  if (count < 0 || fstat(fd, &status) < 0 || status.st_nlink == 0) return false;
  path[count] = 0;
  if (count == 0 && is_bound()) strcpy(path, "?");
  if (count == 0 || path[0] != '/') return count == 0;
  if (!leads_back(fd, path)) memcpy(path, "?", 2);
  return true;
}

bool has_lost(const char *path) {
  static const char gone[] = " (deleted)";
  size_t count = strlen(path), tail = sizeof gone - 1;
  struct stat status;
  return count > tail && memcmp(path + count - tail, gone, tail) == 0 && lstat(path, &status) < 0;
}

int refuse_call(const struct caller *c, const char *action, const char *path) {
  pause_rights();
  note_refusal(c->operation, c->pid, action, path);
  resume_rights();
  return -EACCES;
}

int find_spot(const struct caller *c, const struct slot *slot, int directory, const char *path, struct spot *spot) {
  spot->directory = open_parent(slot, c->pid, directory, path, spot->name);
  if (spot->directory < 0) return spot->directory;
  if (!path_of_directory(spot->directory, spot->path)) {
    close(spot->directory);
    return -ENOENT;
  }
  size_t count = strlen(spot->path), name = strcspn(spot->name, "/");
  if (count > 0) snprintf(spot->path + count, sizeof spot->path - count, "%s%.*s", count > 1 ? "/" : "", (int)name, spot->name);
  return 0;
}

int find_changeable(const struct caller *c, int directory, const char *path, const char *action, int dots, struct spot *spot) {
  struct stat status;
  int result = find_spot(c, c->slot, directory, path, spot);
  if (result == -EBUSY) {
    int fd = open_object(c->slot, c->pid, directory, path, true);
    if (fd >= 0) close(fd);
    size_t count = strlen(path);
    bool is_up = count > 1 && path[count - 1] == '.' && path[count - 2] == '.';
    return fd < 0 ? fd : dots == -EINVAL && is_up ? -ENOTEMPTY : dots;
  }
  if (result < 0) return result;
  // A directory that the shell's own lie below is not empty.
  bool makes = dots == -EEXIST, removes_empty = dots == -EINVAL;
  if (spot->path[0] == 0 || !(is_outside(spot->path) || (!makes && !removes_empty && holds_own(spot->path)))) return 0;
  bool exists = fstatat(spot->directory, spot->name, &status, AT_SYMLINK_NOFOLLOW) == 0;
  close(spot->directory);
  if (makes && exists) return -EEXIST;
  return makes || exists ? refuse_call(c, action, spot->path) : -ENOENT;
}

/// The same for a path in the task's memory.
static int find(const struct caller *c, int directory, uint64_t address, const char *action, int dots, struct spot *spot) {
  char path[PATH_MAX];
  return read_string(c->pid, address, path, sizeof path) ? find_changeable(c, directory, path, action, dots, spot) : -EFAULT;
}

static int make_name(const struct caller *c, int directory, uint64_t address, mode_t mode, dev_t device) {
  struct spot spot;
  int result = find(c, directory, address, "create", -EEXIST, &spot);
  if (result < 0) return result;
  take_mask(c->pid);
  result = answer_made(c, S_ISDIR(mode) ? mkdirat(spot.directory, spot.name, mode & 07777) : mknodat(spot.directory, spot.name, mode, device), &spot);
  drop_mask();
  close(spot.directory);
  return result;
}

/// The same for what is to be a new name of anything but a directory: a link would lead to other directories than the shell's own.
static int find_new(const struct caller *c, int directory, uint64_t address, struct spot *spot) {
  struct stat status;
  int result = find(c, directory, address, "create", -EEXIST, spot);
  if (result < 0 || !spot->path[0] || !holds_own(spot->path)) return result;
  bool exists = fstatat(spot->directory, spot->name, &status, AT_SYMLINK_NOFOLLOW) == 0;
  close(spot->directory);
  return exists ? -EEXIST : refuse_call(c, "create", spot->path);
}

static int make_symlink(const struct caller *c, uint64_t target, int directory, uint64_t address) {
  struct spot spot;
  char text[PATH_MAX];
  if (!read_string(c->pid, target, text, sizeof text)) return -EFAULT;
  int result = find_new(c, directory, address, &spot);
  if (result < 0) return result;
  result = answer_made(c, symlinkat(text, spot.directory, spot.name), &spot);
  close(spot.directory);
  return result;
}

static int make_link(const struct caller *c, int from, uint64_t old, int directory, uint64_t address, int flags) {
  struct spot spot;
  char text[PATH_MAX], path[LONG_PATH], link[32];
  if (!read_string(c->pid, old, text, sizeof text)) return -EFAULT;
  if (text[0] == 0 && !(flags & AT_EMPTY_PATH)) return -ENOENT;
  int object = open_object(c->slot, c->pid, from, text, flags & AT_SYMLINK_FOLLOW);
  if (object < 0) return object;
  int result = find_new(c, directory, address, &spot);
  if (result == 0) {
    snprintf(link, sizeof link, "/proc/self/fd/%d", object);
    if (path_of(object, path) && path[0] && is_outside(path)) result = refuse_call(c, "create", path);
    else result = answer(c, linkat(AT_FDCWD, link, spot.directory, spot.name, AT_SYMLINK_FOLLOW));
    close(spot.directory);
  }
  close(object);
  return result;
}

static int remove_name(const struct caller *c, int directory, uint64_t address, int flags) {
  struct spot spot;
  bool is_directory = flags & AT_REMOVEDIR;
  int result = find(c, directory, address, is_directory ? "rmdir" : "remove", is_directory ? -EINVAL : -EISDIR, &spot);
  if (result < 0) return result;
  result = answer_gone(c, unlinkat(spot.directory, spot.name, flags));
  close(spot.directory);
  return result;
}

static int rename_name(const struct caller *c, int from, uint64_t old, int to, uint64_t new, unsigned flags) {
  struct spot first, second;
  int result = find(c, from, old, "rename", -EBUSY, &first);
  if (result < 0) return result;
  char path[PATH_MAX];
  result = read_string(c->pid, new, path, sizeof path) ? find_spot(c, c->slot, to, path, &second) : -EFAULT;
  if (result == 0) {
    if (second.path[0] && (is_outside(second.path) || holds_own(second.path))) result = refuse_call(c, "rename", second.path);
    else result = answer_gone(c, (int)syscall(SYS_renameat2, first.directory, first.name, second.directory, second.name, flags));
    close(second.directory);
  }
  close(first.directory);
  return result;
}

static int truncate_name(const struct caller *c, uint64_t address, off_t size) {
  char path[LONG_PATH];
  if (!read_string(c->pid, address, path, PATH_MAX)) return -EFAULT;
  int object = open_object(c->slot, c->pid, AT_FDCWD, path, true);
  if (object < 0) return object;
  int result;
  if (path_of(object, path) && path[0] && (is_outside(path) || has_lost(path))) {
    result = refuse_call(c, "open", path);
  } else {
    snprintf(path, sizeof path, "/proc/self/fd/%d", object);
    result = answer(c, truncate(path, size));
  }
  close(object);
  return result;
}

static int dispatch(const struct caller *c, int number, const uint64_t *a) {
  int here = AT_FDCWD;
  switch (number) {
#ifdef SYS_open
  case SYS_open: return open_name(c, here, a[0], a[1], (mode_t)a[2]);
  case SYS_creat: return open_name(c, here, a[0], O_CREAT | O_WRONLY | O_TRUNC, (mode_t)a[1]);
  case SYS_mkdir: return make_name(c, here, a[0], S_IFDIR | ((mode_t)a[1] & 07777), 0);
  case SYS_mknod: return S_ISDIR((mode_t)a[1]) ? -EPERM : make_name(c, here, a[0], (mode_t)a[1], (dev_t)a[2]);
  case SYS_symlink: return make_symlink(c, a[0], here, a[1]);
  case SYS_link: return make_link(c, here, a[0], here, a[1], 0);
  case SYS_unlink: return remove_name(c, here, a[0], 0);
  case SYS_rmdir: return remove_name(c, here, a[0], AT_REMOVEDIR);
  case SYS_rename: return rename_name(c, here, a[0], here, a[1], 0);
#endif
#ifdef SYS_renameat
  case SYS_renameat: return rename_name(c, (int)a[0], a[1], (int)a[2], a[3], 0);
#endif
  case SYS_openat: return open_name(c, (int)a[0], a[1], a[2], (mode_t)a[3]);
  case 437: return open_with(c, (int)a[0], a[1], a[2], a[3]);
  case SYS_mkdirat: return make_name(c, (int)a[0], a[1], S_IFDIR | ((mode_t)a[2] & 07777), 0);
  case SYS_mknodat: return S_ISDIR((mode_t)a[2]) ? -EPERM : make_name(c, (int)a[0], a[1], (mode_t)a[2], (dev_t)a[3]);
  case SYS_symlinkat: return make_symlink(c, a[0], (int)a[1], a[2]);
  case SYS_linkat: return make_link(c, (int)a[0], a[1], (int)a[2], a[3], (int)a[4]);
  case SYS_unlinkat: return remove_name(c, (int)a[0], a[1], (int)a[2]);
  case SYS_bind: return bind_socket(c, (int)a[0], a[1], a[2]);
  case SYS_renameat2: return rename_name(c, (int)a[0], a[1], (int)a[2], a[3], (unsigned)a[4]);
  // The 32-bit table has its sizes in two parts.
  case SYS_truncate: return c->event->data.arch == NATIVE_ARCHITECTURE ? truncate_name(c, a[0], (off_t)a[1]) : -ENOSYS;
  }
  return 0;
}

int answer_unreadable(const struct caller *c) {
  // One that outlives the only process that may read its memory, as a background job may.
  if (makes_calls() == MAKES_BY_DEFAULT && vsh_recorder_reads_as_ancestor()) return 0;
  return refuse_call(c, "change", "the paths of a program whose memory cannot be read");
}

int make_call(struct slot *slot, struct operation *operation, const struct seccomp_notif *event, int number, const uint64_t *arguments) {
  const struct caller caller = {slot, operation, event, (pid_t)event->pid};
  int result = take_rights(caller.pid);
  if (result < 0) return result;
  result = dispatch(&caller, number, arguments);
  drop_rights();
  return reading_failed() && result == -EFAULT ? answer_unreadable(&caller) : result;
}
