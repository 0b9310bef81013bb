// SPDX-License-Identifier: MPL-2.0
//
// Files as `try` shows them to a command: in a mount namespace of its own, where every place that it may change is an overlay and
// everything else can only be read. What it changes lies in memory (a tmpfs that only this namespace has and whose descriptor
// the shell gets), and is gone with the last process that has it: nothing is left to be cleaned up, whoever is killed.
#include "internal.h"
#include <linux/audit.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

enum { AREAS = 64, MOUNT_SETATTR = 442, READ_ONLY = 1, WHOLE_TREE = 0x8000 };

/// A place with an overlay of its own, or a mount below one that is shown as it is.
struct area {
  char path[PATH_MAX];
  int lower;
  bool is_shown;
};

struct view {
  struct area areas[AREAS];
  size_t count, zones;
  int memory;         // the tmpfs
  bool is_user;       // made with a user namespace
  const char *names;  // option for where the overlay keeps what it notes
  const char *step;   // what was tried last
};

// MARK: namespaces

static int write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  int result = write(fd, text, strlen(text)) < 0 ? -errno : 0;
  close(fd);
  return result;
}

static int enter_namespaces(struct view *view) {
  uid_t user = geteuid();
  gid_t group = getegid();
  if (unshare(CLONE_NEWNS) == 0) return 0;
  if (errno != EPERM || user == 0) return -errno;
  view->step = "user namespace";
  view->is_user = true;
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) return -errno;
  char map[64];
  int error = write_file("/proc/self/setgroups", "deny");
  if (error < 0 && error != -ENOENT) return error;
  snprintf(map, sizeof map, "%u %u 1", user, user);
  if ((error = write_file("/proc/self/uid_map", map)) < 0) return error;
  snprintf(map, sizeof map, "%u %u 1", group, group);
  return write_file("/proc/self/gid_map", map);
}

/// Gives up what the process may do in its own user namespace: it is there for the mounts alone.
static int drop_capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {{0}};
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

// MARK: areas

/// Whether what is mounted there is no place for files.
static bool is_kernel_interface(int fd) {
  static const uint32_t types[] = {
      0x9fa0, 0x62656572, 0x1cd1, 0x27e0eb, 0x63677270, 0x73636673, 0x64626720, 0x74726163, 0xcafe4a11, 0x19800202, 0x958458f6,
      0x187, 0x65735543, 0x62656570, 0x6e736673, 0x42494e4d, 0x50495045, 0x534f434b,
  };
  struct statfs status;
  if (fstatfs(fd, &status) < 0) return true;
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if ((uint32_t)status.f_type == types[i]) return true;
  return false;
}

static bool lies_below(const char *path, const char *directory) {
  size_t count = strlen(directory);
  return strncmp(path, directory, count) == 0 && path[count] == '/';
}

static int add_area(struct view *view, const char *path) {
  if (view->count == AREAS || strlen(path) >= PATH_MAX) return -E2BIG;
  struct area *area = &view->areas[view->count];
  for (size_t i = 0; i < view->count; i++)
    if (strcmp(view->areas[i].path, path) == 0 || (view->areas[i].is_shown && lies_below(path, view->areas[i].path))) return 0;
  strcpy(area->path, path);
  area->lower = open(path, O_PATH | O_CLOEXEC);
  if (area->lower < 0) return errno == EACCES || errno == ENOENT ? 0 : -errno;
  struct stat status;
  area->is_shown = fstat(area->lower, &status) < 0 || !S_ISDIR(status.st_mode) || is_kernel_interface(area->lower);
  view->count++;
  return 0;
}

/// A path of /proc/self/mountinfo, where blanks and their like are written `\ooo`.
static void unescape(char *text) {
  char *to = text;
  for (char *at = text; *at; at++) {
    if (at[0] == '\\' && at[1] && at[2] && at[3]) {
      *to++ = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
      at += 3;
    } else {
      *to++ = *at;
    }
  }
  *to = 0;
}

/// What is mounted below the zones.
static int add_mounts(struct view *view) {
  FILE *list = fopen("/proc/self/mountinfo", "re");
  if (!list) return -errno;
  char *line = NULL;
  size_t capacity = 0;
  int error = 0;
  while (!error && getline(&line, &capacity, list) > 0) {
    char *rest = line, *path = NULL;
    for (int field = 0; field < 5; field++) path = strsep(&rest, " ");
    if (!path) continue;
    unescape(path);
    for (size_t i = 0; i < view->zones && !error; i++)
      if (lies_below(path, view->areas[i].path)) error = add_area(view, path);
  }
  free(line);
  fclose(list);
  return error;
}

// MARK: mounts

static int set_read_only(const char *path, bool is_read_only, unsigned flags) {
  struct {
    uint64_t set, clear, propagation, user;
  } change = {is_read_only ? READ_ONLY : 0, is_read_only ? 0 : READ_ONLY, 0, 0};
  return syscall(MOUNT_SETATTR, AT_FDCWD, path, flags, &change, sizeof change) < 0 ? -errno : 0;
}

/// Makes everything that is mounted a thing to be read. The kernel's own are no files that could be kept from others.
static int freeze(void) {
  static const char *const open[] = {"/proc", "/dev/pts"};
  bool was_open[2];
  struct statfs status;
  for (int i = 0; i < 2; i++) was_open[i] = statfs(open[i], &status) == 0 && !(status.f_flags & 1);
  int error = set_read_only("/", true, WHOLE_TREE);
  for (int i = 0; i < 2 && !error; i++)
    if (was_open[i]) set_read_only(open[i], false, 0);
  return error;
}

/// The directory that is to hold changes looks as the place does.
static int copy_looks(const struct area *area, int memory, const char *upper) {
  char from[64], names[4096], value[65536];
  struct stat status;
  snprintf(from, sizeof from, "/proc/self/fd/%d", area->lower);
  if (fstat(area->lower, &status) < 0) return -errno;
  int fd = openat(memory, upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -errno;
  if (fchown(fd, status.st_uid, status.st_gid) < 0 && fchown(fd, (uid_t)-1, status.st_gid) < 0) {}  // owners that are nobody here
  ssize_t count = listxattr(from, names, sizeof names);
  for (char *name = names; count > 0 && name < names + count; name += strlen(name) + 1) {
    ssize_t size = strstr(name, "overlay.") ? -1 : getxattr(from, name, value, sizeof value);
    if (size >= 0 && fsetxattr(fd, name, value, (size_t)size, 0) < 0) {}  // some are the system's own
  }
  int error = fchmod(fd, status.st_mode & 07777) < 0 ? -errno : 0;
  struct timespec times[2] = {status.st_atim, status.st_mtim};
  futimens(fd, times);
  close(fd);
  return error;
}

static int mount_area(struct view *view, size_t number) {
  const struct area *area = &view->areas[number];
  char options[512], upper[32], work[32], lower[64];
  snprintf(lower, sizeof lower, "/proc/self/fd/%d", area->lower);
  view->step = area->path;
  if (area->is_shown) return mount(lower, area->path, NULL, MS_BIND | MS_REC, NULL) < 0 ? -errno : 0;
  snprintf(upper, sizeof upper, "%zu", number);
  if (mkdirat(view->memory, upper, 0700) < 0) return -errno;
  snprintf(upper, sizeof upper, "%zu/u", number);
  snprintf(work, sizeof work, "%zu/w", number);
  if (mkdirat(view->memory, upper, 0700) < 0 || mkdirat(view->memory, work, 0700) < 0) return -errno;
  int error = copy_looks(area, view->memory, upper);
  if (error) return error;
  snprintf(options, sizeof options, "lowerdir=%s,upperdir=/proc/self/fd/%d/%s,workdir=/proc/self/fd/%d/%s,%s", lower, view->memory, upper,
           view->memory, work, view->names);
  // Times of access then tell what was changed in place from what is new.
  return mount("overlay", area->path, "overlay", MS_NOATIME, options) < 0 ? -errno : 0;
}

/// Where changes lie. It is mounted over the first zone, whose own overlay then covers it.
static int make_memory(struct view *view) {
  const char *place = view->areas[0].path;
  view->step = "tmpfs";
  if (mount("tmpfs", place, "tmpfs", MS_NOSUID, "mode=0700") < 0) return -errno;
  view->memory = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (view->memory < 0) return -errno;
  // Names of users' own kind (Linux 6.6), or those that root alone can set.
  view->names = "userxattr";
  if (fsetxattr(view->memory, "user.vsh", "", 0, 0) == 0) return fremovexattr(view->memory, "user.vsh") < 0 ? -errno : 0;
  view->names = "redirect_dir=off,metacopy=off";
  return view->is_user ? -EOPNOTSUPP : 0;
}

/// A list for the shell of what the directories in memory belong to.
static int write_list(const struct view *view) {
  int fd = openat(view->memory, "areas", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return -errno;
  int error = 0;
  for (size_t i = 0; i < view->count && !error; i++) {
    const char *path = view->areas[i].is_shown ? "" : view->areas[i].path;
    if (write(fd, path, strlen(path) + 1) < 0) error = -errno;
  }
  close(fd);
  return error;
}

// MARK: all of it

/// No process may type for the user, which would be seen outside; and a shell in here learns that its changes are looked after.
static int forbid_typing(void) {
  struct sock_filter program[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, NATIVE_ARCHITECTURE},
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 3, 0, SYS_ioctl},
      {BPF_JMP | BPF_JEQ | BPF_K, 5, 8, SYS_fchmod},
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 6, 54},  // ioctl of the 32-bit table
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, args) + 8},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 4, TIOCSTI},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, args)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, MAGIC_DESCRIPTOR},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | MAGIC_ERROR},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  struct sock_fprog filter = {sizeof program / sizeof *program, program};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0) return 0;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -errno;
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0 ? -errno : 0;
}

static int isolate(struct view *view, const char *zones) {
  char here[PATH_MAX];
  view->step = "working directory";
  if (!getcwd(here, sizeof here)) return -errno;
  view->step = "mount namespace";
  int error = enter_namespaces(view);
  if (!error && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) error = -errno;
  for (const char *zone = zones; !error && *zone; zone += strlen(zone) + 1) {
    view->step = zone;
    error = add_area(view, zone);
  }
  view->zones = view->count;
  if (!error && view->count == 0) error = -ENOENT;
  if (!error) error = add_mounts(view);
  if (error) return error;
  view->step = "read-only mounts";
  if ((error = freeze()) || (error = make_memory(view))) return error;
  for (size_t i = 0; i < view->count && !error; i++) error = mount_area(view, i);
  if (error) return error;
  view->step = "working directory";
  if (chdir(here) < 0) return -errno;
  if ((error = write_list(view))) return error;
  for (size_t i = 0; i < view->count; i++) close(view->areas[i].lower);
  view->step = "capabilities";
  if (view->is_user && (error = drop_capabilities())) return error;
  return forbid_typing();
}

int vsh_isolation_open(int *pair) { return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0; }

int vsh_isolate(const char *zones, struct vsh_isolation *isolation) {
  static struct view view;
  memset(&view, 0, sizeof view);
  view.memory = -1;
  int error = isolate(&view, zones);
  isolation->error = error;
  isolation->is_user = view.is_user;
  strncpy(isolation->step, view.step, sizeof isolation->step - 1);
  return error ? -1 : view.memory;
}

// MARK: telling the shell

/// The descriptor goes beside the answer.
union control {
  struct cmsghdr header;
  char space[CMSG_SPACE(sizeof(int))];
};

int vsh_isolation_send(int socket, const struct vsh_isolation *isolation, int descriptor) {
  struct iovec part = {(void *)isolation, sizeof *isolation};
  union control control;
  memset(&control, 0, sizeof control);
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (descriptor >= 0) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof descriptor);
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int vsh_isolation_receive(int socket, struct vsh_isolation *isolation) {
  struct iovec part = {isolation, sizeof *isolation};
  union control control;
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t count;
  do count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (count < 0 && errno == EINTR);
  if (count != sizeof *isolation) {
    isolation->error = count < 0 ? -errno : -EPIPE;
    return -1;
  }
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (!header || header->cmsg_type != SCM_RIGHTS) return -1;
  int fd;
  memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}
