#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The line editor on a terminal: lines of the history and suggestions."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, main  # noqa: E402
from editing import DOWN, ESC, GREY, RIGHT, UP, run, session  # noqa: E402


def test_history(shell, folder):
    """Up and Down go through the lines that begin with what was typed"""
    with session(shell, folder) as terminal:
        for word in ("one", "two"):
            run(terminal, f"echo {word}", f"^{word}$")
        run(terminal, "true", "true")
        terminal.type("ec" + UP, r"^\$ echo two\Z")
        terminal.type(UP, r"^\$ echo one\Z")
        terminal.type(DOWN, r"^\$ echo two\Z")
        terminal.type(DOWN, r"^\$ ec\Z")
        terminal.type("\x15" + UP, r"^\$ true\Z")


def test_last_argument(shell, folder):
    """Alt-. inserts the last word of the lines before, one after the other"""
    with session(shell, folder) as terminal:
        run(terminal, "echo first", "^first$")
        run(terminal, "echo 'second one'", "^second one$")
        terminal.type(": " + ESC + ".", r"^\$ : 'second one'\Z")
        terminal.type(ESC + ".", r"^\$ : first\Z")


def test_search(shell, folder):
    """^R lists, narrows, cycles its filter; Enter inserts, another runs; Escape restores"""
    with session(shell, folder) as terminal:
        run(terminal, "echo apple", "^apple$")
        run(terminal, "echo banana", "^banana$")
        terminal.type("\x12", r"history \(this session\)")
        terminal.see(r"^.*echo apple$")
        terminal.type("app", r"history \(this session\): app\n.*echo apple\Z")
        terminal.type("\x12", r"history \(this directory\): app")
        terminal.type("\x12", r"history \(all\): app")
        terminal.type("\r", r"^\$ echo apple\Z")
        terminal.send("\r")
        terminal.see(r"echo apple\napple\n\$\Z")
        terminal.type("typed\x12", "history")
        terminal.send(ESC)
        terminal.see(r"^\$ typed\Z")


def test_suggestion(shell, folder):
    """The line that was typed before is proposed in grey; the right arrow takes it, Alt-F a word of it"""
    with session(shell, folder) as terminal:
        run(terminal, "echo hello world", "^hello world$")
        terminal.type("ech", r"^\$ echo hello world\Z")
        equal(GREY in terminal.screen.style_of("o hello world"), True, "grey")
        equal(terminal.screen.column, 5)
        terminal.type(ESC + "f")
        equal(terminal.screen.column, 6)
        terminal.type(RIGHT)
        equal(terminal.screen.column, 18)
        terminal.type("\x15ech\r", r"not found|ech:")


def test_destructive_lines_are_not_suggested(shell, folder):
    """rm, and > over a file, are not proposed before their name is typed"""
    with session(shell, folder) as terminal:
        Path(folder, "work", "f").write_text("")
        run(terminal, "rm -f nothing", "nothing")
        run(terminal, "echo x > f", "> f")
        terminal.type("r")
        terminal.see(r"^\$ r\Z")
        terminal.type("m ", r"^\$ rm -f nothing\Z")
        terminal.type("\x15ech")
        terminal.see(r"^\$ ech\Z")


if __name__ == "__main__":
    main(globals())
