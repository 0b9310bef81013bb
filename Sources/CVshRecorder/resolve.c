// SPDX-License-Identifier: MPL-2.0
//
// What names and descriptors of another process stand for. Paths are read from its memory; its working directory,
// descriptors and root are reached through /proc.
#include "internal.h"
#include <stdio.h>
#include <sys/uio.h>

bool read_bytes(pid_t pid, uint64_t address, void *into, size_t size) {
  struct iovec local = {into, size}, remote = {(void *)(uintptr_t)address, size};
  return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

bool read_string(pid_t pid, uint64_t address, char *into, size_t size) {
  size_t done = 0;
  while (done < size) {
    // A page at a time: the next one may not be there.
    size_t part = 4096 - ((address + done) & 4095);
    if (part > size - done) part = size - done;
    struct iovec local = {into + done, part}, remote = {(void *)(uintptr_t)(address + done), part};
    ssize_t count = process_vm_readv(pid, &local, 1, &remote, 1, 0);
    if (count <= 0) return false;
    if (memchr(into + done, 0, (size_t)count)) return true;
    done += (size_t)count;
  }
  return false;
}

bool look(struct place *place) {
  place->exists = statx(AT_FDCWD, place->path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID,
                        &place->status) == 0;
  return place->exists;
}

size_t parent_length(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == path ? 1 : (size_t)(slash - path);
}

static bool is_below(const char *path, const char *directory) {
  size_t count = strlen(directory);
  return strncmp(path, directory, count) == 0 && (path[count] == 0 || path[count] == '/');
}

bool is_excluded(const char *path) {
  if (is_below(path, state_path)) return true;
  if (is_below(path, "/proc") || is_below(path, "/sys")) return true;
  if (is_below(path, "/dev") && !is_below(path, "/dev/shm")) return true;
  return is_store(path);
}

/// The path that a link in /proc shows. False when no name leads there.
static bool read_proc(const char *link, char *into) {
  ssize_t count = readlink(link, into, PATH_MAX - 1);
  if (count <= 0 || into[0] != '/') return false;
  into[count] = 0;
  static const char gone[] = " (deleted)";
  size_t tail = sizeof gone - 1;
  struct stat status;
  if ((size_t)count > tail && strcmp(into + count - tail, gone) == 0 && lstat(into, &status) < 0) return false;
  return true;
}

/// What /proc/self and its like mean to the process.
static const char *translate(pid_t pid, const char *path, char *room) {
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

/// Where a relative or absolute path of the process starts, in terms of ours.
static int from_here(const struct slot *slot, pid_t pid, int directory, const char *path, char *room) {
  if (path[0] == '/') return slot->has_moved_root ? snprintf(room, LONG_PATH, "/proc/%d/root%s", pid, path) : snprintf(room, LONG_PATH, "%s", path);
  if (directory == AT_FDCWD) return snprintf(room, LONG_PATH, "/proc/%d/cwd/%s", pid, path);
  return snprintf(room, LONG_PATH, "/proc/%d/fd/%d/%s", pid, directory, path);
}

bool find_name(const struct slot *slot, pid_t pid, int directory, const char *given, struct place *place) {
  char translated[LONG_PATH], whole[LONG_PATH], head[LONG_PATH];
  const char *path = translate(pid, given, translated);
  size_t count = strlen(path);
  while (count > 1 && path[count - 1] == '/') count--;
  size_t start = count;
  while (start > 0 && path[start - 1] != '/') start--;
  size_t name = count - start;
  if (name == 0 || (path[start] == '.' && (name == 1 || (name == 2 && path[start + 1] == '.')))) return false;
  size_t length;
  if (start == 0 && !slot->has_moved_root) {
    if (directory == AT_FDCWD) snprintf(whole, sizeof whole, "/proc/%d/cwd", pid);
    else snprintf(whole, sizeof whole, "/proc/%d/fd/%d", pid, directory);
    if (!read_proc(whole, place->path)) return false;
  } else {
    memcpy(head, path, start);
    head[start] = 0;
    int written = from_here(slot, pid, directory, head, whole);
    if (written < 0 || written >= LONG_PATH) return false;
    int fd = open(whole, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    snprintf(whole, sizeof whole, "/proc/self/fd/%d", fd);
    bool found = read_proc(whole, place->path) && (!slot->has_moved_root || is_same_directory(fd, place->path));
    close(fd);
    if (!found) return false;
  }
  length = strlen(place->path);
  if (length + name + 2 > sizeof place->path) return false;
  if (length > 1) place->path[length++] = '/';
  memcpy(place->path + length, path + start, name);
  place->path[length + name] = 0;
  look(place);
  return true;
}

bool find_descriptor(const struct slot *slot, pid_t pid, int descriptor, struct place *place) {
  char link[64];
  struct statx open;
  (void)slot;
  if (descriptor == AT_FDCWD) snprintf(link, sizeof link, "/proc/%d/cwd", pid);
  else snprintf(link, sizeof link, "/proc/%d/fd/%d", pid, descriptor);
  if (!read_proc(link, place->path) || !look(place)) return false;
  if (statx(AT_FDCWD, link, 0, STATX_INO, &open) < 0) return false;
  return open.stx_ino == place->status.stx_ino && device_of(&open) == device_of(&place->status);
}

bool find_object(const struct slot *slot, pid_t pid, int directory, const char *given, bool follow, struct place *place) {
  bool found = find_name(slot, pid, directory, given, place);
  if (found && !place->exists) return false;
  bool is_link = found && S_ISLNK(place->status.stx_mode);
  if (found && (!is_link || !follow)) return true;
  char translated[LONG_PATH], whole[LONG_PATH];
  int written = from_here(slot, pid, directory, translate(pid, given, translated), whole);
  if (written < 0 || written >= LONG_PATH) return false;
  int fd = open(whole, O_PATH | O_CLOEXEC);
  if (fd < 0) return false;
  snprintf(whole, sizeof whole, "/proc/self/fd/%d", fd);
  found = read_proc(whole, place->path) && look(place);
  struct statx here;
  if (found) found = statx(fd, "", AT_EMPTY_PATH, STATX_INO, &here) == 0 && here.stx_ino == place->status.stx_ino;
  close(fd);
  return found;
}

int open_object(const struct slot *slot, pid_t pid, int directory, const char *given, bool follow) {
  char translated[LONG_PATH], whole[LONG_PATH];
  int written;
  if (given[0]) written = from_here(slot, pid, directory, translate(pid, given, translated), whole);
  else if (directory == AT_FDCWD) written = snprintf(whole, sizeof whole, "/proc/%d/cwd", pid);
  else written = snprintf(whole, sizeof whole, "/proc/%d/fd/%d", pid, directory);
  if (written < 0 || written >= LONG_PATH) return -ENAMETOOLONG;
  int fd = open(whole, O_PATH | O_CLOEXEC | (follow || !given[0] ? 0 : O_NOFOLLOW));
  if (fd < 0) return !given[0] && errno == ENOENT ? -EBADF : -errno;
  return fd;
}
