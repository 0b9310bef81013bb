# SPDX-License-Identifier: MPL-2.0
"""Ways around the recorder that keeps programs from the shell's own directories, for Tests/undo/test_sandbox_own.py."""

# (name, Python text, marks). It runs in the home directory, which is the root; S: the state directory, where `planted` and the directory
# `kept` are; O: a directory outside. It must change nothing in either, and must when it is free. Marks: root, user: only as that one;
# idle: not to be run free.
WAYS = []
PROLOGUE = r'''
import ctypes, errno, fcntl, os, socket, struct, subprocess, sys, threading, time
S, O, H = os.environ["S"], os.environ["O"], os.environ["HOME"]
libc = ctypes.CDLL(None, use_errno=True)
def step(f):
    try: return f()
    except OSError: return None
def is_shell(pid):
    """Whether that process is the shell of this test, its recorder or keeper: no other has a program of that name."""
    return step(lambda: open("/proc/%s/comm" % pid).read().strip()) == os.environ["TESTEE"].split(" ")[0].rpartition("/")[2]
def spoil(path, at=None):
    """Tries to change a file and what is around it."""
    fd = step(lambda: os.open(path, os.O_WRONLY | os.O_TRUNC, dir_fd=at))
    if fd is not None: os.write(fd, b"spoilt"), os.close(fd)
    step(lambda: os.mkdir(os.path.dirname(path) + "/new", dir_fd=at))
def for_a_while(f, seconds=0.4):
    end = time.time() + seconds
    while time.time() < end: f()
'''


def way(name, body, *marks):
    WAYS.append((name, PROLOGUE + body, marks))


way("hidden memory", 'libc.prctl(4, 0)\nspoil(S + "/planted")\nif os.fork() == 0: spoil(S + "/planted")')
way("a program that may not be read", 'subprocess.run("cp /bin/touch t; chmod 111 t; ./t -d @7 $S/planted; cp /bin/mkdir m; chmod 111 m; ./m $S/new", shell=True)')
# With another group only, but with capabilities: who has none gets into no state directory of root's.
way("rights given up, in a race", '''
subprocess.run("ln -s $S r; ln -s . s; mkdir kept; : > planted", shell=True)
def swap(): libc.syscall(316, -100, b"r", -100, b"s", 2)
t = threading.Thread(target=lambda: for_a_while(swap)); t.start()
for name in ("planted", "kept"): step(lambda: os.chmod(name, 0o777))
libc.syscall(106, 65534)
for_a_while(lambda: (spoil("r/planted"), step(lambda: os.chmod("r/kept", 0o777))))
t.join()''', "root")
way("a socket", 'socket.socket(socket.AF_UNIX).bind(S + "/socket")')
way("a socket, through a link", 'os.symlink(S, "l"); os.chdir("l"); socket.socket(socket.AF_UNIX).bind("socket")')
way("a socket, in a race of directories", '''
os.symlink(S, "r"); os.symlink(H, "s"); os.mkdir("deep"); os.symlink(S, "deep/r"); os.mkdir("deep/s"); n = 0
def swap(): libc.syscall(316, -100, b"r", -100, b"s", 2); libc.syscall(316, -100, b"deep/r", -100, b"deep/s", 2)
t = threading.Thread(target=lambda: for_a_while(swap)); t.start()
def bind():
    global n
    n += 1
    for name in ("r/x%d", "s/x%d", "deep/s/x%d"): step(lambda: socket.socket(socket.AF_UNIX).bind(name % n))
for_a_while(bind); t.join()''')
way("a socket, in a race of memory", '''
stop = time.time() + 0.4
address = ctypes.create_string_buffer(110); names = [struct.pack("H", 1) + (d + "/x%d").encode() + b"\\0" for d in (H, S)]
here, there = names[0], names[1]
def write():
    n = 0
    while time.time() < stop:
        n += 1
        for name in (here, there): ctypes.memmove(address, (name.replace(b"%d", b"%d" % n)), len(name))
t = threading.Thread(target=write); t.start()
while time.time() < stop:
    s = socket.socket(socket.AF_UNIX); libc.bind(s.fileno(), address, 110)
t.join()''')
# Where programs make their calls themselves the kernel looks after writing, and not after cutting: neither the path nor what openat2 is told may
# come to be another one.
way("cutting without writing, in a race of memory", '''
import shutil, tempfile
d = tempfile.mkdtemp(dir="/tmp"); stop = time.time() + 0.4
here, there = (d + "/f").encode() + b"\\0", (S + "/planted").encode() + b"\\0"
path, how = ctypes.create_string_buffer(300), ctypes.create_string_buffer(24)
def write():
    while time.time() < stop:
        for name, flags in ((here, 0o101), (there, 0o1000)): ctypes.memmove(path, name, len(name)), struct.pack_into("Q", how, 0, flags)
t = threading.Thread(target=write); t.start()
while time.time() < stop:
    for fd in (libc.syscall(2, path, 0o1000, 0), libc.syscall(437, -100, path, how, 24), libc.syscall(76, path, 0)): fd > 0 and step(lambda: os.close(fd))
t.join(); shutil.rmtree(d)''')
way("a link where the configuration will be", '''
os.makedirs("evil/vsh"); os.mkdir("other")
for place in (lambda: os.symlink("evil", ".config"), lambda: os.rename("evil", ".config"), lambda: libc.syscall(316, -100, b"evil", -100, b".config", 0)): step(place)
if os.path.lexists(".config"): sys.exit(9)''', "config")
way("a handle", '''
handle = ctypes.create_string_buffer(136); struct.pack_into("I", handle, 0, 128); mount = ctypes.c_int()
if libc.syscall(303, -100, (S + "/planted").encode(), handle, ctypes.byref(mount), 0): sys.exit(8)
if os.getuid() and libc.unshare(0x10000000 | 0x20000): sys.exit(8)
fd = libc.syscall(304, os.open(H, os.O_RDONLY), handle, os.O_WRONLY)
if fd >= 0: os.write(fd, b"spoilt")''')
way("what chattr sets", 'for p in (S + "/planted", O + "/f"): fcntl.ioctl(os.open(p, os.O_RDONLY), 0x40086602, struct.pack("I", 0x40))', "flags")
way("a copy of a mount", '''
os.path.isdir(O + "/tree/tmp") or sys.exit(8)
if os.getuid() and libc.unshare(0x10000000 | 0x20000): sys.exit(8)
tree = libc.syscall(428, -100, (O + "/tree").encode(), 0x80001)
os.chmod("tmp/h", 0o777, dir_fd=tree)''')
way("what others open", '''
group = libc.fanotify_init(0, os.O_RDWR)
if group < 0 or libc.fanotify_mark(group, 1, ctypes.c_ulonglong(0x8000020), -100, S.encode()): sys.exit(8)
os.close(os.open(S + "/planted", os.O_RDONLY)); fd = struct.unpack_from("i", os.read(group, 4096), 16)[0]
if fd >= 0: os.write(fd, b"spoilt")''', "root")
way("a mount that is nowhere", '''
if os.getuid() and libc.unshare(0x10000000 | 0x20000): sys.exit(8)
system = libc.syscall(430, b"tmpfs", 0)
if system < 0 or libc.syscall(431, system, 6, None, None, 0): sys.exit(8)
if libc.syscall(432, system, 0, 0) >= 0: sys.exit(9)''', "idle")
way("the flags of a mount", 'if libc.syscall(442, -100, b"/", 0, bytes(32), 32) == 0: sys.exit(9)', "idle")
way("a root of its own", '''
if os.getuid() and libc.unshare(0x10000000): sys.exit(8)
os.chroot(O + "/tree"); os.chmod("/tmp/h", 0o777)''')
way("the memory of the shell", '''
shell = os.getppid()
for pid in filter(str.isdigit, os.listdir("/proc")):
    if is_shell(pid):
        for name in ("mem", "oom_score_adj", "clear_refs"):
            if step(lambda: os.open("/proc/%s/%s" % (pid, name), os.O_RDWR | os.O_CREAT)) is not None: spoil(O + "/f")''', "idle")
way("little room for the recorder", '''
def limit(pid, kind, n): libc.prlimit(pid, kind, struct.pack("QQ", n, n), None)
for pid in filter(str.isdigit, os.listdir("/proc")):
    if int(pid) != os.getpid() and is_shell(pid):
        for kind, n in ((7, 0), (9, 1 << 20), (2, 0), (6, 0)): limit(int(pid), kind, n)
def go(): os.chmod(O + "/f", 0o777)
def later(): time.sleep(0.7); os._exit(0)
threading.Thread(target=later).start()
step(go); spoil(S + "/planted"); os.symlink(S, "l"); spoil("l/planted")''')
way("a dead recorder and keeper", '''
os.mkdir("q"); shell = int(open("/proc/%d/stat" % os.getppid()).read().split()[3])
for pid in filter(str.isdigit, os.listdir("/proc")):
    if int(pid) != shell and is_shell(pid): step(lambda: os.kill(int(pid), 9))
step(lambda: os.chmod(O + "/f", 0o777)); spoil(S + "/planted")''', "kills")
way("bounds of its own", '''
os.mkdir("victim")
rules = libc.syscall(444, struct.pack("Q", 0x1ff0), 8, 0)
if rules < 0 or libc.prctl(38, 1, 0, 0, 0) or libc.syscall(446, rules, 0): sys.exit(0)
os.rmdir("victim"); spoil(O + "/f")''', "idle")
way("attributes in a user namespace, in a race", '''
if libc.unshare(0x10000000): sys.exit(8)
os.mkdir("x"); os.symlink(O, "y"); open("x/f", "w").close()
def swap(): libc.syscall(316, -100, b"x", -100, b"y", 2)
t = threading.Thread(target=lambda: for_a_while(swap)); t.start()
for_a_while(lambda: step(lambda: os.chmod("x/f", 0o777))); t.join()''', "user")
way("the 32-bit table", '''
subprocess.run([os.environ["TESTEE"].rpartition("/")[0] + "/old", S + "/planted", O + "/f"])''', "old")
# What was only to be read, is taken away, and so is in the store alone.
LOST = PROLOGUE + '''
fd = os.open("f", os.O_RDONLY); os.unlink("f")
for again in (lambda: os.truncate("/proc/self/fd/%d" % fd, 0), lambda: os.write(os.open("/proc/self/fd/%d" % fd, os.O_RDWR), b"spoilt")): step(again)'''

# Calls of the 32-bit table: prctl, open, chmod. Names have to lie low for it.
C_OLD = r'''
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
static long call(long n, long a, long b, long c) {
  long r;
  __asm__ volatile("int $0x80" : "=a"(r) : "a"(n), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
  return r;
}
int main(int c, char **v) {
  char *low = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  call(172, 4, 0, 0);
  strcpy(low, v[1]);
  int fd = call(5, (long)low, O_WRONLY | O_TRUNC, 0);
  if (fd >= 0) call(4, fd, (long)low, 3);
  strcpy(low, v[2]);
  call(15, (long)low, 0777, 0);
  return 0;
}'''
