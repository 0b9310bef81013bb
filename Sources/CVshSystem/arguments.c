// SPDX-License-Identifier: MPL-2.0
// The Swift runtime's own way to the command line parses /proc/self/maps at every start (40 µs). glibc hands the
// arguments to initialisers; defining the two functions here keeps the runtime's version out of a static link.
#include "vsh_process.h"

static int argument_count;
static char **argument_vector;

__attribute__((constructor)) static void keep_arguments(int count, char **vector, char **environment) {
  (void)environment;
  argument_count = count;
  argument_vector = vector;
}

int vsh_argument_count(void) { return argument_count; }
char **vsh_arguments(void) { return argument_vector; }

void *_swift_stdlib_getUnsafeArgvArgc(int *count) {
  *count = argument_count;
  return argument_vector;
}

void _swift_stdlib_overrideUnsafeArgvArgc(char **vector, int count) {
  argument_vector = vector;
  argument_count = count;
}
