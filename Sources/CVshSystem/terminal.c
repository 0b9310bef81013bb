// SPDX-License-Identifier: MPL-2.0
#include "vsh_terminal.h"
#include "result.h"
#include "sets.h"
#include "vsh_signal.h"
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

int vsh_is_terminal(int fd) { return isatty(fd); }
pid_t vsh_terminal_group(int fd) { return RETRY(tcgetpgrp(fd)); }

int vsh_terminal_set_group(int fd, pid_t group) {
  uint64_t mask = vsh_signals_block(BIT(SIGTTOU));
  int result = RETRY(tcsetpgrp(fd, group));
  vsh_signals_set_mask(mask);
  return result;
}

int vsh_terminal_get(int fd, struct termios *attributes) { return RETRY(tcgetattr(fd, attributes)); }

int vsh_terminal_set(int fd, int when, const struct termios *attributes) {
  uint64_t mask = vsh_signals_block(BIT(SIGTTOU));
  int result = RETRY(tcsetattr(fd, when, attributes));
  vsh_signals_set_mask(mask);
  return result;
}

int vsh_terminal_size(int fd, uint16_t *rows, uint16_t *columns) {
  struct winsize size = {0};
  int result = RESULT(ioctl(fd, TIOCGWINSZ, &size));
  *rows = size.ws_row;
  *columns = size.ws_col;
  return result;
}

int vsh_terminal_set_size(int fd, uint16_t rows, uint16_t columns) {
  struct winsize size = {.ws_row = rows, .ws_col = columns};
  return RESULT(ioctl(fd, TIOCSWINSZ, &size));
}

int vsh_terminal_acquire(int fd) { return RESULT(ioctl(fd, TIOCSCTTY, 0)); }

int vsh_terminal_unlock_peer(int fd, char *name, size_t capacity) {
  int result = RESULT(unlockpt(fd));
  return result < 0 ? result : -ptsname_r(fd, name, capacity);
}

int vsh_poll(struct pollfd *fds, size_t count, int64_t timeout, int has_mask, uint64_t mask) {
  struct timespec time = {timeout / 1000000000, timeout % 1000000000};
  sigset_t set = signal_set(mask);
  return RESULT(ppoll(fds, count, timeout < 0 ? NULL : &time, has_mask ? &set : NULL));
}

int vsh_poll_interruptible(int fd, short events, int64_t timeout, int heeds_children) {
  struct pollfd one = {.fd = fd, .events = events};
  uint64_t mask = vsh_signals_block(~UINT64_C(0));
  int is_due = vsh_signals_pending() || (heeds_children && vsh_signals_child());
  int result = is_due ? -EINTR : vsh_poll(&one, 1, timeout, 1, mask);
  vsh_signals_set_mask(mask);
  return result;
}
