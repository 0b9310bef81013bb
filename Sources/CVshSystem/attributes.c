// SPDX-License-Identifier: MPL-2.0
#include "result.h"
#include "vsh_file.h"
#include <sys/xattr.h>

ssize_t vsh_list_attributes(int fd, const char *path, int follow, char *buffer, size_t capacity) {
  if (!path) return RETRY(flistxattr(fd, buffer, capacity));
  return follow ? RETRY(listxattr(path, buffer, capacity)) : RETRY(llistxattr(path, buffer, capacity));
}

ssize_t vsh_get_attribute(int fd, const char *path, int follow, const char *name, void *buffer, size_t capacity) {
  if (!path) return RETRY(fgetxattr(fd, name, buffer, capacity));
  return follow ? RETRY(getxattr(path, name, buffer, capacity)) : RETRY(lgetxattr(path, name, buffer, capacity));
}

int vsh_set_attribute(int fd, const char *path, int follow, const char *name, const void *value, size_t count, int flags) {
  if (!path) return RETRY(fsetxattr(fd, name, value, count, flags));
  return follow ? RETRY(setxattr(path, name, value, count, flags)) : RETRY(lsetxattr(path, name, value, count, flags));
}

int vsh_remove_attribute(int fd, const char *path, int follow, const char *name) {
  if (!path) return RETRY(fremovexattr(fd, name));
  return follow ? RETRY(removexattr(path, name)) : RETRY(lremovexattr(path, name));
}
