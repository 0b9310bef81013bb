// SPDX-License-Identifier: MPL-2.0
//
// SHA-256 with the names of FIPS 180-4: what one message and several side by side have in common.
#ifndef VSH_SHA256_H
#define VSH_SHA256_H
#include "vsh_memory.h"

extern const uint32_t vsh_sha256_K[64], vsh_sha256_initial[8];

#define ROTR(x, n) ((x) >> (n) | (x) << (32 - (n)))

/// One round. Instead of shifting a…h along, the caller names them one further each time.
#define ROUND(word, a, b, c, d, e, f, g, h, t) \
  do { \
    word S1 = ROTR(e, 6) ^ ROTR(e, 11) ^ ROTR(e, 25), ch = g ^ (e & (f ^ g)); \
    word S0 = ROTR(a, 2) ^ ROTR(a, 13) ^ ROTR(a, 22), maj = (a & b) | (c & (a | b)); \
    h += S1 + ch + vsh_sha256_K[t] + W[t]; \
    d += h; \
    h += S0 + maj; \
  } while (0)

/// Takes a block into the state H. `word` is a number of 32 bits, or a vector of such, one for each message; W has 64 of them, the
/// first 16 of which are the block.
#define SHA256_COMPRESS(word, H, W) \
  do { \
    for (int t = 16; t < 64; t++) { \
      word s0 = ROTR(W[t - 15], 7) ^ ROTR(W[t - 15], 18) ^ W[t - 15] >> 3; \
      word s1 = ROTR(W[t - 2], 17) ^ ROTR(W[t - 2], 19) ^ W[t - 2] >> 10; \
      W[t] = W[t - 16] + s0 + W[t - 7] + s1; \
    } \
    word a = H[0], b = H[1], c = H[2], d = H[3], e = H[4], f = H[5], g = H[6], h = H[7]; \
    for (int t = 0; t < 64; t += 8) { \
      ROUND(word, a, b, c, d, e, f, g, h, t); \
      ROUND(word, h, a, b, c, d, e, f, g, t + 1); \
      ROUND(word, g, h, a, b, c, d, e, f, t + 2); \
      ROUND(word, f, g, h, a, b, c, d, e, t + 3); \
      ROUND(word, e, f, g, h, a, b, c, d, t + 4); \
      ROUND(word, d, e, f, g, h, a, b, c, t + 5); \
      ROUND(word, c, d, e, f, g, h, a, b, t + 6); \
      ROUND(word, b, c, d, e, f, g, h, a, t + 7); \
    } \
    H[0] += a, H[1] += b, H[2] += c, H[3] += d, H[4] += e, H[5] += f, H[6] += g, H[7] += h; \
  } while (0)
#endif
