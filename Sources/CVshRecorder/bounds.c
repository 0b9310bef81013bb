// SPDX-License-Identifier: MPL-2.0
//
// Bounds of shells inside (decision 0013). A vsh that a program of this shell starts may want narrower bounds than those around it. It cannot
// have a recorder of its own (the kernel gives a task one listener), and Landlock rules of its own do not hold for calls that this recorder
// makes. So it tells the recorder of its bounds, which keeps them as it keeps the shell's: on what was opened and looked at. To
// that shell and its children, until these run another program, Landlock is let through: it keeps reading at the level `strict`, and is a second
// line for the rest.
//
// Who is in which bounds must hold whatever these tasks do. The shell inside has put a filter on itself that does nothing: how many a task has
// is inherited, only grows, and stands in /proc. A task with fewer than that shell had is not in its bounds. One that has as many is in those of
// the nearest process above it that told of some, and in those that this one was in before it put its filter on itself; and, as processes that
// lost their parents come to be children of others further up, in all that were made inside these by shells with no more filters. One above
// which there is none such is in all. So nobody is in fewer than it should be.
#include "internal.h"
#include <sys/prctl.h>
#include <sys/uio.h>
#include <time.h>

static struct shared *shared;
void bounds_start(struct shared *memory) { shared = memory; }

/// What /proc says of a task.
struct task {
  pid_t group, parent;
  uint32_t filters;
};

/// The bounds that the task of the event at hand is in, as bits; of those the one that it is told of; and whether it is in some of which
/// nothing is known any more.
static _Thread_local struct membership {
  uint64_t set;
  int nearest;
  bool is_closed;
} present;
/// Those that refused what was asked about last; -1: none of them.
static _Thread_local int refusing = -1;

enum { KNOWN = 16, DEPTH = 256, STATUS_TEXT = 4096 };
static const int64_t holds_for = 100000000;
static _Thread_local struct {
  pid_t pid;
  int64_t found;
  struct membership membership;
} known[KNOWN];

void bounds_forget_tasks(void) { memset(known, 0, sizeof known); }

static bool read_file(const char *path, char *text, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t count = read(fd, text, size - 1);
  close(fd);
  text[count > 0 ? count : 0] = 0;
  return count > 0;
}

static bool read_number(const char *text, const char *line, uint32_t *number) {
  const char *at = strstr(text, line);
  if (at) *number = (uint32_t)strtoul(at + strlen(line), NULL, 10);
  return at;
}

static bool read_task(pid_t pid, struct task *task) {
  char path[64], text[STATUS_TEXT];
  uint32_t group, parent;
  if (pid) snprintf(path, sizeof path, "/proc/%d/status", pid);
  else strcpy(path, "/proc/self/status");
  if (!read_file(path, text, sizeof text) || !read_number(text, "\nTgid:", &group) || !read_number(text, "\nPPid:", &parent)
      || !read_number(text, "\nSeccomp_filters:", &task->filters))
    return false;
  task->group = (pid_t)group;
  task->parent = (pid_t)parent;
  return true;
}

/// When a process was started: its number may come to be another's. (proc(5), the 22nd field of stat) 0: it is not known.
static uint64_t started(pid_t pid) {
  char path[64], text[1024];
  unsigned long long time = 0;
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const char *at = read_file(path, text, sizeof text) ? strrchr(text, ')') : NULL;
  if (at) sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &time);
  return time;
}

static bool is_in(uint64_t set, int index) { return set >> index & 1; }

/// Those that a process told of, among some; -1: none.
static int told_by(uint64_t set, pid_t process) {
  for (int i = BOUNDS - 1; i >= 0; i--)
    if (is_in(set, i) && shared->bounds[i].shell == process && shared->bounds[i].start == started(process)) return i;
  return -1;
}

static struct membership all_of(uint64_t set, bool is_closed) {
  return (struct membership){set, set ? 63 - __builtin_clzll(set) : -1, is_closed};
}

static struct membership find(const struct slot *slot, pid_t pid) {
  struct task task, above, again;
  if (!read_task(pid, &task)) return all_of(slot->bounds, slot->lost);
  uint64_t set = 0;
  for (int i = 0; i < BOUNDS; i++)
    if (is_in(slot->bounds, i) && shared->bounds[i].filters <= task.filters) set |= 1ull << i;
  bool is_lost = slot->lost && slot->lost <= task.filters;
  if (!set && !is_lost) return (struct membership){0, -1, false};
  pid_t at = task.group;
  struct task here = task;
  for (int depth = 0; depth < DEPTH; depth++) {
    int nearest = told_by(set, at);
    if (nearest >= 0) {
      const struct bounds *bounds = &shared->bounds[nearest];
      uint64_t inside = 1ull << nearest | bounds->within;
      for (int i = 0; i < BOUNDS; i++)
        if (is_in(set, i) && is_in(shared->bounds[i].within, nearest)) inside |= 1ull << i;
      return (struct membership){inside, nearest, bounds->lost && bounds->lost <= task.filters};
    }
    // As long as the one below still has this parent, what is read is about that one.
    if (here.parent <= 1 || !read_task(here.parent, &above) || !read_task(at, &again) || again.parent != here.parent) break;
    at = here.parent;
    here = above;
  }
  return all_of(set, is_lost);
}

void bounds_enter(const struct slot *slot, pid_t pid) {
  present = (struct membership){0, -1, false};
  if (!slot->bounds && !slot->lost) return;
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  int64_t now = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
  int place = pid % KNOWN;
  if (known[place].pid == pid && now - known[place].found < holds_for) {
    present = known[place].membership;
    return;
  }
  present = find(slot, pid);
  // That a task is in none is asked each time: it may put a filter on itself.
  known[place].pid = present.set || present.is_closed ? pid : 0;
  known[place].found = now;
  known[place].membership = present;
}

bool is_bound(void) { return present.set || present.is_closed; }

static bool is_outside_of(const struct bounds *bounds, const char *path) { return path[0] != '/' || is_outside_lists(bounds->lists, path); }

bool is_outside_bounds(const char *path) {
  refusing = present.nearest;
  if (present.is_closed || (present.nearest >= 0 && is_outside_of(&shared->bounds[present.nearest], path))) return true;
  for (refusing = 0; refusing < BOUNDS; refusing++)
    if (is_in(present.set, refusing) && is_outside_of(&shared->bounds[refusing], path)) return true;
  refusing = -1;
  return false;
}

bool holds_own_in_bounds(const char *path) {
  for (refusing = 0; refusing < BOUNDS; refusing++)
    if (is_in(present.set, refusing) && lists_hold_own(shared->bounds[refusing].lists, path)) return true;
  refusing = -1;
  return false;
}

bool is_unreadable_in_bounds(const char *path) {
  for (refusing = 0; refusing < BOUNDS; refusing++) {
    const char *list = is_in(present.set, refusing) ? shared->bounds[refusing].readable : "";
    bool is_readable = !*list;
    for (; *list && !is_readable; list += strlen(list) + 1) is_readable = is_below(path, list);
    if (!is_readable) return true;
  }
  refusing = -1;
  return false;
}

bool is_device_of_bounds(const char *path) {
  static const char *const names[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/random", "/dev/urandom", "/dev/ptmx"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(path, names[i]) == 0) return true;
  return strncmp(path, "/dev/pts/", 9) == 0;
}

struct bounds *bounds_that_refuse(void) { return refusing >= 0 ? &shared->bounds[refusing] : NULL; }

struct bounds *bounds_present(void) { return present.nearest >= 0 ? &shared->bounds[present.nearest] : NULL; }

static uint64_t program_of(pid_t pid) {
  char path[64];
  struct statx x;
  snprintf(path, sizeof path, "/proc/%d/exe", pid);
  if (statx(AT_FDCWD, path, 0, STATX_INO, &x) < 0) return 0;
  uint64_t parts[2] = {x.stx_ino, device_of(&x)};
  return hash_bytes(parts, sizeof parts) | 1;
}

bool bounds_let_restrict(pid_t pid) {
  const struct bounds *bounds = bounds_present();
  return bounds && program_of(pid) == bounds->program;
}

// MARK: telling

/// Whether lists are what they should be: absolute paths with a zero byte behind each, and behind both groups another one.
static bool are_lists(const char *lists, size_t size) {
  size_t at = 0;
  for (int group = 0; group < 2; group++) {
    for (; at < size && lists[at]; at += strlen(lists + at) + 1)
      if (lists[at] != '/') return false;
    if (at++ >= size) return false;
  }
  return at == size && lists[0];
}

static void release(struct slot *slot, int index) {
  slot->bounds &= ~(1ull << index);
  slot->announced &= ~(1ull << index);
  bounds_forget_tasks();
  atomic_store(&shared->bounds[index].used, 0);
}

/// Forgets bounds, unless others were made inside them.
static void drop(struct slot *slot, int index) {
  struct bounds *bounds = &shared->bounds[index];
  for (int i = 0; i < BOUNDS; i++)
    if (is_in(slot->bounds, i) && is_in(shared->bounds[i].within, index)) return;
  uint32_t *lost[BOUNDS + 1] = {&slot->lost};
  for (int i = 0; i < BOUNDS; i++)
    if (is_in(bounds->within, i)) lost[i + 1] = &shared->bounds[i].lost;
  for (int i = 0; i <= BOUNDS; i++)
    if (lost[i] && (!*lost[i] || bounds->filters < *lost[i])) *lost[i] = bounds->filters;
  release(slot, index);
}

/// Room for new ones. Those of shells that have ended may go: what they left behind, should there be anything, may change nothing any more.
static int make_room(struct slot *slot) {
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < BOUNDS; i++) {
      uint32_t free = 0;
      if (atomic_compare_exchange_strong(&shared->bounds[i].used, &free, 1)) return i;
    }
    for (int i = 0; i < BOUNDS; i++) {
      if (!is_in(slot->bounds | slot->announced, i) || started(shared->bounds[i].shell) == shared->bounds[i].start) continue;
      if (is_in(slot->bounds, i)) drop(slot, i);
      else release(slot, i);
    }
  }
  return -1;
}

/// A shell inside is about to put its filter on itself: which bounds it is in is known now, and could not be told from others' later.
static int expect_bounds(struct slot *slot, pid_t pid) {
  struct task task;
  uint64_t start = started(pid);
  bool is_known = !present.is_closed && start && program_of(pid) && read_task(pid, &task) && task.group == pid;
  int index = is_known ? make_room(slot) : -1;
  if (index < 0) return -ENOSPC;
  struct bounds *bounds = &shared->bounds[index];
  bounds->shell = pid;
  bounds->start = start;
  bounds->filters = task.filters + 1;
  bounds->within = present.set & slot->bounds;
  bounds->lost = 0;
  bounds->program = program_of(pid);
  atomic_store(&bounds->refusals, 0);
  slot->announced |= 1ull << index;
  return MAGIC_BOUNDS;
}

/// It has done so, and tells the lists.
static int take_bounds(struct slot *slot, pid_t pid, uint64_t address, uint64_t size) {
  static _Thread_local char lists[sizeof ((struct bounds *)NULL)->lists];
  struct task task;
  if (size > sizeof lists || !read_bytes(pid, address, lists, size) || !are_lists(lists, size)) return -EINVAL;
  int index = told_by(slot->announced, pid);
  if (index < 0 || !read_task(pid, &task)) return -EPERM;
  struct bounds *bounds = &shared->bounds[index];
  if (task.group != pid || task.filters != bounds->filters) return -EPERM;
  memcpy(bounds->lists, lists, size);
  bounds->readable[0] = 0;
  slot->bounds |= 1ull << index;
  slot->announced &= ~(1ull << index);
  bounds_forget_tasks();
  return MAGIC_BOUNDS;
}

/// It tells where reading is allowed, which Landlock keeps.
static int take_readable(const struct slot *slot, pid_t pid, uint64_t address, uint64_t size) {
  static _Thread_local char list[READABLE];
  int index = told_by(slot->bounds, pid);
  if (index < 0 || size < 2 || size > sizeof list || !read_bytes(pid, address, list, size) || list[size - 1] || list[size - 2]) return -EINVAL;
  for (const char *at = list; *at; at += strlen(at) + 1)
    if (*at != '/') return -EINVAL;
  memcpy(shared->bounds[index].readable, list, size);
  return ANSWER_DONE;
}

/// Tells a shell inside what was refused last: action and path, each with a zero byte behind it. How often so far, and one more.
static int tell_refusal(pid_t pid, uint64_t address, uint64_t size) {
  const struct bounds *bounds = bounds_present();
  if (!bounds) return -EPERM;
  char text[sizeof bounds->refused_action + sizeof bounds->refused_path];
  size_t first = strlen(bounds->refused_action) + 1, second = strlen(bounds->refused_path) + 1;
  memcpy(text, bounds->refused_action, first);
  memcpy(text + first, bounds->refused_path, second);
  struct iovec local = {text, first + second}, remote = {(void *)(uintptr_t)address, first + second};
  if (first + second > size || process_vm_writev(pid, &local, 1, &remote, 1, 0) < 0) return -EFAULT;
  return (int)(atomic_load(&bounds->refusals) & 0xffffff) + 1;
}

/// What a shell inside refused itself goes into the log too.
static int take_refusal(struct operation *operation, pid_t pid, uint64_t address, uint64_t size) {
  char text[PATH_MAX];
  struct bounds *bounds = bounds_present();
  if (!bounds || size < 2 || size > sizeof text || !read_bytes(pid, address, text, size) || text[size - 1]) return -EINVAL;
  size_t first = strlen(text) + 1;
  if (first >= size) return -EINVAL;
  // What it could not read or run may have been seen here already.
  if (strcmp(text, "read") == 0 || strcmp(text, "run") == 0) enter_attempt(operation, pid, text, text + first, bounds->lists);
  else enter_refusal(operation, pid, text, text + first, bounds->lists);
  return ANSWER_DONE;
}

int bounds_answer(struct slot *slot, struct operation *operation, pid_t pid, const uint64_t *arguments) {
  switch (arguments[1]) {
  case MAGIC_EXPECT_BOUNDS: return expect_bounds(slot, pid);
  case MAGIC_TAKE_BOUNDS: return take_bounds(slot, pid, arguments[2], arguments[3]);
  case MAGIC_TELL_REFUSAL: return tell_refusal(pid, arguments[2], arguments[3]);
  case MAGIC_TAKE_READABLE: return take_readable(slot, pid, arguments[2], arguments[3]);
  case MAGIC_TAKE_REFUSAL: return take_refusal(operation, pid, arguments[2], arguments[3]);
  }
  return is_held() ? MAGIC_ANSWER_CONFINED : MAGIC_ANSWER;
}

void bounds_end(struct slot *slot) {
  for (int i = 0; i < BOUNDS; i++)
    if (is_in(slot->bounds | slot->announced, i)) release(slot, i);
  slot->lost = 0;
}

// MARK: the shell inside

static pid_t told;

int vsh_recorder_take_bounds(const void *lists, size_t count) {
  struct sock_filter all = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
  struct sock_fprog filter = {1, &all};
  if (told != getpid()) {
    if (syscall(SYS_fchmod, MAGIC_DESCRIPTOR, MAGIC_EXPECT_BOUNDS) != MAGIC_BOUNDS) return -EOPNOTSUPP;
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter) < 0
        && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter) < 0))
      return -errno;
  }
  long answer = syscall(SYS_fchmod, MAGIC_DESCRIPTOR, MAGIC_TAKE_BOUNDS, lists, count);
  if (answer != MAGIC_BOUNDS) return answer < 0 ? -errno : -EOPNOTSUPP;
  told = getpid();
  return 0;
}

uint32_t vsh_recorder_refusals_in_bounds(const char **action, const char **path) {
  static char text[64 + PATH_MAX];
  static uint32_t count;
  long answer = told ? syscall(SYS_fchmod, MAGIC_DESCRIPTOR, MAGIC_TELL_REFUSAL, text, sizeof text) : -1;
  if (answer > 0) count = (uint32_t)answer - 1;
  *action = text;
  *path = text + strlen(text) + 1;
  return count;
}

void vsh_recorder_tell_readable(const void *list, size_t count) {
  if (told) syscall(SYS_fchmod, MAGIC_DESCRIPTOR, MAGIC_TAKE_READABLE, list, count);
}

void vsh_recorder_note_refusal(const void *text, size_t count) { syscall(SYS_fchmod, MAGIC_DESCRIPTOR, MAGIC_TAKE_REFUSAL, text, count); }
