// SPDX-License-Identifier: MPL-2.0
//
// Reading at the level `strict`. Landlock keeps programs from opening for reading, and from running, what lies outside, and tells nobody but the
// program. So these calls are looked at before they are made: what leads outside is noted for the message and the log. The kernel decides
// them all, whatever is found here.
#include "internal.h"
#include <elf.h>
#include <linux/audit.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>

static struct shared *shared;
void reading_start(struct shared *memory) { shared = memory; }

enum what { NOTHING, READ, RUN };
struct reading {
  enum what what;
  int directory;
  uint64_t path;
  bool follow, empty;  // an empty path is the descriptor itself
};

/// What did not pass, until it is noted.
static _Thread_local struct place found;

static struct reading read_opening(int directory, uint64_t path, uint64_t flags) {
  bool reads = !(flags & (O_ACCMODE | O_CREAT | O_TRUNC | O_PATH));
  return (struct reading){reads ? READ : NOTHING, directory, path, !(flags & O_NOFOLLOW), false};
}

static struct reading read_call(const struct seccomp_notif *event) {
  uint64_t a[5];
  int number = event->data.nr;
  for (int i = 0; i < 5; i++) a[i] = event->data.args[i];
  if (event->data.arch != NATIVE_ARCHITECTURE) number = native_number(number);
  switch (number) {
#ifdef SYS_open
  case SYS_open: return read_opening(AT_FDCWD, a[0], a[1]);
#endif
  case SYS_openat: return read_opening((int)a[0], a[1], a[2]);
  case SYS_execve: return (struct reading){RUN, AT_FDCWD, a[0], true, false};
  case SYS_execveat: return (struct reading){RUN, (int)a[0], a[1], !(a[4] & AT_SYMLINK_NOFOLLOW), a[4] & AT_EMPTY_PATH};
  }
  return (struct reading){.what = NOTHING};
}

static bool is_in_list(const char *list, const char *path) {
  for (; *list; list += strlen(list) + 1)
    if (is_below(path, list)) return true;
  return false;
}

/// Whether Landlock does not let the task read what is at a path.
static bool is_unreadable(const struct slot *slot, const char *path) {
  if (path[0] != '/') return false;
  return is_unreadable_in_bounds(path) || (slot->flags & VSH_RECORDING_READS && !is_in_list(shared->readable, path));
}

// MARK: what a file is run by

/// The words behind `#!`: the first is the interpreter. (execve(2))
static size_t script_interpreter(const char *text, size_t count, char *into, size_t size) {
  size_t start = 2, end;
  while (start < count && (text[start] == ' ' || text[start] == '\t')) start++;
  for (end = start; end < count && end < 256 && !strchr(" \t\n", text[end]);) end++;
  if (end == start || end - start >= size) return 0;
  memcpy(into, text + start, end - start);
  into[end - start] = 0;
  return end - start;
}

/// The loader of a program. (elf(5), PT_INTERP)
static size_t loader(const char *bytes, size_t count, char *into, size_t size) {
  Elf64_Ehdr header;
  Elf64_Phdr part;
  if (count < sizeof header) return 0;
  memcpy(&header, bytes, sizeof header);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof part) return 0;
  for (unsigned i = 0; i < header.e_phnum; i++) {
    uint64_t at = header.e_phoff + i * sizeof part;
    if (at > count - sizeof part) break;
    memcpy(&part, bytes + at, sizeof part);
    if (part.p_type != PT_INTERP) continue;
    if (part.p_offset > count || part.p_filesz > count - part.p_offset || part.p_filesz < 2 || part.p_filesz > size) return 0;
    memcpy(into, bytes + part.p_offset, part.p_filesz);
    into[part.p_filesz - 1] = 0;
    return strlen(into);
  }
  return 0;
}

size_t vsh_recorder_interpreter(const char *path, char *into, size_t size) {
  char bytes[4096];
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  ssize_t count = fd < 0 ? 0 : read(fd, bytes, sizeof bytes);
  if (fd >= 0) close(fd);
  if (count < 4) return 0;
  if (memcmp(bytes, "#!", 2) == 0) return script_interpreter(bytes, (size_t)count, into, size);
  return memcmp(bytes, ELFMAG, SELFMAG) == 0 ? loader(bytes, (size_t)count, into, size) : 0;
}

// MARK: where calls lead

/// Where a path of another process leads, without anything of it staying open here.
static bool find_apart(pid_t pid, int directory, const char *given, bool follow, struct place *place) {
  char translated[LONG_PATH], whole[LONG_PATH + 64], link[32];
  const char *path = translate(pid, given, translated);
  if (path[0] == '/') snprintf(whole, sizeof whole, "%s", path);
  else if (directory == AT_FDCWD) snprintf(whole, sizeof whole, "/proc/%d/cwd/%s", pid, path);
  else snprintf(whole, sizeof whole, "/proc/%d/fd/%d%s%s", pid, directory, path[0] ? "/" : "", path);
  int fd = open(whole, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
  if (fd < 0) return false;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t count = readlink(link, place->path, PATH_MAX - 1);
  struct statx here;
  bool is_known = count > 0 && statx(fd, "", AT_EMPTY_PATH, STATX_INO, &here) == 0;
  close(fd);
  if (!is_known) return false;
  place->path[count] = 0;
  // What no name leads to is nobody's: pipes, sockets, memory.
  return look(place) && here.stx_ino == place->status.stx_ino && device_of(&here) == device_of(&place->status);
}

static bool find(const struct slot *slot, pid_t pid, const struct reading *call, const char *path, struct place *place) {
  if (!path[0] && !call->empty) return false;
  if (!slot) return find_apart(pid, call->directory, path, call->follow, place);
  return path[0] ? find_object(slot, pid, call->directory, path, call->follow, place) : find_path(pid, call->directory, place->path) && look(place);
}

/// Whether what is run, or what it is run by, lies outside: then that is what was found.
static bool runs_outside(const struct slot *slot, pid_t pid, bool (*is_outside_here)(const struct slot *, const char *)) {
  char name[PATH_MAX];
  const struct reading interpreter = {RUN, AT_FDCWD, 0, true, false};
  for (int depth = 0; depth < 6; depth++) {
    if (is_outside_here(slot, found.path)) return true;
    if (!S_ISREG(found.status.stx_mode) || !vsh_recorder_interpreter(found.path, name, sizeof name)) return false;
    if (!find(slot, pid, &interpreter, name, &found)) return false;
  }
  return false;
}

bool reading_passes(struct slot *slot, const struct seccomp_notif *event) {
  struct reading call = read_call(event);
  if (call.what == NOTHING) return false;
  pid_t pid = (pid_t)event->pid;
  char path[PATH_MAX];
  bounds_enter(slot, pid);
  forget_strings();
  doubts_paths = slot->has_moved_root;
  bool is_known = read_string(pid, call.path, path, sizeof path) && find(slot, pid, &call, path, &found);
  reading_failed();
  if (!is_known || S_ISLNK(found.status.stx_mode)) return true;
  return call.what == RUN ? !runs_outside(slot, pid, is_unreadable) : !is_unreadable(slot, found.path);
}

bool reading_note(struct slot *slot, struct operation *operation, const struct seccomp_notif *event) {
  struct reading call = read_call(event);
  if (call.what == NOTHING) return false;
  // Which bounds refuse it is asked again: between, others may have been.
  is_unreadable(slot, found.path);
  note_attempt(operation, (pid_t)event->pid, call.what == RUN ? "run" : "read", found.path);
  return true;
}

void reading_note_opening(struct slot *slot, struct operation *operation, pid_t pid, const uint64_t *arguments) {
  struct open_how how = {0};
  char path[PATH_MAX];
  if (!(slot->flags & VSH_RECORDING_READS) && !is_bound()) return;
  if (!read_bytes(pid, arguments[2], &how, arguments[3] < sizeof how ? arguments[3] : sizeof how)) return;
  struct reading call = read_opening((int)arguments[0], arguments[1], how.flags);
  // With such flags other paths are meant, or none that leads away.
  if (call.what == NOTHING || how.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) return;
  if (!read_string(pid, call.path, path, sizeof path) || !find(slot, pid, &call, path, &found) || S_ISLNK(found.status.stx_mode)) return;
  if (is_unreadable(slot, found.path)) note_attempt(operation, pid, "read", found.path);
}

// MARK: in the shell

/// Its list, which the recorder has in memory that both share.
static const char *own_list;
static bool is_outside_own(const struct slot *unused, const char *path) {
  (void)unused;
  return !is_in_list(own_list, path);
}

bool reading_let_pass(const char *list, int listener, struct seccomp_notif *event) {
  memset(event, 0, sizeof *event);
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, event) < 0) {
    event->id = 0;
    return true;
  }
  struct reading call = read_call(event);
  if (call.what == NOTHING) return false;
  pid_t pid = (pid_t)event->pid;
  char path[PATH_MAX];
  own_list = list;
  forget_strings();
  bool is_known = list && read_string(pid, call.path, path, sizeof path) && find(NULL, pid, &call, path, &found);
  reading_failed();
  if (is_known && !S_ISLNK(found.status.stx_mode) && (call.what == RUN ? runs_outside(NULL, pid, is_outside_own) : is_outside_own(NULL, found.path))) return false;
  struct seccomp_notif_resp response = {.id = event->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
  event->id = 0;
  return true;
}
