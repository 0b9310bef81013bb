// SPDX-License-Identifier: MPL-2.0
//
// The journal as Sources/VshStore/Journal.swift lays it out, written from here too, and the operations that are being
// recorded. Places in the file are reserved by moving the tail, so that the shell and the recorder need no lock.
#include "internal.h"
#include "vsh_memory.h"
#include <sys/file.h>
#include <sys/mman.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <time.h>

enum { MAGIC_AT = 0, SALT_AT = 8, SESSION_AT = 16, PROCESS_AT = 24, PROCESS_START_AT = 32, TAIL_AT = 40, ITEMS_AT = 48, SHELL_AT = 56, SHELL_START_AT = 64 };
enum { HEADER = 128, RECORD_HEADER = 24, STEP = 1 << 20, FIRST_SIZE = 1 << 15 };
static const size_t reach = (size_t)1 << 32;

char state_path[PATH_MAX];
static struct journal *journals;
static struct operation *operations;
/// The one that was left last, which may be in use again.
static struct operation *unused;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t *field(const struct journal *journal, int offset) { return (uint64_t *)(void *)(journal->base + offset); }

// MARK: tables and buffers

uint64_t hash_bytes(const void *bytes, size_t count) {
  const uint8_t *p = bytes;
  uint64_t hash = 0xcbf29ce484222325u ^ count;
  for (; count >= 8; p += 8, count -= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  }
  for (; count; p++, count--) hash = (hash ^ *p) * 0x100000001b3u;
  hash ^= hash >> 32;
  hash *= 0xd6e8feb86659fd93u;
  hash ^= hash >> 32;
  return hash ? hash : 1;
}

uint8_t table_get(const struct table *table, uint64_t key) {
  if (!table->count) return 0;
  for (size_t i = key & (table->capacity - 1);; i = (i + 1) & (table->capacity - 1)) {
    if (table->keys[i] == key) return table->flags[i];
    if (!table->keys[i]) return 0;
  }
}

void table_add(struct table *table, uint64_t key, uint8_t flags) {
  if ((table->count + 1) * 4 > table->capacity * 3) {
    struct table bigger = {.capacity = table->capacity ? table->capacity * 2 : 64};
    bigger.keys = calloc(bigger.capacity, sizeof *bigger.keys);
    bigger.flags = calloc(bigger.capacity, 1);
    if (!bigger.keys || !bigger.flags) {
      free(bigger.keys);
      free(bigger.flags);
      return;  // what is not known is recorded again
    }
    for (size_t i = 0; i < table->capacity; i++)
      if (table->keys[i]) table_add(&bigger, table->keys[i], table->flags[i]);
    free(table->keys);
    free(table->flags);
    *table = bigger;
  }
  size_t i = key & (table->capacity - 1);
  while (table->keys[i] && table->keys[i] != key) i = (i + 1) & (table->capacity - 1);
  if (!table->keys[i]) table->count++;
  table->keys[i] = key;
  table->flags[i] |= flags;
}

void table_clear(struct table *table) {
  free(table->keys);
  free(table->flags);
  *table = (struct table){0};
}

bool buffer_put(struct buffer *buffer, const void *bytes, size_t count) {
  if (buffer->count + count > buffer->capacity) {
    size_t capacity = (buffer->count + count) * 2 + 256;
    uint8_t *bigger = realloc(buffer->bytes, capacity);
    if (!bigger) return false;
    buffer->bytes = bigger;
    buffer->capacity = capacity;
  }
  if (count) memcpy(buffer->bytes + buffer->count, bytes, count);
  buffer->count += count;
  return true;
}

void buffer_free(struct buffer *buffer) {
  free(buffer->bytes);
  *buffer = (struct buffer){0};
}

static void put8(struct buffer *buffer, uint8_t value) { buffer_put(buffer, &value, 1); }
static void put32(struct buffer *buffer, uint32_t value) { buffer_put(buffer, &value, 4); }
static void put64(struct buffer *buffer, uint64_t value) { buffer_put(buffer, &value, 8); }
static void put_bytes(struct buffer *buffer, const void *bytes, size_t count) {
  put32(buffer, (uint32_t)count);
  buffer_put(buffer, bytes, count);
}
static void put_text(struct buffer *buffer, const char *text) { put_bytes(buffer, text, text ? strlen(text) : 0); }

uint64_t device_of(const struct statx *x) { return makedev(x->stx_dev_major, x->stx_dev_minor); }

static void put_time(struct buffer *buffer, struct statx_timestamp time) {
  put64(buffer, (uint64_t)time.tv_sec);
  put32(buffer, time.tv_nsec);
}

static void put_state(struct buffer *buffer, const struct statx *x) {
  if (!x) return put32(buffer, 0);
  put32(buffer, x->stx_mode);
  put32(buffer, x->stx_uid);
  put32(buffer, x->stx_gid);
  put32(buffer, x->stx_nlink);
  put64(buffer, device_of(x));
  put64(buffer, x->stx_ino);
  put64(buffer, x->stx_size);
  put64(buffer, makedev(x->stx_rdev_major, x->stx_rdev_minor));
  put_time(buffer, x->stx_mtime);
  put_time(buffer, x->stx_atime);
  put_time(buffer, x->stx_ctime);
  put_time(buffer, x->stx_mask & STATX_BTIME ? x->stx_btime : (struct statx_timestamp){0});
}

// MARK: files

static void journal_path(char *into, uint64_t number) { snprintf(into, PATH_MAX, "%s/journal/%llu", state_path, (unsigned long long)number); }

static struct journal *map_journal(uint64_t number, int fd) {
  struct stat status;
  struct journal *journal = calloc(1, sizeof *journal);
  if (!journal || fstat(fd, &status) < 0) goto failed;
  journal->base = mmap(NULL, reach, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (journal->base == MAP_FAILED) goto failed;
  journal->number = number;
  journal->fd = fd;
  journal->references = 1;
  atomic_store(&journal->allocated, (uint64_t)status.st_size);
  return journal;
failed:
  free(journal);
  return NULL;
}

/// To be called with the lock held.
static struct journal *journal_take(uint64_t number) {
  for (struct journal *known = journals; known; known = known->next)
    if (known->number == number) {
      known->references++;
      return known;
    }
  char path[PATH_MAX];
  journal_path(path, number);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return NULL;
  flock(fd, LOCK_SH);  // whoever looks for abandoned journals passes this one over
  struct journal *journal = map_journal(number, fd);
  if (!journal) {
    close(fd);
    return NULL;
  }
  journal->salt = (uint32_t)*field(journal, SALT_AT);
  journal->next = journals;
  journals = journal;
  return journal;
}

static void journal_drop(struct journal *journal) {
  if (--journal->references) return;
  for (struct journal **link = &journals; *link; link = &(*link)->next)
    if (*link == journal) {
      *link = journal->next;
      break;
    }
  munmap(journal->base, reach);
  close(journal->fd);
  free(journal);
}

/// Blocks for the bytes up to `end`, so that a full disk is found here and not as a fault in the mapped page.
static bool make_room(struct journal *journal, uint64_t end) {
  if (end <= atomic_load(&journal->allocated)) return true;
  uint64_t size = (end + STEP - 1) & ~(uint64_t)(STEP - 1);
  if (size > reach) return false;
  int failed;
  while ((failed = fallocate(journal->fd, 0, 0, (off_t)size)) < 0 && errno == EINTR) {}
  if (failed) {
    struct stat status;
    if (errno != EOPNOTSUPP || fstat(journal->fd, &status) < 0) return false;
    if ((uint64_t)status.st_size < size && ftruncate(journal->fd, (off_t)size) < 0) return false;
  }
  atomic_store(&journal->allocated, size);
  return true;
}

int append_record(struct journal *journal, uint8_t kind, uint64_t operation, const struct buffer *payload) {
  size_t size = (RECORD_HEADER + payload->count + 7) & ~(size_t)7;
  uint64_t start = __atomic_fetch_add(field(journal, TAIL_AT), size, __ATOMIC_ACQ_REL);
  if (!make_room(journal, start + size)) return -ENOSPC;
  uint8_t *place = journal->base + start;
  uint64_t kind64 = kind;
  memcpy(place + 8, &operation, 8);
  memcpy(place + 16, &kind64, 8);
  if (payload->count) memcpy(place + RECORD_HEADER, payload->bytes, payload->count);
  memset(place + RECORD_HEADER + payload->count, 0, size - RECORD_HEADER - payload->count);
  uint32_t checksum = vsh_crc32c(journal->salt, place + 8, size - 8);
  memcpy(place + 4, &checksum, 4);
  __atomic_store_n((uint32_t *)(void *)place, (uint32_t)size, __ATOMIC_RELEASE);
  return 0;
}

uint64_t journal_session(struct journal *journal) { return *field(journal, SESSION_AT); }

uint64_t next_item(struct journal *journal) {
  return journal->number << 32 | (__atomic_fetch_add(field(journal, ITEMS_AT), 1, __ATOMIC_ACQ_REL) + 1);
}

int append_change(struct operation *operation, const struct change *change) {
  static _Thread_local struct buffer payload;
  payload.count = 0;
  put8(&payload, change->kind);
  put8(&payload, change->preimage);
  put8(&payload, change->reason);
  put8(&payload, 0);
  put64(&payload, change->item);
  put_state(&payload, change->before);
  put_text(&payload, change->path);
  put_text(&payload, change->other);
  put_text(&payload, change->location);
  put_bytes(&payload, change->attributes ? change->attributes->bytes : NULL, change->attributes ? change->attributes->count : 0);
  put_bytes(&payload, change->content ? change->content->bytes : NULL, change->content ? change->content->count : 0);
  return append_record(operation->journal, KIND_CHANGE, operation->number, &payload);
}

// MARK: operations

struct operation *operation_take(uint64_t journal, uint64_t number, uint64_t start) {
  pthread_mutex_lock(&lock);
  struct operation *operation = operations;
  while (operation && (operation->number != number || operation->journal->number != journal)) operation = operation->next;
  if (operation) {
    operation->references++;
  } else if ((operation = calloc(1, sizeof *operation))) {
    operation->journal = journal_take(journal);
    if (!operation->journal) {
      free(operation);
      operation = NULL;
    } else {
      operation->number = number;
      operation->start = start;
      operation->references = 1;
      pthread_mutex_init(&operation->lock, NULL);
      // kind, session, transaction, process; then when it began
      memcpy(&operation->began, operation->journal->base + start + RECORD_HEADER + 21, 8);
      operation->next = operations;
      operations = operation;
    }
  }
  pthread_mutex_unlock(&lock);
  return operation;
}

/// To be called with the lock held.
static void operation_forget(struct operation *operation) {
  for (struct operation **link = &operations; *link; link = &(*link)->next)
    if (*link == operation) {
      *link = operation->next;
      break;
    }
  journal_drop(operation->journal);
  table_clear(&operation->paths);
  table_clear(&operation->inodes);
  free(operation);
}

void operation_release(struct operation *operation) {
  if (!operation) return;
  pthread_mutex_lock(&lock);
  if (--operation->references == 0) {
    // The next program mostly belongs to the same one: it stays until another is left.
    struct operation *old = unused;
    unused = operation;
    if (old && old != operation && old->references == 0) operation_forget(old);
  }
  pthread_mutex_unlock(&lock);
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

struct operation *operation_continue(struct operation *old) {
  if (!old) return NULL;
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/control", state_path);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return NULL;
  uint64_t *control = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (control == MAP_FAILED) return NULL;
  // Magic, number, journals waiting, operation: Control in Sources/VshStore/StateDirectory.swift.
  uint64_t number = __atomic_fetch_add(&control[3], 1, __ATOMIC_ACQ_REL) + 1;
  munmap(control, 4096);
  const uint8_t *place = old->journal->base + old->start;
  uint32_t size;
  memcpy(&size, place, 4);
  struct buffer payload = {0};
  buffer_put(&payload, place + RECORD_HEADER, size - RECORD_HEADER);
  int64_t began = now();
  if (payload.count < 29) {
    buffer_free(&payload);
    return NULL;
  }
  memcpy(payload.bytes + 21, &began, 8);
  uint64_t start = __atomic_load_n(field(old->journal, TAIL_AT), __ATOMIC_ACQUIRE);
  int failed = append_record(old->journal, KIND_OPERATION, number, &payload);
  buffer_free(&payload);
  if (failed) return NULL;
  // Another writer may have come before: the record is at or behind the place.
  for (uint64_t at = start; at < __atomic_load_n(field(old->journal, TAIL_AT), __ATOMIC_ACQUIRE); at += 8)
    if (memcmp(old->journal->base + at + 8, &number, 8) == 0 && old->journal->base[at + 16] == KIND_OPERATION) {
      start = at;
      break;
    }
  return operation_take(old->journal->number, number, start);
}

// MARK: the end of an operation

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
  snprintf(path, sizeof path, "/proc/%d/stat", (int)*field(journal, PROCESS_AT));
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
  put_bytes(payload, digest, count == 0 && total == size ? 32 : 0);
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
  bool is_last;
  pthread_mutex_lock(&lock);
  is_last = operation->references == 1;
  pthread_mutex_unlock(&lock);
  if (!is_last) return;
  bool ends = flags & VSH_RECORDING_ENDS;
  if (!ends && owner_lives(journal)) return;
  struct seen_list found = {0};
  uint64_t end = __atomic_load_n(field(journal, TAIL_AT), __ATOMIC_ACQUIRE);
  if (end > atomic_load(&journal->allocated)) end = atomic_load(&journal->allocated);
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
    seen->exact |= kind == CHANGE_CONTENT || kind == CHANGE_ATTRIBUTES;
    if (payload[1] == PREIMAGE_MISSING && !seen->reason) seen->reason = payload[2] ? payload[2] : 1;
    if (kind == CHANGE_MOVED) {
      const uint8_t *other = path + 4 + length;
      seen = find_seen(&found, other + 4, get32(other));
      if (!seen) goto done;
      if (seen->soft == 2) seen->was_absent = true;
      seen->soft = 0;
    }
  }
  struct seen *list = found.items;
  size_t count = found.count;
  uint32_t changed = 0, missing = 0;
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
  payload.count = 0;
  put8(&payload, ends ? OUTCOME_FINISHED : OUTCOME_INTERRUPTED);
  put32(&payload, 0);
  put64(&payload, (uint64_t)now());
  put32(&payload, changed);
  put32(&payload, missing);
  append_record(journal, KIND_END, operation->number, &payload);
  buffer_free(&payload);
  buffer_free(&state);
done:
  for (size_t i = 0; i < found.count; i++) free(found.items[i].path);
  free(found.items);
  free(found.index);
}
