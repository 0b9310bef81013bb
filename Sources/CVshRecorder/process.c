// SPDX-License-Identifier: MPL-2.0
//
// The recorder's own process: one thread for each listener, and a keeper that shares nothing with it but descriptors and
// the table of listeners, and that takes over should it die. Both leave when no shell and no listener is left.
#include "internal.h"
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1
#endif

static struct shared *shared;
static bool ends_by_itself;  // a blocking receive returns when the last task is gone (6.11)
static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue_filled = PTHREAD_COND_INITIALIZER;
static struct slot *queue[SLOTS];
static int queue_count, idle_threads;

int know_answer(struct slot *slot, int answer) {
  slot->answer = answer;
  atomic_store(&slot->answered, slot->notification.id);
  return answer;
}

void note_unseen(struct operation *operation) {
  operation->unseen++;
  atomic_fetch_add(&shared->unseen, 1);
}

static void answer_event(struct slot *slot, struct operation **operation) {
  struct seccomp_notif *event = &slot->notification;
  struct seccomp_notif_resp response = {.id = event->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
  if (slot->flags & READS && reading_passes(slot, event)) {
    ioctl(slot->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
    event->id = 0;
    return;
  }
  atomic_store(&slot->busy, 1);
  if (atomic_load(&slot->closed) && !(slot->flags & VSH_RECORDING_UNRECORDED)) {
    struct operation *next = operation_continue(*operation);
    if (next) {
      operation_release(*operation);
      *operation = next;
      slot->journal = next->journal->number;
      slot->operation = next->number;
      slot->start = next->start;
      slot->flags |= VSH_RECORDING_ENDS;
      atomic_store(&slot->closed, 0);
    }
  }
  int result = slot->answer;
  if (atomic_load(&slot->answered) != event->id) {
    result = record_event(slot, *operation, event);
    if (result != ANSWER_LATER) know_answer(slot, result);
  }
  atomic_store(&slot->busy, 0);
  if (result) {
    response.flags = 0;
    if (result < 0) response.error = result;
    else if (result != ANSWER_DONE) response.val = result & ~ANSWER_DESCRIPTOR;
  }
  if (result != ANSWER_LATER) ioctl(slot->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
  event->id = 0;
}

static void serve(struct slot *slot) {
  struct operation *operation = operation_take(slot->journal, slot->operation, slot->start);
  struct pollfd listener = {slot->listener, POLLIN, 0};
  // What the recorder before was doing when it died, or what the shell did not answer.
  if (slot->notification.id && ioctl(slot->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &slot->notification.id) == 0) answer_event(slot, &operation);
  slot->is_repeated = 0;
  while (1) {
    if (!ends_by_itself) {
      if (poll(&listener, 1, -1) < 0 && errno != EINTR) break;
      if (listener.revents & POLLHUP && !(listener.revents & POLLIN)) break;
      if (!(listener.revents & POLLIN)) continue;
    }
    memset(&slot->notification, 0, sizeof slot->notification);
    if (ioctl(slot->listener, SECCOMP_IOCTL_NOTIF_RECV, &slot->notification) < 0) {
      if (errno == ENOENT) {
        listener.revents = 0;
        if (poll(&listener, 1, 0) > 0 && listener.revents & POLLHUP) break;
        continue;
      }
      if (errno == EINTR) continue;
      break;
    }
    answer_event(slot, &operation);
  }
  if (operation) {
    if (!atomic_load(&slot->closed)) {
      pthread_mutex_lock(&operation->lock);
      settle_doubts(operation, slot, 0);
      pthread_mutex_unlock(&operation->lock);
      operation_finish(operation, slot->flags);
    }
    operation_release(operation);
  }
  forget_processes();
  forget_all_rights();
  forget_group();
  bounds_end(slot);
  int fd = slot->listener;
  slot->listener = -1;
  atomic_store(&slot->state, SLOT_FREE);
  close(fd);
  if (atomic_fetch_sub(&shared->live, 1) == 1) {
    // The process may be waiting for just this.
    uint64_t one = 1;
    if (write(FD_KICK, &one, sizeof one) < 0) return;
  }
}

static void *work(void *unused) {
  pthread_mutex_lock(&queue_lock);
  while (1) {
    while (queue_count == 0) {
      idle_threads++;
      pthread_cond_wait(&queue_filled, &queue_lock);
      idle_threads--;
    }
    struct slot *slot = queue[--queue_count];
    pthread_mutex_unlock(&queue_lock);
    serve(slot);
    pthread_mutex_lock(&queue_lock);
    if (idle_threads > 8) break;
  }
  pthread_mutex_unlock(&queue_lock);
  return unused;
}

static void start(struct slot *slot) {
  pthread_mutex_lock(&queue_lock);
  queue[queue_count++] = slot;
  bool needs_thread = idle_threads < queue_count;
  if (!needs_thread) pthread_cond_signal(&queue_filled);
  pthread_mutex_unlock(&queue_lock);
  if (!needs_thread) return;
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 512 << 10);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  // Without a thread, one that has nothing to do any more comes to it.
  for (int i = 0; i < 50 && pthread_create(&thread, &attributes, work, NULL) != 0; i++) usleep(1000);
  pthread_attr_destroy(&attributes);
}

/// Takes what children sent.
static void drain(void) {
  while (1) {
    struct hello hello;
    struct iovec part = {&hello, sizeof hello};
    union {
      struct cmsghdr header;
      char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t count = recvmsg(FD_SOCKET, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    bool is_whole = header && header->cmsg_type == SCM_RIGHTS && count == sizeof hello;
    int fd = -1;
    if (header && header->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(header), sizeof fd);
    if (!is_whole) {
      if (fd >= 0) close(fd);
      atomic_fetch_add(&shared->taken, 1);
      continue;
    }
    struct slot *slot = NULL;
    while (!slot) {
      for (int i = 0; i < SLOTS && !slot; i++)
        if (atomic_load(&shared->slots[i].state) == SLOT_FREE) slot = &shared->slots[i];
      if (!slot) usleep(1000);
    }
    // The kernel can be told to run us at once on the waking processor (6.6).
    ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    slot->listener = fd;
    slot->flags = hello.flags;
    slot->pid = hello.pid;
    slot->has_moved_root = 0;
    slot->covers = hello.covers;
    slot->bounds = slot->announced = 0;
    slot->lost = 0;
    slot->journal = hello.journal;
    slot->operation = hello.operation;
    slot->start = hello.start;
    slot->notification = hello.pending;
    slot->is_repeated = 0;
    atomic_store(&slot->answered, 0);
    // As if the operation had been ended already: what is changed now begins one.
    atomic_store(&slot->closed, hello.flags & VSH_RECORDING_APART ? 1 : 0);
    atomic_store(&slot->busy, 0);
    atomic_fetch_add(&shared->live, 1);
    atomic_store(&slot->state, SLOT_LIVE);
    atomic_fetch_add(&shared->taken, 1);
    start(slot);
  }
}

static _Noreturn void be_recorder(void) {
  uint32_t live = 0;
  for (int i = 0; i < SLOTS; i++)
    if (atomic_load(&shared->slots[i].state) == SLOT_LIVE) live++;
  atomic_store(&shared->live, live);
  for (int i = 0; i < SLOTS; i++) {
    if (atomic_load(&shared->slots[i].state) != SLOT_LIVE) continue;
    atomic_store(&shared->slots[i].busy, 0);
    shared->slots[i].is_repeated = 1;
    start(&shared->slots[i]);
  }
  // The socket is watched for its end alone: being woken by the child's send would keep the shell in vfork.
  struct pollfd watched[3] = {{FD_KICK, POLLIN, 0}, {FD_TIMER, POLLIN, 0}, {FD_SOCKET, 0, 0}};
  drain();
  while (1) {
    if (watched[2].revents & POLLHUP) {
      drain();
      if (atomic_load(&shared->live) == 0) break;
      watched[2].fd = -1;
    }
    if (watched[2].fd < 0 && atomic_load(&shared->live) == 0) break;
    if (poll(watched, 3, -1) < 0) continue;
    uint64_t count;
    if (watched[0].revents && read(FD_KICK, &count, sizeof count) < 0 && errno == EBADF) break;
    if (watched[1].revents && read(FD_TIMER, &count, sizeof count) < 0 && errno == EBADF) break;
    if (watched[2].fd >= 0) drain();
  }
  atomic_store(&shared->quit, 1);
  _exit(0);
}

void recorder_run(struct shared *memory, const char *state) {
  shared = memory;
  confine_start(memory);
  bounds_start(memory);
  reading_start(memory);
  reader_start(memory);
  strncpy(state_path, state, sizeof state_path - 1);
  struct utsname name;
  int major = 0, minor = 0;
  if (uname(&name) == 0) {
    char *end;
    major = (int)strtol(name.release, &end, 10);
    if (*end == '.') minor = (int)strtol(end + 1, NULL, 10);
  }
  ends_by_itself = major > 6 || (major == 6 && minor >= 11);
  while (1) {
    pid_t recorder = getpid();
    int watch = (int)syscall(SYS_pidfd_open, recorder, 0);
    // Before any thread: the keeper has the descriptors, and memory of its own.
    pid_t keeper = watch < 0 ? -1 : (pid_t)syscall(SYS_clone, CLONE_FILES, NULL, NULL, NULL, NULL);
    if (keeper != 0) be_recorder();
    struct pollfd end = {watch, POLLIN, 0};
    while (poll(&end, 1, -1) < 1) {}
    if (atomic_load(&shared->quit)) _exit(0);
    close(watch);
  }
}
