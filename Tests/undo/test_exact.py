#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""test_exact.py [-k TEXT] [-v] [--shell PATH] [--tmp DIR] [--fs LIST]

What builtins and redirections change is undone exactly, and redone: type, content, mode with its high bits, owner, access and
modification time of files to the nanosecond, times of directories, extended attributes with access lists, link targets, hard
links, device numbers, and that sparse files stay sparse. As root and as nobody; with the store on the tree's file system and
on another; on tmpfs and, where root may mount images, on ext4, XFS and btrfs. Prints 'N passed, N failed'.
"""
import argparse, hashlib, os, shutil, stat, subprocess, sys, tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
import mounts  # noqa: E402

NOBODY = 65534
SETUP = r"""
mkdir -p d/sub/deep 'd/a b' e; printf one > d/1; printf two > d/2; ln d/1 d/hard; ln d/2 outside; printf deep > d/sub/deep/x
ln -s 1 d/soft; ln -s /nowhere d/dangling; mkfifo d/pipe; : > d/empty; ln d/empty d/empty2
head -c 70000 /dev/urandom > big; head -c 9000 /dev/urandom > middle; printf small > f; printf small > g; ln g g2
truncate -s 3000000 sparse; printf here | dd of=sparse bs=1 seek=1500000 conv=notrunc status=none
printf x > "$(printf 'd/\377\n\t-')"
python3 -S -c "import socket; s = socket.socket(socket.AF_UNIX); s.bind('d/sock')"
setfattr -n user.note -v hello d/1 2>/dev/null; setfattr -n user.b -v 0x00ff00 f 2>/dev/null; setfattr -n user.dir -v x d/sub 2>/dev/null
setfacl -m u:12345:rw,g:77:r d/2 f 2>/dev/null; setfacl -d -m u:12345:rwx d/sub 2>/dev/null
chmod 4751 d/1; chmod 2640 middle; chmod 1777 e; chmod 2750 d/sub; chmod 600 big
[ "$(id -u)" != 0 ] || { mknod d/null c 1 3; mknod d/block b 7 200; chown 12:34 d/sub/deep/x big; chown -h 5:6 d/soft; setfattr -n trusted.x -v y f 2>/dev/null; }
touch -d '2001-02-03 04:05:06.123456789' d/1 d/sub/deep/x f big sparse outside; touch -hd '2002-01-01 00:00:00.5' d/soft
touch -a -d '2003-03-03 03:03:03.333333333' f g big; touch -d '1999-12-31 23:59:59.999999999' d/sub/deep d/sub d/pipe d
true
"""
# name, users, command
CASES = [
    ("rm -r", "rn", "rm -r d"),
    ("rm one by one", "rn", "rm d/1 d/2 d/hard d/soft d/pipe d/empty d/sock f sparse"),
    ("rm of hard links", "rn", "rm g; rm g2; rm d/empty d/empty2"),
    ("rm of devices", "r", "rm d/null d/block"),
    ("rmdir", "rn", "rmdir 'd/a b'"),
    ("mv over", "rn", "mv big f; mv d/1 g; mv -f middle sparse"),
    ("mv tree", "rn", "mv d e/new; mv e/new/sub up"),
    ("mv into", "rn", "mv f g d/pipe d/soft e"),
    ("cp over", "rn", "cp big f; cp f g; cp middle sparse"),
    ("cp -r", "rn", "cp -r e copy; cp -a f middle big copy"),
    ("cp over a tree", "rn", "cp e/nothing t 2>/dev/null; mkdir -p t/sub; echo x > t/1; cp -rf --no-preserve=mode d/1 d/2 d/sub t"),
    ("ln over", "rn", "ln -f f g; ln -sf big d/1; ln -f d/2 d/1"),
    ("ln -s", "rn", "ln -s x new; ln f new2; ln -sfn y d/soft"),
    ("chmod", "rn", "chmod 600 d/1 f d/2; chmod u+s,g+s f; chmod 000 middle; chmod 0700 e d/sub"),
    ("chmod -R", "rn", "chmod -R a-rwx,u+rwx d"),
    ("chown", "r", "chown 77:88 d/1 f; chown -h 9 d/soft; chown -R 1:2 d/sub"),
    ("touch", "rn", "touch f new d/1 d; touch -d 2020-01-01 e d/sub/deep; touch -a g; touch -hd 2000-01-01 d/soft"),
    ("overwrite", "rn", "echo x > f; echo y > big; : > sparse; echo z > middle; : > d/empty; echo 1 > d/1"),
    ("append", "rn", "echo x >> f; echo y >> big; echo z >> sparse; echo 1 >> d/1; echo 2 >> d/empty"),
    ("read and write", "rn", "echo X 1<> f; echo Y 1<> big"),
    ("append, then overwrite", "rn", "echo x >> f; echo y > f; rm f; echo z > f; chmod 700 f"),
    ("create", "rn", "mkdir -p n/m/o; echo x > n/m/f; : > n/g; ln n/g n/h; ln -s g n/i; touch d/sub/new"),
    ("create and remove", "rn", "mkdir n; echo x > n/f; rm -r n; mkdir n; rmdir n; echo x > f; rm f"),
    ("everything", "rn", "cp g h; rm -r d/sub; mv f d; cp big d/1; chmod 700 d; mv d e; echo x > e/d/2; rm -r e/d; mkdir d; echo new > d/1"),
    ("closed directory", "rn", "chmod 555 d/sub; rm -rf d; chmod 755 d/sub 2>/dev/null; true"),
    ("removed working directory", "rn", "cd d/sub/deep; rm -r ../../../d; echo x > y; cd /; true"),
    ("working directory moves", "rn", "cd d/sub; echo 1 > one; mv ../../d ../../dd 2>/dev/null || mv \"$PWD/../../d\" \"$PWD/../../dd\"; echo 2 > two"),
    ("into /dev/null and pipes", "rn", "echo x > /dev/null; echo y | cat > f; { echo a; echo b >> g; } > big"),
    ("through a second name", "rn", "ln g s1; echo more >> s1; rm s1; ln d/1 s2; echo x > s2; rm s2; ln big s3; : > s3; mv s3 s4; rm s4"),
    ("through a second name, replaced", "rn", "ln g s1; chmod 600 s1; echo y >> s1; mv f s1; ln big s2; ln s2 s3; echo z > s3; rm s2; cp e/n s3; rm s3"),
    ("through a second name, a program between", "rn", "ln g s1; /bin/true; echo more >> s1; rm s1; ln middle s2; /bin/true; : > s2; mv s2 s3; rm s3"),
    ("through a second name of a moved file", "rn", "ln g s1; mv g s2; echo x >> s1; rm s1; mv s2 g; ln f s3; mv f s4; mv s3 f; echo x >> s4; rm s4"),
    ("through a symbolic link", "rn", "ln -s g s1; echo x >> s1; rm s1; ln -s d s2; echo x > s2/1; chmod 600 s2/2; rm s2"),
    ("renamed, changed, renamed back", "rn", "mv g t; echo x >> t; mv t g; mv d t; echo x >> t/1; echo n > t/new; rm t/2; chmod 700 t/sub; mv t/empty t/full; mv t d"),
    ("only in a tree that was away", "rn", "mv d t; echo n > t/new; mv t d; mv e d; echo n > d/e/new; mv d/e ."),
    ("exchanged", "rn", "mv f t; mv big f; mv t big; echo x >> f; echo y > big; mv f t; mv big f; mv t big"),
    ("noclobber", "rn", "set -C; echo x > f; echo y > nf; echo z >| g"),
    ("across file systems", "rn", "mv f d \"$OTHER\"; mv \"$OTHER/f\" back"),
]


def snapshot(top, access=True):
    """path -> what undo promises; groups of hard links. Reading leaves no trace in the times of files."""
    seen, inodes = {}, {}
    for base, dirs, files in os.walk(top):
        for name in [b"."] * (base == top) + dirs + files:
            path = os.path.join(base, name)
            s = os.lstat(path)
            kind, content = stat.S_IFMT(s.st_mode), None
            times = [s.st_mtime_ns]
            if kind == stat.S_IFLNK:
                content = os.readlink(path)
            elif kind == stat.S_IFREG:
                times.append(s.st_atime_ns if access else 0)
                with open(path, "rb", opener=lambda p, f: os.open(p, f | os.O_NOATIME)) as f:
                    content = hashlib.sha1(f.read()).hexdigest()
                # A file of a megabyte of which a tenth is on the disk.
                content = (content, s.st_size, s.st_size > 1_000_000 and s.st_blocks * 512 < s.st_size // 10)
            if kind in (stat.S_IFCHR, stat.S_IFBLK):
                content = s.st_rdev
            if kind != stat.S_IFDIR:
                inodes.setdefault((s.st_dev, s.st_ino), []).append(path[len(top):])
            names = os.listxattr(path, follow_symlinks=False)
            attributes = sorted((n, os.getxattr(path, n, follow_symlinks=False)) for n in names)
            seen[path[len(top):]] = (oct(s.st_mode), s.st_uid, s.st_gid, tuple(times), content, attributes)
    return seen, sorted(sorted(g) for g in inodes.values() if len(g) > 1)


def differences(got, want):
    lines = ["%r is %r, not %r" % (p, got[0].get(p), want[0].get(p)) for p in sorted(set(got[0]) | set(want[0])) if got[0].get(p) != want[0].get(p)]
    return lines + (["links %r, not %r" % (got[1], want[1])] if got[1] != want[1] else [])


def run_case(a, case, where, home_at, user):
    name, _, command = case
    work = tempfile.mkdtemp(prefix="vsh-exact-", dir=where)
    home = tempfile.mkdtemp(prefix="vsh-exact-home-", dir=home_at)
    other = tempfile.mkdtemp(prefix="vsh-exact-other-", dir=a.other)
    top = work + "/w"
    try:
        os.mkdir(top)
        if user == "n":
            for path in [work, home, other, top]:
                os.chown(path, NOBODY, NOBODY)
        env = {"HOME": home, "PATH": os.environ["PATH"], "LC_ALL": "C", "OTHER": other}
        if "devices" in name:
            env["VSH_SANDBOX"] = "off"  # in which none can be made
        as_user = dict(user=NOBODY, group=NOBODY, extra_groups=[]) if user == "n" else {}
        run = lambda words, cwd=top: subprocess.run(words, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, **as_user)
        run(["sh", "-c", SETUP])
        # What cp and mv across file systems read has another access time, which is no change to undo.
        access = not "cp " in command and "OTHER" not in command
        states = [snapshot(top.encode(), access)]
        done = run([a.shell, "-c", command])
        states.append(snapshot(top.encode(), access))
        said = b"not undoable" in done.stdout or b"cannot be undone" in done.stdout
        for turn, (what, index) in enumerate([("undo", 0), ("redo", 1), ("undo", 0)]):
            if states[0] == states[1]:
                return []
            r = run([a.shell, "-c", what], cwd=home)
            wrong = differences(snapshot(top.encode(), access), states[index])
            if wrong and said and "only its content" in done.stdout.decode(errors="replace"):
                # Told of: hard links that cannot be kept here.
                wrong = [line for line in wrong if not line.startswith("links") and "outside" not in line]
            if wrong or r.returncode:
                return ["%s %d: %d %r; the command: %r" % (what, turn, r.returncode, r.stdout, done.stdout)] + wrong
        return []
    finally:
        for path in [work, home, other]:
            subprocess.run(["chmod", "-R", "u+rwx", path], stderr=subprocess.DEVNULL)
            shutil.rmtree(path, ignore_errors=True)


class Image:
    """A file system in a file, mounted; `where` is None where that is not possible."""

    def __init__(self, kind, tmp):
        self.kind, self.dir, self.where = kind, tempfile.mkdtemp(prefix="vsh-image-", dir=tmp), None
        make = {"ext4": ["mkfs.ext4", "-q"], "xfs": ["mkfs.xfs", "-q"], "btrfs": ["mkfs.btrfs", "-q"]}[kind]
        if os.geteuid() != 0 or not shutil.which(make[0]):
            return
        os.chmod(self.dir, 0o755)
        image, point = self.dir + "/image", self.dir + "/mount"
        os.mkdir(point)
        with open(image, "wb") as f:
            f.truncate((320 if kind == "xfs" else 200) << 20)
        if subprocess.run(make + [image], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
            if subprocess.run(["mount", "-o", "loop", image, point], stderr=subprocess.DEVNULL).returncode == 0:
                os.chmod(point, 0o755)
                self.where = point
                # nobody cannot make a store at the top, but has a place.
                os.mkdir(point + "/place")
                os.chmod(point + "/place", 0o1777)

    def close(self):
        if self.where:
            subprocess.run(["umount", self.where])
        shutil.rmtree(self.dir, ignore_errors=True)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("-k", default="")
    ap.add_argument("-v", action="store_true")
    ap.add_argument("--fs", default="here,tmpfs,ext4,xfs,btrfs")
    ap.add_argument("--shell", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.build/release/vsh"))
    ap.add_argument("--tmp", default=None)
    a = ap.parse_args()
    a.shell = os.path.abspath(a.shell)
    os.umask(0o022)
    base = tempfile.mkdtemp(prefix="vsh-exact-base-", dir=a.tmp)
    os.chmod(base, 0o1777)
    # nobody has to reach the shell.
    shutil.copy(a.shell, base + "/vsh")
    a.shell = base + "/vsh"
    a.other = "/dev/shm" if os.access("/dev/shm", os.W_OK) else base
    images, places = [], []
    passed = failed = 0
    try:
        for fs in a.fs.split(","):
            if fs == "here":
                places.append(("here", base, base))
            elif fs == "tmpfs" and os.access("/dev/shm", os.W_OK):
                places += [("tmpfs", "/dev/shm", "/dev/shm"), ("tmpfs, store elsewhere", "/dev/shm", base)]
            elif fs != "tmpfs":
                image = Image(fs, base)
                images.append(image)
                if image.where:
                    place = image.where + "/place"
                    places += [(fs, place, place), (fs + ", store elsewhere", place, base)]
                else:
                    print("   skipped: %s (no mkfs.%s, or no loop mounts)" % (fs, fs))
        users = "rn" if os.geteuid() == 0 else "u"
        for where, tree, home in places:
            counts = [0, 0]
            for case in CASES:
                if a.k not in case[0]:
                    continue
                for user in users:
                    if user == "u" and "n" not in case[1] or user != "u" and user not in case[1]:
                        continue
                    try:
                        wrong = run_case(a, case, tree, home, user)
                    except Exception as e:
                        wrong = [repr(e)]
                    counts[bool(wrong)] += 1
                    if wrong:
                        print("FAILED: %s, on %s as %s" % (case[0], where, {"r": "root", "n": "nobody", "u": "user"}[user]))
                        print("\n".join("    " + line[:400] for line in wrong[:9]), flush=True)
            if a.v:
                print("   %s: %d passed, %d failed" % (where, counts[0], counts[1]), flush=True)
            passed, failed = passed + counts[0], failed + counts[1]
    finally:
        for image in images:
            image.close()
        shutil.rmtree(base, ignore_errors=True)
    print("%d passed, %d failed" % (passed, failed))
    return int(failed > 0)


if __name__ == "__main__":
    mounts.apart()
    sys.exit(main())
