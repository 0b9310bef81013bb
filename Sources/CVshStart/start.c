// SPDX-License-Identifier: MPL-2.0
// What a static program does before `main`, in the order of the C library's own, without its questions about the processor: glibc executes some sixty
// `cpuid` instructions to choose among copies of memcpy and to learn the sizes of caches. In a virtual machine each leaves to the hypervisor, 12 µs
// where this was measured: three quarters of a start of the shell (docs/decisions/0019-start-without-cpuid.md). Here the functions for any x86-64 are
// taken. Only for the C library that this was written for and tried with; all others start by their own.
#include <features.h>

#if defined(VSH_STATIC) && defined(__x86_64__) && __GLIBC__ == 2 && __GLIBC_MINOR__ == 36
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

// Of glibc's libc-start.o, whose place this file takes: what its memcpy and memset go by, in bytes. Above a third of a common processor's last cache
// they write around the caches; the others are glibc's own first values.
long __x86_data_cache_size = 32 << 10, __x86_data_cache_size_half = 16 << 10;
long __x86_shared_cache_size = 1 << 20, __x86_shared_cache_size_half = 512 << 10;
long __x86_shared_non_temporal_threshold = 12 << 20, __x86_rep_movsb_stop_threshold = 12 << 20;
long __x86_rep_movsb_threshold = 2048, __x86_rep_stosb_threshold = 2048;
int __x86_string_control;

// Of glibc, inside.
extern void *__libc_stack_end;
extern void *_dl_random;
extern int __libc_enable_secure;
void _dl_aux_init(ElfW(auxv_t) *vector);
void __tunables_init(char **environment);
void _dl_relocate_static_pie(void);
void __libc_setup_tls(void);
void __libc_early_init(_Bool initial);
void __libc_init_first(int count, char **arguments, char **environment);
void __libc_check_standard_fds(void);
int __cxa_atexit(void (*function)(void *), void *argument, void *object);
extern char **__environ;

// Of the linker.
typedef void Initialiser(int, char **, char **);
extern const ElfW(Rela) __rela_iplt_start[] __attribute__((weak)), __rela_iplt_end[] __attribute__((weak));
extern Initialiser *__preinit_array_start[], *__preinit_array_end[], *__init_array_start[], *__init_array_end[];
extern void (*__fini_array_start[])(void), (*__fini_array_end[])(void);
void _init(void);
void _fini(void);

static void run(Initialiser **first, Initialiser **end, int count, char **arguments) {
  for (; first < end; first++) (*first)(count, arguments, __environ);
}

static void finish(void *unused) {
  (void)unused;
  for (size_t n = (size_t)(__fini_array_end - __fini_array_start); n > 0; n--) __fini_array_start[n - 1]();
  _fini();
}

/// Called by `_start` (crt1.o) with what the kernel left on the stack. There is no guard of the stack yet, and until the choices of functions are made
/// nothing may call memcpy.
__attribute__((noreturn, no_stack_protector)) int __libc_start_main(
    int (*main)(int, char **, char **), int count, char **arguments, void (*init)(void), void (*fini)(void),
    void (*loader_fini)(void), void *stack_end) {
  (void)init, (void)fini;
  __environ = arguments + count + 1;
  __libc_stack_end = stack_end;
  char **end = __environ;
  while (*end != NULL) end++;
  _dl_aux_init((ElfW(auxv_t) *)(end + 1));
  __tunables_init(__environ);
  _dl_relocate_static_pie();
  for (const ElfW(Rela) *entry = __rela_iplt_start; entry < __rela_iplt_end; entry++) {
    ElfW(Addr) (*choose)(void) = (ElfW(Addr) (*)(void))entry->r_addend;
    *(ElfW(Addr) *)entry->r_offset = choose();
  }
  __libc_setup_tls();
  // The guards of the stack and of kept addresses lie in the thread's block, the first byte of the former is 0 to end strings.
  const uintptr_t *random = _dl_random;
  __asm__ volatile("movq %0, %%fs:0x28" : : "r"(random[0] & ~(uintptr_t)0xff));
  __asm__ volatile("movq %0, %%fs:0x30" : : "r"(random[1]));
  if (loader_fini != NULL) __cxa_atexit((void (*)(void *))loader_fini, NULL, NULL);
  __libc_early_init(true);
  __libc_init_first(count, arguments, __environ);
  __cxa_atexit(finish, NULL, NULL);
  if (__libc_enable_secure) __libc_check_standard_fds();
  run(__preinit_array_start, __preinit_array_end, count, arguments);
  _init();
  run(__init_array_start, __init_array_end, count, arguments);
  exit(main(count, arguments, __environ));
}
#endif
