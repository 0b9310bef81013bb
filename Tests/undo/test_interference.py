#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""test_interference.py [--shell PATH] [-v]

What others do between an operation and its undo. For every operation on every kind of file, every interference with a path that
it touched or stands near: undo either brings back exactly the state before the operation, with the other's change left alone, or
it refuses with status 3 and changes nothing at all. `--force` must then bring back the operation's paths, and its own undo what
was there. The last line is 'N passed, N failed'.
"""
import argparse, hashlib, os, shutil, socket, stat, subprocess, sys, tempfile

ROOT = os.geteuid() == 0


def snapshot(top):
    """path -> everything that undo promises to bring back; directory times only of what an operation named."""
    seen, inodes = {}, {}
    for base, dirs, files in os.walk(top):
        for name in dirs + files:
            path = os.path.join(base, name)
            s = os.lstat(path)
            content = None
            if stat.S_ISLNK(s.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(s.st_mode):
                with open(path, "rb") as file:
                    content = hashlib.sha1(file.read()).hexdigest()
                inodes.setdefault((s.st_dev, s.st_ino), []).append(os.path.relpath(path, top))
            time = 0 if stat.S_ISDIR(s.st_mode) else s.st_mtime_ns
            seen[os.path.relpath(path, top)] = (stat.S_IFMT(s.st_mode), stat.S_IMODE(s.st_mode), s.st_uid, s.st_gid, content, time)
    links = sorted(sorted(group) for group in inodes.values() if len(group) > 1)
    return seen, links


# What is at `x` before the operation.
def make_file(p): open(p, "w").write("old\n"); os.chmod(p, 0o640); os.utime(p, (1, 10**9))
def make_dir(p): os.mkdir(p); open(p + "/in", "w").write("in\n"); os.mkdir(p + "/sub"); os.symlink("in", p + "/sub/l")
def make_link(p): os.symlink("elsewhere", p)
def make_fifo(p): os.mkfifo(p)
def make_hard(p): make_file(p); os.link(p, p + ".other")
def make_nothing(p): pass


KINDS = {"file": make_file, "dir": make_dir, "symlink": make_link, "fifo": make_fifo, "hard link": make_hard, "nothing": make_nothing}
OPERATIONS = {
    "create": ("echo new > x", ["nothing"]),
    "mkdir": ("mkdir x", ["nothing"]),
    "overwrite": ("echo new > x", ["file", "hard link"]),
    "append": ("echo more >> x", ["file", "hard link"]),
    "rm": ("rm -f x", ["file", "symlink", "fifo", "hard link"]),
    "rm -r": ("rm -r x", ["dir", "file"]),
    "external rm -r": ("/bin/rm -rf x", ["dir", "file", "symlink", "fifo"]),
    "mv": ("mv x y", ["file", "dir", "symlink", "fifo", "hard link"]),
    "mv over": ("echo target > y; mv -f x y", ["file", "symlink", "hard link"]),
    "mv over what was there": ("mv -f x z", ["file", "symlink", "fifo", "hard link"]),
    "cp -r": ("cp -r x y", ["file", "dir", "symlink", "hard link"]),
    "cp over": ("cp z x", ["file", "hard link"]),
    "chmod": ("chmod 711 x", ["file", "dir", "hard link", "fifo"]),
    "ln -sf": ("ln -sfn away x", ["file", "symlink", "fifo"]),
    "ln": ("ln x y", ["file", "hard link"]),
    "touch": ("touch x", ["file", "dir", "nothing", "hard link", "fifo"]),
    "append by a second name": ("ln x y; echo more >> y; rm y", ["file", "hard link"]),
    "append while renamed": ("mv x y; echo more >> y; mv y x", ["file", "hard link"]),
    "append in a renamed directory": ("mv x y; echo more >> y/in; rm y/sub/l; echo new > y/new; mv y x", ["dir"]),
    "append and rm": ("echo more >> x; rm x", ["file", "hard link"]),
    "sed -i": ("sed -i s/o/0/ x", ["file"]),
}
if ROOT:
    OPERATIONS["chown"] = ("chown 7:8 x", ["file", "dir", "hard link", "fifo"])


def spoil_edit(p):
    s = os.lstat(p)
    if stat.S_ISREG(s.st_mode): open(p, "a").write("outside\n"); return True
    if stat.S_ISDIR(s.st_mode): open(p + "/outside", "w").write("outside\n"); return True
    return False


def spoil_same_length(p):
    if not stat.S_ISREG(os.lstat(p).st_mode): return False
    data = open(p, "rb").read()
    if not data: return False
    open(p, "r+b").write(bytes([data[0] ^ 1]))
    return True


def spoil_mode(p):
    if stat.S_ISLNK(os.lstat(p).st_mode): return False
    os.chmod(p, 0o604)
    return True


def spoil_delete(p):
    shutil.rmtree(p) if os.path.isdir(p) and not os.path.islink(p) else os.unlink(p)
    return True


def spoil_rename(p): os.rename(p, p + ".away"); return True


def spoil_file(p):
    if os.path.lexists(p): spoil_delete(p)
    open(p, "w").write("another's\n")
    return True


def spoil_dir(p):
    if os.path.lexists(p): spoil_delete(p)
    os.mkdir(p)
    open(p + "/theirs", "w").write("theirs\n")
    return True


def spoil_symlink(p):
    if os.path.lexists(p): spoil_delete(p)
    os.symlink("theirs", p)
    return True


def spoil_fifo(p):
    if os.path.lexists(p): spoil_delete(p)
    os.mkfifo(p)
    return True


PRESENT = {"edit": spoil_edit, "same length": spoil_same_length, "mode": spoil_mode, "delete": spoil_delete, "rename": spoil_rename}
ANY = {"file there": spoil_file, "directory there": spoil_dir, "symlink there": spoil_symlink, "fifo there": spoil_fifo}


class Matrix:
    def __init__(self, options):
        self.shell, self.verbose = options.shell, options.verbose
        self.passed = self.failed = 0
        self.base = tempfile.mkdtemp(prefix="vsh-matrix-", dir=options.tmp)

    def vsh(self, text):
        return subprocess.run([self.shell, "-c", text], cwd=self.top, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def fresh(self, kind, command):
        shutil.rmtree(self.base)
        os.makedirs(self.base + "/home")
        self.top = self.base + "/tree"
        os.mkdir(self.top)
        self.env = {"HOME": self.base + "/home", "PATH": os.environ["PATH"], "LC_ALL": "C"}
        open(self.top + "/z", "w").write("bystander\n")
        KINDS[kind](self.top + "/x")
        before = snapshot(self.top)
        r = self.vsh(command)
        return before, snapshot(self.top), r

    def result(self, ok, what, *details):
        if ok:
            self.passed += 1
            if self.verbose: print("ok", what)
        else:
            self.failed += 1
            print("FAILED", what)
            for detail in details: print("   ", detail)

    @staticmethod
    def different(a, b):
        return [(p, a[0].get(p), b[0].get(p)) for p in sorted(set(a[0]) | set(b[0])) if a[0].get(p) != b[0].get(p)] + \
            ([("links", a[1], b[1])] if a[1] != b[1] else [])

    def run(self):
        for name, (command, kinds) in OPERATIONS.items():
            for kind in kinds:
                self.one(name, command, kind)
        shutil.rmtree(self.base)

    def one(self, name, command, kind):
        what = f"{name} of {kind}"
        before, after, r = self.fresh(kind, command)
        if before == after:
            # Only times of a directory may have changed.
            return self.result(kind == "dir", what + ": nothing happened", r.stdout)
        footprint = {p for p in set(before[0]) | set(after[0]) if before[0].get(p) != after[0].get(p)}
        r = self.vsh("undo")
        self.result(r.returncode == 0 and snapshot(self.top) == before, what + ": undo",
                    r.returncode, r.stdout, self.different(snapshot(self.top), before))
        r = self.vsh("redo")
        self.result(r.returncode == 0 and self.alike(snapshot(self.top), after), what + ": redo", r.returncode, r.stdout,
                    self.different(snapshot(self.top), after))
        for place in ("x", "y", "z", "w"):
            for spoiler, spoil in {**PRESENT, **ANY}.items():
                before, after, _ = self.fresh(kind, command)
                path = self.top + "/" + place
                if spoiler in PRESENT and not os.path.lexists(path): continue
                try:
                    if not spoil(path): continue
                except OSError:
                    continue
                self.spoiled(f"{what}, then {spoiler} at {place}", before, after, footprint, place)

    @staticmethod
    def near(a, b, attributes):
        """The same kind of thing, and of a file the same content, unless the operation was about something else."""
        return a is not None and a[0] == b[0] and (attributes or a[4] == b[4])

    @staticmethod
    def alike(a, b):
        """The same but for the times of what was made again."""
        return {p: v[:5] for p, v in a[0].items()} == {p: v[:5] for p, v in b[0].items()} and a[1] == b[1]

    def spoiled(self, what, before, after, footprint, place):
        spoiled = snapshot(self.top)
        changed = {p for p in set(after[0]) | set(spoiled[0]) if after[0].get(p) != spoiled[0].get(p)}
        r = self.vsh("undo")
        now = snapshot(self.top)
        if r.returncode == 3:
            self.result(now == spoiled, what + ": refused", r.stdout, self.different(now, spoiled))
            self.result(place.encode() in r.stdout or b"in" in r.stdout, what + ": names it", r.stdout)
            r = self.vsh("undo --force")
            forced = snapshot(self.top)
            # What cannot be brought back, as nothing of it was kept, is named, and the status says so.
            bad = [(p, forced[0].get(p), before[0][p]) for p in footprint & set(before[0])
                   if not self.near(forced[0].get(p), before[0][p], what.split()[0] in ("chmod", "chown", "touch"))]
            self.result(r.returncode == (1 if bad else 0) or r.returncode == 1, what + ": forced", r.returncode, r.stdout, bad)
            r = self.vsh("redo --force")
            back = snapshot(self.top)
            self.result(r.returncode in (0, 1) and self.alike(back, spoiled), what + ": redone", r.returncode, r.stdout,
                        self.different(back, spoiled))
            return
        # Undone: its own paths as before, the other's left alone.
        bad = [(p, now[0].get(p), before[0].get(p)) for p in set(before[0]) | set(now[0])
               if p not in changed and now[0].get(p) != before[0].get(p)]
        # What another put into a directory goes with it when that goes back to its old name.
        bad += [(p, now[0].get(p), spoiled[0].get(p)) for p in changed - footprint
                if now[0].get(p) != spoiled[0].get(p) and now[0].get(p.replace("y/", "x/", 1)) != spoiled[0].get(p)
                and now[0].get(p.replace("z/", "x/", 1)) != spoiled[0].get(p)]
        bad = [b for b in bad if not (b[0].startswith("x/") and b[1] == spoiled[0].get(b[0].replace("x/", "y/", 1)))]
        self.result(r.returncode == 0 and not bad and not (changed & footprint), what + ": undone", r.returncode, r.stdout, bad,
                    changed & footprint)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--shell", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.build/release/vsh"))
    ap.add_argument("--tmp", default=None)
    ap.add_argument("-v", dest="verbose", action="store_true")
    options = ap.parse_args()
    options.shell = os.path.abspath(options.shell)
    os.umask(0o022)
    matrix = Matrix(options)
    matrix.run()
    print("%d passed, %d failed" % (matrix.passed, matrix.failed))
    return 1 if matrix.failed else 0


if __name__ == "__main__":
    sys.exit(main())
