// SPDX-License-Identifier: MPL-2.0
//
// The journal as Sources/VshStore/Journal.swift lays it out, written from here too, and the operations that are being
// recorded. Places in the file are reserved by moving the tail, so that the shell and the recorder need no lock.
#include "internal.h"
#include "vsh_memory.h"
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>

enum { SALT_AT = 8, SESSION_AT = 16, PROCESS_AT = 24, TAIL_AT = 40, ITEMS_AT = 48 };
enum { STEP = 1 << 20 };
static const size_t reach = (size_t)1 << 32;

char state_path[PATH_MAX];
static struct journal *journals;
static struct operation *operations;
/// The one that was left last, which may be in use again.
static struct operation *unused;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t *field(const struct journal *journal, int offset) { return (uint64_t *)(void *)(journal->base + offset); }

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

uint64_t append_record(struct journal *journal, uint8_t kind, uint64_t operation, const struct buffer *payload) {
  size_t size = (RECORD_HEADER + payload->count + 7) & ~(size_t)7;
  uint64_t start = __atomic_fetch_add(field(journal, TAIL_AT), size, __ATOMIC_ACQ_REL);
  if (!make_room(journal, start + size)) return 0;
  uint8_t *place = journal->base + start;
  uint64_t kind64 = kind;
  memcpy(place + 8, &operation, 8);
  memcpy(place + 16, &kind64, 8);
  if (payload->count) memcpy(place + RECORD_HEADER, payload->bytes, payload->count);
  memset(place + RECORD_HEADER + payload->count, 0, size - RECORD_HEADER - payload->count);
  uint32_t checksum = vsh_crc32c(journal->salt, place + 8, size - 8);
  memcpy(place + 4, &checksum, 4);
  __atomic_store_n((uint32_t *)(void *)place, (uint32_t)size, __ATOMIC_RELEASE);
  return start;
}

uint64_t journal_session(struct journal *journal) { return *field(journal, SESSION_AT); }
pid_t journal_owner(struct journal *journal) { return (pid_t)*field(journal, PROCESS_AT); }
uint64_t journal_end(struct journal *journal) {
  uint64_t end = __atomic_load_n(field(journal, TAIL_AT), __ATOMIC_ACQUIRE), allocated = atomic_load(&journal->allocated);
  return end < allocated ? end : allocated;
}

uint64_t next_item(struct journal *journal) {
  return journal->number << 32 | (__atomic_fetch_add(field(journal, ITEMS_AT), 1, __ATOMIC_ACQ_REL) + 1);
}

uint64_t append_change(struct operation *operation, const struct change *change) {
  static _Thread_local struct buffer payload;
  payload.count = 0;
  operation->changes++;
  put8(&payload, change->kind);
  put8(&payload, change->preimage);
  put8(&payload, change->reason);
  put8(&payload, 0);
  put64(&payload, change->item);
  put_state(&payload, change->before);
  put_text(&payload, change->path);
  put_text(&payload, change->other);
  put_text(&payload, change->location);
  put_counted(&payload, change->attributes ? change->attributes->bytes : NULL, change->attributes ? change->attributes->count : 0);
  put_counted(&payload, change->content ? change->content->bytes : NULL, change->content ? change->content->count : 0);
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
  drop_doubts(operation);
  table_clear(&operation->paths);
  table_clear(&operation->inodes);
  table_clear(&operation->attempts);
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

int64_t clock_now(void) {
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
  if (size < RECORD_HEADER + 29) return NULL;
  struct buffer payload = {0};
  buffer_put(&payload, place + RECORD_HEADER, size - RECORD_HEADER);
  int64_t began = clock_now();
  memcpy(payload.bytes + 21, &began, 8);
  uint64_t start = __atomic_load_n(field(old->journal, TAIL_AT), __ATOMIC_ACQUIRE);
  bool is_noted = append_record(old->journal, KIND_OPERATION, number, &payload);
  buffer_free(&payload);
  if (!is_noted) return NULL;
  // Another writer may have come before: the record is at or behind the place.
  for (uint64_t at = start; at < __atomic_load_n(field(old->journal, TAIL_AT), __ATOMIC_ACQUIRE); at += 8)
    if (memcmp(old->journal->base + at + 8, &number, 8) == 0 && old->journal->base[at + 16] == KIND_OPERATION) {
      start = at;
      break;
    }
  return operation_take(old->journal->number, number, start);
}

bool operation_is_last(struct operation *operation) {
  pthread_mutex_lock(&lock);
  bool is_last = operation->references == 1;
  pthread_mutex_unlock(&lock);
  return is_last;
}
