// SPDX-License-Identifier: MPL-2.0
//
// What names meant in the course of an operation, for its end without a shell: a file that was changed through a second name, or in
// a directory that was renamed for a while, has changed under its lasting name. As Names in Sources/VshStore/TouchedPaths.swift.
#include "internal.h"

/// Something that happened at a name.
struct event {
  struct span other;  // where it came from or went, or another name of it
  uint64_t hash;      // of the name
  uint32_t number;    // of the change
  uint32_t previous;  // what happened there before: its place + 1, or 0
  enum happening what;
};

struct names {
  struct event *events;
  uint32_t *last;  // by the hash: the place + 1 of what happened last at a name
  size_t count, capacity, slots;
  uint64_t patience;  // steps that may still be made: a program can rename one thing a hundred thousand times
};

struct names *names_new(void) {
  struct names *names = calloc(1, sizeof *names);
  if (names) names->patience = 20000000;
  return names;
}

void names_free(struct names *names) {
  if (!names) return;
  free(names->events);
  free(names->last);
  free(names);
}

static uint32_t *slot_of(const struct names *names, uint64_t hash) {
  size_t at = hash & (names->slots - 1);
  while (names->last[at] && names->events[names->last[at] - 1].hash != hash) at = (at + 1) & (names->slots - 1);
  return &names->last[at];
}

static bool grow(struct names *names) {
  size_t capacity = names->capacity ? names->capacity * 2 : 64;
  struct event *events = realloc(names->events, capacity * sizeof *events);
  if (events) names->events = events;
  uint32_t *last = calloc(capacity * 2, sizeof *last);
  if (!events || !last) {
    free(last);
    return false;
  }
  free(names->last);
  names->last = last;
  names->slots = capacity * 2;
  names->capacity = capacity;
  for (size_t i = 0; i < names->count; i++) *slot_of(names, events[i].hash) = (uint32_t)i + 1;
  return true;
}

bool names_add(struct names *names, enum happening what, struct span at, struct span other, uint32_t number) {
  if (names->count == names->capacity && !grow(names)) return false;
  uint64_t hash = hash_bytes(at.bytes, at.count);
  uint32_t *slot = slot_of(names, hash);
  names->events[names->count] = (struct event){other, hash, number, *slot, what};
  *slot = (uint32_t)++names->count;
  return true;
}

static bool frees(const struct event *event) { return event->what == HAPPENED_LEFT || event->what == HAPPENED_GONE; }

/// What happened last at a path, or at a directory that it lies in, before a change; or, `ahead`, from a change on, what freed its name first.
/// `length`: bytes of the path that it was at.
static const struct event *find(struct names *names, const char *path, uint32_t number, bool ahead, size_t *length) {
  const struct event *best = NULL;
  size_t count = names->count ? strlen(path) : 0;
  while (count > 0) {
    const struct event *found = NULL;
    for (uint32_t i = *slot_of(names, hash_bytes(path, count)); i && names->patience; i = names->events[i - 1].previous) {
      const struct event *event = &names->events[i - 1];
      names->patience--;
      if (event->number < number) {
        if (!ahead) found = event;
        break;
      }
      if (ahead && frees(event)) found = event;
    }
    if (found && (!best || (ahead ? found->number < best->number : found->number > best->number))) {
      best = found;
      *length = count;
    }
    while (count > 0 && path[count - 1] != '/') count--;
    if (count > 0) count--;
  }
  return best;
}

/// Puts something else in place of the first bytes of a path.
static bool replace(char *path, size_t length, struct span by) {
  size_t rest = strlen(path + length) + 1;
  if (by.count + rest > LONG_PATH) return false;
  memmove(path + by.count, path + length, rest);
  memcpy(path, by.bytes, by.count);
  return true;
}

bool names_origin(struct names *names, char *path, uint32_t number, struct way *way) {
  way->is_renamed = false;
  way->count = 0;
  size_t length;
  const struct event *last;
  while ((last = find(names, path, number, false, &length))) {
    bool is_exact = path[length] == 0;
    if (last->what != HAPPENED_CAME && !(last->what == HAPPENED_LINKED && is_exact)) return true;
    if (!replace(path, length, last->other)) break;
    number = last->number;
    way->is_renamed |= is_exact;
    char *copy = way->count < WAY_NAMES ? strdup(path) : NULL;
    if (!copy) continue;
    way->since[way->count] = number;
    way->names[way->count++] = copy;
  }
  return false;
}

bool names_place(struct names *names, char *path, uint32_t number) {
  size_t length;
  const struct event *next;
  while ((next = find(names, path, number, true, &length))) {
    if (next->what != HAPPENED_LEFT || !replace(path, length, next->other)) return false;
    number = next->number + 1;
  }
  return true;
}
