# SPDX-License-Identifier: MPL-2.0
"""What the tests of the line editor share: keys, colours, a shell at its first prompt, and usual steps."""
import os
from pathlib import Path

from screen import ScreenSession

ESC = "\x1b"
UP, DOWN, RIGHT, LEFT = ESC + "[A", ESC + "[B", ESC + "[C", ESC + "[D"
HOME, END, DELETE, BACK_TAB = ESC + "[H", ESC + "[F", ESC + "[3~", ESC + "[Z"
RED, GREEN, YELLOW, CYAN, GREY = 31, 32, 33, 36, 90


def session(shell, folder, columns=80, rows=24, work=None, **options):
    """A shell at its first prompt."""
    directory = os.path.join(folder, "work")
    os.makedirs(directory, exist_ok=True)
    terminal = ScreenSession([shell], cwd=work or directory, home=folder, columns=columns, rows=rows, **options)
    terminal.see(r"^\$ *\Z")
    return terminal


def run(terminal, line, pattern):
    """Types a line, runs it and waits for the screen to match and for a new prompt."""
    terminal.send(line + "\r")
    terminal.see(r"(?s)" + pattern + r".*^\$\Z")


def vi_escape(terminal):
    """Escape, and long enough nothing that it is not Alt."""
    # Counted from when the shell has it, which on a busy machine is later.
    terminal.press(ESC, 0.08)


def give_up(terminal):
    """^C, and a new prompt."""
    terminal.send("\x03")
    terminal.see(r"\^C\n\$\Z")


def files(folder, *names):
    """Empty files in the working directory."""
    for name in names:
        Path(folder, "work", name).write_text("")
