# SPDX-License-Identifier: MPL-2.0
"""The first process of a program, or the first one that it forks, one instruction after the other (ptrace). Linux on x86-64."""
import ctypes
import os

TRACEME, GETREGS, SINGLESTEP, SETOPTIONS, KILL = 0, 12, 9, 0x4200, 8
TRACE_EXEC, EVENT_EXEC = 0x10, 4
CONTINUE, DETACH, GETEVENT = 7, 17, 0x4201
TRACE_FORK, EVENT_FORK = 0x2, 1
WALL = 0x40000000
RIP, FS_BASE = 16, 21  # places in struct user_regs_struct


def forked(libc, pid):
    """Lets a stopped process run until it forks; its child, stopped, or None when it ends before that."""
    libc.ptrace(SETOPTIONS, pid, None, TRACE_FORK)
    signal = 0
    while True:
        libc.ptrace(CONTINUE, pid, None, signal)
        _, status = os.waitpid(pid, 0)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            return None
        signal = os.WSTOPSIG(status)
        if status >> 16 == EVENT_FORK:
            child = ctypes.c_ulong()
            libc.ptrace(GETEVENT, pid, None, ctypes.addressof(child))
            os.waitpid(child.value, WALL)
            libc.ptrace(DETACH, pid, None, None)
            return child.value
        if status >> 16:
            signal = 0


def steps(argv, follows_child=False, env=None):
    """(process, registers) before each instruction, until the process ends or another program takes its place. The registers are always the same
    object; the process stands still in between, so that its memory can be read in /proc."""
    libc = ctypes.CDLL(None)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    pid = os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_RDWR)
        for fd in range(3):
            os.dup2(null, fd)
        libc.ptrace(TRACEME, 0, None, None)
        os.execve(argv[0], argv, os.environ if env is None else env)
    registers = (ctypes.c_ulonglong * 32)()
    os.waitpid(pid, 0)
    if follows_child:
        pid = forked(libc, pid)
        if pid is None:
            return
    libc.ptrace(SETOPTIONS, pid, None, TRACE_EXEC)
    while True:
        libc.ptrace(GETREGS, pid, None, ctypes.addressof(registers))
        yield pid, registers
        if libc.ptrace(SINGLESTEP, pid, None, None) != 0:
            break
        _, status = os.waitpid(pid, WALL)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            break
        if status >> 16 == EVENT_EXEC:
            libc.ptrace(KILL, pid, None, None)
            break
        signal = os.WSTOPSIG(status)
        if signal != 5:  # not the step: the program's own, such as SIGCHLD
            libc.ptrace(SINGLESTEP, pid, None, signal)
            os.waitpid(pid, WALL)
