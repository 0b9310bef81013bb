// SPDX-License-Identifier: MPL-2.0
//
// The starter: a second thread of the shell that has put the filter on itself, once, and in a sandbox the Landlock rules,
// and starts the programs of one operation. They inherit both, which nobody has to put on, hand over and take down for each of them. As a
// thread it shares with the shell all that a child inherits: directory, umask, descriptors, dispositions, limits, process group,
// session. What a thread has of its own (priority, processors) is compared before each start. It runs nothing but what
// is here, with all signals blocked, while the shell's own thread waits.
#include "internal.h"
#include "bare.h"
#include "vsh_process.h"
#include "vsh_sandbox.h"
#include "vsh_spawn.h"
#include <linux/futex.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>

/// What threads do not share and children inherit.
struct traits {
  uint64_t scheduling[7];  // struct sched_attr
  uint64_t processors[16];
  int64_t input, privileges, slack, user;
};

struct starter {
  uint64_t operation;  // 0: there is none
  int32_t depth;       // forks when it was made: it is no thread of a forked child
  struct traits traits;
  _Atomic uint32_t request, answer;
  _Atomic uint32_t before_exec;  // not 0 until the child has executed its program, or ended: the kernel sets it to 0 and wakes who waits
  uint32_t tid;  // the kernel sets it to 0 when the thread is gone
  int (*entry)(void *);
  void *argument, *stack;
  pid_t pid;
  int error, listener;
  uint32_t flags;  // VSH_RECORDING_…
  int ruleset;   // Landlock rules that it is to put on itself, or -1
  bool is_free;  // it puts nothing on itself
  bool copies;   // it is to fork, not to start a program
  int32_t processor;       // the only one that it runs on, or -1
  uint64_t processors[16];  // which children are to have
  char own_stack[16384] __attribute__((aligned(64)));
};

/// The one that is filtered, and the one that was made before the shell confined itself.
static struct starter filtered = {.processor = -1}, unconfined = {.is_free = true, .processor = -1};

/// Where the shell's own thread waits for a copy: the copy goes on there.
static jmp_buf waiting;

static void sleep_on(_Atomic uint32_t *word, uint32_t value) { bare_futex(word, FUTEX_WAIT_PRIVATE, value); }

static void wake(_Atomic uint32_t *word) { bare_futex(word, FUTEX_WAKE_PRIVATE, 1); }

static void look_at_traits(struct traits *traits) {
  memset(traits, 0, sizeof *traits);
  syscall(SYS_sched_getattr, 0, traits->scheduling, sizeof traits->scheduling, 0);
  syscall(SYS_sched_getaffinity, 0, sizeof traits->processors, traits->processors);
  traits->input = syscall(SYS_ioprio_get, 1, 0);
  traits->privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
  traits->slack = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
  traits->user = geteuid();
}

static int set_processors(pid_t task, const uint64_t mask[16]) {
  return (int)syscall(SYS_sched_setaffinity, task, 16 * sizeof *mask, mask);
}

/// Has the thread run where the shell's own thread does, which is about to wait: there it need not be woken from afar.
static void follow(struct starter *starter) {
  unsigned processor;
  if (!starter->traits.processors[0] || syscall(SYS_getcpu, &processor, NULL, NULL) < 0 || processor > 1023 || (int32_t)processor == starter->processor) return;
  uint64_t mask[16] = {0};
  mask[processor / 64] = 1ull << processor % 64;
  if (set_processors((pid_t)starter->tid, mask) == 0) starter->processor = (int32_t)processor;
}

/// In the thread: what children are to have. Where the shell may run everywhere that is to be said so, as the set of all can grow.
static void find_processors(struct starter *starter) {
  uint64_t *mask = starter->processors, found[16] = {0};
  memset(mask, 0xff, sizeof starter->processors);
  bool is_everywhere = set_processors(0, mask) == 0 && syscall(SYS_sched_getaffinity, 0, sizeof found, found) > 0
                       && memcmp(found, starter->traits.processors, sizeof found) == 0;
  if (!is_everywhere) memcpy(mask, starter->traits.processors, sizeof starter->processors);
  if (!is_everywhere) set_processors(0, mask);
}

/// In the child: it runs where the shell may.
static int begin_child(void *argument) {
  struct starter *starter = argument;
  if (starter->processor >= 0) set_processors(0, starter->processors);
  return starter->entry(starter->argument);
}

/// Starts a program. The child itself lets the shell go on, once it no longer uses the shell's memory: this thread, whose turn costs as much as a
/// part of an exec, has no part in it (decision 0011).
static void start_child(struct starter *starter) {
  int flags = CLONE_VM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
  if (clone(begin_child, starter->stack, flags, starter, &starter->pid, NULL, &starter->before_exec) >= 0) return;
  starter->pid = -1;
  starter->error = errno;
  atomic_store(&starter->before_exec, 0);
  bare_futex(&starter->before_exec, FUTEX_WAKE, 1);
}

/// Forks: the copy goes on where the shell's own thread waits.
static void copy_shell(struct starter *starter, uint32_t answer) {
  starter->pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
  if (starter->pid == 0) _longjmp(waiting, 1);
  starter->error = starter->pid < 0 ? errno : 0;
  atomic_store(&starter->answer, answer);
  wake(&starter->answer);
}

static int starter_main(void *argument) {
  struct starter *starter = argument;
  int confined = starter->ruleset >= 0 ? vsh_landlock_restrict(starter->ruleset) : 0;
  if (!starter->is_free) find_processors(starter);
  starter->listener = starter->is_free ? -1 : confined < 0 ? confined : recorder_install(starter->flags);
  atomic_store(&starter->answer, 1);
  wake(&starter->answer);
  for (uint32_t seen = 1;; seen++) {
    while (atomic_load(&starter->request) == seen) sleep_on(&starter->request, seen);
    if (!starter->entry) break;
    if (starter->copies) copy_shell(starter, seen + 1);
    else start_child(starter);
  }
  syscall(SYS_exit, 0);
  return 0;
}

/// Has the thread do what is asked for. The number of its answer.
static uint32_t ask(struct starter *starter) {
  uint32_t next = atomic_load(&starter->request) + 1;
  atomic_store(&starter->request, next);
  wake(&starter->request);
  return next;
}

/// Makes the thread. 0 or a negative errno.
static int begin(struct starter *starter) {
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  atomic_store(&starter->request, 1);
  atomic_store(&starter->answer, 0);
  starter->entry = starter_main;
  int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
  starter->tid = 1;
  int error = clone(starter_main, starter->own_stack + sizeof starter->own_stack, flags, starter, NULL, NULL, &starter->tid) < 0 ? -errno : 0;
  if (!error) {
    while (atomic_load(&starter->answer) != 1) sleep_on(&starter->answer, 0);
    starter->depth = vsh_fork_depth();
  }
  sigprocmask(SIG_SETMASK, &before, NULL);
  return error;
}

static pid_t start(struct starter *starter, int (*entry)(void *), void *argument, void *stack) {
  starter->entry = entry;
  starter->argument = argument;
  starter->stack = stack;
  starter->error = 0;
  atomic_store(&starter->before_exec, 1);
  if (starter == &filtered) follow(starter);
  ask(starter);
  // As the kernel wakes who waits: not private.
  while (atomic_load(&starter->before_exec)) bare_futex(&starter->before_exec, FUTEX_WAIT, 1);
  errno = starter->error;
  return starter->pid;
}

void vsh_recorder_retire(void) {
  if (!filtered.operation) return;
  filtered.operation = 0;
  vsh_wait_blocks_children = false;
  if (filtered.depth != vsh_fork_depth()) return;
  filtered.entry = NULL;
  ask(&filtered);
  uint32_t tid;
  while ((tid = __atomic_load_n(&filtered.tid, __ATOMIC_ACQUIRE)) != 0) syscall(SYS_futex, &filtered.tid, FUTEX_WAIT, tid, NULL, NULL, 0);
}

int vsh_recorder_employ(struct vsh_recording *recording) {
  struct traits traits;
  look_at_traits(&traits);
  if (filtered.operation && filtered.operation == recording->operation && filtered.depth == vsh_fork_depth()
      && memcmp(&traits, &filtered.traits, sizeof traits) == 0)
    return 0;
  vsh_recorder_retire();
  filtered.traits = traits;
  filtered.flags = recording->flags;
  filtered.ruleset = recording->flags & VSH_RECORDING_CONFINED ? recording->ruleset : -1;
  int error = begin(&filtered);
  if (error) return error;
  vsh_wait_blocks_children = true;
  filtered.operation = recording->operation;
  filtered.processor = -1;
  error = filtered.listener;
  if (error >= 0) {
    error = recorder_give(recording, filtered.listener, NULL);
    close(filtered.listener);
  }
  if (error < 0) vsh_recorder_retire();
  else vsh_recorder_kick();
  return error < 0 ? error : 0;
}

pid_t vsh_recorder_fork(int (*entry)(void *), void *argument, void *stack) { return start(&filtered, entry, argument, stack); }

int vsh_way_out_keep(void) {
  if (vsh_way_out_is_kept()) return 0;
  unconfined.ruleset = -1;
  int error = begin(&unconfined);
  unconfined.operation = !error;
  return error;
}

int vsh_way_out_is_kept(void) { return unconfined.operation && unconfined.depth == vsh_fork_depth(); }

pid_t vsh_way_out_fork(int (*entry)(void *), void *argument, void *stack) {
  if (vsh_way_out_is_kept()) return start(&unconfined, entry, argument, stack);
  errno = EPERM;
  return -1;
}

pid_t vsh_way_out_copy(void) {
  if (!vsh_way_out_is_kept()) {
    errno = EPERM;
    return -1;
  }
  // The threads share their storage, so that the copy of one is as good as that of the other.
  if (_setjmp(waiting)) return 0;
  unconfined.entry = starter_main;
  unconfined.copies = true;
  uint32_t answer = ask(&unconfined);
  uint32_t before;
  while ((before = atomic_load(&unconfined.answer)) != answer) sleep_on(&unconfined.answer, before);
  unconfined.copies = false;
  errno = unconfined.error;
  return unconfined.pid;
}
