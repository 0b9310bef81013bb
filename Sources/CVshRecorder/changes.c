// SPDX-License-Identifier: MPL-2.0
//
// The records of what is about to change: once for what an operation changes again and again, and nothing of what it made itself.
#include "internal.h"

/// Big things that need not be on the stack twice.
static _Thread_local struct place around;
static _Thread_local struct buffer attributes, content;

uint64_t key_of(const char *path) { return hash_bytes(path, strlen(path)); }

uint64_t inode_key(const struct statx *x) {
  uint64_t parts[3] = {x->stx_ino, device_of(x), (uint64_t)x->stx_btime.tv_sec * 1000000000 + x->stx_btime.tv_nsec};
  return hash_bytes(parts, sizeof parts);
}

bool is_born(struct operation *operation, const struct place *place) {
  const struct statx *x = &place->status;
  if (!(x->stx_mask & STATX_BTIME)) return false;
  if ((int64_t)x->stx_btime.tv_sec * 1000000000 + x->stx_btime.tv_nsec < operation->began) return false;
  return table_get(&operation->paths, key_of(place->path)) & PATH_CREATED;
}

bool is_own(struct operation *operation, const struct place *place) {
  return !(operation->has_guests && S_ISDIR(place->status.stx_mode)) && is_born(operation, place);
}

void touch_parent(struct operation *operation, const char *path) {
  size_t count = parent_length(path);
  uint64_t key = hash_bytes(path, count);
  if (table_get(&operation->paths, key) & (PATH_TOUCHED | PATH_CREATED)) return;
  memcpy(around.path, path, count);
  around.path[count] = 0;
  if (!look(&around)) return;
  table_add(&operation->paths, key, PATH_TOUCHED);
  append_change(operation, &(struct change){.kind = CHANGE_TIMES, .preimage = PREIMAGE_IN_RECORD, .before = &around.status, .path = around.path});
}

void record_created(struct operation *operation, const struct place *place, const char *source) {
  uint64_t key = key_of(place->path);
  touch_parent(operation, place->path);
  operation->has_guests |= source != NULL;
  if (source || !(table_get(&operation->paths, key) & PATH_COVERED))
    append_change(operation, &(struct change){.kind = CHANGE_CREATED, .preimage = PREIMAGE_IN_RECORD, .path = place->path, .location = source});
  table_add(&operation->paths, key, PATH_COVERED | PATH_CREATED);
}

uint64_t record_removed(struct operation *operation, const struct place *place) {
  const struct statx *x = &place->status;
  struct change change = {.kind = CHANGE_REMOVED, .preimage = PREIMAGE_IN_RECORD, .before = x, .path = place->path};
  char target[PATH_MAX];
  touch_parent(operation, place->path);
  // Of what has other names they must go on leading to the same thing.
  bool is_kept = S_ISREG(x->stx_mode) || (!S_ISDIR(x->stx_mode) && x->stx_nlink > 1);
  if (is_kept && keep_link(operation, place, &change.item, &change.location) == 0) {
    change.preimage = PREIMAGE_OBJECT;
  } else {
    read_attributes(place->path, &attributes);
    change.attributes = &attributes;
    if (S_ISLNK(x->stx_mode)) {
      ssize_t count = readlink(place->path, target, sizeof target - 1);
      target[count < 0 ? 0 : count] = 0;
      change.other = target;
    } else if (S_ISREG(x->stx_mode) && x->stx_size > 0) {
      if (read_small(place, &content)) {
        change.content = &content;
      } else {
        change.reason = (uint8_t)keep_copy(operation, place, &change.item);
        change.preimage = change.item ? PREIMAGE_COPY : PREIMAGE_MISSING;
      }
    }
  }
  uint64_t record = append_change(operation, &change);
  // What comes there next the operation need not have made.
  table_put(&operation->paths, key_of(place->path), PATH_COVERED);
  return record;
}

void record_content(struct operation *operation, const struct place *place) {
  const struct statx *x = &place->status;
  if (!S_ISREG(x->stx_mode) || is_born(operation, place)) return;
  uint64_t key = inode_key(x);
  if (table_get(&operation->inodes, key) & INODE_CONTENT) return;
  struct change change = {.kind = CHANGE_CONTENT, .preimage = PREIMAGE_IN_RECORD, .before = x, .path = place->path, .attributes = &attributes};
  if (x->stx_size > 0) {
    if (read_small(place, &content)) {
      change.content = &content;
    } else {
      change.reason = (uint8_t)keep_copy(operation, place, &change.item);
      change.preimage = change.item ? PREIMAGE_COPY : PREIMAGE_MISSING;
    }
  }
  read_attributes(place->path, &attributes);
  append_change(operation, &change);
  table_add(&operation->inodes, key, INODE_CONTENT | INODE_ATTRIBUTES | INODE_EXTENDED);
}

void record_appended(struct operation *operation, const struct place *place) {
  if (!S_ISREG(place->status.stx_mode) || is_born(operation, place)) return;
  uint64_t key = inode_key(&place->status);
  if (table_get(&operation->inodes, key) & (INODE_CONTENT | INODE_APPENDED)) return;
  append_change(operation, &(struct change){.kind = CHANGE_APPENDED, .preimage = PREIMAGE_IN_RECORD, .before = &place->status, .path = place->path});
  table_add(&operation->inodes, key, INODE_APPENDED | INODE_ATTRIBUTES);
}

void record_attributes(struct operation *operation, const struct place *place, bool extended) {
  if (is_own(operation, place)) return;
  uint64_t key = inode_key(&place->status);
  // Of a directory each time: what was changed in it before may not be possible after it, and is taken back in reverse.
  if (!S_ISDIR(place->status.stx_mode) && table_get(&operation->inodes, key) & (extended ? INODE_EXTENDED : INODE_ATTRIBUTES)) return;
  struct change change = {.kind = CHANGE_ATTRIBUTES, .preimage = PREIMAGE_IN_RECORD, .before = &place->status, .path = place->path};
  if (extended) {
    read_attributes(place->path, &attributes);
    change.attributes = &attributes;
  }
  append_change(operation, &change);
  table_add(&operation->inodes, key, extended ? INODE_ATTRIBUTES | INODE_EXTENDED : INODE_ATTRIBUTES);
}
