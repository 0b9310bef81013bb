// SPDX-License-Identifier: MPL-2.0
//
// Sets of signals as 64 bits, signal n at bit n - 1: the first word of glibc's and musl's sigset_t on 64-bit Linux.
#ifndef VSH_SETS_H
#define VSH_SETS_H
#include <signal.h>
#include <stdint.h>
#include <string.h>

#define BIT(signal) (UINT64_C(1) << ((signal)-1))

static inline sigset_t signal_set(uint64_t bits) {
  sigset_t set;
  sigemptyset(&set);
  memcpy(&set, &bits, sizeof bits);
  return set;
}

static inline uint64_t signal_bits(const sigset_t *set) {
  uint64_t bits;
  memcpy(&bits, set, sizeof bits);
  return bits;
}
#endif
