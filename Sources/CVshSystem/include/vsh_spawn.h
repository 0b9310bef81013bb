// SPDX-License-Identifier: MPL-2.0
//
// Starting processes without copying the shell's memory, plus plain fork and exec in place.
#ifndef VSH_SPAWN_H
#define VSH_SPAWN_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// One change to the descriptors of a new process. `from` always names a descriptor as it is in the parent, whatever
/// earlier actions did to that number, so a list can swap descriptors.
struct vsh_fd_action {
  int32_t from;  // dup2(from, to); -1: close(to); from == to: keep it open across exec
  int32_t to;
};

enum { VSH_PGROUP_INHERIT = -1, VSH_PGROUP_OWN = 0 };

/// What happens between fork and exec. The fields after `envp` apply in the order in which they stand.
struct vsh_launch {
  const char *_Nonnull path;                  // no search in PATH
  char *_Nullable const *_Nonnull argv;       // NULL at the end
  char *_Nullable const *_Nonnull envp;       // NULL at the end
  /// First step, given `context`, in a child that shares the parent's descriptors: it has to end that (CLONE_FILES). What it
  /// opens before stays open in the parent. NULL: the child has a copy from the start. Not for vsh_exec.
  int (*_Nullable begin)(void *_Nullable context);
  /// What starts the process instead of vfork, and returns like it, in the parent only: the child calls `entry(argument)` on `stack`. NULL: vfork.
  pid_t (*_Nullable fork)(int (*_Nonnull entry)(void *_Nullable), void *_Nullable argument, void *_Nonnull stack);
  int32_t pgroup;                             // VSH_PGROUP_…, or the group to join
  int32_t terminal;                           // descriptor of the terminal to give to the new group, or -1
  const struct vsh_fd_action *_Nullable actions;
  size_t action_count;
  int32_t directory;                          // descriptor of the working directory, or -1 for the shell's own
  uint64_t default_signals;                   // reset to default; caught signals always are
  uint64_t ignored_signals;
  /// Last step before exec, for filters and sandboxes: must be async-signal-safe and may write only through `context`.
  /// A negative errno ends the child.
  int (*_Nullable prepare)(void *_Nullable context);
  void *_Nullable context;
  uint64_t mask;                              // blocked signals of the new process
  /// What to run as `argv0 path argv[1]…` when the system does not know the file's format (XCU 2.9.1.6); NULL: ENOEXEC.
  const char *_Nullable interpreter;
  const char *_Nullable interpreter_name;     // argv0 of it
};

/// What execve gets as a sixth argument, which it does not have: filters tell the shell's own calls by it. 0: nothing.
extern uint64_t vsh_exec_mark;

/// Starts a process (vfork, execve). The child's pid, or a negative errno of whichever step failed; the child is then
/// already reaped. Signals are blocked meanwhile. EINTR is not returned.
pid_t vsh_spawn(const struct vsh_launch *_Nonnull launch);

/// Replaces this process (execve) after the same steps. Returns only a negative errno; by then working directory and
/// process group may have changed, while descriptors and signals are as before.
int vsh_exec(const struct vsh_launch *_Nonnull launch);

/// fork. In the child, caught signals and `reset_signals` are reset to default, `ignored_signals` are ignored, and
/// signals noted earlier are forgotten; until then all signals are blocked. The pid, 0 in the child, or a negative errno.
pid_t vsh_fork(uint64_t reset_signals, uint64_t ignored_signals);
/// The same with something else in place of fork.
pid_t vsh_fork_by(pid_t (*_Nonnull copy)(void), uint64_t reset_signals, uint64_t ignored_signals);
/// Number of forks (not spawns) since the first process: 0 in it, 1 in its child.
int32_t vsh_fork_depth(void);

/// _exit: no exit handlers, no flushing.
_Noreturn void vsh_exit(int status);
#endif
