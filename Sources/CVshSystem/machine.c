// SPDX-License-Identifier: MPL-2.0
#include "vsh_machine.h"
#include "result.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif

int vsh_landlock_version(void) { return (int)RESULT(syscall(SYS_landlock_create_ruleset, NULL, 0, 1)); }

int vsh_mounted(const char *path, struct vsh_mounted *info) {
  static const struct {
    uint32_t type;
    const char *name;
  } known[] = {
      {0xef53, "ext4"},         {0x9123683e, "btrfs"},    {0x58465342, "xfs"},   {0x01021994, "tmpfs"}, {0x794c7630, "overlay"},
      {0x2fc12fc1, "zfs"},      {0xca451a4e, "bcachefs"}, {0x6969, "nfs"},       {0x65735546, "fuse"},  {0xf2f52010, "f2fs"},
      {0xff534d42, "cifs"},     {0xfe534d42, "smb"},      {0x01021997, "9p"},    {0x4d44, "fat"},       {0x2011bab0, "exfat"},
      {0x5346544e, "ntfs"},     {0x858458f6, "ramfs"},    {0x73717368, "squashfs"}, {0xe0f5e1e2, "erofs"}, {0x9660, "iso9660"},
  };
  struct statfs raw;
  int result = RETRY(statfs(path, &raw));
  if (result < 0) return result;
  *info = (struct vsh_mounted){.type = (uint32_t)raw.f_type, .total = raw.f_blocks * (uint64_t)raw.f_frsize,
                                   .available = raw.f_bavail * (uint64_t)raw.f_frsize};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (known[i].type == info->type) info->name = known[i].name;
  return 0;
}

int vsh_shares_blocks(const char *directory) {
  int files[2], result = 0;
  for (int i = 0; i < 2; i++) {
    files[i] = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (files[i] >= 0) continue;
    result = -errno;
    if (i) close(files[0]);
    return result;
  }
  char block[4096] = {1};
  if (write(files[0], block, sizeof block) == (ssize_t)sizeof block) result = ioctl(files[1], FICLONE, files[0]) == 0;
  close(files[0]);
  close(files[1]);
  return result;
}
