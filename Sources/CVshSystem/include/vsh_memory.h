// SPDX-License-Identifier: MPL-2.0
//
// Byte searches, atomic access to shared memory, checksums.
#ifndef VSH_MEMORY_H
#define VSH_MEMORY_H
#include <stddef.h>
#include <stdint.h>

/// memchr, memrchr, memmem, memcmp: an offset, or -1 when absent.
ptrdiff_t vsh_find_byte(const void *_Nonnull bytes, size_t count, uint8_t byte);
ptrdiff_t vsh_find_last_byte(const void *_Nonnull bytes, size_t count, uint8_t byte);
ptrdiff_t vsh_find(const void *_Nonnull bytes, size_t count, const void *_Nonnull pattern, size_t pattern_count);
int vsh_compare(const void *_Nonnull a, const void *_Nonnull b, size_t count);

// Atomics at naturally aligned addresses, usable in memory shared by processes.
static inline uint64_t vsh_load_acquire64(const uint64_t *_Nonnull p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static inline uint32_t vsh_load_acquire32(const uint32_t *_Nonnull p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static inline void vsh_store_release64(uint64_t *_Nonnull p, uint64_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
static inline void vsh_store_release32(uint32_t *_Nonnull p, uint32_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
/// Adds and returns the value before.
static inline uint64_t vsh_fetch_add64(uint64_t *_Nonnull p, uint64_t v) { return __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL); }
static inline uint32_t vsh_fetch_add32(uint32_t *_Nonnull p, uint32_t v) { return __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL); }
/// Stores `new_value` if `*expected` is there; else puts what is there into `*expected`. 1 when stored.
static inline int vsh_compare_exchange64(uint64_t *_Nonnull p, uint64_t *_Nonnull expected, uint64_t new_value) {
  return __atomic_compare_exchange_n(p, expected, new_value, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
static inline int vsh_compare_exchange32(uint32_t *_Nonnull p, uint32_t *_Nonnull expected, uint32_t new_value) {
  return __atomic_compare_exchange_n(p, expected, new_value, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/// CRC-32C (Castagnoli, RFC 3720 B.4), continued from `crc` (0 at the start). Uses the processor's instruction if there.
uint32_t vsh_crc32c(uint32_t crc, const void *_Nonnull bytes, size_t count);
/// The portable implementation, for tests.
uint32_t vsh_crc32c_portable(uint32_t crc, const void *_Nonnull bytes, size_t count);

/// SHA-256 (FIPS 180-4) of a stream.
struct vsh_sha256 {
  uint32_t state[8];
  uint64_t count;  // bytes so far
  uint8_t block[64];
};
void vsh_sha256_start(struct vsh_sha256 *_Nonnull hash);
void vsh_sha256_add(struct vsh_sha256 *_Nonnull hash, const void *_Nullable bytes, size_t count);
void vsh_sha256_finish(struct vsh_sha256 *_Nonnull hash, uint8_t digest[_Nonnull 32]);
/// The digests of `count` messages, 32 bytes each. The messages lie one behind the other; `ends` are their ends.
void vsh_sha256_many(const void *_Nonnull bytes, const size_t *_Nonnull ends, size_t count, uint8_t *_Nonnull digests);
/// The same without special instructions.
void vsh_sha256_many_portable(const void *_Nonnull bytes, const size_t *_Nonnull ends, size_t count, uint8_t *_Nonnull digests);
#endif
