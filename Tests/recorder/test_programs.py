#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""What programs change is undone exactly: each command below runs in a prepared tree, then `undo`, and the tree is as before; `redo` and `undo` again.

Compared: type, content, mode, owner, modification time, extended attributes (with access lists), hard-link topology.
As root everything runs as root and as nobody. Prints 'N passed, N failed'.

usage: test_programs.py [-k TEXT] [-v] [--shell SHELL] [--ptrace-scope N]

With --ptrace-scope programs are recorded as on a machine whose kernel.yama.ptrace_scope is N.
"""
import argparse
import base64
import os
import platform
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
NOBODY = 65534

SETUP = r"""
mkdir -p d/sub/deep e 'sp ace'
printf 'aaa\nbbb\nccc\n' > f
printf 'one\n' > d/1; printf 'two\n' > d/2; printf 'deep\n' > d/sub/deep/x
head -c 100000 /dev/urandom > big; head -c 300000 /dev/zero > zero
ln f hard; ln -s f soft; ln -s nowhere dangling; ln -s d dirlink
mkfifo pipe; chmod 640 f; chmod 750 d/sub; printf x > "sp ace/new
line"
for i in 1 2 3 4 5 6 7 8 9; do printf "$i\n" > e/$i; done
tar cf ../t.tar d e f 2>/dev/null
touch -d '2001-02-03 04:05:06.789' f d/1 d d/sub big
setfattr -n user.note -v hello d/1 2>/dev/null
setfacl -m u:12345:rw d/2 2>/dev/null
true
"""

# A 32-bit program (x86, calls by int 0x80): writes over d/1, removes f, makes m32, moves d/2 there, changes the mode of big, truncates zero,
# makes n32. Its code begins at 0x08048054.
CODE_32 = """uAUAAACNHfmABAi5AQIAAM2Aica4BAAAAInzjQ35gAQIugMAAADNgLgKAAAAjR39gAQIzYC4JwAAAI0d/4AECLntAQAAzYC4JgAAAI0dA4EECI0NB4EECM2AuA8AAACNHQ2B
BAi5gAEAAM2AuMEAAACNHRGBBAi5BQAAADHSzYC4JwEAALuc////jQ0WgQQIukEAAAC+pAEAAM2AuAEAAAAx282AZC8xAGYAbTMyAGQvMgBtMzIvOQBiaWcAemVybwBuMzIA"""

# Another, which binds a socket to the name sock32 (socketcall).
SOCKET_32 = """uGYAAAC7AQAAALmEgAQIzYCjkIAECLhmAAAAuwIAAAC5kIAECM2AMdu4AQAAAM2AAQAAAAEAAAAAAAAAAAAAAJyABAgJAAAAAQBzb2NrMzIA"""


def write_32(path, code):
    """Writes the program; False where the machine cannot run it."""
    code = base64.b64decode(code)
    header = b"\x7fELF\1\1\1" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, 0x08048054, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    segment = struct.pack("<IIIIIIII", 1, 0, 0x08048000, 0x08048000, 84 + len(code), 84 + len(code), 7, 4096)
    Path(path).write_bytes(header + segment + code)
    os.chmod(path, 0o755)
    if platform.machine() != "x86_64":
        return False
    with tempfile.TemporaryDirectory() as folder:
        try:
            return subprocess.run([path], cwd=folder).returncode == 0
        except OSError:
            return False


CASES = [
    # name, further setup, command
    ("sed -i", "", "sed -i s/a/b/ f"),
    ("sed -i with backup", "", "sed -i.bak s/a/b/ f d/1"),
    ("perl -i", "", "perl -pi -e 's/b/X/' f d/2"),
    ("rm", "", "/bin/rm f soft dangling pipe big zero"),
    ("rm -rf", "", "/bin/rm -rf d e 'sp ace'"),
    ("rm of hard links", "", "/bin/rm hard f"),
    ("tar x", "rm -rf d e", "tar xf ../t.tar"),
    ("tar x over what is there", "echo changed >> d/1", "tar xf ../t.tar"),
    ("tar x --overwrite", "echo changed >> d/1", "tar xf ../t.tar --overwrite"),
    ("mv over", "", "/bin/mv d/1 f"),
    ("mv directory", "", "/bin/mv d e/; /bin/mv e/d/1 q"),
    ("mv and write inside", "", "/bin/mv d dd; sh -c 'echo x >> dd/1; rm dd/2; mkdir dd/n; echo y > dd/n/y'"),
    ("cp over", "", "/bin/cp big f; /bin/cp f d/1"),
    ("cp -a", "", "/bin/cp -a d e f hard copy 2>/dev/null || /bin/cp -a d copy"),
    ("install", "", "install -m 755 f d/installed; install -m 700 big f"),
    ("gzip", "", "gzip f --force --keep; gzip big"),
    ("xz", "", "xz big zero"),
    ("truncate", "", "truncate -s 10 big; truncate -s 1000000 zero; truncate -s 0 f"),
    ("dd conv=notrunc", "", "dd if=/dev/zero of=big bs=1000 count=3 seek=5 conv=notrunc status=none"),
    ("dd over", "", "dd if=/dev/zero of=big bs=1000 count=3 status=none"),
    ("fallocate", "", "fallocate -l 500000 big; fallocate -p -o 4096 -l 8192 zero"),
    ("chmod -R", "", "/bin/chmod -R go-rwx d e; /bin/chmod 4711 f"),
    ("chmod 000 of a directory", "", "/bin/chmod 000 d/1; /bin/chmod 500 e"),
    ("chown -R", "root", "/bin/chown -R 12:34 d f; /bin/chown -h 5 soft"),
    ("touch", "", "/bin/touch f new d; /bin/touch -d 2010-01-01 e d/1"),
    ("ln", "", "/bin/ln f d/another; /bin/ln -sf big soft; /bin/ln -f big f"),
    ("mkdir rmdir", "mkdir empty", "/bin/mkdir -p n/n/n; /bin/rmdir empty; /bin/mkdir empty"),
    ("mkfifo and socket", "", "mkfifo p2; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")'"),
    ("append", "", "sh -c 'echo more >> f; echo more >> big'"),
    ("append then truncate", "", "sh -c 'echo more >> f; echo x > f; echo y >> f'"),
    ("tee", "", "echo x | tee f d/1 n1 | tee -a big >/dev/null"),
    ("patch", r"printf -- '--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n aaa\n-bbb\n+BBB\n ccc\n' > ../p.diff", "patch -s -p1 < ../p.diff"),
    ("setfattr", "", "setfattr -n user.note -v other d/1; setfattr -n user.x -v y f; setfattr -x user.note d/1"),
    ("setfacl", "", "setfacl -m u:99:r f; setfacl -b d/2; setfacl -d -m u:99:r d"),
    ("find -delete", "", "find d e -delete"),
    ("through a symbolic link", "", "sh -c 'echo x > soft; echo y > dangling; echo z > dirlink/1'"),
    ("sort -o", "", "sort -r -o f f"),
    ("git", "git init -q . && git add f d e && git -c user.name=a -c user.email=b commit -qm 1 && echo z >> f && git -c user.name=a -c user.email=b commit -qam 2",
     "git checkout -q HEAD~1; git clean -qfdx; git reset -q --hard; git gc -q"),
    ("git commit and stash", "git init -q . && git add f d && git -c user.name=a -c user.email=b commit -qm 1 && echo z >> f",
     "git -c user.name=a -c user.email=b stash -q; echo q > d/1; git -c user.name=a -c user.email=b commit -qam 3"),
    ("make -j4", r"printf 'all: a b c dd\n%%: ; echo $@ > $@; cp big $@.big\nclean: ; rm -f a b c dd *.big\n' > Makefile", "make -s -j4 all"),
    ("make clean", r"printf 'all: a b c dd\n%%: ; echo $@ > $@; cp big $@.big\nclean: ; rm -f a b c dd *.big\n' > Makefile; make -s all", "make -s clean"),
    ("python shutil", "", "python3 -c \"import shutil, os; shutil.copytree('d','c2',symlinks=True); shutil.rmtree('e'); os.replace('c2/1','f'); shutil.move('d','c2/m')\""),
    ("python mmap", "", "python3 -c \"import mmap; f=open('big','r+b'); m=mmap.mmap(f.fileno(),0); m[5:9]=b'wxyz'; m.flush()\""),
    ("python threads", "", "python3 -c \"\nimport threads\" 2>/dev/null; python3 -c \"import threading\ndef w(i):\n  for j in range(20): open('t%d_%d'%(i,j),'w').write('x'); open('e/%d'%(j%9+1),'a').write('y')\nts=[threading.Thread(target=w,args=(i,)) for i in range(8)]\n[t.start() for t in ts]; [t.join() for t in ts]\""),
    ("renameat2 exchange", "", "python3 -c \"import ctypes; l=ctypes.CDLL(None); assert l.renameat2(-100,b'f',-100,b'big',2)==0; assert l.renameat2(-100,b'd',-100,b'e',2)==0; l.renameat2(-100,b'f',-100,b'zero',1)\""),
    ("O_TMPFILE", "", "python3 -c \"import os, ctypes; fd=os.open('d',os.O_TMPFILE|os.O_RDWR,0o600); os.write(fd,b'x'); assert ctypes.CDLL(None).linkat(-100,b'/proc/self/fd/%d'%fd,-100,b'd/tmp',0x400)==0\""),
    ("sqlite3", "sqlite3 db 'pragma journal_mode=wal; create table t(a); insert into t values(1)' >/dev/null", "sqlite3 db 'insert into t values(2),(3); delete from t where a=1; vacuum'"),
    ("descriptors", "", "python3 -c \"import os; fd=os.open('f',os.O_RDWR); os.ftruncate(fd,2); os.fchmod(fd,0o600); os.utime(fd,(1,1))\""),
    ("through descriptors of directories", "", "python3 -c \"import os; d=os.open('d',os.O_RDONLY); os.rename('1','9',src_dir_fd=d,dst_dir_fd=d); os.unlink('2',dir_fd=d); os.mkdir('m',dir_fd=d)\""),
    ("in other directories", "", "sh -c 'cd d && rm 1 && cd sub && echo x > y && cd ../../e && rm ./1 ../f ../d/2'"),
    ("pipeline of writers", "", "cat big | tee c1 | tee c2 | sh -c 'cat > f; rm d/1'"),
    ("builtins and programs mixed", "", "echo q > f; sed -i s/q/r/ f; rm f; cp big f; /bin/rm f; mkdir d/z; touch d/z/q; /bin/rm -r d/z; mv d dd; /bin/mv dd d3"),
    ("subshells and substitutions", "", "(sed -i s/a/b/ f; /bin/rm d/1); x=$(/bin/rm d/2; echo y); { /bin/rm big; } | cat"),
    ("nested vsh", "", "$VSH -c 'sed -i s/a/b/ f; rm d/1; echo x > d/2; /bin/rm -r e'"),
    ("32 bits", "", "$BIN32"),
    ("32 bits, a socket", "", "${BIN32}s; test -S sock32"),
    ("Go binary", "", "$GOBIN; :"),
    ("git clone", "git init -q src && cp -r d e f src && cd src && git add . && git -c user.name=a -c user.email=b commit -qm 1 && cd ..",
     "git clone -q src c; git clone -q --bare src c2; cd c; echo x >> f; git checkout -q .; git checkout -q -b new; git rm -q f"),
    ("git stash pop, merge, rebase", "git init -q . && git config user.name a && git config user.email b && git add f d && git commit -qm 1 && git checkout -q -b o"
     " && echo o >> d/1 && git commit -qam 2 && git checkout -q - && echo m >> f && git commit -qam 3 && echo z >> d/2",
     "git stash -q; git merge -q o -m m; git stash pop -q; git commit -qam 4; git rebase -q o 2>/dev/null; git gc -q --prune=now"),
    ("static binary", "needs busybox", "busybox sh -c 'rm f; mkdir b; mv d b/; echo x > e/1; chmod 700 e; busybox cp -a big b/; busybox sed -i s/./y/ e/2; busybox ln -f big f'"),
    ("rsync", "needs rsync", "rsync -a --delete d/ e/; rsync -a --inplace --no-whole-file zero big"),
    ("sqlite3 with a journal, several writers", """needs sqlite3
sqlite3 db 'create table t(a); insert into t values(1)'
echo 'for i in 1 2 3; do sqlite3 -cmd ".timeout 9000" db "insert into t values($i); update t set a=a+1" & done; wait' > ../writers
""", "sh ../writers; sqlite3 db 'delete from t; drop table t'"),
    ("cpio and install over links", "", "find d | cpio -pdm out 2>/dev/null; install -m 600 big soft; ln -sfn e dirlink; cp --remove-destination big f; truncate -s 5 hard"),
    ("writers with memory maps and threads", "", "python3 -c \"import mmap, threads\" 2>/dev/null; python3 -c \"import mmap, threading, os\nf=open('big','r+b'); m=mmap.mmap(f.fileno(),0)\n"
     "def w(i):\n  m[i*1000:i*1000+5]=b'thrd%d'%(i%10)\n  for j in range(10): os.rename('e/%d'%(i+1),'e/x%d'%i); os.rename('e/x%d'%i,'e/%d'%(i+1)); os.truncate('zero',i*100+j)\n"
     "ts=[threading.Thread(target=w,args=(i,)) for i in range(8)]\n[t.start() for t in ts]; [t.join() for t in ts]; m.flush()\""),
    ("a longer script", "", "i=0; while [ $i -lt 12 ]; do i=$((i+1)); /bin/touch n$i; /bin/rm -f e/$i; sh -c \"echo $i >> f\"; sed -i s/aaa/$i/ d/1; done; /bin/mv d dd; rm n1"),
    ('zip, and out again over it', 'needs zip\n',
     'zip -qr z.zip d e f; rm -r d e; unzip -qo z.zip; zip -qd z.zip f; zip -qu z.zip f'),
    ('pax out and in again', 'needs pax\n',
     'pax -w d e > p.pax; rm -r d; pax -r < p.pax'),
    ('python: temporary files renamed over, archives', '',
     'python3 -c "\nimport tempfile,os,shutil\nfor i in range(30):\n  fd,n=tempfile.mkstemp(dir=\'d\'); os.write(fd,b\'x\'*i); os.fsync(fd); os.close(fd); os.replace(n,\'f\' if i%2 else \'d/1\')\nwith tempfile.TemporaryDirectory(dir=\'.\') as t:\n  shutil.copytree(\'d\',t+\'/c\'); os.rename(t+\'/c/2\',\'two\')\nshutil.make_archive(\'arch\',\'gztar\',\'e\')\nshutil.unpack_archive(\'arch.tar.gz\',\'un\')\n"'),
    ('python: copy_file_range, sendfile, fallocate', '',
     'python3 -c "\nimport os\na=os.open(\'big\',os.O_RDONLY); b=os.open(\'f\',os.O_RDWR); os.copy_file_range(a,b,5000,0,2); os.sendfile(b,a,0,7000); os.posix_fallocate(b,0,20000); os.pwritev(b,[b\'q\',b\'w\'],99)\nos.splice\n"'),
    ('split, csplit, shuf, mktemp, backups', '',
     'split -b 20000 big pc.; cat pc.* > big2; csplit -s f /bbb/; shuf -o f f; tac f > t; mv t f; T=$(mktemp -p .); mv $T d/1; mv -b e/1 e/2; cp --backup=numbered f e/3; ln -f --backup e/4 e/5'),
    ('git worktree, reset, clean, bundle, filter-branch, repack, submodule', 'git init -q . && git config user.name a && git config user.email b && git add f d e && git commit -qm 1 && git checkout -qb b && echo q >> d/1 && git commit -qam 2',
     'git worktree add -q wt HEAD~1; git tag v; git cherry-pick -q HEAD 2>/dev/null; git reset -q --hard HEAD~1; git clean -qfdx; git bundle create bu b 2>/dev/null; git filter-branch -f --msg-filter cat -- b >/dev/null 2>&1; git repack -adq; git worktree remove --force wt; git notes add -m x; git submodule -q add ./. sm 2>/dev/null; git archive HEAD | tar x -C d; git sparse-checkout set e 2>/dev/null; git maintenance run -q; git am 2>/dev/null < /dev/null'),
    ('git apply, bisect, rebase, revert, stash', 'git init -q . && git config user.name a && git config user.email b && git add f d e && git commit -qm 1 && for i in 1 2 3 4; do echo $i >> f; git commit -qam $i; done',
     "git diff HEAD~2 > p; git apply -R p; git checkout -qf .; git bisect start -q HEAD HEAD~4 >/dev/null; git bisect run sh -c 'echo x > d/1; git checkout -q d/1; test $(wc -l < f) -lt 6' >/dev/null; git bisect reset -q 2>/dev/null; git rebase -q --exec 'touch done' HEAD~2; git revert --no-edit HEAD >/dev/null; git mv f ff; git rm -rqf e; git stash -q -u"),
    ('links and directories that change places', '',
     'ln hard h2; ln soft s2; ln -sfT e dirlink; mv hard d/h; ln d/h hard; rm f; mv h2 f; cp -al d dl; rm -r dl/sub; chmod 600 f; unlink soft; ln -s f soft; mv -T e ee; mv -T d e; mv ee d'),
    ('names of all bytes', '',
     'python3 -c "\nimport os\nfor n in (b\'\\\\xff\\\\xfe\', b\'a\\\\nb\', b\' \', b\'-rf\', b\'*\', b\'\\\\x01\', \'ü€😀\'.encode(), b\'x\'*255): open(n,\'wb\').write(n); os.rename(n, b\'d/\'+n); os.link(b\'d/\'+n, n)\nos.mkdir(b\'\\\\xffd\'); os.rename(b\'d/\\\\xff\\\\xfe\', b\'\\\\xffd/q\')\n"; rm -f ./-rf; rm -r d'),
    ('a directory that is gone below a program', '',
     "sh -c 'mkdir k; cd k; rmdir ../k; echo x > f 2>/dev/null; cd ..; rm -r d; mkdir d; cd d; mv ../d ../dm; echo z > in'"),
    ('eighty programs', '',
     'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do cp f c$i; chmod 600 c$i; mv c$i d/; done; rm d/c1*'),
    ('perl: File::Copy, File::Path, File::Find', '',
     'perl -MFile::Copy -MFile::Path -MFile::Find -e \'copy("f","pf"); move("big","d/b"); rmtree("e"); mkpath("x/y/z"); open(F,"+<","zero"); truncate(F,9); close F; utime 1,2,"f"; chmod 0600,"f"; symlink("a","b"); link("f","l"); finddepth(sub{rename $_,"r$_"},"d")\''),
    ("ed script", "", "sh -c 'printf \"1d\\nw\\nq\\n\" | ed -s f 2>/dev/null; : > d/1'"),
    ("exec", "", "exec sed -i s/a/b/ f"),
    ("many files", "", "sh -c 'i=0; while [ $i -lt 500 ]; do echo $i > d/n$i; i=$((i+1)); done; rm d/n1*; mv d/n2 d/n3'"),
]


def make_programs(folder):
    """Programs that cases run, where they can be had: for another table of calls, and one that has no C library."""
    if not (write_32(folder + "/bin32", CODE_32) and write_32(folder + "/bin32s", SOCKET_32)):
        os.unlink(folder + "/bin32")
    if shutil.which("go"):
        environment = os.environ | {"GOCACHE": folder + "/cache", "GO111MODULE": "off", "CGO_ENABLED": "0"}
        subprocess.run(["go", "build", "-o", folder + "/gobin", str(Path(__file__).with_name("changes.go"))], env=environment)


def lacks_program(shell, command):
    """Whether a case needs one that could not be had."""
    folder = os.path.dirname(shell)
    return any(name.upper() in command and not os.path.exists(f"{folder}/{name}") for name in ("bin32", "gobin"))


def snapshot(top):
    """Everything that is to be as before, by path."""
    found, inodes = {}, {}
    for folder, folders, files in os.walk(top):
        for name in [""] + folders + files if folder == str(top) else folders + files:
            path = os.path.join(folder, name) if name else folder
            s = os.lstat(path)
            key = os.path.relpath(path, top)
            inodes.setdefault(s.st_ino, []).append(key)
            content = os.readlink(path) if stat.S_ISLNK(s.st_mode) else ""
            if stat.S_ISREG(s.st_mode):
                with open(path, "rb") as file:
                    content = hash(file.read())
            try:
                extended = {n: os.getxattr(path, n, follow_symlinks=False) for n in os.listxattr(path, follow_symlinks=False)}
            except OSError:
                extended = {}
            size = s.st_size if stat.S_ISREG(s.st_mode) else 0
            found[key] = (oct(s.st_mode), s.st_uid, s.st_gid, size, s.st_mtime_ns, content, extended)
    groups = sorted(tuple(sorted(names)) for names in inodes.values() if len(names) > 1)
    return found, groups


def differences(before, after):
    lines = []
    for path in sorted(set(before[0]) | set(after[0])):
        if before[0].get(path) != after[0].get(path):
            lines.append(f"{path}: {before[0].get(path)} -> {after[0].get(path)}")
    if before[1] != after[1]:
        lines.append(f"links: {before[1]} -> {after[1]}")
    return lines


def run_case(shell, case, user, verbose):
    name, setup, command = case
    if setup == "root":
        if user:
            return None
        setup = ""
    if setup.startswith("needs "):
        program, _, setup = setup[6:].partition("\n")
        if not shutil.which(program):
            return None
    if lacks_program(shell, command):
        return None
    home = tempfile.mkdtemp(prefix="vsh-recorder-", dir=os.environ.get("VSH_TEST_DIR"))
    try:
        os.mkdir(home + "/w")
        if user:
            for path in (home, home + "/w"):
                os.chown(path, user, user)

        def start(arguments):
            environment = {"HOME": home, "PATH": os.environ["PATH"], "VSH": shell, "BIN32": os.path.dirname(shell) + "/bin32", "GOBIN": os.path.dirname(shell) + "/gobin", "LC_ALL": "C", "XDG_STATE_HOME": home + "/state"}
            environment |= {name: value for name, value in os.environ.items() if name == "VSH_PTRACE_SCOPE"}
            return subprocess.run(arguments, cwd=home + "/w", env=environment, user=user or None, group=user or None, extra_groups=[] if user else None,
                                  timeout=60, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")

        made = start(["sh", "-c", SETUP + setup])
        before = snapshot(home + "/w")
        ran = start([shell, "-o", "record", "-c", command])
        middle = snapshot(home + "/w")
        undone = start([shell, "-c", "undo"])
        after = snapshot(home + "/w")
        wrong = differences(before, after)
        if not differences(before, middle):
            wrong.append(f"nothing changed: {ran.stderr.strip()} {made.stderr.strip()}")
        elif undone.returncode:
            wrong.append(f"undo: status {undone.returncode}: {undone.stderr.strip()}")
        for again, want in () if wrong else (("redo", middle), ("undo", before)):
            done = start([shell, "-c", again])
            wrong += [f"{again} again: {line}" for line in differences(want, snapshot(home + "/w"))]
            if done.returncode:
                wrong.append(f"{again} again: status {done.returncode}: {done.stderr.strip()}")
            if wrong:
                break
        if verbose:
            print(name, user, ran.stderr, undone.stdout, undone.stderr)
        return wrong
    except subprocess.TimeoutExpired as error:
        return [f"too slow: {error.cmd}"]
    finally:
        subprocess.run(["chmod", "-R", "u+rwx", home], capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-k", default="")
    parser.add_argument("-v", action="store_true")
    parser.add_argument("--shell", default=str(TOP / ".build/release/vsh"))
    parser.add_argument("--ptrace-scope")
    arguments = parser.parse_args()
    if arguments.ptrace_scope:
        os.environ["VSH_PTRACE_SCOPE"] = arguments.ptrace_scope
    users = [0, NOBODY] if os.geteuid() == 0 else [0]
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        # Where nobody may run it.
        shell = shutil.copy(arguments.shell, folder + "/vsh")
        make_programs(folder)
        for case in CASES:
            if arguments.k not in case[0]:
                continue
            # Nobody is left then who could read for the recorder: it runs unrecorded.
            if arguments.ptrace_scope == "1" and case[0] == "exec":
                continue
            for user in users:
                wrong = run_case(shell, case, user, arguments.v)
                if wrong is None:
                    continue
                if wrong:
                    failed += 1
                    print(f"FAILED: {case[0]}{' (as nobody)' if user else ''}")
                    print("\n".join("    " + line for line in wrong[:12]))
                else:
                    passed += 1
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
