// SPDX-License-Identifier: MPL-2.0
//
// The shell's side: starting the recorder, and filtering a child between vfork and exec. What runs in the child is
// async-signal-safe and writes only to its own frame and its `struct vsh_recording`.
#include "internal.h"
#include "vsh_sandbox.h"
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>

static struct shared *shared;
static int to_recorder = -1, kick = -1, timer = -1;
/// Where programs with VSH_RECORDING_READS may read.
static char readable[READABLE];
/// What a held program is about to do, and the shell did not answer. id 0: nothing.
static struct seccomp_notif pending;

int vsh_recorder_is_started(void) { return to_recorder >= 0; }

/// Whether a process is there no more, or only to be waited for.
static bool has_ended(pid_t pid) {
  siginfo_t info = {.si_pid = 0};
  return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid != 0;
}

void vsh_recorder_settle(void) {
  if (!shared) return;
  for (int spin = 0; spin < 500; spin++) {
    bool is_settled = atomic_load(&shared->taken) == atomic_load(&shared->given);
    for (int i = 0; i < SLOTS && is_settled; i++) {
      struct slot *slot = &shared->slots[i];
      is_settled = atomic_load(&slot->state) != SLOT_LIVE || !(slot->flags & VSH_RECORDING_APART) || !has_ended(slot->pid);
    }
    if (is_settled) return;
    usleep(100);
  }
}

int vsh_recorder_is_nested(void) {
  long answer = syscall(SYS_fchmod, MAGIC_DESCRIPTOR, 0);
  if (answer < 0) return errno == MAGIC_ERROR ? 2 : 0;  // in a trial (isolate.c)
  return answer == MAGIC_ANSWER ? 1 : answer == MAGIC_ANSWER_CONFINED ? 2 : 0;
}

/// Moves a descriptor out of the way of the script's numbers.
static int move_up(int fd) {
  struct rlimit limit;
  int floor = 1000;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1100) floor = (int)limit.rlim_cur / 4 * 3;
  int moved = fcntl(fd, F_DUPFD_CLOEXEC, floor);
  if (moved < 0) return fd;
  close(fd);
  return moved;
}

int vsh_recorder_check(void) {
  static int known = 1;
  if (known <= 0) return known;
  uint32_t action = SECCOMP_RET_USER_NOTIF;
  struct rlimit files;
  if (vsh_recorder_is_nested()) known = -EBUSY;
  else if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0) known = -EOPNOTSUPP;
  else if (may_look() == LOOK_NEVER) known = -EPERM;
  else if (access("/proc/self/fd", X_OK) < 0) known = -errno;
  // It needs descriptors of its own, which a limit of the script would deny it.
  else if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max < 64) return -EMFILE;
  else known = 0;
  if (known == 0) filter_build(false);
  return known;
}

int vsh_recorder_start(const char *state) {
  if (to_recorder >= 0) return 0;
  int unable = vsh_recorder_check();
  if (unable < 0) return unable;
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    shared = NULL;
    return -errno;
  }
  memcpy(shared->readable, readable, sizeof readable);
  int pair[2];
  int error = 0;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
    error = -errno;
    munmap(shared, sizeof *shared);
    shared = NULL;
    return error;
  }
  kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  pid_t pid = kick < 0 || timer < 0 ? -1 : 0;
  if (pid == 0) {
    error = reader_begin(&shared->reader);
    if (error) pid = -1;
  } else {
    error = -errno;
  }
  if (pid == 0) {
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    // No signal at its end: `wait` never sees it, and it is reaped when the shell is gone.
    pid = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
    if (pid == 0) {
      setsid();
      // Limits of the script are not the recorder's.
      static const int kinds[] = {RLIMIT_NOFILE, RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_AS};
      struct rlimit limit;
      for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (getrlimit(kinds[i], &limit) == 0) {
          limit.rlim_cur = limit.rlim_max;
          setrlimit(kinds[i], &limit);
        }
      int ends[3] = {fcntl(pair[1], F_DUPFD, 10), fcntl(kick, F_DUPFD, 10), fcntl(timer, F_DUPFD, 10)};
      if (ends[0] < 0 || ends[1] < 0 || ends[2] < 0) _exit(1);
      dup2(ends[0], FD_SOCKET);
      dup2(ends[1], FD_KICK);
      dup2(ends[2], FD_TIMER);
      int null = open("/dev/null", O_RDWR);
      for (int fd = 0; fd < 3; fd++) {
        if (null >= 0 && null != fd) dup2(null, fd);
        else if (null < 0) close(fd);
      }
      syscall(SYS_close_range, 6, ~0u, 0);
      if (chdir("/") < 0) _exit(1);
      umask(077);
      recorder_run(shared, state);
    }
    if (pid < 0) error = -errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
  }
  close(pair[1]);
  if (pid < 0) {
    reader_end();
    close(pair[0]);
    if (kick >= 0) close(kick);
    if (timer >= 0) close(timer);
    kick = timer = -1;
    munmap(shared, sizeof *shared);
    shared = NULL;
    return error ? error : -EAGAIN;
  }
  kick = move_up(kick);
  timer = move_up(timer);
  to_recorder = move_up(pair[0]);
  return 0;
}

void vsh_recorder_confine(const void *lists, size_t count) {
  if (!shared || atomic_load(&shared->confined) || count > sizeof shared->zones) return;
  memcpy(shared->zones, lists, count);
  atomic_store(&shared->confined, 1);
}

int vsh_recorder_watch_reading(const void *list, size_t count) {
  if (count > sizeof readable) return -E2BIG;
  filter_build(true);
  if (!list) return 0;
  memcpy(readable, list, count);
  if (shared) memcpy(shared->readable, readable, sizeof readable);
  return 0;
}

void vsh_recorder_make_calls(uint32_t how) {
  if (shared) atomic_store(&shared->makes_calls, how);
}

uint32_t vsh_recorder_refusals(const char **action, const char **path) {
  if (!shared) return vsh_recorder_refusals_in_bounds(action, path);
  *action = shared->refused_action;
  *path = shared->refused_path;
  return atomic_load(&shared->refusals);
}

int recorder_install(uint32_t recording_flags) {
  const struct sock_fprog *filter = filter_for(recording_flags);
  // No sandbox: the processor need not be slowed for it.
  unsigned flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  long listener = -1;
  // Root keeps the right to run set-user-ID programs.
  if (geteuid() == 0) listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, filter);
  if (listener >= 0) return (int)listener;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -errno;
  listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, filter);
  if (listener < 0 && errno == EMFILE) {
    // The table of descriptors is full: one more for a moment.
    struct rlimit old, more;
    if (getrlimit(RLIMIT_NOFILE, &old) == 0 && old.rlim_cur < old.rlim_max) {
      more = old;
      more.rlim_cur = old.rlim_max;
      if (setrlimit(RLIMIT_NOFILE, &more) == 0) {
        listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, filter);
        setrlimit(RLIMIT_NOFILE, &old);
      }
    }
  }
  return listener < 0 ? -errno : (int)listener;
}

int recorder_give(const struct vsh_recording *recording, int listener, const struct seccomp_notif *notification) {
  uint64_t covers = covers_publish(shared, recording->rules);
  struct hello hello = {recording->journal, recording->operation, recording->start, covers, recording->flags, getpid(), {.id = 0}};
  if (notification) hello.pending = *notification;
  struct iovec part = {&hello, sizeof hello};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  memset(&control, 0, sizeof control);
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(&control.header), &listener, sizeof listener);
  atomic_fetch_add(&shared->given, 1);
  ssize_t sent;
  do sent = sendmsg(to_recorder, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0) atomic_fetch_sub(&shared->given, 1);
  return sent < 0 ? -errno : 0;
}

/// Puts the sandbox's rules on the calling process, if there are any.
static int restrict_self(const struct vsh_recording *recording) {
  return recording->flags & VSH_RECORDING_CONFINED && recording->ruleset >= 0 ? vsh_landlock_restrict(recording->ruleset) : 0;
}

int vsh_recorder_prepare(void *context) {
  struct vsh_recording *recording = context;
  recording->error = 0;
  recording->listener = -1;
  int confined = restrict_self(recording);
  if (confined < 0) return confined;
  if (to_recorder < 0) {
    recording->error = -ENOTCONN;
    return 0;
  }
  // Nobody would answer: the filter would make every change fail.
  struct pollfd end = {to_recorder, 0, 0};
  if (poll(&end, 1, 0) != 0) {
    recording->error = -EPIPE;
    // In a sandbox nothing runs without it.
    return shared && atomic_load(&shared->confined) ? -EPIPE : 0;
  }
  int listener = recorder_install(recording->flags);
  if (listener < 0) {
    recording->error = listener;
    return 0;
  }
  recording->error = recorder_give(recording, listener, NULL);
  close(listener);
  // Calls that change files will fail with ENOSYS: better not to run at all.
  if (recording->error) return recording->error;
  // The shell wakes the recorder. Were it killed before, the timer does.
  struct itimerspec soon = {.it_value = {.tv_nsec = 2000000}};
  timerfd_settime(timer, 0, &soon, NULL);
  if (recording->flags & VSH_RECORDING_ENDS) vsh_recorder_kick();
  return 0;
}

// MARK: programs that the shell waits for

/// A program that changes nothing for so long is handed over all the same: were the shell killed before, it could not write.
static const int64_t hold_time = 20000000;

static int64_t monotonic_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int vsh_recorder_hold(void *context) {
  struct vsh_recording *recording = context;
  int confined = restrict_self(recording);
  if (confined < 0) return confined;
  int listener = recorder_install(recording->flags);
  recording->error = listener < 0 ? listener : 0;
  recording->listener = listener < 0 ? -1 : listener;
  recording->deadline = 0;
  // The descriptors are the shell's own up to here, which is how it has the listener.
  return unshare(CLONE_FILES) < 0 ? -errno : 0;
}

static void answer_pending(int listener) {
  struct seccomp_notif_resp response = {.id = pending.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
  pending.id = 0;
}

static void let_pass(int listener) {
  memset(&pending, 0, sizeof pending);
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &pending) < 0) pending.id = 0;
  else answer_pending(listener);
}

int vsh_recorder_watch(struct vsh_recording *recording, int32_t pid, int descriptor) {
  int64_t now = monotonic_now();
  bool passes = recording->flags & VSH_RECORDING_PASSES;
  if (passes) recording->deadline = INT64_MAX;
  else if (!recording->deadline) recording->deadline = now + hold_time;
  int watch = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
  struct pollfd polled[3] = {{recording->listener, POLLIN, 0}, {watch, POLLIN, 0}, {descriptor, POLLIN, 0}};
  int result = VSH_WATCH_LATE;
  // Without a descriptor for its end that must not be waited for here.
  while (now < recording->deadline && (pid <= 0 || watch >= 0)) {
    int64_t left = recording->deadline - now;
    struct timespec time = {left / 1000000000, left % 1000000000};
    int count = ppoll(polled, 3, &time, NULL);
    now = monotonic_now();
    if (count <= 0) continue;
    if (passes && polled[0].revents & POLLIN) {
      let_pass(recording->listener);
      continue;
    }
    // Most programs read first: libraries, and what they are asked to.
    if (polled[0].revents & POLLIN && recording->flags & READS && reading_let_pass(recording->flags & VSH_RECORDING_READS ? readable : NULL, recording->listener, &pending)) continue;
    if (polled[0].revents & POLLIN) result = VSH_WATCH_EVENT;
    else if (polled[1].revents || polled[0].revents) result = VSH_WATCH_ENDED;
    else result = VSH_WATCH_READABLE;
    break;
  }
  if (watch >= 0) close(watch);
  return result;
}

int vsh_recorder_has_ended(const struct vsh_recording *recording) {
  struct pollfd listener = {recording->listener, POLLIN, 0};
  return poll(&listener, 1, 0) > 0 && listener.revents & POLLHUP && !(listener.revents & POLLIN);
}

int vsh_recorder_hand_over(struct vsh_recording *recording) {
  if (to_recorder < 0) return -ENOTCONN;
  int error = recorder_give(recording, recording->listener, &pending);
  if (error) return error;
  vsh_recorder_drop(recording);
  vsh_recorder_kick();
  return 0;
}

void vsh_recorder_release(struct vsh_recording *recording) {
  recording->flags |= VSH_RECORDING_PASSES;
  if (pending.id) answer_pending(recording->listener);
}

void vsh_recorder_drop(struct vsh_recording *recording) {
  if (recording->listener >= 0) close(recording->listener);
  recording->listener = -1;
  pending.id = 0;
}

void vsh_recorder_forget(void) {
  covers_forget_number();
  vsh_recorder_retire();
  reader_end();
  if (to_recorder >= 0) close(to_recorder);
  if (kick >= 0) close(kick);
  if (timer >= 0) close(timer);
  to_recorder = kick = timer = -1;
  shared = NULL;
}

void vsh_recorder_kick(void) {
  uint64_t one = 1;
  if (kick >= 0) while (write(kick, &one, sizeof one) < 0 && errno == EINTR) {}
}

void vsh_recorder_close(uint64_t operation) {
  vsh_recorder_retire();
  if (!shared) return;
  // What was handed over a moment ago has no slot yet. A recorder that was killed may have lost count.
  for (int spin = 0; atomic_load(&shared->taken) != atomic_load(&shared->given); spin++) {
    if (spin == 0) vsh_recorder_kick();
    if (spin == 200) {
      atomic_store(&shared->taken, atomic_load(&shared->given));
      break;
    }
    usleep(100);
  }
  if (atomic_load(&shared->live) == 0) return;
  for (int i = 0; i < SLOTS; i++) {
    struct slot *slot = &shared->slots[i];
    if (atomic_load(&slot->state) != SLOT_LIVE || slot->operation != operation) continue;
    atomic_store(&slot->closed, 1);
    for (int spin = 0; spin < 1000 && atomic_load(&slot->busy); spin++) usleep(100);
  }
}

uint32_t vsh_recorder_take_unseen(void) { return shared ? atomic_exchange(&shared->unseen, 0) : 0; }

int vsh_recorder_reads_as_ancestor(void) { return may_look() == LOOK_AS_ANCESTOR; }

int vsh_recorder_gains_privileges(const char *path) {
  if (geteuid() == 0) return VSH_GAINS_NOTHING;
  struct stat status;
  if (stat(path, &status) < 0) return VSH_GAINS_NOTHING;
  if (status.st_mode & S_ISUID) return VSH_GAINS_USER;
  if (status.st_mode & S_ISGID && status.st_mode & S_IXGRP) return VSH_GAINS_OTHER;
  return getxattr(path, "security.capability", NULL, 0) > 0 ? VSH_GAINS_OTHER : VSH_GAINS_NOTHING;
}
