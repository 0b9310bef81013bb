#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The line editor on a terminal: random keys. VSH_KEYS=N: so many (default 4000), VSH_KEYS_SEED=N: others,
VSH_KEYS_JOBS=N: in so many sessions at a time."""
import concurrent.futures
import os
import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, main  # noqa: E402
from editing import BACK_TAB, DELETE, DOWN, END, ESC, HOME, LEFT, RIGHT, UP, files, session  # noqa: E402
from terminal import wait_until_over  # noqa: E402


KEYS = (
    list("abcxyz ;|&'\"$(){}<>#*-/.~!\\") + ["echo ", "ls ", "日", "本", "é", "e\u0301", "🙂", "if ", "then ", "done"]
    + ["\x01", "\x02", "x" + LEFT + "\x04", "\x05", "\x06", "\x0b", "\x0e", "\x10", "\x12", "\x14", "\x15", "\x17", "\x19", "\x1f", "\x16\x03"]
    + [UP, DOWN, LEFT, RIGHT, HOME, END, DELETE, BACK_TAB, "\t", "\x7f", "\x0c", "\x07"]
    + [ESC + key for key in "bfduly./<>t "] + [ESC + "\x7f", ESC + "\r", ESC + "[1;5C", ESC + "[1;5D", ESC + "[5~", ESC + "[6~"]
    + ["\x1a", "\x1c", ESC + "[3;2~", ESC + "p", ESC + "h", ESC + "u", "\x18\x15", b"\xff", b"\xe6\x97"]
    + [ESC + "[200~pasted 日\ntext" + ESC + "[201~", ESC + "[99~", ESC + "OP", "\x03"]
)
VI_KEYS = KEYS + list("0123456789hjklwbeWBE^$xXpPdcyrRsSiIaAfFtT;,~.uUCDYnN%|") + [ESC] * 12


def state(terminal):
    """The rows from the prompt to the end, with styles, and the cursor."""
    screen = terminal.screen
    last = max([number for number, line in enumerate(screen.lines) if any(cell[0] != " " for cell in line)] + [screen.row])
    return [list(line) for line in screen.lines[:last + 1]], (screen.row, screen.column)


def shown(picture):
    """A state as text."""
    rows = ["".join(cell[0] for cell in line).rstrip() for line in picture[0]]
    return f"{rows!r} {picture[1]} {[cell for line in picture[0] for cell in line if cell[1]][:40]!r}"


def repaint(terminal):
    """The line painted anew, at the top of the screen."""
    for _ in range(2):
        terminal.press("\x0c", 0.03)


SIGNALS = [signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGWINCH, signal.SIGCONT,
           signal.SIGUSR1, signal.SIGCHLD]
LINES = ["echo one two 日本", "true &", "(exit 3)", "printf 'no newline'", "echo 'two\nlines'"]


def random_keys(shell, folder, mode, seed, count, columns):
    """Types keys at random; now and then compares the screen with what ^L paints."""
    chooser = random.Random(seed)
    with session(shell, folder, columns=columns, rows=40, env={"VISUAL": "true"}) as terminal:
        files(folder, *[f"file{number}" for number in range(7)])
        terminal.send(f"set -o {mode} -o ignoreeof -b; trap 'echo trapped; true &' USR1\r")
        terminal.settle()
        keys = VI_KEYS if mode == "vi" else KEYS
        while count > 0:
            # A fresh line often enough that the keys do something.
            terminal.press("\x03", 0.03)
            if chooser.random() < 0.2:
                terminal.send(chooser.choice(LINES) + "\r")
                terminal.settle(0.05)
            typed = [chooser.choice(keys) for _ in range(chooser.choice((3, 10, 30, 100, 300)))]
            count -= len(typed)
            if chooser.random() < 0.2:
                terminal.set_size(chooser.choice((columns, chooser.randint(2, 200))), chooser.randint(10, 40))
            pause = chooser.choice((0, 1, 1, 5, 30))
            for place, key in enumerate(typed):
                if chooser.random() < 0.005:
                    os.kill(terminal.pid, chooser.choice(SIGNALS))
                terminal.send(key)
                # Typed ahead, one by one, or in heaps.
                if pause and place % pause == 0:
                    terminal.update()
            terminal.settle(0.045)
            terminal.set_size(columns, 40)
            terminal.settle(0.045)
            equal(terminal.screen.unknown, [], "sequences")
            # What tells of their end comes above the line.
            wait_until_over(terminal)
            terminal.settle(0.045)
            # Ends menu and search as well: the picture compared is that of the line.
            repaint(terminal)
            key = chooser.choice([LEFT, RIGHT, "z", "\x7f", "日", "\x17", UP, DOWN, "\x1f"])
            typed.append(key)
            terminal.press(key)
            changed = state(terminal)
            repaint(terminal)
            if changed != state(terminal):
                raise AssertionError(f"{mode}, seed {seed}: after {typed!r}:\n{shown(changed)}\n{shown(state(terminal))}")
        # A paste whose end was lost in a signal ends by itself after two seconds.
        terminal.press("\x03")
        if not terminal.screen.text().endswith("^C\n$"):
            time.sleep(2.2)
        terminal.send("\x03")
        terminal.see(r"\^C\n\$\Z")
        terminal.send("iecho alive\r" if mode == "vi" and terminal.screen.shape == "2" else "echo alive\r")
        terminal.see(r"^alive\n\$\Z")


def sessions(shell, folder, mode):
    """Half of the keys, in sessions of at most 5000 at several widths; VSH_KEYS_JOBS sessions at a time."""
    left = int(os.environ.get("VSH_KEYS", "4000")) // 2
    seed = int(os.environ.get("VSH_KEYS_SEED", "0"))
    each = min(left // 2, 5000)
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("VSH_KEYS_JOBS", "1"))) as pool:
        running = []
        while left >= each > 0:
            columns = (80, 23, 7, 132, 41)[seed % 5]
            running.append(pool.submit(random_keys, shell, os.path.join(folder, str(seed)), mode, seed, each, columns))
            seed, left = seed + 1, left - each
        failures = [error for error in (session.exception() for session in running) if error]
    if failures:
        raise AssertionError(f"{len(failures)} of {len(running)} sessions:\n" + "\n".join(map(str, failures)))


def test_random_keys_emacs(shell, folder):
    """Random keys in emacs mode: no crash, and the screen is what a full repaint makes it"""
    sessions(shell, folder, "emacs")


def test_random_keys_vi(shell, folder):
    """Random keys in vi mode: no crash, and the screen is what a full repaint makes it"""
    sessions(shell, folder, "vi")


if __name__ == "__main__":
    main(globals())
