// SPDX-License-Identifier: MPL-2.0
//
// What the machine supports.
#ifndef VSH_MACHINE_H
#define VSH_MACHINE_H
#include <stdint.h>

/// The version of Landlock that the kernel has, or a negative errno (ENOSYS: none, EOPNOTSUPP: turned off).
int vsh_landlock_version(void);

struct vsh_mounted {
  const char *_Nullable name;  // NULL: none of those known
  uint64_t type;               // as statfs gives it
  uint64_t total, available;   // bytes; available to this user
};
/// The file system at a path. 0 or a negative errno.
int vsh_mounted(const char *_Nonnull path, struct vsh_mounted *_Nonnull info);
/// Whether files in a directory can share blocks: 1, 0, or a negative errno when no file can be made there. Makes two nameless files.
int vsh_shares_blocks(const char *_Nonnull directory);
#endif
