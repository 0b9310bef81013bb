#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Undo at the prompt: one command line is one operation; a session walks its own."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, main  # noqa: E402
from terminal import session as open_session  # noqa: E402


def session(shell, folder):
    """A shell at its first prompt, with wide lines."""
    return open_session(shell, folder, columns=200)


def test_line_is_one_operation(shell, folder):
    """A line of several commands is undone as one, and redone"""
    with session(shell, folder) as terminal:
        terminal.command("mkdir a && echo text > a/f; echo more > g")
        equal(terminal.command("ls -1"), ["a", "g"])
        terminal.command("undo")
        equal(terminal.command("ls -1"), [])
        terminal.command("redo")
        equal(terminal.command("cat a/f g"), ["text", "more"])


def test_two_steps_back(shell, folder):
    """undo and undo walk back, one line each"""
    with session(shell, folder) as terminal:
        terminal.command("echo 1 > f")
        terminal.command("echo 2 > f")
        terminal.command("rm f")
        terminal.command("undo")
        equal(terminal.command("cat f"), ["2"])
        terminal.command("undo")
        equal(terminal.command("cat f"), ["1"])
        terminal.command("undo")
        equal(terminal.command("ls -1"), [])


def test_reading_commands_are_no_operations(shell, folder):
    """Lines that change no file do not stand between"""
    with session(shell, folder) as terminal:
        terminal.command("echo 1 > f")
        terminal.command("ls; cat f; echo x")
        terminal.command("undo")
        equal(terminal.command("ls -1"), [])


def test_transaction(shell, folder):
    """begin … commit is one entry; rollback restores the state at begin"""
    with session(shell, folder) as terminal:
        terminal.command("echo 0 > f")
        terminal.command("begin work")
        terminal.command("echo 1 > f")
        terminal.command("mkdir d")
        terminal.command("commit")
        terminal.command("undo")
        equal(terminal.command("cat f; ls -1"), ["0", "f"])
        terminal.command("begin")
        terminal.command("rm f")
        terminal.command("rollback")
        equal(terminal.command("cat f"), ["0"])


if __name__ == "__main__":
    main(globals())
