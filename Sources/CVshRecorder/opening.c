// SPDX-License-Identifier: MPL-2.0
//
// Opening files for programs (calls.c).
#include "calls.h"
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

/// Gives a program a descriptor. To be closed here before the program hears of it: it may be about to run the file.
static int hand_in(int listener, uint64_t id, int fd, uint64_t flags) {
  if (fd < 0) return -errno;
  struct seccomp_notif_addfd addition = {.id = id, .srcfd = (uint32_t)fd, .newfd_flags = flags & O_CLOEXEC};
  int number = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addition);
  int error = errno;
  close(fd);
  return number < 0 ? -error : ANSWER_DESCRIPTOR | number;
}

static int give(const struct caller *c, int fd, uint64_t flags) {
  struct stat status;
  // What nobody may run may be closed here later: the program gets it, and goes on, in one step.
  if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && !(status.st_mode & 0111)) {
    struct seccomp_notif_addfd addition = {
        .id = c->event->id, .flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = (uint32_t)fd, .newfd_flags = flags & O_CLOEXEC};
    bool is_given = ioctl(c->slot->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addition) >= 0;
    if (is_given || errno != EINVAL) {
      int result = is_given ? ANSWER_LATER : -errno;
      close(fd);
      return result;
    }
  }
  return know_answer(c->slot, hand_in(c->slot->listener, c->event->id, fd, flags));
}

static int open_again(int object, uint64_t flags) {
  char link[32];
  snprintf(link, sizeof link, "/proc/self/fd/%d", object);
  return open(link, (int)(flags & ~(uint64_t)(O_CREAT | O_EXCL | O_NOFOLLOW)) | O_CLOEXEC | O_NOCTTY);
}

/// An opening that waits for another process.
struct waiting {
  int listener, object;
  uint64_t id, flags;
};

static void *open_slowly(void *argument) {
  struct waiting *waiting = argument;
  int result = hand_in(waiting->listener, waiting->id, open_again(waiting->object, waiting->flags), waiting->flags);
  struct seccomp_notif_resp response = {.id = waiting->id};
  if (result < 0) response.error = result;
  else response.val = result & ~ANSWER_DESCRIPTOR;
  ioctl(waiting->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
  close(waiting->object);
  close(waiting->listener);
  free(waiting);
  return NULL;
}

/// Opens a FIFO, for which the other end may have to come first. The object is closed.
static int open_fifo(const struct caller *c, int object, uint64_t flags) {
  struct waiting *waiting = malloc(sizeof *waiting);
  int listener = fcntl(c->slot->listener, F_DUPFD_CLOEXEC, 10);
  pthread_attr_t attributes;
  pthread_t thread;
  int error = waiting && listener >= 0 ? 0 : ENOMEM;
  if (!error) {
    *waiting = (struct waiting){listener, object, c->event->id, flags};
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 << 10);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    error = pthread_create(&thread, &attributes, open_slowly, waiting);
    pthread_attr_destroy(&attributes);
  }
  if (!error) return ANSWER_LATER;
  free(waiting);
  if (listener >= 0) close(listener);
  close(object);
  return -error;
}

/// The task's own terminal, as an object. (proc(5), the seventh field of stat)
static int own_terminal(pid_t pid) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  if (count <= 0) return -ENXIO;
  text[count] = 0;
  const char *at = strrchr(text, ')');
  int device = 0;
  if (!at || sscanf(at + 1, " %*c %*d %*d %*d %d", &device) != 1 || major(device) < 136 || major(device) > 143) return -ENXIO;
  snprintf(path, sizeof path, "/dev/pts/%u", (major(device) - 136) * 256 + minor(device));
  fd = open(path, O_PATH | O_CLOEXEC);
  return fd < 0 ? -ENXIO : fd;
}

/// Opens what is there. The object is closed.
static int open_object_for(const struct caller *c, int object, const struct stat *status, const char *path, uint64_t flags) {
  if (S_ISCHR(status->st_mode) && strcmp(path, "/dev/tty") == 0) {
    close(object);
    object = own_terminal(c->pid);
    if (object < 0) return object;
  }
  if (S_ISFIFO(status->st_mode) && (flags & O_ACCMODE) != O_RDWR && !(flags & O_NONBLOCK)) return open_fifo(c, object, flags);
  int fd = open_again(object, flags), error = errno;
  close(object);
  errno = error;
  return give(c, fd, flags);
}

/// Whether a path is that of another process's memory and the like, into which the recorder may look, and the program may not.
static bool is_of_another(const struct caller *c, const char *path) {
  char *end, own[64];
  if (strncmp(path, "/proc/", 6) != 0) return false;
  long number = strtol(path + 6, &end, 10);
  if (end == path + 6 || number == c->pid) return false;
  snprintf(own, sizeof own, "/proc/%ld/task/%d", number, c->pid);
  return access(own, F_OK) < 0;
}

/// Whether an object may be opened for writing by this path.
static bool may_write(const struct caller *c, const char *path, const struct stat *status) {
  if (S_ISREG(status->st_mode) && (has_lost(path) || is_of_another(c, path))) return false;
  if (path[0] == 0 || !is_outside(path)) return true;
  // No rules hold for this process that keep it from devices outside the bounds of a shell inside.
  if (!S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode) && (!is_bound() || is_device_of_bounds(path))) return true;
  struct place place;
  strcpy(place.path, path);
  pause_rights();
  bool may = look(&place) && place.status.stx_ino == status->st_ino && is_given(c->pid, &place);
  resume_rights();
  return may;
}

/// /proc and /sys are nothing that a command changes by mistake.
static int refuse_open(const struct caller *c, const char *path) {
  return strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/sys/", 5) == 0 ? -EACCES : refuse_call(c, "open", path);
}

/// A file without a name, or what a link of /proc leads to.
static int open_by_object(const struct caller *c, int object, uint64_t flags, mode_t mode) {
  if (object < 0) return object;
  struct stat status;
  char path[LONG_PATH] = "";
  if (fstat(object, &status) < 0) status.st_mode = S_IFDIR;
  // What has no name, or is no file, is nobody's.
  if (path_of(object, path) && !may_write(c, path, &status)) {
    close(object);
    return refuse_open(c, path);
  }
  if ((flags & O_TMPFILE) != O_TMPFILE) return open_object_for(c, object, &status, path, flags);
  take_mask(c->pid);
  int fd = openat(object, ".", (int)flags | O_CLOEXEC, mode), error = errno;
  drop_mask();
  close(object);
  errno = error;
  return give(c, fd, flags);
}

/// Whether a directory is that of a task's descriptors, whose names lead to what is open.
static bool is_descriptors(const char *path) {
  const char *name = strrchr(path, '/');
  return strncmp(path, "/proc/", 6) == 0 && name - path > 9 && strncmp(name - 3, "/fd", 3) == 0;
}

/// Goes from a symbolic link to where it leads. The object is closed. When it fails, `spot` is nothing any more.
static int follow(const struct caller *c, int object, struct spot *spot) {
  char target[PATH_MAX], whole[LONG_PATH];
  const struct slot here = {.has_moved_root = 0};
  int from = spot->directory, result = -EACCES;
  ssize_t count = readlinkat(object, "", target, sizeof target - 1);
  close(object);
  if (count > 0) {
    target[count] = 0;
    snprintf(whole, sizeof whole, "/proc/%d/fd/%d/%s", getpid(), from, target);
    result = target[0] == '/' ? find_spot(c, c->slot, AT_FDCWD, target, spot) : find_spot(c, &here, AT_FDCWD, whole, spot);
  }
  close(from);
  return result;
}

/// Makes a file. -EEXIST: somebody else was first.
static int make_file(const struct caller *c, const struct spot *spot, uint64_t flags, mode_t mode) {
  take_mask(c->pid);
  int fd = openat(spot->directory, spot->name, (int)flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, mode), error = errno;
  drop_mask();
  errno = error;
  return fd < 0 && errno == EEXIST ? -EEXIST : give(c, fd, flags);
}

static int open_path(const struct caller *c, int directory, const char *path, uint64_t flags, mode_t mode) {
  bool exclusive = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL), follows = !(flags & O_NOFOLLOW) && !exclusive;
  if ((flags & O_TMPFILE) == O_TMPFILE) return open_by_object(c, open_object(c->slot, c->pid, directory, path, follows), flags, mode);
  struct spot spot;
  int result = find_spot(c, c->slot, directory, path, &spot);
  if (result == 0 && exclusive && !strchr(spot.name, '/') && spot.path[0] && !is_outside(spot.path) && !c->slot->is_repeated) {
    result = make_file(c, &spot, flags, mode);
    close(spot.directory);
    return result;
  }
  for (int links = 0; result == 0 && links < 40; links++) {
    int object = openat(spot.directory, spot.name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (object < 0 && (errno != ENOENT || !(flags & O_CREAT))) {
      result = -errno;
    } else if (object < 0) {
      if (strchr(spot.name, '/')) {
        result = -EISDIR;
      } else if (spot.path[0] && is_outside(spot.path)) {
        result = refuse_call(c, "open", spot.path);
      } else {
        result = make_file(c, &spot, flags, mode);
        if (result == -EEXIST && !exclusive) {
          result = 0;
          continue;
        }
      }
    } else {
      struct stat status;
      if (fstat(object, &status) < 0) status.st_mode = S_IFDIR;
      bool is_link = S_ISLNK(status.st_mode);
      if (exclusive || (is_link && !follows)) {
        close(object);
        // One that is given its file by a recorder that died before has none.
        bool is_ours = exclusive && S_ISREG(status.st_mode) && status.st_size == 0 && !is_outside(spot.path) && is_just_made(c, &spot);
        if (is_ours && unlinkat(spot.directory, spot.name, 0) == 0) continue;
        result = exclusive ? -EEXIST : -ELOOP;
      } else if (is_link && is_descriptors(spot.path)) {
        close(object);
        object = openat(spot.directory, spot.name, O_PATH | O_CLOEXEC);
        result = open_by_object(c, object < 0 ? -errno : object, flags, mode);
      } else if (is_link) {
        result = follow(c, object, &spot);
        if (result == 0) continue;
        return result == -EBUSY ? -EISDIR : result;
      } else if (!may_write(c, spot.path, &status)) {
        close(object);
        result = refuse_open(c, spot.path);
      } else {
        result = open_object_for(c, object, &status, spot.path, flags);
      }
    }
    close(spot.directory);
    return result;
  }
  if (result == 0) {
    close(spot.directory);
    return -ELOOP;
  }
  return result == -EBUSY ? -EISDIR : result;
}

int open_name(const struct caller *c, int directory, uint64_t address, uint64_t flags, mode_t mode) {
  if (flags & O_PATH) return 0;
  char path[LONG_PATH];
  return read_string(c->pid, address, path, PATH_MAX) ? open_path(c, directory, path, flags, mode) : -EFAULT;
}

static int open_resolved(int base, const char *path, uint64_t flags, uint64_t resolve) {
  // What such a link means to the recorder is not what it means to the program.
  struct open_how how = {.flags = O_PATH | O_CLOEXEC | flags, .resolve = resolve | RESOLVE_NO_MAGICLINKS};
  return (int)syscall(437, base, path, &how, sizeof how);
}

int open_with(const struct caller *c, int directory, uint64_t address, uint64_t arguments, uint64_t size) {
  struct open_how how;
  struct stat status;
  struct spot spot;
  char path[LONG_PATH];
  if (size < sizeof how) return -EINVAL;
  if (size > sizeof how || c->slot->has_moved_root) return -ENOSYS;
  if (!read_bytes(c->pid, arguments, &how, sizeof how) || !read_string(c->pid, address, path, PATH_MAX)) return -EFAULT;
  bool writes = how.flags & (O_ACCMODE | O_CREAT | O_TRUNC), is_absolute = path[0] == '/';
  if (is_absolute && (strncmp(path, "/proc", 5) == 0 || strncmp(path, "/dev", 4) == 0)) return -ENOSYS;
  if (how.flags & O_PATH || (how.flags & O_TMPFILE) == O_TMPFILE) return -ENOSYS;
  if (how.resolve == 0 && writes) return open_path(c, directory, path, how.flags, (mode_t)how.mode);
  int base = is_absolute && !(how.resolve & RESOLVE_IN_ROOT) ? AT_FDCWD : open_object(c->slot, c->pid, directory, "", true);
  if (base < 0 && base != AT_FDCWD) return base;
  int object = open_resolved(base, path, how.flags & (O_NOFOLLOW | O_DIRECTORY), how.resolve), result = -errno;
  if (object >= 0) {
    if (fstat(object, &status) < 0) status.st_mode = S_IFLNK;
    bool is_known = path_of(object, spot.path) && spot.path[0];
    if ((how.flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) result = -EEXIST;
    else if (S_ISLNK(status.st_mode)) result = -ELOOP;
    // Reading may be allowed to the program, and not to its openat2.
    else if (!is_known || (!writes && is_outside(spot.path))) result = -ENOSYS;
    else if (!may_write(c, spot.path, &status)) result = refuse_open(c, spot.path);
    else {
      result = open_object_for(c, object, &status, spot.path, how.flags);
      object = -1;
    }
    if (object >= 0) close(object);
  } else if (result == -ENOENT && how.flags & O_CREAT) {
    char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    size_t count = strlen(name);
    memcpy(spot.name, name, count <= NAME_MAX ? count + 1 : 0);
    *name = 0;
    spot.directory = open_resolved(base, path[0] ? path : ".", O_DIRECTORY, how.resolve);
    if (count == 0 || count > NAME_MAX || strcmp(spot.name, ".") == 0 || strcmp(spot.name, "..") == 0) result = -ENOSYS;
    else if (spot.directory < 0) result = -errno;
    else if (!path_of(spot.directory, spot.path) || !spot.path[0]) result = -ENOSYS;
    else {
      size_t length = strlen(spot.path);
      snprintf(spot.path + length, sizeof spot.path - length, "%s%s", length > 1 ? "/" : "", spot.name);
      result = is_outside(spot.path) ? refuse_call(c, "open", spot.path) : make_file(c, &spot, how.flags, (mode_t)how.mode);
      // A link to nothing, perhaps.
      if (result == -EEXIST && !(how.flags & O_EXCL)) result = -ENOSYS;
    }
    if (spot.directory >= 0) close(spot.directory);
  }
  if (base >= 0) close(base);
  return result;
}
