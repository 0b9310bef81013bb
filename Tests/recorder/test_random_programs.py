#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""test_random_programs.py [--count N] [--seed S] [--shell PATH] [--list FILE]

Programs that make random changes (Python: write, append, cut, rename, exchange, link, mode, times, extended attributes, mappings, holes,
nameless files, trees), one to three of them, each a vsh's. Then all is undone, redone and undone again; at each step the tree is
compared with what it was there: types, contents, modes, owners, times of files, extended attributes, which names are links of each other. (Times of
directories and counts of links are left to others: a link in the store counts.) Prints the seed; the last line is 'N passed, N failed'.
"""
import argparse, ctypes, json, mmap, os, random, shutil, stat, subprocess, sys, tempfile

SHELL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.build/release/vsh")
NAMES = ["a", "b", "c d", "e\nf", "\udcff", "g", "h", "-i", "j"]
CHANGES = "write append cut rename link symlink unlink mkdir rmdir chmod times set_attribute map nameless exchange no_replace overwrite remove_attribute fifo replace open late remove_tree punch".split()
NOREPLACE, EXCHANGE, PUNCH_HOLE = 1, 2, 3
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable


class Changes:
    """What the programs do. Paths are relative; what cannot be done is not."""

    libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self):
        self.descriptors = []

    def make(self, change):
        kind, *arguments = change
        try:
            getattr(self, kind)(*arguments)
        except (OSError, IndexError, ValueError):
            pass

    def write(self, path, content):
        if not os.path.lexists(path) or os.path.isfile(path):
            with open(path, "wb") as file:
                file.write(content.encode())

    def opened(self, path, flags):
        if not os.path.isfile(path):
            raise ValueError(path)
        return os.fdopen(os.open(path, flags), "r+b" if flags == os.O_RDWR else "wb", buffering=0)

    def append(self, path, content):
        with self.opened(path, os.O_WRONLY | os.O_APPEND) as file:
            file.write(content.encode())

    def overwrite(self, path, content, offset):
        with self.opened(path, os.O_WRONLY) as file:
            os.pwrite(file.fileno(), content.encode(), offset)

    def replace(self, path, content):
        self.write(path + ".new", content)
        os.replace(path + ".new", path)

    def cut(self, path, size):
        os.truncate(path, size)

    def punch(self, path):
        with self.opened(path, os.O_RDWR) as file:
            self.libc.fallocate(file.fileno(), PUNCH_HOLE, ctypes.c_long(0), ctypes.c_long(100))

    def map(self, path, at):
        with self.opened(path, os.O_RDWR) as file:
            size = os.fstat(file.fileno()).st_size
            with mmap.mmap(file.fileno(), size) as memory:
                memory[at % size] ^= 1

    def nameless(self, directory, path, content):
        descriptor = os.open(directory, os.O_TMPFILE | os.O_RDWR, 0o600)
        os.write(descriptor, content.encode())
        self.libc.linkat(-100, b"/proc/self/fd/%d" % descriptor, -100, os.fsencode(path), 0x400)
        os.close(descriptor)

    def rename_by(self, flags, old, new):
        self.libc.renameat2(-100, os.fsencode(old), -100, os.fsencode(new), flags)

    def rename(self, old, new):
        os.rename(old, new)

    def exchange(self, one, other):
        self.rename_by(EXCHANGE, one, other)

    def no_replace(self, old, new):
        self.rename_by(NOREPLACE, old, new)

    def link(self, old, new):
        os.link(old, new, follow_symlinks=False)

    def symlink(self, target, path):
        os.symlink(target, path)

    def unlink(self, path):
        os.unlink(path)

    def mkdir(self, path, mode):
        os.mkdir(path, mode)

    def rmdir(self, path):
        os.rmdir(path)

    def remove_tree(self, path):
        shutil.rmtree(path)

    def chmod(self, path, mode):
        os.chmod(path, mode)

    def times(self, path, seconds):
        os.utime(path, (seconds, seconds), follow_symlinks=False)

    def set_attribute(self, path, value):
        os.setxattr(path, "user.x", value.encode())

    def remove_attribute(self, path):
        os.removexattr(path, "user.x")

    def fifo(self, path):
        os.mkfifo(path)

    def open(self, path):
        self.descriptors.append(self.opened(path, os.O_RDWR))

    def late(self, number):
        with self.descriptors.pop(number) as file:
            os.pwrite(file.fileno(), b"late", number * 7)
            os.fchmod(file.fileno(), 0o640)


class Author:
    """Makes up changes, and makes them in the working directory, so that the next ones have something to be about."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.changes = Changes()

    def paths(self):
        return sorted(os.path.join(base, name) for base, dirs, files in os.walk(".") for name in dirs + files)

    def directory(self):
        return self.random.choice(["."] + [path for path in self.paths() if os.path.isdir(path) and not os.path.islink(path)])

    def file(self):
        return self.random.choice([path for path in self.paths() if os.path.isfile(path) and not os.path.islink(path)])

    def any(self):
        return self.random.choice(self.paths())

    def new(self):
        return os.path.join(self.directory(), self.random.choice(NAMES))

    def content(self):
        return self.random.choice("abcdefgh") * self.random.choice([0, 1, 10, 100, 5000, 9000, 20000])

    def change(self):
        kind, number = self.random.choice(CHANGES), self.random.randrange
        if kind in ("write", "append", "replace"):
            return [kind, self.new() if kind == "write" else self.file(), self.content()]
        if kind in ("unlink", "rmdir", "remove_tree", "remove_attribute", "open", "punch", "fifo"):
            path = {"unlink": self.any, "rmdir": self.directory, "remove_tree": self.directory, "fifo": self.new}.get(kind, self.file)()
            return [kind, path] if path != "." else None
        if kind in ("rename", "no_replace", "link"):
            return [kind, self.file() if kind == "link" else self.any(), self.new()]
        return {
            "cut": lambda: [kind, self.file(), number(12000)],
            "symlink": lambda: [kind, self.random.choice(["a", "nowhere", "../b", "."]), self.new()],
            "mkdir": lambda: [kind, self.new(), self.random.choice([0o755, 0o700])],
            "chmod": lambda: [kind, self.any(), self.random.choice([0o600, 0o644, 0o755, 0o700])],
            "times": lambda: [kind, self.any(), number(10**9)],
            "set_attribute": lambda: [kind, self.file(), str(number(1000))],
            "map": lambda: [kind, self.file(), number(20000)],
            "nameless": lambda: [kind, self.directory(), self.new(), self.content()],
            "exchange": lambda: [kind, self.any(), self.any()],
            "overwrite": lambda: [kind, self.file(), self.content(), number(5000)],
            "late": lambda: [kind, number(10)],
        }[kind]()

    def write(self, count):
        written = []
        for _ in range(count):
            try:
                change = self.change()
            except IndexError:  # there is nothing of the kind
                continue
            if change:
                written.append(change)
                self.changes.make(change)
        return written


def snapshot(top):
    seen, names = {}, {}
    for base, dirs, files in os.walk(os.fsencode(top)):
        for name in [b"."] + dirs + files:
            path = os.path.join(base, name)
            status = os.lstat(path)
            content = None
            if stat.S_ISREG(status.st_mode):
                with open(path, "rb") as file:
                    content = file.read()
            elif stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            attributes = sorted((key, os.getxattr(path, key, follow_symlinks=False)) for key in os.listxattr(path, follow_symlinks=False))
            is_directory = stat.S_ISDIR(status.st_mode)
            seen[path] = (status.st_mode, status.st_uid, status.st_gid, None if is_directory else status.st_mtime_ns, content, attributes)
            if not is_directory:
                names.setdefault(status.st_ino, []).append(path)
    return seen, sorted(sorted(group) for group in names.values() if len(group) > 1)


class History:
    """A tree, and programs that change it."""

    def __init__(self, shell, top, lists):
        self.shell, self.top, self.tree = shell, top, top + "/home/tree"
        os.makedirs(self.tree)
        self.program(lists[0], [PYTHON])
        self.states = [snapshot(self.tree)]
        for changes in lists[1:]:
            self.program(changes, None)
            state = snapshot(self.tree)
            if state != self.states[-1]:
                self.states.append(state)

    def program(self, changes, runner):
        with open(self.top + "/changes", "w") as file:
            json.dump(changes, file)
        if runner:
            subprocess.run(runner + [__file__, "--list", self.top + "/changes"], cwd=self.tree)
        else:
            self.vsh(f"{PYTHON} '{os.path.abspath(__file__)}' --list '{self.top}/changes'; :")

    def vsh(self, command):
        environment = {"HOME": self.top + "/home", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        run = subprocess.run([self.shell, "-c", command], cwd=self.tree, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return run.stdout.decode(errors="backslashreplace")

    def check(self):
        """The first step that does not lead to the tree of that point of history, or None."""
        last = len(self.states) - 1
        back, forth = list(range(last - 1, -1, -1)), list(range(1, last + 1))
        for number, (command, point) in enumerate([("undo", p) for p in back] + [("redo", p) for p in forth] + [("undo", p) for p in back]):
            said = self.vsh(command)
            now, then = snapshot(self.tree), self.states[point]
            if now != then:
                wrong = [path for path in sorted(set(now[0]) | set(then[0])) if now[0].get(path) != then[0].get(path)]
                return f"step {number}, {command} to {point}: {wrong[:5]} {said[-300:]}"
        return None


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--count", type=int, default=40)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--shell", default=SHELL)
    options.add_argument("--list", help="makes the changes of a file, in the working directory")
    a = options.parse_args()
    if a.list:
        with open(a.list) as file:
            changes = Changes()
            for change in json.load(file):
                changes.make(change)
        return 0
    print("seed", a.seed)
    passed = failed = 0
    shell = os.path.abspath(a.shell)
    for seed in range(a.seed, a.seed + a.count):
        with tempfile.TemporaryDirectory(prefix="vsh-random-", dir=os.environ.get("VSH_TEST_DIR")) as top:
            os.mkdir(top + "/author")
            os.chdir(top + "/author")
            lists = [Author(seed * 10 + number).write(50) for number in range(2 + seed % 3)]
            os.chdir("/")
            wrong = History(shell, top, lists).check()
            if wrong:
                failed += 1
                print(f"FAILED --seed {seed} --count 1: {wrong}")
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
