// SPDX-License-Identifier: MPL-2.0
//
// Reading the memory of a recorded program. Where Yama keeps the processes of a user apart (ptrace_scope 1), only an ancestor may do
// that. The recorder is none, but the shell is: a thread of the shell reads then what the recorder asks for. The thread
// shares the shell's thread-local storage with its main thread, so that it calls nothing that could touch errno.
#include "internal.h"
#include "bare.h"
#include "vsh_spawn.h"
#include <linux/capability.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/uio.h>
#include <time.h>

static struct reader *reader;
static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;

// MARK: the shell's side

static struct {
  struct reader *serves;  // NULL: there is none
  int32_t depth;          // forks when it was made: it is no thread of a forked child
  uint32_t tid;           // the kernel sets it to 0 when the thread is gone
} thread;

static char thread_stack[8192] __attribute__((aligned(64)));

static int reader_main(void *context) {
  struct reader *r = context;
  uint32_t seen = 0;
  while (1) {
    uint32_t next;
    while ((next = atomic_load(&r->request)) == seen) bare_futex(&r->request, FUTEX_WAIT, seen);
    seen = next;
    if (atomic_load(&r->quit)) break;
    uint32_t size = r->size > sizeof r->bytes ? sizeof r->bytes : r->size;
    struct iovec local = {r->bytes, size}, remote = {(void *)(uintptr_t)r->address, size};
    r->result = (int32_t)bare_call(SYS_process_vm_readv, r->pid, (long)&local, 1, (long)&remote, 1, 0);
    atomic_store(&r->answer, seen);
    bare_futex(&r->answer, FUTEX_WAKE, 1);
  }
  bare_call(SYS_exit, 0, 0, 0, 0, 0, 0);
  return 0;
}

void reader_end(void) {
  struct reader *r = thread.serves;
  thread.serves = NULL;
  if (!r || thread.depth != vsh_fork_depth()) return;
  atomic_store(&r->quit, 1);
  atomic_fetch_add(&r->request, 1);
  bare_futex(&r->request, FUTEX_WAKE, 1);
  uint32_t tid;
  while ((tid = __atomic_load_n(&thread.tid, __ATOMIC_ACQUIRE)) != 0) bare_call(SYS_futex, (long)&thread.tid, FUTEX_WAIT, tid, 0, 0, 0);
}

int reader_begin(struct reader *r) {
  if (may_look() != LOOK_AS_ANCESTOR) return 0;
  reader_end();
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
  thread.tid = 1;
  int tid = clone(reader_main, thread_stack + sizeof thread_stack, flags, r, NULL, NULL, &thread.tid);
  int error = tid < 0 ? -errno : 0;
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (error) return error;
  thread.serves = r;
  thread.depth = vsh_fork_depth();
  r->shell = getpid();
  r->tid = tid;
  return 0;
}

/// Whether this process may look into others of any user.
static bool has_trace_capability(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{0}};
  return syscall(SYS_capget, &header, data) == 0 && data[0].effective & 1u << CAP_SYS_PTRACE;
}

static enum looking find_out(void) {
  char scope = '0';
  // For tests on machines without Yama.
  const char *given = getenv("VSH_PTRACE_SCOPE");
  if (given) {
    scope = given[0];
  } else {
    int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
      if (read(fd, &scope, 1) != 1) scope = '0';
      close(fd);
    }
  }
  if (scope == '0') return LOOK_FREELY;
  if (scope == '3') return LOOK_NEVER;
  if (!given && has_trace_capability()) return LOOK_FREELY;
  return scope == '1' ? LOOK_AS_ANCESTOR : LOOK_NEVER;
}

enum looking may_look(void) {
  static enum looking known;
  static bool is_known;
  if (!is_known) known = find_out();
  is_known = true;
  return known;
}

// MARK: the recorder's side

void reader_start(struct shared *memory) { reader = memory->reader.tid ? &memory->reader : NULL; }

/// Whether the thread is still there: the shell may have ended, or another program may have taken its place.
static bool is_served(void) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task/%d", reader->shell, reader->tid);
  return access(path, F_OK) == 0;
}

static ssize_t ask_reader(pid_t pid, uint64_t address, void *into, size_t size) {
  static bool is_gone;
  if (size > sizeof reader->bytes) return -1;
  pthread_mutex_lock(&asking);
  if (is_gone) {
    pthread_mutex_unlock(&asking);
    return READER_GONE;
  }
  reader->pid = pid;
  reader->address = address;
  reader->size = (uint32_t)size;
  uint32_t number = atomic_fetch_add(&reader->request, 1) + 1, answer;
  bare_futex(&reader->request, FUTEX_WAKE, 1);
  ssize_t count = 0;
  while ((answer = atomic_load(&reader->answer)) != number) {
    struct timespec patience = {.tv_nsec = 20000000};
    long waited = bare_call(SYS_futex, (long)&reader->answer, FUTEX_WAIT, answer, (long)&patience, 0, 0);
    if (waited == -ETIMEDOUT && atomic_load(&reader->answer) != number && !is_served()) {
      is_gone = true;
      count = READER_GONE;
      break;
    }
  }
  if (!count) {
    count = reader->result;
    if (count > 0) memcpy(into, reader->bytes, (size_t)count);
  }
  pthread_mutex_unlock(&asking);
  return count;
}

static _Thread_local bool failed;

/// As process_vm_readv, for one piece.
static ssize_t peek(pid_t pid, uint64_t address, void *into, size_t size) {
  if (reader) {
    ssize_t count = ask_reader(pid, address, into, size);
    failed |= count == READER_GONE || count == -EPERM;
    return count;
  }
  struct iovec local = {into, size}, remote = {(void *)(uintptr_t)address, size};
  pause_rights();
  ssize_t count = process_vm_readv(pid, &local, 1, &remote, 1, 0);
  failed |= count < 0 && errno == EPERM;
  resume_rights();
  return count;
}

bool reading_failed(void) {
  bool result = failed;
  failed = false;
  return result;
}

bool read_bytes(pid_t pid, uint64_t address, void *into, size_t size) { return peek(pid, address, into, size) == (ssize_t)size; }

/// What was read for the event. It is looked at to record it, and again to make the call: this must be the same, and is read once.
static _Thread_local struct {
  uint64_t address;
  uint32_t length;
  char text[512];
} strings[2];
static _Thread_local int string_count;

void forget_strings(void) { string_count = 0; }

static bool read_anew(pid_t pid, uint64_t address, char *into, size_t size) {
  size_t done = 0;
  while (done < size) {
    // A page at a time: the next one may not be there. Most names are short.
    size_t part = 4096 - ((address + done) & 4095);
    if (part > size - done) part = size - done;
    if (done == 0 && part > 256) part = 256;
    ssize_t count = peek(pid, address + done, into + done, part);
    if (count <= 0) return false;
    if (memchr(into + done, 0, (size_t)count)) return true;
    done += (size_t)count;
  }
  return false;
}

bool read_string(pid_t pid, uint64_t address, char *into, size_t size) {
  for (int i = 0; i < string_count; i++) {
    if (strings[i].address != address || strings[i].length >= size) continue;
    memcpy(into, strings[i].text, strings[i].length + 1);
    return true;
  }
  if (!read_anew(pid, address, into, size)) return false;
  size_t length = strlen(into);
  if (string_count < 2 && length < sizeof strings->text) {
    strings[string_count].address = address;
    strings[string_count].length = (uint32_t)length;
    memcpy(strings[string_count++].text, into, length + 1);
  }
  return true;
}
