// SPDX-License-Identifier: MPL-2.0
#include "vsh_process.h"
#include "result.h"
#include "sets.h"
#include "vsh_signal.h"
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

_Static_assert(WNOHANG == VSH_WAIT_NOHANG && WUNTRACED == VSH_WAIT_UNTRACED && WCONTINUED == VSH_WAIT_CONTINUED, "wait");
_Static_assert(sizeof(struct utsname) >= sizeof(struct vsh_system_name), "utsname");

const char *vsh_error_text(int error) { return strerrordesc_np(error); }

static void fill_usage(struct vsh_usage *usage, const struct rusage *raw) {
  *usage = (struct vsh_usage){
      .user = raw->ru_utime.tv_sec * 1000000 + raw->ru_utime.tv_usec,
      .system = raw->ru_stime.tv_sec * 1000000 + raw->ru_stime.tv_usec,
      .max_resident = raw->ru_maxrss,
      .minor_faults = raw->ru_minflt,
      .major_faults = raw->ru_majflt,
      .voluntary_switches = raw->ru_nvcsw,
      .involuntary_switches = raw->ru_nivcsw,
  };
}

pid_t vsh_wait(pid_t pid, int *status, int options, struct vsh_usage *usage) {
  if (!usage) return RESULT(waitpid(pid, status, options));
  struct rusage raw;
  pid_t result = RESULT(wait4(pid, status, options, &raw));
  if (result > 0) fill_usage(usage, &raw);
  return result;
}

bool vsh_wait_blocks_children;

pid_t vsh_wait_foreground(pid_t pid, int *status, int options, struct vsh_usage *usage) {
  pid_t result;
  bool blocks = vsh_wait_blocks_children;
  uint64_t mask = blocks ? vsh_signals_block(BIT(SIGCHLD)) : 0;
  do result = vsh_wait(pid, status, options, usage);
  while (result == -EINTR);
  if (blocks) vsh_signals_set_mask(mask);
  return result;
}

pid_t vsh_wait_interruptible(pid_t pid, int *status, int options, struct vsh_usage *usage) {
  pid_t result = vsh_signal_note_children();
  if (result < 0) return result;
  uint64_t mask = vsh_signals_block(~UINT64_C(0));
  for (;;) {
    result = vsh_wait(pid, status, options | WNOHANG, usage);
    if (result != 0 || options & WNOHANG) break;
    if (vsh_signals_pending()) {
      result = -EINTR;
      break;
    }
    vsh_signals_suspend(mask & ~BIT(SIGCHLD));
  }
  vsh_signals_set_mask(mask);
  return result;
}

int vsh_usage(int who, struct vsh_usage *usage) {
  struct rusage raw;
  int result = RESULT(getrusage(who, &raw));
  if (result == 0) fill_usage(usage, &raw);
  return result;
}

int vsh_limit_get(int resource, uint64_t *soft, uint64_t *hard) {
  struct rlimit limit;
  int result = RESULT(getrlimit(resource, &limit));
  *soft = limit.rlim_cur;
  *hard = limit.rlim_max;
  return result;
}

int vsh_limit_set(int resource, uint64_t soft, uint64_t hard) {
  struct rlimit limit = {soft, hard};
  return RESULT(setrlimit(resource, &limit));
}

int64_t vsh_clock(int clock) {
  struct timespec time = {0};
  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int vsh_sleep(int64_t nanoseconds) {
  struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  return RESULT(nanosleep(&time, NULL));
}

int vsh_local_time(int64_t seconds, int rereads_zone, int fields[9], int32_t *offset, char abbreviation[16]) {
  struct tm tm;
  time_t time = seconds;
  if (rereads_zone) tzset();
  if (!localtime_r(&time, &tm)) return -errno;
  int values[9] = {tm.tm_sec, tm.tm_min, tm.tm_hour, tm.tm_mday, tm.tm_mon, tm.tm_year, tm.tm_wday, tm.tm_yday, tm.tm_isdst};
  memcpy(fields, values, sizeof values);
  *offset = (int32_t)tm.tm_gmtoff;
  strncpy(abbreviation, tm.tm_zone, 15);
  abbreviation[15] = 0;
  return 0;
}

void vsh_set_zone(const char *zone) {
  const char *old = getenv("TZ");
  if (*zone ? old && !strcmp(old, zone) : !old) return;
  if (*zone) setenv("TZ", zone, 1); else unsetenv("TZ");
}

int vsh_format_time(int64_t seconds, const char *format, char *text, int size) {
  struct tm tm;
  time_t time = seconds;
  tzset();
  if (!localtime_r(&time, &tm)) return -errno;
  return (int)strftime(text, (size_t)size, format, &tm);
}

int vsh_make_time(const int f[9], int is_utc, int64_t *time) {
  struct tm tm = {.tm_sec = f[0], .tm_min = f[1], .tm_hour = f[2], .tm_mday = f[3], .tm_mon = f[4], .tm_year = f[5],
                  .tm_wday = -1, .tm_isdst = f[8]};
  *time = is_utc ? timegm(&tm) : mktime(&tm);
  return *time == -1 && tm.tm_wday == -1 ? -EOVERFLOW : 0;  // -1 is also one second before 1970
}

int vsh_uname(struct vsh_system_name *name) {
  struct utsname raw;
  int result = RESULT(uname(&raw));
  if (result < 0) return result;
  memcpy(name->system, raw.sysname, sizeof name->system);
  memcpy(name->node, raw.nodename, sizeof name->node);
  memcpy(name->release, raw.release, sizeof name->release);
  memcpy(name->version, raw.version, sizeof name->version);
  memcpy(name->machine, raw.machine, sizeof name->machine);
  return 0;
}

int vsh_nice(int32_t *value) {
  errno = 0;
  *value = getpriority(PRIO_PROCESS, 0);
  return -errno;
}

int vsh_groups(gid_t *list, int capacity) { return RESULT(getgroups(capacity, list)); }

int vsh_random(void *buffer, size_t count) {
  for (size_t done = 0; done < count;) {
    ssize_t result = RETRY(getrandom((char *)buffer + done, count - done, 0));
    if (result < 0) return (int)result;
    done += (size_t)result;
  }
  return 0;
}

extern char **environ;
char **vsh_environment(void) { return environ; }

ssize_t vsh_current_directory(char *buffer, size_t capacity) {
  return getcwd(buffer, capacity) ? (ssize_t)strlen(buffer) : -errno;
}
