// SPDX-License-Identifier: MPL-2.0
#include "vsh_memory.h"
#include <string.h>

/// The reflected polynomial of CRC-32C, 0x1EDC6F41 with its bits reversed.
#define POLYNOMIAL 0x82F63B78u

uint32_t vsh_crc32c_portable(uint32_t crc, const void *bytes, size_t count) {
  static uint32_t table[256];
  if (!table[255])
    for (uint32_t i = 0; i < 256; i++) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; bit++) value = value >> 1 ^ (value & 1 ? POLYNOMIAL : 0);
      table[i] = value;
    }
  crc = ~crc;
  for (const uint8_t *p = bytes, *end = p + count; p < end; p++) crc = table[(crc ^ *p) & 0xff] ^ crc >> 8;
  return ~crc;
}

#if defined __x86_64__
#include <nmmintrin.h>
#define CRC_TARGET __attribute__((target("sse4.2")))
#define CRC_BYTE(crc, byte) _mm_crc32_u8(crc, byte)
#define CRC_WORD(crc, word) (uint32_t) _mm_crc32_u64(crc, word)
#include <cpuid.h>
// Asked at the first use: the compiler's own check would run CPUID, which is slow in virtual machines, at every start.
static int has_instruction(void) {
  static int known = -1;
  if (known < 0) {
    unsigned a, b, c, d;
    __cpuid(1, a, b, c, d);  // which every x86-64 answers: __get_cpuid would ask for that first
    known = (c & bit_SSE4_2) != 0;
  }
  return known;
}
#elif defined __aarch64__
#include <arm_acle.h>
#include <sys/auxv.h>
#define CRC_TARGET __attribute__((target("crc")))
#define CRC_BYTE(crc, byte) __crc32cb(crc, byte)
#define CRC_WORD(crc, word) __crc32cd(crc, word)
static int has_instruction(void) { return (getauxval(AT_HWCAP) & (1 << 7)) != 0; }  // HWCAP_CRC32
#endif

#ifdef CRC_TARGET
/// Bytes of each of three lanes. The instruction takes three cycles, and one can be begun in each.
#define LANE 512
/// What a checksum becomes when LANE zero bytes follow, for each of its bytes: the checksum is linear.
static uint32_t followed[4][256];

CRC_TARGET static void fill_followed(void) {
  for (int bit = 0; bit < 32; bit++) {
    uint32_t crc = (uint32_t)1 << bit;
    for (int done = 0; done < LANE; done += 8) crc = CRC_WORD(crc, 0);
    int size = 1 << bit % 8;
    for (int low = 0; low < size; low++) followed[bit / 8][size + low] = followed[bit / 8][low] ^ crc;
  }
}

static uint32_t follow(uint32_t crc) {
  return followed[0][crc & 0xff] ^ followed[1][crc >> 8 & 0xff] ^ followed[2][crc >> 16 & 0xff] ^ followed[3][crc >> 24];
}

CRC_TARGET static uint32_t crc32c_instruction(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *p = bytes;
  crc = ~crc;
  if (count >= 3 * LANE && !followed[3][255]) fill_followed();
  for (; count >= 3 * LANE; p += 3 * LANE, count -= 3 * LANE) {
    uint32_t second = 0, third = 0;
    for (const uint8_t *q = p; q < p + LANE; q += 8) {
      uint64_t words[3];
      for (int lane = 0; lane < 3; lane++) memcpy(words + lane, q + lane * LANE, 8);
      crc = CRC_WORD(crc, words[0]);
      second = CRC_WORD(second, words[1]);
      third = CRC_WORD(third, words[2]);
    }
    crc = follow(follow(crc) ^ second) ^ third;
  }
  for (; count >= 8; p += 8, count -= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    crc = CRC_WORD(crc, word);
  }
  for (; count > 0; p++, count--) crc = CRC_BYTE(crc, *p);
  return ~crc;
}

uint32_t vsh_crc32c(uint32_t crc, const void *bytes, size_t count) {
  return has_instruction() ? crc32c_instruction(crc, bytes, count) : vsh_crc32c_portable(crc, bytes, count);
}
#else
uint32_t vsh_crc32c(uint32_t crc, const void *bytes, size_t count) { return vsh_crc32c_portable(crc, bytes, count); }
#endif
