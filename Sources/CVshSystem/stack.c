// SPDX-License-Identifier: MPL-2.0
#include "vsh_stack.h"
#include "result.h"
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

uintptr_t vsh_stack_limit;

struct call {
  void (*function)(void *);
  void *argument;
  ucontext_t caller, callee;
};
static struct call *current;  // makecontext passes only ints

static void enter(void) {
  struct call *call = current;
  call->function(call->argument);
}

int64_t vsh_run_on_big_stack(size_t size, void (*function)(void *), void *argument) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size = (size + page - 1) & ~(page - 1);
  char *base = MAP_FAILED;
  for (; size >= 8 << 20; size = (size / 2) & ~(page - 1)) {
    base = mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (base != MAP_FAILED) break;
  }
  if (base == MAP_FAILED) return -errno;
  madvise(base, size + page, MADV_NOHUGEPAGE);  // the first touch must cost one page, not 2 MiB
  mprotect(base, page, PROT_NONE);
  struct call call = {.function = function, .argument = argument};
  getcontext(&call.callee);
  call.callee.uc_stack.ss_sp = base + page;
  call.callee.uc_stack.ss_size = size;
  call.callee.uc_link = &call.caller;
  makecontext(&call.callee, enter, 0);
  uintptr_t outer_limit = vsh_stack_limit;
  vsh_stack_limit = (uintptr_t)base + page;
  current = &call;
  swapcontext(&call.caller, &call.callee);
  vsh_stack_limit = outer_limit;
  munmap(base, size + page);
  return (int64_t)size;
}
