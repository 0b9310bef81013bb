// SPDX-License-Identifier: MPL-2.0
//
// Covered places: directories in a sandbox below which Landlock itself lets programs change what they like, since none of the shell's own
// directories, and no store, lies there. Where the shell's own directories are below the root, programs get rules for these places and not
// for the root: a call that is about such a place need not be made here (calls.c), the program makes it. Whatever it is led to
// meanwhile, by another thread or process, the kernel lets it change nothing but other covered places.
//
// Not covered are directories that hold one of the shell's own, mounts (a store lies at the top of a mount; what holds one is noticed by
// the recorder, which then makes all calls), and names that came after the rules were made, or are too many. There the recorder makes the calls.
#include "internal.h"
#include "vsh_sandbox.h"
#include <poll.h>

enum { DEPTH = 8, MOUNTS_TEXT = 32768, PARENTS_TEXT = 2048, LOOK = STATX_TYPE | STATX_INO | STATX_MTIME | MOUNT_ID_UNIQUE };

// MARK: the shell's side

/// The rules that were made last.
static struct {
  struct covers covers;          // numbered when a recorder is told of them
  uint32_t rules;                // 0: programs have none
  uint64_t seen;                 // how the directories were whose entries were looked at, in which others may come
  char parents[PARENTS_TEXT];    // these, each with a zero byte behind it, and an empty one
  uint64_t unknown;              // a directory that the shell was in, of which they were made because they did not know it
} known;
static uint32_t made;

struct search {
  int ruleset;
  uint64_t rights;
  const char *zones, *own;
  char store[32];
  char path[PATH_MAX];
  char here[PATH_MAX];  // the shell's directory: what it is in is covered first
  size_t parents;
  bool is_root;   // of the zone that is looked at, all is to be covered; of others what the shell is in
  bool is_brief;  // so of the root, unless the shell is in it and in nothing that can be covered
};

static void find_here(char *into) {
  if (syscall(SYS_getcwd, into, PATH_MAX) < 0) into[0] = 0;
}

static bool holds_any(const char *list, const char *directory) {
  for (; *list; list += strlen(list) + 1)
    if (is_below(list, directory)) return true;
  return false;
}

static bool is_in(const char *list, const char *path) {
  for (; *list; list += strlen(list) + 1)
    if (strcmp(list, path) == 0) return true;
  return false;
}

static uint64_t mix(uint64_t seen, const struct statx *x) {
  uint64_t parts[4] = {seen, x->stx_ino, (uint64_t)x->stx_mtime.tv_sec, x->stx_mtime.tv_nsec};
  return hash_bytes(parts, sizeof parts);
}

static void cover(struct search *s, int parent, const char *name, int depth);

/// What is covered under this path itself; NULL: nothing.
static const struct cover *find_cover(const struct covers *covers, const char *path, size_t length) {
  uint64_t key = hash_bytes(path, length);
  for (uint32_t i = 0; i < covers->count; i++)
    if (covers->list[i].path == key) return &covers->list[i];
  return NULL;
}

/// The directory at s->path, whose name starts behind `length`.
static void cover_entry(struct search *s, int directory, size_t length, int depth) {
  const char *name = s->path + length + 1;
  bool is_known = find_cover(&known.covers, s->path, strlen(s->path));
  // A zone has its own turn.
  if (!is_known && strcmp(name, s->store) != 0 && !is_in(s->zones, s->path)) cover(s, directory, name, depth + 1);
  s->path[length] = 0;
}

/// Covers what is in a directory that cannot be covered itself.
static void cover_entries(struct search *s, int fd, const struct statx *x, int depth) {
  char block[4096] __attribute__((aligned(8)));
  size_t length = strlen(s->path);
  if (depth >= DEPTH || s->parents + length + 2 > sizeof known.parents) return;
  memcpy(known.parents + s->parents, s->path, length + 1);
  s->parents += length + 1;
  known.parents[s->parents] = 0;
  known.seen = mix(known.seen, x);
  bool is_here = strcmp(s->here, s->path) == 0;
  if (!is_here && is_below(s->here, s->path)) {
    size_t end = length + 1 + strcspn(s->here + length + 1, "/");
    memcpy(s->path + length, s->here + length, end - length);
    s->path[end] = 0;
    cover_entry(s, fd, length, depth);
  }
  long count;
  while (s->is_root && (is_here || !s->is_brief) && known.covers.count < COVERED && (count = syscall(SYS_getdents64, fd, block, sizeof block)) > 0) {
    for (long at = 0; at < count && known.covers.count < COVERED;) {
      struct {
        uint64_t inode, offset;
        unsigned short size;
        unsigned char kind;
        char name[];
      } __attribute__((packed)) *entry = (void *)(block + at);
      at += entry->size;
      size_t name = strlen(entry->name);
      if (entry->kind != 4 /* DT_DIR */ || length + name + 2 > sizeof s->path) continue;
      if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0) continue;
      s->path[length] = '/';
      memcpy(s->path + length + 1, entry->name, name + 1);
      cover_entry(s, fd, length, depth);
    }
  }
}

/// The directory at s->path: wholly, if nothing below it is to be kept from programs, else what is in it.
static void cover(struct search *s, int parent, const char *name, int depth) {
  struct statx x;
  if (is_in(s->own, s->path)) return;
  bool holds_own = holds_any(s->own, s->path);
  int fd = openat(parent, name, (holds_own ? O_RDONLY : O_PATH) | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  if (statx(fd, "", AT_EMPTY_PATH, LOOK, &x) < 0) {
    close(fd);
    return;
  }
  if (holds_own) {
    cover_entries(s, fd, &x, depth);
  } else if (x.stx_attributes & STATX_ATTR_MOUNT_ROOT) {
    // A store may lie there.
  } else if (known.covers.count < COVERED && vsh_landlock_allow_directory(s->ruleset, fd, s->rights) == 0) {
    known.covers.list[known.covers.count++] =
        (struct cover){hash_bytes(s->path, strlen(s->path)), x.stx_ino, device_of(&x), x.stx_mnt_id};
  }
  close(fd);
}

int vsh_recorder_cover(int ruleset, uint64_t rights, const void *lists, int is_brief) {
  static struct search s;
  known.rules = 0;
  known.covers.number = known.covers.count = 0;
  known.seen = 0;
  known.parents[0] = 0;
  s = (struct search){.ruleset = ruleset, .rights = rights, .zones = lists, .own = lists, .is_brief = is_brief};
  while (*s.own) s.own += strlen(s.own) + 1;
  s.own++;
  snprintf(s.store, sizeof s.store, ".vsh-%u", (unsigned)geteuid());
  if (may_look() != LOOK_FREELY) return -EOPNOTSUPP;
  find_here(s.here);
  for (const char *zone = s.zones; *zone; zone += strlen(zone) + 1) {
    if (strlen(zone) < 2 || strlen(zone) >= sizeof s.path) return -EOPNOTSUPP;
    strcpy(s.path, zone);
    s.is_root = zone == s.zones;
    cover(&s, AT_FDCWD, zone, 0);
  }
  known.rules = ++made;
  return 0;
}

void covers_forget_number(void) { known.covers.number = 0; }

uint32_t vsh_recorder_rules(void) { return known.rules; }

void vsh_recorder_forget_rules(void) { known.rules = 0; }

int vsh_recorder_rules_are_old(void) {
  if (!known.rules) return 0;
  uint64_t seen = 0;
  struct statx x;
  for (const char *path = known.parents; *path; path += strlen(path) + 1)
    if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, LOOK, &x) == 0) seen = mix(seen, &x);
  return seen != known.seen;
}

int vsh_recorder_is_somewhere_new(void) {
  char here[PATH_MAX];
  find_here(here);
  if (!known.rules || here[0] != '/' || is_in(known.parents, here)) return 0;
  bool is_inside = false;
  for (const char *path = known.parents; *path && !is_inside; path += strlen(path) + 1) is_inside = is_below(here, path);
  for (const char *end = here; *end && is_inside;) {
    end = strchrnul(end + 1, '/');
    if (find_cover(&known.covers, here, (size_t)(end - here))) is_inside = false;
  }
  // It may be one that cannot be covered.
  uint64_t key = hash_bytes(here, strlen(here));
  if (!is_inside || key == known.unknown) return 0;
  known.unknown = key;
  return 1;
}

uint64_t covers_publish(struct shared *shared, uint32_t rules) {
  if (!rules || rules != known.rules) return 0;
  uint64_t number = known.covers.number;
  struct covers *place = &shared->covers[number % COVERS];
  if (number && atomic_load(&place->number) == number) return number;
  number = atomic_fetch_add(&shared->cover_count, 1) + 1;
  place = &shared->covers[number % COVERS];
  atomic_store(&place->number, 0);
  place->count = known.covers.count;
  memcpy(place->list, known.covers.list, known.covers.count * sizeof *place->list);
  atomic_store(&place->number, number);
  known.covers.number = number;
  return number;
}

// MARK: the recorder's side

/// Undoes what mountinfo writes for blanks and their like: a backslash and three octal digits.
static char *unescape(const char *from, const char *end, char *to) {
  while (from < end) {
    if (*from == '\\' && end - from > 3) {
      *to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
      from += 4;
    } else {
      *to++ = *from++;
    }
  }
  *to++ = 0;
  return to;
}

/// Reads where mounts are, in place. (proc(5), the fifth field of mountinfo) False: they are too many, or cannot be read.
static bool read_mounts(int fd, char *text) {
  size_t count = 0;
  ssize_t more;
  lseek(fd, 0, SEEK_SET);
  while (count < MOUNTS_TEXT - 1 && (more = read(fd, text + count, MOUNTS_TEXT - 1 - count)) > 0) count += (size_t)more;
  if (count == 0 || count == MOUNTS_TEXT - 1) return false;
  text[count] = 0;
  char *to = text;
  for (char *line = text, *next; *line; line = next) {
    next = strchrnul(line, '\n');
    if (*next) *next++ = 0;
    for (int field = 1; field < 5 && line; field++)
      if ((line = strchr(line, ' '))) line++;
    // The part that is written is behind what is read: it is never longer.
    if (line) to = unescape(line, strchrnul(line, ' '), to);
  }
  *to = 0;
  return true;
}

/// Whether a mount lies at or below one of the places. There may be a store in it.
static bool have_mounts(const struct covers *covers, const char *mounts) {
  for (const char *path = mounts; *path; path += strlen(path) + 1)
    for (const char *end = path; *end;) {
      end = strchrnul(end + 1, '/');
      if (find_cover(covers, path, (size_t)(end - path))) return true;
    }
  return false;
}

/// Whether all places may be believed, as mounts are now: where one came to lie in a covered place, the recorder makes all calls again.
static bool are_free_of_mounts(const struct covers *covers, uint64_t number) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static char mounts[MOUNTS_TEXT];
  static int fd = -1;
  static bool is_known;
  static struct {
    uint64_t number;
    bool is_free;
  } found[COVERS];
  pthread_mutex_lock(&lock);
  if (fd < 0) fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  // It says so when something was mounted since it was asked last.
  struct pollfd change = {fd, POLLPRI, 0};
  bool has_changed = poll(&change, 1, 0) != 0;
  if (has_changed || !is_known) {
    is_known = fd >= 0 && read_mounts(fd, mounts);
    memset(found, 0, sizeof found);
  }
  if (is_known && found[number % COVERS].number != number) {
    found[number % COVERS].number = number;
    found[number % COVERS].is_free = !have_mounts(covers, mounts);
  }
  bool result = is_known && found[number % COVERS].is_free;
  pthread_mutex_unlock(&lock);
  return result;
}

bool covers_hold(const struct slot *slot, const struct statx *directory, const char *path) {
  const struct covers *covers = covers_of(slot->covers);
  if (!covers || !are_free_of_mounts(covers, slot->covers)) return false;
  bool found = false;
  for (const char *end = path; !found && *end; ) {
    end = strchrnul(end + 1, '/');
    const struct cover *cover = find_cover(covers, path, (size_t)(end - path));
    if (!cover) continue;
    // The name may have come to be another directory's. What lies on another mount was mounted since.
    char name[LONG_PATH];
    struct statx x;
    snprintf(name, sizeof name, "%.*s", (int)(end - path), path);
    found = statx(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, STATX_INO | MOUNT_ID_UNIQUE, &x) == 0 && x.stx_ino == cover->inode
            && device_of(&x) == cover->device && x.stx_mnt_id == cover->mount && directory->stx_mnt_id == cover->mount;
  }
  return found && covers_of(slot->covers) == covers;
}
