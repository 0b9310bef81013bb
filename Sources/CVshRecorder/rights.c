// SPDX-License-Identifier: MPL-2.0
//
// What a task has of its own that matters to a call made for it: its rights and its mask for new files. /proc tells, which takes longer than
// the call; the calls that change them are noted, so that what was read holds for a while.
#include "internal.h"
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

static char own[STATUS_TEXT];
static void read_own(void) { read_status("/proc/self/status", own); }

static bool are_same(const char *text) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, read_own);
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
  rights.are_ours = are_same(text);
  const char *line = strstr(text, "\nUmask:");
  if (line) rights.mask = (mode_t)strtoul(line + 7, NULL, 8);
  // Another thread could change the mask of this one.
  if (strstr(text, "\nThreads:\t1\n")) *place = rights;
  return rights;
}

bool has_our_rights(pid_t pid) { return rights_of(pid).are_ours; }

mode_t mask_of(pid_t pid) { return rights_of(pid).mask; }
