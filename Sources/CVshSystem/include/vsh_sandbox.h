// SPDX-License-Identifier: MPL-2.0
//
// Landlock: the kernel keeps a process, and all that it starts, from files. Negative errno on failure.
#ifndef VSH_SANDBOX_H
#define VSH_SANDBOX_H
#include <stdint.h>

enum {
  VSH_LANDLOCK_EXECUTE = 1 << 0,
  VSH_LANDLOCK_WRITE_FILE = 1 << 1,
  VSH_LANDLOCK_READ_FILE = 1 << 2,
  VSH_LANDLOCK_READ_DIRECTORY = 1 << 3,
  VSH_LANDLOCK_CHANGES = 0x1ff0,         // remove and make names of every kind
  VSH_LANDLOCK_REFER = 1 << 13,          // version 2
  VSH_LANDLOCK_TRUNCATE = 1 << 14,       // version 3
  VSH_LANDLOCK_FILE = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14,  // what means something for a file
};

/// A descriptor of a new set of rules that takes the rights `handled` away.
int vsh_landlock_ruleset(uint64_t handled);
/// Gives rights back at a file, or at a directory and everything below it.
int vsh_landlock_allow(int ruleset, const char *_Nonnull path, uint64_t rights);
/// The same for a directory that is open.
int vsh_landlock_allow_directory(int ruleset, int fd, uint64_t rights);
/// The same for what is open for writing as `fd`; nothing when that is no regular file.
int vsh_landlock_allow_open(int ruleset, int fd, uint64_t rights);
/// Puts the rules on this process, for ever. It can gain no privileges by exec any more. Async-signal-safe.
int vsh_landlock_restrict(int ruleset);
/// The same for `vsh_launch.prepare`; `ruleset`: int32_t.
int vsh_landlock_prepare(void *_Nullable ruleset);
#endif
