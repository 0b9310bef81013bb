// SPDX-License-Identifier: MPL-2.0
// The Swift runtime prepares its crash reporter at every start: it looks for a helper program beside the binary (ten
// stat calls) and asks whether the output is a terminal. A static shell has no such helper. Defining what the runtime
// expects of that part keeps it out of the link; a crash ends with the signal and the runtime's own message.
#include <stdbool.h>
#include <stddef.h>

// Zeros: disabled. The size is an upper bound of the runtime's own structure, which nothing else reads in a release build.
unsigned char _swift_backtraceSettings[256];

char *_swift_backtrace_demangle(const char *name, size_t length, char *buffer, size_t *size) {
  (void)name, (void)length, (void)buffer, (void)size;
  return NULL;
}

bool _swift_backtrace_isThunkFunction(const char *name) {
  (void)name;
  return false;
}

void _swift_displayCrashMessage(int signal, const void *counter) { (void)signal, (void)counter; }

bool _swift_spawnBacktracer(const void *arguments) {
  (void)arguments;
  return false;
}
