// SPDX-License-Identifier: MPL-2.0
//
// bind, made for programs (calls.c). The recorder gets the socket, reads the address once, and gives the socket its name. A name in the file
// system must be the program's own words, since they are what getsockname tells; so a thread goes the way that they say, and rules that
// it puts on itself keep it from making a socket anywhere but in the directory that was looked at.
#include "calls.h"
#include "vsh_sandbox.h"
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

union address {
  struct sockaddr_un name;
  struct sockaddr_nl netlink;
  struct sockaddr_storage all;
};

/// A task's descriptor, or a negative errno: EPERM: none may look into it.
static int take_descriptor(pid_t pid, int descriptor) {
  pause_rights();
  int task = (int)syscall(SYS_pidfd_open, pid, 0);
  if (task < 0) task = (int)syscall(SYS_pidfd_open, pid, PIDFD_THREAD);
  int fd = task < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, task, descriptor, 0), error = errno;
  if (task >= 0) close(task);
  resume_rights();
  return fd < 0 ? -error : fd;
}

struct binding {
  int socket, start;  // where a relative name starts
  const struct spot *spot;
  union address *address;
  socklen_t length;
  mode_t mask;
  bool keeps_words;
  int result;
};

/// Keeps the calling thread from making sockets but below a directory.
static bool confine_to(int directory) {
  enum { MAKE_SOCKET = 1 << 9 };
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", directory);
  int rules = vsh_landlock_ruleset(MAKE_SOCKET);
  bool is_done = rules >= 0 && vsh_landlock_allow(rules, path, MAKE_SOCKET) == 0 && vsh_landlock_restrict(rules) == 0;
  if (rules >= 0) close(rules);
  return is_done;
}

static void *bind_name(void *context) {
  struct binding *binding = context;
  int result = unshare(CLONE_FS);
  umask(binding->mask);
  bool keeps_words = binding->keeps_words && confine_to(binding->spot->directory);
  if (result == 0) result = fchdir(keeps_words ? binding->start : binding->spot->directory);
  if (!keeps_words) {
    struct sockaddr_un *name = &binding->address->name;
    size_t count = strlen(binding->spot->name);
    memcpy(name->sun_path, binding->spot->name, count + 1);
    binding->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + count + 1);
  }
  if (result == 0) result = bind(binding->socket, (struct sockaddr *)binding->address, binding->length);
  binding->result = result < 0 ? -errno : ANSWER_DONE;
  return NULL;
}

static int bind_in_thread(struct binding *binding) {
  pthread_t thread;
  int error = pthread_create(&thread, NULL, bind_name, binding);
  if (error) return -error;
  pthread_join(thread, NULL);
  return binding->result;
}

enum { NAME_SIZE = sizeof(struct sockaddr_un) - offsetof(struct sockaddr_un, sun_path) };

/// Finds what a socket is to be called. 0 or a negative errno.
static int find_socket(const struct caller *c, const struct sockaddr_un *name, size_t length, char *path, struct spot *spot) {
  memset(path, 0, NAME_SIZE + 1);
  memcpy(path, name->sun_path, length - offsetof(struct sockaddr_un, sun_path));
  int result = find_changeable(c, AT_FDCWD, path, "create", -EEXIST, spot);
  return result == -EEXIST ? -EADDRINUSE : result;
}

/// Where only the shell may look into programs, these bind their sockets themselves, and the kernel reads the address anew.
static int look_only(const struct caller *c, const struct sockaddr_un *name, size_t length) {
  char path[NAME_SIZE + 1];
  struct spot spot;
  int result = find_socket(c, name, length, path, &spot);
  if (result == 0) close(spot.directory);
  return result;
}

/// Gives a socket a name in the file system.
static int bind_path(const struct caller *c, int socket, union address *address, socklen_t length) {
  char path[NAME_SIZE + 1], parent[LONG_PATH];
  struct spot spot;
  int result = find_socket(c, &address->name, length, path, &spot);
  if (result < 0) return result;
  struct binding binding = {.socket = socket, .spot = &spot, .address = address, .length = length, .mask = mask_of(c->pid)};
  binding.start = path[0] == '/' ? open("/", O_PATH | O_CLOEXEC) : open_object(c->slot, c->pid, AT_FDCWD, ".", true);
  size_t count = spot.path[0] ? parent_length(spot.path) : 0;
  memcpy(parent, spot.path, count);
  parent[count] = 0;
  // A directory that the shell's own lie below would let them through: there the name alone has to do, relative to it.
  binding.keeps_words = !c->slot->has_moved_root && !(count && holds_own(parent));
  result = strchr(spot.name, '/') ? -ENOENT : binding.start < 0 ? -EACCES : know_answer(c->slot, bind_in_thread(&binding));
  if (binding.start >= 0) close(binding.start);
  close(spot.directory);
  return result;
}

int bind_socket(const struct caller *c, int descriptor, uint64_t where, uint64_t length) {
  union address address = {0};
  size_t size = (uint32_t)length;
  if (size > sizeof address.all) return -EINVAL;
  if (size > 0 && !read_bytes(c->pid, where, &address, size)) return -EFAULT;
  bool is_name = size > offsetof(struct sockaddr_un, sun_path) && size <= sizeof address.name && address.name.sun_family == AF_UNIX && address.name.sun_path[0];
  int socket = take_descriptor(c->pid, descriptor), domain = -1;
  if (socket == -EPERM) return is_name ? look_only(c, &address.name, size) : 0;
  if (socket < 0) return socket;
  socklen_t domain_size = sizeof domain;
  int result;
  if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &domain_size) < 0) {
    result = -errno;
  } else if (is_name && domain == AF_UNIX) {
    result = bind_path(c, socket, &address, (socklen_t)size);
  } else {
    // The kernel would name it after the process that asks.
    bool is_unnamed = domain == AF_NETLINK && size >= sizeof address.netlink && address.netlink.nl_pid == 0;
    if (is_unnamed) address.netlink.nl_pid = (uint32_t)c->pid;
    result = bind(socket, (struct sockaddr *)&address, (socklen_t)size);
    if (result < 0 && errno == EADDRINUSE && is_unnamed) {
      address.netlink.nl_pid = 0;
      result = bind(socket, (struct sockaddr *)&address, (socklen_t)size);
    }
    result = know_answer(c->slot, result < 0 ? -errno : ANSWER_DONE);
  }
  close(socket);
  return result;
}
