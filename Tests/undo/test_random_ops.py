#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""test_random_ops.py [--count N] [--seed S] [--shell PATH] [--kill N]

Random file commands with random undo and redo, each in a vsh of its own; after every step the tree is compared with what it was
when the same point of history was passed before, read by Python. With --kill, N shells are killed at random instants; the next
undo must bring back the tree before the killed command. Prints the seed; the last line is 'N passed, N failed'.
"""
import argparse, hashlib, os, random, shutil, signal, stat, subprocess, sys, tempfile, time

NAMES = [b"a", b"b c", b"d\ne", b"f\xff", b"-g", b"h'i", b"j"]


def without_directory_times(state):
    return {path: (s[:5] if stat.S_ISDIR(s[0]) else s) for path, s in state[0].items()}, state[1]


def snapshot(top):
    """path -> everything that undo promises to bring back."""
    seen, inodes = {}, {}
    for base, dirs, files in os.walk(top):
        for name in [b"."] * (base == top) + dirs + files:
            path = os.path.join(base, name)
            s = os.lstat(path)
            kind = stat.S_IFMT(s.st_mode)
            content = None
            if stat.S_ISLNK(s.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(s.st_mode):
                content = hashlib.sha1(open(path, "rb").read()).hexdigest()
                inodes.setdefault((s.st_dev, s.st_ino), []).append(path)
            seen[path] = (kind, stat.S_IMODE(s.st_mode), s.st_uid, s.st_gid, content, s.st_mtime_ns)
    links = sorted(sorted(group) for group in inodes.values() if len(group) > 1)
    return seen, links


class Run:
    def __init__(self, a):
        self.random = random.Random(a.seed)
        self.shell = a.shell
        self.dir = os.fsencode(tempfile.mkdtemp(prefix="vsh-undo-", dir=a.tmp))
        self.top = os.path.join(self.dir, b"tree")
        os.mkdir(self.top)
        self.env = {"HOME": os.fsdecode(os.path.join(self.dir, b"home")), "PATH": os.environ["PATH"], "LC_ALL": "C"}
        os.mkdir(self.env["HOME"])
        self.states, self.at = [snapshot(self.top)], 0
        self.loose = set()
        self.passed = self.failed = 0

    def path(self, deep=True):
        parts = [self.random.choice(NAMES) for _ in range(self.random.choice([1, 1, 2, 3] if deep else [1]))]
        return b"./" + b"/".join(parts)

    def command(self, programs=True):
        q = lambda p: b"'" + p.replace(b"'", b"'\\''") + b"'"
        p, o = q(self.path()), q(self.path())
        n = b"%d" % self.random.randrange(1 << 30)
        text = self.random.choice([
            b"mkdir -p " + p, b"mkdir -p " + p + b"/x; echo " + n + b" > " + p + b"/x/" + n, b"echo " + n + b" > " + p,
            b"echo " + n + b" >> " + p, b": > " + p, b"rm -rf " + p, b"rm -f " + p, b"mv -f " + p + b" " + o,
            b"cp -a " + p + b" " + o, b"cp -r " + p + b" " + o, b"ln -f " + p + b" " + o, b"ln -sfn " + n + b" " + o,
            b"chmod -R " + self.random.choice([b"u+x", b"go-rwx", b"a+rX"]) + b" " + p, b"touch -d @" + n + b" " + p,
            b"rmdir " + p, b"{ echo 1; echo 2 >> " + o + b"; } > " + p, b"chmod 4755 " + p,
        ])
        # Sometimes by a program.
        return b"/bin/" + text if programs and self.random.random() < 0.3 and text[:1].isalpha() and text[:4] != b"echo" else text

    def commands(self):
        """What one operation does."""
        return b"; ".join(self.command() for _ in range(self.random.choice([1, 1, 1, 2, 3, 6])))

    def vsh(self, text):
        return subprocess.run([self.shell, "-c", text], cwd=self.top, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def check(self, what, want):
        got = snapshot(self.top)
        for state in (got, want):
            for path in self.loose & state[0].keys():
                if stat.S_ISDIR(state[0][path][0]):
                    state[0][path] = state[0][path][:5]
        if got == want:
            self.passed += 1
            return
        self.failed += 1
        print("DIFFERENT after", what)
        for path in sorted(set(got[0]) | set(want[0])):
            if got[0].get(path) != want[0].get(path):
                print("  ", path, "is", got[0].get(path), "not", want[0].get(path))
        if got[1] != want[1]:
            print("   links", got[1], "not", want[1])
        raise SystemExit

    def step(self):
        roll = self.random.random()
        if roll < 0.25 and self.at > 0:
            r = self.vsh("undo")
            self.at -= 1
            self.check(("undo", r.returncode, r.stdout), self.states[self.at])
        elif roll < 0.4 and self.at + 1 < len(self.states):
            r = self.vsh("redo")
            self.at += 1
            self.check(("redo", r.returncode, r.stdout), self.states[self.at])
        else:
            text = self.commands()
            before, entry = int(self.count()), self.entry()
            self.vsh(text)
            if int(self.count()) == before:  # it changed nothing
                self.check(("no change", text), self.states[self.at])
                return
            if self.entry() == entry:  # nothing but times of directories, which is no entry of the history
                now, old = snapshot(self.top), self.states[self.at]
                # Such an operation stays: what the times are to be at other points of the history is not looked at.
                self.loose |= {path for path in now[0] if now[0][path] != old[0].get(path)}
                self.states[self.at] = now
                return
            self.states[self.at + 1:] = [snapshot(self.top)]
            self.at += 1

    def count(self):
        """The number of the newest operation."""
        out = self.vsh("ops --all -n 1").stdout
        return out.split()[0].lstrip(b"@") if out.startswith(b"@") else b"0"

    def entry(self):
        """The number of the newest entry of the history."""
        return self.vsh("ops -n 1").stdout.split()[:1]

    def kill(self):
        """Kills a shell in the middle of a long command, then undoes what it did."""
        want, entry = snapshot(self.top), self.entry()
        # (A program would outlive the shell.)
        text = b"; ".join(self.command(programs=False) for _ in range(40))
        p = subprocess.Popen([self.shell, "-c", text], cwd=self.top, env=self.env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(self.random.random() * 0.012)
        p.send_signal(signal.SIGKILL)
        p.wait()
        if snapshot(self.top) != want:
            if self.entry() == entry:  # nothing but times of directories, which is no entry of the history
                if without_directory_times(snapshot(self.top)) == without_directory_times(want):
                    self.passed += 1
                    return
                return self.check(("a kill, of which nothing is in the history",), want)
            r = self.vsh("undo")
            self.check(("undo after a kill", r.returncode, r.stdout), want)
        else:
            self.passed += 1


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--count", type=int, default=200)
    ap.add_argument("--kill", type=int, default=20)
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
        for _ in range(a.count):
            run.step()
        for _ in range(a.kill):
            run.kill()
    except SystemExit:
        pass
    finally:
        shutil.rmtree(run.dir, ignore_errors=True)
    print("%d passed, %d failed" % (run.passed, run.failed))
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
