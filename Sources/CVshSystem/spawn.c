// SPDX-License-Identifier: MPL-2.0
//
// The child of vfork runs in the parent's memory until it execs: only async-signal-safe calls, no allocation, no write
// but to its own frame and `struct attempt`. It runs with all signals blocked, and before it unblocks them it resets
// every caught signal: a handler must never run there.
#include "vsh_spawn.h"
#include "result.h"
#include "sets.h"
#include "vsh_process.h"
#include "vsh_signal.h"
#include <alloca.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int32_t fork_depth;
int32_t vsh_fork_depth(void) { return fork_depth; }

/// 1 when an action before number `i` closes or replaces the descriptor that it copies.
static int is_overwritten(const struct vsh_launch *launch, size_t i) {
  for (size_t j = 0; j < i; j++)
    if (launch->actions[j].to == launch->actions[i].from) return 1;
  return 0;
}

/// What the target of an action was, to be put back when exec in place fails.
struct before {
  int copy;   // -1: none was needed
  int flags;  // -1: it was not open, -2: it is as it was
};

/// Performs the actions. `moved` has room for one descriptor an action, and so has `before`, which a child does not need.
/// 0 or a negative errno.
static int apply_actions(const struct vsh_launch *launch, int *moved, struct before *before) {
  int floor = 10;
  for (size_t i = 0; i < launch->action_count; i++)
    if (launch->actions[i].to >= floor) floor = launch->actions[i].to + 1;
  for (size_t i = 0; i < launch->action_count; i++) {
    moved[i] = -1;
    if (launch->actions[i].from < 0 || !is_overwritten(launch, i)) continue;
    moved[i] = fcntl(launch->actions[i].from, F_DUPFD_CLOEXEC, floor);
    if (moved[i] < 0) return -errno;
  }
  for (size_t i = 0; i < launch->action_count; i++) {
    int from = moved[i] >= 0 ? moved[i] : launch->actions[i].from, to = launch->actions[i].to, result;
    if (before) {
      before[i].flags = fcntl(to, F_GETFD);
      if (from >= 0 && from != to && before[i].flags >= 0) before[i].copy = fcntl(to, F_DUPFD_CLOEXEC, floor);
    }
    if (from < 0) {
      if (before) fcntl(to, F_SETFD, FD_CLOEXEC);  // exec itself closes it
      else close(to);                              // EBADF: closed is closed
      continue;
    }
    do result = from == to ? fcntl(to, F_SETFD, 0) : dup2(from, to);
    while (result < 0 && (errno == EINTR || errno == EBUSY));
    if (result < 0) return -errno;
  }
  return 0;
}

/// Undoes the actions, where `before` is not as it was filled first.
static void undo_actions(const struct vsh_launch *launch, const struct before *before) {
  for (size_t i = launch->action_count; i-- > 0;) {
    int to = launch->actions[i].to;
    if (before[i].flags == -2) continue;
    if (before[i].copy >= 0) {
      dup2(before[i].copy, to);
      close(before[i].copy);
    }
    if (before[i].flags < 0) close(to);
    else fcntl(to, F_SETFD, before[i].flags);
  }
}

/// Dispositions to put back when exec in place fails.
struct saved {
  uint64_t set;
  struct sigaction actions[VSH_SIGNAL_MAX + 1];
};

/// Sets the disposition of each signal in `set`, passing over those that have none (KILL, STOP, the C library's own).
static void set_dispositions(uint64_t set, void (*handler)(int), struct saved *saved) {
  struct sigaction action = {.sa_handler = handler};
  for (; set; set &= set - 1) {
    int signal = __builtin_ctzll(set) + 1;
    if (sigaction(signal, &action, saved ? &saved->actions[signal] : NULL) == 0 && saved) saved->set |= BIT(signal);
  }
}

uint64_t vsh_exec_mark;

static void start_program(const char *path, char *const *argv, char *const *envp) { syscall(SYS_execve, path, argv, envp, 0L, 0L, vsh_exec_mark); }

/// execve, and the interpreter when the format is unknown. A negative errno.
__attribute__((noinline)) static int execute(const struct vsh_launch *launch) {
  start_program(launch->path, launch->argv, launch->envp);
  if (errno != ENOEXEC || !launch->interpreter) return -errno;
  size_t count = 0;
  while (launch->argv[count]) count++;
  char *argv[count + 3];
  argv[0] = (char *)launch->interpreter_name;
  argv[1] = (char *)launch->path;
  for (size_t i = 1; i < count; i++) argv[i + 1] = launch->argv[i];
  argv[count > 0 ? count + 1 : 2] = NULL;
  start_program(launch->interpreter, argv, launch->envp);
  return -errno;
}

/// Everything between fork and exec, with all signals blocked. Returns only a negative errno.
static int run(const struct vsh_launch *launch, int *moved, struct before *before, struct saved *saved) {
  int result;
  if (launch->begin && !before && (result = launch->begin(launch->context)) < 0) return result;
  if (launch->pgroup >= 0 && setpgid(0, launch->pgroup) < 0) return -errno;
  if (launch->terminal >= 0 && tcsetpgrp(launch->terminal, getpgrp()) < 0) return -errno;
  if ((result = apply_actions(launch, moved, before)) < 0) return result;
  if (launch->directory >= 0 && fchdir(launch->directory) < 0) return -errno;
  uint64_t ignored = launch->ignored_signals | (vsh_signals_ignored_for_children() & ~launch->default_signals);
  set_dispositions((launch->default_signals | vsh_signals_caught()) & ~ignored, SIG_DFL, saved);
  set_dispositions(ignored, SIG_IGN, saved);
  if (launch->prepare && (result = launch->prepare(launch->context)) < 0) return result;
  sigset_t mask = signal_set(launch->mask);
  sigprocmask(SIG_SETMASK, &mask, NULL);
  return execute(launch);
}

struct attempt {
  const struct vsh_launch *launch;
  int *moved;
  volatile int error;  // written by the child, read by the parent
};

/// Apart from vsh_spawn, so that the child's frame lies below the one that both share.
__attribute__((noinline)) static _Noreturn void run_child(struct attempt *attempt) {
  int result = run(attempt->launch, attempt->moved, NULL, NULL);
  attempt->error = result;
  _exit(result == -ENOENT || result == -ENOTDIR ? 127 : 126);
}

static int enter_child(void *attempt) { run_child(attempt); }

/// vfork in another way. The child runs on our own stack, some way below what is in use.
__attribute__((noinline)) static pid_t fork_otherwise(struct attempt *attempt) {
  void *below = (void *)(((uintptr_t)alloca(16) - 4096) & ~(uintptr_t)63);
  if (attempt->launch->fork) return attempt->launch->fork(enter_child, attempt, below);
  return clone(enter_child, below, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, attempt);
}

pid_t vsh_spawn(const struct vsh_launch *launch) {
  int moved[launch->action_count + 1];
  struct attempt attempt = {launch, moved, 0};
  vsh_signals_ignored_for_children();
  uint64_t mask = vsh_signals_block(~UINT64_C(0));
  pid_t pid = launch->begin || launch->fork ? fork_otherwise(&attempt) : vfork();
  if (pid == 0) run_child(&attempt);
  int error = pid < 0 ? -errno : attempt.error;
  if (pid > 0 && error < 0)
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
  vsh_signals_set_mask(mask);
  return error < 0 ? error : pid;
}

int vsh_exec(const struct vsh_launch *launch) {
  int moved[launch->action_count + 1];
  struct before before[launch->action_count + 1];
  struct saved saved = {.set = 0};
  for (size_t i = 0; i < launch->action_count; i++) {
    moved[i] = -1;
    before[i] = (struct before){.copy = -1, .flags = -2};
  }
  uint64_t mask = vsh_signals_block(~UINT64_C(0));
  int result = run(launch, moved, before, &saved);
  vsh_signals_block(~UINT64_C(0));
  for (; saved.set; saved.set &= saved.set - 1) {
    int signal = __builtin_ctzll(saved.set) + 1;
    sigaction(signal, &saved.actions[signal], NULL);
  }
  undo_actions(launch, before);
  for (size_t i = 0; i < launch->action_count; i++)
    if (moved[i] >= 0) close(moved[i]);
  vsh_signals_set_mask(mask);
  return result;
}

pid_t vsh_fork(uint64_t reset_signals, uint64_t ignored_signals) { return vsh_fork_by(fork, reset_signals, ignored_signals); }

pid_t vsh_fork_by(pid_t (*copy)(void), uint64_t reset_signals, uint64_t ignored_signals) {
  uint64_t kept = ignored_signals | vsh_signals_ignored_for_children();
  uint64_t mask = vsh_signals_block(~UINT64_C(0));
  pid_t pid = RESULT(copy());
  if (pid == 0) {
    fork_depth++;
    for (uint64_t set = (reset_signals | vsh_signals_caught()) & ~kept; set; set &= set - 1)
      vsh_signal_set(__builtin_ctzll(set) + 1, VSH_SIGNAL_DEFAULT, 0);
    for (uint64_t set = ignored_signals; set; set &= set - 1)
      vsh_signal_set(__builtin_ctzll(set) + 1, VSH_SIGNAL_IGNORE, 0);
    vsh_signals_forget();
  }
  vsh_signals_set_mask(mask);
  return pid;
}

void vsh_exit(int status) { _exit(status); }
