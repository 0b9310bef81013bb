#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""test_random_programs.py [--count N] [--seed S] [--shell PATH] [--no-found] [--list FILE]

Programs that make random changes (Python: write, append, cut, rename, exchange, link, mode, times, extended attributes, mappings, holes,
nameless files, trees, in directories that are held open, by two processes at once), one to three of them, each a vsh's. Then all is undone, redone and undone again; at each step the tree is
compared with what it was there: types, contents, modes, owners, times of files, extended attributes, which names are links of each other. (Times of
directories and counts of links are left to others: a link in the store counts.) Prints the seed; the last line is 'N passed, N failed'.
"""
import argparse, ctypes, json, mmap, os, random, shutil, stat, subprocess, sys, tempfile

SHELL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.build/release/vsh")
NAMES = ["a", "b", "c d", "e\nf", "\udcff", "g", "h", "-i", "j"]
CHANGES = "write append cut rename link symlink unlink mkdir rmdir chmod times set_attribute map nameless exchange no_replace overwrite remove_attribute fifo replace open late remove_tree punch replace_link save backup carry beside hold inside keep_map late_map".split()
# Those of them that reach no further than the directory of a process.
ALONE = [kind for kind in CHANGES if kind not in ("beside", "open", "late", "hold", "inside", "keep_map", "late_map", "symlink", "replace_link")]
NOBODY = 65534
# How the shell runs a program; of the second and third the recorder ends the operation.
FORMS = ["{}; :", "{} & wait", "exec {}", "{} | cat"]
NOREPLACE, EXCHANGE, PUNCH_HOLE = 1, 2, 3
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable


class Changes:
    """What the programs do. Paths are relative; what cannot be done is not."""

    libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self):
        self.descriptors, self.directories, self.maps = [], [], []

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

    def keep_map(self, path):
        with self.opened(path, os.O_RDWR) as file:
            self.maps.append(mmap.mmap(file.fileno(), os.fstat(file.fileno()).st_size))

    def late_map(self, number):
        with self.maps.pop(number) as memory:
            # What is behind the end of a file that was cut since cannot be written (SIGBUS).
            if memory.size() > number:
                memory[number % len(memory)] ^= 1

    def replace_link(self, target, path):
        os.symlink(target, path + ".new")
        os.replace(path + ".new", path)

    def save(self, path, content):
        """As editors do that keep what was there until the new file is written."""
        os.rename(path, path + "~")
        self.write(path, content)
        os.unlink(path + "~")

    def backup(self, path, content):
        os.link(path, path + "~")
        self.replace(path, content)

    def carry(self, path, directory):
        """Into a new tree, which is removed with it."""
        os.makedirs(directory + "/deep")
        os.rename(path, directory + "/deep/guest")
        shutil.rmtree(directory)

    def beside(self, place, there, here):
        """Two processes at once, the other one in another working directory."""
        child = os.fork()
        if child == 0:
            try:
                os.chdir(place)
                for change in there:
                    self.make(change)
            finally:
                os._exit(0)
        for change in here:
            self.make(change)
        os.waitpid(child, 0)

    def hold(self, directory):
        self.directories.append(os.open(directory, os.O_RDONLY | os.O_DIRECTORY))

    def inside(self, number, name, content):
        """In a directory that is held, wherever it is by now."""
        directory = self.directories[number]
        if len(content) == 1:
            os.unlink(name, dir_fd=directory)
        else:
            descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644, dir_fd=directory)
            os.write(descriptor, content.encode())
            os.close(descriptor)


class Author:
    """Makes up changes, and makes them in the working directory, so that the next ones have something to be about."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.changes = Changes()
        self.top = "."
        self.is_beside = False

    def paths(self):
        return sorted(os.path.join(base, name) for base, dirs, files in os.walk(self.top) for name in dirs + files)

    def directory(self):
        return self.random.choice([self.top] + [path for path in self.paths() if os.path.isdir(path) and not os.path.islink(path)])

    def file(self):
        return self.random.choice([path for path in self.paths() if os.path.isfile(path) and not os.path.islink(path)])

    def any(self):
        return self.random.choice(self.paths())

    def new(self):
        return os.path.join(self.directory(), self.random.choice(NAMES))

    def content(self):
        return self.random.choice("abcdefgh") * self.random.choice([0, 1, 10, 100, 5000, 9000, 20000])

    def beside(self):
        """For a process in one directory, and one in another."""
        places = [path for path in self.paths() if os.path.isdir(path) and not os.path.islink(path)]
        there, here = self.random.sample(places, 2) if len(places) > 1 else ("", "")
        if (there + "/").startswith(here + "/") or (here + "/").startswith(there + "/"):
            return None
        home, self.is_beside = os.getcwd(), True
        self.top = here
        changes = self.write(4)
        self.top, others = ".", []
        if os.access(there, os.X_OK):
            os.chdir(there)
            others = self.write(4)
            os.chdir(home)
        self.top = "."
        self.is_beside = False
        return ["beside", there, others, changes]

    def change(self):
        kind, number = self.random.choice(ALONE if self.is_beside else CHANGES), self.random.randrange
        if kind == "beside":
            return self.beside()
        if kind in ("write", "append", "replace", "save", "backup"):
            return [kind, self.new() if kind == "write" else self.file(), self.content()]
        if kind in ("unlink", "rmdir", "remove_tree", "remove_attribute", "open", "punch", "fifo", "keep_map", "hold"):
            path = {"unlink": self.any, "rmdir": self.directory, "remove_tree": self.directory, "hold": self.directory, "fifo": self.new}.get(kind, self.file)()
            return [kind, path] if path != self.top else None
        if kind in ("rename", "no_replace", "link"):
            return [kind, self.file() if kind == "link" else self.any(), self.new()]
        return {
            "cut": lambda: [kind, self.file(), number(12000)],
            "symlink": lambda: [kind, self.random.choice(["a", "nowhere", "../b", "."]), self.new()],
            "replace_link": lambda: [kind, self.random.choice(["b", "gone"]), self.new()],
            "carry": lambda: [kind, self.file(), self.new()],
            "inside": lambda: [kind, number(3), self.random.choice(NAMES), self.content()],
            "late_map": lambda: [kind, number(3)],
            "mkdir": lambda: [kind, self.new(), self.random.choice([0o755, 0o700])],
            "chmod": lambda: [kind, self.any(), self.random.choice([0o600, 0o644, 0o755, 0o700])],
            "times": lambda: [kind, self.any(), number(10**9)],
            "set_attribute": lambda: [kind, self.random.choice([self.file, self.directory])(), str(number(1000))],
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
                if change[0] != "beside":  # whose parts are made already
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

    def __init__(self, shell, top, lists, user=0, form=FORMS[0]):
        self.shell, self.top, self.tree, self.user, self.form = shell, top, top + "/home/tree", user, form
        os.makedirs(self.tree)
        for path in (top, top + "/home", self.tree) if user else ():
            os.chown(path, user, user)
        self.program(lists[0], [PYTHON])
        self.states, self.unrecorded = [snapshot(self.tree)], None
        for number, changes in enumerate(lists[1:]):
            self.program(changes, None)
            state = snapshot(self.tree)
            # A directory in the place of one that was the same is a change too.
            if self.vsh("ops --all --json").count('"state":"done"') == len(self.states):
                self.states.append(state)
            elif state != self.states[-1]:
                self.unrecorded = f"program {number + 1} is not in the log"

    def program(self, changes, runner):
        with open(self.top + "/changes", "w") as file:
            json.dump(changes, file)
        if runner:
            self.run(runner + [self.script, "--list", self.top + "/changes"])
        else:
            self.vsh(self.form.format(f"{PYTHON} '{self.script}' --list '{self.top}/changes'"))

    @property
    def script(self):
        """Where nobody may read it, if it is there."""
        beside = os.path.join(os.path.dirname(self.shell), os.path.basename(__file__))
        return beside if os.path.exists(beside) else os.path.abspath(__file__)

    def vsh(self, command):
        environment = {"HOME": self.top + "/home", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        return self.run([self.shell, "-c", command], env=environment).stdout.decode(errors="backslashreplace")

    def run(self, arguments, **options):
        user = {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}
        return subprocess.run(arguments, cwd=self.tree, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, **user, **options)

    def check(self):
        """The first step that does not lead to the tree of that point of history, or None."""
        if self.unrecorded:
            return self.unrecorded
        last = len(self.states) - 1
        back, forth = list(range(last - 1, -1, -1)), list(range(1, last + 1))
        for number, (command, point) in enumerate([("undo", p) for p in back] + [("redo", p) for p in forth] + [("undo", p) for p in back]):
            said = self.vsh(command)
            now, then = snapshot(self.tree), self.states[point]
            if now != then:
                wrong = [path for path in sorted(set(now[0]) | set(then[0])) if now[0].get(path) != then[0].get(path)]
                return f"step {number}, {command} to {point}: {wrong[:5]} {said[-300:]}"
        return None


def run(shell, top, seed):
    os.mkdir(top + "/author")
    os.chdir(top + "/author")
    lists = [Author(seed * 10 + number).write(50) for number in range(2 + seed % 3)]
    os.chdir("/")
    # Whom the system refuses some of it.
    return History(shell, top, lists, NOBODY if os.geteuid() == 0 and seed % 4 == 3 else 0, FORMS[seed // 4 % len(FORMS)]).check()


# Histories that went wrong once: a tree, and what programs did in it.
FOUND = {
    "the removal of a directory fails, which is renamed and goes":
        [[["mkdir", "a", 0o755], ["fifo", "a/x"], ["write", "a/y", "yyy"]], [["exchange", "a/x", "a/y"], ["rmdir", "a"], ["rename", "a", "b"]], [["remove_tree", "b"]]],
    "the same after its renaming":
        [[["mkdir", "a", 0o755], ["symlink", "x", "a/y"], ["fifo", "x"]], [["rename", "x", "a/x"], ["rename", "a", "b"], ["rmdir", "b"]],
         [["rename", "b/x", "b/y"], ["rename", "b", "c"], ["remove_tree", "c"]]],
    "a directory does not go in the place of a full one":
        [[["mkdir", "a", 0o755], ["write", "a/x", "1"], ["mkdir", "b", 0o700], ["write", "b/y", "2"], ["symlink", "q", "b/q"]],
         [["rename", "b/q", "b/z"], ["rename", "a", "b"], ["append", "b/y", "2"], ["rename", "b", "c"]], [["remove_tree", "c"]]],
    "exchanged with what was made, linked, removed":
        [[["write", "g", "1"]], [["replace", "g", "2"], ["fifo", "b"], ["exchange", "g", "b"], ["link", "b", "a"], ["unlink", "b"], ["chmod", "a", 0o600]]],
    "the same, written and renamed":
        [[["write", "g", "1"], ["mkdir", "d", 0o700]],
         [["write", "n", "2"], ["exchange", "g", "n"], ["link", "g", "a"], ["unlink", "g"], ["append", "a", "more"], ["rename", "n", "d/n"], ["rename", "a", "n"]]],
    "made, linked, removed and written when a directory was renamed":
        [[["mkdir", "a", 0o755], ["mkdir", "d", 0o755]], [["write", "d/j", "1"], ["rename", "a", "d/a"], ["link", "d/j", "j"], ["unlink", "d/j"], ["append", "j", "2"]]],
    "links in a new directory that is renamed, written through one":
        [[["write", "g", "1"], ["mkdir", "d", 0o755]], [["mkdir", "n", 0o755], ["link", "g", "n/x"], ["rename", "n", "m"], ["link", "g", "m/h"], ["rename", "m", "d/m"]],
         [["overwrite", "d/m/h", "22", 0]], [["remove_tree", "d/m"]]],
    "a link in the place of a directory":
        [[["mkdir", "b", 0o755], ["write", "b/b", "1"]], [["remove_tree", "b"], ["symlink", ".", "b"]]],
    "closed after a removal in it":
        [[["mkdir", "d", 0o755], ["write", "d/x", "1"], ["write", "d/y", "1"]], [["times", "d", 1000], ["unlink", "d/x"], ["chmod", "d", 0o500]]],
    "made in vain, and again when the directory is open":
        [[["mkdir", "d", 0o755], ["write", "d/y", "1"], ["chmod", "d", 0o600]],
         [["write", "d/x", "1"], ["mkdir", "d/z", 0o755], ["chmod", "d", 0o755], ["write", "d/x", "1"], ["mkdir", "d/z", 0o755], ["unlink", "d/y"]]],
    "made and closed":
        [[], [["mkdir", "g", 0o755], ["fifo", "g/x"], ["mkdir", "g/h", 0o755], ["write", "g/h/x", "1"], ["chmod", "g/h", 0o500], ["chmod", "g", 0o600]]],
    "closed and renamed into a new directory":
        [[["mkdir", "h", 0o755], ["mkdir", "h/h", 0o755], ["mkdir", "h/h/deep", 0o755]], [["chmod", "h/h", 0o600], ["mkdir", "c", 0o755], ["rename", "h", "c/b"]]],
}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--count", type=int, default=40)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--shell", default=SHELL)
    options.add_argument("--no-found", dest="found", action="store_false", help="without the histories that went wrong once")
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
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        shutil.copy(__file__, folder)
        shell = shutil.copy(a.shell, folder + "/vsh")
        users = [0, NOBODY] if os.geteuid() == 0 else [0]
        found = [(name, (user, form)) for name in FOUND for user in users for form in FORMS[:2]] if a.found else []
        for name, what in found + [("--no-found --count 1 --seed", seed) for seed in range(a.seed, a.seed + a.count)]:
            with tempfile.TemporaryDirectory(prefix="vsh-random-", dir=os.environ.get("VSH_TEST_DIR")) as top:
                wrong = History(shell, top, FOUND[name], *what).check() if name in FOUND else run(shell, top, what)
            if wrong:
                failed += 1
                print(f"FAILED {name} {what}: {wrong}")
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
