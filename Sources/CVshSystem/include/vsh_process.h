// SPDX-License-Identifier: MPL-2.0
//
// Waiting for children; identity, limits, clocks and resource use of processes.
#ifndef VSH_PROCESS_H
#define VSH_PROCESS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// strerror in the C locale; NULL for an unknown number.
const char *_Nullable vsh_error_text(int error);

/// Resource use, times in microseconds, memory in KiB (getrusage).
struct vsh_usage {
  int64_t user, system, max_resident, minor_faults, major_faults, voluntary_switches, involuntary_switches;
};

enum { VSH_WAIT_NOHANG = 1, VSH_WAIT_UNTRACED = 2, VSH_WAIT_CONTINUED = 8 };
/// wait4. The pid, 0 (NOHANG and nothing to report), or a negative errno. EINTR is returned.
pid_t vsh_wait(pid_t pid, int *_Nonnull status, int options, struct vsh_usage *_Nullable usage);
/// The same, but goes on after EINTR: for a foreground command, whose end comes before any trap (XCU 2.12).
pid_t vsh_wait_foreground(pid_t pid, int *_Nonnull status, int options, struct vsh_usage *_Nullable usage);
/// SIGCHLD is blocked meanwhile. For a process with a thread that starts children and blocks the signal: the kernel ignores it then in no case, and
/// would wake who waits twice, the first time before the child can be waited for.
extern bool vsh_wait_blocks_children;
/// The same, but returns -EINTR when a caught signal is pending or arrives, with no race between look and sleep:
/// for the `wait` builtin. Catches SIGCHLD from the first call on.
pid_t vsh_wait_interruptible(pid_t pid, int *_Nonnull status, int options, struct vsh_usage *_Nullable usage);

/// `who`: 0 this process, -1 its waited-for children, 1 this thread.
int vsh_usage(int who, struct vsh_usage *_Nonnull usage);

int vsh_limit_get(int resource, uint64_t *_Nonnull soft, uint64_t *_Nonnull hard);
int vsh_limit_set(int resource, uint64_t soft, uint64_t hard);

enum { VSH_CLOCK_REALTIME = 0, VSH_CLOCK_MONOTONIC = 1, VSH_CLOCK_BOOT = 7 };
/// clock_gettime, in nanoseconds.
int64_t vsh_clock(int clock);
/// nanosleep for `nanoseconds`; -EINTR when a signal cut it short.
int vsh_sleep(int64_t nanoseconds);
/// Seconds east of Greenwich at `time` in the zone TZ names (localtime_r), with its abbreviation (NUL-terminated).
int vsh_local_time(int64_t time, int rereads_zone, int fields[_Nonnull 9], int32_t *_Nonnull offset, char abbreviation[_Nonnull 16]);
/// Makes `zone` the local time zone, as TZ would; empty: that of the system.
void vsh_set_zone(const char *_Nonnull zone);
/// strftime in the local zone and the C locale: the bytes written, 0 when they do not fit into `size`.
int vsh_format_time(int64_t time, const char *_Nonnull format, char *_Nonnull text, int size);
/// mktime for fields (sec, min, hour, mday, mon, year, wday, yday, isdst) of struct tm.
int vsh_make_time(const int fields[_Nonnull 9], int is_utc, int64_t *_Nonnull time);

/// uname: each field NUL-terminated.
struct vsh_system_name { char system[65], node[65], release[65], version[65], machine[65]; };
int vsh_uname(struct vsh_system_name *_Nonnull name);

/// Makes a process that nobody waits for and that holds nothing of this one's: 1 in it, 0 here, or a negative errno.
int vsh_detach(void);

/// getpriority(2), nice value of this process.
int vsh_nice(int32_t *_Nonnull value);

/// getgroups; the count, or a negative errno (-EINVAL: more than `capacity`).
int vsh_groups(gid_t *_Nullable list, int capacity);
/// getrandom; fills all of the buffer.
int vsh_random(void *_Nonnull buffer, size_t count);
/// The environment that the process was started with (environ).
char *_Nullable *_Nullable vsh_environment(void);
/// argc and argv.
int vsh_argument_count(void);
char *_Nullable *_Nonnull vsh_arguments(void);
/// getcwd: the length without NUL, or a negative errno (-ERANGE: buffer too small).
ssize_t vsh_current_directory(char *_Nonnull buffer, size_t capacity);
#endif
