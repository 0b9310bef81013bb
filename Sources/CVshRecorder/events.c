// SPDX-License-Identifier: MPL-2.0
//
// What each call is about to change, and the records of it. A call that fails afterwards does no harm: the states that
// are compared when the operation ends say that nothing happened.
#include "internal.h"
#include <linux/audit.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

enum { SOCKET_CALL = 102 };

struct context {
  struct slot *slot;
  struct operation *operation;
  pid_t pid;
  int number;  // of the call
};

/// Big things that need not be on the stack twice.
static _Thread_local struct place first, second, third;

/// The answer to a call that the sandbox does not allow.
static _Thread_local int refused;
/// The call is about covered places alone: the program makes it, and the kernel sees to it that it changes nothing else.
static _Thread_local bool is_safe;

/// Whether the sandbox does not allow the change of a path; it is noted.
static bool refuse(const struct context *c, const char *action, const char *path) {
  if (!is_outside(path) && !(memcmp(action, "re", 2) == 0 && holds_own(path))) return false;  // remove, rename
  note_refusal(c->operation, c->pid, action, path);
  refused = -EACCES;
  return true;
}

static bool read_path(const struct context *c, uint64_t address, char *path) { return read_string(c->pid, address, path, PATH_MAX); }

/// Nothing can be made in a directory that was removed. Landlock, asked first, knows no path of it and so says that it is outside.
static void look_whether_gone(const struct context *c, int directory, const char *path) {
  char name[NAME_MAX + 2];
  struct stat status;
  int fd = is_held() ? open_parent(c->slot, c->pid, directory, path, name) : -1;
  if (fd < 0) return;
  if (fstat(fd, &status) == 0 && status.st_nlink == 0) refused = -ENOENT;
  close(fd);
}

static void on_create(const struct context *c, int directory, uint64_t address, const char *source) {
  char path[PATH_MAX];
  if (!read_path(c, address, path)) return;
  if (!find_name(c->slot, c->pid, directory, path, &first)) return look_whether_gone(c, directory, path);
  is_safe = first.is_covered;
  if (first.exists) return;
  if (refuse(c, "create", first.path) || is_excluded(first.path)) return;
  record_created(c->operation, &first, source);
}

static void on_link(const struct context *c, int from, uint64_t old, int to, uint64_t new, int flags) {
  char path[PATH_MAX];
  bool known = read_path(c, old, path)
               && (path[0] == 0 ? flags & AT_EMPTY_PATH && find_path(c->pid, from, second.path)
                                : find_object(c->slot, c->pid, from, path, flags & AT_SYMLINK_FOLLOW, &second));
  bool is_source_safe = known && second.is_covered;
  on_create(c, to, new, known && look(&second) && !is_excluded(second.path) ? second.path : NULL);
  is_safe = is_safe && is_source_safe;
}

/// The flags that a task's descriptor is open with; 0 when they cannot be found out.
static unsigned long flags_of(pid_t pid, int descriptor) {
  char path[64], text[256];
  snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", pid, descriptor);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t count = read(fd, text, sizeof text - 1);
  close(fd);
  if (count <= 0) return 0;
  text[count] = 0;
  char *at = strstr(text, "flags:");
  return at ? strtoul(at + 6, NULL, 8) : 0;
}

bool is_given(pid_t pid, const struct place *place) {
  if (!is_outside(place->path)) return false;
  for (int descriptor = 0; descriptor < 3; descriptor++) {
    struct statx open;
    if (look_at_descriptor(pid, descriptor, &open) && open.stx_ino == place->status.stx_ino
        && device_of(&open) == device_of(&place->status) && flags_of(pid, descriptor) & O_ACCMODE)
      return true;
  }
  return false;
}

static void on_open(const struct context *c, int directory, uint64_t address, uint64_t flags) {
  char path[PATH_MAX];
  bool writes = (flags & O_ACCMODE) != O_RDONLY;
  if (!writes && !(flags & (O_CREAT | O_TRUNC))) return;
  if (flags & O_PATH || (flags & O_TMPFILE) == O_TMPFILE) return;
  if (!read_path(c, address, path)) return;
  if (!find_name(c->slot, c->pid, directory, path, &first)) {
    if (flags & O_CREAT) look_whether_gone(c, directory, path);
    return;
  }
  bool follows = !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
  // A link of /proc leads to what was opened, which may be only in the store by now.
  bool is_by_descriptor = false;
  if (first.exists && S_ISLNK(first.status.stx_mode)) {
    if (!follows) return;
    // To where a chain of links leads, which need not be there yet.
    for (int i = 0; i < 40 && first.exists && S_ISLNK(first.status.stx_mode); i++) {
      char target[PATH_MAX], whole[LONG_PATH];
      is_by_descriptor |= strncmp(first.path, "/proc/", 6) == 0;
      ssize_t count = readlink(first.path, target, sizeof target - 1);
      if (count <= 0) return;
      target[count] = 0;
      if (target[0] == '/') {
        if (!find_name(c->slot, c->pid, AT_FDCWD, target, &first)) return;
        continue;
      }
      size_t parent = parent_length(first.path);
      if (parent + (size_t)count + 2 > sizeof whole) return;
      snprintf(whole, sizeof whole, "%.*s/%s", (int)parent, first.path, target);
      struct slot here = {.covers = c->slot->covers};
      if (!find_name(&here, c->pid, AT_FDCWD, whole, &first)) return;
    }
  }
  // Cutting without writing is nothing that the kernel looks after (Sandbox.isCuttingWatched).
  is_safe = (writes || !(flags & O_TRUNC)) && !is_by_descriptor && (first.is_covered || (c->slot->covers && strcmp(first.path, "/dev/null") == 0)) && !c->slot->has_moved_root;
  bool is_given_file = first.exists && S_ISREG(first.status.stx_mode) && is_given(c->pid, &first);
  // A shell inside may be given what lies in the bounds of the one around it, which is recorded.
  if (is_given_file && is_outside_shell(first.path)) return;
  bool makes_file = first.exists ? S_ISREG(first.status.stx_mode) : flags & O_CREAT;
  if (makes_file && !is_given_file && strncmp(first.path, "/proc/", 6) != 0 && refuse(c, "open", first.path)) return;
  if (!first.exists) {
    if (flags & O_CREAT && !is_excluded(first.path)) record_created(c->operation, &first, NULL);
    return;
  }
  if (!S_ISREG(first.status.stx_mode)) {
    // A link of /proc to an open file.
    if (strncmp(first.path, "/proc/", 6) != 0 || !find_object(c->slot, c->pid, directory, path, true, &first)) return;
    if (!S_ISREG(first.status.stx_mode)) return;
  }
  if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL) || is_excluded(first.path)) return;
  if (flags & O_TRUNC || !(flags & O_APPEND)) {
    if (!writes && !(flags & O_TRUNC)) return;
    if (is_born(c->operation, &first)) return;
    // What may not be opened is not copied.
    if (first.status.stx_size > 0 && faccessat(AT_FDCWD, first.path, W_OK, AT_EACCESS) < 0) return;
    record_content(c->operation, &first);
  } else if ((flags & O_ACCMODE) == O_WRONLY) {
    record_appended(c->operation, &first);
  } else {
    record_content(c->operation, &first);  // a writable mapping can be made of it
  }
}

static void on_unlink(const struct context *c, int directory, uint64_t address, bool is_directory) {
  char path[PATH_MAX];
  if (!read_path(c, address, path) || !find_name(c->slot, c->pid, directory, path, &first)) return;
  is_safe = first.is_covered;
  if (!first.exists) return;
  if (refuse(c, is_directory ? "rmdir" : "remove", first.path) || is_excluded(first.path)) return;
  if ((bool)S_ISDIR(first.status.stx_mode) != is_directory) return;
  if (is_directory) directory_removed(&first.status);
  if (is_own(c->operation, &first)) {
    touch_parent(c->operation, first.path);
    table_put(&c->operation->paths, key_of(first.path), PATH_COVERED);
    return;
  }
  struct doubt doubt = {.task = c->pid, .slot = c->slot, .records = {record_removed(c->operation, &first)}, .keys = {key_of(first.path)}};
  // Removing a directory fails whenever something is in it.
  if (is_directory) note_doubt(c->operation, &doubt, &first, true);
}

static uint64_t record_moved(struct operation *operation, const struct statx *object, const char *path, const char *other) {
  return append_change(operation, &(struct change){.kind = CHANGE_MOVED, .preimage = PREIMAGE_IN_RECORD, .before = object, .path = path, .other = other});
}

/// `first` and `second` get each other's names.
static void exchange(const struct context *c) {
  struct operation *operation = c->operation;
  bool has_directory = S_ISDIR(first.status.stx_mode) || S_ISDIR(second.status.stx_mode);
  if (has_directory) operation->has_guests = true;
  bool own_first = is_own(operation, &first), own_second = is_own(operation, &second);
  bool born_first = is_born(operation, &first), born_second = is_born(operation, &second);
  if (!own_first || !own_second) operation->has_guests = true;
  touch_parent(operation, first.path);
  touch_parent(operation, second.path);
  struct doubt doubt = {.task = c->pid, .slot = c->slot, .keys = {key_of(first.path), key_of(second.path)}};
  const struct place *moved = &first;
  if (!own_first && !own_second) {
    // As three renames: undone in reverse they exchange again.
    char aside[LONG_PATH];
    snprintf(aside, sizeof aside, "%.*s/.vsh-exchange-%llu", (int)parent_length(first.path), first.path, (unsigned long long)next_item(operation->journal));
    doubt.records[0] = record_moved(operation, &first.status, first.path, aside);
    doubt.records[1] = record_moved(operation, &second.status, second.path, first.path);
    doubt.records[2] = record_moved(operation, &first.status, aside, second.path);
  } else if (!own_first) {
    // In place of what the operation made, which goes anyway.
    doubt.records[0] = record_moved(operation, &first.status, first.path, second.path);
  } else if (!own_second) {
    moved = &second;
    doubt.records[0] = record_moved(operation, &second.status, second.path, first.path);
  }
  note_doubt(operation, &doubt, moved, false);
  if (has_directory) table_clear(&operation->paths);
  table_put(&operation->paths, key_of(first.path), born_second ? PATH_COVERED | PATH_CREATED : PATH_COVERED);
  table_put(&operation->paths, key_of(second.path), born_first ? PATH_COVERED | PATH_CREATED : PATH_COVERED);
}

static void on_rename(const struct context *c, int from, uint64_t old, int to, uint64_t new, unsigned flags) {
  char path[PATH_MAX];
  struct operation *operation = c->operation;
  if (!read_path(c, old, path) || !find_name(c->slot, c->pid, from, path, &first) || !first.exists) return;
  if (!read_path(c, new, path) || !find_name(c->slot, c->pid, to, path, &second)) return;
  first.directory = -1;  // which may have gone for the second one's
  is_safe = first.is_covered && second.is_covered;
  if (S_ISDIR(first.status.stx_mode) || (second.exists && S_ISDIR(second.status.stx_mode))) directories_renamed();
  if (refuse(c, "rename", first.path) || refuse(c, "rename", second.path)) return;
  bool out = is_excluded(second.path), in = is_excluded(first.path);
  if (out && in) return;
  if (second.exists && flags & RENAME_NOREPLACE) return;
  // What the kernel refuses: a directory in place of something else, or the other way round, or in itself; anything in place of a directory around it.
  if (second.exists && !(flags & RENAME_EXCHANGE) && !S_ISDIR(first.status.stx_mode) != !S_ISDIR(second.status.stx_mode)) return;
  if ((S_ISDIR(first.status.stx_mode) && is_below(second.path, first.path)) || is_below(first.path, second.path)) return;
  if (second.exists && first.status.stx_ino == second.status.stx_ino && device_of(&first.status) == device_of(&second.status)) return;
  size_t count = parent_length(second.path);
  if (count != parent_length(first.path) || memcmp(first.path, second.path, count) != 0) {
    // To another file system: refused, and the program copies.
    memcpy(third.path, second.path, count);
    third.path[count] = 0;
    if (!look(&third) || device_of(&third.status) != device_of(&first.status) || third.status.stx_mnt_id != first.status.stx_mnt_id) return;
  }
  if (flags & RENAME_EXCHANGE) {
    // One in the other cannot be exchanged.
    if (!second.exists || in || out || is_below(first.path, second.path) || is_below(second.path, first.path)) return;
    return exchange(c);
  }
  if (in) {
    if (second.exists) record_removed(operation, &second);
    else record_created(operation, &second, NULL);
    return;
  }
  bool born = is_born(operation, &first);
  if (out) {
    if (!born) record_removed(operation, &first);
    return;
  }
  touch_parent(operation, first.path);
  touch_parent(operation, second.path);
  uint64_t old_key = key_of(first.path), new_key = key_of(second.path);
  struct doubt doubt = {.task = c->pid, .slot = c->slot, .keys = {old_key, new_key}};
  if (second.exists) {
    if (!is_own(operation, &second)) doubt.records[0] = record_removed(operation, &second);
  } else if (!(table_get(&operation->paths, new_key) & PATH_COVERED)) {
    append_change(operation, &(struct change){.kind = CHANGE_CREATED, .preimage = PREIMAGE_IN_RECORD, .path = second.path});
  }
  // What is in a directory has other names from here on.
  if (!born || S_ISDIR(first.status.stx_mode)) operation->has_guests = true;
  if (!is_own(operation, &first)) doubt.records[1] = record_moved(operation, &first.status, first.path, second.path);
  // A directory in the place of another is refused when something is in that.
  bool is_certain = second.exists && S_ISDIR(second.status.stx_mode);
  note_doubt(operation, &doubt, is_certain ? &second : &first, is_certain);
  // What was known below a directory's name is known no more.
  if (S_ISDIR(first.status.stx_mode)) table_clear(&operation->paths);
  table_put(&operation->paths, old_key, PATH_COVERED);
  table_put(&operation->paths, new_key, born ? PATH_COVERED | PATH_CREATED : PATH_COVERED);
}

/// The object that a descriptor is open on, if a name leads to it and `done` of it is not recorded yet.
static bool find_descriptor(const struct context *c, int descriptor, uint8_t done, struct place *place) {
  struct statx open;
  if (!look_at_descriptor(c->pid, descriptor, &open)) return false;
  uint64_t key = inode_key(&open);
  bool is_directory = S_ISDIR(open.stx_mode);
  if (!is_directory && table_get(&c->operation->inodes, key) & (done | INODE_BORN)) return false;
  if (!find_path(c->pid, descriptor, place->path)) return false;
  place->status = open;
  if (!is_directory && is_born(c->operation, place)) {
    table_add(&c->operation->inodes, key, INODE_BORN);
    return false;
  }
  return look(place) && open.stx_ino == place->status.stx_ino && device_of(&open) == device_of(&place->status) && !is_excluded(place->path);
}

/// Attributes of `first` will change. With the mode of a directory it may come to be possible to change what is in it, or no longer: what was recorded
/// there before was perhaps not done, and cannot be taken back at any other time.
static void on_attributes(const struct context *c, bool extended) {
  record_attributes(c->operation, &first, extended);
#ifdef SYS_utime
  if (c->number == SYS_utime || c->number == SYS_utimes || c->number == SYS_futimesat) return;
#endif
  if (c->number == SYS_utimensat || !S_ISDIR(first.status.stx_mode) || geteuid() == 0 || is_own(c->operation, &first)) return;
  c->operation->has_guests = true;
  table_clear(&c->operation->paths);
}

static void on_descriptor(const struct context *c, int descriptor, uint8_t what) {
  // Attributes outside the sandbox: the call will be refused.
  if (!find_descriptor(c, descriptor, what, &first) || (what != INODE_CONTENT && is_outside(first.path))) return;
  if (what == INODE_CONTENT) record_content(c->operation, &first);
  else on_attributes(c, what == INODE_EXTENDED);
}

static void on_path_attributes(const struct context *c, int directory, uint64_t address, bool follow, bool empty, bool extended) {
  char path[PATH_MAX];
  if (address == 0) return on_descriptor(c, directory, extended ? INODE_EXTENDED : INODE_ATTRIBUTES);
  if (!read_path(c, address, path)) return;
  if (path[0] == 0) {
    if (empty) on_descriptor(c, directory, extended ? INODE_EXTENDED : INODE_ATTRIBUTES);
  } else if (find_object(c->slot, c->pid, directory, path, follow, &first) && !is_excluded(first.path) && !is_outside(first.path)) {
    on_attributes(c, extended);
  }
}

static void on_truncate(const struct context *c, uint64_t address) {
  char path[PATH_MAX];
  if (read_path(c, address, path) && find_object(c->slot, c->pid, AT_FDCWD, path, true, &first) && !is_excluded(first.path)
      && faccessat(AT_FDCWD, first.path, W_OK, AT_EACCESS) == 0)
    record_content(c->operation, &first);
}

static void on_bind(const struct context *c, uint64_t address, uint64_t length) {
  struct sockaddr_un name = {0};
  if (length <= offsetof(struct sockaddr_un, sun_path) || length > sizeof name) return;
  if (!read_bytes(c->pid, address, &name, length) || name.sun_family != AF_UNIX || name.sun_path[0] == 0) return;
  char path[sizeof name.sun_path + 1] = {0};
  memcpy(path, name.sun_path, sizeof name.sun_path);
  if (find_name(c->slot, c->pid, AT_FDCWD, path, &first) && !first.exists && !is_excluded(first.path)) record_created(c->operation, &first, NULL);
}

/// Drops O_APPEND from a descriptor: what only grew so far can now be overwritten.
static void on_status_flags(const struct context *c, int descriptor) {
  if (!find_descriptor(c, descriptor, INODE_CONTENT, &first) || !S_ISREG(first.status.stx_mode)) return;
  unsigned long flags = flags_of(c->pid, descriptor);
  if (flags & O_APPEND && flags & O_ACCMODE) record_content(c->operation, &first);
}

static void dispatch(const struct context *c, int number, const uint64_t *a) {
  int here = AT_FDCWD;
  switch (number) {
#ifdef SYS_open
  case SYS_open: return on_open(c, here, a[0], a[1]);
  case SYS_creat: return on_open(c, here, a[0], O_CREAT | O_WRONLY | O_TRUNC);
  case SYS_rename: return on_rename(c, here, a[0], here, a[1], 0);
  case SYS_mkdir:
  case SYS_mknod: return on_create(c, here, a[0], NULL);
  case SYS_rmdir: return on_unlink(c, here, a[0], true);
  case SYS_unlink: return on_unlink(c, here, a[0], false);
  case SYS_link: return on_link(c, here, a[0], here, a[1], 0);
  case SYS_symlink: return on_create(c, here, a[1], NULL);
  case SYS_chmod: return on_path_attributes(c, here, a[0], true, false, false);
  case SYS_chown: return on_path_attributes(c, here, a[0], true, false, true);
  case SYS_lchown: return on_path_attributes(c, here, a[0], false, false, true);
  case SYS_utime:
  case SYS_utimes: return on_path_attributes(c, here, a[0], true, false, false);
  case SYS_futimesat: return on_path_attributes(c, (int)a[0], a[1], true, false, false);
#endif
#ifdef SYS_renameat
  case SYS_renameat: return on_rename(c, (int)a[0], a[1], (int)a[2], a[3], 0);
#endif
  case SYS_renameat2: return on_rename(c, (int)a[0], a[1], (int)a[2], a[3], (unsigned)a[4]);
  case SYS_openat: return on_open(c, (int)a[0], a[1], a[2]);
  case 437: {
    struct open_how how = {0};
    if (read_bytes(c->pid, a[2], &how, a[3] < sizeof how ? a[3] : sizeof how)) on_open(c, (int)a[0], a[1], how.flags);
    // Which are in memory, where another thread can change them.
    is_safe = false;
    return;
  }
  case SYS_mkdirat:
  case SYS_mknodat: return on_create(c, (int)a[0], a[1], NULL);
  case SYS_symlinkat: return on_create(c, (int)a[1], a[2], NULL);
  case SYS_linkat: return on_link(c, (int)a[0], a[1], (int)a[2], a[3], (int)a[4]);
  case SYS_unlinkat: return on_unlink(c, (int)a[0], a[1], a[2] & AT_REMOVEDIR);
  case SYS_truncate: return on_truncate(c, a[0]);
  case SYS_ftruncate:
  case SYS_fallocate: return on_descriptor(c, (int)a[0], INODE_CONTENT);
  case SYS_fchmod: return on_descriptor(c, (int)a[0], INODE_ATTRIBUTES);
  case SYS_fchown: return on_descriptor(c, (int)a[0], INODE_EXTENDED);
  case SYS_fsetxattr:
  case SYS_fremovexattr: return on_descriptor(c, (int)a[0], INODE_EXTENDED);
  case SYS_setxattr:
  case SYS_removexattr: return on_path_attributes(c, here, a[0], true, false, true);
  case SYS_lsetxattr:
  case SYS_lremovexattr: return on_path_attributes(c, here, a[0], false, false, true);
  case SYS_fchmodat: return on_path_attributes(c, (int)a[0], a[1], true, false, false);
  case 452: return on_path_attributes(c, (int)a[0], a[1], !(a[3] & AT_SYMLINK_NOFOLLOW), a[3] & AT_EMPTY_PATH, false);
  case SYS_fchownat: return on_path_attributes(c, (int)a[0], a[1], !(a[4] & AT_SYMLINK_NOFOLLOW), a[4] & AT_EMPTY_PATH, true);
  case SYS_utimensat: return on_path_attributes(c, (int)a[0], a[1], !(a[3] & AT_SYMLINK_NOFOLLOW), a[3] & AT_EMPTY_PATH, false);
  case 463:
  case 466:
  case 469: return on_path_attributes(c, (int)a[0], a[1], !(a[number == 469 ? 4 : 2] & AT_SYMLINK_NOFOLLOW), a[number == 469 ? 4 : 2] & AT_EMPTY_PATH, true);
  case SYS_bind: return on_bind(c, a[1], a[2]);
  case SYS_fcntl:
    if (a[1] == F_SETFL && !(a[2] & O_APPEND)) on_status_flags(c, (int)a[0]);
    return;
  case SYS_clone:
  case SYS_unshare:
    if (!(a[0] & CLONE_NEWNS)) return;
    // fallthrough
  case SYS_setns:
  case SYS_chroot: c->slot->has_moved_root = 1; return;
  case 435: {  // clone3 of the 32-bit table
    uint64_t task_flags;
    if (read_bytes(c->pid, a[0], &task_flags, sizeof task_flags) && task_flags & CLONE_NEWNS) c->slot->has_moved_root = 1;
    return;
  }
  }
}

/// What the sandbox answers to a call that was looked at.
static int confine(struct slot *slot, struct operation *operation, const struct seccomp_notif *event, int number, const uint64_t *arguments) {
  // It is about to: what it has now must not be found out.
  if (changes_rights(number)) return 0;
  int answer = is_held() ? confine_attributes(slot, operation, event, number, arguments) : 0;
  return !answer && makes_calls() ? make_call(slot, operation, event, number, arguments) : answer;
}

int record_event(struct slot *slot, struct operation *operation, const struct seccomp_notif *event) {
  int number = event->data.nr;
  bounds_enter(slot, (pid_t)event->pid);
  uint64_t arguments[6];
  for (int i = 0; i < 6; i++) arguments[i] = event->data.args[i];
#ifdef __x86_64__
  bool is_32 = event->data.arch != AUDIT_ARCH_X86_64, calls_socket = is_32 && number == SOCKET_CALL;
  if (is_32 && !calls_socket) number = native_number(number);
  uint32_t socket_arguments[3];
  if (calls_socket) {
    // Of the socket calls of the 32-bit table one is `bind`; their arguments are in memory.
    forget_strings();
    if (arguments[0] != 2) return 0;
    if (!read_bytes((pid_t)event->pid, arguments[1], socket_arguments, sizeof socket_arguments)) return makes_calls() ? -EFAULT : 0;
    number = SYS_bind;
    for (int i = 0; i < 3; i++) arguments[i] = socket_arguments[i];
  }
#endif
  if (number < 0) return 0;
  forget_strings();
  if (slot->flags & READS && reading_note(slot, operation, event)) return 0;
  if (changes_rights(number)) forget_rights((pid_t)event->pid);
  if (number == SYS_fchmod && (int)arguments[0] == MAGIC_DESCRIPTOR) return bounds_answer(slot, operation, (pid_t)event->pid, arguments);
  doubts_paths = slot->has_moved_root;
  int answer = keep_hold(operation, (pid_t)event->pid, number, arguments);
  if (answer) return answer;
  if (number == 437) reading_note_opening(slot, operation, (pid_t)event->pid, arguments);
  if (!operation) return confine(slot, NULL, event, number, arguments);
  struct context context = {slot, operation, (pid_t)event->pid, number};
  refused = 0;
  is_safe = false;
  records_nothing = slot->flags & VSH_RECORDING_UNRECORDED;
  pthread_mutex_lock(&operation->lock);
  if (operation->doubts) settle_doubts(operation, slot, (pid_t)event->pid);
  dispatch(&context, number, arguments);
  bool is_unseen = reading_failed();
  pthread_mutex_unlock(&operation->lock);
  // Bounds of shells inside are nothing that Landlock keeps where calls are made here.
  answer = refused || (is_safe && !is_bound()) ? refused : confine(slot, operation, event, number, arguments);
  if (is_unseen && answer == 0) note_unseen(operation);
  return answer;
}
