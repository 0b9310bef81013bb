// SPDX-License-Identifier: MPL-2.0
//
// The recorder: a process that is told of every change to the file system that a program is about to make (seccomp user
// notification), and writes the state before into the shell's journal. docs/recorder.md tells how it works.
#ifndef VSH_RECORDER_H
#define VSH_RECORDER_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// What a program's changes belong to. Filled in by the shell before the spawn.
struct vsh_recording {
  uint64_t journal;    // number of the journal file
  uint64_t operation;  // number of the operation, whose first record is in the journal
  uint64_t start;      // where that record stands
  uint32_t flags;      // VSH_RECORDING_…
  uint32_t rules;      // with a ruleset: as vsh_recorder_rules said when it was made
  int32_t ruleset;     // with VSH_RECORDING_CONFINED: a descriptor of Landlock rules for the program, or -1
  int32_t error;       // set by the child: 0, or a negative errno: the program runs unrecorded
  int32_t listener;    // set by the child when it is held by the shell, else -1
  int64_t deadline;    // of vsh_recorder_watch; 0: not watched yet
};
enum {
  VSH_RECORDING_ENDS = 1,    // nobody but the recorder ends the operation: the program takes the shell's place
  VSH_RECORDING_HELD = 4,    // the shell keeps the listener
  VSH_RECORDING_PASSES = 2,  // held, and there is no recorder to be had: its changes pass
};
/// What it changes is an operation of its own, which the first change begins and the recorder ends.
enum { VSH_RECORDING_APART = 32 };
enum { VSH_RECORDING_CONFINED = 8, VSH_RECORDING_UNRECORDED = 16 };  // the sandbox is on; nothing is recorded, only refused
/// What it reads and runs is looked at too, after vsh_recorder_watch_reading. Or: what shells inside of it, with bounds of their own, do.
enum { VSH_RECORDING_READS = 64, VSH_RECORDING_READS_INSIDE = 128 };

/// Whether a recorder can be had here. 0, or a negative errno as from vsh_recorder_start.
int vsh_recorder_check(void);
/// Starts the recorder of this shell, if it is not there. 0, or a negative errno: EOPNOTSUPP: the kernel cannot;
/// EPERM: it may not look into other processes (Yama); EBUSY: another recorder already sees everything.
/// `state`: the state directory.
int vsh_recorder_start(const char *_Nonnull state);
/// Once the recorder is started: has it refuse changes of attributes outside the sandbox, and any change of the shell's own
/// directories. `lists`: absolute paths, each with a zero byte behind it; an empty one; those where nothing may be
/// changed; an empty one. Together at most 8 KiB.
void vsh_recorder_confine(const void *_Nonnull lists, size_t count);
/// Where programs with VSH_RECORDING_READS may read and run others. What else they try is noted, and let go on: Landlock refuses it. `list`: absolute
/// paths, each with a zero byte behind it; an empty one; at most 4 KiB. NULL: only shells inside are meant. 0, or a negative errno: it is not to be
/// asked for.
int vsh_recorder_watch_reading(const void *_Nullable list, size_t count);
/// What runs the file at a path: its interpreter (`#!`) or loader, which the kernel opens too. Its length, or 0: nothing else.
size_t vsh_recorder_interpreter(const char *_Nonnull path, char *_Nonnull into, size_t size);
/// From now on it makes all calls on names itself, so that none can be led to the shell's own directories by a race.
/// `how`: VSH_CALLS_…: by default programs that outlive the only process that may read their memory may go on.
void vsh_recorder_make_calls(uint32_t how);
enum { VSH_CALLS_BY_DEFAULT = 1, VSH_CALLS_AS_ASKED = 2 };
/// Gives rules for programs rights on all directories of a sandbox that neither are nor hold the shell's own, a mount or a store: there
/// programs make their calls themselves. `lists`: as for vsh_recorder_confine. `is_brief`: only on what the process is in, unless it is in one that
/// holds the shell's own. 0 or a negative errno, and the rules are of no use: EOPNOTSUPP: the recorder could not make all other calls for them.
int vsh_recorder_cover(int ruleset, uint64_t rights, const void *_Nonnull lists, int is_brief);
/// A number of the rules that were made last; 0: of none.
uint32_t vsh_recorder_rules(void);
/// Programs get other rules from now on.
void vsh_recorder_forget_rules(void);
/// Whether directories may have come since.
int vsh_recorder_rules_are_old(void);
/// Whether the process is in a directory of the sandbox that they give no rights on, and was elsewhere when they were made.
int vsh_recorder_is_somewhere_new(void);
/// How many calls of programs were refused so far, and what the last one was about.
uint32_t vsh_recorder_refusals(const char *_Nullable *_Nonnull action, const char *_Nullable *_Nonnull path);
/// Whether it was started by this process or one that it was forked from.
int vsh_recorder_is_started(void);
/// For `vsh_launch.prepare`: filters the calling process and hands the listener over. `context`: struct vsh_recording.
/// Always 0; what failed is noted in `error`.
int vsh_recorder_prepare(void *_Nullable recording);
/// Makes sure that the shell has a starter for the operation: a thread that is filtered already. 0, or a negative errno: programs
/// are to be started otherwise.
int vsh_recorder_employ(struct vsh_recording *_Nonnull recording);
/// For `vsh_launch.fork`, after vsh_recorder_employ: the starter starts the program, which is recorded.
pid_t vsh_recorder_fork(int (*_Nonnull entry)(void *_Nullable), void *_Nullable argument, void *_Nonnull stack);
/// Ends the starter, if there is one: when the operation ends, and before the shell itself gives up rights.
void vsh_recorder_retire(void);
/// Keeps a thread that is not confined, before the shell confines itself; it is there until the process ends. 0 or a negative errno.
int vsh_way_out_keep(void);
/// Whether this process has it.
int vsh_way_out_is_kept(void);
/// For `vsh_launch.fork`: that thread starts the program.
pid_t vsh_way_out_fork(int (*_Nonnull entry)(void *_Nullable), void *_Nullable argument, void *_Nonnull stack);
/// Like fork: the child is a copy of the calling thread, but no more confined than that thread. For vsh_fork_by.
pid_t vsh_way_out_copy(void);
/// For `vsh_launch.begin`: filters the calling process and leaves the listener with the shell, which has to watch it.
int vsh_recorder_hold(void *_Nullable recording);
enum { VSH_WATCH_ENDED, VSH_WATCH_EVENT, VSH_WATCH_LATE, VSH_WATCH_READABLE };
/// Waits while a program changes nothing: until it has ended, is about to change a file, has run for some time (it is to be handed over), or
/// until `descriptor` (-1: none) can be read.
int vsh_recorder_watch(struct vsh_recording *_Nonnull recording, int32_t pid, int descriptor);
/// Whether nothing that the program started is left.
int vsh_recorder_has_ended(const struct vsh_recording *_Nonnull recording);
/// Hands a held listener over; the recorder must have been started. 0 or a negative errno: the shell still has it.
int vsh_recorder_hand_over(struct vsh_recording *_Nonnull recording);
/// From now on vsh_recorder_watch lets a held program's changes pass, unrecorded.
void vsh_recorder_release(struct vsh_recording *_Nonnull recording);
/// Closes a held listener.
void vsh_recorder_drop(struct vsh_recording *_Nonnull recording);
/// After a spawn: lets the recorder fetch the new listener.
void vsh_recorder_kick(void);
/// The recorder is dead (EPIPE): the next start starts another.
void vsh_recorder_forget(void);
/// The operation has ended: what its processes that still run change is no part of it.
void vsh_recorder_close(uint64_t operation);
/// Waits, 50 ms at most, until the recorder has ended the operations of programs that were started apart and have ended.
void vsh_recorder_settle(void);
/// How many changes of programs could not be looked at since this was called last.
uint32_t vsh_recorder_take_unseen(void);
/// Whether only a thread of the shell may read the memory of its programs (Yama, ptrace_scope 1).
int vsh_recorder_reads_as_ancestor(void);
/// Whether a program at `path` gains privileges when it starts, which a recorded one cannot: VSH_GAINS_…
enum { VSH_GAINS_NOTHING, VSH_GAINS_USER, VSH_GAINS_OTHER };  // set-user-ID; set-group-ID or capabilities
int vsh_recorder_gains_privileges(const char *_Nonnull path);
/// Whether this process is itself recorded by a shell around it: 0; 1; 2: and confined by it.
int vsh_recorder_is_nested(void);
/// In a process that another shell's recorder sees: tells that one of narrower bounds, which it keeps from now on for this process and all that
/// it starts; Landlock rules that this process and its children put on themselves are let through. `lists`: as for vsh_recorder_confine, at most 4 KiB. 0, or a
/// negative errno: there is none, or it takes no more.
int vsh_recorder_take_bounds(const void *_Nonnull lists, size_t count);
/// Tells it where reading is allowed there. `list`: as for vsh_recorder_watch_reading.
void vsh_recorder_tell_readable(const void *_Nonnull list, size_t count);
/// As vsh_recorder_refusals, in such a process.
uint32_t vsh_recorder_refusals_in_bounds(const char *_Nullable *_Nonnull action, const char *_Nullable *_Nonnull path);
/// Tells it what was refused here. `text`: an action and a path, each with a zero byte behind it.
void vsh_recorder_note_refusal(const void *_Nonnull text, size_t count);

/// How a process came to have files of its own, or why not.
struct vsh_isolation {
  int32_t error;     // 0 or a negative errno
  int32_t is_user;   // in a user namespace
  char step[256];    // what failed
};
/// Two ends, the child's and the shell's. 0 or a negative errno.
int vsh_isolation_open(int *_Nonnull pair);
/// Gives the calling process, for ever, files of its own: what it changes in `places` goes to memory, all else it can only
/// read. `places`: absolute paths of directories, each behind those that it lies in and with a zero byte behind it; an empty one. The descriptor of the
/// memory, or -1. In it lies a file `areas`: the paths of what has an overlay, each with a zero byte behind it, some empty; and the
/// changes of the first in `0/u`, of the second in `1/u`, as overlayfs leaves them.
int vsh_isolate(const char *_Nonnull places, struct vsh_isolation *_Nonnull isolation);
/// Tells the other end, with the descriptor if it is none below 0. 0 or a negative errno.
int vsh_isolation_send(int socket, const struct vsh_isolation *_Nonnull isolation, int descriptor);
/// Waits for that. The descriptor, or -1.
int vsh_isolation_receive(int socket, struct vsh_isolation *_Nonnull isolation);
#endif
