// SPDX-License-Identifier: MPL-2.0
//
// Overwriting of content. Negative errno on failure.
#ifndef VSH_ERASE_H
#define VSH_ERASE_H
#include <stdint.h>

/// Writes `size` bytes from the start on, each `value`, or random ones made from `seed` when it is negative, and waits
/// until they are on the disk.
int vsh_overwrite(int fd, int64_t size, int value, uint64_t seed);
/// Reads them back, not from the cache if that can be helped: 1 when they are there, 0 when something else is.
int vsh_was_overwritten(int fd, int64_t size, int value, uint64_t seed);
#endif
