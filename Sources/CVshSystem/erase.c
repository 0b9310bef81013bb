// SPDX-License-Identifier: MPL-2.0
//
// Overwriting of content, and reading back what was written.
#include "vsh_erase.h"
#include "result.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 18 };

/// The bytes of a pass from `offset` on: one value, or the output of splitmix64, which can be had again from its seed.
static void fill(uint8_t *piece, size_t count, int value, uint64_t seed, int64_t offset) {
  if (value >= 0) {
    memset(piece, value, count);
    return;
  }
  uint64_t state = seed + (uint64_t)(offset / 8) * UINT64_C(0x9e3779b97f4a7c15);
  for (size_t i = 0; i < count; i += 8) {
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    memcpy(piece + i, &z, count - i < 8 ? count - i : 8);
  }
}

int vsh_overwrite(int fd, int64_t size, int value, uint64_t seed) {
  uint8_t *piece = malloc(PIECE);
  if (!piece) return -ENOMEM;
  int result = 0;
  for (int64_t offset = 0; offset < size && result == 0;) {
    size_t count = size - offset < PIECE ? (size_t)(size - offset) : PIECE;
    fill(piece, count, value, seed, offset);
    for (size_t done = 0; done < count;) {
      ssize_t written = pwrite(fd, piece + done, count - done, offset + (int64_t)done);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        result = written < 0 ? -errno : -EIO;
        break;
      }
      done += (size_t)written;
    }
    offset += (int64_t)count;
  }
  free(piece);
  if (result == 0 && fsync(fd) < 0) result = -errno;
  return result;
}

int vsh_was_overwritten(int fd, int64_t size, int value, uint64_t seed) {
  uint8_t *piece = malloc(PIECE), *expected = malloc(PIECE);
  int result = piece && expected ? 1 : -ENOMEM;
  // From the disk, not from memory.
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  for (int64_t offset = 0; offset < size && result == 1;) {
    size_t count = size - offset < PIECE ? (size_t)(size - offset) : PIECE;
    ssize_t got = pread(fd, piece, count, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      result = got < 0 ? -errno : 0;
      break;
    }
    // A short read may end within the eight bytes that belong together: those are read again.
    if ((size_t)got < count && got > 8) got &= ~(ssize_t)7;
    fill(expected, (size_t)got, value, seed, offset);
    if (memcmp(piece, expected, (size_t)got) != 0) result = 0;
    offset += got;
  }
  free(piece);
  free(expected);
  return result;
}
