# SPDX-License-Identifier: MPL-2.0
"""Attempts to leave the sandbox, for Tests/undo/test_sandbox.py, and the programs that they need."""

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
attempt("a psql of one's own", "printf '#!/bin/sh\nchmod 777 $O/f\necho x > $O/g\n' > psql; chmod 755 psql; echo x > f; $TESTEE -c 'audit head'; PATH=$R:$PATH audit push postgresql://x")
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
# undo, which puts modes, owners and times back, against the same, less often: it looks at all that the exchanges left.
attempt("undo in a race", '''mkdir r r/x; echo x > r/x/f; ln -s $O r/y
python3 -c '
import ctypes, time
libc = ctypes.CDLL(None); stop = time.time() + 1.5
while time.time() < stop: libc.syscall(316, -100, b"r/x", -100, b"r/y", 2), time.sleep(0.0005)' &
i=0
while [ $i -lt 150 ]; do
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
    if (link(path, "hard") == 0) { truncate("hard", 0); unlink("hard"); }
    rename(path, "moved"); unlink(path); mkdir(path, 0755); rmdir(path); symlink("moved", path); unlink(path);
  }
  stop = 1; pthread_join(t, 0); pthread_join(u, 0);
}'''
attempt("C: threads that change the path and the descriptor", "${TESTEE%/*}/race $R/f $O/f", "c")

# The same for the shell's own state, below the root, which must be asked for: $S.
STATE_RACE = '''echo mine > $S/planted; mkdir $S/kept; ln -s $S r; ln -s . s
"${TESTEE%/*}/race" $HOME/f $S/planted & "${TESTEE%/*}/race" $HOME/f $S/new & "${TESTEE%/*}/race" $HOME/g $S/kept &
python3 -c '
import ctypes, os, time
libc = ctypes.CDLL(None); stop = time.time() + 2
while time.time() < stop:
    libc.syscall(316, -100, b"r", -100, b"s", 2)
    for path in ("r/planted", "s/planted", "s/new"):
        for step in (lambda: os.truncate(path, 0), lambda: os.close(os.open(path, os.O_WRONLY | os.O_CREAT)), lambda: os.unlink(path),
                     lambda: os.rename("f", path), lambda: os.rename(path, "f"), lambda: os.mkdir(path)):
            try: step()
            except OSError: pass'
wait'''
TRACE_SHELL = '''python3 -c '
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def is_shell(pid):
    try: return open("/proc/%s/comm" % pid).read().strip() == "vsh"
    except OSError: return False
for pid in filter(str.isdigit, os.listdir("/proc")):
    if is_shell(pid):
        if libc.ptrace(16, int(pid), 0, 0) == 0: sys.exit(9)
        try: open("/proc/%s/mem" % pid, "r+b"); sys.exit(9)
        except OSError: pass
sys.exit(7)' '''

# A program that hides its memory is told that it did; its child, and one that may be run and not read.
HIDDEN = '''python3 -c '
import ctypes, os, sys
state = os.environ["S"]
open("before", "w").close()
if ctypes.CDLL(None).prctl(4, 0): sys.exit(8)
os.close(os.open("after", os.O_CREAT | os.O_WRONLY))
if os.getuid():
    os.system("cp /bin/touch t; chmod 111 t")
    if os.system("./t hidden 2> /dev/null") == 0 or os.path.exists("hidden"): sys.exit(9)
os.fork()
for step in (lambda: open(state + "/planted", "w"), lambda: os.unlink(state + "/planted"), lambda: os.rename(state + "/kept", "x"), lambda: os.truncate(state + "/planted", 0)):
    try: step(); sys.exit(9)
    except OSError: pass
sys.exit(7)' '''
# openat2: struct open_how in an array of 64-bit words.
RESOLVED = '''python3 -c '
import ctypes, errno, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def openat2(path, flags, mode=0, resolve=0, at=-100):
    how = (ctypes.c_uint64 * 3)(flags, mode, resolve)
    fd = libc.syscall(437, at, path.encode(), how, 24)
    return fd if fd >= 0 else -ctypes.get_errno()
state = os.environ["S"]
os.makedirs("o/p"); os.symlink("p", "o/l"); os.symlink("/", "o/out")
new, BENEATH, NO_LINKS, IN_ROOT = os.O_WRONLY | os.O_CREAT | os.O_EXCL, 8, 4, 16
at = os.open("o", os.O_PATH)
os.umask(0o027)
found = [openat2("a", new, 0o666), openat2("a", new, 0o666), openat2("o/p/b", new, 0o600, BENEATH), openat2("l/c", new, 0o600, BENEATH, at), openat2("l/d", new, 0o600, NO_LINKS, at),
    openat2("../e", new, 0o600, BENEATH, at), openat2("out/etc/passwd", os.O_RDONLY, 0, BENEATH, at), openat2("/p/f", new, 0o600, IN_ROOT, at), openat2("p/b", os.O_RDONLY, 0, BENEATH, at),
    openat2("none/x", new, 0o600), openat2("o/p", new, 0o600)]
wanted = [None, -errno.EEXIST, None, None, -errno.ELOOP, -errno.EXDEV, -errno.EXDEV, None, None, -errno.ENOENT, -errno.EEXIST]
right = all(f >= 0 if w is None else f == w for f, w in zip(found, wanted))
right = right and os.stat("a").st_mode & 0o777 == 0o640 and sorted(os.listdir("o/p")) == ["b", "c", "f"]
right = right and os.write(found[0], b"x") == 1 and open("a").read() == "x"
if not right: print(found, file=sys.stderr)
for resolve in (0, 4):
    for flags in (os.O_WRONLY, os.O_RDWR | os.O_TRUNC): right = right and openat2(state + "/planted", flags, 0, resolve) < 0
    right = right and openat2(state + "/new", new, 0o600, resolve) < 0
sys.exit(7 if right else 9)' '''

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

# A kernel without Landlock: its calls fail with ENOSYS.
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
