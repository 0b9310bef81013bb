#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""What runs before `main`: Sources/CVshStart, where the shell was linked with the C library that it is for, otherwise the library's own."""
import ctypes
import functools
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, main
from stepping import FS_BASE, RIP, steps

CPUID = b"\x0f\xa2"
STACK_GUARD, POINTER_GUARD = 0x28, 0x30
NOTHING = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}


def library():
    """The version of the C library that is here, which is the one that the shell was linked with where it was built here."""
    call = ctypes.CDLL(None).gnu_get_libc_version
    call.restype = ctypes.c_char_p
    return call().decode()


@functools.cache
def start(shell, _number):
    """Of one start: the two guards at the end of a start, and how often the processor was asked what it is."""
    asked, last = 0, None
    memory = None
    for process, registers in steps([shell, "-c", ":"], env=NOTHING):
        if memory is None:
            memory = open(f"/proc/{process}/mem", "rb", buffering=0)
        memory.seek(registers[RIP])
        asked += memory.read(2) == CPUID
        if registers[FS_BASE]:
            last = registers[FS_BASE]
            memory.seek(last + STACK_GUARD)
            found = memory.read(16)
    memory.close()
    return int.from_bytes(found[:8], "little"), int.from_bytes(found[8:], "little"), asked


def test_guards_are_random(shell, _):
    """The guard of the stack ends strings and, like that of kept addresses, is another one in each process."""
    first, second = start(shell, 1), start(shell, 2)
    for one, other in zip(first[:2], second[:2]):
        equal(one != other and one != 0 and other != 0, True, f"guards {one:x} and {other:x} differ")
    equal(first[0] & 0xff, 0, "the first byte of the stack's guard")


def test_the_processor_is_not_asked(shell, _):
    """`cpuid` is slow in virtual machines. (docs/decisions/0019-start-without-cpuid.md)"""
    if os.uname().machine == "x86_64" and library() == "2.36":
        equal(start(shell, 1)[2], 0, "cpuid instructions of a start")


def test_names_and_environment(shell, _):
    """Arguments and environment arrive as they were given, also none."""
    for env in ({}, {"A": "1"}, {"A": "1", "B": "x" * 5000, "C": ""}):
        run = subprocess.run([shell, "-c", 'echo "$0,$#,$1,${A-none},${#B},${C-none}"', "a b", "", "é"], env=env, capture_output=True, text=True, check=True)
        equal(run.stdout, f"a b,2,,{env.get('A', 'none')},{len(env.get('B', ''))},{env.get('C', 'none')}\n")


def test_rights_of_another_user(shell, folder):
    """With the rights of the file's owner, descriptors 0 to 2 are open and what loaders go by is not handed on."""
    if os.geteuid() != 0:
        return
    other = pwd.getpwnam("nobody").pw_uid
    os.chmod(folder, 0o755)
    copy = os.path.join(folder, "vsh")
    shutil.copy(shell, copy)
    os.chmod(copy, 0o4755)
    env = dict(NOTHING, LD_LIBRARY_PATH="/tmp", GCONV_PATH="/tmp", KEPT="1")
    script = 'echo ${LD_LIBRARY_PATH-none} ${GCONV_PATH-none} $KEPT; if ( : <&0 ) 2> /dev/null; then echo open; else echo closed; fi'
    for mode, expected in ((0o4755, "none none 1\nopen\n"), (0o755, "/tmp /tmp 1\nclosed\n")):
        os.chmod(copy, mode)
        run = subprocess.run(["sh", "-c", '"$0" --no-undo --no-sandbox -c "$1" <&-', copy, script], env=env, user=other, capture_output=True, text=True, check=False)
        equal(run.stdout, expected, run.stderr)


if __name__ == "__main__":
    main(dict(globals()))
