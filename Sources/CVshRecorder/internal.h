// SPDX-License-Identifier: MPL-2.0
#ifndef VSH_RECORDER_INTERNAL_H
#define VSH_RECORDER_INTERNAL_H
#include "vsh_recorder.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SLOTS = 1024, LONG_PATH = PATH_MAX + 64, MAGIC_DESCRIPTOR = 0x7e51f00d, MAGIC_ANSWER = 0x7e51, MAGIC_ANSWER_CONFINED, MAGIC_BOUNDS, MAGIC_ERROR = 0xe51 };
/// What a shell inside asks for by that descriptor: the second argument; the others are an address and a size (bounds.c).
enum { MAGIC_EXPECT_BOUNDS = 1, MAGIC_TAKE_BOUNDS, MAGIC_TELL_REFUSAL, MAGIC_TAKE_REFUSAL, MAGIC_TAKE_READABLE };
enum { READABLE = 4096, READS = VSH_RECORDING_READS | VSH_RECORDING_READS_INSIDE };

/// What the recorder asks of a thread of the shell (reader.c). In memory that they share.
struct reader {
  _Atomic uint32_t request, answer;  // numbers, which are waited for
  _Atomic uint32_t quit;
  pid_t shell, tid;  // 0: there is no such thread: the recorder reads for itself
  pid_t pid;
  int32_t result;  // as of process_vm_readv, or a negative errno
  uint64_t address;
  uint32_t size;
  char bytes[PATH_MAX];
};

/// A listener: one program with all that it starts. In memory that recorder, keeper and shells share.
struct slot {
  _Atomic uint32_t state;   // SLOT_…
  _Atomic uint32_t closed;  // the shell ended the operation
  _Atomic uint32_t busy;    // an event is being recorded
  int32_t listener;
  uint32_t flags;           // VSH_RECORDING_…
  int32_t pid;              // of the program, with VSH_RECORDING_APART
  uint64_t covers;          // the places that the program's rules cover; 0: none
  uint64_t bounds;          // those that shells inside told of, as bits
  uint64_t announced;       // those that are about to be told of
  uint32_t lost;            // tasks with so many filters may be in some that are not known any more; 0: none are
  uint32_t has_moved_root;  // a task changed its root or mount namespace: paths are compared before they are believed
  uint64_t journal, operation, start;
  struct seccomp_notif notification;  // id 0: none in flight
  _Atomic uint64_t answered;  // the event whose answer is known, should the recorder die before it has given it
  int32_t answer;
  uint32_t is_repeated;       // the event in flight may have been dealt with by a recorder that died
};
enum { SLOT_FREE = 0, SLOT_LIVE = 1 };
/// Calls are made for all programs: by default, and where somebody asked for bounds. By default one whose memory only the shell might have read
/// (reader.c), and that has outlived it, makes them itself.
enum { MAKES_NONE = 0, MAKES_BY_DEFAULT = VSH_CALLS_BY_DEFAULT, MAKES_AS_ASKED = VSH_CALLS_AS_ASKED };

/// A directory that is covered (covers.c): the hash of its path, and what must be there.
struct cover {
  uint64_t path, inode, device, mount;
};
enum { COVERS = 4, COVERED = 128, MOUNT_ID_UNIQUE = 0x4000 };
struct covers {
  _Atomic uint64_t number;
  uint32_t count;
  struct cover list[COVERED];
};

/// Bounds that a shell inside told of (bounds.c).
enum { BOUNDS = 64 };
struct bounds {
  _Atomic uint32_t used;
  uint32_t filters;       // how many it had: tasks with fewer are not in them
  uint32_t lost;          // tasks with so many may be in some inside them that are not known any more; 0: none are
  pid_t shell;
  uint64_t start;         // of that process
  uint64_t program;       // what it runs
  uint64_t within;        // the bounds that it was in, as bits
  _Atomic uint32_t refusals;
  char refused_action[16], refused_path[PATH_MAX];
  char lists[4096];       // as of vsh_recorder_confine
  char readable[READABLE]; // as of vsh_recorder_watch_reading; empty: reading is not confined
};

struct shared {
  _Atomic uint32_t quit;
  _Atomic uint32_t live;      // slots in use
  _Atomic uint32_t given, taken;  // listeners sent, and those of them that have arrived
  _Atomic uint64_t operation_count;
  _Atomic uint32_t confined;
  _Atomic uint32_t makes_calls;  // calls on names are made for programs: MAKES_…
  _Atomic uint64_t cover_count;
  struct covers covers[COVERS];  // the newest, by their numbers
  _Atomic uint32_t unseen;    // changes that could not be looked at, since the shell asked last
  struct reader reader;
  char zones[8192];           // see vsh_recorder_confine; the first is the root
  char readable[READABLE];    // see vsh_recorder_watch_reading
  _Atomic uint32_t refusals;  // calls that the sandbox did not allow; the last of them:
  char refused_action[16], refused_path[PATH_MAX];
  struct slot slots[SLOTS];
  struct bounds bounds[BOUNDS];
};

/// What a child sends beside its listener.
struct hello {
  uint64_t journal, operation, start, covers;
  uint32_t flags;
  int32_t pid;
  struct seccomp_notif pending;  // id 0: none
};

// filter.c
/// The filter for programs with these VSH_RECORDING_…, once it has been built.
const struct sock_fprog *filter_for(uint32_t flags);
/// `reads`: the one for programs with one of READS.
void filter_build(bool reads);
/// The number that a call of the 32-bit table has in the native one, or -1 when it changes nothing.
int native_number(int number_32);

// session.c
/// Puts the filter on the calling process. Its listener, or a negative errno.
int recorder_install(uint32_t flags);
/// Hands a listener to the recorder. `pending`: a notification that was taken from it and not answered, or NULL. 0 or a negative errno.
int recorder_give(const struct vsh_recording *recording, int listener, const struct seccomp_notif *pending);

// process.c
struct operation;
/// A change of a program could not be looked at.
void note_unseen(struct operation *operation);
/// Has the answer to the event in flight outlive the recorder: what was done must not be done again. It is returned.
int know_answer(struct slot *slot, int answer);
_Noreturn void recorder_run(struct shared *shared, const char *state);
enum { FD_SOCKET = 3, FD_KICK = 4, FD_TIMER = 5 };

// journal.c
struct journal {
  uint64_t number;
  int fd;
  int references;
  uint8_t *base;
  _Atomic uint64_t allocated;
  uint32_t salt;
  struct journal *next;
};
struct buffer {
  uint8_t *bytes;
  size_t count, capacity;
};
struct table {
  uint64_t *keys;
  uint8_t *flags;
  size_t count, capacity;
};
struct operation {
  uint64_t number, start;
  struct journal *journal;
  int references;
  pthread_mutex_t lock;
  int64_t began;
  uint64_t copied;
  _Atomic uint32_t unseen;  // changes that could not be looked at
  struct table paths, inodes;
  bool has_guests;  // something that was there before came to another name, perhaps in a directory that the operation made, or a directory got one: what becomes of that counts
  uint64_t changes;  // records of changes
  struct doubt_list *doubts;
  struct table attempts;  // what was refused and noted, where once is enough
  struct operation *next;
};
enum { RECORD_HEADER = 24 };
enum { KIND_OPERATION = 1, KIND_CHANGE = 2, KIND_RESULT = 3, KIND_END = 4, KIND_REPLACED = 5, KIND_VOID = 6, KIND_REFUSAL = 16 };
enum { CHANGE_CREATED = 1, CHANGE_REMOVED, CHANGE_MOVED, CHANGE_CONTENT, CHANGE_APPENDED, CHANGE_ATTRIBUTES, CHANGE_TIMES, CHANGE_TAIL };
enum { PREIMAGE_MISSING = 0, PREIMAGE_IN_RECORD, PREIMAGE_OBJECT, PREIMAGE_COPY };
enum { REASON_NONE = 0, REASON_FILE_CAP, REASON_OPERATION_CAP, REASON_UNREADABLE, REASON_STORE, REASON_UNREPEATABLE };
enum { OUTCOME_FINISHED = 0, OUTCOME_INTERRUPTED = 1, OUTCOME_FAILED = 2, OUTCOME_REPLACED = 3 };
/// Flags of paths and of inodes in the operation's tables.
enum { PATH_COVERED = 1, PATH_CREATED = 2, PATH_TOUCHED = 4 };
enum { INODE_CONTENT = 2, INODE_APPENDED = 4, INODE_ATTRIBUTES = 8, INODE_EXTENDED = 16, INODE_BORN = 32 };

extern char state_path[PATH_MAX];
struct operation *operation_take(uint64_t journal, uint64_t number, uint64_t start);
void operation_release(struct operation *operation);
/// A new operation, like the one given, for what its processes change after it ended.
struct operation *operation_continue(struct operation *operation);
/// Whether no other listener belongs to it.
bool operation_is_last(struct operation *operation);
// finish.c
/// Ends the operation, if nobody did: results and end.
void operation_finish(struct operation *operation, uint32_t flags);
uint64_t next_item(struct journal *journal);
uint64_t journal_session(struct journal *journal);
/// The process whose operations are in the journal.
pid_t journal_owner(struct journal *journal);
/// Where the records end.
uint64_t journal_end(struct journal *journal);
/// Nanoseconds since 1970.
int64_t clock_now(void);
struct change {
  uint8_t kind, preimage, reason;
  uint64_t item;
  const struct statx *before;  // NULL: absent
  const char *path, *other, *location;
  const struct buffer *attributes, *content;
};
/// Where its record begins, or 0: there was no room.
uint64_t append_change(struct operation *operation, const struct change *change);
/// Where it begins, or 0.
uint64_t append_record(struct journal *journal, uint8_t kind, uint64_t operation, const struct buffer *payload);

// tables.c
uint8_t table_get(const struct table *table, uint64_t key);
void table_add(struct table *table, uint64_t key, uint8_t flags);
/// The same, in place of the flags that it had.
void table_put(struct table *table, uint64_t key, uint8_t flags);
void table_clear(struct table *table);
uint64_t hash_bytes(const void *bytes, size_t count);
bool buffer_put(struct buffer *buffer, const void *bytes, size_t count);
void buffer_free(struct buffer *buffer);
void put8(struct buffer *buffer, uint8_t value);
void put32(struct buffer *buffer, uint32_t value);
void put64(struct buffer *buffer, uint64_t value);
/// A count of 32 bits and the bytes.
void put_counted(struct buffer *buffer, const void *bytes, size_t count);
void put_text(struct buffer *buffer, const char *text);
void put_state(struct buffer *buffer, const struct statx *x);
uint64_t device_of(const struct statx *status);

// names.c
/// Bytes of a record.
struct span {
  const uint8_t *bytes;
  uint32_t count;
};
enum happening { HAPPENED_CAME, HAPPENED_LINKED, HAPPENED_MADE, HAPPENED_LEFT, HAPPENED_GONE };
enum { WAY_NAMES = 32 };
/// The names that an object had before one that it has at a change, back to its first; each from a change on. To be freed by the caller.
struct way {
  char *names[WAY_NAMES];
  uint32_t since[WAY_NAMES];
  int count;
  bool is_renamed;  // it was renamed or linked itself, not just along with a directory
};
struct names;
struct names *names_new(void);
void names_free(struct names *names);
/// To be called in the order of the numbers. The bytes are not copied. False without memory.
bool names_add(struct names *names, enum happening what, struct span at, struct span other, uint32_t number);
/// What the object at a path (LONG_PATH bytes) when a change is made was called when the operation began. True: it was not there.
bool names_origin(struct names *names, char *path, uint32_t number, struct way *way);
/// Where what a path stands for at a change is when the operation ends. False: nowhere any more.
bool names_place(struct names *names, char *path, uint32_t number);

// reader.c
/// What this process may see of the memory of programs that it starts, and the recorder of theirs.
enum looking { LOOK_NEVER, LOOK_FREELY, LOOK_AS_ANCESTOR };
enum looking may_look(void);
/// Starts the thread that reads for the recorder, if one is needed. 0 or a negative errno.
int reader_begin(struct reader *reader);
void reader_end(void);
void reader_start(struct shared *shared);
enum { READER_GONE = -10000 };
/// Whether memory could not be read for want of rights since the last call of this: changes went by unseen.
bool reading_failed(void);
/// A path, which is at the same address the same during one event.
bool read_string(pid_t pid, uint64_t address, char *into, size_t size);
/// To be called before each event.
void forget_strings(void);
bool read_bytes(pid_t pid, uint64_t address, void *into, size_t size);

// resolve.c
/// A name, and what is there.
struct place {
  char path[LONG_PATH];
  bool exists;
  bool is_covered;  // the directory is: the kernel keeps the program from what it may not change
  int directory;    // an open descriptor of it, until another name is found; -1: none
  size_t name;      // where in the path its name in that starts
  struct statx status;
};
/// The name that a path stands for; symbolic links are followed but for the last component.
bool find_name(const struct slot *slot, pid_t pid, int directory, const char *path, struct place *place);
/// The object that a path leads to.
bool find_object(const struct slot *slot, pid_t pid, int directory, const char *path, bool follow, struct place *place);
/// The state of what a descriptor is open on.
bool look_at_descriptor(pid_t pid, int descriptor, struct statx *status);
/// The path of what a descriptor is open on; something else may be there.
bool find_path(pid_t pid, int descriptor, char *into);
/// What /proc/self and its like mean to the process; `room`: LONG_PATH bytes for it.
const char *translate(pid_t pid, const char *path, char *room);
/// A directory is about to be renamed, or removed.
void directories_renamed(void);
void directory_removed(const struct statx *status);
/// To be called when the thread has done with a listener.
void forget_processes(void);
bool look(struct place *place);
size_t parent_length(const char *path);
/// Whether nothing is to be recorded of a path.
bool is_excluded(const char *path);
/// The event of this thread is to be allowed or refused, not recorded.
extern _Thread_local bool records_nothing;

// doubts.c
enum { DOUBT_RECORDS = 3 };
/// A call that may fail though its changes are recorded.
struct doubt {
  pid_t task;
  const struct slot *slot;
  uint64_t records[DOUBT_RECORDS];  // where they begin, or 0
  uint64_t keys[2];                 // of the names, or 0
  bool is_certain;
  uint64_t changes;
  struct statx object;
  char *path;
};
/// `object`: where it stays if the call fails. `is_certain`: it can never be there again once the call is made.
void note_doubt(struct operation *operation, const struct doubt *doubt, const struct place *object, bool is_certain);
/// Finds out about calls that are over by now, as those of the task are that makes the next one. Task 0: all tasks of the listener are gone.
void settle_doubts(struct operation *operation, const struct slot *slot, pid_t task);
void drop_doubts(struct operation *operation);

// preimage.c
/// Another link to a file in a store. 0 or the reason.
int keep_link(struct operation *operation, const struct place *place, uint64_t *item, const char **location);
int keep_copy(struct operation *operation, const struct place *place, uint64_t *item);
/// To be called when the thread has done with a listener.
void forget_group(void);
bool read_small(const struct place *place, struct buffer *content);
void read_attributes(const char *path, struct buffer *block);
bool is_store(const char *path);

/// The event of this thread is of a program that may see other mounts, or another root: that a path is told says little.
extern _Thread_local bool doubts_paths;
/// Whether what is open is what a path leads to, if that is to be doubted.
bool leads_back(int fd, const char *path);
/// The path of an open directory: "" when it is longer than a path may be. False: none leads there.
bool path_of_directory(int fd, char *into);
/// The directory that a path's last name is in, as a descriptor (O_PATH), or a negative errno: EBUSY when that is a dot, two, or none.
/// `name`: NAME_MAX + 2 bytes for the name, with a slash behind it where one stands.
int open_parent(const struct slot *slot, pid_t pid, int directory, const char *given, char *name);
/// Closes what the thread holds open of a task.
void forget_start(void);
/// The object as a descriptor (O_PATH), or a negative errno. An empty path: what the descriptor `directory` is open on.
int open_object(const struct slot *slot, pid_t pid, int directory, const char *given, bool follow);

// covers.c
/// Tells the recorder of the rules that a program has. The number of their places there; 0: nothing is known of them.
uint64_t covers_publish(struct shared *shared, uint32_t rules);
/// To be called when there will be another recorder.
void covers_forget_number(void);
/// Whether a program that is served by the slot can change what is below the directory by itself, and nothing that it may not.
bool covers_hold(const struct slot *slot, const struct statx *directory, const char *path);

// confine.c
/// The places with a number; NULL: they are too old.
const struct covers *covers_of(uint64_t number);
#if defined __x86_64__
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif
/// In place of a result: the call was made here, and gave 0, or a descriptor; or its answer will be given by another thread.
enum { ANSWER_DONE = 0x40000001, ANSWER_LATER = 0x40000002, ANSWER_DESCRIPTOR = 0x20000000 };
void confine_start(struct shared *shared);
bool is_confined(void);
/// Whether the task of the event at hand is confined, by the shell's bounds or others.
bool is_held(void);
uint32_t makes_calls(void);
/// Whether a path is a directory's, or that of something below it.
bool is_below(const char *path, const char *directory);
/// Whether the sandbox does not let the path be changed.
bool is_outside(const char *path);
/// The same, whatever bounds shells inside told of.
bool is_outside_shell(const char *path);
/// Answers calls that would take from the recorder what it needs to keep the bounds; or 0.
int keep_hold(struct operation *operation, pid_t pid, int number, const uint64_t *arguments);
/// Whether one of the shell's own directories lies below the path.
bool holds_own(const char *path);
void note_refusal(struct operation *operation, pid_t pid, const char *action, const char *path);
/// The same for the log alone. `zones`: of the bounds that were meant.
void enter_refusal(struct operation *operation, pid_t pid, const char *action, const char *path, const char *zones);
/// Both for what is tried again and again: in each operation a path is in the log once, and so many are at most.
void note_attempt(struct operation *operation, pid_t pid, const char *action, const char *path);
void enter_attempt(struct operation *operation, pid_t pid, const char *action, const char *path, const char *zones);
/// The lists of bounds: whether they do not let a path be changed; whether one of the directories that nobody changes lies below it.
bool is_outside_lists(const char *lists, const char *path);
bool lists_hold_own(const char *lists, const char *path);
/// Makes a call on attributes for the program. ANSWER_DONE, a negative errno, or 0: it may make the call itself.
int confine_attributes(struct slot *slot, struct operation *operation, const struct seccomp_notif *event, int number, const uint64_t *arguments);

// bounds.c
void bounds_start(struct shared *shared);
/// To be called before each event: finds out in which bounds of shells inside its task is.
void bounds_enter(const struct slot *slot, pid_t pid);
/// Whether it is in any.
bool is_bound(void);
bool is_outside_bounds(const char *path);
bool holds_own_in_bounds(const char *path);
/// Whether a path is that of a device that may be written to everywhere.
bool is_device_of_bounds(const char *path);
/// Those that the last answer of is_outside or holds_own came from; NULL: the shell's own.
struct bounds *bounds_that_refuse(void);
/// Whether bounds of shells inside do not let a path be read; as is_outside_bounds for what comes after.
bool is_unreadable_in_bounds(const char *path);
/// Those that the task is nearest to, or NULL.
struct bounds *bounds_present(void);
/// Whether the task may put Landlock rules on itself, as its bounds are kept here too: it is a shell inside, or a child of it that runs no other program.
bool bounds_let_restrict(pid_t pid);
/// The answer to a call with MAGIC_DESCRIPTOR.
int bounds_answer(struct slot *slot, struct operation *operation, pid_t pid, const uint64_t *arguments);
/// To be called when the last task of a slot is gone.
void bounds_end(struct slot *slot);

// reading.c
void reading_start(struct shared *shared);
/// Whether an event is an opening for reading or the start of a program, and leads nowhere that Landlock does not let the program read:
/// it is nobody's business.
bool reading_passes(struct slot *slot, const struct seccomp_notif *event);
/// The same for a program that the shell itself holds: it is answered at once. `list`: where reading is allowed; NULL: everywhere. False: the event is to be
/// dealt with.
bool reading_let_pass(const char *list, int listener, struct seccomp_notif *event);
/// Notes what did not pass. Whether it was such a call.
bool reading_note(struct slot *slot, struct operation *operation, const struct seccomp_notif *event);
/// The same for openat2.
void reading_note_opening(struct slot *slot, struct operation *operation, pid_t pid, const uint64_t *arguments);

// rights.c
/// The thread goes on with the rights of the task, where these are others: what it does the task may do. 0 or a negative errno.
int take_rights(pid_t pid);
/// It has its own again. errno stays.
void drop_rights(void);
bool has_taken_rights(void);
/// What the recorder does for itself meanwhile, as looking into the task, it does with its own.
void pause_rights(void);
void resume_rights(void);
/// Its mask for new files.
mode_t mask_of(pid_t pid);
/// Whether a call changes one of them: `forget_rights` is due.
bool changes_rights(int number);
void forget_rights(pid_t pid);
/// To be called when the thread has done with a listener.
void forget_all_rights(void);

// calls.c
/// Makes a call on names for the program, where the sandbox needs it. An answer, or 0: it may make the call itself.
int make_call(struct slot *slot, struct operation *operation, const struct seccomp_notif *event, int number, const uint64_t *a);

// changes.c
uint64_t key_of(const char *path);
uint64_t inode_key(const struct statx *x);
/// Whether the operation made the object, under this name.
bool is_born(struct operation *operation, const struct place *place);
/// The same, and that it goes need not be known: not of a directory in which there may have been something else.
bool is_own(struct operation *operation, const struct place *place);
/// Records the times of the directory around a name, once: a change in it alters them.
void touch_parent(struct operation *operation, const char *path);
/// `source`: of a second name, another one; else NULL. Of such a one it must be known what it was, to take it away without a trace.
void record_created(struct operation *operation, const struct place *place, const char *source);
/// An object will go from its name. Where its record begins, or 0.
uint64_t record_removed(struct operation *operation, const struct place *place);
/// The content of a regular file will change in place, or only grow.
void record_content(struct operation *operation, const struct place *place);
void record_appended(struct operation *operation, const struct place *place);
/// Mode, owner or times will change; `extended`: or extended attributes, of which the owner can change some too.
void record_attributes(struct operation *operation, const struct place *place, bool extended);

// events.c
/// Whether a file outside the sandbox is one that the task was given to write to (/dev/stdout leads to it): it is opened anew.
bool is_given(pid_t pid, const struct place *place);
/// Records what a call is about to change. What it answers: 0 lets the call go on, else its result (MAGIC_ANSWER).
int record_event(struct slot *slot, struct operation *operation, const struct seccomp_notif *event);
#endif
