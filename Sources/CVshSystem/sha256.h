// SPDX-License-Identifier: MPL-2.0
//
// Constants of SHA-256 (FIPS 180-4).
#ifndef VSH_SHA256_H
#define VSH_SHA256_H
#include "vsh_memory.h"
extern const uint32_t vsh_sha256_K[64], vsh_sha256_initial[8];
#endif
