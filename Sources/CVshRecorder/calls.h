// SPDX-License-Identifier: MPL-2.0
#ifndef VSH_RECORDER_CALLS_H
#define VSH_RECORDER_CALLS_H
// What calls.c and opening.c share: calls on names, made for the program.
#include "internal.h"

struct caller {
  struct slot *slot;
  struct operation *operation;
  const struct seccomp_notif *event;
  pid_t pid;
};

/// A name in a directory that was opened.
struct spot {
  int directory;
  char name[NAME_MAX + 2];  // perhaps a slash behind it
  char path[LONG_PATH];     // "": longer than a path may be, and so none of the shell's own
};

/// What a task makes has its mask; this thread's own is not that of others.
void take_mask(pid_t pid);
void drop_mask(void);
/// The path of what is open here. False: none leads there.
bool path_of(int fd, char *path);
/// Whether a path is that of something that was opened by it, and has only other names now: perhaps in a store.
bool has_lost(const char *path);
int refuse_call(const struct caller *c, const char *action, const char *path);
/// The answer to a call of a program whose memory cannot be read: a refusal, or 0: by default one that outlives its shell makes the call itself.
int answer_unreadable(const struct caller *c);
/// Opens the directory that a name is in. 0, or a negative errno; -EBUSY: the name is a dot, two, or none.
int find_spot(const struct caller *c, const struct slot *slot, int directory, const char *path, struct spot *spot);
/// Finds the name that a path stands for, and that may be changed. 0, or what the call is to answer.
/// - dots: the answer when the name is a dot, or two.
int find_changeable(const struct caller *c, int directory, const char *path, const char *action, int dots, struct spot *spot);
/// Whether a name that is there may be what a recorder that died has just made.
bool is_just_made(const struct caller *c, const struct spot *spot);

// sockets.c
/// bind, of sockets of every kind: which kind it is another thread could change.
int bind_socket(const struct caller *c, int descriptor, uint64_t address, uint64_t length);

// opening.c
int open_name(const struct caller *c, int directory, uint64_t address, uint64_t flags, mode_t mode);
/// openat2, whose arguments stand in memory, where another thread can change them. -ENOSYS where it would be intricate: programs that know
/// the call can do without.
int open_with(const struct caller *c, int directory, uint64_t address, uint64_t arguments, uint64_t size);
#endif
