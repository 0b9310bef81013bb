// SPDX-License-Identifier: MPL-2.0
//
// What a task has of its own that matters to a call made for it: its rights and its mask for new files. /proc tells, which takes longer than
// the call; the calls that change them are noted, so that what was read holds for a while.
//
// A task of root's that gave up rights would gain some if the recorder made its calls with its own. The recorder's thread takes on the task's
// for the call: users, groups and capabilities belong to threads, as the kernel sees it (the C library's functions change them for all).
#include "internal.h"
#include <linux/capability.h>
#include <time.h>

struct rights {
  pid_t pid;
  int64_t found;
  bool are_ours;
  mode_t mask;
};
enum { KNOWN = 16, STATUS_TEXT = 4096 };
/// A number may come to be another task's.
static const int64_t holds_for = 100000000;
static _Thread_local struct rights known[KNOWN];

void forget_all_rights(void) { memset(known, 0, sizeof known); }

void forget_rights(pid_t pid) {
  if (known[pid % KNOWN].pid == pid) known[pid % KNOWN].pid = 0;
}

bool changes_rights(int number) {
  switch (number) {
  case SYS_umask:
  case SYS_setuid:
  case SYS_setgid:
  case SYS_setreuid:
  case SYS_setregid:
  case SYS_setresuid:
  case SYS_setresgid:
  case SYS_setgroups:
  case SYS_setfsuid:
  case SYS_setfsgid:
  case SYS_capset:
  case SYS_unshare:
  case SYS_setns: return true;
  }
  return false;
}

/// What /proc says about a process, from the line of its users on.
static bool read_status(const char *path, char *text) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t count = read(fd, text, STATUS_TEXT - 1);
  close(fd);
  if (count > 0) text[count] = 0;
  return count > 0;
}

enum { MOST_GROUPS = 256 };
struct powers {
  uint32_t user, group;  // of the file system
  int group_count;
  gid_t groups[MOST_GROUPS];
  uint64_t effective;
};

static char own[STATUS_TEXT], own_namespace[64];
static struct powers own_powers;
static uint64_t permitted, inheritable;
static bool is_known;

static uint64_t mask_at(const char *text, const char *line) {
  const char *at = strstr(text, line);
  return at ? strtoull(at + strlen(line), NULL, 16) : 0;
}

/// What the text of /proc says. False when there is too much.
static bool read_powers(const char *text, struct powers *powers) {
  const char *users = strstr(text, "\nUid:"), *groups = strstr(text, "\nGid:"), *others = strstr(text, "\nGroups:");
  if (!users || !groups || !others || sscanf(users, "\nUid: %*u %*u %*u %u", &powers->user) != 1) return false;
  if (sscanf(groups, "\nGid: %*u %*u %*u %u", &powers->group) != 1) return false;
  const char *end = strchr(others + 1, '\n'), *at = others + 8;
  powers->group_count = 0;
  while (end && (at += strspn(at, "\t ")) < end) {
    if (powers->group_count == MOST_GROUPS) return false;
    char *next;
    powers->groups[powers->group_count++] = (gid_t)strtoul(at, &next, 10);
    if (next == at) return false;
    at = next;
  }
  powers->effective = mask_at(text, "\nCapEff:");
  return end != NULL;
}

static bool read_namespace(const char *task, char *into, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/%s/ns/user", task);
  ssize_t count = readlink(link, into, size - 1);
  into[count > 0 ? count : 0] = 0;
  return count > 0;
}

static void read_own(void) {
  is_known = read_status("/proc/self/status", own) && read_powers(own, &own_powers) && read_namespace("self", own_namespace, sizeof own_namespace);
  permitted = mask_at(own, "\nCapPrm:");
  inheritable = mask_at(own, "\nCapInh:");
}

static void know_own(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, read_own);
}

/// Whether a task is in the recorder's user namespace: in others capabilities are none here.
static bool is_at_home(pid_t pid) {
  char task[16], found[64];
  snprintf(task, sizeof task, "%d", pid);
  return read_namespace(task, found, sizeof found) && strcmp(found, own_namespace) == 0;
}

static bool are_same(const char *text) {
  static const char *const lines[] = {"\nUid:", "\nGid:", "\nGroups:", "\nCapEff:"};
  for (int i = 0; i < 4; i++) {
    const char *a = strstr(own, lines[i]), *b = strstr(text, lines[i]);
    if (!a || !b) return false;
    size_t count = strcspn(a + 1, "\n") + 1;
    if (strncmp(a, b, count) != 0 || b[count] != '\n') return false;
  }
  return true;
}

static struct rights rights_of(pid_t pid) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  int64_t now = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
  struct rights *place = &known[pid % KNOWN];
  if (place->pid == pid && now - place->found < holds_for) return *place;
  char name[64], text[STATUS_TEXT];
  snprintf(name, sizeof name, "/proc/%d/status", pid);
  struct rights rights = {pid, now, false, 077};
  if (!read_status(name, text)) return rights;
  know_own();
  rights.are_ours = are_same(text) && is_at_home(pid);
  const char *line = strstr(text, "\nUmask:");
  if (line) rights.mask = (mode_t)strtoul(line + 7, NULL, 8);
  // Another thread could change the mask of this one.
  if (strstr(text, "\nThreads:\t1\n")) *place = rights;
  return rights;
}

// MARK: taking them on

/// What this thread has taken on: NULL: nothing.
static _Thread_local struct powers *taken;
static _Thread_local int pauses;

static bool set_capabilities(uint64_t effective) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  for (int i = 0; i < 2; i++)
    data[i] = (struct __user_cap_data_struct){(uint32_t)(effective >> 32 * i), (uint32_t)(permitted >> 32 * i), (uint32_t)(inheritable >> 32 * i)};
  return syscall(SYS_capset, &header, data) == 0;
}

static bool set_user(uint32_t user, uint32_t group) {
  syscall(SYS_setfsgid, group);
  syscall(SYS_setfsuid, user);
  return (uint32_t)syscall(SYS_setfsgid, -1) == group && (uint32_t)syscall(SYS_setfsuid, -1) == user;
}

static bool put_on(const struct powers *powers) {
  return syscall(SYS_setgroups, (size_t)powers->group_count, powers->groups) == 0 && set_user(powers->user, powers->group)
         && set_capabilities(powers->effective & permitted);
}

static void put_off(void) {
  int error = errno;
  // With less than its own it could not go on: the keeper takes over.
  if (!set_capabilities(own_powers.effective) || !put_on(&own_powers)) _exit(1);
  errno = error;
}

int take_rights(pid_t pid) {
  know_own();
  // A user's tasks have no less than the user has, but in namespaces of their own, where they have nothing that counts here.
  if (is_known && own_powers.effective == 0) return 0;
  if (rights_of(pid).are_ours) return 0;
  static _Thread_local struct powers room;
  char name[64], text[STATUS_TEXT];
  snprintf(name, sizeof name, "/proc/%d/status", pid);
  if (!is_known || !read_status(name, text) || !read_powers(text, &room)) return -EPERM;
  if (!is_at_home(pid)) room.effective = 0;
  taken = &room;
  pauses = 0;
  if (put_on(taken)) return 0;
  drop_rights();
  return -EPERM;
}

void drop_rights(void) {
  if (!taken) return;
  put_off();
  taken = NULL;
  forget_start();
}

bool has_taken_rights(void) { return taken; }

void pause_rights(void) {
  if (taken && pauses++ == 0) put_off();
}

void resume_rights(void) {
  if (taken && --pauses == 0 && !put_on(taken)) _exit(1);
}

mode_t mask_of(pid_t pid) { return rights_of(pid).mask; }
