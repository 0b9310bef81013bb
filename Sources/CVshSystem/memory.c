// SPDX-License-Identifier: MPL-2.0
#include "vsh_memory.h"
#include <string.h>

static ptrdiff_t offset(const void *found, const void *bytes) {
  return found ? (const char *)found - (const char *)bytes : -1;
}

ptrdiff_t vsh_find_byte(const void *bytes, size_t count, uint8_t byte) { return offset(memchr(bytes, byte, count), bytes); }
ptrdiff_t vsh_find_last_byte(const void *bytes, size_t count, uint8_t byte) {
  return offset(memrchr(bytes, byte, count), bytes);
}
ptrdiff_t vsh_find(const void *bytes, size_t count, const void *pattern, size_t pattern_count) {
  return offset(memmem(bytes, count, pattern, pattern_count), bytes);
}
int vsh_compare(const void *a, const void *b, size_t count) { return memcmp(a, b, count); }
