// SPDX-License-Identifier: MPL-2.0
#include "vsh_signal.h"
#include "result.h"
#include "sets.h"
#include <stdio.h>

volatile sig_atomic_t vsh_signal_pending_any;
volatile sig_atomic_t vsh_signal_child;

static uint64_t pending;           // written by handlers: atomics only
static uint64_t caught, ignored;   // dispositions now, of the signals in `known`
static uint64_t known;             // signals whose first disposition was seen
static uint64_t ignored_at_start;

static void note(int signal) {
  __atomic_fetch_or(&pending, BIT(signal), __ATOMIC_RELAXED);
  vsh_signal_pending_any = 1;
}

static void note_child(int signal) {
  (void)signal;
  vsh_signal_child = 1;
}

static void note_child_counted(int signal) {
  vsh_signal_child = 1;
  note(signal);
}

uint64_t vsh_signals_take(void) {
  vsh_signal_pending_any = 0;  // before the exchange: a signal in between causes one empty answer, never a lost signal
  return __atomic_exchange_n(&pending, 0, __ATOMIC_ACQ_REL);
}

uint64_t vsh_signals_peek(void) { return __atomic_load_n(&pending, __ATOMIC_ACQUIRE); }

void vsh_signals_forget(void) {
  vsh_signals_take();
  vsh_signal_child = 0;
}

static int is_valid(int signal) { return signal >= 1 && signal <= VSH_SIGNAL_MAX; }

/// Sets the disposition in the kernel. SIGCHLD is never really ignored here: the kernel would then throw away the
/// statuses of children. It is in children, which inherit what was asked for (vsh_signals_ignored_for_children).
static int install(int signal, void (*handler)(int), int flags, struct sigaction *old) {
  if (signal == SIGCHLD && handler == SIG_IGN) handler = SIG_DFL;
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigfillset(&action.sa_mask);
  return RESULT(sigaction(signal, &action, old));
}

/// Notes the disposition found before the first change.
static void learn(int signal, const struct sigaction *found) {
  uint64_t bit = BIT(signal);
  if (known & bit) return;
  known |= bit;
  if (found->sa_handler == SIG_IGN) {
    ignored_at_start |= bit;
    ignored |= bit;
  }
}

int vsh_signal_set(int signal, int disposition, int options) {
  if (!is_valid(signal)) return -EINVAL;
  void (*handler)(int) = note;
  if (disposition == VSH_SIGNAL_DEFAULT) handler = SIG_DFL;
  else if (disposition == VSH_SIGNAL_IGNORE) handler = SIG_IGN;
  else if (signal == SIGCHLD) handler = options & VSH_SIGNAL_COUNTED ? note_child_counted : note_child;
  struct sigaction old;
  int result = install(signal, handler, options & VSH_SIGNAL_RESTART ? SA_RESTART : 0, &old);
  if (result < 0) return result;
  learn(signal, &old);
  uint64_t bit = BIT(signal);
  caught = disposition == VSH_SIGNAL_CATCH ? caught | bit : caught & ~bit;
  ignored = disposition == VSH_SIGNAL_IGNORE ? ignored | bit : ignored & ~bit;
  return 0;
}

static void look(int signal) {
  struct sigaction now;
  if (known & BIT(signal) || sigaction(signal, NULL, &now) < 0) return;
  learn(signal, &now);
  if (signal == SIGCHLD && now.sa_handler == SIG_IGN) install(SIGCHLD, SIG_DFL, 0, NULL);
}

uint64_t vsh_signals_ignored_for_children(void) {
  look(SIGCHLD);
  return ignored & BIT(SIGCHLD);
}

int vsh_signal_note_children(void) {
  if (caught & BIT(SIGCHLD)) return 0;
  look(SIGCHLD);
  int result = install(SIGCHLD, note_child, SA_RESTART, NULL);
  if (result == 0) caught |= BIT(SIGCHLD);
  return result;
}

int vsh_signal_get(int signal) {
  if (!is_valid(signal)) return -EINVAL;
  look(signal);
  if (ignored & BIT(signal)) return VSH_SIGNAL_IGNORE;
  return caught & BIT(signal) ? VSH_SIGNAL_CATCH : VSH_SIGNAL_DEFAULT;
}

int vsh_signal_ignored_at_start(int signal) {
  if (!is_valid(signal)) return 0;
  look(signal);
  return (ignored_at_start & BIT(signal)) != 0;
}

uint64_t vsh_signals_caught(void) { return caught; }

static uint64_t change_mask(int how, uint64_t bits) {
  sigset_t set = signal_set(bits), old;
  return sigprocmask(how, &set, &old) < 0 ? 0 : signal_bits(&old);
}

uint64_t vsh_signals_block(uint64_t set) { return change_mask(SIG_BLOCK, set); }
uint64_t vsh_signals_set_mask(uint64_t set) { return change_mask(SIG_SETMASK, set); }

int vsh_signals_suspend(uint64_t mask) {
  sigset_t set = signal_set(mask);
  return RESULT(sigsuspend(&set));
}

int vsh_kill(pid_t pid, int signal) { return RESULT(kill(pid, signal)); }

static const char names[][7] = {
    [0] = "EXIT",          [SIGHUP] = "HUP",   [SIGINT] = "INT",       [SIGQUIT] = "QUIT",     [SIGILL] = "ILL",
    [SIGTRAP] = "TRAP",    [SIGABRT] = "ABRT", [SIGBUS] = "BUS",       [SIGFPE] = "FPE",       [SIGKILL] = "KILL",
    [SIGUSR1] = "USR1",    [SIGSEGV] = "SEGV", [SIGUSR2] = "USR2",     [SIGPIPE] = "PIPE",     [SIGALRM] = "ALRM",
    [SIGTERM] = "TERM",    [SIGCHLD] = "CHLD", [SIGCONT] = "CONT",     [SIGSTOP] = "STOP",     [SIGTSTP] = "TSTP",
    [SIGTTIN] = "TTIN",    [SIGTTOU] = "TTOU", [SIGURG] = "URG",       [SIGXCPU] = "XCPU",     [SIGXFSZ] = "XFSZ",
    [SIGVTALRM] = "VTALRM", [SIGPROF] = "PROF", [SIGWINCH] = "WINCH", [SIGPOLL] = "POLL",     [SIGPWR] = "PWR",
    [SIGSYS] = "SYS",      [SIGSTKFLT] = "STKFLT",
};
static const struct {
  char name[4];
  int signal;
} synonyms[] = {{"CLD", SIGCHLD}, {"IOT", SIGABRT}, {"IO", SIGIO}};

int vsh_signal_name(int signal, char *buffer) {
  char text[16];
  int count;
  if (signal >= 0 && signal < (int)(sizeof names / sizeof *names) && names[signal][0])
    count = snprintf(text, sizeof text, "%s", names[signal]);
  else if (signal == SIGRTMIN || signal == SIGRTMAX) count = snprintf(text, sizeof text, signal == SIGRTMIN ? "RTMIN" : "RTMAX");
  else if (signal < SIGRTMIN || signal > SIGRTMAX) return 0;
  else if (signal - SIGRTMIN <= SIGRTMAX - signal) count = snprintf(text, sizeof text, "RTMIN+%d", signal - SIGRTMIN);
  else count = snprintf(text, sizeof text, "RTMAX-%d", SIGRTMAX - signal);
  memcpy(buffer, text, (size_t)count);
  return count;
}

int vsh_signal_number(const char *name, size_t length) {
  if (length == 0) return -1;
  for (int signal = 0; signal < (int)(sizeof names / sizeof *names); signal++)
    if (names[signal][0] == name[0] && strlen(names[signal]) == length && memcmp(names[signal], name, length) == 0) return signal;
  if (length == 5 && memcmp(name, "RTMIN", 5) == 0) return SIGRTMIN;
  if (length == 5 && memcmp(name, "RTMAX", 5) == 0) return SIGRTMAX;
  for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++)
    if (strlen(synonyms[i].name) == length && memcmp(synonyms[i].name, name, length) == 0) return synonyms[i].signal;
  // Any RTMIN+n and RTMAX-n, not only the half that names are made with.
  if (length < 7 || length > 8) return -1;
  int is_from_minimum = memcmp(name, "RTMIN+", 6) == 0, offset = 0;
  if (!is_from_minimum && memcmp(name, "RTMAX-", 6) != 0) return -1;
  for (size_t i = 6; i < length; i++) {
    if (name[i] < '0' || name[i] > '9') return -1;
    offset = offset * 10 + (name[i] - '0');
  }
  if (offset > SIGRTMAX - SIGRTMIN) return -1;
  return is_from_minimum ? SIGRTMIN + offset : SIGRTMAX - offset;
}

const char *vsh_signal_text(int signal) { return sigdescr_np(signal); }
