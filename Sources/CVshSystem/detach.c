// SPDX-License-Identifier: MPL-2.0
#define _GNU_SOURCE
#include "result.h"
#include "vsh_process.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/// What the process is that nobody waits for: no session, descriptors, handlers or directory of the shell's.
static void leave(void) {
  struct sigaction plain = {.sa_handler = SIG_DFL};
  syscall(SYS_close_range, 0, ~0u, 0);
  int null = open("/dev/null", O_RDWR);
  if (null != 0 || dup(null) != 1 || dup(null) != 2 || chdir("/") < 0) _exit(1);
  for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &plain, NULL);
}

int vsh_detach(void) {
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  // No signal at its end: `wait` and traps never see it.
  pid_t child = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
  if (child == 0) {
    setsid();
    pid_t grandchild = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (grandchild != 0) _exit(grandchild < 0);
    leave();
    sigemptyset(&before);
  }
  int error = child < 0 ? -errno : 0;
  if (child > 0) {
    int status = 0;
    while (waitpid(child, &status, __WALL) < 0 && errno == EINTR) {}
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) error = -EAGAIN;
  }
  sigprocmask(SIG_SETMASK, &before, NULL);
  return error < 0 ? error : child == 0;
}
