#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""test_ls.py [--shell PATH]

The builtin `ls` against the external one, over a directory with names, modes, times and types of all kinds: standard output,
messages and exit status, with many options, in three environments, and on terminals of several widths. One case is one command
line in one environment. Last line: 'N passed, N failed'.
"""
import argparse
import difflib
import fcntl
import os
import pty
import random
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import termios

NAMES = [b"a", b"b c", b"new\nline", b"\xff\xfebad", b"caf\xc3\xa9", b"\xe6\xbc\xa2\xe5\xad\x97", b"it's", b'q"uote', b".hid",
         b"back~", b"x.tar.gz", b"y.txt", b"z.c", b"Z", b"@at", b"a=b", b"star*", b"pipe|x", b"tab\there", b"e\xcc\x81", b"-dash",
         b"#h", b"~t", b"{", b"a:b", b"esc\x1b[0m", b"long" * 12]
OPTIONS = """
-a|-A|-l|-la|-1|-C|-x|-m|-ln|-o|-g|-lG|-lh|-l --si|-lk|-s|-ls|-i|-li|-sh|-F|-p|--file-type|-lF|-CF|-R|-lR|-RF|-r|-t|-lt|-S|-X|-U
-f|-c -l|-u -l|-lc|-ltu|-lu|-t -r|--full-time|--time-style=iso -l|--time-style=long-iso -l|-L|-lL|-H lnd|lnd|-l lnd|-d|-ld *|-d *
-l ln dang sub a|nonexist a|-N -C|-Q|-b|-q|-bF|-QF|-C -w 40|-C -w 200|-x -w 60|-m -w 50|-C -w 0|-C -T 0|-C -T 4|-B
--group-directories-first|-l --group-directories-first -r|--quoting-style=shell -C|--quoting-style=shell-escape -C
--quoting-style=shell-escape -l|--quoting-style=shell-always|--quoting-style=shell-escape-always -F
--quoting-style=shell-escape -CF|--show-control-chars|-CQ|-Ci|-Cs|-Csi -w 100|-ms|-xi|--color=never -C|--color=auto
--sort=size|--sort=none|--sort=extension -r|--time=atime -l|--format=commas|--format=across|sub "dir two"|-R sub|-lR lnd sub
-lH lnd|--dereference-command-line-symlink-to-dir -l lnd ln|loop|-L loop|-l loop|-Z a|-v|--zero|-I "*.c"|--hide="*.c"
-lL loop dang|-lC|-l1|-1C|-f -l|-lf|-sU|-laR|-n -h -s|--help|-k -s|-sS|-lS -h|/dev/null /dev/zero|-l /dev/null a|-l /dev/fd/0
-li --si -s|-d sub/|-l sub/|./sub|-R .|-g -o|-C -F -w 70 -i -s|--no-such-option|-w x|--sort=x|-- -dash|-dash
"""
ENVIRONMENTS = [{"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"},
                {"LC_ALL": "C.UTF-8", "TZ": "EST5EDT", "COLUMNS": "70", "QUOTING_STYLE": "shell-escape"}]
TERMINAL = ["", "-l", "-F", "-a", "-x", "-m", "-1", "-i", "-R", "-N", "-q", "--show-control-chars", "-C -Q", "sub lnd a", "-d *", "-b", "-sh"]
END = b"\x00end of the output\x00"


def populate():
    """Fills the working directory."""
    chance = random.Random(1)
    for number, name in enumerate(NAMES):
        with open(name, "wb") as file:
            file.write(b"x" * chance.choice([0, 1, 500, 1023, 1024, 1025, 9999, 10240, 1048576, 1500000]))
        os.chmod(name, chance.choice([0o644, 0o755, 0o4755, 0o2644, 0o600, 0o1777, 0o4644]))
        time = chance.choice([0, 1e9, 1.7e9, 1795000000.5, 1.79e9 + number * 86400, 4e9, -1e9])
        os.utime(name, (time, time + 5))
    for name in [b"sub", b"dir two", b".hd", b"d\xff"]:
        os.mkdir(name)
        for inner in NAMES[:6]:
            open(name + b"/" + inner, "w").close()
    os.makedirs("sub/deep/er")
    for link, target in [("ln", "a"), ("dang", "nowhere"), ("lnd", "sub"), ("l n", "b c"), ("loop", "loop")]:
        os.symlink(target, link)
    os.mkfifo("ff")
    socket.socket(socket.AF_UNIX).bind("sock")
    os.chmod("sub", 0o1777)
    if shutil.which("setfacl"):
        subprocess.run(["setfacl", "-m", "u:33:rw", "y.txt"], stderr=subprocess.DEVNULL, check=False)
    if os.geteuid() == 0:
        os.mknod("null", 0o20666, os.makedev(1, 3))
        os.mknod("blk", 0o60660, os.makedev(8, 17))
        os.chown("a", 1234567, 99)
        os.chown("Z", 33, 33)


def run(shell, arguments, environment):
    result = subprocess.run([shell, "-c", "ls " + arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
                            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment})
    return result.returncode, result.stdout, result.stderr


def run_on_terminal(shell, arguments, columns):
    """The terminal is kept open, and a mark written behind the output: when the last one closes it, what is on its way may be lost."""
    terminal, own = pty.openpty()
    fcntl.ioctl(own, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([shell, "-c", "ls " + arguments], stdin=own, stdout=own, stderr=own, start_new_session=True,
                               env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})
    output, ended = b"", False
    while not output.endswith(END):
        if select.select([terminal], [], [], 0.01)[0]:
            output += os.read(terminal, 65536)
        elif not ended and process.poll() is not None:
            ended = True
            os.write(own, END)
    os.close(own)
    os.close(terminal)
    return process.returncode, output.removesuffix(END), b""


def main():
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser = argparse.ArgumentParser()
    parser.add_argument("--shell", default=top + "/.build/release/vsh")
    shell = os.path.abspath(parser.parse_args().shell)
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        # Nobody else changes the directory above.
        os.mkdir(folder + "/in")
        os.chdir(folder + "/in")
        populate()
        cases = [(run, o, e) for e in ENVIRONMENTS for o in OPTIONS.replace("\n", "|").split("|")]
        cases += [(run_on_terminal, o, c) for o in TERMINAL for c in [5, 20, 40, 79, 80, 81, 132, 200]]
        for function, options, surroundings in cases:
            wanted, got = function("/bin/sh", options, surroundings), function(shell, options, surroundings)
            if wanted == got:
                passed += 1
                continue
            failed += 1
            print(f"FAILED ls {options} with {surroundings}: status {wanted[0]}, {got[0]}; messages {wanted[2]}, {got[2]}")
            texts = [text.decode("latin-1").split("\n") for text in (wanted[1], got[1])]
            print("\n".join(list(difflib.unified_diff(*texts, n=0, lineterm=""))[2:12]))
        os.chdir("/")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    raise SystemExit(main())
