// SPDX-License-Identifier: MPL-2.0
//
// SHA-256 of many messages at once: eight of them side by side, one in each lane of a vector.
#include "sha256.h"
#include <string.h>

enum { LANES = 8 };
typedef uint32_t lanes __attribute__((vector_size(4 * LANES)));

static inline __attribute__((always_inline)) void compress(lanes H[8], const uint8_t *const block[LANES]) {
  lanes W[64];
  for (int t = 0; t < 16; t++)
    for (int lane = 0; lane < LANES; lane++) {
      uint32_t word;
      memcpy(&word, block[lane] + 4 * t, 4);
      W[t][lane] = __builtin_bswap32(word);
    }
  SHA256_COMPRESS(lanes, H, W);
}

/// A message in its lane: whole blocks where they lie, then one or two with the rest, the padding and the length.
struct message {
  const uint8_t *next;
  size_t whole, blocks;
  uint8_t tail[128];
};

static void begin(struct message *message, const uint8_t *bytes, size_t count) {
  size_t rest = count % 64, padded = rest < 56 ? 64 : 128;
  uint64_t bits = __builtin_bswap64((uint64_t)count * 8);
  message->next = bytes;
  message->whole = count / 64;
  message->blocks = message->whole + padded / 64;
  memset(message->tail, 0, padded);
  memcpy(message->tail, bytes + count - rest, rest);
  message->tail[rest] = 0x80;
  memcpy(message->tail + padded - 8, &bits, 8);
}

static const uint8_t *block(const struct message *message, size_t number) {
  // A lane that is done goes round once more for nothing.
  if (number >= message->blocks) number = message->blocks - 1;
  return number < message->whole ? message->next + 64 * number : message->tail + 64 * (number - message->whole);
}

static inline __attribute__((always_inline)) void digest(const struct message messages[LANES], size_t used, uint8_t *digests) {
  lanes H[8];
  size_t longest = 0;
  for (int i = 0; i < 8; i++) H[i] = (lanes){} + vsh_sha256_initial[i];
  for (int lane = 0; lane < LANES; lane++)
    if (messages[lane].blocks > longest) longest = messages[lane].blocks;
  for (size_t number = 0; number < longest; number++) {
    const uint8_t *blocks[LANES];
    for (int lane = 0; lane < LANES; lane++) blocks[lane] = block(&messages[lane], number);
    compress(H, blocks);
    for (size_t lane = 0; lane < used; lane++)
      if (messages[lane].blocks == number + 1)
        for (int i = 0; i < 8; i++) {
          uint32_t word = __builtin_bswap32(H[i][lane]);
          memcpy(digests + 32 * lane + 4 * i, &word, 4);
        }
  }
}

static void digest_portable(const struct message *messages, size_t used, uint8_t *digests) { digest(messages, used, digests); }

#if defined __x86_64__
#include <cpuid.h>
__attribute__((target("avx2"))) static void digest_avx2(const struct message *messages, size_t used, uint8_t *digests) {
  digest(messages, used, digests);
}

/// The processor has AVX2 and the kernel keeps its registers. Asked at the first use: CPUID is slow in virtual machines.
static int has_avx2(void) {
  static int known = -1;
  if (known < 0) {
    unsigned a, b, c, d, low = 0, high;
    known = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_OSXSAVE);
    if (known) __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    known = known && (low & 6) == 6 && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2);
  }
  return known;
}
#endif

static void digest_all(const uint8_t *bytes, const size_t *ends, size_t count, uint8_t *digests,
                       void (*digest)(const struct message *, size_t, uint8_t *)) {
  struct message messages[LANES];
  size_t start = 0;
  for (size_t first = 0; first < count; first += LANES) {
    size_t used = count - first < LANES ? count - first : LANES;
    for (size_t lane = 0; lane < used; lane++) {
      begin(&messages[lane], bytes + start, ends[first + lane] - start);
      start = ends[first + lane];
    }
    // Lanes that are left over have the last message once more.
    for (size_t lane = used; lane < LANES; lane++) messages[lane] = messages[used - 1];
    digest(messages, used, digests + 32 * first);
  }
}

void vsh_sha256_many_portable(const void *bytes, const size_t *ends, size_t count, uint8_t *digests) {
  digest_all(bytes, ends, count, digests, digest_portable);
}

void vsh_sha256_many(const void *bytes, const size_t *ends, size_t count, uint8_t *digests) {
#if defined __x86_64__
  if (has_avx2()) return digest_all(bytes, ends, count, digests, digest_avx2);
#endif
  vsh_sha256_many_portable(bytes, ends, count, digests);
}
