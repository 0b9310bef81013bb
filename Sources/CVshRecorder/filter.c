// SPDX-License-Identifier: MPL-2.0
//
// The filter: a binary tree over call numbers (a list costs twice as much to install). Calls that only read never wait;
// most of them never even run the filter, since the kernel remembers which numbers are always allowed. There is a second filter, which
// also stops openings for reading and starts of programs (reading.c).
#include "internal.h"
#include "vsh_spawn.h"
#include <linux/audit.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>

enum rule { ALLOW, NOTIFY, REFUSE, OPEN_SECOND, OPEN_THIRD, STATUS_FLAGS, CONTROL, HIDING, NEW_TASK, READ_SECOND, READ_THIRD, RUN, LAST = RUN };

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif
/// Numbers above this may be calls that change files and that nobody knew of when this was written.
#define HIGHEST 469

static const struct {
  int number;
  enum rule rule;
} rules[] = {
#ifdef SYS_open
    {SYS_open, OPEN_SECOND},   {SYS_creat, NOTIFY},   {SYS_rename, NOTIFY},  {SYS_mkdir, NOTIFY},     {SYS_rmdir, NOTIFY},
    {SYS_link, NOTIFY},        {SYS_unlink, NOTIFY},  {SYS_symlink, NOTIFY}, {SYS_chmod, NOTIFY},     {SYS_chown, NOTIFY},
    {SYS_lchown, NOTIFY},      {SYS_utime, NOTIFY},   {SYS_mknod, NOTIFY},   {SYS_utimes, NOTIFY},    {SYS_futimesat, NOTIFY},
#endif
#ifdef SYS_renameat
    {SYS_renameat, NOTIFY},
#endif
    {SYS_openat, OPEN_THIRD},  {437, NOTIFY},         {SYS_truncate, NOTIFY}, {SYS_ftruncate, NOTIFY}, {SYS_fallocate, NOTIFY},
    {SYS_fchmod, NOTIFY},      {SYS_fchown, NOTIFY},  {SYS_setxattr, NOTIFY}, {SYS_lsetxattr, NOTIFY}, {SYS_fsetxattr, NOTIFY},
    {SYS_removexattr, NOTIFY}, {SYS_lremovexattr, NOTIFY}, {SYS_fremovexattr, NOTIFY}, {SYS_mkdirat, NOTIFY}, {SYS_mknodat, NOTIFY},
    {SYS_fchownat, NOTIFY},    {SYS_unlinkat, NOTIFY}, {SYS_linkat, NOTIFY},  {SYS_symlinkat, NOTIFY}, {SYS_fchmodat, NOTIFY},
    {SYS_utimensat, NOTIFY},   {SYS_renameat2, NOTIFY}, {SYS_bind, NOTIFY},   {452, NOTIFY},           {463, NOTIFY},
    {464, NOTIFY},             {465, NOTIFY},         {466, NOTIFY},        {467, NOTIFY},           {468, NOTIFY},
    {469, NOTIFY},         {SYS_fcntl, STATUS_FLAGS}, {SYS_ioctl, CONTROL}, {SYS_clone, NEW_TASK}, {SYS_unshare, NEW_TASK},
    {SYS_setns, NOTIFY},       {SYS_chroot, NOTIFY},  {425, REFUSE},
    // clone3 has its flags in memory: who does not get it takes clone.
    {435, REFUSE},
    // No change of a file, but of what a new one looks like.
    {SYS_umask, NOTIFY},
    // Hides memory from the recorder.
    {SYS_prctl, HIDING},
    // Bounds that would not hold for calls that the recorder makes: landlock_create_ruleset, landlock_restrict_self.
    {444, NOTIFY},             {446, NOTIFY},
    // Ways to a file without its path: open_tree has OPEN_TREE_CLONE where open has O_WRONLY.
    {SYS_open_by_handle_at, OPEN_THIRD}, {428, OPEN_THIRD},
    // fsmount, mount_setattr; and fanotify_init, which says in the second argument how what others open is opened for the caller too.
    {432, NOTIFY},             {442, NOTIFY},         {SYS_fanotify_init, OPEN_SECOND},
};
/// Control operations that type for the user (TIOCSTI, TIOCLINUX); set what chattr does (FS_IOC_SETFLAGS, its 32-bit one,
/// FS_IOC_FSSETXATTR, FAT_IOCTL_SET_ATTRIBUTES), or a version; seal or encrypt (FS_IOC_ENABLE_VERITY, FS_IOC_SET_ENCRYPTION_POLICY); make and
/// remove subvolumes (BTRFS_IOC_…).
static const uint32_t controls[] = {TIOCSTI,    0x541c,     0x40086602, 0x40046602, 0x401c5820, 0x40047211, 0x40087602, 0x40086604, 0x40806685, 0x800c6613,
                                    0x50009401, 0x5000940e, 0x5000940f, 0x50009417, 0x50009418, 0x5000943f, 0x4008941a};
enum { CONTROLS = sizeof controls / sizeof *controls };
/// Root's programs can give up rights.
static const int rights[] = {SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setgroups, SYS_setfsuid, SYS_setfsgid, SYS_capset};
enum { RIGHTS = sizeof rights / sizeof *rights, RULES = sizeof rules / sizeof *rules + RIGHTS };

/// What takes the place of the rules above, and what comes to them, where reading is watched too.
static const struct {
  int number;
  enum rule rule;
} reading_rules[] = {
#ifdef SYS_open
    {SYS_open, READ_SECOND},
#endif
    {SYS_openat, READ_THIRD}, {SYS_open_by_handle_at, NOTIFY}, {SYS_execve, RUN}, {SYS_execveat, NOTIFY},
};
enum { READING_RULES = sizeof reading_rules / sizeof *reading_rules, MOST_RULES = RULES + READING_RULES };

static struct sock_filter programs[2][208];
static struct sock_fprog filters[2] = {{0, programs[0]}, {0, programs[1]}};
/// The one that is being built.
static struct sock_filter *program;
static struct sock_fprog *filter;

/// The rule that holds from `first` on.
static struct bound {
  uint32_t first;
  enum rule rule;
} bounds[2 * MOST_RULES + 2];
static size_t bound_count;

static void emit(uint16_t code, uint32_t k, uint8_t yes, uint8_t no) {
  program[filter->len++] = (struct sock_filter){code, yes, no, k};
}

static void argument(int number) {
  emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * (unsigned)number, 0, 0);
}

static void answer(uint32_t what) { emit(BPF_RET | BPF_K, what, 0, 0); }

/// Where the answers are, which end the program.
static unsigned short allow, notify;

/// Jumps to one of the answers, which are laid down last: the distance is filled in then.
enum { TO_NEXT = 0, TO_ALLOW = 254, TO_NOTIFY = 255 };

/// Notify when a bit of `mask` is set in the accumulator.
static void when_set(uint32_t mask) { emit(BPF_JMP | BPF_JSET | BPF_K, mask, TO_NOTIFY, TO_ALLOW); }

static void leaf(enum rule rule) {
  switch (rule) {
  case ALLOW: allow = filter->len; return answer(SECCOMP_RET_ALLOW);
  case NOTIFY: notify = filter->len; return answer(SECCOMP_RET_USER_NOTIF);
  case REFUSE: return answer(SECCOMP_RET_ERRNO | ENOSYS);
  case OPEN_SECOND:
  case OPEN_THIRD:
    argument(rule == OPEN_SECOND ? 1 : 2);
    return when_set(O_ACCMODE | O_CREAT | O_TRUNC);
  case READ_SECOND:
  case READ_THIRD:
    argument(rule == READ_SECOND ? 1 : 2);
    return emit(BPF_JMP | BPF_JSET | BPF_K, O_PATH, TO_ALLOW, TO_NOTIFY);
  case RUN:
    // The shell itself says what it may not run. It marks its own calls, by a number that no program knows.
    argument(5);
    emit(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)vsh_exec_mark, TO_NEXT, TO_NOTIFY);
    emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * 5 + 4, 0, 0);
    return emit(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(vsh_exec_mark >> 32), TO_ALLOW, TO_NOTIFY);
  case NEW_TASK:
    argument(0);
    return when_set(CLONE_NEWNS | CLONE_NEWUSER);
  case CONTROL:
    argument(1);
    for (size_t i = 1; i < CONTROLS; i++) emit(BPF_JMP | BPF_JEQ | BPF_K, controls[i], TO_NOTIFY, TO_NEXT);
    return emit(BPF_JMP | BPF_JEQ | BPF_K, controls[0], TO_NOTIFY, TO_ALLOW);
  case HIDING:
    argument(0);
    return emit(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_DUMPABLE, TO_NOTIFY, TO_ALLOW);
  case STATUS_FLAGS:
    argument(1);
    emit(BPF_JMP | BPF_JEQ | BPF_K, F_SETFL, TO_NEXT, TO_ALLOW);
    argument(2);
    return emit(BPF_JMP | BPF_JSET | BPF_K, O_APPEND, TO_ALLOW, TO_NOTIFY);
  }
}

/// A branch that ends in a leaf: all that end in the same one share its code.
static struct end {
  unsigned short jump;
  bool is_right;
  enum rule rule;
} ends[sizeof bounds / sizeof *bounds + 1];
static size_t end_count;

/// Where to part the ranges: the kernel runs the filter once for every number when it is installed, so that what counts is that about as
/// many numbers lie on either side.
static size_t part(size_t from, size_t to) {
  uint32_t end = to + 1 < bound_count ? bounds[to + 1].first : HIGHEST + 1;
  size_t best = from + 1;
  uint32_t twice = bounds[from].first + end;
  for (size_t i = from + 1; i <= to; i++)
    if (labs(2L * bounds[i].first - twice) < labs(2L * bounds[best].first - twice)) best = i;
  return best;
}

static void tree(size_t from, size_t to) {
  size_t middle = part(from, to);
  unsigned short jump = filter->len;
  emit(BPF_JMP | BPF_JGE | BPF_K, bounds[middle].first, 0, 0);
  if (middle - 1 > from) tree(from, middle - 1);
  else ends[end_count++] = (struct end){jump, false, bounds[from].rule};
  program[jump].jt = (uint8_t)(filter->len - jump - 1);
  if (to > middle) tree(middle, to);
  else ends[end_count++] = (struct end){jump, true, bounds[to].rule};
}

static uint8_t distance(unsigned short from, unsigned short to) { return (uint8_t)(to - from - 1); }

static void leaves(void) {
  unsigned short start = filter->len;
  for (int i = LAST; i >= ALLOW; i--) {
    enum rule rule = (enum rule)i;
    unsigned short place = filter->len;
    leaf(rule);
    for (size_t k = 0; k < end_count; k++) {
      if (ends[k].rule != rule) continue;
      struct sock_filter *from = &program[ends[k].jump];
      *(ends[k].is_right ? &from->jt : &from->jf) = distance(ends[k].jump, place);
    }
  }
  for (unsigned short i = start; i < filter->len; i++) {
    uint8_t *jumps[2] = {&program[i].jt, &program[i].jf};
    for (int k = 0; k < 2; k++)
      if (*jumps[k] >= TO_ALLOW) *jumps[k] = distance(i, *jumps[k] == TO_ALLOW ? allow : notify);
  }
}

static int by_number(const void *a, const void *b) {
  return ((const struct bound *)a)->first < ((const struct bound *)b)->first ? -1 : 1;
}

const struct sock_fprog *filter_for(uint32_t flags) { return &filters[flags & READS ? 1 : 0]; }

/// Puts a rule among those that there are already, or in the place of one.
static size_t add_rule(struct bound *single, size_t count, int number, enum rule rule) {
  size_t i = 0;
  while (i < count && single[i].first != (uint32_t)number) i++;
  single[i] = (struct bound){(uint32_t)number, rule};
  return i < count ? count : count + 1;
}

void filter_build(bool reads) {
  filter = &filters[reads];
  program = programs[reads];
  if (filter->len) return;
  struct bound single[MOST_RULES];
  size_t count = 0;
  while (count < RULES - RIGHTS) {
    single[count] = (struct bound){(uint32_t)rules[count].number, rules[count].rule};
    count++;
  }
  while (reads && !vsh_exec_mark) {
    if (getrandom(&vsh_exec_mark, sizeof vsh_exec_mark, 0) < 0) vsh_exec_mark = (uint64_t)clock_now() << 20 ^ (uintptr_t)single;
  }
  for (size_t i = 0; i < READING_RULES && reads; i++) count = add_rule(single, count, reading_rules[i].number, reading_rules[i].rule);
  for (size_t i = 0; i < RIGHTS && geteuid() == 0; i++) single[count++] = (struct bound){(uint32_t)rights[i], NOTIFY};
  qsort(single, count, sizeof *single, by_number);
  uint32_t next = 0;
  bound_count = 0;
  for (size_t i = 0; i < count; i++) {
    if (single[i].first > next) bounds[bound_count++] = (struct bound){next, ALLOW};
    if (bound_count == 0 || bounds[bound_count - 1].rule != single[i].rule || single[i].rule > REFUSE || single[i].first > next)
      bounds[bound_count++] = single[i];
    next = single[i].first + 1;
  }
  if (next <= HIGHEST) bounds[bound_count++] = (struct bound){next, ALLOW};
  bounds[bound_count++] = (struct bound){HIGHEST + 1, REFUSE};
  emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
  // The other tables (32-bit programs): every call is looked at, by its number there.
  emit(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
  answer(SECCOMP_RET_USER_NOTIF);
  emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
  end_count = 0;
  tree(0, bound_count - 1);
  leaves();
}

int native_number(int number_32) {
#ifdef __x86_64__
  static const short pairs[][2] = {
      {5, SYS_open},        {8, SYS_creat},       {9, SYS_link},        {10, SYS_unlink},     {14, SYS_mknod},      {15, SYS_chmod},
      {16, SYS_lchown},     {30, SYS_utime},      {38, SYS_rename},     {39, SYS_mkdir},      {40, SYS_rmdir},      {54, SYS_ioctl},      {55, SYS_fcntl},
      {61, SYS_chroot},     {83, SYS_symlink},    {92, SYS_truncate},   {93, SYS_ftruncate},  {94, SYS_fchmod},     {95, SYS_fchown},
      {182, SYS_chown},     {193, SYS_truncate},  {194, SYS_ftruncate}, {198, SYS_lchown},    {207, SYS_fchown},    {212, SYS_chown},
      {221, SYS_fcntl},     {226, SYS_setxattr},  {227, SYS_lsetxattr}, {228, SYS_fsetxattr}, {235, SYS_removexattr}, {236, SYS_lremovexattr},
      {237, SYS_fremovexattr}, {271, SYS_utimes}, {295, SYS_openat},    {296, SYS_mkdirat},   {297, SYS_mknodat},   {298, SYS_fchownat},
      {299, SYS_futimesat}, {301, SYS_unlinkat},  {302, SYS_renameat},  {303, SYS_linkat},    {304, SYS_symlinkat}, {306, SYS_fchmodat},
      {23, SYS_setuid},     {46, SYS_setgid},     {60, SYS_umask},      {70, SYS_setreuid},   {71, SYS_setregid},   {81, SYS_setgroups},
      {138, SYS_setfsuid},  {139, SYS_setfsgid},  {164, SYS_setresuid}, {170, SYS_setresgid}, {11, SYS_execve},     {358, SYS_execveat},   {172, SYS_prctl},     {185, SYS_capset},    {203, SYS_setreuid},
      {204, SYS_setregid},  {206, SYS_setgroups}, {208, SYS_setresuid}, {210, SYS_setresgid}, {213, SYS_setuid},    {214, SYS_setgid},
      {215, SYS_setfsuid},  {216, SYS_setfsgid},  {120, SYS_clone},      {310, SYS_unshare},   {320, SYS_utimensat}, {324, SYS_fallocate}, {342, SYS_open_by_handle_at}, {346, SYS_setns},     {353, SYS_renameat2}, {361, SYS_bind},
      {412, SYS_utimensat}, {425, 425},           {428, 428},           {432, 432},           {435, 435},           {437, 437},           {442, 442},           {338, SYS_fanotify_init}, {444, 444},           {446, 446},           {452, 452},           {463, 463},           {466, 466},
      {469, 469},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    if (pairs[i][0] == number_32) return pairs[i][1];
#endif
  return -1;
}
