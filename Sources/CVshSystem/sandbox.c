// SPDX-License-Identifier: MPL-2.0
//
// Landlock. The numbers stand here because the headers may be older than the kernel.
#include "vsh_sandbox.h"
#include "result.h"
#include <fcntl.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446, RULE_PATH_BENEATH = 1 };

int vsh_landlock_ruleset(uint64_t handled) {
  int fd = (int)syscall(CREATE_RULESET, &handled, sizeof handled, 0);
  return fd < 0 ? -errno : fd;
}

static int allow(int ruleset, int fd, uint64_t rights) {
  struct {
    uint64_t rights;
    int32_t parent;
  } __attribute__((packed)) rule = {rights, fd};
  int result = (int)syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0);
  if (result < 0 && errno == EINVAL) {
    // What means something for directories alone.
    rule.rights &= VSH_LANDLOCK_FILE;
    result = rule.rights ? (int)syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) : 0;
  }
  return result < 0 ? -errno : 0;
}

int vsh_landlock_allow(int ruleset, const char *path, uint64_t rights) {
  int fd = open(path, O_PATH | O_CLOEXEC);
  if (fd < 0) return -errno;
  int result = allow(ruleset, fd, rights);
  close(fd);
  return result;
}

int vsh_landlock_allow_directory(int ruleset, int fd, uint64_t rights) { return allow(ruleset, fd, rights); }

int vsh_landlock_allow_open(int ruleset, int fd, uint64_t rights) {
  int flags = fcntl(fd, F_GETFL);
  struct stat status;
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) return 0;
  return allow(ruleset, fd, rights);
}

int vsh_landlock_restrict(int ruleset) {
  // Root keeps the right to gain other rights: the rules hold all the same.
  if (geteuid() == 0 && syscall(RESTRICT_SELF, ruleset, 0) == 0) return 0;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -errno;
  return syscall(RESTRICT_SELF, ruleset, 0) < 0 ? -errno : 0;
}

int vsh_landlock_prepare(void *ruleset) { return vsh_landlock_restrict(*(const int32_t *)ruleset); }
