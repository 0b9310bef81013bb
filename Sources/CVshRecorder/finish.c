// SPDX-License-Identifier: MPL-2.0
//
// The end of an operation that no shell is there to end: the states after, and the record of the end.
#include "internal.h"
#include "vsh_memory.h"

/// Bytes of a state in a record.
enum { STATE = 96 };

/// A path that the operation touched, as TouchedPath in Sources/VshStore/TouchedPaths.swift.
struct seen {
  char *path;
  uint64_t hash;
  const uint8_t *before;  // the state in the record, or NULL: absent
  bool soft, exact, is_new;
  bool is_looked_at, is_link;  // what it is now
  uint8_t reason;
};

/// A change, as its record has it.
struct step {
  struct seen seen;
  struct span path, other, location;
  uint64_t item;
  uint8_t kind;
};

static uint32_t get32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return value;
}

static bool owner_lives(struct journal *journal) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", journal_owner(journal));
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t count = read(fd, text, sizeof text - 1);
  close(fd);
  if (count <= 0) return false;
  text[count] = 0;
  char *at = strrchr(text, ')');
  return at && at[1] && at[2] != 'Z' && at[2] != 'X';
}

static void digest_of(const char *path, uint64_t size, struct buffer *payload) {
  uint8_t digest[32], block[8192];
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return put32(payload, 0);
  struct vsh_sha256 hash;
  vsh_sha256_start(&hash);
  uint64_t total = 0;
  ssize_t count;
  while ((count = read(fd, block, sizeof block)) > 0) {
    vsh_sha256_add(&hash, block, (size_t)count);
    total += (uint64_t)count;
  }
  close(fd);
  vsh_sha256_finish(&hash, digest);
  put_counted(payload, digest, count == 0 && total == size ? 32 : 0);
}

/// Paths of an operation, found by their hash.
struct seen_list {
  struct seen *items;
  uint32_t *index;  // item + 1, or 0
  size_t count, capacity, slots;
};

static bool grow_seen(struct seen_list *list) {
  size_t capacity = list->capacity ? list->capacity * 2 : 64, slots = capacity * 2;
  struct seen *items = realloc(list->items, capacity * sizeof *items);
  if (items) list->items = items;
  uint32_t *index = calloc(slots, sizeof *index);
  if (!items || !index) {
    free(index);
    return false;
  }
  for (size_t i = 0; i < list->count; i++) {
    size_t at = items[i].hash & (slots - 1);
    while (index[at]) at = (at + 1) & (slots - 1);
    index[at] = (uint32_t)i + 1;
  }
  free(list->index);
  list->index = index;
  list->capacity = capacity;
  list->slots = slots;
  return true;
}

/// Notes that a path was touched. False without memory.
static bool note(struct seen_list *list, struct span path, const struct seen *touched) {
  if (list->count == list->capacity && !grow_seen(list)) return false;
  uint64_t hash = hash_bytes(path.bytes, path.count);
  size_t at = hash & (list->slots - 1);
  while (list->index[at] && list->items[list->index[at] - 1].hash != hash) at = (at + 1) & (list->slots - 1);
  if (!list->index[at]) {
    struct seen *seen = &list->items[list->count];
    *seen = *touched;
    seen->path = strndup((const char *)path.bytes, path.count);
    seen->hash = hash;
    if (!seen->path) return false;
    list->index[at] = (uint32_t)++list->count;
    return true;
  }
  struct seen *known = &list->items[list->index[at] - 1];
  // Of a directory whose times were noted first, the first real change says what was before.
  if (!touched->soft && (known->soft || (known->is_new && !touched->is_new))) {
    known->soft = false;
    known->is_new = touched->is_new;
    known->before = touched->before;
  }
  known->exact |= touched->exact;
  if (!known->reason) known->reason = touched->reason;
  return true;
}

/// Whether a path leads through a symbolic link that the operation left, as LeftLinks in Sources/VshStore/Results.swift: recorded paths are
/// free of them, and what is found through one is not what the path stood for.
static bool leads_through_link(const struct seen_list *list, const char *path) {
  for (size_t count = parent_length(path); count > 1; count--) {
    if (path[count] != '/') continue;
    uint64_t hash = hash_bytes(path, count);
    size_t at = hash & (list->slots - 1);
    while (list->index[at] && list->items[list->index[at] - 1].hash != hash) at = (at + 1) & (list->slots - 1);
    if (!list->index[at]) continue;
    struct seen *around = &list->items[list->index[at] - 1];
    struct stat status;
    if (!around->is_looked_at) around->is_link = lstat(around->path, &status) == 0 && S_ISLNK(status.st_mode);
    around->is_looked_at = true;
    if (around->is_link) return true;
  }
  return false;
}

static struct span whole(const char *path) { return (struct span){(const uint8_t *)path, (uint32_t)strlen(path)}; }

/// Notes a name that an object did not have before.
static bool note_new(struct seen_list *list, struct span path, struct span touched) {
  if (path.count == touched.count && memcmp(path.bytes, touched.bytes, path.count) == 0) return true;
  return note(list, path, &(struct seen){.is_new = true});
}

/// Notes a change under the name that what it changed has when the operation has ended.
static bool note_lasting(struct seen_list *list, struct names *names, const struct step *step, uint32_t number) {
  char path[LONG_PATH], origin[LONG_PATH];
  if (step->path.count >= sizeof path) return note(list, step->path, &step->seen);
  memcpy(path, step->path.bytes, step->path.count);
  path[step->path.count] = 0;
  strcpy(origin, path);
  struct seen touched = step->seen;
  struct span at = step->path;
  struct way way;
  if (names_origin(names, origin, number, &way)) {
    touched.before = NULL;
    touched.is_new = true;
  } else if (way.is_renamed) {
    at = whole(origin);
  } else {
    // It goes with its directory, whatever has become of it itself.
    size_t count = parent_length(path);
    char name[LONG_PATH];
    strcpy(name, path + count);
    path[count] = 0;
    bool is_somewhere = count > 1 && names_place(names, path, number) && strlen(path) + strlen(name) < sizeof path;
    at = is_somewhere ? whole(strcat(path, name)) : whole(origin);
  }
  touched.is_new |= step->kind == CHANGE_CREATED;
  bool done = note(list, at, &touched);
  char last[LONG_PATH];
  for (int i = 0; i <= way.count; i++) {
    if (i < way.count) strcpy(last, way.names[i]);
    else snprintf(last, sizeof last, "%.*s", (int)step->path.count, (const char *)step->path.bytes);
    if (names_place(names, last, i < way.count ? way.since[i] : number)) done &= note_new(list, whole(last), at);
    if (i < way.count) free(way.names[i]);
  }
  return done && (step->kind != CHANGE_MOVED || note_new(list, step->other, at));
}

static struct span take(const uint8_t **at) {
  struct span span = {*at + 4, get32(*at)};
  *at += 4 + span.count;
  return span;
}

static struct step read_step(const uint8_t *payload) {
  struct step step = {.kind = payload[0]};
  bool absent = get32(payload + 12) == 0;
  memcpy(&step.item, payload + 4, 8);
  const uint8_t *at = payload + 12 + (absent ? 4 : STATE);
  step.path = take(&at);
  step.other = take(&at);
  step.location = take(&at);
  step.seen = (struct seen){.before = absent ? NULL : payload + 12, .soft = step.kind == CHANGE_TIMES,
                            .exact = step.kind == CHANGE_CONTENT || step.kind == CHANGE_ATTRIBUTES};
  if (payload[1] == PREIMAGE_MISSING) step.seen.reason = payload[2] ? payload[2] : 1;
  return step;
}

/// Notes where the changes are that were not made after all.
static struct table read_voids(const struct operation *operation, uint64_t end) {
  struct table voids = {0};
  for (uint64_t at = operation->start; at + RECORD_HEADER + 8 <= end;) {
    const uint8_t *record = operation->journal->base + at;
    uint32_t size = get32(record);
    bool is_whole = size >= RECORD_HEADER && !(size & 7) && at + size <= end;
    at += is_whole ? size : 8;
    if (!is_whole || record[16] != KIND_VOID || memcmp(record + 8, &operation->number, 8) != 0) continue;
    uint64_t key;
    memcpy(&key, record + RECORD_HEADER, 8);
    table_add(&voids, key, 1);
  }
  return voids;
}

/// The next change of the operation. Its payload, or NULL: there is none; `ended`: somebody has ended it.
static const uint8_t *next_change(const struct operation *operation, const struct table *voids, uint64_t *at, uint64_t end, bool *ended) {
  while (*at + RECORD_HEADER <= end) {
    const uint8_t *record = operation->journal->base + *at;
    uint32_t size = get32(record);
    if (size < RECORD_HEADER || size & 7 || *at + size > end) {
      *at += 8;
      continue;
    }
    *at += size;
    if (memcmp(record + 8, &operation->number, 8) != 0) continue;
    if (record[16] == KIND_CHANGE && !table_get(voids, (uint64_t)(record - operation->journal->base))) return record + RECORD_HEADER;
    if (record[16] == KIND_END) *ended = true;
    if (*ended) break;
  }
  return NULL;
}

/// What happened at names. NULL when each path is its own name: no object changed its name or got another, and no tree was put there whole.
static struct names *read_names(const struct operation *operation, const struct table *voids, uint64_t end, bool *ended) {
  struct names *names = NULL;
  bool is_needed = false, is_done = true;
  uint64_t at = operation->start;
  const uint8_t *payload;
  for (uint32_t number = 0; is_done && (payload = next_change(operation, voids, &at, end, ended)); number++) {
    struct step step = read_step(payload);
    bool is_made = step.kind == CHANGE_CREATED;
    if (!is_made && step.kind != CHANGE_MOVED && step.kind != CHANGE_REMOVED) continue;
    if (!names && !(names = names_new())) return NULL;
    bool is_link = is_made && step.item == 0 && step.location.count > 0;
    is_needed |= step.kind == CHANGE_MOVED || is_link || (is_made && step.item != 0);
    if (is_made) is_done = names_add(names, is_link ? HAPPENED_LINKED : HAPPENED_MADE, step.path, step.location, number);
    else is_done = names_add(names, step.kind == CHANGE_MOVED ? HAPPENED_LEFT : HAPPENED_GONE, step.path, step.other, number);
    if (is_done && step.kind == CHANGE_MOVED) is_done = names_add(names, HAPPENED_CAME, step.other, step.path, number);
  }
  if (is_needed && is_done) return names;
  names_free(names);
  return NULL;
}

void operation_finish(struct operation *operation, uint32_t flags) {
  struct journal *journal = operation->journal;
  if (!operation_is_last(operation)) return;
  bool ends = flags & VSH_RECORDING_ENDS;
  if (!ends && owner_lives(journal)) return;
  struct seen_list found = {0};
  bool is_renamed = false, is_written = false, ended = false, is_noted = true;
  uint64_t end = journal_end(journal), at = operation->start;
  struct table voids = read_voids(operation, end);
  struct names *names = read_names(operation, &voids, end, &ended);
  const uint8_t *record;
  for (uint32_t number = 0; is_noted && !ended && (record = next_change(operation, &voids, &at, end, &ended)); number++) {
    struct step step = read_step(record);
    bool is_pair = step.kind == CHANGE_CREATED || step.kind == CHANGE_REMOVED;
    is_written |= step.kind == CHANGE_CONTENT || step.kind == CHANGE_APPENDED || step.kind == CHANGE_ATTRIBUTES;
    is_renamed |= step.kind == CHANGE_MOVED || (step.kind == CHANGE_CREATED && step.location.count > 0);
    // Another name of a link that comes or goes: its number of links changes.
    if (is_pair && step.item == 0 && step.location.count > 0) is_noted = note(&found, step.location, &(struct seen){.soft = true});
    if (names && !step.seen.soft) {
      is_noted = is_noted && note_lasting(&found, names, &step, number);
    } else {
      is_noted = is_noted && note(&found, step.path, &step.seen);
      if (step.kind == CHANGE_MOVED) is_noted = is_noted && note_new(&found, step.other, step.path);
    }
  }
  names_free(names);
  table_clear(&voids);
  if (ended || !is_noted) goto done;
  struct seen *list = found.items;
  size_t count = found.count;
  uint32_t changed = operation->unseen, missing = operation->unseen, touched = 0;
  struct buffer payload = {0}, state = {0};
  for (size_t i = 0; i < count; i++) {
    struct statx x;
    bool exists = statx(AT_FDCWD, list[i].path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &x) == 0 && !leads_through_link(&found, list[i].path);
    payload.count = state.count = 0;
    put_state(&state, exists ? &x : NULL);
    put8(&payload, list[i].soft);
    buffer_put(&payload, state.bytes, state.count);
    put_text(&payload, list[i].path);
    bool same = !list[i].before && !exists;
    if (list[i].before && exists) {
      // mode, owner, group; inode; size; modification; change; birth
      const uint8_t *a = list[i].before, *b = state.bytes;
      same = memcmp(a, b, 12) == 0 && memcmp(a + 24, b + 24, 16) == 0 && memcmp(a + 48, b + 48, 12) == 0
             && memcmp(a + 84, b + 84, 12) == 0 && (!list[i].exact || memcmp(a + 72, b + 72, 12) == 0);
    }
    if (list[i].soft && list[i].before && exists && memcmp(list[i].before + 48, state.bytes + 48, 12) != 0) touched++;
    bool digested = false;
    if (!list[i].soft && !same) {
      changed++;
      if (list[i].reason) missing++;
      if (exists && S_ISREG(x.stx_mode) && x.stx_size > 0 && x.stx_size <= 1 << 16 && count <= 64) {
        digest_of(list[i].path, x.stx_size, &payload);
        digested = true;
      }
    }
    if (!digested) put32(&payload, 0);
    append_record(journal, KIND_RESULT, operation->number, &payload);
  }
  // Should the names have been too many to follow, it is still no operation that changed nothing.
  if (changed == 0 && is_renamed && is_written) changed = 1;
  payload.count = 0;
  put8(&payload, ends ? OUTCOME_FINISHED : OUTCOME_INTERRUPTED);
  put32(&payload, 0);
  put64(&payload, (uint64_t)clock_now());
  put32(&payload, changed);
  put32(&payload, missing);
  put32(&payload, touched);
  append_record(journal, KIND_END, operation->number, &payload);
  buffer_free(&payload);
  buffer_free(&state);
done:
  for (size_t i = 0; i < found.count; i++) free(found.items[i].path);
  free(found.items);
  free(found.index);
}
