#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""test_random_history.py [--count N] [--seed S] [--shell PATH]

Random operations, undos, redos, undos of older operations and of single paths, transactions, checkpoints and restores. After every
step: what is done and what is undone make up all that there is, as the model says; the tree is the one that was there when the same
point was passed before. In between it goes to random points on any branch, which must bring back the tree of that time exactly.
Prints the seed; the last line is 'N passed, N failed'.
"""
import argparse, hashlib, json, os, random, shutil, stat, subprocess, sys, tempfile

NAMES = ["a", "b c", "d", "e", "f"]


def snapshot(top):
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
                inodes.setdefault((s.st_dev, s.st_ino), []).append(path)
            # Times of directories are exact only where everything is undone in turn: test_random_ops.py looks at these.
            time = 0 if stat.S_ISDIR(s.st_mode) else s.st_mtime_ns
            seen[os.path.relpath(path, top)] = (s.st_mode, s.st_uid, s.st_gid, content, time)
    return seen, sorted(sorted(group) for group in inodes.values() if len(group) > 1)


class Failure(Exception):
    pass


class Run:
    def __init__(self, a):
        self.random = random.Random(a.seed)
        self.shell = a.shell
        self.dir = tempfile.mkdtemp(prefix="vsh-history-", dir=a.tmp)
        self.top = self.dir + "/tree"
        os.mkdir(self.top)
        os.mkdir(self.dir + "/home")
        self.env = {"HOME": self.dir + "/home", "PATH": os.environ["PATH"], "LC_ALL": "C"}
        self.passed = self.failed = 0
        self.states = {}  # entry -> the model's "done" or "undone"
        self.stack, self.redo = [], []  # entries in effect, the last on top; entries to redo, the next last
        self.points = {}  # entry -> the tree right after it came into effect
        self.names = {}  # checkpoint -> the tree
        self.log = []

    def vsh(self, text):
        self.log.append(text)
        return subprocess.run([self.shell, "-c", text], cwd=self.top, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def entries(self):
        rows = json.loads(self.vsh("ops --json").stdout or "[]")
        self.log.pop()
        return {row["id"]: row["state"] for row in rows}

    def check(self, ok, what, *details):
        if ok:
            self.passed += 1
            return
        self.failed += 1
        print("FAILED", what)
        for detail in details: print("   ", detail)
        print("    last:", self.log[-12:])
        raise Failure

    def same(self, want, what, *details):
        got = snapshot(self.top)
        bad = [(p, got[0].get(p), want[0].get(p)) for p in sorted(set(got[0]) | set(want[0])) if got[0].get(p) != want[0].get(p)]
        self.check(got == want, what, *bad, got[1], want[1], *details)

    def path(self):
        return "/".join("'%s'" % self.random.choice(NAMES) for _ in range(self.random.choice([1, 1, 2])))

    def command(self):
        p, o, n = self.path(), self.path(), self.random.randrange(10**6)
        return self.random.choice([
            f"mkdir -p {p}", f"echo {n} > {p}", f"echo {n} >> {p}", f"rm -rf {p}", f"mv -f {p} {o}", f"cp -r {p} {o}",
            f"ln -sfn {n} {p}", f"chmod 7{n % 8}5 {p}", f"mkdir -p {p}/x; echo {n} > {p}/x/y", f"touch {p}", f"ln -f {p} {o}",
            f"begin; echo {n} > {p}; rm -rf {o}; commit", f"echo {n} | tee {p}", f"/bin/rm -rf {p}", f"begin; mkdir -p {p}; begin; touch {o}; commit; commit",
            f"begin; rm -rf {p}; echo 1 > {o}; undo; redo; commit",
        ])

    def came(self):
        """A new entry, if there is one."""
        new = sorted(set(self.entries()) - set(self.states))
        for entry in new:
            self.states[entry] = "done"
            self.stack.append(entry)
            self.points[entry] = snapshot(self.top)
        if new: self.redo = []
        return new

    def step(self):
        before = snapshot(self.top)
        roll = self.random.random()
        if roll < 0.42:
            self.vsh(self.command())
            if not self.came(): self.same(before, "a command that is no entry changes nothing")
        elif roll < 0.56 and self.stack:
            n = self.random.randint(1, min(3, len(self.stack)))
            r = self.vsh(f"undo {n}")
            self.check(r.returncode == 0, "undo", r.returncode, r.stdout)
            for _ in range(n):
                entry = self.stack.pop()
                self.redo.append(entry)
                self.states[entry] = "undone"
            # Undoing and redoing is nothing; the tree below is what redo comes from.
            middle = snapshot(self.top)
            r = self.vsh(f"redo {n}")
            self.check(r.returncode == 0, "redo", r.returncode, r.stdout)
            self.same(before, "undo, then redo", r.stdout)
            r = self.vsh(f"undo {n}")
            self.same(middle, "undo again", r.stdout)
        elif roll < 0.64 and self.redo:
            entry = self.redo.pop()
            r = self.vsh("redo")
            self.check(r.returncode == 0, "redo", r.returncode, r.stdout)
            self.stack.append(entry)
            self.states[entry] = "done"
        elif roll < 0.72 and len(self.stack) > 1:
            entry = self.random.choice(self.stack)
            r = self.vsh(f"undo @{entry}")
            if r.returncode != 0:
                self.check(r.returncode == 3, "undo @ID", r.returncode, r.stdout)
                self.same(before, "undo @ID that is refused changes nothing", r.stdout)
                return
            self.stack.remove(entry)
            self.redo.append(entry)
            self.states[entry] = "undone"
        elif roll < 0.8:
            path = self.path()
            r = self.vsh(f"undo {path}")
            if not self.came(): self.same(before, "undo PATH that does nothing", r.stdout)
        elif roll < 0.86:
            name = f"mark{len(self.names)}"
            self.vsh(f"checkpoint {name}")
            self.names[name] = before
        elif self.points:
            if self.names and self.random.random() < 0.4:
                name = self.random.choice(list(self.names))
                want = self.names[name]
            else:
                entry = self.random.choice(list(self.points))
                name, want = f"@{entry}", self.points[entry]
            r = self.vsh(f"restore {name}")
            there = b"that point is in effect" in r.stdout
            self.check(r.returncode == 0 or there, f"restore {name}", r.returncode, r.stdout)
            self.same(want, f"restore {name}", r.stdout)
            new = self.came()
            if not there and new and self.random.random() < 0.3:
                r = self.vsh("undo")
                self.check(r.returncode == 0, "undo of restore", r.stdout)
                self.same(before, "undo of restore", r.stdout)
                entry = self.stack.pop()
                self.redo.append(entry)
                self.states[entry] = "undone"
        self.totals()

    def totals(self):
        """|history| + |redo| = total."""
        got = self.entries()
        self.check(got == self.states, "states of all entries", {k: (v, self.states.get(k)) for k, v in got.items() if self.states.get(k) != v})
        done = sum(state == "done" for state in got.values())
        undone = sum(state == "undone" for state in got.values())
        self.check(done == len(self.stack) and done + undone == len(self.states), "done + undone = total", done, undone)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--count", type=int, default=int(os.environ.get("VSH_STEPS", "150")))
    ap.add_argument("--seed", type=int, default=1, help="0: a random one")
    ap.add_argument("--shell", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.build/release/vsh"))
    ap.add_argument("--tmp", default=None)
    a = ap.parse_args()
    a.seed = a.seed or random.randrange(1 << 30)
    a.shell = os.path.abspath(a.shell)
    os.umask(0o022)
    print("seed", a.seed)
    run = Run(a)
    try:
        for _ in range(a.count): run.step()
    except Failure:
        pass
    finally:
        if os.environ.get("VSH_KEEP"): print(run.dir)
        else: shutil.rmtree(run.dir, ignore_errors=True)
    print("%d passed, %d failed" % (run.passed, run.failed))
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
