// SPDX-License-Identifier: MPL-2.0
//
// What names and descriptors of another process stand for. Its working directory, descriptors and root are reached through /proc.
#include "internal.h"
#include <time.h>

/// Processes whose directories in /proc are held open, for a while: the number may come to be another process's.
struct task {
  pid_t pid;
  int fd;
  int64_t opened;
};
/// Directories whose paths were found a moment ago.
struct directory {
  uint64_t inode, device, mount;
  struct statx_timestamp birth;
  int64_t found;
  char *path;
  uint64_t covers;  // as which it was found out whether it is covered
  bool is_covered;
  int fd;  // an open descriptor, or -1
};
enum { TASKS = 16, DIRECTORIES = 64, LOOK = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID };
static const int64_t task_time = 100000000, directory_time = 8000000, rename_time = 20000000;
static _Thread_local struct task tasks[TASKS];
static _Thread_local struct directory directories[DIRECTORIES];
/// Until then a directory may be in the middle of being renamed.
static _Atomic int64_t uncertain;

static int64_t coarse_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void directories_renamed(void) { atomic_store(&uncertain, coarse_now() + rename_time); }

/// Lets go of an entry.
static void forget_directory(struct directory *known) {
  if (known->path && known->fd >= 0) close(known->fd);
  free(known->path);
  memset(known, 0, sizeof *known);
}

void forget_processes(void) {
  for (int i = 0; i < TASKS; i++)
    if (tasks[i].pid) close(tasks[i].fd);
  for (int i = 0; i < DIRECTORIES; i++) forget_directory(&directories[i]);
  memset(tasks, 0, sizeof tasks);
  memset(directories, 0, sizeof directories);
}

/// The process's directory in /proc, or -1.
static int task_directory(pid_t pid) {
  struct task *task = &tasks[pid % TASKS];
  int64_t now = coarse_now();
  if (task->pid == pid && now - task->opened < task_time) return task->fd;
  if (task->pid) close(task->fd);
  char path[32];
  snprintf(path, sizeof path, "/proc/%d", pid);
  pause_rights();
  *task = (struct task){pid, open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), now};
  resume_rights();
  if (task->fd < 0) task->pid = 0;
  return task->fd;
}

static struct directory *directory_place(const struct statx *x) {
  return &directories[(x->stx_ino ^ x->stx_ino >> 6 ^ device_of(x)) % DIRECTORIES];
}

static bool is_directory(const struct directory *known, const struct statx *x) {
  return known->path && known->inode == x->stx_ino && known->mount == x->stx_mnt_id && known->device == device_of(x)
         && known->birth.tv_sec == x->stx_btime.tv_sec && known->birth.tv_nsec == x->stx_btime.tv_nsec;
}

void directory_removed(const struct statx *x) {
  struct directory *known = directory_place(x);
  if (known->inode == x->stx_ino) forget_directory(known);
}

bool look(struct place *place) {
  place->directory = -1;
  place->is_covered = false;
  place->exists = statx(AT_FDCWD, place->path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, LOOK, &place->status) == 0;
  return place->exists;
}

size_t parent_length(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == path ? 1 : (size_t)(slash - path);
}

_Thread_local bool records_nothing, doubts_paths;

bool is_excluded(const char *path) {
  if (records_nothing) return true;
  if (is_below(path, state_path)) return true;
  if (is_below(path, "/proc") || is_below(path, "/sys")) return true;
  if (is_below(path, "/dev") && !is_below(path, "/dev/shm")) return true;
  return is_store(path);
}

/// The path that a link in /proc shows. False when no name leads there.
static bool read_proc(int base, const char *link, char *into) {
  ssize_t count = readlinkat(base, link, into, PATH_MAX - 1);
  if (count <= 0 || into[0] != '/') return false;
  into[count] = 0;
  static const char gone[] = " (deleted)";
  size_t tail = sizeof gone - 1;
  struct stat status;
  if ((size_t)count > tail && strcmp(into + count - tail, gone) == 0 && lstat(into, &status) < 0) return false;
  return true;
}

const char *translate(pid_t pid, const char *path, char *room) {
  static const char *const own[] = {"/proc/self/", "/proc/thread-self/", "/dev/fd/", "/dev/stdin", "/dev/stdout", "/dev/stderr"};
  if (path[0] != '/' || (path[1] != 'p' && path[1] != 'd')) return path;
  for (int i = 0; i < 6; i++) {
    size_t count = strlen(own[i]);
    if (strncmp(path, own[i], count) != 0) continue;
    if (i < 2) snprintf(room, LONG_PATH, "/proc/%d/%s", pid, path + count);
    else if (i == 2) snprintf(room, LONG_PATH, "/proc/%d/fd/%s", pid, path + count);
    else if (path[count] == 0) snprintf(room, LONG_PATH, "/proc/%d/fd/%d", pid, i - 3);
    else continue;
    return room;
  }
  return path;
}

/// Whether what the process sees at a directory is what we see at the path. (In another namespace every mount has another number.)
static bool is_same_directory(int fd, const char *path) {
  struct statx a, b;
  return statx(fd, "", AT_EMPTY_PATH, STATX_INO, &a) == 0 && statx(AT_FDCWD, path, 0, STATX_INO, &b) == 0 && a.stx_ino == b.stx_ino
         && device_of(&a) == device_of(&b);
}

/// The descriptor's link, seen from the process's directory.
static const char *descriptor_link(int descriptor, char *room) {
  if (descriptor == AT_FDCWD) return "cwd";
  snprintf(room, 32, "fd/%d", descriptor);
  return room;
}

bool leads_back(int fd, const char *path) {
  struct statx a, b;
  return !doubts_paths || (statx(fd, "", AT_EMPTY_PATH, STATX_INO, &a) == 0 && statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_INO, &b) == 0
                           && a.stx_ino == b.stx_ino && device_of(&a) == device_of(&b));
}

/// Where the path of a task starts whose rights were taken on: it needs none to be there. -1: it was not opened.
static _Thread_local int start = -1;

void forget_start(void) {
  if (start >= 0) close(start);
  start = -1;
}

/// Opens it, from the task's directory in /proc; or a negative errno.
static int open_start(int base, const char *link) {
  forget_start();
  pause_rights();
  start = openat(base, link, O_PATH | O_CLOEXEC);
  int error = errno;
  resume_rights();
  return start < 0 ? error == ENOENT && link[0] == 'f' ? -EBADF : -error : start;
}

/// Where a relative or absolute path of the process starts, in terms of ours: a path from `base`. Its length, or a negative errno.
static int from_here(const struct slot *slot, pid_t pid, int directory, const char *path, int *base, char *room) {
  *base = AT_FDCWD;
  int count;
  if (path[0] != '/' || slot->has_moved_root) *base = task_directory(pid);
  if (*base == -1) return -ESRCH;
  if (*base != AT_FDCWD && has_taken_rights()) {
    *base = open_start(*base, path[0] == '/' ? "root" : descriptor_link(directory, room));
    if (*base < 0) return *base;
    count = snprintf(room, LONG_PATH, "./%s", path);
    return count < LONG_PATH ? count : -ENAMETOOLONG;
  }
  if (path[0] == '/') count = snprintf(room, LONG_PATH, "%s%s", *base == AT_FDCWD ? "" : "root", path);
  else if (directory == AT_FDCWD) count = snprintf(room, LONG_PATH, "cwd/%s", path);
  else count = snprintf(room, LONG_PATH, "fd/%d/%s", directory, path);
  return count < LONG_PATH ? count : -ENAMETOOLONG;
}

enum { DIRECTORY_LOOK = STATX_TYPE | STATX_INO | STATX_NLINK | STATX_BTIME | MOUNT_ID_UNIQUE };

/// A directory whose path was found a moment ago, or NULL.
static struct directory *recall_directory(const struct statx *x, char *into) {
  struct directory *known = directory_place(x);
  if (!is_directory(known, x) || coarse_now() - known->found >= directory_time || known->found < atomic_load(&uncertain)) return NULL;
  strcpy(into, known->path);
  return known;
}

/// Whether a mount stays as long as the recorder: the state directory is on it. Others must not be held.
static bool is_lasting(uint64_t mount) {
  static _Thread_local struct statx state;
  return (state.stx_ino || statx(AT_FDCWD, state_path, 0, STATX_INO | MOUNT_ID_UNIQUE, &state) == 0) && state.stx_mnt_id == mount;
}

/// `fd`: an open descriptor of it, which is kept or closed; or -1.
static struct directory *remember_directory(const struct statx *x, const char *path, int fd) {
  struct directory *known = directory_place(x);
  forget_directory(known);
  if (fd >= 0 && !is_lasting(x->stx_mnt_id)) {
    close(fd);
    fd = -1;
  }
  *known = (struct directory){.inode = x->stx_ino, .device = device_of(x), .mount = x->stx_mnt_id, .birth = x->stx_btime,
                              .found = coarse_now(), .path = strdup(path), .fd = fd};
  if (!known->path && fd >= 0) close(fd);
  return known->path ? known : NULL;
}

static bool is_covered(const struct slot *slot, const struct statx *x, struct directory *known) {
  if (!slot->covers) return false;
  if (known->covers != slot->covers) {
    known->covers = slot->covers;
    known->is_covered = covers_hold(slot, x, known->path);
  }
  return known->is_covered;
}

bool path_of_directory(int fd, char *into) {
  struct statx x;
  char link[32];
  if (statx(fd, "", AT_EMPTY_PATH, DIRECTORY_LOOK, &x) < 0 || x.stx_nlink == 0) return false;
  if (!doubts_paths && recall_directory(&x, into)) return true;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t count = readlink(link, into, PATH_MAX - 1);
  if (count < 0 && errno == ENAMETOOLONG) count = 0;
  if (count < 0) return false;
  into[count] = 0;
  // Too long to tell whether it is in bounds that no rules of this process keep.
  if (count == 0 && is_bound()) strcpy(into, "?");
  if (count == 0) return true;
  if (into[0] != '/') return false;
  if (!leads_back(fd, into)) memcpy(into, "?", 2);
  else remember_directory(&x, into, -1);
  return true;
}

/// The directory of a place: one that was found a moment ago, or what /proc says. Its path is put there.
static bool find_directory(const struct slot *slot, int base, const char *path, struct place *place) {
  struct statx x;
  char *into = place->path;
  place->directory = -1;
  place->is_covered = false;
  if (!slot->has_moved_root) {
    if (statx(base, path, 0, DIRECTORY_LOOK, &x) < 0 || !S_ISDIR(x.stx_mode)) return false;
    struct directory *known = recall_directory(&x, into);
    if (known) {
      place->directory = known->fd;
      place->is_covered = is_covered(slot, &x, known);
      return true;
    }
  }
  int fd = openat(base, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  char link[32];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  bool found = read_proc(AT_FDCWD, link, into) && (!slot->has_moved_root || is_same_directory(fd, into));
  if (found && !slot->has_moved_root && statx(fd, "", AT_EMPTY_PATH, DIRECTORY_LOOK, &x) == 0) {
    struct directory *known = remember_directory(&x, into, fd);
    if (known) {
      place->directory = known->fd;
      place->is_covered = is_covered(slot, &x, known);
    }
    return true;
  }
  close(fd);
  return found;
}

/// Parts a path before its last name, which starts at `start`. Its length; 0 when it is a dot, two, or none.
static size_t split(const char *path, char *head, size_t *start) {
  size_t count = strlen(path), first;
  while (count > 1 && path[count - 1] == '/') count--;
  for (first = count; first > 0 && path[first - 1] != '/';) first--;
  memcpy(head, path, first);
  head[first] = 0;
  *start = first;
  size_t name = count - first;
  bool is_dots = path[first] == '.' && (name == 1 || (name == 2 && path[first + 1] == '.'));
  return is_dots ? 0 : name;
}

int open_parent(const struct slot *slot, pid_t pid, int directory, const char *given, char *name) {
  char translated[LONG_PATH], whole[LONG_PATH], head[LONG_PATH], link[32];
  if (!given[0]) return -ENOENT;
  const char *path = translate(pid, given, translated);
  size_t start, count = split(path, head, &start);
  if (count == 0) return -EBUSY;
  if (count > NAME_MAX) return -ENAMETOOLONG;
  if (path[start + count] == '/') count++;
  memcpy(name, path + start, count);
  name[count] = 0;
  int base, result = from_here(slot, pid, directory, head, &base, whole);
  if (result < 0) return result;
  int fd = openat(base, whole, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) return fd;
  struct stat status;
  bool is_closed = errno == ENOENT && path[0] != '/' && directory != AT_FDCWD && !has_taken_rights()
                   && fstatat(base, descriptor_link(directory, link), &status, AT_SYMLINK_NOFOLLOW) < 0;
  return is_closed ? -EBADF : -errno;
}

bool find_name(const struct slot *slot, pid_t pid, int directory, const char *given, struct place *place) {
  char translated[LONG_PATH], whole[LONG_PATH], head[LONG_PATH];
  const char *path = translate(pid, given, translated);
  size_t start, name = split(path, head, &start);
  int base;
  if (name == 0 || from_here(slot, pid, directory, head, &base, whole) < 0 || !find_directory(slot, base, whole, place)) return false;
  size_t length = strlen(place->path);
  if (length + name + 2 > sizeof place->path) return false;
  if (length > 1) place->path[length++] = '/';
  memcpy(place->path + length, path + start, name);
  place->path[length + name] = 0;
  place->name = length;
  bool is_open = place->directory >= 0;
  place->exists = statx(is_open ? place->directory : AT_FDCWD, is_open ? place->path + length : place->path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
                        LOOK, &place->status) == 0;
  return true;
}

bool look_at_descriptor(pid_t pid, int descriptor, struct statx *status) {
  char room[32];
  int base = task_directory(pid);
  return base >= 0 && statx(base, descriptor_link(descriptor, room), 0, LOOK, status) == 0;
}

bool find_path(pid_t pid, int descriptor, char *into) {
  char room[32];
  int base = task_directory(pid);
  return base >= 0 && read_proc(base, descriptor_link(descriptor, room), into);
}

bool find_object(const struct slot *slot, pid_t pid, int directory, const char *given, bool follow, struct place *place) {
  bool found = find_name(slot, pid, directory, given, place);
  if (found && !place->exists) return false;
  bool is_link = found && S_ISLNK(place->status.stx_mode);
  if (found && (!is_link || !follow)) return true;
  char link[32];
  int fd = open_object(slot, pid, directory, given, true);
  if (fd < 0) return false;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  place->directory = -1;
  place->is_covered = false;
  found = read_proc(AT_FDCWD, link, place->path) && look(place);
  struct statx here;
  if (found) found = statx(fd, "", AT_EMPTY_PATH, STATX_INO, &here) == 0 && here.stx_ino == place->status.stx_ino;
  close(fd);
  return found;
}

int open_object(const struct slot *slot, pid_t pid, int directory, const char *given, bool follow) {
  char translated[LONG_PATH], whole[LONG_PATH];
  int base = task_directory(pid), result = base < 0 ? -ESRCH : 0;
  if (given[0]) result = from_here(slot, pid, directory, translate(pid, given, translated), &base, whole);
  if (result < 0) return result;
  if (!given[0]) pause_rights();
  int fd = openat(base, given[0] ? whole : descriptor_link(directory, whole), O_PATH | O_CLOEXEC | (follow || !given[0] ? 0 : O_NOFOLLOW));
  if (!given[0]) resume_rights();
  if (fd < 0) return !given[0] && errno == ENOENT ? -EBADF : -errno;
  return fd;
}
