// SPDX-License-Identifier: MPL-2.0
//
// Signals: C handlers that only set bits, and the calls that read, block and wait for them.
// A set of signals is 64 bits, signal n at bit n - 1, which is the kernel's own layout.
#ifndef VSH_SIGNAL_H
#define VSH_SIGNAL_H
#include <signal.h>
#include <stdint.h>

#define VSH_SIGNAL_MAX 64

/// Non-zero after a caught signal arrived and before it was taken. Set by handlers only.
extern volatile sig_atomic_t vsh_signal_pending_any;
/// Non-zero after SIGCHLD arrived while it was caught. Kept apart, so that a child's end does not stop every loop.
extern volatile sig_atomic_t vsh_signal_child;

/// One load: is there a caught signal (SIGCHLD not counted unless asked for with VSH_SIGNAL_COUNTED)?
static inline int vsh_signals_pending(void) { return vsh_signal_pending_any; }
static inline int vsh_signals_child(void) { return vsh_signal_child; }
static inline void vsh_signals_clear_child(void) { vsh_signal_child = 0; }

/// Reads and clears the set of caught signals that arrived. A signal that arrives meanwhile is in this or the next answer.
uint64_t vsh_signals_take(void);
/// The same without taking them.
uint64_t vsh_signals_peek(void);

enum { VSH_SIGNAL_DEFAULT = 0, VSH_SIGNAL_IGNORE = 1, VSH_SIGNAL_CATCH = 2 };
enum {
  VSH_SIGNAL_RESTART = 1,  // interrupted calls go on by themselves (SA_RESTART)
  VSH_SIGNAL_COUNTED = 2,  // SIGCHLD: also enters the pending set, for `trap … CHLD`
};
/// Sets what `signal` does (sigaction). Remembers the disposition that the process was started with. SIGCHLD may be
/// ignored without losing the statuses of children.
int vsh_signal_set(int signal, int disposition, int options);
/// What `signal` does now, as set by vsh_signal_set or, when never set, as the process was started.
int vsh_signal_get(int signal);
/// 1 when `signal` was ignored when the process started (XCU 2.15, trap: such signals cannot be trapped), else 0.
int vsh_signal_ignored_at_start(int signal);
/// The set of signals that are caught now.
uint64_t vsh_signals_caught(void);
/// Catches SIGCHLD, uncounted and restarting, unless it is caught already; an ignored SIGCHLD stays so for children.
int vsh_signal_note_children(void);
/// SIGCHLD when it is ignored, which only children do: this process keeps their statuses. To be called before the first
/// child, so that a disposition inherited as ignored is put right.
uint64_t vsh_signals_ignored_for_children(void);

/// Adds `set` to the blocked signals and returns the set blocked before (sigprocmask).
uint64_t vsh_signals_block(uint64_t set);
/// Blocks exactly `set` and returns the set blocked before.
uint64_t vsh_signals_set_mask(uint64_t set);
/// Waits for a signal with exactly `mask` blocked (sigsuspend). Always returns -EINTR.
int vsh_signals_suspend(uint64_t mask);
/// Forgets signals noted but not taken: what arrived before a fork was meant for the parent.
void vsh_signals_forget(void);

/// kill, killpg by a negative pid.
int vsh_kill(pid_t pid, int signal);

/// Name of `signal` without SIG, "RTMIN+n" and "RTMAX-n" included; the bytes written without NUL (at most 10), or 0 when
/// there is no such signal. 0 is "EXIT".
int vsh_signal_name(int signal, char *_Nonnull buffer);
/// Number of the signal with this name (no SIG, upper case), or -1. Knows the synonyms CLD, IOT and IO.
int vsh_signal_number(const char *_Nonnull name, size_t length);
/// What it means that the signal ended a process, in the C locale (sigdescr_np); NULL for an unknown number.
const char *_Nullable vsh_signal_text(int signal);
#endif
