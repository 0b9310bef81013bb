// SPDX-License-Identifier: MPL-2.0
//
// The sandbox's part of the recorder: what Landlock does not know (mode, owner, times and extended attributes of files
// outside the root) is refused here, and everything refused goes into the journal for the audit log.
//
// A call that was only looked at could be led astray: another thread changes the path, or what a descriptor number means,
// between the look and the call. So in a sandbox these calls are made here, on an object that was opened once and looked at,
// and their results are given to the program.
#include "calls.h"
#include <linux/audit.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <time.h>
#include <utime.h>

static struct shared *shared;
void confine_start(struct shared *memory) { shared = memory; }
bool is_confined(void) { return shared && atomic_load(&shared->confined); }
const struct covers *covers_of(uint64_t number) {
  const struct covers *covers = shared && number ? &shared->covers[number % COVERS] : NULL;
  return covers && atomic_load(&covers->number) == number ? covers : NULL;
}
bool is_held(void) { return is_confined() || is_bound(); }
uint32_t makes_calls(void) { return is_bound() ? MAKES_AS_ASKED : shared ? atomic_load(&shared->makes_calls) : 0; }

bool is_below(const char *path, const char *directory) {
  size_t count = strlen(directory);
  if (count == 1) return true;  // the root of everything
  return strncmp(path, directory, count) == 0 && (path[count] == 0 || path[count] == '/');
}

/// Whether the path is that of a store on another file system.
static bool is_store_path(const char *path) {
  static _Thread_local char name[40];
  static _Thread_local size_t count;
  if (!count) count = (size_t)snprintf(name, sizeof name, "/.vsh-%u", (unsigned)geteuid());
  for (const char *at = path; (at = strstr(at, name)); at++)
    if (at[count] == 0 || at[count] == '/') return true;
  return false;
}

bool is_outside_lists(const char *list, const char *path) {
  bool inside = false;
  for (; *list; list += strlen(list) + 1) inside |= is_below(path, list);
  if (!inside) return true;
  for (list++; *list; list += strlen(list) + 1)
    if (is_below(path, list)) return true;
  return is_store_path(path);
}

bool lists_hold_own(const char *list, const char *path) {
  while (*list) list += strlen(list) + 1;
  for (list++; *list; list += strlen(list) + 1)
    if (is_below(list, path)) return true;
  return false;
}

bool is_outside_shell(const char *path) { return is_confined() && (path[0] != '/' || is_outside_lists(shared->zones, path)); }

bool is_outside(const char *path) { return is_outside_bounds(path) || is_outside_shell(path); }

bool holds_own(const char *path) { return holds_own_in_bounds(path) || (is_confined() && lists_hold_own(shared->zones, path)); }

enum { FLAGS_SIZE = 32, FS_IOC_SETFLAGS_32 = 0x40046602, FAT_SET_ATTRIBUTES = 0x40047211 };

/// Whether a control operation sets what chattr does, which is made for the program.
static bool is_flags_command(uint32_t command) {
  return command == FS_IOC_SETFLAGS || command == FS_IOC_SETFLAGS_32 || command == FS_IOC_FSSETXATTR || command == FAT_SET_ATTRIBUTES;
}

static bool is_terminal_device(const char *path) { return strncmp(path, "/dev/pts/", 9) == 0 || strcmp(path, "/dev/tty") == 0; }

/// For the shell whose bounds they are, which says what may be the reason when a program fails.
static void count_refusal(const char *action, const char *path) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  struct bounds *bounds = bounds_that_refuse();
  pthread_mutex_lock(&lock);
  strncpy(bounds ? bounds->refused_action : shared->refused_action, action, sizeof shared->refused_action - 1);
  strncpy(bounds ? bounds->refused_path : shared->refused_path, path, sizeof shared->refused_path - 1);
  atomic_fetch_add(bounds ? &bounds->refusals : &shared->refusals, 1);
  pthread_mutex_unlock(&lock);
}

void note_refusal(struct operation *operation, pid_t pid, const char *action, const char *path) {
  const struct bounds *bounds = bounds_that_refuse();
  count_refusal(action, path);
  enter_refusal(operation, pid, action, path, bounds ? bounds->lists : shared->zones);
}

void note_attempt(struct operation *operation, pid_t pid, const char *action, const char *path) {
  const struct bounds *bounds = bounds_that_refuse();
  count_refusal(action, path);
  enter_attempt(operation, pid, action, path, bounds ? bounds->lists : shared->zones);
}

void enter_attempt(struct operation *operation, pid_t pid, const char *action, const char *path, const char *zones) {
  enum { MOST = 200 };
  if (!operation) return;
  uint64_t key = hash_bytes(path, strlen(path)) ^ (uint64_t)action[1] << 56;
  pthread_mutex_lock(&operation->lock);
  bool is_new = operation->attempts.count <= MOST && !table_get(&operation->attempts, key);
  if (is_new) table_add(&operation->attempts, key, 1);
  if (operation->attempts.count > MOST) path = "more paths than are noted";
  pthread_mutex_unlock(&operation->lock);
  if (is_new) enter_refusal(operation, pid, action, path, zones);
}

void enter_refusal(struct operation *operation, pid_t pid, const char *action, const char *path, const char *zones) {
  if (!operation) return;
  struct buffer payload = {0};
  struct timespec now;
  char name[64], text[PATH_MAX];
  clock_gettime(CLOCK_REALTIME, &now);
  int64_t time = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
  uint64_t session = journal_session(operation->journal);
  int32_t process = pid;
  uint32_t user = geteuid();
  buffer_put(&payload, &time, sizeof time);
  buffer_put(&payload, &session, sizeof session);
  buffer_put(&payload, &operation->number, sizeof operation->number);
  buffer_put(&payload, &process, sizeof process);
  buffer_put(&payload, &user, sizeof user);
  put_counted(&payload, action, strlen(action));
  put_counted(&payload, path, strlen(path));
  put_counted(&payload, zones, strlen(zones));
  snprintf(name, sizeof name, "/proc/%d/cwd", pid);
  ssize_t count = readlink(name, text, sizeof text);
  put_counted(&payload, text, count < 0 ? 0 : (size_t)count);
  snprintf(name, sizeof name, "/proc/%d/cmdline", pid);
  int fd = open(name, O_RDONLY | O_CLOEXEC);
  count = fd < 0 ? 0 : read(fd, text, 1000);
  if (fd >= 0) close(fd);
  if (count < 0) count = 0;
  for (ssize_t i = 0; i < count; i++)
    if (text[i] == 0) text[i] = ' ';
  while (count > 0 && text[count - 1] == ' ') count--;
  put_counted(&payload, text, (size_t)count);
  append_record(operation->journal, KIND_REFUSAL, operation->number, &payload);
  buffer_free(&payload);
}

/// Calls that would be a way around the recorder.
enum { OPEN_TREE = 428, MAKE_MOUNT = 432, SET_MOUNT = 442, OPEN_TREE_WITH_ATTRIBUTES = 467, LANDLOCK_CREATE = 444, LANDLOCK_RESTRICT = 446 };

int keep_hold(struct operation *operation, pid_t pid, int number, const uint64_t *arguments) {
  if (!is_held()) return 0;
  const char *what = NULL;
  switch (number) {
  // A program's own bounds do not hold for what is done for it: it has to know that it has none.
  case LANDLOCK_CREATE:
  case LANDLOCK_RESTRICT: return makes_calls() && !bounds_let_restrict(pid) ? -EOPNOTSUPP : 0;
  // ssh-agent and its like hide their memory. They are told that it is done.
  case SYS_prctl: return (int)arguments[0] == PR_SET_DUMPABLE && arguments[1] == 0 ? ANSWER_DONE : 0;
  case SYS_open_by_handle_at: what = "a file by its handle"; break;
  // In a copy of a mount that is nowhere paths do not tell where something is.
  case OPEN_TREE:
  case OPEN_TREE_WITH_ATTRIBUTES: what = "a copy of a mount"; break;
  case MAKE_MOUNT: what = "a mount that is nowhere"; break;
  case SET_MOUNT: what = "the flags of a mount"; break;
  case SYS_fanotify_init: what = "what others open"; break;
  case SYS_ioctl:
    if (is_flags_command((uint32_t)arguments[1])) return 0;
    // To type for the user would be a way out of the sandbox; the others are about file systems, and rare.
    what = "a control operation";
    break;
  default: return 0;
  }
  note_refusal(operation, pid, "open", what);
  return -EPERM;
}

enum what { NONE, MODE, OWNER, TIMES, SECONDS, MICROSECONDS, SET, REMOVE, FLAGS, UNKNOWN };

/// A call on attributes: what it is about, and where its arguments stand.
struct call {
  enum what what;
  int directory;     // where the path starts
  uint64_t path;     // 0: the descriptor itself
  bool follow, empty;
  uint64_t a, b, c, d;
};

static struct call read_call(int number, const uint64_t *a) {
  int here = AT_FDCWD;
  switch (number) {
#ifdef SYS_chmod
  case SYS_chmod: return (struct call){MODE, here, a[0], true, false, a[1], 0, 0, 0};
  case SYS_chown: return (struct call){OWNER, here, a[0], true, false, a[1], a[2], 0, 0};
  case SYS_lchown: return (struct call){OWNER, here, a[0], false, false, a[1], a[2], 0, 0};
  case SYS_utime: return (struct call){SECONDS, here, a[0], true, false, a[1], 0, 0, 0};
  case SYS_utimes: return (struct call){MICROSECONDS, here, a[0], true, false, a[1], 0, 0, 0};
  case SYS_futimesat: return (struct call){MICROSECONDS, (int)a[0], a[1], true, false, a[2], 0, 0, 0};
#endif
  case SYS_fchmod: return (struct call){MODE, (int)a[0], 0, true, true, a[1], 0, 0, 0};
  case SYS_fchmodat: return (struct call){MODE, (int)a[0], a[1], true, false, a[2], 0, 0, 0};
  case 452: return (struct call){MODE, (int)a[0], a[1], !(a[3] & AT_SYMLINK_NOFOLLOW), a[3] & AT_EMPTY_PATH, a[2], 0, 0, 0};
  case SYS_fchown: return (struct call){OWNER, (int)a[0], 0, true, true, a[1], a[2], 0, 0};
  case SYS_fchownat: return (struct call){OWNER, (int)a[0], a[1], !(a[4] & AT_SYMLINK_NOFOLLOW), a[4] & AT_EMPTY_PATH, a[2], a[3], 0, 0};
  case SYS_utimensat: return (struct call){TIMES, (int)a[0], a[1], !(a[3] & AT_SYMLINK_NOFOLLOW), a[3] & AT_EMPTY_PATH, a[2], 0, 0, 0};
  case SYS_setxattr: return (struct call){SET, here, a[0], true, false, a[1], a[2], a[3], a[4]};
  case SYS_lsetxattr: return (struct call){SET, here, a[0], false, false, a[1], a[2], a[3], a[4]};
  case SYS_fsetxattr: return (struct call){SET, (int)a[0], 0, true, true, a[1], a[2], a[3], a[4]};
  case SYS_removexattr: return (struct call){REMOVE, here, a[0], true, false, a[1], 0, 0, 0};
  case SYS_lremovexattr: return (struct call){REMOVE, here, a[0], false, false, a[1], 0, 0, 0};
  case SYS_fremovexattr: return (struct call){REMOVE, (int)a[0], 0, true, true, a[1], 0, 0, 0};
  case SYS_ioctl: return (struct call){FLAGS, (int)a[0], 0, true, true, a[1], a[2], 0, 0};
  case 463:
  case 466:
  case 469: return (struct call){.what = UNKNOWN};
  }
  return (struct call){.what = NONE};
}

static int answer(int result) { return result < 0 ? -errno : ANSWER_DONE; }

static int set_times(const struct call *call, pid_t pid, int fd) {
  struct timespec times[2];
  bool now = call->a == 0;
  if (!now && call->what == TIMES && !read_bytes(pid, call->a, times, sizeof times)) return -EFAULT;
  if (!now && call->what == SECONDS) {
    struct utimbuf old;
    if (!read_bytes(pid, call->a, &old, sizeof old)) return -EFAULT;
    times[0] = (struct timespec){old.actime, 0};
    times[1] = (struct timespec){old.modtime, 0};
  }
  if (!now && call->what == MICROSECONDS) {
    struct timeval old[2];
    if (!read_bytes(pid, call->a, old, sizeof old)) return -EFAULT;
    for (int i = 0; i < 2; i++) {
      if (old[i].tv_usec < 0 || old[i].tv_usec > 999999) return -EINVAL;
      times[i] = (struct timespec){old[i].tv_sec, old[i].tv_usec * 1000};
    }
  }
  return answer((int)syscall(SYS_utimensat, fd, "", now ? NULL : times, AT_EMPTY_PATH));
}

static int set_attribute(const struct call *call, pid_t pid, const char *link, bool is_link) {
  char name[256];
  if (!read_string(pid, call->a, name, sizeof name)) return -EFAULT;
  // A symbolic link has none that a user may set, and there is no call that takes a descriptor of one.
  if (is_link) return -EPERM;
  if (call->what == REMOVE) return answer(removexattr(link, name));
  if (call->c > 65536) return -E2BIG;
  char *value = malloc(call->c + 1);
  if (!value) return -ENOMEM;
  int result = call->c > 0 && !read_bytes(pid, call->b, value, call->c) ? -EFAULT : answer(setxattr(link, name, value, call->c, (int)call->d));
  free(value);
  return result;
}

/// What chattr sets.
static int set_flags(const struct call *call, pid_t pid, const char *link) {
  uint8_t value[FLAGS_SIZE] = {0};
  if (!read_bytes(pid, call->b, value, (uint32_t)call->a == FS_IOC_FSSETXATTR ? sizeof(struct fsxattr) : sizeof(int))) return -EFAULT;
  int fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) return -errno;
  int result = answer(ioctl(fd, (uint32_t)call->a, value));
  close(fd);
  return result;
}

/// Makes the call, with the task's rights.
static int change_attributes(const struct caller *c, struct call call) {
  pid_t pid = c->pid;
  char path[PATH_MAX] = "", whole[LONG_PATH];
  if (call.path && !read_string(pid, call.path, path, sizeof path)) return -EFAULT;
  if (call.path && path[0] == 0 && !call.empty) return -ENOENT;
  int fd = open_object(c->slot, pid, call.directory, call.path ? path : "", call.follow);
  if (fd < 0) return fd;
  snprintf(whole, sizeof whole, "/proc/self/fd/%d", fd);
  char place[PATH_MAX];
  ssize_t count = readlink(whole, place, sizeof place - 1);
  place[count < 0 ? 0 : count] = 0;
  struct stat status;
  int result = -EBADF;
  if (count <= 0 || fstat(fd, &status) < 0) goto done;
  if (place[0] == '/' && (is_outside(place) || !leads_back(fd, place)) && !is_terminal_device(place)) {
    static const char *const names[] = {"", "chmod", "chown", "touch", "touch", "touch", "setxattr", "removexattr", "chattr"};
    result = refuse_call(c, names[call.what], place);
    goto done;
  }
  if (ioctl(c->slot->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &c->event->id) < 0) {
    result = -ESRCH;
    goto done;
  }
  bool is_link = S_ISLNK(status.st_mode);
  switch (call.what) {
  case MODE: result = is_link ? -EOPNOTSUPP : answer(chmod(whole, (mode_t)call.a & 07777)); break;
  case OWNER: result = answer(fchownat(fd, "", (uid_t)call.a, (gid_t)call.b, AT_EMPTY_PATH)); break;
  case SET:
  case REMOVE: result = set_attribute(&call, pid, whole, is_link); break;
  case FLAGS: result = S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ? set_flags(&call, pid, whole) : -ENOTTY; break;
  default: result = set_times(&call, pid, fd);
  }
done:
  close(fd);
  return result;
}

int confine_attributes(struct slot *slot, struct operation *operation, const struct seccomp_notif *event, int number, const uint64_t *arguments) {
  const struct caller caller = {slot, operation, event, (pid_t)event->pid};
  struct call call = read_call(number, arguments);
  if (call.what == NONE) return 0;
  // Rare: programs of the 32-bit table, and calls so new that every program can do without.
  if (call.what == UNKNOWN || event->data.arch != NATIVE_ARCHITECTURE) return -ENOSYS;
  int result = take_rights(caller.pid);
  if (result < 0) return result;
  result = change_attributes(&caller, call);
  drop_rights();
  return result == -EFAULT && reading_failed() ? answer_unreadable(&caller) : result;
}
