#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The line editor on a terminal: what is on the screen, at which sizes, on which terminals."""
import random
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, main  # noqa: E402
from editing import HOME, LEFT, run, session  # noqa: E402


def test_wide_and_combining(shell, folder):
    """Wide, combining and joined characters move and go as wholes"""
    with session(shell, folder) as terminal:
        terminal.type("echo 日本e\u0301x", "x\\Z")
        equal(terminal.screen.column, 13)
        terminal.type(LEFT + LEFT)
        equal(terminal.screen.column, 11)
        terminal.type("Q", r"日本Qe\u0301x\Z")
        terminal.type("\x7f" + LEFT + "\x7f")
        terminal.see(r"echo 本e\u0301x\Z")
        terminal.send("\r")
        terminal.see("^本e\u0301x\n")


def test_invalid_bytes(shell, folder):
    """Bytes that are no UTF-8 are shown as such and kept"""
    with session(shell, folder) as terminal:
        terminal.type(b"printf %s '\xff\xe6' | od -An -tx1", r"\\xff\\xe6' \|")
        terminal.send("\r")
        terminal.see(r"^ ff e6$")


def test_control_characters_are_visible(shell, folder):
    """^V inserts a control character, which is shown as two"""
    with session(shell, folder) as terminal:
        terminal.type("printf '\x16\x07' | od -An -tx1", r"\^G' \|")
        terminal.send("\r")
        terminal.see(r"^ 07$")


def test_long_line(shell, folder):
    """A line goes on in the next row, and the cursor with it"""
    with session(shell, folder, columns=20) as terminal:
        terminal.type("echo " + "0123456789" * 3)
        terminal.see(r"^\$ echo 0123456789012\n34567890123456789\Z")
        terminal.type(HOME)
        equal((terminal.screen.row, terminal.screen.column), (0, 2))
        terminal.type("x", r"^\$ xecho 012345678901\n234567890123456789\Z")
        # To the last column exactly.
        terminal.type("\x0b" + "y" * 17)
        terminal.see(r"^\$ xy{17}\Z")
        equal((terminal.screen.row, terminal.screen.column), (1, 0))


def test_taller_than_the_screen(shell, folder):
    """A line taller than the screen is seen around the cursor, and whole in the terminal's history when it ran"""
    with session(shell, folder, columns=20, rows=5) as terminal:
        words = " ".join(f"w{number:03}" for number in range(60))
        terminal.type(": " + words)
        terminal.see(r"059\Z")
        terminal.type("\x01", r"(?s)\A\$ : w000.*")
        equal((terminal.screen.row, terminal.screen.column), (0, 2))
        terminal.type("\x05", r"059\Z")
        terminal.send("\r")
        terminal.see(r"^\$\Z")
        everything = "\n".join("".join(cell[0] for cell in line) for line in terminal.screen.history) + terminal.screen.text()
        for number in range(60):
            equal(f"w{number:03}" in everything.replace("\n", ""), True, f"w{number:03}")


def test_theme(shell, folder):
    """VSH_COLORS changes the colours"""
    with session(shell, folder) as terminal:
        run(terminal, "VSH_COLORS='builtin=1;34:string=35'", "VSH")
        terminal.type("echo 'x'", r"'x'\Z")
        equal(terminal.screen.style_of("echo")[-2:], (1, 34))
        equal(terminal.screen.style_of("'x'")[-1:], (35,))


def test_right_prompt(shell, folder):
    """VSH_RPROMPT stands at the right edge while there is room, and not in what is left behind"""
    with session(shell, folder, columns=40) as terminal:
        terminal.send("VSH_RPROMPT='[right]'\r")
        terminal.see(r"^\$ +\[right\]\Z")
        terminal.type("echo hi", r"^\$ echo hi +\[right\]\Z")
        equal(terminal.screen.column, 9)
        terminal.type("x" * 25, r"^\$ echo hix{25}\Z")
        terminal.type("\x15echo hi\r")
        terminal.see(r"^\$ echo hi\nhi\n")


def test_right_prompt_gives_way(shell, folder):
    """The suggestion and the text never run into the edge"""
    with session(shell, folder, columns=30) as terminal:
        run(terminal, "echo " + "long" * 10, "longlong")
        terminal.type("echo lo")
        terminal.see(r"^\$ echo longlonglong\w*…\Z")
        equal(terminal.screen.row, terminal.screen.text().count("\n"), "the suggestion stays on its row")


def test_sizes(shell, folder):
    """Every width from 2 to 200: the line is painted anew, whole"""
    with session(shell, folder, rows=50) as terminal:
        text = "echo one two 日本 three four five"
        terminal.type(text)
        for columns in list(range(2, 30)) + [39, 40, 41, 79, 80, 81, 120, 200, 2, 200, 33]:
            terminal.set_size(columns, 60)
            squeezed = text.replace(" ", "")
            terminal.until(lambda screen: squeezed in re.sub(r"[\s$]", "", screen.text()), f"the line at {columns} columns")
        terminal.send("\r")
        terminal.see(r"^one two 日本 three four five\n\$\Z")


def test_resize_storm(shell, folder):
    """Many sizes while typing"""
    with session(shell, folder) as terminal:
        chooser = random.Random(5)
        for character in "echo the quick brown fox jumps over the lazy dog" * 2:
            terminal.send(character)
            terminal.set_size(chooser.randint(10, 120), chooser.randint(3, 50))
        terminal.set_size(80, 24)
        terminal.type("\x15echo calm\r", r"^calm\n\$\Z")


def test_output_without_newline(shell, folder):
    """Output that ends without a newline is marked and kept"""
    with session(shell, folder) as terminal:
        run(terminal, "printf abc", r"^abc⏎$")
        run(terminal, "echo def", r"^def$")


def test_no_colour(shell, folder):
    """NO_COLOR: nothing is coloured"""
    with session(shell, folder, env={"NO_COLOR": "1"}) as terminal:
        terminal.type("echo 'a' $x nosuch; nosuch", "nosuch\\Z")
        styles = {number for line in terminal.screen.lines for cell in line for number in cell[1]}
        equal(styles & set(range(30, 50)) | styles & set(range(90, 108)), set())


def test_without_locale(shell, folder):
    """Without LANG characters are characters all the same"""
    with session(shell, folder, env={"LC_ALL": "", "LANG": ""}) as terminal:
        terminal.type("echo é日🙂", "é日🙂\\Z")
        equal(terminal.screen.column, 12)
        terminal.send("\r")
        terminal.see("^é日🙂\n")


def test_dumb_terminal(shell, folder):
    """TERM=dumb: plain lines, no escape sequences"""
    with session(shell, folder, term="dumb") as terminal:
        terminal.send("echo plain\r")
        terminal.see(r"^plain\n\$\Z")
        equal(b"\x1b" in terminal.output, False, "an escape sequence")


def test_marks(shell, folder):
    """The terminal is told of title, directory and command; VSH_NO_OSC: of nothing"""
    with session(shell, folder) as terminal:
        run(terminal, "(exit 3)", "exit")
        told = terminal.screen.commands
        for wanted in ("133;A", "133;C", "133;D;3", "0;~/work", "0;(exit 3)"):
            equal(wanted in told, True, f"{wanted} in {told}")
        equal(any(text.startswith("7;file://") and text.endswith("/work") for text in told), True, "OSC 7")
    with session(shell, folder, env={"VSH_NO_OSC": "1"}) as terminal:
        equal(terminal.screen.commands, [])


def test_modes_of_the_terminal(shell, folder):
    """What stty sets stays for the programs after it; what a program left that read single keys does not"""
    with session(shell, folder) as terminal:
        modes = "stty -a | grep -Eo -- '-?(echo|icanon)( |$)' | tr -d '\\n '; echo"
        run(terminal, modes, "^icanonecho")
        run(terminal, "stty -echo", "stty")
        run(terminal, modes, "^icanon-echo")
        run(terminal, "stty echo; stty -icanon -echo", "stty")
        run(terminal, modes, "^icanonecho")


if __name__ == "__main__":
    main(globals())
