// SPDX-License-Identifier: MPL-2.0
//
// A stack deep enough for hundreds of thousands of shell function calls, and how much of it is left.
#ifndef VSH_STACK_H
#define VSH_STACK_H
#include <stddef.h>
#include <stdint.h>

/// Lowest usable address of the stack in use; 0 before vsh_run_on_big_stack.
extern uintptr_t vsh_stack_limit;

/// Runs `function(argument)` on a fresh stack of up to `size` bytes and returns when it does. Pages are reserved, not
/// used, until touched; a guard page ends it. When the system refuses `size`, half is tried, down to 8 MiB; then the
/// present stack is used. Works in children of fork. The size obtained, or a negative errno.
int64_t vsh_run_on_big_stack(size_t size, void (*_Nonnull function)(void *_Nullable), void *_Nullable argument);

/// Bytes left on the stack: one load and a subtraction. Huge before vsh_run_on_big_stack.
static inline __attribute__((always_inline)) size_t vsh_stack_left(void) {
  return (uintptr_t)__builtin_frame_address(0) - vsh_stack_limit;
}
#endif
