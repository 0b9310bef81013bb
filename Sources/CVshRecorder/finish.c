// SPDX-License-Identifier: MPL-2.0
//
// The end of an operation that no shell is there to end: the states after, and the record of the end.
#include "internal.h"
#include "vsh_memory.h"

struct seen {
  char *path;
  uint64_t hash;
  uint8_t soft, exact, reason;
  bool was_absent;
  uint8_t before[96];
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

static struct seen *find_seen(struct seen_list *list, const uint8_t *path, uint32_t length) {
  if (list->count == list->capacity && !grow_seen(list)) return NULL;
  uint64_t hash = hash_bytes(path, length);
  size_t at = hash & (list->slots - 1);
  for (; list->index[at]; at = (at + 1) & (list->slots - 1))
    if (list->items[list->index[at] - 1].hash == hash) return &list->items[list->index[at] - 1];
  char *copy = strndup((const char *)path, length);
  if (!copy) return NULL;
  list->items[list->count] = (struct seen){.path = copy, .hash = hash, .soft = 2};
  list->index[at] = (uint32_t)list->count + 1;
  return &list->items[list->count++];
}

void operation_finish(struct operation *operation, uint32_t flags) {
  struct journal *journal = operation->journal;
  if (!operation_is_last(operation)) return;
  bool ends = flags & VSH_RECORDING_ENDS;
  if (!ends && owner_lives(journal)) return;
  struct seen_list found = {0};
  bool is_renamed = false, is_written = false;
  uint64_t end = journal_end(journal);
  for (uint64_t at = operation->start; at + RECORD_HEADER <= end;) {
    const uint8_t *record = journal->base + at;
    uint32_t size = get32(record);
    if (size < RECORD_HEADER || size & 7 || at + size > end) {
      at += 8;
      continue;
    }
    at += size;
    if (memcmp(record + 8, &operation->number, 8) != 0) continue;
    if (record[16] == KIND_END) goto done;  // somebody did
    if (record[16] != KIND_CHANGE) continue;
    const uint8_t *payload = record + RECORD_HEADER;
    bool absent = get32(payload + 12) == 0;
    const uint8_t *path = payload + 12 + (absent ? 4 : 96);
    uint32_t length = get32(path);
    uint8_t kind = payload[0];
    struct seen *seen = find_seen(&found, path + 4, length);
    if (!seen) goto done;
    bool soft = kind == CHANGE_TIMES;
    if (seen->soft == 2 || (seen->soft == 1 && !soft)) {
      seen->soft = soft;
      seen->was_absent = absent;
      memcpy(seen->before, payload + 12, absent ? 4 : 96);
    }
    is_written |= kind == CHANGE_CONTENT || kind == CHANGE_APPENDED || kind == CHANGE_ATTRIBUTES;
    const uint8_t *rest = path + 4 + length;
    is_renamed |= kind == CHANGE_MOVED || (kind == CHANGE_CREATED && get32(rest + 4 + get32(rest)) > 0);
    seen->exact |= kind == CHANGE_CONTENT || kind == CHANGE_ATTRIBUTES;
    if (payload[1] == PREIMAGE_MISSING && !seen->reason) seen->reason = payload[2] ? payload[2] : 1;
    if (kind == CHANGE_MOVED) {
      seen = find_seen(&found, rest + 4, get32(rest));
      if (!seen) goto done;
      if (seen->soft == 2) seen->was_absent = true;
      seen->soft = 0;
    }
  }
  struct seen *list = found.items;
  size_t count = found.count;
  uint32_t changed = operation->unseen, missing = operation->unseen, touched = 0;
  struct buffer payload = {0}, state = {0};
  for (size_t i = 0; i < count; i++) {
    struct statx x;
    bool exists = statx(AT_FDCWD, list[i].path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &x) == 0;
    payload.count = state.count = 0;
    put_state(&state, exists ? &x : NULL);
    put8(&payload, list[i].soft == 1);
    buffer_put(&payload, state.bytes, state.count);
    put_text(&payload, list[i].path);
    bool same = list[i].was_absent || !exists ? list[i].was_absent && !exists : false;
    if (!list[i].was_absent && exists) {
      // mode, owner, group; inode; size; modification; change; birth
      const uint8_t *a = list[i].before, *b = state.bytes;
      same = memcmp(a, b, 12) == 0 && memcmp(a + 24, b + 24, 16) == 0 && memcmp(a + 48, b + 48, 12) == 0
             && memcmp(a + 84, b + 84, 12) == 0 && (!list[i].exact || memcmp(a + 72, b + 72, 12) == 0);
    }
    if (list[i].soft == 1 && exists && memcmp(list[i].before + 48, state.bytes + 48, 12) != 0) touched++;
    bool digested = false;
    if (list[i].soft != 1 && !same) {
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
  // A file may have been changed under a name that came and went: it has another, which is found when the log is read.
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
