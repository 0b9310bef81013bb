#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Attempts to leave the sandbox, as root and as nobody: by redirections, builtins, programs, Python, C, and races.

Each attempt runs twice. In the sandbox nothing outside may change. Without it (the same script, so that no attempt is idle)
something must; attempts that cannot change anything even then are marked and only run once."""
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
SHELL = str(TOP / ".build" / "release" / "vsh")

# (name, script, marks). $O: the directory outside; $R: the root; the script starts in the root, which holds f and d/g.
# Marks: idle: changes nothing outside even when it is free; root, user: only as that one; c: needs a compiler.
ATTEMPTS = []


def attempt(name, script, *marks):
    ATTEMPTS.append((name, script, marks))


for name, script in {
    "write through ..": "echo x > ../outside/f", "write to an absolute path": "echo x > $O/f", "append": "echo x >> ../outside/f",
    "cut": ": > ../outside/f", "clobber": "set -C; echo x >| ../outside/f", "open for both": "echo x 1<> ../outside/f",
    "make a file": "echo x > ../outside/new", "make a file with noclobber": "set -C; echo x > ../outside/new",
    "exec a descriptor": "exec 3> ../outside/f; echo x >&3",
    "through a link to a file": "ln -s ../outside/f l; echo x > l", "through a link to a directory": "ln -s ../outside l; echo x > l/f",
    "through a chain of links": "ln -s $O/f a; ln -s a b; ln -s b c; echo x > c",
    "through a link to nothing": "ln -s $O/new l; echo x > l", "through a link and ..": "ln -s $O/tree l; echo x > l/../f",
    "through /proc/self/cwd": "echo x > /proc/self/cwd/../outside/f", "through /proc/self/root": "echo x > /proc/self/root$O/f",
    "through a descriptor of /proc": "exec 3< $O/f; echo x > /proc/self/fd/3",
    "in a pipeline": "echo x | cat > ../outside/f", "in the background": "echo x > ../outside/f & wait",
    "in a subshell": "( cd ../outside && echo x > f )", "in a command substitution": ": $(echo x > ../outside/f)",
    "in a function": "f() { echo x > $O/f; }; f", "in a loop": "for i in 1 2; do echo $i; done > ../outside/f",
    "after cd": "cd ../outside; echo x > f", "after cd by a link": "ln -s ../outside l; cd l; echo x > f", "after cd -P": "ln -s ../outside l; cd -P l; rm f",
    "mkdir": "mkdir ../outside/new", "mkdir -p": "mkdir -p $O/a/b/c", "mkdir behind a link": "ln -s ../outside l; mkdir l/new",
    "rmdir": "rmdir ../outside/empty", "rm": "rm -f ../outside/f", "rm -r": "rm -rf ../outside/tree", "rm through a link": "ln -s ../outside l; rm -rf l/tree",
    "rm of everything": "rm -rf ../outside/*", "touch": "touch ../outside/f", "touch a new file": "touch $O/new",
    "touch through a link": "ln -s $O/f l; touch -d @1 l", "cp to": "cp f ../outside/f", "cp a new file": "cp f ../outside/", "cp -r": "cp -r d ../outside/",
    "cp through a link": "ln -s $O/f l; cp f l", "mv out": "mv f ../outside/", "mv over": "mv -f f ../outside/f", "mv in": "mv ../outside/f here",
    "mv a tree in": "mv ../outside/tree here", "ln out": "ln f ../outside/new", "ln -s out": "ln -s x ../outside/new",
    "ln in, and write": "ln ../outside/f hard; echo x > hard", "chmod": "chmod 777 ../outside/f", "chmod through a link": "ln -s $O/f l; chmod 777 l",
    "chmod -R": "chmod -R 700 ../outside/tree", "obliterate": "obliterate -f ../outside/f", "rename the root": "mv ../root ../outside/tree/",
    "rename what the root is in": "mv ../outside ../elsewhere",
    "sh": "/bin/sh -c 'echo x > ../outside/f'", "exec sh": "exec /bin/sh -c 'echo x > ../outside/f'", "norecord": "norecord /bin/sh -c 'echo x > ../outside/f'",
    "recording off": "set +o record; /bin/rm -f ../outside/f", "norecord chmod": "norecord /bin/chmod 777 ../outside/f",
    "recording off, chmod": "set +o record; /bin/chmod 777 $O/f", "another vsh": "$TESTEE --no-sandbox -c 'echo x > ../outside/f'",
    "another vsh with another root": "VSH_ROOT=/ $TESTEE --root / -c 'chmod 777 ../outside/f'",
    "another vsh as sh": "$TESTEE --posix -c 'rm -f ../outside/f'", "env": "env -i /bin/sh -c 'rm -f ../outside/f'",
    "nohup and background": "/bin/sh -c '(sleep 0.1; rm -f ../outside/f) &'; sleep 0.4", "setsid": "setsid /bin/sh -c 'rm -f ../outside/f'; sleep 0.2",
    "cp program": "/bin/cp f ../outside/f", "mv program": "/bin/mv f ../outside/g", "mv program in": "/bin/mv ../outside/f .", "rm program": "/bin/rm -rf ../outside/tree",
    "mkdir program": "/bin/mkdir ../outside/new", "rmdir program": "/bin/rmdir ../outside/empty", "ln program": "/bin/ln f ../outside/new",
    "ln program in": "/bin/ln ../outside/f hard; /bin/sh -c 'echo x > hard'", "symlink program": "/bin/ln -s a ../outside/new", "touch program": "/bin/touch -d @1 ../outside/f",
    "chmod program": "/bin/chmod 777 ../outside/f", "chmod program through a link": "ln -s $O/f l; /bin/chmod 777 l", "truncate": "truncate -s 0 ../outside/f",
    "dd": "dd if=/dev/zero of=../outside/f bs=1 count=1 conv=notrunc 2>&1", "tee": "echo x | tee ../outside/f", "sed -i": "sed -i s/v/w/ ../outside/f",
    "install": "install -m 644 f ../outside/new", "mkfifo": "mkfifo ../outside/new", "find -delete": "find ../outside/tree -delete",
    "tar": "tar cf a.tar -P --transform=s,f,$O/new, f; tar xPf a.tar", "split": "split -b 1 f ../outside/new", "sort -o": "sort f -o ../outside/f",
    "perl": "perl -e 'unlink \"../outside/f\"'", "xargs": "echo ../outside/f | xargs rm -f", "patch file": "cd ../outside; /bin/sh -c 'echo x > f'",
}.items():
    attempt(name, script)
attempt("chown", "chown 1:1 ../outside/f", "root")
attempt("chown program", "/bin/chown 1:1 ../outside/f", "root")
attempt("mount", "mkdir m; mount --bind ../outside m && echo x > m/f", "root")
attempt("a device of its own", "mknod null c 1 3 && echo x > null && echo x > ../outside/f", "root")
attempt("chroot", "chroot / /bin/sh -c \"rm -f $O/f\"", "root")
attempt("unshare", "unshare -Urm /bin/sh -c 'mount -t tmpfs none ../outside; rm -f ../outside/f'")
attempt("a shared memory file is no way out", "ln -s $O /dev/shm/vsh-escape; echo x > /dev/shm/vsh-escape/f; rm -f /dev/shm/vsh-escape")
attempt("a link in /tmp", "ln -s $O /tmp/vsh-escape-$$; echo x > /tmp/vsh-escape-$$/f; rm -f /tmp/vsh-escape-$$")


def python(name, body, *marks):
    attempt(name, "python3 -c '\nimport os, sys, ctypes\nO = os.environ[\"O\"]\nlibc = ctypes.CDLL(None, use_errno=True)\n" + body + "'", *marks)


python("Python: open", 'open(O + "/f", "w")')
python("Python: relative to a descriptor", 'd = os.open(O, os.O_RDONLY); os.open("f", os.O_WRONLY | os.O_TRUNC, dir_fd=d)')
python("Python: fchdir", 'os.fchdir(os.open(O, os.O_PATH)); open("f", "w")')
python("Python: O_PATH opened again", 'f = os.open(O + "/f", os.O_PATH); open("/proc/self/fd/%d" % f, "w")')
python("Python: read-only opened again", 'f = os.open(O + "/f", os.O_RDONLY); open("/proc/self/fd/%d" % f, "w")')
python("Python: fchmod", 'os.fchmod(os.open(O + "/f", os.O_RDONLY), 0o777)')
python("Python: chmod by O_PATH", 'os.chmod("/proc/self/fd/%d" % os.open(O + "/f", os.O_PATH), 0o777)')
python("Python: fchmodat2", 'libc.syscall(452, os.open(O + "/f", os.O_PATH), b"", 0o777, 0x1000)')
python("Python: utime of a descriptor", 'os.utime(os.open(O + "/f", os.O_RDONLY), (1, 1))')
python("Python: utime of a path", 'os.utime(O + "/f", (1, 1))')
python("Python: old utime", 'libc.syscall(132, (O + "/f").encode(), (ctypes.c_long * 2)(1, 1))')
python("Python: utimes", 'libc.syscall(235, (O + "/f").encode(), (ctypes.c_long * 4)(1, 0, 1, 0))')
python("Python: setxattr", 'os.setxattr(O + "/f", "user.x", b"y")')
python("Python: setxattr of a descriptor", 'os.setxattr(os.open(O + "/f", os.O_RDONLY), "user.x", b"y")')
python("Python: removexattr", 'os.removexattr(O + "/f", "user.kept")')
python("Python: setxattrat", 'v = b"y"; libc.syscall(463, -100, (O + "/f").encode(), 0, b"user.x", (ctypes.c_long * 2)(ctypes.addressof(ctypes.create_string_buffer(v)), 1), 16)', "idle")
python("Python: rename", 'os.rename("f", O + "/f")')
python("Python: exchange", 'libc.syscall(316, -100, b"f", -100, (O + "/f").encode(), 2)')
python("Python: link", 'os.link(O + "/f", "hard"); open("hard", "w")')
python("Python: link of a descriptor", 'f = os.open(O + "/f", os.O_RDONLY); libc.linkat(-100, b"/proc/self/fd/%d" % f, -100, b"hard", 0x400); open("hard", "w")')
python("Python: a file without a name, linked", 'f = os.open(".", os.O_TMPFILE | os.O_RDWR); libc.linkat(-100, b"/proc/self/fd/%d" % f, -100, (O + "/new").encode(), 0x400)')
python("Python: openat2", 'libc.syscall(437, -100, (O + "/f").encode(), (ctypes.c_ulonglong * 3)(0o1001, 0, 0), 24)')
python("Python: symlink and open", 'os.symlink(O, "l"); open("l/new", "w")')
python("Python: a socket", 'import socket; socket.socket(socket.AF_UNIX).bind(O + "/new")')
python("Python: a FIFO", 'os.mkfifo(O + "/new")')
python("Python: truncate", 'os.truncate(O + "/f", 0)')
python("Python: a writable mapping", 'import mmap; f = os.open(O + "/f", os.O_RDWR); m = mmap.mmap(f, 0); m[0:1] = b"x"; m.flush()')
python("Python: the parent's working directory", 'open("/proc/%d/cwd/../outside/f" % os.getppid(), "w")')
python("Python: a daemon", 'pid = os.fork()\nif pid == 0:\n    os.setsid()\n    if os.fork() == 0:\n        open(O + "/f", "w")\n    os._exit(0)\nos.waitpid(pid, 0)\nimport time; time.sleep(0.2)')
python("Python: a program of its own", 'import subprocess; subprocess.run(["/bin/rm", "-f", O + "/f"])')
python("Python: io_uring", 'r = libc.syscall(425, 4, ctypes.create_string_buffer(256)); sys.exit(0 if r < 0 else 9)', "idle")
python("Python: sendfile", 'a = os.open("f", os.O_RDONLY); b = os.open(O + "/f", os.O_WRONLY); os.sendfile(b, a, 0, 1)')
python("Python: write to the shell's memory", 'p = os.getppid(); open("/proc/%d/mem" % p, "r+b")', "idle")
python("Python: trace the shell", 'sys.exit(0 if libc.ptrace(16, os.getppid(), 0, 0) < 0 else 9)', "idle")
python("Python: descriptors of the shell", 'import glob\nfor d in glob.glob("/proc/%d/fd/*" % os.getppid()):\n    try: open(d + "/../outside/f", "w")\n    except OSError: pass', "idle")
python("Python: more rights by Landlock", 'r = (ctypes.c_ulonglong * 1)(0x7fff); f = libc.syscall(444, r, 8, 0)\nlibc.syscall(446, f, 0)\ntry: open(O + "/f", "w")\nexcept OSError: pass', "idle")
python("Python: a handle", 'h = (ctypes.c_char * 136)(); ctypes.cast(h, ctypes.POINTER(ctypes.c_uint))[0] = 128; m = ctypes.c_int()\n'
       'libc.syscall(303, -100, (O + "/f").encode(), h, ctypes.byref(m), 0)\nf = libc.syscall(304, os.open(".", os.O_RDONLY), h, 0o1001)\nsys.exit(0 if f < 0 else 0)', "root")
python("Python: a race between a directory and a link", '''import threading, time
os.mkdir("r"); os.mkdir("r/x"); os.symlink(O, "r/y"); stop = time.time() + 0.7
def swap():
    while time.time() < stop:
        try: libc.syscall(316, -100, b"r/x", -100, b"r/y", 2)
        except OSError: pass
t = threading.Thread(target=swap); t.start()
while time.time() < stop:
    for n in ("r/x/f", "r/y/f", "r/x/new"):
        try: open(n, "a").write("x")
        except OSError: pass
        try: os.chmod(n, 0o777)
        except OSError: pass
t.join()''')
# The shell itself against a program that exchanges a directory for a link all the time.
attempt("the shell in a race", '''mkdir r r/x; ln -s $O r/y
python3 -c '
import ctypes, time
libc = ctypes.CDLL(None); stop = time.time() + 1.5
while time.time() < stop: libc.syscall(316, -100, b"r/x", -100, b"r/y", 2)' &
i=0
while [ $i -lt 1500 ]; do
    echo x > r/x/f; echo x >> r/y/f; rm -f r/x/g; mkdir r/x/new; touch -d @5 r/x/f; chmod 640 r/x/f; mv r/x/f r/x/h; ln f r/x/z; cp f r/y/f; i=$((i+1))
done 2> /dev/null
wait''')
# undo, which puts modes, owners and times back, against the same.
attempt("undo in a race", '''mkdir r r/x; echo x > r/x/f; ln -s $O r/y
python3 -c '
import ctypes, time
libc = ctypes.CDLL(None); stop = time.time() + 1.5
while time.time() < stop: libc.syscall(316, -100, b"r/x", -100, b"r/y", 2)' &
i=0
while [ $i -lt 300 ]; do
    chmod 601 r/x/f; touch -d @5 r/x/f; echo y > r/x/f; rm -f r/x/f
    undo; undo; i=$((i+1))
done > /dev/null 2>&1
wait''', "idle")
C_RACE = r'''
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static char path[4096]; static const char *in, *out; static volatile int stop;
static void *swap(void *x) { while (!stop) { strcpy(path, out); strcpy(path, in); } return x; }
static int a, b, n;
static void *dups(void *x) { while (!stop) { dup2(a, n); dup2(b, n); } return x; }
int main(int c, char **v) {
  pthread_t t, u; time_t end = time(0) + 2; in = v[1]; out = v[2];
  strcpy(path, in); a = open(in, O_RDONLY); b = open(out, O_RDONLY); n = dup(a);
  pthread_create(&t, 0, swap, 0); pthread_create(&u, 0, dups, 0);
  while (time(0) < end) {
    struct timeval tv[2] = {{7, 0}, {7, 0}};
    chmod(path, 0777); utimes(path, tv); fchmod(n, 0777); truncate(path, 0);
    int f = open(path, O_WRONLY | O_CREAT, 0644);
    if (f >= 0) { if (write(f, "x", 1)) {} close(f); }
    syscall(SYS_setxattr, path, "user.r", "x", 1, 0);
  }
  stop = 1; pthread_join(t, 0); pthread_join(u, 0);
}'''
attempt("C: threads that change the path and the descriptor", "${TESTEE%/*}/race $R/f $O/f", "c")


def snapshot(top):
    """Everything about what is below a directory, and the directory itself."""
    seen = {}
    for base, dirs, files in os.walk(top):
        for name in [""] * (base == top) + dirs + files:
            path = os.path.join(base, name)
            s = os.lstat(path)
            content = None
            if stat.S_ISREG(s.st_mode):
                with open(path, "rb") as file:
                    content = hashlib.sha1(file.read()).hexdigest()
            elif stat.S_ISLNK(s.st_mode):
                content = os.readlink(path)
            attributes = {} if stat.S_ISLNK(s.st_mode) else {name: os.getxattr(path, name) for name in os.listxattr(path)}
            seen[path] = (s.st_mode, s.st_uid, s.st_gid, s.st_mtime_ns, s.st_nlink, content, attributes)
    return seen


def prepare(base, user):
    """The directories of one attempt."""
    top = tempfile.mkdtemp(prefix="vsh-sandbox.", dir=base)
    for name in ("root/d", "outside/tree/deep", "outside/empty", "home"):
        os.makedirs(os.path.join(top, name))
    for name, text in (("root/f", "inside"), ("root/d/g", "inside"), ("outside/f", "victim"), ("outside/g", "victim"), ("outside/tree/deep/h", "victim")):
        with open(os.path.join(top, name), "w") as file:
            file.write(text + "\n")
    try:
        os.setxattr(os.path.join(top, "outside/f"), "user.kept", b"1")
    except OSError:
        pass
    os.chmod(top, 0o755)
    if user:
        for path, dirs, files in os.walk(top):
            for name in [""] + dirs + files:
                os.lchown(os.path.join(path, name), user, user)
    return top


C_WITHOUT = r'''
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>
int main(int c, char **v) {
  struct sock_filter code[] = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)}, {BPF_JMP | BPF_JGE | BPF_K, 0, 2, 444},
    {BPF_JMP | BPF_JGT | BPF_K, 1, 0, 446}, {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS}, {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  struct sock_fprog program = {5, code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) return 99;
  execv(v[1], v + 1);
  return 98;
}'''


def compile_c(text, target):
    """A program for the tests, when there is a compiler."""
    if shutil.which("cc"):
        source = target + ".c"
        with open(source, "w") as file:
            file.write(text)
        subprocess.run(["cc", "-O1", "-pthread", "-w", source, "-o", target], check=True)
        os.chmod(target, 0o755)


def run(shell, top, user, script, options, wrapper=(), here="/root", **more):
    env = {"HOME": top + "/home", "PATH": os.environ["PATH"], "LC_ALL": "C", "O": top + "/outside", "R": top + "/root", "TESTEE": shell, **more}
    who = {"user": user, "group": user, "extra_groups": []} if user else {}
    return subprocess.run([*wrapper, shell, *options, "-c", script], cwd=top + here if here != "/" else here, env=env, capture_output=True, timeout=60, stdin=subprocess.DEVNULL, **who)


def difference(before, after, top):
    return [path[len(top) + 1:] for path in sorted(set(before) | set(after)) if before.get(path) != after.get(path)]


# The children of the shell and theirs, but for itself: the recorder and its keeper.
KILL_RECORDER = """
import os
parents = {}
for name in os.listdir("/proc"):
    if name.isdigit():
        try: parents[int(name)] = int(open("/proc/%s/stat" % name).read().rsplit(")", 1)[1].split()[1])
        except OSError: pass
own = [p for p in parents if parents[p] == os.getppid() and p != os.getpid()]
for p in own + [p for p in parents if parents[p] in own]:
    os.kill(p, 9)
"""


class Suite:
    def __init__(self, shell, base, user):
        self.shell, self.base, self.user = shell, base, user
        self.who = "nobody" if user else ("root" if os.geteuid() == 0 else "user")
        self.passed = self.failed = self.skipped = 0

    def verdict(self, name, problem):
        if problem:
            self.failed += 1
            print(f"FAILED {self.who}: {name}: {problem}")
        else:
            self.passed += 1

    def attempt(self, name, script, marks):
        if "root" in marks and self.who != "root" or "c" in marks and not shutil.which("cc"):
            self.skipped += 1
            return
        top = prepare(self.base, self.user)
        try:
            before = snapshot(top + "/outside")
            result = run(self.shell, top, self.user, script, ["--root", top + "/root"])
            changed = difference(before, snapshot(top + "/outside"), top)
            problem = f"changed {changed}" if changed else ""
            if "idle" in marks and result.returncode == 9:
                problem = "it was allowed"
            if sorted(os.listdir(top)) != ["home", "outside", "root"]:
                problem = f"left {os.listdir(top)}"
            self.verdict(name, problem)
        except subprocess.TimeoutExpired:
            self.verdict(name, "did not end")
        finally:
            shutil.rmtree(top, ignore_errors=True)
        if "idle" in marks or name in ("mount", "unshare", "a device of its own", "Python: a race between a directory and a link"):
            return
        top = prepare(self.base, self.user)
        try:
            before = snapshot(top + "/outside")
            result = run(self.shell, top, self.user, script, ["--no-sandbox"])
            if not difference(before, snapshot(top + "/outside") if os.path.isdir(top + "/outside") else {}, top):
                self.verdict(name + " (free)", f"changed nothing even without the sandbox: {result.stderr[:300]!r}")
        finally:
            shutil.rmtree(top, ignore_errors=True)

    # What must work, and what must be said.

    def check(self, name, script, status, output=None, message=None, options=None, test=None, wrapper=()):
        top = prepare(self.base, self.user)
        try:
            result = run(self.shell, top, self.user, script, options or ["--root", top + "/root"], wrapper)
            problem = ""
            if status is not None and result.returncode != status:
                problem = f"status {result.returncode}: {result.stdout!r} {result.stderr!r}"
            elif output is not None and result.stdout != output:
                problem = f"printed {result.stdout!r} {result.stderr!r}"
            elif message is not None and not all(word.encode() in result.stderr for word in message):
                problem = f"said {result.stderr!r}"
            elif test:
                problem = test(top)
            self.verdict(name, problem)
        finally:
            shutil.rmtree(top, ignore_errors=True)

    def checks(self):
        check = self.check
        check("work inside", "echo a > new; mkdir -p x/y; cp f x/y/; mv x z; ln f hard; ln -s f soft; echo b >> soft; chmod 600 f; touch -d @5 f; rm -r z; "
              "cat new soft", 0, b"a\ninside\nb\n")
        check("programs inside", "/bin/sh -c 'echo a > new; mkdir x; mv new x/; chmod 700 x; touch -d @7 f; ln f hard; rm hard; cat x/new; stat -c %Y f'", 0, b"a\n7\n")
        check("absolute links inside", "ln -s $R/d l; echo x > l/g; cat d/g; ln -s $R/f m; echo y > m; chmod 644 m; cat f", 0, b"x\ny\n")
        check(".. inside", "cd d; echo x > ../f; mkdir ../e; /bin/sh -c 'echo y >> ../f'; cat ../f", 0, b"x\ny\n")
        check("reading outside", "cat $O/f; cat < ../outside/g; /bin/cat $O/tree/deep/h; ls $O > l; cd ../outside && cat f", 0, b"victim\n" * 4)
        check("devices", "{ echo x > /dev/null; : >> /dev/null; /bin/sh -c 'echo x > /dev/null'; echo a > /dev/stdout; /bin/sh -c 'echo b > /dev/stdout' | cat; "
              "echo c > /dev/fd/1; /bin/sh -c 'echo d > /proc/self/fd/1'; } | cat", 0, b"a\nb\nc\nd\n")
        check("temporary files", "t=$(mktemp); echo x > $t; cat $t; rm $t; echo y > /tmp/vsh-inside.$$; cat /tmp/vsh-inside.$$; rm /tmp/vsh-inside.$$", 0, b"x\ny\n")
        check("undo inside", "rm f\nundo\ncat f", None, None, test=lambda top: "" if os.path.exists(top + "/root/f") else "f is gone")
        check("undo of a program", "begin; sed -i s/inside/changed/ f; /bin/rm d/g; rollback; cat f d/g", None,
              test=lambda top: "" if open(top + "/root/f").read() == "inside\n" and os.path.exists(top + "/root/d/g") else "not undone")
        check("the message", "echo x > ../outside/new", 1, b"", ["../outside/new", "outside the root"])
        check("the message of a builtin", "mkdir $O/new", 1, b"", ["/outside/new", "outside the root", "/root"])
        check("status of a program", "/bin/mkdir $O/new", 1, b"", ["ermission denied"])
        check("the audit log", "echo x > ../outside/new; chmod 777 $O/f; /bin/chmod 777 $O/f; /bin/rm $O/g; audit log --type refusal", 0, None, None,
              test=None)
        check("sandbox says", "sandbox | head -n 1", 0, b"level      write\n")
        check("it can be tightened", "sandbox strict && sandbox | head -n 1", 0, b"level      strict\n")
        check("it cannot be loosened", "sandbox strict; sandbox write", 1, b"", ["cannot be loosened"])
        check("off", "sandbox; echo x > ../outside/new && cat ../outside/new", 0, b"level      off\nx\n", options=["--no-sandbox"])
        check("strict: reading outside", "cat $O/f", 1, b"", options=["--sandbox=strict"])
        check("strict: reading outside by <", "read x < $O/f; echo \"[$x]\"", 0, b"[]\n", options=["--sandbox=strict"])
        check("strict: listing outside", "echo $O/*; /bin/ls $O", None, None, options=["--sandbox=strict"],
              test=None)
        check("strict: programs", "/bin/cat $O/f || echo no; /bin/cat f; ls -l f > l; /bin/sh -c 'echo a > new'; cat new; sort new", 0, b"no\ninside\na\na\n",
              options=["--sandbox=strict"])
        check("strict: a script outside", ". $O/f", None, b"", options=["--sandbox=strict"])
        check("strict: tightening", "cat $O/f; sandbox strict; cat $O/f || echo no", 0, b"victim\nno\n")
        check("VSH_ROOT", "VSH_ROOT=$R $TESTEE -c 'echo x > $O/new'; VSH_ROOT=$R $TESTEE --no-sandbox -c 'echo y > $O/free'; ls $O", 0, b"empty\nf\nfree\ng\ntree\n",
              options=["--no-sandbox"])
        check("no such root", ":", 2, b"", ["no directory"], options=["--root", "/nonexistent"])
        check("the state is out of reach", "cd; echo x > .local/state/vsh/log.sqlite; rm -rf .local; mv .local x; rm -rf .local/state/vsh; chmod 777 .local/state/vsh; "
              "echo x > .local/state/vsh/new; /bin/sh -c 'rm -rf .local/state/vsh; echo x > .local/state/vsh/control'; /bin/mv .local x; "
              "python3 -c 'import os; os.rename(\".local/state/vsh/log.sqlite\", \"x\")'; audit verify > /dev/null && echo good; ls", None, b"good\n",
              options=None, test=lambda top: "" if not os.path.exists(top + "/home/.local/state/vsh/new") and os.path.getsize(top + "/home/.local/state/vsh/control") == 4096
              else "the state was changed")
        check("too few descriptors", "ulimit -n 12; /bin/chmod 777 $O/f; /bin/rm $O/g; echo x > new && cat < new", None, None, ["cannot confine"],
              test=lambda top: "" if os.stat(top + "/outside/f").st_mode & 0o777 != 0o777 and os.path.exists(top + "/outside/g") else "changed")
        check("hardly any descriptor", "ulimit -n 4; /bin/chmod 777 $O/f; /bin/rm $O/g", None, None,
              test=lambda top: "" if os.stat(top + "/outside/f").st_mode & 0o777 != 0o777 and os.path.exists(top + "/outside/g") else "changed")
        check("a killed recorder", "/bin/sh -c ': > new'; python3 -c '" + KILL_RECORDER + "'; /bin/chmod 777 $O/f; /bin/chmod 777 $O/f", None, None,
              test=lambda top: "" if os.stat(top + "/outside/f").st_mode & 0o777 != 0o777 else "changed")
        if shutil.which("cc"):
            without = [os.path.join(self.base, "without")]
            check("without Landlock: said once", "/bin/true; /bin/true; echo ok", 0, b"ok\n", ["no Landlock"], wrapper=without)
            check("without Landlock: builtins are held", "mkdir $O/new", 1, b"", ["outside the root"], wrapper=without)
            check("without Landlock: attributes are held", "/bin/chmod 777 $O/f", 1, b"", ["chmod"], wrapper=without)
            check("without Landlock: strict runs nothing", "/bin/true", 126, b"", ["no Landlock"], options=["--sandbox=strict"], wrapper=without)
        self.home()
        self.privileged()
        self.old_undo()
        self.refusals()
        self.defaults()

    def home(self):
        """The state lies below the root: home is the root."""
        top = prepare(self.base, self.user)
        try:
            env_root = ["--root", top + "/home"]
            script = ("cd; echo x > fine; echo x > .local/state/vsh/log.sqlite; rm -rf .local; mv .local x; /bin/rm -rf .local/state/vsh/journal; "
                      "/bin/mv .local/state x; /bin/sh -c 'echo x > .local/state/vsh/control'; audit verify | tail -n 1 | cut -d: -f1 > n; cat fine")
            result = run(self.shell, top, self.user, script, env_root)
            verify = run(self.shell, top, self.user, "audit verify", ["--no-sandbox"])
            problem = "" if result.stdout == b"x\n" and verify.returncode == 0 else f"{result.stdout!r} {result.stderr!r} {verify.stderr!r}"
            self.verdict("the state below the root is out of reach", problem)
        finally:
            shutil.rmtree(top, ignore_errors=True)

    def privileged(self):
        """A set-user-ID program is refused, and how to run it is said."""
        if os.geteuid() != 0 or not self.user:
            return
        top = prepare(self.base, self.user)
        try:
            shutil.copy("/bin/true", top + "/outside/suid")
            os.chown(top + "/outside/suid", 0, 0)
            os.chmod(top + "/outside/suid", 0o4755)
            result = run(self.shell, top, self.user, "$O/suid", ["--root", top + "/root"])
            said = b"gains privileges" in result.stderr and b"--no-sandbox" in result.stderr
            self.verdict("a program that gains privileges", "" if said and result.returncode == 126 else f"{result.returncode} {result.stderr!r}")
        finally:
            shutil.rmtree(top, ignore_errors=True)

    def old_undo(self):
        top = prepare(self.base, self.user)
        try:
            run(self.shell, top, self.user, "echo changed > $O/f", ["--no-sandbox"])
            before = snapshot(top + "/outside")
            result = run(self.shell, top, self.user, "undo", ["--root", top + "/root"])
            changed = difference(before, snapshot(top + "/outside"), top)
            self.verdict("undo of what was done outside before", f"changed {changed} {result.stderr!r}" if changed or result.returncode == 0 else "")
        finally:
            shutil.rmtree(top, ignore_errors=True)

    def expect(self, name, script, output, message="", status=0, options=(), **where):
        """Runs a script as any user would; `message`: words on standard error, none when empty."""
        top = prepare(self.base, self.user)
        try:
            result = run(self.shell, top, self.user, script, options, **{key: value.replace("TOP", top) for key, value in where.items()})
            said = result.stderr.decode(errors="replace").replace(top, "TOP")
            got = result.stdout.decode(errors="replace").replace(top, "TOP")
            right = result.returncode == status and got == output and (message in said if message else not said)
            self.verdict("by default: " + name, "" if right else f"{result.returncode} {got!r} {said!r}")
        finally:
            shutil.rmtree(top, ignore_errors=True)

    def defaults(self):
        """What holds when nobody asks for anything."""
        expect = self.expect
        look = "sandbox | head -n 2 | tr -s ' '"
        expect("on, where the shell starts", look, "level write\nroot TOP/root\n")
        expect("the home directory", look, "level write\nroot TOP/home\n", here="/home")
        expect("below the home directory", "mkdir e; cd e; echo x > ../f; cat ../f; " + look, "x\nlevel write\nroot TOP\n", HOME="TOP")
        expect("cd does not move the root", "cd d; echo x > ../new; cd /; " + look, "level write\nroot TOP/root\n")
        expect("in / there is none", "sandbox; echo x > $O/f; cat $O/f", "level      off\nx\n", here="/")
        expect("not as sh", "echo x > $O/f; cat $O/f", "x\n", options=["--posix"])
        expect("VSH_SANDBOX=off", look, "level off\n", VSH_SANDBOX="off")
        expect("VSH_SANDBOX=strict", look, "level strict\nroot TOP/root\n", VSH_SANDBOX="strict")
        expect("VSH_SANDBOX=nonsense", look, "", "off, write or strict", 2, VSH_SANDBOX="nonsense")
        expect("an option comes first", look, "level write\nroot TOP/root\n", VSH_SANDBOX="off", options=["--sandbox"])
        expect("the configuration", f"sh -c 'mkdir -p $R/c/vsh; echo off > $R/c/vsh/sandbox'; XDG_CONFIG_HOME=$R/c $TESTEE -c \"{look}\"", "level off\n",
               options=["--no-sandbox", "--no-undo"])
        expect("out of reach", "echo off > $HOME/.config/vsh/sandbox || echo no", "no\n", "No such file", HOME="TOP")
        expect("the configuration cannot be written", "mkdir -p .config/vsh; echo off > .config/vsh/sandbox; ls .config", "", ".config", here="/home")
        expect("a shell inside a shell", "cd d; $TESTEE -c 'echo x > ../new; sandbox'; cat ../new", "level      that of the shell around this one\nx\n")
        expect("a message when a program fails", "/bin/sh -c 'echo x > ../outside/new'", "", "vsh: sandbox: open: TOP/outside/new: outside the root TOP/root (vsh --root", 2)
        expect("none when it does not", "/bin/sh -c '(echo x > ../outside/new) 2> /dev/null; :'", "")
        expect("in a pipeline", "echo x | tee ../outside/new > /dev/null", "", "outside the root", 1)
        expect("norecord records nothing, and refuses", "norecord /bin/sh -c 'echo x > f; chmod 777 ../outside/f 2> /dev/null || echo no; :'; undo 2> /dev/null; cat f", "no\nx\n")
        expect("making what is there", "mkdir -p $O; mkdir $O 2> /dev/null; ln -s x $O/f 2> /dev/null; echo $?", "1\n")
        expect("no way out of a script", "unconfined /bin/true", "", "no way out", 1)
        expect("standard output is a file outside", "exec 3>&1; $TESTEE --root $R -c 'echo a; echo b > /dev/stdout; /bin/sh -c \"echo c >> /dev/stdout; echo d >> /dev/fd/1\"' >> $O/f; cat $O/f",
               "b\nc\nd\n", options=["--no-sandbox", "--no-undo"])
        expect("an undo that reaches out is none", "$TESTEE --no-sandbox -c 'echo x > f; echo x > $O/f'; $TESTEE -c undo; cat f $O/f", "x\nx\n", "nothing was changed: it reaches out of the sandbox",
               options=["--no-sandbox", "--no-undo"])
        if os.geteuid() == 0 and self.user:
            top = prepare(self.base, self.user)
            try:
                shutil.copy("/bin/false", top + "/root/setgid")
                os.chown(top + "/root/setgid", 0, 1)
                os.chmod(top + "/root/setgid", 0o2755)
                result = run(self.shell, top, self.user, "./setgid", [])
                self.verdict("a program that gains a group", "" if result.returncode == 1 and b"without the privileges" in result.stderr else f"{result.returncode} {result.stderr!r}")
            finally:
                shutil.rmtree(top, ignore_errors=True)

    def refusals(self):
        import json
        top = prepare(self.base, self.user)
        try:
            run(self.shell, top, self.user, "echo x > ../outside/new; chmod 777 $O/f; /bin/chmod 777 $O/f; /bin/rm $O/g; :", ["--root", top + "/root"])
            result = run(self.shell, top, self.user, "audit verify > /dev/null && audit log --json --type refusal", ["--no-sandbox"])
            rows = [json.loads(line) for line in result.stdout.splitlines()]
            seen = [(row["notes"][0], os.path.basename(row["paths"][0])) for row in rows]
            expected = [("open", "new"), ("chmod", "f"), ("chmod", "f"), ("remove", "g")]
            self.verdict("refusals are in the audit log", "" if seen == expected else f"{seen} {result.stderr!r}")
        finally:
            shutil.rmtree(top, ignore_errors=True)


def main():
    arguments = sys.argv[1:]
    shell = SHELL
    if "--shell" in arguments:
        place = arguments.index("--shell")
        shell = os.path.abspath(arguments[place + 1])
        del arguments[place:place + 2]
    # Not in /tmp, where changes are allowed.
    isroot = os.geteuid() == 0
    base = tempfile.mkdtemp(prefix="vsh-sandbox-test.", dir="/srv" if isroot and os.path.isdir("/srv") else "/" if isroot else os.path.expanduser("~"))
    os.chmod(base, 0o755)
    copy = os.path.join(base, "vsh")
    shutil.copy(shell, copy)
    shell = copy
    passed = failed = 0
    try:
        for user in ([0, 65534] if isroot else [0]):
            if shutil.which("cc"):
                compile_c(C_RACE, os.path.join(base, "race"))
                compile_c(C_WITHOUT, os.path.join(base, "without"))
            suite = Suite(shell, base, user)
            for name, script, marks in ATTEMPTS:
                if all(word in name for word in arguments):
                    suite.attempt(name, script, marks)
            if not arguments:
                suite.checks()
            print(f"{suite.who}: {suite.passed} held, {suite.failed} failed, {suite.skipped} not for this user")
            passed += suite.passed
            failed += suite.failed
    finally:
        shutil.rmtree(base, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(int(failed > 0))


if __name__ == "__main__":
    main()
