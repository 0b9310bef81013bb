// SPDX-License-Identifier: MPL-2.0
// The Swift runtime asks posix_memalign whenever an alignment above 8 or none is given, which is every table of the shell;
// glibc's malloc aligns to 16 anyway, at a third of the instructions. Defining the functions of the runtime's Heap.cpp here
// keeps that file out of a static link (docs/decisions/0006-cold-start.md).
#include <malloc.h>
#include <stdint.h>
#include <unistd.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(size_t size, size_t alignment_mask) {
  void *block;
  if (alignment_mask <= 15 || alignment_mask == SIZE_MAX) {
    block = malloc(size);
  } else if (posix_memalign(&block, alignment_mask + 1, size) != 0) {
    block = NULL;
  }
  if (block == NULL && size != 0) {
    static const char message[] = "vsh: out of memory\n";
    if (write(2, message, sizeof message - 1) < 0) {}
    abort();
  }
  return block;
}

void *swift_slowAlloc(size_t size, size_t alignment_mask) { return allocate(size, alignment_mask); }

void *swift_coroFrameAlloc(size_t size, uint64_t type) {
  (void)type;
  return malloc(size);
}

// swift::swift_slowAllocTyped(size_t, size_t, MallocTypeId)
void *_ZN5swift20swift_slowAllocTypedEmmy(size_t size, size_t alignment_mask, uint64_t type) {
  (void)type;
  return allocate(size, alignment_mask);
}

void swift_slowDealloc(void *block, size_t size, size_t alignment_mask) {
  (void)size, (void)alignment_mask;
  free(block);
}

void swift_clearSensitive(void *block, size_t size) {
  memset(block, 0, size);
  __asm__ volatile("" : : "r"(block) : "memory");  // not to be optimised away
}

/// A value that is built anew again and again would lie at the end of the heap, which by default is given back to the kernel and asked for
/// again each time: a loop of `x=$i$x` spent two thirds of its time there.
__attribute__((constructor)) static void keep_some_memory(void) {
  mallopt(M_TRIM_THRESHOLD, 4 << 20);
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
}
