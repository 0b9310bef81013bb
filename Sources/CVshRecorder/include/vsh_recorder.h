// SPDX-License-Identifier: MPL-2.0
//
// The recorder: a process that is told of every change to the file system that a program is about to make (seccomp user
// notification), and writes the state before into the shell's journal. docs/recorder.md tells how it works.
#ifndef VSH_RECORDER_H
#define VSH_RECORDER_H
#include <stdint.h>

/// What a program's changes belong to. Filled in by the shell before the spawn.
struct vsh_recording {
  uint64_t journal;    // number of the journal file
  uint64_t operation;  // number of the operation, whose first record is in the journal
  uint64_t start;      // where that record stands
  uint32_t flags;      // VSH_RECORDING_…
  int32_t error;       // set by the child: 0, or a negative errno: the program runs unrecorded
};
enum { VSH_RECORDING_ENDS = 1 };  // nobody but the recorder ends the operation: the program takes the shell's place

/// Starts the recorder of this shell, if it is not there. 0, or a negative errno: EOPNOTSUPP: the kernel cannot;
/// EPERM: it may not look into other processes (Yama); EBUSY: another recorder already sees everything.
/// `state`: the state directory.
int vsh_recorder_start(const char *_Nonnull state);
/// Whether it was started by this process or one that it was forked from.
int vsh_recorder_is_started(void);
/// For `vsh_launch.prepare`: filters the calling process and hands the listener over. `context`: struct vsh_recording.
/// Always 0; what failed is noted in `error`.
int vsh_recorder_prepare(void *_Nullable recording);
/// After a spawn: lets the recorder fetch the new listener.
void vsh_recorder_kick(void);
/// The recorder is dead (EPIPE): the next start starts another.
void vsh_recorder_forget(void);
/// The operation has ended: what its processes that still run change is no part of it.
void vsh_recorder_close(uint64_t operation);
/// Whether a program at `path` gains privileges when it starts (set-user-ID, set-group-ID, capabilities), which a
/// recorded one cannot.
int vsh_recorder_gains_privileges(const char *_Nonnull path);
/// Whether programs of this shell may still run.
int vsh_recorder_is_busy(void);
/// Whether this process is itself recorded by a shell around it.
int vsh_recorder_is_nested(void);
#endif
