// SPDX-License-Identifier: MPL-2.0
//
// Calls that failed after their changes were recorded. States say for themselves that nothing happened, but names do not: what is in
// a directory whose removal or renaming failed would be looked for elsewhere when the operation ends. Whether a call failed shows when its task
// makes the next one, or is gone; then the records of a failed one are made void.
#include "internal.h"

enum { DOUBTS = 16 };

struct doubt_list {
  struct doubt list[DOUBTS];
  int count;
};

static bool have_same_birth(const struct statx *x, const struct statx *y) {
  return x->stx_ino == y->stx_ino && device_of(x) == device_of(y) && x->stx_btime.tv_sec == y->stx_btime.tv_sec && x->stx_btime.tv_nsec == y->stx_btime.tv_nsec;
}

static void forget(struct doubt_list *doubts, int number) {
  free(doubts->list[number].path);
  memmove(&doubts->list[number], &doubts->list[number + 1], (size_t)(--doubts->count - number) * sizeof doubts->list[0]);
}

void note_doubt(struct operation *operation, const struct doubt *doubt, const struct place *object, bool is_certain) {
  bool is_recorded = doubt->records[0] || doubt->records[1];
  if (!is_recorded || !(object->status.stx_mask & STATX_BTIME)) return;
  if (!operation->doubts && !(operation->doubts = calloc(1, sizeof *operation->doubts))) return;
  struct doubt_list *doubts = operation->doubts;
  // What is not known to have failed stands.
  if (doubts->count == DOUBTS) forget(doubts, 0);
  struct doubt *last = &doubts->list[doubts->count];
  *last = *doubt;
  last->is_certain = is_certain;
  last->changes = operation->changes;
  last->object = object->status;
  last->path = strdup(object->path);
  if (last->path) doubts->count++;
}

/// Whether the object is where it would not be if the call had been made.
static bool has_failed(const struct operation *operation, const struct doubt *doubt) {
  struct statx x;
  // What was renamed may have been renamed back, by others too.
  if (!doubt->is_certain && doubt->changes != operation->changes) return false;
  return statx(AT_FDCWD, doubt->path, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &x) == 0 && have_same_birth(&x, &doubt->object);
}

static void make_void(struct operation *operation, const struct doubt *doubt) {
  struct buffer payload = {0};
  for (int i = 0; i < DOUBT_RECORDS; i++) {
    if (!doubt->records[i]) continue;
    payload.count = 0;
    put64(&payload, doubt->records[i]);
    append_record(operation->journal, KIND_VOID, operation->number, &payload);
  }
  buffer_free(&payload);
  // That it is recorded what was at the names holds no more.
  for (int i = 0; i < 2; i++)
    if (doubt->keys[i]) table_put(&operation->paths, doubt->keys[i], 0);
}

void settle_doubts(struct operation *operation, const struct slot *slot, pid_t task) {
  struct doubt_list *doubts = operation->doubts;
  for (int i = 0; doubts && i < doubts->count;) {
    const struct doubt *doubt = &doubts->list[i];
    bool is_over = doubt->task == task || (doubt->slot == slot && task == 0) || (syscall(SYS_tkill, doubt->task, 0) < 0 && errno == ESRCH);
    if (!is_over) {
      i++;
      continue;
    }
    if (has_failed(operation, doubt)) make_void(operation, doubt);
    forget(doubts, i);
  }
}

void drop_doubts(struct operation *operation) {
  while (operation->doubts && operation->doubts->count) forget(operation->doubts, 0);
  free(operation->doubts);
  operation->doubts = NULL;
}
