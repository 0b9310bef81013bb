// SPDX-License-Identifier: MPL-2.0
//
// Keeping what a change destroys: another link to the file in a store on its own file system, shared blocks or a copy.
// The places are those of Sources/VshStore/PreimageStore.swift.
#include "internal.h"
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

enum { SMALL = 8192, PLACES = 64, NAME_LENGTH = 39, GROUP_SHIFT = 6 };
/// In the number of an item: it lies in a group (Sources/VshStore/ItemNames.swift).
static const uint32_t GROUPED = 1u << 31;
static const uint64_t file_cap = 64u << 20, operation_cap = 1u << 30;

/// Stores on other mounts that were looked for; `path` NULL: none can be had.
static struct {
  uint64_t mount, device;
  char *path;
} places[PLACES];
static int place_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

bool is_store(const char *path) {
  static _Thread_local char name[32];
  if (!name[0]) snprintf(name, sizeof name, "/.vsh-%u", geteuid());
  const char *at = strstr(path, name);
  if (!at) return false;
  size_t count = strlen(name);
  if (at[count] != 0 && at[count] != '/') return false;
  bool found = false;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < place_count && !found; i++)
    found = places[i].path && strncmp(path, places[i].path, (size_t)(at - path) + count) == 0 && places[i].path[(size_t)(at - path) + count] == '/';
  pthread_mutex_unlock(&lock);
  return found;
}

/// The random number of the state directory: word 4 of its control file (Control in Sources/VshStore/StateDirectory.swift).
static uint64_t state_identity(void) {
  char path[LONG_PATH];
  uint64_t number = 0;
  snprintf(path, sizeof path, "%s/control", state_path);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  if (pread(fd, &number, sizeof number, 32) != sizeof number) number = 0;
  close(fd);
  return number;
}

/// Makes a directory unless it is there. A real one, ours, closed to others, on this very file system?
static bool make_own(const char *path, uint64_t mount, uint64_t device) {
  struct statx x;
  if (mkdir(path, 0700) < 0 && errno != EEXIST) return false;
  return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_MNT_ID, &x) == 0 && S_ISDIR(x.stx_mode) && x.stx_uid == geteuid()
         && !(x.stx_mode & 077) && x.stx_mnt_id == mount && device_of(&x) == device;
}

/// Climbs to the top of the mount, and checks or makes the directory there.
static char *make_place(const char *path, uint64_t mount, uint64_t device) {
  char top[LONG_PATH], above[LONG_PATH];
  struct statx x;
  snprintf(top, sizeof top, "%.*s", (int)parent_length(path), path);
  while (strlen(top) > 1) {
    snprintf(above, sizeof above, "%.*s", (int)parent_length(top), top);
    if (statx(AT_FDCWD, above, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_MNT_ID, &x) < 0 || x.stx_mnt_id != mount || device_of(&x) != device)
      break;
    strcpy(top, above);
  }
  char *place = NULL;
  uint64_t identity = state_identity();
  if (identity == 0 || asprintf(&place, "%s/.vsh-%u", strlen(top) == 1 ? "" : top, geteuid()) < 0) return NULL;
  bool is_made = make_own(place, mount, device);
  free(place);
  if (!is_made || asprintf(&place, "%s/.vsh-%u/%016llx", strlen(top) == 1 ? "" : top, geteuid(), (unsigned long long)identity) < 0) return NULL;
  if (make_own(place, mount, device)) return place;
  free(place);
  return NULL;
}

static const char *place_near(const struct place *file) {
  uint64_t mount = file->status.stx_mnt_id, device = device_of(&file->status);
  const char *found = NULL;
  pthread_mutex_lock(&lock);
  int i = 0;
  while (i < place_count && (places[i].mount != mount || places[i].device != device)) i++;
  if (i == place_count && i < PLACES) {
    places[i].mount = mount;
    places[i].device = device;
    places[i].path = make_place(file->path, mount, device);
    place_count++;
  }
  if (i < PLACES) found = places[i].path;
  pthread_mutex_unlock(&lock);
  return found;
}

static char *put_decimal(char *at, uint32_t number) {
  char digits[10];
  int count = 0;
  do digits[count++] = (char)('0' + number % 10);
  while (number /= 10);
  while (count) *at++ = digits[--count];
  return at;
}

/// The name of an item, as ItemNames makes it.
static void item_name(char name[NAME_LENGTH + 1], uint64_t item) {
  memset(name, '_', NAME_LENGTH);
  name[NAME_LENGTH] = 0;
  char *at = put_decimal(name, (uint32_t)(item >> 32));
  *at++ = '.';
  put_decimal(at, (uint32_t)item);
}

/// `location`: NULL for the main store.
static void item_path(char *into, const char *location, uint64_t item) {
  size_t count = strlen(location ? location : state_path);
  memcpy(into, location ? location : state_path, count);
  if (!location) {
    memcpy(into + count, "/store", 6);
    count += 6;
  }
  into[count++] = '/';
  item_name(into + count, item);
}

/// The main store, opened: names are found in it sooner than by way of its path.
static int main_store(void) {
  static _Atomic int store = -1;
  int known = atomic_load(&store), none = -1;
  if (known >= 0) return known;
  char path[LONG_PATH];
  snprintf(path, sizeof path, "%s/store", state_path);
  int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || atomic_compare_exchange_strong(&store, &none, fd)) return fd;
  close(fd);
  return none;
}

/// The group of the main store that was used last, and a descriptor of it; -1: none.
static _Thread_local uint64_t known_group = UINT64_MAX;
static _Thread_local int group = -1;

void forget_group(void) {
  if (group >= 0) close(group);
  group = -1;
  known_group = UINT64_MAX;
}

/// Opens the group that an item is in, made if need be; -1 when there can be none.
static int group_of(uint64_t item) {
  uint64_t number = item >> GROUP_SHIFT;
  if (number == known_group) return group;
  forget_group();
  int store = main_store();
  if (store < 0) return -1;
  char name[32];
  snprintf(name, sizeof name, "%u.g%u", (uint32_t)(item >> 32), ((uint32_t)item & ~GROUPED) >> GROUP_SHIFT);
  if (mkdirat(store, name, 0700) < 0 && errno != EEXIST) return -1;
  group = openat(store, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  known_group = number;
  return group;
}

/// A link in a group of the main store. `path`: room for one. The item that it is: `item`, or that number marked as grouped.
static int link_near(const struct place *place, char *path, uint64_t *item) {
  if (group_of(*item | GROUPED) < 0) {
    item_path(path, NULL, *item);
    return link(place->path, path);
  }
  *item |= GROUPED;
  char name[NAME_LENGTH + 1];
  item_name(name, *item);
  int result = place->directory >= 0 ? linkat(place->directory, place->path + place->name, group, name, 0) : linkat(AT_FDCWD, place->path, group, name, 0);
  // The group may be gone.
  if (result < 0 && errno == ENOENT) {
    forget_group();
    errno = ENOENT;
  }
  return result;
}

int keep_link(struct operation *operation, const struct place *place, uint64_t *item, const char **location) {
  // Where the main store was not to be reached from last.
  static _Thread_local uint64_t far_mount, far_device;
  char path[LONG_PATH];
  uint64_t mount = place->status.stx_mnt_id, device = device_of(&place->status);
  uint64_t number = *item = next_item(operation->journal);
  *location = NULL;
  bool is_far = far_mount == mount && far_device == device;
  if (!is_far && link_near(place, path, item) == 0) return 0;
  *item = number;
  if (is_far || errno == EXDEV) {
    far_mount = mount;
    far_device = device;
    errno = EXDEV;
  }
  if (errno == EXDEV && (*location = place_near(place))) {
    item_path(path, *location, *item);
    if (link(place->path, path) == 0) return 0;
  }
  *item = 0;
  *location = NULL;
  return errno ? errno : EXDEV;
}

/// Opens a file for reading without leaving a trace in its times.
static int open_quietly(const char *path) {
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME | O_CLOEXEC);
  return fd >= 0 || errno != EPERM ? fd : open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

bool read_small(const struct place *place, struct buffer *content) {
  if (place->status.stx_size > SMALL) return false;
  int fd = open_quietly(place->path);
  if (fd < 0) return false;
  uint8_t block[SMALL * 2];
  ssize_t count;
  size_t total = 0;
  while (total < sizeof block && (count = read(fd, block + total, sizeof block - total)) > 0) total += (size_t)count;
  close(fd);
  content->count = 0;
  return total < sizeof block && buffer_put(content, block, total);
}

static int copy_content(int from, int to) {
  if (ioctl(to, FICLONE, from) == 0) return REASON_NONE;
  off_t end = lseek(from, 0, SEEK_END), data = 0;
  while (data < end) {
    off_t begin = lseek(from, data, SEEK_DATA), hole;
    if (begin < 0) break;
    hole = lseek(from, begin, SEEK_HOLE);
    if (hole < 0) hole = end;
    loff_t in = begin, out = begin;
    while (in < hole) {
      ssize_t count = copy_file_range(from, &in, to, &out, (size_t)(hole - in), 0);
      if (count > 0) continue;
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)) return REASON_STORE;
      if (count < 0 && errno == EIO) return REASON_UNREADABLE;
      char block[65536];
      count = pread(from, block, sizeof block < (size_t)(hole - in) ? sizeof block : (size_t)(hole - in), in);
      if (count < 0) return REASON_UNREADABLE;
      if (count == 0) break;
      if (pwrite(to, block, (size_t)count, out) != count) return REASON_STORE;
      in += count;
      out += count;
    }
    data = hole;
  }
  return ftruncate(to, end) < 0 ? REASON_STORE : REASON_NONE;
}

int keep_copy(struct operation *operation, const struct place *place, uint64_t *item) {
  *item = 0;
  int from = open_quietly(place->path);
  if (from < 0) return REASON_UNREADABLE;
  char path[LONG_PATH];
  uint64_t number = next_item(operation->journal);
  // Where blocks can be shared a cap is no use: nothing is copied.
  item_path(path, NULL, number);
  int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  int reason = REASON_STORE;
  if (to >= 0) {
    if (ioctl(to, FICLONE, from) == 0) {
      reason = REASON_NONE;
    } else if (place->status.stx_size > file_cap) {
      reason = REASON_FILE_CAP;
    } else if (operation->copied + place->status.stx_size > operation_cap) {
      reason = REASON_OPERATION_CAP;
    } else {
      operation->copied += place->status.stx_size;
      reason = copy_content(from, to);
    }
    close(to);
    if (reason) unlink(path);
    else *item = number;
  }
  close(from);
  return reason;
}

void read_attributes(const char *path, struct buffer *block) {
  static const uint8_t none[4] = {0};
  char names[4096], value[65536];
  block->count = 0;
  ssize_t count = llistxattr(path, names, sizeof names);
  for (char *name = names; count > 0 && name < names + count; name += strlen(name) + 1) {
    ssize_t size = lgetxattr(path, name, value, sizeof value);
    if (size < 0) continue;
    put_counted(block, name, strlen(name));
    put_counted(block, value, (size_t)size);
  }
  if (block->count == 0) buffer_put(block, none, sizeof none);
}
