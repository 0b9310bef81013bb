// SPDX-License-Identifier: MPL-2.0
//
// Terminals and waiting for input.
#ifndef VSH_TERMINAL_H
#define VSH_TERMINAL_H
#include <poll.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

int vsh_is_terminal(int fd);
/// tcgetpgrp. EINTR is not returned.
pid_t vsh_terminal_group(int fd);
/// tcsetpgrp with SIGTTOU blocked, so that a background process may take the terminal.
int vsh_terminal_set_group(int fd, pid_t group);
int vsh_terminal_get(int fd, struct termios *_Nonnull attributes);
/// tcsetattr (`when`: TCSANOW, TCSADRAIN or TCSAFLUSH) with SIGTTOU blocked; goes on after EINTR.
int vsh_terminal_set(int fd, int when, const struct termios *_Nonnull attributes);
int vsh_terminal_size(int fd, uint16_t *_Nonnull rows, uint16_t *_Nonnull columns);
int vsh_terminal_set_size(int fd, uint16_t rows, uint16_t columns);
/// Makes the terminal the controlling one of this session (TIOCSCTTY).
int vsh_terminal_acquire(int fd);
/// ptsname_r and unlockpt on a descriptor of /dev/ptmx.
int vsh_terminal_unlock_peer(int fd, char *_Nonnull name, size_t capacity);

/// ppoll with exactly `mask` blocked meanwhile when `has_mask`; `timeout` in nanoseconds, negative: for ever. The number
/// of ready descriptors, or a negative errno; EINTR is returned.
int vsh_poll(struct pollfd *_Nonnull fds, size_t count, int64_t timeout, int has_mask, uint64_t mask);
/// Waits until `fd` has one of `events`, without a race between looking for a caught signal and sleeping: 1 ready,
/// 0 timeout, -EINTR when a caught signal is pending (SIGCHLD only if `heeds_children`) or arrives.
int vsh_poll_interruptible(int fd, short events, int64_t timeout, int heeds_children);
#endif
