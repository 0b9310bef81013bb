#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The line editor on a terminal: signals in every state, ends, what goes on beside it."""
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, main  # noqa: E402
from editing import HOME, files, give_up, run, session, vi_escape  # noqa: E402
from terminal import wait_until_ended  # noqa: E402


STATES = {
    "empty": "",
    "typing": "echo typed",
    "quote": "echo 'open",
    "continuation": "if true\r",
    "menu": "cat pe\t",
    "chosen": "cat pe\t\t",
    "search": "\x12",
    "suggestion": "ech",
}


def test_interrupt_in_every_state(shell, folder):
    """^C gives the line up wherever one is, and the next line works"""
    for mode in ("emacs", "vi"):
        with session(shell, folder) as terminal:
            files(folder, "pear1", "pear2")
            run(terminal, f"set -o {mode}; echo hello", "^hello$")
            for name, keys in STATES.items():
                terminal.type(keys)
                give_up(terminal)
                terminal.send("echo $? " + name + "\r")
                terminal.see(rf"^130 {name}\n\$\Z")
            vi_escape(terminal)
            give_up(terminal)


def test_other_signals_in_every_state(shell, folder):
    """^Z and ^\\ do nothing to the shell or the line"""
    with session(shell, folder) as terminal:
        files(folder, "pear1", "pear2")
        run(terminal, "echo hello", "^hello$")
        for name, keys in STATES.items():
            terminal.type(keys)
            before = terminal.screen.text()
            terminal.type("\x1a\x1c")
            equal(terminal.screen.text(), before, name)
            give_up(terminal)
        run(terminal, "echo still here", "^still here$")


def test_end_of_file(shell, folder):
    """^D deletes within a line, and ends the shell on an empty one"""
    with session(shell, folder) as terminal:
        terminal.type("abc" + HOME + "\x04", r"^\$ bc\Z")
        terminal.type("\x05\x15")
        run(terminal, "(exit 3)", "exit")
        terminal.send("\x04")
        equal(terminal.wait(), 3)


def test_nothing_is_cut(shell, folder):
    """A ^C while the terminal is slow to read takes nothing away of what the shell has written"""
    with session(shell, folder) as terminal:
        for mode in ("emacs", "vi"):
            # Only from a prompt on are there as many of each.
            run(terminal, f"set -o {mode}; echo now {mode}", rf"^now {mode}\n")
            for _ in range(3):
                begun = len(terminal.output)
                for number in range(200):
                    terminal.send("\r")
                    # It comes while the next prompt is made.
                    moment = time.monotonic() + number % 20 * 0.00004
                    while time.monotonic() < moment:
                        pass
                    terminal.send("\x03")
                pairs = ((b"\x1b[?2026h", b"\x1b[?2026l"), (b"\x1b[?2004l", b"\x1b[?2004h"), (b"\x1b]133;A", b"\x1b[?2004h"))
                # On a busy machine the last prompt may be on its way for longer; what was cut never comes.
                for _ in range(25):
                    terminal.settle(0.2)
                    written = terminal.output[begun:]
                    if all(written.count(on) == written.count(off) for on, off in pairs):
                        break
                equal(terminal.screen.unknown, [], "sequences")
                for on, off in pairs:
                    equal(written.count(on), written.count(off), f"{on} and {off}")


def test_hangup(shell, folder):
    """The shell ends when its terminal goes away"""
    terminal = session(shell, folder)
    terminal.type("typing")
    os.close(terminal.fd)
    wait_until_ended(terminal.pid)


def test_typeahead(shell, folder):
    """What is typed while a command runs is the next command; what a program reads is the program's"""
    with session(shell, folder) as terminal:
        terminal.send("sleep 0.4; echo first\recho second\r")
        terminal.see(r"^first\n(?s:.*)^second\n\$\Z")
        terminal.send("read line\rfor read\recho \"<$line>\"\r")
        terminal.see(r"^<for read>\n\$\Z")


def test_notices(shell, folder):
    """set -b tells of a job at once, above the prompt, and what was typed stays"""
    with session(shell, folder) as terminal:
        files(folder, "pear1", "pear2")
        run(terminal, "set -b", "set -b")
        run(terminal, "sleep 0.5 &", "sleep")
        terminal.type("cat pe\t")
        terminal.see(r"^\[1\] \+ Done +sleep 0.5\n\$ cat pear\npear1 +pear2\Z")


def test_terminal_modes_are_the_users(shell, folder):
    """What stty sets stays; the editor's own modes do not reach programs"""
    with session(shell, folder) as terminal:
        terminal.send("stty -a | grep -c -- ' icanon'; stty -a | grep -c -- ' echo '\r")
        terminal.see(r"^1\n1\n\$\Z")
        run(terminal, "stty -ixon; stty -a | grep -o -- '.ixon'", "^-ixon$")
        run(terminal, "stty -a | grep -o -- '.ixon'", "(?s)-ixon.*^-ixon$")
        equal(2004 in terminal.screen.modes, True, "pastes are bracketed")
        terminal.send("sleep 0.3\r")
        terminal.until(lambda screen: 2004 not in screen.modes, "pastes are not bracketed for programs")


def test_trap_while_typing(shell, folder):
    """The action of a trapped signal runs above the line, and what was typed stays"""
    with session(shell, folder) as terminal:
        run(terminal, "trap 'echo trapped' USR1", "trap")
        terminal.type("echo typed", "typed\\Z")
        os.kill(terminal.pid, signal.SIGUSR1)
        terminal.see(r"^trapped\n\$ echo typed\Z")
        terminal.send("\r")
        terminal.see(r"^typed\n\$\Z")


def test_stopped_and_continued(shell, folder):
    """A shell that was stopped, and whose terminal another program used meanwhile, goes on"""
    import termios
    with session(shell, folder) as terminal:
        terminal.type("echo typed", "typed\\Z")
        os.kill(terminal.pid, signal.SIGSTOP)
        time.sleep(0.1)
        modes = termios.tcgetattr(terminal.fd)
        modes[3] |= termios.ICANON | termios.ECHO | termios.ISIG
        termios.tcsetattr(terminal.fd, termios.TCSANOW, modes)
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.settle(0.2)
        terminal.type("\x1b[D\x1b[Dx", r"\$ echo typxed\Z")
        terminal.send("\r")
        terminal.see(r"^typxed\n\$\Z")


if __name__ == "__main__":
    main(globals())
