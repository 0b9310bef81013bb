// SPDX-License-Identifier: MPL-2.0
//
// Sets of hashed keys with flags, and buffers that grow.
#include "internal.h"
#include <sys/sysmacros.h>

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

/// The flags of a key, which is in the table then; NULL without memory: what is not known is recorded again.
static uint8_t *enter(struct table *table, uint64_t key) {
  if ((table->count + 1) * 4 > table->capacity * 3) {
    struct table bigger = {.capacity = table->capacity ? table->capacity * 2 : 64};
    bigger.keys = calloc(bigger.capacity, sizeof *bigger.keys);
    bigger.flags = calloc(bigger.capacity, 1);
    if (!bigger.keys || !bigger.flags) {
      free(bigger.keys);
      free(bigger.flags);
      return NULL;
    }
    for (size_t i = 0; i < table->capacity; i++)
      if (table->keys[i]) *enter(&bigger, table->keys[i]) = table->flags[i];
    free(table->keys);
    free(table->flags);
    *table = bigger;
  }
  size_t i = key & (table->capacity - 1);
  while (table->keys[i] && table->keys[i] != key) i = (i + 1) & (table->capacity - 1);
  if (!table->keys[i]) table->count++;
  table->keys[i] = key;
  return &table->flags[i];
}

void table_add(struct table *table, uint64_t key, uint8_t flags) {
  uint8_t *known = enter(table, key);
  if (known) *known |= flags;
}

void table_put(struct table *table, uint64_t key, uint8_t flags) {
  uint8_t *known = enter(table, key);
  if (known) *known = flags;
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

void put8(struct buffer *buffer, uint8_t value) { buffer_put(buffer, &value, 1); }
void put32(struct buffer *buffer, uint32_t value) { buffer_put(buffer, &value, 4); }
void put64(struct buffer *buffer, uint64_t value) { buffer_put(buffer, &value, 8); }
void put_counted(struct buffer *buffer, const void *bytes, size_t count) {
  put32(buffer, (uint32_t)count);
  buffer_put(buffer, bytes, count);
}
void put_text(struct buffer *buffer, const char *text) { put_counted(buffer, text, text ? strlen(text) : 0); }

uint64_t device_of(const struct statx *x) { return makedev(x->stx_dev_major, x->stx_dev_minor); }

static void put_time(struct buffer *buffer, struct statx_timestamp time) {
  put64(buffer, (uint64_t)time.tv_sec);
  put32(buffer, time.tv_nsec);
}

void put_state(struct buffer *buffer, const struct statx *x) {
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
