#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The line editor on a terminal: the menu of completions."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, main  # noqa: E402
from editing import BACK_TAB, ESC, RIGHT, files, give_up, session  # noqa: E402


def test_completion_of_one(shell, folder):
    """Tab completes what there is no choice about"""
    with session(shell, folder) as terminal:
        files(folder, "unique-name")
        terminal.type("cat uni\t", r"^\$ cat unique-name\Z")
        equal(terminal.screen.column, 18, "a space follows")


def test_menu(shell, folder):
    """Tab shows the choices, Tab and arrows choose, Enter takes, Escape restores"""
    with session(shell, folder) as terminal:
        files(folder, "pear1", "pear2", "pear3")
        terminal.type("cat pe\t", r"^\$ cat pear\npear1 +pear2 +pear3\Z")
        terminal.type("\t", r"^\$ cat pear1\n")
        equal(7 in terminal.screen.lines[terminal.screen.row + 1][0][1], True, "the choice is marked")
        terminal.type("\t", r"^\$ cat pear2\n")
        terminal.type(BACK_TAB, r"^\$ cat pear1\n")
        terminal.type(RIGHT + RIGHT, r"^\$ cat pear3\n")
        terminal.send(ESC)
        terminal.see(r"^\$ cat pear\Z")
        terminal.type("\t\t\r", r"^\$ cat pear1\Z")
        equal(terminal.screen.column, 12, "a space follows")


def test_menu_is_filtered_by_typing(shell, folder):
    """What is typed narrows the choices"""
    with session(shell, folder) as terminal:
        files(folder, "fig-a1", "fig-a2", "fig-b1")
        terminal.type("cat fi\t", "fig-b1\\Z")
        terminal.type("a", r"^\$ cat fig-a\nfig-a1 +fig-a2\Z")
        terminal.type("\x7f", "fig-b1\\Z")


def test_menu_too_tall(shell, folder):
    """A menu never takes more than the screen has, and says how many more there are"""
    with session(shell, folder, columns=40, rows=8) as terminal:
        files(folder, *[f"name-number-{number:03}" for number in range(60)])
        terminal.type("cat na\t", r"…\d+ more\Z")
        equal(terminal.screen.text().startswith("$ cat name-number-0"), True, terminal.screen.text())
        for _ in range(35):
            terminal.send("\t")
        terminal.see(r"\$ cat name-number-034")
        equal(7 in terminal.screen.style_of("name-number-034"), True, "the choice is in sight")
        give_up(terminal)


if __name__ == "__main__":
    main(globals())
